//! What came of every task of a run: what test reports are made of.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::engine::event::{End, Event, Subject};
use crate::engine::judge::Complaint;
use crate::engine::transport::Outcome;
use crate::time::micros;

/// The most tasks that have a case of their own; the complaints of the others are counted.
const MAX_CASES: usize = 100_000;
/// The most complaints that a case tells.
const MAX_TOLD: usize = 100;

/// A fold over the events of one scenario's run.
#[derive(Debug, Default)]
pub struct Cases {
    cases: BTreeMap<u64, Case>,
    /// Complaints about no task, or about one without a case.
    others: Vec<String>,
    omitted: u64,
    length: Duration,
}

/// One task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Case {
    /// `task_id`
    pub task_id: String,
    /// Its deliveries.
    pub deliveries: u64,
    /// Those that were cut off, or could not be sent at all.
    pub interrupted: u64,
    /// Since the run began, in microseconds; none if nothing was sent.
    pub first_sent_us: Option<u64>,
    /// From its first request to its last answer, in microseconds.
    pub took_us: u64,
    /// What the receiver owed and did not do.
    pub complaints: Vec<String>,
    /// The last transport error, if a complaint is about one.
    pub error: Option<String>,
}

impl Cases {
    /// Takes in one event.
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::Sent { attempt, .. } => {
                let sent = micros(attempt.sent);
                if let Some(case) = self.case(&attempt.subject) {
                    case.first_sent_us.get_or_insert(sent);
                }
            }
            Event::AttemptFinished { attempt, done, outcome, .. } => {
                self.length = self.length.max(*done);
                let done = micros(*done);
                if let Some(case) = self.case(&attempt.subject) {
                    case.took_us = case.took_us.max(done.saturating_sub(case.first_sent_us.unwrap_or(done)));
                    case.error = match outcome {
                        Outcome::Answered(_) => None,
                        Outcome::Failed(failure) => Some(format!("{}: {}", failure.kind.word(), failure.detail)),
                    };
                }
            }
            Event::Ended { subject, end } => {
                if let Some(case) = self.case(subject) {
                    case.deliveries += 1;
                    case.interrupted += u64::from(*end == End::Interrupted);
                }
            }
            Event::Probed { .. } | Event::HeldUp { .. } => {}
        }
    }

    /// Takes in what the judge has to say.
    pub fn complain(&mut self, complaint: &Complaint) {
        let text = complaint.to_string();
        let case = complaint.about.task().and_then(|(number, _)| self.cases.get_mut(&number));
        let kept = case.map_or(&mut self.others, |case| &mut case.complaints);
        if kept.len() < MAX_TOLD { kept.push(text) } else { self.omitted += 1 }
    }

    /// The tasks by their numbers.
    pub fn tasks(&self) -> impl Iterator<Item = &Case> {
        self.cases.values()
    }

    /// Complaints that belong to no case.
    pub fn others(&self) -> &[String] {
        &self.others
    }

    /// Complaints that are told nowhere.
    pub const fn omitted(&self) -> u64 {
        self.omitted
    }

    /// From the beginning to the last answer.
    pub const fn length(&self) -> Duration {
        self.length
    }

    fn case(&mut self, subject: &Subject) -> Option<&mut Case> {
        if self.cases.len() == MAX_CASES && !self.cases.contains_key(&subject.task) {
            return None;
        }
        Some(self.cases.entry(subject.task).or_insert_with(|| Case {
            task_id: subject.task_id.clone(),
            deliveries: 0,
            interrupted: 0,
            first_sent_us: None,
            took_us: 0,
            complaints: Vec::new(),
            error: None,
        }))
    }
}
