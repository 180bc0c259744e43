//! Writes what happens as it happens, and sums it up. It never keeps a run waiting that is in real time.

use super::output::Output;
use crate::cli::args::Format;
use crate::engine::event::Event;
use crate::engine::judge::Complaint;
use crate::engine::writer::Writer;
use crate::report::style::DIM;
use crate::report::summary::Summary;
use crate::report::{log, ndjson};

/// Folds events into a summary and writes them.
pub(super) struct Reporter {
    output: Output,
    format: Format,
    /// Whether it may wait for a slow reader: in virtual time that is in nobody's way.
    may_wait: bool,
    summary: Summary,
}

impl Reporter {
    /// A reporter that has written nothing yet.
    pub(super) fn new(format: Format, may_wait: bool, summary: Summary) -> Self {
        let output = match format {
            Format::Human => Output::for_people(),
            Format::Ndjson => Output::for_programs(),
        };
        Self { output, format, may_wait, summary }
    }

    /// What has to be complete, and so stops a run while nobody reads it.
    pub(super) fn complete(&self) -> Option<Writer> {
        (self.format == Format::Ndjson && !self.may_wait).then(|| self.output.writer())
    }

    /// Takes one event.
    pub(super) fn take(&mut self, event: &Event) {
        self.summary.take(event);
        self.write(&match self.format {
            Format::Human => log::line(event),
            Format::Ndjson => ndjson::line(event),
        });
    }

    /// Takes what the receiver owed and did not do.
    pub(super) fn complain(&mut self, complaint: &Complaint) {
        self.summary.complain(complaint);
        self.write(&match self.format {
            Format::Human => log::complaint(complaint),
            Format::Ndjson => ndjson::complaint(complaint),
        });
    }

    /// Takes a remark beside the log.
    pub(super) fn remark(&self, remark: &str) {
        if self.format == Format::Human {
            self.write(&format!("{DIM}{remark}{DIM:#}\n"));
        }
    }

    /// Writes `text`.
    pub(super) fn write(&self, text: &str) {
        match self.format {
            // What goes wrong shows at the end.
            _ if self.may_wait => drop(self.output.write(text)),
            Format::Human => self.output.offer(text),
            Format::Ndjson => self.output.push(text),
        }
    }

    /// What there is so far.
    pub(super) fn summary(&self) -> &Summary {
        &self.summary
    }

    /// What it wrote to, and what it came to.
    pub(super) fn end(self) -> (Output, Summary) {
        (self.output, self.summary)
    }
}
