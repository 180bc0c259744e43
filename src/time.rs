//! Whole milliseconds for timelines, and the one place that asks for the time of day.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An offset or a length of scenario time, in whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Millis(pub u64);

/// The whole microseconds of `duration`, as reports and histograms count them.
pub fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Millis {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Later than everything: the end of what never ends.
    pub const FOREVER: Self = Self(u64::MAX);

    /// The length of `seconds` seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// The whole milliseconds of `duration`; what is finer is cut off.
    pub fn from_duration(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    /// The same length for the standard library.
    pub const fn to_duration(self) -> Duration {
        Duration::from_millis(self.0)
    }

    /// The sum, or [`Millis::FOREVER`] where it does not fit.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, or zero where `other` is the longer.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// `times` times this length, or [`Millis::FOREVER`] where it does not fit.
    #[must_use]
    pub const fn times(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::FOREVER {
            return out.write_str("forever");
        }
        write!(out, "{}", humantime::format_duration(self.to_duration()))
    }
}

/// How long somebody who wants a program to end waits for what it still works out.
pub const PATIENCE: Duration = Duration::from_millis(700);

/// The end of somebody's patience, declared on another thread: whatever is worked out goes no further.
#[derive(Debug, Clone, Default)]
pub struct Cutoff(Arc<AtomicBool>);

impl Cutoff {
    /// From now on nothing more is worked out.
    pub fn cut(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// The same [`PATIENCE`] later, by the real clock: who waits for a summary does not live in scenario time.
    pub fn cut_soon(&self) {
        let cutoff = self.clone();
        std::thread::spawn(move || {
            std::thread::park_timeout(PATIENCE);
            cutoff.cut();
        });
    }

    /// Whether it is so.
    pub fn is_cut(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    /// The last instant that can be written down: the end of the year 9999.
    pub const LAST: Self = Self(253_402_300_799_999);

    /// The instant `offset` later.
    #[must_use]
    pub const fn plus(self, offset: Millis) -> Self {
        Self(self.0.saturating_add(offset.0))
    }

    /// Whole seconds since 1970-01-01T00:00:00Z.
    pub const fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// `12:00:01.203`, in UTC.
    pub fn clock(self) -> String {
        self.to_string()[11..23].to_owned()
    }
}

impl From<SystemTime> for UnixMillis {
    fn from(time: SystemTime) -> Self {
        Self(Millis::from_duration(time.duration_since(UNIX_EPOCH).unwrap_or_default()).0)
    }
}

/// `2026-01-01T12:00:01.203Z`
impl fmt::Display for UnixMillis {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = UNIX_EPOCH + Duration::from_millis(self.0.min(Self::LAST.0));
        write!(out, "{}", humantime::format_rfc3339_millis(shown))
    }
}

/// The time of day.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn wall_now() -> UnixMillis {
    SystemTime::now().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_in_utc() {
        let instant = UnixMillis(1_767_225_601_203);
        assert_eq!(instant.to_string(), "2026-01-01T00:00:01.203Z");
        assert_eq!(instant.clock(), "00:00:01.203");
        assert_eq!(UnixMillis(u64::MAX).clock(), "23:59:59.999");
    }

    #[test]
    fn arithmetic_stops_at_the_ends() {
        assert_eq!(Millis::FOREVER.plus(Millis(1)), Millis::FOREVER);
        assert_eq!(Millis(1).minus(Millis(2)), Millis::ZERO);
        assert_eq!(Millis(90_500).to_string(), "1m 30s 500ms");
    }
}
