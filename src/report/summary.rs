//! The summary: what a run came to.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use super::audit::{Audit, Count};
use super::lengths::{Lengths, LengthsJson};
use super::log::milliseconds;
use super::ndjson::SCHEMA_VERSION;
use super::style::{BAD, DIM, GOOD, NOTE};
use crate::engine::event::{End, Event};
use crate::engine::judge::Complaint;
use crate::engine::player::Rest;
use crate::engine::transport::{FailureKind, Outcome};
use crate::exit_code::Exit;
use crate::time::micros;

/// The most complaints that are told one by one.
const MAX_TOLD: usize = 20;

/// The most tasks that are told one by one with how to play them again.
const MAX_AGAIN: usize = 10;

/// A fold over the events of one run.
#[derive(Debug)]
pub struct Summary {
    seed: u64,
    acknowledged: u64,
    given_up: u64,
    interrupted: u64,
    rest: Rest,
    attempts: u64,
    resent: u64,
    forbidden: bool,
    outcomes: BTreeMap<String, u64>,
    dropped: u64,
    spoilt: u64,
    probes: u64,
    complaints: u64,
    kept: Vec<Complaint>,
    failed_tasks: Vec<(u64, String)>,
    audit: Audit,
    start_delay: Lengths,
    service_time: Lengths,
}

impl Summary {
    /// Of a run that has not begun.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            acknowledged: 0,
            given_up: 0,
            interrupted: 0,
            rest: Rest { not_started: 0, at_least: false, stopped: Duration::ZERO },
            attempts: 0,
            resent: 0,
            forbidden: false,
            outcomes: BTreeMap::new(),
            dropped: 0,
            spoilt: 0,
            probes: 0,
            complaints: 0,
            kept: Vec::new(),
            failed_tasks: Vec::new(),
            audit: Audit::default(),
            start_delay: Lengths::new(),
            service_time: Lengths::new(),
        }
    }

    /// Takes in one event.
    pub fn take(&mut self, event: &Event) {
        self.audit.take(event);
        self.forbidden |= event.is_forbidden();
        match event {
            Event::Sent { attempt, .. } => {
                self.attempts += 1;
                self.start_delay.record(attempt.start_delay());
            }
            Event::AttemptFinished { attempt, done, outcome, .. } => {
                let word = word(outcome);
                self.service_time.record(done.saturating_sub(attempt.sent));
                self.resent += u64::from(attempt.resent_after.is_some());
                *self.outcomes.entry(word).or_default() += 1;
            }
            Event::Probed { .. } => self.probes += 1,
            Event::HeldUp { .. } => {}
            Event::Ended { end, .. } => {
                *match end {
                    End::Acknowledged => &mut self.acknowledged,
                    End::GivenUp => &mut self.given_up,
                    End::Dropped => &mut self.dropped,
                    End::Spoilt => &mut self.spoilt,
                    End::Interrupted => &mut self.interrupted,
                } += 1;
            }
        }
    }

    /// Takes in what the judge has to say.
    pub fn complain(&mut self, complaint: &Complaint) {
        self.complaints += 1;
        if self.failed_tasks.len() < MAX_AGAIN
            && let Some((number, id)) = complaint.about.task()
            && self.failed_tasks.iter().all(|(known, _)| *known != number)
        {
            self.failed_tasks.push((number, id.to_owned()));
        }
        if self.kept.len() < MAX_TOLD {
            self.kept.push(complaint.clone());
        }
    }

    /// Takes in what was left at the end.
    pub fn finish(&mut self, rest: Rest) {
        self.rest = rest;
    }

    /// Deliveries that are over.
    pub fn ended(&self) -> u64 {
        self.acknowledged + self.given_up + self.dropped + self.spoilt + self.interrupted
    }

    /// The first complaints.
    pub fn kept(&self) -> &[Complaint] {
        &self.kept
    }

    /// What the receiver owed and did not do.
    pub fn complaints(&self) -> u64 {
        self.complaints
    }

    /// How the run ended, as far as the receiver is concerned.
    pub fn exit(&self) -> Exit {
        // Where this machine had no port or descriptor left, nobody knows what the receiver would have done.
        let exhausted = self.complaints > 0 && self.outcomes.contains_key(FailureKind::Exhausted.word());
        match (self.forbidden || exhausted, self.complaints) {
            (true, _) => Exit::CouldNotRun,
            (false, 0) => Exit::Success,
            (false, _) => Exit::ReceiverFailed,
        }
    }

    /// The task of the first complaint, the one to play again: its number and its id.
    pub fn first_failed_task(&self) -> Option<(u64, &str)> {
        self.failed_tasks.first().map(|(number, id)| (*number, id.as_str()))
    }

    /// The first tasks that complaints are about, by their numbers and ids.
    pub fn failed_tasks(&self) -> &[(u64, String)] {
        &self.failed_tasks
    }

    /// How many attempts met what; those that were cut off are `unfinished`.
    fn outcomes(&self) -> BTreeMap<String, u64> {
        let mut outcomes = self.outcomes.clone();
        let unfinished = self.attempts - outcomes.values().sum::<u64>();
        if unfinished > 0 {
            outcomes.insert("unfinished".to_owned(), unfinished);
        }
        outcomes
    }

    /// For people.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let more = if self.rest.at_least { "at least " } else { "" };
        let planned = self.ended() + self.rest.not_started;
        let _ = writeln!(text, "\n{more}{} planned, seed {}", plural(planned, "callback"), self.seed);
        let mut row = |name: &str, style: anstyle::Style, count: u64, more: &str| {
            if count > 0 {
                let _ = writeln!(text, "  {name:<14}{style}{more}{count}{style:#}");
            }
        };
        row("acknowledged", GOOD, self.acknowledged, "");
        row("given up", BAD, self.given_up, "");
        row("dropped", NOTE, self.dropped, "");
        row("spoilt", NOTE, self.spoilt, "");
        row("interrupted", NOTE, self.interrupted, "");
        row("not started", NOTE, self.rest.not_started, more);
        if self.attempts > 0 {
            let outcomes = self.outcomes();
            let outcomes = outcomes.iter().map(|(word, count)| format!("{word} ×{count}"));
            let outcomes = outcomes.collect::<Vec<_>>().join(", ");
            let _ = writeln!(text, "{}: {outcomes}", plural(self.attempts, "attempt"));
            if self.resent > 0 {
                let times = plural(self.resent, "time");
                let _ = writeln!(
                    text,
                    "{DIM}sent again    {times}, because the receiver had closed the kept connection{DIM:#}"
                );
            }
            let _ = writeln!(text, "{DIM}start delay   {}{DIM:#}", self.start_delay);
            let _ = writeln!(text, "{DIM}service time  {}{DIM:#}", self.service_time);
        }
        if !self.rest.stopped.is_zero() {
            let stopped = milliseconds(self.rest.stopped);
            let _ = writeln!(text, "{NOTE}stood still   {stopped}: output was not read or not written in time{NOTE:#}");
        }
        text.push_str(&self.audit.to_text());
        if self.probes > 0 {
            let _ = writeln!(text, "{DIM}probes        {}{DIM:#}", self.probes);
        }
        self.tell_failures(&mut text);
        text
    }

    fn tell_failures(&self, text: &mut String) {
        for complaint in &self.kept {
            let _ = writeln!(text, "{BAD}failed{BAD:#}  {complaint}");
        }
        let omitted = self.complaints - self.kept.len() as u64;
        if omitted > 0 {
            let _ = writeln!(text, "{BAD}failed{BAD:#}  and {omitted} more");
        }
    }

    /// For programs.
    pub fn to_json(&self) -> SummaryJson {
        SummaryJson {
            schema_version: SCHEMA_VERSION,
            event: "finished",
            seed: self.seed,
            planned: self.ended() + self.rest.not_started,
            acknowledged: self.acknowledged,
            given_up: self.given_up,
            dropped: self.dropped,
            spoilt: self.spoilt,
            interrupted: self.interrupted,
            not_started: self.rest.not_started,
            not_started_at_least: self.rest.at_least,
            attempts: self.attempts,
            resent: self.resent,
            outcomes: self.outcomes(),
            start_delay: self.start_delay.to_json(),
            service_time: self.service_time.to_json(),
            faults: self.audit.to_json(),
            probes: self.probes,
            complaints: self.complaints,
            stopped_us: micros(self.rest.stopped),
        }
    }
}

/// A summary for programs. planned = acknowledged + given_up + dropped + spoilt + interrupted + not_started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SummaryJson {
    /// Version of this shape.
    pub schema_version: u32,
    /// `finished`
    pub event: &'static str,
    /// The seed.
    pub seed: u64,
    /// Deliveries of the plan.
    pub planned: u64,
    /// Answered with 200.
    pub acknowledged: u64,
    /// Not acknowledged with all retries.
    pub given_up: u64,
    /// Never sent, by a fault.
    pub dropped: u64,
    /// Spoilt by a fault at the last attempt, and not acknowledged.
    pub spoilt: u64,
    /// Cut off by a stop.
    pub interrupted: u64,
    /// Not begun when the run was stopped.
    pub not_started: u64,
    /// Whether there were more than were counted.
    pub not_started_at_least: bool,
    /// POSTs.
    pub attempts: u64,
    /// Of these, sent once more because the receiver had closed the kept connection.
    pub resent: u64,
    /// How many attempts met what; all together as many as `attempts`.
    pub outcomes: BTreeMap<String, u64>,
    /// Sent − due.
    pub start_delay: LengthsJson,
    /// Done − sent.
    pub service_time: LengthsJson,
    /// How often each fault was drawn and done.
    pub faults: BTreeMap<&'static str, Count>,
    /// Probes asked.
    pub probes: u64,
    /// What the receiver owed and did not do.
    pub complaints: u64,
    /// How long the schedule stood still because output that has to be complete was not read. In no other figure.
    pub stopped_us: u64,
}

fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Answered(answer) => answer.status.to_string(),
        Outcome::Failed(failure) => failure.kind.word().to_owned(),
    }
}

/// `1 callback`, `2 callbacks`
pub fn plural(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
