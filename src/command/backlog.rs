//! How many bytes wait to be written: whoever brings more has to wait, so that a slow reader costs time and not memory.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// The most bytes that wait, but for one message that may be longer by itself.
const MOST: usize = 64 * 1024 * 1024;
/// How often whoever waits looks whether anybody still writes.
const LOOK: Duration = Duration::from_millis(200);

/// The bytes that wait.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    bytes: Mutex<usize>,
    less: Condvar,
}

impl Backlog {
    /// So many bytes more wait, once there is room for them; or at once, if nobody writes any more.
    pub(super) fn add(&self, bytes: usize, nobody_writes: impl Fn() -> bool) {
        if bytes == 0 {
            return;
        }
        let mut waiting = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        while *waiting > 0 && *waiting + bytes > MOST && !nobody_writes() {
            waiting = self.less.wait_timeout(waiting, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
        *waiting += bytes;
    }

    /// So many bytes are written.
    pub(super) fn remove(&self, bytes: usize) {
        if bytes > 0 {
            let mut waiting = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
            *waiting = waiting.saturating_sub(bytes);
            self.less.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn what_does_not_fit_waits() {
        let backlog = Arc::new(Backlog::default());
        backlog.add(2 * MOST, || false);
        let looks = Arc::new(AtomicUsize::new(0));
        let adding = std::thread::spawn({
            let (backlog, looks) = (Arc::clone(&backlog), Arc::clone(&looks));
            move || {
                let look = || looks.fetch_add(1, Ordering::SeqCst) == usize::MAX;
                backlog.add(1, look);
            }
        });
        // It has come, and looks whether it may stay.
        while looks.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        assert_eq!(*backlog.bytes.lock().unwrap(), 2 * MOST);
        backlog.remove(2 * MOST);
        adding.join().unwrap();
        assert_eq!(*backlog.bytes.lock().unwrap(), 1);
    }

    #[test]
    fn nobody_waits_for_nobody() {
        let backlog = Backlog::default();
        backlog.add(MOST, || false);
        backlog.add(MOST, || true);
        assert_eq!(*backlog.bytes.lock().unwrap(), 2 * MOST);
    }
}
