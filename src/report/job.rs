//! The page of a run in the summary of a CI job: a table of its scenarios, and what failed.

use std::fmt::Write;
use std::time::Duration;

use super::log::milliseconds;
use super::markdown::Page;
use super::summary::{Summary, SummaryJson};
use crate::exit_code::Exit;

/// What came of one scenario.
#[derive(Debug)]
pub struct Played {
    name: String,
    exit: Exit,
    summary: SummaryJson,
    /// Failures, the first of them one by one, and the command that does it again.
    failures: String,
}

impl Played {
    /// A scenario that is over; `again` plays it again.
    pub fn new(name: &str, summary: &Summary, again: &str) -> Self {
        let mut failures = String::new();
        for complaint in summary.kept() {
            let _ = writeln!(failures, "failed  {complaint}");
        }
        let omitted = summary.complaints() - summary.kept().len() as u64;
        if omitted > 0 {
            let _ = writeln!(failures, "failed  and {omitted} more");
        }
        if summary.exit() != Exit::Success {
            let _ = writeln!(failures, "again: {again}");
        }
        Self { name: name.to_owned(), exit: summary.exit(), summary: summary.to_json(), failures }
    }

    fn result(&self) -> &'static str {
        match self.exit {
            Exit::Success if self.summary.interrupted + self.summary.not_started > 0 => "interrupted",
            Exit::Success => "passed",
            Exit::ReceiverFailed => "failed",
            _ => "could not run",
        }
    }

    fn row(&self) -> Vec<String> {
        let Self { name, summary, .. } = self;
        let length = |micros| milliseconds(Duration::from_micros(micros));
        let counts = [summary.planned, summary.acknowledged, summary.complaints, summary.attempts];
        let lengths = [summary.start_delay.p99_us, summary.service_time.p99_us];
        let numbers = counts.map(|count| count.to_string()).into_iter().chain(lengths.map(length));
        [name.clone(), self.result().to_owned()].into_iter().chain(numbers).collect()
    }
}

/// The columns.
const HEAD: [&str; 8] =
    ["scenario", "result", "callbacks", "acknowledged", "failures", "attempts", "start delay p99", "service time p99"];

/// The page of a run that is over.
pub fn page(scenarios: &[Played]) -> Page {
    let mut page = Page::new("pullpush");
    page.table(&HEAD, 2, scenarios.iter().map(Played::row));
    for played in scenarios.iter().filter(|played| !played.failures.is_empty()) {
        page.part(&played.name);
        page.lines(&played.failures);
    }
    page
}
