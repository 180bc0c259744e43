//! The audit of faults: how many deliveries could meet each one, how many did, and what of it went out.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::style::DIM;
use crate::engine::event::{Attempt, End, Event, Subject};
use crate::scenario::fault::{FAULTS, Fault};

/// A fold over the events of one run.
#[derive(Debug, Default)]
pub struct Audit {
    counts: BTreeMap<Fault, Count>,
}

/// How often a fault was drawn, and acted out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Count {
    /// Deliveries that it was drawn for, of those that were begun.
    pub drawn: u64,
    /// Of these, those that it was done to. The others were dropped, or cut short by a stop.
    pub done: u64,
}

impl Audit {
    /// Takes in one event.
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::Sent { attempt, .. } if attempt.number == 1 => self.sent(attempt),
            Event::Ended { subject, end } => self.ended(subject, *end),
            _ => {}
        }
    }

    fn sent(&mut self, attempt: &Attempt) {
        let faults = &attempt.subject.faults;
        for fault in faults.names() {
            let done = match (fault, attempt.duplicate) {
                (Fault::Drop, _) => false,
                (Fault::Duplicate, duplicate) => duplicate.is_some(),
                (_, duplicate) => duplicate.is_none(),
            };
            self.counts.entry(fault).or_default().done += u64::from(done);
        }
    }

    fn ended(&mut self, subject: &Subject, end: End) {
        for fault in subject.faults.names() {
            let count = self.counts.entry(fault).or_default();
            count.drawn += 1;
            count.done += u64::from(fault == Fault::Drop && end == End::Dropped);
        }
    }

    /// One line for people, of those that were drawn; empty if none was.
    pub fn to_text(&self) -> String {
        let words: Vec<_> = self
            .counts
            .iter()
            .map(|(fault, Count { drawn, done })| match drawn == done {
                true => format!("{} ×{drawn}", fault.name()),
                false => format!("{} ×{drawn} ({done} done)", fault.name()),
            })
            .collect();
        let mut text = String::new();
        if !words.is_empty() {
            let _ = writeln!(text, "{DIM}faults        {}{DIM:#}", words.join(", "));
        }
        text
    }

    /// For programs: every fault, also those that were not drawn.
    pub fn to_json(&self) -> BTreeMap<&'static str, Count> {
        FAULTS.iter().map(|fault| (fault.name(), self.counts.get(fault).copied().unwrap_or_default())).collect()
    }
}
