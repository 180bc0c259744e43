//! Events as JSON lines, for programs.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;

use crate::engine::event::{Attempt, End, Event, Subject};
use crate::engine::judge::Complaint;
use crate::engine::transport::{FailureKind, Outcome};
use crate::scenario::fault::Faults;
use crate::text::{without_passwords, without_passwords_of_urls};
use crate::time::{Millis, UnixMillis, micros};

/// The version of these shapes; it changes when a reader would have to.
pub const SCHEMA_VERSION: u32 = 1;

/// The first line of a run: what is needed to repeat it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Header<'a> {
    /// Version of these shapes.
    pub schema_version: u32,
    /// `started`
    pub event: &'static str,
    /// The scenario file as typed.
    pub scenario: &'a str,
    /// The seed.
    pub seed: u64,
    /// The instant of scenario time 0, in milliseconds since the epoch.
    pub epoch_ms: u64,
}

impl<'a> Header<'a> {
    /// The header of a run.
    pub fn new(scenario: &'a str, seed: u64, epoch: UnixMillis) -> Self {
        Self { schema_version: SCHEMA_VERSION, event: "started", scenario, seed, epoch_ms: epoch.0 }
    }
}

#[derive(Serialize)]
struct Line<'a> {
    schema_version: u32,
    event: &'static str,
    task: u64,
    task_id: &'a str,
    number: u64,
    callback: &'a str,
    #[serde(flatten)]
    rest: Rest<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Rest<'a> {
    Sent {
        says: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        incident: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        fault: Option<String>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        duplicate: bool,
        attempt: u32,
        due_at_ms: u64,
        due_us: u64,
        sent_us: u64,
        url: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        body: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        body_hex: Option<String>,
    },
    Met {
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        duplicate: bool,
        attempt: u32,
        due_us: u64,
        sent_us: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        resent_after_us: Option<u64>,
        done_us: u64,
        outcome: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_in_ms: Option<u64>,
    },
    Ended {
        end: &'static str,
    },
}

/// One event as a JSON line, with its newline.
pub fn line(event: &Event) -> String {
    match event {
        Event::Sent { attempt, url, body } => {
            let rest = Rest::Sent {
                says: &attempt.subject.callback,
                incident: attempt.subject.incident.map(|incident| incident.name()),
                fault: faults_text(&attempt.faults()),
                duplicate: attempt.duplicate.is_some(),
                attempt: attempt.number,
                due_at_ms: attempt.due_at.0,
                due_us: micros(attempt.due),
                sent_us: micros(attempt.sent),
                url: without_passwords(url),
                body: std::str::from_utf8(body).ok(),
                body_hex: std::str::from_utf8(body).is_err().then(|| hex(body)),
            };
            written("sent", &attempt.subject, rest)
        }
        Event::AttemptFinished { attempt, done, outcome, retry_in, .. } => {
            written("met", &attempt.subject, met(attempt, *done, outcome, *retry_in))
        }
        Event::HeldUp { at, unfinished } => json(&HeldUp {
            schema_version: SCHEMA_VERSION,
            event: "held_up",
            at_us: micros(*at),
            unfinished: *unfinished,
        }),
        Event::Ended { subject, end } => written("ended", subject, Rest::Ended { end: word(*end) }),
        Event::Probed { probe, about, url, at, took, tries, resent, answer, failure, complaints } => json(&Probed {
            schema_version: SCHEMA_VERSION,
            event: "probed",
            probe: without_passwords(&probe.name),
            url: without_passwords(url),
            task: about.as_ref().map(|about| about.task),
            task_id: about.as_ref().map(|about| about.task_id.as_str()),
            at_us: micros(*at),
            took_us: micros(*took),
            tries: *tries,
            resent: *resent,
            outcome: failure.map_or("answered", FailureKind::word),
            status: answer.as_ref().map(|answer| answer.status),
            body: answer.as_ref().map(|answer| String::from_utf8_lossy(&answer.body)),
            complaints,
        }),
    }
}

#[derive(Serialize)]
struct HeldUp {
    schema_version: u32,
    event: &'static str,
    at_us: u64,
    unfinished: usize,
}

#[derive(Serialize)]
struct Probed<'a> {
    schema_version: u32,
    event: &'static str,
    probe: Cow<'a, str>,
    url: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_id: Option<&'a str>,
    at_us: u64,
    took_us: u64,
    tries: u32,
    #[serde(skip_serializing_if = "is_none")]
    resent: u32,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    complaints: &'a [String],
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_none(count: &u32) -> bool {
    *count == 0
}

fn hidden(text: String) -> String {
    match without_passwords_of_urls(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(hidden) => hidden,
    }
}

/// What befalls a delivery or an attempt, if anything does.
pub(super) fn faults_text(faults: &Faults) -> Option<String> {
    (!faults.is_clear()).then(|| faults.to_string())
}

/// Bytes that are no text, and show no password either.
pub(super) fn hex(bytes: &[u8]) -> String {
    let letters: String = bytes.iter().copied().map(char::from).collect();
    without_passwords_of_urls(&letters).chars().map(|letter| format!("{:02x}", u32::from(letter))).collect()
}

/// What the receiver owed and did not do, as a JSON line.
pub fn complaint(complaint: &Complaint) -> String {
    #[derive(Serialize)]
    struct Failed<'a> {
        schema_version: u32,
        event: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        task: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        task_id: Option<&'a str>,
        about: String,
        text: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        answer: Option<&'a str>,
    }
    let (task, task_id) = complaint.about.task().unzip();
    let Complaint { about, text, answer } = complaint;
    json(&Failed {
        schema_version: SCHEMA_VERSION,
        event: "failed",
        task,
        task_id,
        about: about.to_string(),
        text,
        answer: answer.as_deref(),
    })
}

fn met<'a>(attempt: &Attempt, done: Duration, outcome: &'a Outcome, retry_in: Option<Millis>) -> Rest<'a> {
    let (word, status, detail) = match outcome {
        Outcome::Answered(answer) => ("answered", Some(answer.status), None),
        Outcome::Failed(failure) => (failure.kind.word(), None, Some(failure.detail.as_str())),
    };
    Rest::Met {
        duplicate: attempt.duplicate.is_some(),
        attempt: attempt.number,
        due_us: micros(attempt.due),
        sent_us: micros(attempt.sent),
        resent_after_us: attempt.resent_after.map(micros),
        done_us: micros(done),
        outcome: word,
        status,
        detail,
        retry_in_ms: retry_in.map(|pause| pause.0),
    }
}

fn written(event: &'static str, subject: &Subject, rest: Rest<'_>) -> String {
    json(&Line {
        schema_version: SCHEMA_VERSION,
        event,
        task: subject.task,
        task_id: &subject.task_id,
        number: subject.number,
        callback: &subject.event,
        rest,
    })
}

/// Anything as a JSON line, with its newline. Passwords of addresses stand in no line, also not in bodies.
pub fn json(value: &impl Serialize) -> String {
    // Structs with string keys, written to memory, cannot fail.
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    hidden(line)
}

/// The word for an end.
pub const fn word(end: End) -> &'static str {
    match end {
        End::Acknowledged => "acknowledged",
        End::GivenUp => "given up",
        End::Dropped => "dropped",
        End::Spoilt => "spoilt",
        End::Interrupted => "interrupted",
    }
}
