//! When an attempt is made, and what its body tells of it.

use super::payload::{EventTimeAt, Payload};
use crate::time::UnixMillis;

/// The times that a body tells, and what they are told from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// When the thing happened: `task_start_time`, `task_exit_time`, `event_time`. A retry does not change it.
    pub happened: UnixMillis,
    /// When this attempt is made: `t`.
    pub attempted: UnixMillis,
    /// The instant of scenario time 0: no clock of the run was before it.
    pub epoch: UnixMillis,
}

impl Moment {
    /// All of it at once.
    pub const fn at(now: UnixMillis) -> Self {
        Self { happened: now, attempted: now, epoch: now }
    }

    /// `event_time`, in UNIX seconds.
    pub fn event_time(self, payload: &Payload) -> u64 {
        match payload.event_time_at {
            EventTimeAt::Event => self.happened.seconds(),
            EventTimeAt::Attempt => self.attempted.seconds(),
        }
    }
}
