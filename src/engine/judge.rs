//! The judge: holds what happens against what the scenario expects of the receiver. It only reads events.

use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use crate::engine::event::{Attempt, End, Event, Subject};
use crate::engine::transport::Outcome;
use crate::scenario::expect::Answer;
use crate::scenario::expect::{Expectation, Expectations, StatusClass, Statuses};
use crate::scenario::fault::BadConnection;
use crate::scenario::fault::{AttemptFaults, DuplicateAs, Faults};
use crate::scenario::probe::{About, Probe};
use crate::text::{escaped, without_passwords};

/// Something the receiver owed and did not do.
#[derive(Debug, Clone, PartialEq)]
pub struct Complaint {
    /// What it is about.
    pub about: Topic,
    /// What was expected and what came, in one line.
    pub text: String,
    /// The beginning of what was answered, in one line, if it was no acknowledgement: why, in the receiver's own words.
    pub answer: Option<String>,
}

impl Complaint {
    /// What was expected and what came, with the receiver's own words.
    pub fn text(&self) -> String {
        match &self.answer {
            Some(answer) => format!("{}; answer: {answer}", self.text),
            None => self.text.clone(),
        }
    }
}

/// `TaskExit -22  task=118148  #5: not acknowledged: status 500; answer: no such task`
impl fmt::Display for Complaint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.about, self.text())
    }
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

/// `TaskExit -22  task=118148  #5`, and where it went if there are several addresses.
impl fmt::Display for Topic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivery(subject) => {
                write!(out, "{}  task={}  #{}", subject.callback, escaped(&subject.task_id), subject.number)?;
                subject.to.as_ref().map_or(Ok(()), |to| write!(out, "  to {}", without_passwords(to)))
            }
            Self::Probe(probe, None) => write!(out, "probe {}", probe.title(None)),
            Self::Probe(probe, Some(about)) => {
                write!(out, "probe {}  task={}", probe.title(Some(about)), escaped(&about.task_id))
            }
        }
    }
}

/// The answer to one of two: as much as it takes to compare and to tell it, for very many may wait for the other.
#[derive(Debug)]
struct OneOfTwo {
    is_duplicate: bool,
    status: u16,
    body: (usize, u64),
    text: Box<str>,
}

impl OneOfTwo {
    /// Headers may differ: there is a `date` among them.
    fn of(is_duplicate: bool, answer: &Answer) -> Self {
        let mut hasher = DefaultHasher::new();
        answer.body.hash(&mut hasher);
        let text = Answer::new(answer.status, answer.body.clone()).to_string().into();
        Self { is_duplicate, status: answer.status, body: (answer.body.len(), hasher.finish()), text }
    }
}

/// The last attempt of a delivery.
#[derive(Debug)]
struct Last {
    attempt: u32,
    met: String,
    answer: Option<String>,
}

/// Judges the receiver of one run.
#[derive(Debug)]
pub struct Judge {
    expectations: Expectations,
    /// Of deliveries that come twice, the answer to the one until that to the other is there, too.
    answers: HashMap<(u64, u64), OneOfTwo>,
    /// What the last attempt of a delivery met, until it ends.
    last: HashMap<(u64, u64), Last>,
}

impl Judge {
    /// A judge who knows what is expected, and has seen nothing.
    pub fn new(expectations: Expectations) -> Self {
        Self { expectations, answers: HashMap::new(), last: HashMap::new() }
    }

    /// Looks at one event.
    pub fn take(&mut self, event: &Event) -> Vec<Complaint> {
        match event {
            Event::AttemptFinished { attempt, done, outcome, .. } => {
                // What we take for a slow body is not the receiver's time.
                let own = attempt.attempt_faults.connection.map_or(Duration::ZERO, BadConnection::takes);
                let took = done.saturating_sub(attempt.sent).saturating_sub(own);
                self.remember(attempt, outcome);
                let lines = self.met(attempt, outcome, took);
                let about = || Topic::Delivery(Arc::clone(&attempt.subject));
                let answer = answer_text(outcome);
                let complaint = |text| Complaint { about: about(), text, answer: answer.clone() };
                lines.into_iter().map(complaint).collect()
            }
            Event::Ended { subject, end } => {
                let last = self.last.remove(&key(subject));
                let of_step = subject.expect.as_deref().filter(|_| !is_about_the_spoilt(&subject.faults));
                let lost = *end == End::GivenUp && self.expectations.demands_delivery(of_step);
                let complaint = last.filter(|_| lost).map(|Last { attempt, met, answer }| {
                    let attempts = if attempt == 1 { String::new() } else { format!(" after {attempt} attempts") };
                    let about = Topic::Delivery(Arc::clone(subject));
                    Complaint { about, text: format!("not acknowledged{attempts}: {met}"), answer }
                });
                complaint.into_iter().collect()
            }
            Event::Probed { probe, about, complaints, .. } => {
                let about = || Topic::Probe(Arc::clone(probe), about.clone());
                let complaint = |text: &String| Complaint { about: about(), text: text.clone(), answer: None };
                complaints.iter().map(complaint).collect()
            }
            Event::Sent { .. } | Event::HeldUp { .. } => Vec::new(),
        }
    }

    fn remember(&mut self, attempt: &Attempt, outcome: &Outcome) {
        if attempt.duplicate.is_some() {
            return;
        }
        let met = match outcome {
            Outcome::Answered(answer) if answer.status == 200 => return drop(self.last.remove(&key(&attempt.subject))),
            Outcome::Answered(answer) => format!("status {}", answer.status),
            Outcome::Failed(failure) => format!("{}: {}", failure.kind.word(), failure.detail),
        };
        self.last.insert(key(&attempt.subject), Last { attempt: attempt.number, met, answer: answer_text(outcome) });
    }

    fn met(&mut self, attempt: &Attempt, outcome: &Outcome, took: Duration) -> Vec<String> {
        let attempt_faults = attempt.attempt_faults;
        if attempt_faults.cuts_off() {
            return Vec::new();
        }
        let mut lines = if attempt_faults.is_spoilt() {
            self.spoilt(attempt, attempt_faults, outcome, took)
        } else {
            self.intact(attempt, outcome, took)
        };
        if attempt.duplicate.is_some() {
            lines.iter_mut().for_each(|line| line.insert_str(0, "duplicate: "));
        }
        lines.extend(self.differs(attempt, outcome));
        lines
    }

    fn intact(&self, attempt: &Attempt, outcome: &Outcome, took: Duration) -> Vec<String> {
        let expected = of_step(attempt).unwrap_or(&self.expectations.intact);
        match (outcome, attempt.duplicate) {
            (Outcome::Answered(answer), None) => expected.complaints(answer, took),
            // What was refused the first time comes again anyway: then this one is no more than another attempt.
            (Outcome::Answered(answer), Some(_)) if self.comes_again(attempt) => expected.complaints(answer, took),
            (Outcome::Failed(_), Some(_)) if self.comes_again(attempt) => Vec::new(),
            // Otherwise nobody sends a duplicate again: it has to be taken at once.
            (Outcome::Answered(answer), Some(_)) => {
                let status = expected.status.clone().unwrap_or(Statuses::one(200));
                Expectation { status: Some(status), ..expected.clone() }.complaints(answer, took)
            }
            (Outcome::Failed(failure), Some(_)) => vec![format!("{}: {}", failure.kind.word(), failure.detail)],
            // Whether it is lost shows when the delivery ends.
            (Outcome::Failed(failure), None) => {
                let late = expected.within.filter(|within| took > *within).map(humantime::format_duration);
                let (word, detail) = (failure.kind.word(), &failure.detail);
                let complaint =
                    late.map(|within| format!("expected an answer within {within}, got none: {word}: {detail}"));
                complaint.into_iter().collect()
            }
        }
    }

    /// Whether the delivery failed last time and is not over.
    fn comes_again(&self, attempt: &Attempt) -> bool {
        self.last.contains_key(&key(&attempt.subject))
    }

    fn spoilt(
        &self,
        attempt: &Attempt,
        attempt_faults: AttemptFaults,
        outcome: &Outcome,
        took: Duration,
    ) -> Vec<String> {
        let expected = of_step(attempt).or(self.expectations.refused.as_ref()).cloned().unwrap_or_default();
        let status = expected.status.clone().unwrap_or_else(|| statuses(attempt_faults));
        let lines = match outcome {
            Outcome::Answered(answer) => Expectation { status: Some(status), ..expected }.complaints(answer, took),
            Outcome::Failed(failure) => {
                vec![format!("expected status {status}, got no answer: {}: {}", failure.kind.word(), failure.detail)]
            }
        };
        let faults = &attempt.subject.faults;
        lines.into_iter().map(|line| format!("{line} ({faults})")).collect()
    }

    /// Compares the answers of two, whichever comes last.
    fn differs(&mut self, attempt: &Attempt, outcome: &Outcome) -> Option<String> {
        let Outcome::Answered(answer) = outcome else { return None };
        if !self.expectations.same_answer_on_duplicate || !is_one_of_two(attempt, outcome) {
            return None;
        }
        let is_duplicate = attempt.duplicate.is_some();
        let is_refused = !outcome.is_acknowledged() && !attempt.attempt_faults.is_spoilt();
        if is_duplicate && is_refused && self.comes_again(attempt) {
            return None;
        }
        let this = OneOfTwo::of(is_duplicate, answer);
        let other = match self.answers.remove(&key(&attempt.subject)) {
            Some(other) if other.is_duplicate != is_duplicate => other,
            _ => {
                self.answers.insert(key(&attempt.subject), this);
                return None;
            }
        };
        let (first, second) = if is_duplicate { (other, this) } else { (this, other) };
        ((first.status, first.body) != (second.status, second.body)).then(|| {
            format!("duplicate: expected the same answer as the first got, {}, got {}", first.text, second.text)
        })
    }
}

/// Why it did not take a callback, in its own words.
fn answer_text(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Answered(answer) if answer.status != 200 => answer.words(),
        _ => None,
    }
}

/// Whether this attempt is one of two that should be answered alike: a duplicate, or what it is the duplicate of.
///
/// Spoilt bytes are compared with themselves, all others with the attempt that was taken.
fn is_one_of_two(attempt: &Attempt, outcome: &Outcome) -> bool {
    let faults = &attempt.subject.faults;
    let Some(duplicate) = faults.duplicate else { return false };
    let bytes_are_spoilt = AttemptFaults { connection: None, ..faults.of_attempt(1) }.is_spoilt();
    match duplicate.sends {
        _ if attempt.duplicate.is_some() => true,
        DuplicateAs::SameBytes if bytes_are_spoilt => attempt.number == 1,
        DuplicateAs::SameBytes | DuplicateAs::NewAttempt => outcome.is_acknowledged(),
    }
}

/// What the step of an attempt expects of its answer.
fn of_step(attempt: &Attempt) -> Option<&Expectation> {
    let concerns = attempt.attempt_faults.is_spoilt() || !is_about_the_spoilt(&attempt.subject.faults);
    attempt.subject.expect.as_deref().filter(|_| concerns)
}

/// Whether what a step expects is about its spoilt attempt only, and not about those that follow intact.
fn is_about_the_spoilt(faults: &Faults) -> bool {
    let first = faults.of_attempt(1);
    first.is_spoilt() && !first.cuts_off()
}

/// What a receiver may answer to something spoilt: it is the sender's fault, never the receiver's.
fn statuses(attempt_faults: AttemptFaults) -> Statuses {
    let refusals = StatusClass::Hundred(4);
    Statuses::new(if attempt_faults.is_tolerable() { vec![StatusClass::One(200), refusals] } else { vec![refusals] })
}

fn key(subject: &Subject) -> (u64, u64) {
    (subject.task, subject.number)
}
