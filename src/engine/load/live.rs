//! What can be seen of a worker while it works: counters that it alone writes, so that looking costs it nothing.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::time::micros;

/// Powers of two of microseconds that latencies are counted by.
pub const BUCKETS: usize = 32;

/// One worker's counters.
#[derive(Debug, Default)]
// On a cache line of its own: the next worker's counters are another thread's.
#[repr(align(128))]
pub struct Live {
    sent: AtomicU64,
    ok: AtomicU64,
    errors: AtomicU64,
    dropped: AtomicU64,
    late: AtomicU64,
    waiting: AtomicU64,
    in_flight: AtomicU64,
    latency: [AtomicU64; BUCKETS],
}

/// The counters of all workers at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look {
    /// Requests that went out.
    pub sent: u64,
    /// Answered with 200.
    pub ok: u64,
    /// Met something else.
    pub errors: u64,
    /// Never sent.
    pub dropped: u64,
    /// Those the generator was late with.
    pub late: u64,
    /// Waiting for a permit.
    pub waiting: u64,
    /// On their way.
    pub in_flight: u64,
    /// done − due, by powers of two of microseconds.
    pub latency: [u64; BUCKETS],
}

impl Look {
    /// Everything whose time has come.
    pub const fn arrived(&self) -> u64 {
        self.sent + self.dropped + self.waiting
    }
}

impl Live {
    pub(super) fn sent(&self, is_late: bool) {
        bump(&self.sent);
        bump(&self.in_flight);
        if is_late {
            bump(&self.late);
        }
    }

    pub(super) fn dropped(&self, is_late: bool) {
        bump(&self.dropped);
        if is_late {
            bump(&self.late);
        }
    }

    pub(super) fn waiting(&self, now: usize) {
        self.waiting.store(now as u64, Relaxed);
    }

    pub(super) fn met(&self, is_ok: bool, corrected: Duration) {
        bump(if is_ok { &self.ok } else { &self.errors });
        self.in_flight.store(self.in_flight.load(Relaxed).saturating_sub(1), Relaxed);
        bump(&self.latency[(micros(corrected).max(1).ilog2() as usize).min(BUCKETS - 1)]);
    }
}

/// One writer only: no atomic addition is needed.
fn bump(counter: &AtomicU64) {
    counter.store(counter.load(Relaxed) + 1, Relaxed);
}

/// Looks at all workers.
pub fn look(workers: &[Live]) -> Look {
    let mut look = Look::default();
    for live in workers {
        look.sent += live.sent.load(Relaxed);
        look.ok += live.ok.load(Relaxed);
        look.errors += live.errors.load(Relaxed);
        look.dropped += live.dropped.load(Relaxed);
        look.late += live.late.load(Relaxed);
        look.waiting += live.waiting.load(Relaxed);
        look.in_flight += live.in_flight.load(Relaxed);
        look.latency.iter_mut().zip(&live.latency).for_each(|(sum, count)| *sum += count.load(Relaxed));
    }
    look
}
