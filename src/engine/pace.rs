//! Scenario time against the time of the runtime's clock.

use std::cell::Cell;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::time::Millis;

/// How fast scenario time runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// So many times as fast as the clock: 0.001 to 1 000 000.
    Times(f64),
    /// Never waits.
    Max,
}

impl Speed {
    /// As fast as the clock.
    pub const REAL: Self = Self::Times(1.0);

    /// Whether time can run like that.
    pub(crate) fn is_possible(self) -> bool {
        match self {
            Self::Times(times) => (0.001..=1_000_000.0).contains(&times),
            Self::Max => true,
        }
    }
}

/// `60x`, `0.5x`, `60` or `max`.
impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.strip_suffix('x').unwrap_or(text).parse().map(Self::Times) {
            Ok(speed) if speed.is_possible() => Ok(speed),
            _ => Err("a speed is like 1x, 60x or 0.5x (up to 1000000x), or max".to_owned()),
        }
    }
}

/// As it is typed.
impl fmt::Display for Speed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Times(times) => write!(out, "{times}x"),
            Self::Max => out.write_str("max"),
        }
    }
}

/// The clock of a run: one instant it began, and a speed. While the run is held up by its own output, the schedule stands still.
#[derive(Debug)]
pub(super) struct Pace {
    began: Instant,
    speed: Speed,
    /// How many hold it up now, and since when.
    holding: Cell<(usize, Duration)>,
    /// How long it was held up before.
    stopped: Cell<Duration>,
}

/// Holds the schedule up.
pub(super) struct Hold<'a>(&'a Pace);

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        let pace = self.0;
        let (holding, since) = pace.holding.get();
        pace.holding.set((holding - 1, since));
        if holding == 1 {
            pace.stopped.set(pace.stopped.get() + pace.elapsed().saturating_sub(since));
        }
    }
}

impl Pace {
    /// Scenario time 0 is now.
    pub(super) fn start(speed: Speed) -> Self {
        Self { began: Instant::now(), speed, holding: Cell::default(), stopped: Cell::default() }
    }

    /// Real time since the run began.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Stops the schedule until what is given is dropped.
    pub(super) fn hold(&self) -> Hold<'_> {
        let (holding, since) = self.holding.get();
        self.holding.set((holding + 1, if holding == 0 { self.elapsed() } else { since }));
        Hold(self)
    }

    /// How long the schedule was stopped so far.
    pub(super) fn stopped(&self) -> Duration {
        let (holding, since) = self.holding.get();
        let now = if holding > 0 { self.elapsed().saturating_sub(since) } else { Duration::ZERO };
        self.stopped.get() + now
    }

    /// Real time from the beginning to `due`, with what the schedule was stopped so far; `None` where nothing waits.
    pub(super) fn real(&self, due: Millis) -> Option<Duration> {
        let real = match self.speed {
            Speed::Times(1.0) => due.to_duration(),
            Speed::Times(times) => Duration::try_from_secs_f64(due.to_duration().as_secs_f64() / times).ok()?,
            Speed::Max => return None,
        };
        real.checked_add(self.stopped())
    }

    /// Scenario time by now; at full speed the time of what has just been done, `last`.
    pub(super) fn now(&self, last: Millis) -> Millis {
        match self.speed {
            Speed::Times(times) => {
                let passed = self.elapsed().saturating_sub(self.stopped()).as_secs_f64() * times;
                let passed = Duration::try_from_secs_f64(passed);
                Millis::from_duration(passed.unwrap_or(Duration::MAX)).max(last)
            }
            Speed::Max => last,
        }
    }

    /// Waits for a scenario time.
    pub(super) async fn wait_until(&self, due: Millis) {
        if self.speed == Speed::Max {
            return;
        }
        loop {
            // An instant too far for the clock never comes.
            match self.real(due).and_then(|real| self.began.checked_add(real)) {
                Some(instant) if instant <= Instant::now() => return,
                // The schedule may be stopped meanwhile.
                Some(instant) => sleep_until(instant).await,
                None => std::future::pending().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds() {
        for (text, speed) in
            [("1x", Speed::REAL), ("60", Speed::Times(60.0)), ("0.5x", Speed::Times(0.5)), ("max", Speed::Max)]
        {
            assert_eq!(text.parse(), Ok(speed));
        }
        for text in ["", "x", "0x", "-1x", "NaN", "inf", "1e9x", "fast"] {
            assert!(text.parse::<Speed>().is_err(), "{text}");
        }
    }
}
