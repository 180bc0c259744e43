//! `[[probe]]`

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use super::expect::expectation;
use super::json::object;
use crate::callback::Kind;
use crate::scenario::expect::Statuses;
use crate::scenario::probe::{PLACEHOLDERS, Probe, When, unknown_placeholder};
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
    let send = object(&mut section, "send", "fields of a JSON body to send along").map(Value::from);
    let mut expectation = expectation(&mut section);
    if section.key_span("status").is_none() {
        expectation.status = Some(Statuses::one(200));
    }
    let eventually = section.duration("eventually").map_or(Duration::ZERO, |limit| limit.value.to_duration());
    if question.as_ref().is_some_and(|(method, _)| *method == Method::HEAD) {
        for key in ["body", "json"] {
            if let Some(span) = section.key_span(key) {
                section.add(Problem::error(span, "the answer to a HEAD has no body").help("ask with `get`"));
            }
        }
    }
    let body = expectation.body.iter().map(|body| ("body", body));
    let places = expectation.json.iter().map(|(_, expected)| ("json", expected));
    for (key, value) in body.chain(places).chain(send.iter().map(|send| ("send", send))) {
        if let Some((unknown, span)) = unknown_in(value).zip(section.key_span(key)) {
            section.add(no_placeholder(Problem::warning, span, unknown).label("it is taken as it is"));
        }
    }
    section.finish();
    let (method, url) = question?;
    let name = name.unwrap_or_else(|| Probe::default_name(&method, &url));
    Some(Probe { name, when: when?, method, url, send, expectation, eventually })
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
        section.add(no_placeholder(Problem::error, url.span.clone(), unknown));
    }
    let problem = match reqwest::Url::parse(url.value) {
        _ if !url.value.starts_with('/') && !url.value.contains("://") => {
            format!("`{key}` is neither a path nor a URL: it begins with no `/` and no scheme")
        }
        _ if ["//", "/\\"].iter().any(|host| url.value.starts_with(host)) => {
            format!("`{key}` begins with two slashes: that would be the name of a host")
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

/// The first unknown placeholder in the strings of a value.
fn unknown_in(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => unknown_placeholder(text),
        Value::Array(items) => items.iter().find_map(unknown_in),
        Value::Object(fields) => fields.values().find_map(unknown_in),
        _ => None,
    }
}

fn no_placeholder(problem: fn(Range<usize>, String) -> Problem, span: Range<usize>, unknown: &str) -> Problem {
    problem(span, format!("there is no placeholder `{unknown}`")).help(format!("a probe knows {}", list(PLACEHOLDERS)))
}
