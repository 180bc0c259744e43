//! The progress line on standard error: for whatever takes over two seconds, on a terminal only.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::report::summary::{Summary, plural};

/// How long a run stays without a progress line.
const QUIET: Duration = Duration::from_secs(2);

/// A progress line for many short runs.
pub(super) struct Meter(ProgressBar);

impl Meter {
    /// A line that shows what it is told, from two seconds on.
    pub(super) fn new(what: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        Self(bar)
    }

    /// Brings the line up to date.
    pub(super) fn show(&self, message: &str) {
        if self.0.elapsed() < QUIET || !std::io::stderr().is_terminal() {
            return;
        }
        if self.0.is_hidden() {
            self.0.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.0.set_message(message.to_owned());
        self.0.tick();
    }

    /// Writes something else meanwhile.
    pub(super) fn around<T>(&self, write: impl FnOnce() -> T) -> T {
        if self.0.is_hidden() { write() } else { self.0.suspend(write) }
    }

    /// Takes the line away.
    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

/// The progress line of one run.
pub(super) struct Progress {
    bar: ProgressBar,
    planned: Option<u64>,
    wanted: bool,
}

impl Progress {
    /// A line that tells of `planned` deliveries, if it is known how many there are.
    pub(super) fn new(planned: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(planned, ProgressDrawTarget::hidden());
        let template = if planned.is_some() { "{bar:24} {msg}  {elapsed}" } else { "{spinner} {msg}  {elapsed}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, planned, wanted: std::io::stderr().is_terminal() }
    }

    /// No line at all.
    pub(super) fn none() -> Self {
        Self { wanted: false, ..Self::new(None) }
    }

    /// Writes something else meanwhile.
    pub(super) fn around<T>(&self, write: impl FnOnce() -> T) -> T {
        if self.bar.is_hidden() { write() } else { self.bar.suspend(write) }
    }

    /// Brings the line up to date.
    pub(super) fn show(&mut self, summary: &Summary) {
        if !self.wanted || self.bar.elapsed() < QUIET {
            return;
        }
        if self.bar.is_hidden() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        let ended = summary.ended();
        let done = match self.planned {
            Some(planned) => format!("{ended}/{planned} callbacks"),
            None => plural(ended, "callback"),
        };
        let failed = summary.complaints();
        let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
        self.bar.set_position(ended);
        self.bar.set_message(format!("{done}{failed}"));
    }

    /// Takes the line away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
