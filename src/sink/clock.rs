//! The sink's clock, where it is not the time of day.

use std::time::Duration;

use crate::time::{Millis, UnixMillis};

/// A clock that shows another time than the time of day, and may run faster.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// The time of day at which it showed `epoch`.
    pub began: UnixMillis,
    /// What it showed then.
    pub epoch: UnixMillis,
    /// How many times as fast it runs.
    pub times: f64,
}

impl Clock {
    /// What it shows at a time of day.
    pub(super) fn at(&self, wall: UnixMillis) -> UnixMillis {
        let passed = Duration::from_millis(wall.0.saturating_sub(self.began.0));
        let passed = Duration::try_from_secs_f64(passed.as_secs_f64() * self.times).unwrap_or(Duration::MAX);
        self.epoch.plus(Millis::from_duration(passed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_scenario_time() {
        let clock = Clock { began: UnixMillis(5000), epoch: UnixMillis(1_000_000), times: 60.0 };
        let shown = [4000, 5000, 6000].map(|wall| clock.at(UnixMillis(wall)));
        assert_eq!(shown, [1_000_000, 1_000_000, 1_060_000].map(UnixMillis));
    }
}
