//! The judge: holds what happens against what the scenario expects of the receiver. It only reads events.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::event::{Attempt, End, Event, Subject};
use crate::expect::{Expectation, Expectations, StatusClass, Statuses, one_line};
use crate::fault::{DuplicateAs, Spoiling};
use crate::probe::{About, Probe};
use crate::transport::{Answer, Outcome};

/// Something the receiver owed and did not do.
#[derive(Debug, Clone, PartialEq)]
pub struct Complaint {
    /// What it is about.
    pub about: Topic,
    /// What was expected and what came, in one line.
    pub text: String,
}

/// What a complaint is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Topic {
    /// A delivery.
    Delivery(Arc<Subject>),
    /// A probe, and the task that it was about.
    Probe(Arc<Probe>, Option<About>),
}

impl Topic {
    /// Number and id of the task, if it is about one.
    pub fn task(&self) -> Option<(u64, &str)> {
        match self {
            Self::Delivery(subject) => Some((subject.task, &subject.task_id)),
            Self::Probe(_, about) => about.as_ref().map(|about| (about.task, about.task_id.as_str())),
        }
    }
}

/// `TaskExit -22  task=118148  #5`
impl fmt::Display for Topic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivery(subject) => {
                write!(out, "{}  task={}  #{}", subject.callback, subject.task_id, subject.number)
            }
            Self::Probe(probe, None) => write!(out, "probe {}", probe.name),
            Self::Probe(probe, Some(about)) => write!(out, "probe {}  task={}", probe.name, about.task_id),
        }
    }
}

/// Judges the receiver of one run.
#[derive(Debug)]
pub struct Judge {
    expectations: Expectations,
    /// Answers to deliveries that will come once more, until they do: status and body.
    first_answers: HashMap<(u64, u64), (u16, Bytes)>,
    /// What the last attempt of a delivery met, until it ends.
    last: HashMap<(u64, u64), (u32, String)>,
}

impl Judge {
    /// A judge who knows what is expected, and has seen nothing.
    pub fn new(expectations: Expectations) -> Self {
        Self { expectations, first_answers: HashMap::new(), last: HashMap::new() }
    }

    /// Looks at one event.
    pub fn take(&mut self, event: &Event) -> Vec<Complaint> {
        match event {
            Event::Met { attempt, done, outcome, .. } => {
                let took = done.saturating_sub(attempt.sent);
                self.remember(attempt, outcome);
                let lines = self.met(attempt, outcome, took);
                let about = || Topic::Delivery(Arc::clone(&attempt.subject));
                let complaint = |text| Complaint { about: about(), text };
                lines.into_iter().map(complaint).collect()
            }
            Event::Ended { subject, end } => {
                let last = self.last.remove(&key(subject));
                let lost = *end == End::GivenUp && self.expectations.demands_delivery(subject.expect.as_deref());
                let complaint = last.filter(|_| lost).map(|(attempt, met)| {
                    let attempts = if attempt == 1 { String::new() } else { format!(" after {attempt} attempts") };
                    let about = Topic::Delivery(Arc::clone(subject));
                    Complaint { about, text: format!("not acknowledged{attempts}: {met}") }
                });
                complaint.into_iter().collect()
            }
            Event::Probed { probe, about, complaints, .. } => {
                let about = || Topic::Probe(Arc::clone(probe), about.clone());
                complaints.iter().map(|text| Complaint { about: about(), text: text.clone() }).collect()
            }
            Event::Sent { .. } => Vec::new(),
        }
    }

    fn remember(&mut self, attempt: &Attempt, outcome: &Outcome) {
        if attempt.duplicate.is_some() {
            return;
        }
        match outcome {
            Outcome::Answered(answer) if answer.status == 200 => drop(self.last.remove(&key(&attempt.subject))),
            Outcome::Answered(answer) => {
                self.last.insert(key(&attempt.subject), (attempt.number, format!("status {}", answer.status)));
            }
            Outcome::Failed(failure) => {
                let met = format!("{}: {}", failure.kind.word(), failure.detail);
                self.last.insert(key(&attempt.subject), (attempt.number, met));
            }
        }
        let Some(duplicate) = attempt.subject.fate.duplicate else { return };
        // The same bytes are compared with themselves, another attempt with the one that was taken.
        let counts = match duplicate.sends {
            DuplicateAs::SameBytes => attempt.number == 1,
            DuplicateAs::NewAttempt => outcome.is_acknowledged(),
        };
        if let (true, true, Outcome::Answered(Answer { status, body, .. })) =
            (self.expectations.same_answer_on_duplicate, counts, outcome)
        {
            self.first_answers.insert(key(&attempt.subject), (*status, body.clone()));
        }
    }

    fn met(&mut self, attempt: &Attempt, outcome: &Outcome, took: Duration) -> Vec<String> {
        let spoiling = attempt.spoiling;
        if spoiling.cuts_off() {
            return Vec::new();
        }
        let mut lines = if spoiling.is_spoilt() {
            self.spoilt(attempt, spoiling, outcome, took)
        } else {
            self.intact(attempt, outcome, took)
        };
        if attempt.duplicate.is_some() {
            lines.extend(self.differs(attempt, outcome));
            for line in &mut lines {
                line.insert_str(0, "duplicate: ");
            }
        }
        lines
    }

    fn intact(&self, attempt: &Attempt, outcome: &Outcome, took: Duration) -> Vec<String> {
        let expected = attempt.subject.expect.as_deref().unwrap_or(&self.expectations.intact);
        match (outcome, attempt.duplicate) {
            (Outcome::Answered(answer), None) => expected.complaints(answer, took),
            // Nobody sends a duplicate again: it has to be taken at once.
            (Outcome::Answered(answer), Some(_)) => {
                let status = expected.status.clone().unwrap_or(Statuses::one(200));
                Expectation { status: Some(status), ..expected.clone() }.complaints(answer, took)
            }
            (Outcome::Failed(failure), Some(_)) => vec![format!("{}: {}", failure.kind.word(), failure.detail)],
            // Whether it is lost shows when the delivery ends.
            (Outcome::Failed(_), None) => Vec::new(),
        }
    }

    fn spoilt(&self, attempt: &Attempt, spoiling: Spoiling, outcome: &Outcome, took: Duration) -> Vec<String> {
        let of_step = attempt.subject.expect.as_deref();
        let expected = of_step.or(self.expectations.refused.as_ref()).cloned().unwrap_or_default();
        let status = expected.status.clone().unwrap_or_else(|| statuses(spoiling));
        let lines = match outcome {
            Outcome::Answered(answer) => Expectation { status: Some(status), ..expected }.complaints(answer, took),
            Outcome::Failed(failure) => {
                vec![format!("expected status {status}, got no answer: {}: {}", failure.kind.word(), failure.detail)]
            }
        };
        let fate = &attempt.subject.fate;
        lines.into_iter().map(|line| format!("{line} ({fate})")).collect()
    }

    fn differs(&mut self, attempt: &Attempt, outcome: &Outcome) -> Option<String> {
        let first = self.first_answers.remove(&key(&attempt.subject))?;
        match outcome {
            Outcome::Answered(answer) if (answer.status, &answer.body) != (first.0, &first.1) => {
                let shown = |status, body: &[u8]| format!("{status} {}", shown(body));
                let (first, second) = (shown(first.0, &first.1), shown(answer.status, &answer.body));
                Some(format!("expected the same answer as before, {first}, got {second}"))
            }
            _ => None,
        }
    }
}

/// What a receiver may answer to something spoilt: it is the sender's fault, never the receiver's.
fn statuses(spoiling: Spoiling) -> Statuses {
    let refusals = StatusClass::Hundred(4);
    Statuses::new(if spoiling.is_tolerable() { vec![StatusClass::One(200), refusals] } else { vec![refusals] })
}

fn key(subject: &Subject) -> (u64, u64) {
    (subject.task, subject.number)
}

fn shown(body: &[u8]) -> String {
    one_line(&String::from_utf8_lossy(body), 60)
}
