//! Counts over everything the sink received.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::note::Note;
use super::reception::Reception;
use crate::callback::Kind;

/// How many of what.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// All requests; each is also in one of the next three.
    pub received: u64,
    /// Answered with 200.
    pub acknowledged: u64,
    /// Refused for what they were.
    pub refused: u64,
    /// Answered badly or not at all, on purpose.
    pub failed_on_purpose: u64,
    /// Of the refused, those that could not be written down because nobody read the output; they are in no line.
    #[serde(skip_serializing_if = "is_zero")]
    pub unrecorded: u64,
    /// By `callback_event`; `unknown` if the documents do not name it, `unreadable` if there is none.
    pub by_event: BTreeMap<&'static str, u64>,
    /// By the word of the complaint; a request may have several.
    pub complaints: BTreeMap<&'static str, u64>,
    /// By the word of the note.
    pub notes: BTreeMap<&'static str, u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Tally {
    /// Counts one request.
    pub fn count(&mut self, reception: &Reception) {
        self.received += 1;
        if reception.reply.is_acknowledgement() {
            self.acknowledged += 1;
        } else if reception.is_failed_on_purpose() {
            self.failed_on_purpose += 1;
        } else {
            self.refused += 1;
            self.unrecorded += u64::from(reception.reaction.is_unrecorded);
        }
        let seen = &reception.verdict.seen;
        let unknown = if seen.callback_event.is_some() { "unknown" } else { "unreadable" };
        *self.by_event.entry(seen.kind().map_or(unknown, Kind::name)).or_default() += 1;
        for complaint in &reception.verdict.complaints {
            *self.complaints.entry(complaint.word()).or_default() += 1;
        }
        if let Some(note) = reception.note {
            *self.notes.entry(note.word()).or_default() += 1;
        }
    }

    /// How many came again after they were acknowledged.
    pub fn repeated(&self) -> u64 {
        self.notes.get(Note::Repeated.word()).copied().unwrap_or_default()
    }
}

/// A few lines, the last without a newline.
impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { received, acknowledged, refused, failed_on_purpose, unrecorded, by_event, complaints, notes } = self;
        write!(out, "{received} received: {acknowledged} acknowledged, {refused} refused")?;
        if *failed_on_purpose > 0 {
            write!(out, ", {failed_on_purpose} failed on purpose")?;
        }
        if *unrecorded > 0 {
            write!(out, "\n{unrecorded} of them refused because nobody read the output")?;
        }
        for (title, counts) in [("events", by_event), ("complaints", complaints), ("notes", notes)] {
            if !counts.is_empty() {
                let counts: Vec<_> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
                write!(out, "\n{title}: {}", counts.join(", "))?;
            }
        }
        Ok(())
    }
}
