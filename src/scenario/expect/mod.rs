//! What is expected of the receiver: pure data, and the question whether an answer meets it.

mod answer;
mod statuses;
pub mod subset;

pub use answer::Answer;
pub use statuses::{StatusClass, Statuses};

use std::time::Duration;

use serde_json::Value;

use crate::text::{gist, names_a_secret, one_line, without_passwords_of_urls};

/// What is expected of one answer. Nothing by default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Expectation {
    /// The statuses it may have.
    pub status: Option<Statuses>,
    /// How long it may take, in real time.
    pub within: Option<Duration>,
    /// What its JSON holds at least.
    pub body: Option<Value>,
    /// What its JSON holds in single places: JSON pointers (RFC 6901), and what is there at least.
    pub json: Vec<(String, Value)>,
    /// Headers it has, by name, with their exact values.
    pub headers: Vec<(String, String)>,
}

impl Expectation {
    /// Whether nothing is expected.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is wrong with an answer that took so long, a line for each; none if it is as expected.
    pub fn complaints(&self, answer: &Answer, took: Duration) -> Vec<String> {
        let status = self.status.as_ref().filter(|statuses| !statuses.contain(answer.status));
        let status = status.map(|statuses| format!("expected status {statuses}, got {}", answer.status));
        let within = self.within.filter(|within| took > *within).map(|within| {
            let (within, took) = (humantime::format_duration(within), took.as_millis());
            format!("expected an answer within {within}, it took {took}ms")
        });
        let body = self.body.as_ref().map(|expected| self::body(expected, answer)).unwrap_or_default();
        let places = if self.json.is_empty() { Vec::new() } else { self.places(answer) };
        let headers = self.headers.iter().filter_map(|(name, value)| header(name, value, answer));
        let lines = status.into_iter().chain(within).chain(body).chain(places).chain(headers);
        lines.map(|line| one_line(&line, MOST)).collect()
    }

    /// Whether anything is expected of the body.
    pub fn reads_body(&self) -> bool {
        self.body.is_some() || !self.json.is_empty()
    }

    fn places(&self, answer: &Answer) -> Vec<String> {
        let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else { return vec![no_json("JSON", answer)] };
        let wrong = |(pointer, expected): &(String, Value)| match body.pointer(pointer) {
            None => Some(format!("{pointer}: expected {}, there is none", subset::short(expected))),
            Some(actual) if !subset::differences(expected, actual).is_empty() => {
                Some(format!("{pointer}: expected {}, got {}", subset::short(expected), subset::short(actual)))
            }
            Some(_) => None,
        };
        self.json.iter().filter_map(wrong).collect()
    }
}

/// The longest line of a complaint, in characters: names in an answer may be long.
const MOST: usize = 600;

fn body(expected: &Value, answer: &Answer) -> Vec<String> {
    match serde_json::from_slice(&answer.body) {
        Ok(body) => subset::differences(expected, &body).into_iter().map(|line| format!("body: {line}")).collect(),
        Err(_) => vec![no_json(&subset::short(expected), answer)],
    }
}

fn no_json(expected: &str, answer: &Answer) -> String {
    let bytes = &answer.body;
    if answer.is_cut {
        return format!("body: expected {expected}, got more than {} bytes, the most that is compared", bytes.len());
    }
    if bytes.is_empty() {
        return format!("body: expected {expected}, got nothing");
    }
    format!("body: expected {expected}, got no JSON: {}", gist(bytes).unwrap_or_default())
}

fn header(name: &str, expected: &str, answer: &Answer) -> Option<String> {
    // What is expected there is as secret as what comes.
    let shown = |value: &str| {
        if names_a_secret(name) { "***".to_owned() } else { format!("{:?}", without_passwords_of_urls(value)) }
    };
    let mut values = answer.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let first = values.next();
    match first {
        None => Some(format!("header {name}: expected {}, there is none", shown(expected))),
        Some(first) if first != expected && values.all(|value| value != expected) => {
            Some(format!("header {name}: expected {}, got {}", shown(expected), shown(&first)))
        }
        Some(_) => None,
    }
}

/// `[expect]`: what a scenario expects of its receiver.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Expectations {
    /// Of every answer to an intact callback.
    pub intact: Expectation,
    /// Of every answer to a damaged or wrongly signed one; `None`: what suits the damage.
    pub refused: Option<Expectation>,
    /// Whether every callback has to be acknowledged in the end; `None`: unless `intact` rules that out.
    pub delivered: Option<bool>,
    /// Whether a duplicate has to get the answer that the first one got.
    pub same_answer_on_duplicate: bool,
}

impl Expectations {
    /// Whether anything is expected of a body.
    pub fn read_bodies(&self) -> bool {
        self.intact.reads_body() || self.refused.as_ref().is_some_and(Expectation::reads_body)
    }

    /// Whether a delivery with this expectation has to be acknowledged in the end.
    pub fn demands_delivery(&self, of_step: Option<&Expectation>) -> bool {
        let status = of_step.map_or(&self.intact.status, |of_step| &of_step.status);
        let possible = status.as_ref().is_none_or(|statuses| statuses.contain(200));
        match self.delivered {
            Some(false) => false,
            Some(true) => possible || of_step.is_none(),
            None => possible,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(status: u16, body: &str) -> Answer {
        let mut answer = Answer::new(status, body.to_owned().into());
        answer.headers.insert("X-Stage", "a".parse().unwrap());
        answer
    }

    #[test]
    fn complaints_say_what_was_expected_and_what_came() {
        let expectation = Expectation {
            status: Some(Statuses::one(200)),
            within: Some(Duration::from_secs(2)),
            body: Some(json!({ "code": 0 })),
            json: vec![("/code".to_owned(), json!(0)), ("/list/0".to_owned(), json!("a"))],
            headers: vec![("x-stage".to_owned(), "b".to_owned()), ("x-other".to_owned(), "c".to_owned())],
        };
        let complaints = expectation.complaints(&answer(500, r#"{"code":7}"#), Duration::from_millis(2001));
        assert_eq!(
            complaints,
            [
                "expected status 200, got 500",
                "expected an answer within 2s, it took 2001ms",
                "body: code: expected 0, got 7",
                "/code: expected 0, got 7",
                "/list/0: expected \"a\", there is none",
                "header x-stage: expected \"b\", got \"a\"",
                "header x-other: expected \"c\", there is none",
            ]
        );
        assert!(Expectation::default().complaints(&answer(500, ""), Duration::MAX).is_empty());
    }

    #[test]
    fn a_body_that_is_no_json_is_shown() {
        let expectation = Expectation { body: Some(json!({ "code": 0 })), ..Expectation::default() };
        let complaints = |body| expectation.complaints(&answer(200, body), Duration::ZERO);
        assert_eq!(complaints("oops\n"), [r#"body: expected {"code":0}, got no JSON: oops"#]);
        assert_eq!(complaints(""), [r#"body: expected {"code":0}, got nothing"#]);
    }

    #[test]
    fn what_cannot_be_delivered_need_not_be() {
        let refusing = Expectation { status: Some(Statuses::one(400)), ..Expectation::default() };
        assert!(Expectations::default().demands_delivery(None));
        assert!(!Expectations::default().demands_delivery(Some(&refusing)));
        assert!(!Expectations { intact: refusing.clone(), ..Expectations::default() }.demands_delivery(None));
        let need_not = Expectations { delivered: Some(false), ..Expectations::default() };
        let prompt = Expectation { within: Some(Duration::from_secs(1)), ..Expectation::default() };
        // For a step with expectations of its own, too.
        assert!(!need_not.demands_delivery(None) && !need_not.demands_delivery(Some(&prompt)));
        let must = Expectations { delivered: Some(true), ..Expectations::default() };
        assert!(must.demands_delivery(None) && must.demands_delivery(Some(&prompt)));
        assert!(!must.demands_delivery(Some(&refusing)));
    }
}
