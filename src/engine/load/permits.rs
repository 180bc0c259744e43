//! The permits of one worker: who may send, and since when that was possible.

use std::collections::VecDeque;
use std::time::Duration;

/// So many requests may be on their way. All times are since the load began.
#[derive(Debug)]
pub(super) struct Permits {
    /// Never taken: free from the beginning.
    fresh: u64,
    /// When the others became free, the first one first.
    free: VecDeque<Duration>,
    /// The one that was taken last: since when it was free, and when it was taken.
    last: (Duration, Duration),
}

impl Permits {
    /// All of them are free.
    pub(super) fn new(count: u64) -> Self {
        Self { fresh: count, free: VecDeque::new(), last: (Duration::MAX, Duration::ZERO) }
    }

    /// Takes the permit that has been free the longest, and says since when.
    pub(super) fn take(&mut self, now: Duration) -> Option<Duration> {
        let since = if self.fresh > 0 {
            self.fresh -= 1;
            Duration::ZERO
        } else {
            self.free.pop_front()?
        };
        self.last = (since, now);
        Some(since)
    }

    /// One is free again.
    pub(super) fn give(&mut self, now: Duration) {
        self.free.push_back(now);
    }

    /// How late the generator was with a request that was due at `due` and finds no permit `now`. If a permit was free at its time, and
    /// was taken since by one before it, a generator on time would not have met all of them at once: then this is its doing. Otherwise
    /// there was none at its time either, and nobody was late.
    pub(super) fn lateness(&self, due: Duration, now: Duration) -> Duration {
        let (since, taken) = self.last;
        if since <= due && due < taken { now.saturating_sub(due) } else { Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_permit_that_is_free_the_longest_is_taken() {
        let mut permits = Permits::new(2);
        assert_eq!((permits.take(at(1)), permits.take(at(2)), permits.take(at(3))), (Some(at(0)), Some(at(0)), None));
        permits.give(at(5));
        permits.give(at(7));
        assert_eq!((permits.take(at(8)), permits.take(at(9)), permits.take(at(9))), (Some(at(5)), Some(at(7)), None));
    }

    #[test]
    fn a_drop_is_the_generators_doing_only_if_a_permit_was_free_at_its_time() {
        // It slept for a second: what was due meanwhile comes all at once. The first takes the permit that was free all the time.
        let mut slept = Permits::new(1);
        assert_eq!(slept.take(at(1000)), Some(at(0)));
        assert_eq!(slept.lateness(at(400), at(1001)), at(601));
        // The receiver is slow: the only permit was in use at the time of all of them.
        let mut slow = Permits::new(1);
        slow.take(at(0));
        assert_eq!(slow.lateness(at(400), at(1001)), at(0));
        slow.give(at(1000));
        assert_eq!(slow.take(at(1000)), Some(at(1000)));
        assert_eq!(slow.lateness(at(410), at(1001)), at(0));
        assert_eq!(slow.lateness(at(1000), at(1001)), at(0));
    }
}
