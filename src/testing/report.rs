//! What a run came to, for the assertions of a test.

use std::fmt;

use crate::engine::judge;
use crate::exit_code::Exit;
use crate::report::summary::{Summary, SummaryJson};
use crate::time::UnixMillis;

/// The most complaints that are kept one by one.
const MOST_COMPLAINTS: usize = 1000;

/// What the program under test owed and did not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    task_id: Option<String>,
    text: String,
}

impl Complaint {
    fn new(complaint: &judge::Complaint) -> Self {
        let task_id = complaint.about.task().map(|(_, id)| id.to_owned());
        Self { task_id, text: complaint.to_string() }
    }

    /// The task that it is about, if it is about one.
    pub fn task_id(&self) -> Option<&str> {
        self.task_id.as_deref()
    }

    /// One line: which callback or probe, what was expected, and what came.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// What a run came to. `Display` is the summary that `pullpush run` prints, and how to run it again.
#[must_use = "a report fails no test by itself: call `assert`"]
pub struct Report {
    pub(super) not_run: Option<String>,
    pub(super) epoch: UnixMillis,
    pub(super) summary: Summary,
    complaints: Vec<Complaint>,
}

impl Report {
    pub(super) fn of(seed: u64, epoch: UnixMillis) -> Self {
        Self { not_run: None, epoch, summary: Summary::new(seed), complaints: Vec::new() }
    }

    pub(super) fn complain(&mut self, complaint: &judge::Complaint) {
        self.summary.complain(complaint);
        if self.complaints.len() < MOST_COMPLAINTS {
            self.complaints.push(Complaint::new(complaint));
        }
    }

    /// Whether everything was sent, and the program under test did all it owed.
    pub fn is_success(&self) -> bool {
        self.not_run.is_none() && self.summary.exit() == Exit::Success
    }

    /// Fails the test unless [`is_success`](Self::is_success), and says everything that is known.
    ///
    /// # Panics
    /// If it is not.
    #[track_caller]
    pub fn assert(&self) {
        assert!(self.is_success(), "{self}");
    }

    /// What it owed and did not do, in order of time: the first thousand.
    pub fn complaints(&self) -> &[Complaint] {
        &self.complaints
    }

    /// The seed that gives the same again.
    pub fn seed(&self) -> u64 {
        self.facts().seed
    }

    /// Callbacks of the plan: the sum of the next four, and of those that were not sent because the run was stopped.
    pub fn planned(&self) -> u64 {
        self.facts().planned
    }

    /// Callbacks that were answered with 200 in the end.
    pub fn acknowledged(&self) -> u64 {
        self.facts().acknowledged
    }

    /// Callbacks that were not, with all retries.
    pub fn given_up(&self) -> u64 {
        self.facts().given_up
    }

    /// Callbacks that a fault of the scenario kept from being sent.
    pub fn dropped(&self) -> u64 {
        self.facts().dropped
    }

    /// Callbacks that a fault of the scenario spoilt, and that were not acknowledged.
    pub fn spoilt(&self) -> u64 {
        self.facts().spoilt
    }

    /// Requests, retries and duplicates included.
    pub fn attempts(&self) -> u64 {
        self.facts().attempts
    }

    fn facts(&self) -> SummaryJson {
        self.summary.to_json()
    }
}

/// As it is displayed.
impl fmt::Debug for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(reason) = &self.not_run {
            return write!(out, "nothing was sent: {reason}");
        }
        let text = self.summary.to_text();
        writeln!(out, "{}", anstream::adapter::strip_str(text.trim()))?;
        let (seed, epoch) = (self.seed(), self.epoch.0);
        write!(out, "again: .seed({seed}).epoch(UNIX_EPOCH + Duration::from_millis({epoch}))")
    }
}
