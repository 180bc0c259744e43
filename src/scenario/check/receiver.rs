//! `[receiver]`

use reqwest::header::{CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};
use toml::de::DeValue;

use super::url;
use crate::scenario::problem::{Problem, did_you_mean};
use crate::scenario::section::{At, Section};
use crate::scenario::{Ordering, Receiver, Retry};
use crate::time::Millis;

/// The most attempts a delivery can have after the first.
const MAX_RETRIES: usize = 1000;
/// The most headers of a scenario.
const MAX_HEADERS: usize = 100;
/// What the name of a header is.
pub(super) const HEADER_NAME: &str = "a name has letters, digits and `-`, such as \"X-Stage\"";
/// The longest time a receiver can be given to answer.
const MAX_TIMEOUT: Millis = Millis::from_secs(3600);

pub(super) fn read(mut section: Section<'_>) -> Receiver {
    let default = Receiver::default();
    let url = url::address(&mut section, "url", 1).map(|url| {
        if url.value.varies() {
            section.add(
                Problem::error(url.span, "`{n}` is the number of a task's copy: there is none here")
                    .help("give each task a `callback_url` with {n}"),
            );
        }
        url.value.as_written().to_owned()
    });
    let receiver = Receiver {
        url,
        timeout: timeout(&mut section).map_or(default.timeout, Millis::to_duration),
        retry: retry(&mut section).unwrap_or(default.retry),
        ordering: section.one_of("ordering", &Ordering::ALL).map_or(default.ordering, |ordering| ordering.value),
        headers: headers(&mut section),
        user_agent: section.string("user_agent").and_then(|agent| header_value(&section, &agent)),
    };
    section.finish();
    receiver
}

fn timeout(section: &mut Section<'_>) -> Option<Millis> {
    let timeout = section.duration("timeout")?;
    if timeout.value == Millis::ZERO || timeout.value > MAX_TIMEOUT {
        section
            .add(Problem::error(timeout.span, "`timeout` is from 1ms to 1h").help("the documented timeout is \"20s\""));
        return None;
    }
    Some(timeout.value)
}

fn retry(section: &mut Section<'_>) -> Option<Retry> {
    let value = section.get("retry")?;
    match value.get_ref() {
        DeValue::String(word) if word == "documented" => Some(Retry::DOCUMENTED),
        DeValue::String(word) if word == "none" => Some(Retry::NONE),
        DeValue::Table(_) => {
            let mut table = section.section_of("retry", "`retry`", value)?;
            let times = table.integer("times", 0..=MAX_RETRIES as i64);
            let pause = table.duration("every");
            for key in ["times", "every"] {
                if table.key_span(key).is_none() {
                    section.add(
                        Problem::error(value.span(), format!("`retry` has no `{key}`"))
                            .help("write { times = 3, every = \"5s\" }"),
                    );
                }
            }
            table.finish();
            Some(Retry::Every { times: times?.value as u32, pause: pause?.value })
        }
        DeValue::Array(_) => {
            let pauses = section.array("retry", MAX_RETRIES)?.value;
            let pauses: Vec<_> = pauses.iter().filter_map(|pause| section.duration_of("retry", pause)).collect();
            Some(Retry::After(pauses.into_iter().map(|pause| pause.value).collect()))
        }
        other => {
            let problem = Problem::error(value.span(), "`retry` cannot be this").help(
                "it is \"documented\", \"none\", { times = 3, every = \"5s\" } or a list of pauses [\"1s\", \"5s\"]",
            );
            let meant = other.as_str().and_then(|word| did_you_mean(word, ["documented", "none"]));
            section.add(match meant {
                Some(known) => problem.label(format!("did you mean `{known}`?")),
                None => problem,
            });
            None
        }
    }
}

fn headers(section: &mut Section<'_>) -> Vec<(String, String)> {
    let Some(table) = section.get("headers") else { return Vec::new() };
    let Some(fields) = table.get_ref().as_table() else {
        section.add(Problem::error(table.span(), "`headers` must be a table").help("write { \"X-Stage\" = \"test\" }"));
        return Vec::new();
    };
    if fields.len() > MAX_HEADERS {
        section.add(Problem::error(table.span(), format!("more than {MAX_HEADERS} headers")));
    }
    let mut headers = Vec::new();
    for (name, value) in fields {
        header_name(section, &At { value: name.get_ref(), span: name.span() });
        match value.get_ref().as_str() {
            Some(text) => {
                let text = header_value(section, &At { value: text, span: value.span() });
                headers.extend(text.map(|text| (name.get_ref().to_string(), text)));
            }
            None => section.wrong_type("the value of a header", value, "a string"),
        }
    }
    headers
}

/// The transport refuses the same names and values; here they have a place.
fn header_name(section: &Section<'_>, name: &At<&str>) {
    let problem = match HeaderName::from_bytes(name.value.as_bytes()) {
        Ok(header) if [CONTENT_LENGTH, TRANSFER_ENCODING].contains(&header) => {
            Problem::error(name.span.clone(), format!("header `{}` follows from the body", name.value))
                .help("take it out: a false one breaks the connection")
        }
        Ok(_) => return,
        Err(_) => Problem::error(name.span.clone(), format!("`{}` cannot be the name of a header", name.value))
            .help(HEADER_NAME),
    };
    section.add(problem);
}

fn header_value(section: &Section<'_>, text: &At<&str>) -> Option<String> {
    if HeaderValue::from_str(text.value).is_err() || !text.value.is_ascii() {
        section.add(
            Problem::error(text.span.clone(), "this cannot stand in an HTTP header")
                .help("use visible ASCII characters, spaces and tabs only"),
        );
        return None;
    }
    Some(text.value.to_owned())
}
