//! A plan as text: for people, for programs, for curl.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use super::ndjson::{SCHEMA_VERSION, faults_text, hex};
use super::style::{DIM, NOTE};
use crate::callback::payload::Payload;
use crate::engine::settings::Addresses;
use crate::plan::delivery::{Delivery, Due};
use crate::plan::moments::Moments;
use crate::text::{escaped, quoted, without_passwords};
use crate::time::{Millis, UnixMillis};

/// A delivery and what its bytes depend on.
#[derive(Debug, Clone, Copy)]
pub struct Planned<'a> {
    /// The delivery.
    pub delivery: &'a Delivery,
    /// How bodies are made.
    pub payload: &'a Payload,
    /// Scenario time 0.
    pub epoch: UnixMillis,
    /// Where callbacks go.
    pub addresses: &'a Addresses,
    /// When it is due in a load, which has times of its own.
    pub due: Option<Duration>,
}

impl Planned<'_> {
    /// When it is due.
    pub fn offset(&self) -> Millis {
        self.due.map_or(self.delivery.offset, Millis::from_duration)
    }

    /// The body of the first attempt, if it is made on time.
    pub fn body(&self) -> Vec<u8> {
        let (delivery, moments) = (self.delivery, Moments::planned(self.epoch));
        let moment = match self.due.map(Millis::from_duration) {
            Some(due) => moments.moment(due, due),
            None => moments.of(delivery),
        };
        delivery.body(self.payload, self.addresses.shown(), moment, delivery.attempt_faults(1))
    }
}

/// One line for people.
pub fn table(planned: &Planned<'_>, out: &mut String) {
    let Delivery { task, number, due, callback, cause, .. } = planned.delivery;
    let _ = write!(
        out,
        "{}  {:<28}  task={}  #{number}",
        hours(planned.offset()),
        callback.to_string(),
        escaped(&task.id())
    );
    match due {
        Due::AfterAnswer(pause) => {
            let _ = write!(out, "  {DIM}{pause} after the answer before it{DIM:#}");
        }
        Due::Planned | Due::AfterSent(_) => {}
    }
    if planned.delivery.is_duplicate() {
        let _ = write!(out, "  {NOTE}duplicate{NOTE:#}");
    }
    if let Some(fault) = faults_text(&planned.delivery.own_faults()) {
        let _ = write!(out, "  {NOTE}fault: {fault}{NOTE:#}");
    }
    if let Some(incident) = cause {
        let _ = write!(out, "  {DIM}incident: {}{DIM:#}", incident.name());
    }
    out.push('\n');
}

/// One JSON object and its newline. `body` is the body exactly; `body_hex` stands for one that is no text.
pub fn ndjson(planned: &Planned<'_>, out: &mut String) {
    #[derive(Serialize)]
    struct Line<'a> {
        schema_version: u32,
        offset_ms: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        due_us: Option<u128>,
        due: &'static str,
        task: u64,
        task_id: Cow<'a, str>,
        number: u64,
        callback: &'a str,
        incident: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        fault: Option<String>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        duplicate: bool,
        url: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        body: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        body_hex: Option<String>,
    }
    let delivery = planned.delivery;
    let bytes = planned.body();
    let body = std::str::from_utf8(&bytes).ok();
    let line = Line {
        schema_version: SCHEMA_VERSION,
        offset_ms: planned.offset().0,
        due_us: planned.due.map(|due| due.as_micros()),
        due: match delivery.due {
            Due::Planned => "planned",
            Due::AfterSent(_) => "after sent",
            Due::AfterAnswer(_) => "after answer",
        },
        task: delivery.task.number,
        task_id: delivery.task.id(),
        number: delivery.number,
        callback: delivery.callback.name(),
        incident: delivery.cause.map(|cause| cause.name()),
        fault: faults_text(&delivery.own_faults()),
        duplicate: delivery.is_duplicate(),
        url: without_passwords(&planned.addresses.of(&delivery.task)).into_owned(),
        body_hex: body.is_none().then(|| hex(&bytes)),
        body,
    };
    out.push_str(&super::ndjson::json(&line));
}

/// A comment and a curl command that sends the same bytes; the comment alone for what is never sent.
pub fn curl(planned: &Planned<'_>, out: &mut String) {
    let delivery = planned.delivery;
    let (at, id) = (hours(planned.offset()), delivery.task.id());
    let _ = write!(out, "# {at}  {}  task={}  #{}", delivery.callback, escaped(&id), delivery.number);
    if delivery.is_duplicate() {
        out.push_str("  duplicate");
    }
    if let Some(fault) = faults_text(&delivery.own_faults()) {
        let _ = write!(out, "  fault: {fault}");
    }
    out.push('\n');
    if delivery.faults.dropped {
        return;
    }
    let url = quoted(&planned.addresses.of(&delivery.task));
    let content_type = delivery.attempt_faults(1).content_type().unwrap_or("application/json");
    let post = format!("curl -sS -X POST {url} -H 'Content-Type: {content_type}' --data-binary");
    let body = planned.body();
    let _ = match std::str::from_utf8(&body) {
        Ok(text) if can_be_quoted(text) => writeln!(out, "{post} {}", quoted(text)),
        _ => writeln!(out, "printf '{}' | {post} @-", octal(&body)),
    };
}

/// The longest word that is handed to curl, in bytes: systems have limits, Linux 128 KiB.
const MAX_WORD: usize = 64 * 1024;

/// Whether curl gets `text` from a shell as it is, and a terminal shows it: a leading `@` would name a file.
fn can_be_quoted(text: &str) -> bool {
    text.len() <= MAX_WORD
        && !text.starts_with('@')
        && !text.chars().any(|letter| letter.is_control() && letter != '\n' && letter != '\t')
}

/// Any bytes, for the `printf` of a POSIX shell.
fn octal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:03o}")).collect()
}

/// `00:05:00.000`
fn hours(offset: Millis) -> String {
    let (seconds, millis) = (offset.0 / 1000, offset.0 % 1000);
    format!("{:02}:{:02}:{:02}.{millis:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_hours() {
        assert_eq!(hours(Millis(300_000)), "00:05:00.000");
        assert_eq!(hours(Millis(100 * 3_600_000 + 1)), "100:00:00.001");
    }

    #[test]
    fn a_shell_gets_the_same_bytes() {
        assert_eq!(octal(b"\xff%\n"), r"\377\045\012");
        assert!(can_be_quoted("{\n\t\"a\": 1\n}"));
        assert!(!can_be_quoted("@file"));
        assert!(!can_be_quoted("\r\n"));
    }
}
