//! `[[probe]]`

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;

use super::expect::expectation;
use super::json::object;
use crate::callback::Kind;
use crate::expect::Statuses;
use crate::probe::{PLACEHOLDERS, Probe, When, unknown_placeholder};
use crate::scenario::problem::Problem;
use crate::scenario::section::{At, Section, list, unknown_word};

/// The most probes of a scenario.
const MAX_PROBES: usize = 1000;

/// The methods, by the keys that name the address.
const METHODS: [(&str, Method); 5] = [
    ("get", Method::GET),
    ("head", Method::HEAD),
    ("post", Method::POST),
    ("put", Method::PUT),
    ("delete", Method::DELETE),
];

pub(super) fn read_all(root: &mut Section<'_>) -> Vec<Arc<Probe>> {
    root.sections("probe", "[[probe]]", MAX_PROBES).into_iter().filter_map(read).map(Arc::new).collect()
}

fn read(mut section: Section<'_>) -> Option<Probe> {
    let when = when(&mut section);
    let question = question(&mut section);
    let name = section.text("name");
    let send = object(&mut section, "send", "fields of a JSON body to send along");
    let mut expectation = expectation(&mut section);
    if section.key_span("status").is_none() {
        expectation.status = Some(Statuses::one(200));
    }
    let eventually = section.duration("eventually").map_or(Duration::ZERO, |limit| limit.value.to_duration());
    section.finish();
    let (method, url) = question?;
    let name = name.unwrap_or_else(|| format!("{method} {url}"));
    Some(Probe { name, when: when?, method, url, send: send.map(Into::into), expectation, eventually })
}

fn when(section: &mut Section<'_>) -> Option<When> {
    let at = section.duration("at");
    let after = section.string("after");
    match (at, after) {
        (Some(at), None) => Some(When::At(at.value)),
        (None, Some(after)) => self::after(section, &after),
        (Some(_), Some(after)) => {
            section.add(Problem::error(after.span, "a probe has one time").help("keep one of `at` and `after`"));
            None
        }
        (None, None) => {
            if ["at", "after"].iter().all(|key| section.key_span(key).is_none()) {
                section.add(
                    Problem::error(section.span.clone(), "this probe does not say when it is asked").help(
                        "write after = \"TaskExit\" (each task's last callback), after = \"end\", or at = \"5s\"",
                    ),
                );
            }
            None
        }
    }
}

fn after(section: &Section<'_>, after: &At<&str>) -> Option<When> {
    match (after.value, Kind::by_name(after.value)) {
        ("end", _) => Some(When::End),
        (_, Some(Kind::TaskExit)) => Some(When::TaskOver),
        (_, Some(kind)) => Some(When::After(kind)),
        _ => {
            let words: Vec<_> = [("end", ())].into_iter().chain(Kind::ALL.map(|kind| (kind.name(), ()))).collect();
            section.add(unknown_word("after", after, &words));
            None
        }
    }
}

fn question(section: &mut Section<'_>) -> Option<(Method, String)> {
    let mut asked = Vec::new();
    for (key, method) in METHODS {
        asked.extend(section.string(key).map(|url| (key, method, url)));
    }
    let mut asked = asked.into_iter();
    let Some((key, method, url)) = asked.next() else {
        if METHODS.iter().all(|(key, _)| section.key_span(key).is_none()) {
            section.add(
                Problem::error(section.span.clone(), "this probe asks nothing")
                    .help("write get = \"/tasks/{task_id}\", or a whole URL"),
            );
        }
        return None;
    };
    if let Some((_, _, second)) = asked.next() {
        section.add(Problem::error(second.span, "a probe asks one question").help("make a [[probe]] for each"));
    }
    if let Some(unknown) = unknown_placeholder(url.value) {
        section.add(
            Problem::error(url.span.clone(), format!("there is no placeholder `{unknown}`"))
                .help(format!("a probe knows {}", list(PLACEHOLDERS))),
        );
    }
    let problem = match reqwest::Url::parse(url.value) {
        _ if !url.value.starts_with('/') && !url.value.contains("://") => {
            format!("`{key}` is neither a path nor a URL: it begins with no `/` and no scheme")
        }
        _ if url.value.starts_with('/') => return Some((method, url.value.to_owned())),
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") && parsed.has_host() => {
            return Some((method, url.value.to_owned()));
        }
        Ok(parsed) => format!("`{key}` cannot begin with `{}://`", parsed.scheme()),
        Err(error) => format!("`{key}` is not a URL: {error}"),
    };
    section.add(
        Problem::error(url.span, problem)
            .help("write a path at the callbacks' address, \"/tasks/{task_id}\", or an http:// or https:// URL"),
    );
    None
}
