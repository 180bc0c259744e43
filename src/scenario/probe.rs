//! `[[probe]]`: a question to the receiver about what it made of the callbacks.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::Duration;

use reqwest::{Method, Url};
use serde_json::Value;

use crate::callback::Kind;
use crate::scenario::expect::Expectation;
use crate::text::{escaped, without_passwords};
use crate::time::Millis;

/// One question and the answer it should get.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// `name`, or method and address.
    pub name: String,
    /// When it is asked.
    pub when: When,
    /// GET unless another is named.
    pub method: Method,
    /// A URL, or a path at the callbacks' own address; with placeholders.
    pub url: String,
    /// A JSON body to send along, with placeholders in its strings.
    pub send: Option<Value>,
    /// What is expected of the answer; with placeholders in the strings of its body.
    pub expectation: Expectation,
    /// How long, in real time, it may take until the answer is as expected: it is asked again till then.
    pub eventually: Duration,
}

/// When a probe is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// After every callback of this kind has been delivered.
    After(Kind),
    /// After the last callback of a task: its final exit.
    TaskOver,
    /// At a scenario time.
    At(Millis),
    /// When everything has been delivered.
    End,
}

/// The placeholders of a probe.
pub const PLACEHOLDERS: [&str; 4] = ["{task_id}", "{stream_id}", "{task}", "{n}"];

/// The task that a probe asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// `{task}`: its number, from 1.
    pub task: u64,
    /// `{n}`: the number of the copy, from 1.
    pub copy: u64,
    /// `{task_id}`
    pub task_id: String,
    /// `{stream_id}`
    pub stream_id: String,
}

impl About {
    /// `text` with its placeholders filled.
    pub fn fill<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.fill_with(text, |id| id.into())
    }

    /// A URL with its placeholders filled; what an id holds does not end the part that it stands in.
    pub fn fill_url<'a>(&self, url: &'a str) -> Cow<'a, str> {
        self.fill_with(url, |id| encoded(id).into())
    }

    fn fill_with<'a, 's>(&'s self, text: &'a str, write: impl Fn(&'s str) -> Cow<'s, str>) -> Cow<'a, str> {
        if !has_placeholder(text) {
            return Cow::Borrowed(text);
        }
        let filled = text.replace("{task}", &self.task.to_string()).replace("{n}", &self.copy.to_string());
        filled.replace("{task_id}", &write(&self.task_id)).replace("{stream_id}", &write(&self.stream_id)).into()
    }

    fn fill_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.fill(text).into_owned(),
            Value::Array(items) => items.iter_mut().for_each(|item| self.fill_value(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.fill_value(field)),
            _ => {}
        }
    }

    /// The probe about this task.
    #[must_use]
    pub fn filled(&self, probe: &Probe) -> Probe {
        let mut probe = probe.clone();
        probe.url = self.fill_url(&probe.url).into_owned();
        let values = probe.send.iter_mut().chain(&mut probe.expectation.body);
        values
            .chain(probe.expectation.json.iter_mut().map(|(_, value)| value))
            .for_each(|value| self.fill_value(value));
        probe
    }
}

impl Probe {
    /// What is asked, in short: `GET /tasks/118148`, with the name before it if it has one of its own.
    pub fn title(&self, about: Option<&About>) -> String {
        let url = about.map_or(Cow::Borrowed(&*self.url), |about| about.fill_url(&self.url));
        let asked = format!("{} {}", self.method, escaped(&without_passwords(&url)));
        if self.name == Self::default_name(&self.method, &self.url) {
            asked
        } else {
            format!("{} ({asked})", escaped(&self.name))
        }
    }

    /// The name of a probe that was given none.
    pub fn default_name(method: &Method, url: &str) -> String {
        format!("{method} {url}")
    }

    /// Whether it asks about one task.
    pub fn is_about_a_task(&self) -> bool {
        let value = |value: &Value| has_placeholder(&value.to_string());
        has_placeholder(&self.url)
            || self.send.iter().chain(&self.expectation.body).any(value)
            || self.expectation.json.iter().any(|(_, expected)| value(expected))
    }
}

/// Where `url` is: a path alone is one at the address that callbacks go to, `base`.
pub fn address(url: &str, base: &str) -> String {
    match Url::parse(base) {
        Ok(base) if url.starts_with('/') => base.join(url).map_or_else(|_| url.to_owned(), Into::into),
        _ => url.to_owned(),
    }
}

/// Whether `url` is on another host, or at another port, than callbacks that go to `base`: what is for their receiver only is not
/// sent there.
pub fn is_elsewhere(url: &str, base: &str) -> bool {
    let origin = |url| Url::parse(url).map(|url| url.origin()).ok();
    origin(url) != origin(base)
}

/// Percent-encoded, but for what every part of a URL may hold.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn has_placeholder(text: &str) -> bool {
    PLACEHOLDERS.iter().any(|placeholder| text.contains(placeholder))
}

/// The first thing in braces that is no placeholder: `{taskid}`.
pub fn unknown_placeholder(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let length = rest[open..].find('}')? + 1;
        let word = &rest[open..open + length];
        let is_name = word[1..length - 1].chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if is_name && !PLACEHOLDERS.contains(&word) {
            return Some(word);
        }
        rest = &rest[open + length..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn placeholders_are_filled_wherever_they_are() {
        let about = About { task: 7, copy: 3, task_id: "118148".to_owned(), stream_id: "show".to_owned() };
        assert_eq!(about.fill("/{task}/{n}/{task_id}/{stream_id}"), "/7/3/118148/show");
        let mut value = json!({ "id": "{task_id}", "list": ["{n}", 1] });
        about.fill_value(&mut value);
        assert_eq!(value, json!({ "id": "118148", "list": ["3", 1] }));
        let odd = About { stream_id: "a/b?c#ü d".to_owned(), ..about };
        assert_eq!(odd.fill_url("/{stream_id}?n={n}"), "/a%2Fb%3Fc%23%C3%BC%20d?n=3");
    }

    #[test]
    fn unknown_ones_are_found() {
        assert_eq!(unknown_placeholder("/tasks/{taskid}?q={n}"), Some("{taskid}"));
        assert_eq!(unknown_placeholder("/tasks/{task_id}/{n"), None);
        assert_eq!(unknown_placeholder("/{\"a\": 1}/{}"), Some("{}"));
    }
}
