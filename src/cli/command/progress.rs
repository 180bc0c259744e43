//! The progress line on standard error: for whatever takes over two seconds, on a terminal only.

use std::time::Duration;

use tokio::time::Instant;

use super::output::{is_watched, show};
use crate::report::summary::{Summary, plural};

/// How long a run stays without a progress line.
const QUIET: Duration = Duration::from_secs(2);

/// How wide a bar is.
const BAR: u64 = 24;

/// A progress line, which goes away with it.
pub(super) struct Meter {
    began: Instant,
    is_wanted: bool,
}

impl Meter {
    /// A line that shows what it is told, from two seconds on.
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), is_wanted: is_watched() }
    }

    /// Brings the line up to date.
    pub(super) fn show(&self, message: &str) {
        let passed = self.began.elapsed();
        if self.is_wanted && passed >= QUIET {
            show(&format!("{message}  {}s", passed.as_secs()));
        }
    }

    /// Brings the line of a run up to date, of `planned` deliveries, if it is known how many there are.
    pub(super) fn show_run(&self, summary: &Summary, planned: Option<u64>) {
        let ended = summary.ended();
        let done = match planned {
            Some(planned) => {
                let filled = (ended.min(planned) * BAR / planned.max(1)) as usize;
                let bar = "█".repeat(filled) + &"░".repeat(BAR as usize - filled);
                format!("{bar}  {ended}/{planned} callbacks")
            }
            None => plural(ended, "callback"),
        };
        let failed = summary.complaints();
        self.show(&if failed > 0 { format!("{done}, {failed} failed") } else { done });
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if self.is_wanted {
            show("");
        }
    }
}
