//! The times that a body tells: worked out here, for whoever plans, plays, loads or shows it.

use super::delivery::{Delivery, Pass};
use crate::callback::moment::Moment;
use crate::callback::payload::Stamps;
use crate::scenario::fault::DuplicateAs;
use crate::time::{Millis, UnixMillis};

/// What times in bodies count from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moments {
    /// The instant of scenario time 0.
    epoch: UnixMillis,
    /// What is told as time 0: the epoch, or the time of day when the run began.
    zero: UnixMillis,
}

impl Moments {
    /// Of a run that begins at `started_at` of the wall clock.
    pub const fn new(stamps: Stamps, epoch: UnixMillis, started_at: UnixMillis) -> Self {
        let zero = match stamps {
            Stamps::Virtual => epoch,
            Stamps::Real => started_at,
        };
        Self { epoch, zero }
    }

    /// In scenario time, whatever the stamps: before a run there is no other.
    pub const fn planned(epoch: UnixMillis) -> Self {
        Self { epoch, zero: epoch }
    }

    /// Of something that happened, and an attempt to tell of it, so long after time 0.
    pub fn moment(self, happened: Millis, attempted: Millis) -> Moment {
        Moment { happened: self.zero.plus(happened), attempted: self.zero.plus(attempted), epoch: self.epoch }
    }

    /// Of the first attempt, if it is made on time.
    pub fn of(self, delivery: &Delivery) -> Moment {
        // The bytes of the first once more tell its time.
        let attempted = match delivery.pass {
            Pass::Duplicate(DuplicateAs::SameBytes) => {
                delivery.happened.plus(delivery.faults.delay.unwrap_or_default())
            }
            _ => delivery.offset,
        };
        self.moment(delivery.happened, attempted)
    }
}
