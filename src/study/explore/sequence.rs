//! The sequence that is explored: what arrives, in order, if nothing is added to what the plan says.

use std::collections::BTreeSet;

use crate::plan::Plan;
use crate::plan::delivery::Delivery;
use crate::plan::task::Task;
use crate::time::Millis;

/// The longest sequence that is explored.
pub const MAX_LENGTH: usize = 16;
const _: () = assert!(MAX_LENGTH <= u8::MAX as usize, "places of an order are bytes");

/// One callback of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The number of its task.
    pub task: u64,
    /// Where it stands in the script of the plan: which of the tasks, which of its steps, both from 0.
    pub step: (usize, usize),
    /// When the thing happened that it tells of.
    pub happened: Millis,
    /// When it arrives.
    pub arrives: Millis,
    /// What it says, in a word.
    pub callback: String,
}

/// What arrives, in order; nothing if that is more than [`MAX_LENGTH`].
pub fn sequence(plan: &Plan) -> Option<Vec<Place>> {
    let comes = |delivery: &Delivery| !delivery.is_duplicate() && !delivery.faults.dropped;
    let arriving: Vec<Delivery> = plan.deliveries().filter(comes).take(MAX_LENGTH + 1).collect();
    if arriving.len() > MAX_LENGTH {
        return None;
    }
    // A script has the tasks that say anything at all.
    let speaks = |task: &Task| plan.lane(task.clone()).peek().is_some();
    let tasks: BTreeSet<u64> = plan.tasks().filter(speaks).map(|task| task.number).collect();
    let place = |delivery: Delivery| Place {
        task: delivery.task.number,
        step: (tasks.range(..delivery.task.number).count(), usize::try_from(delivery.number - 1).unwrap_or(usize::MAX)),
        happened: delivery.happened,
        arrives: delivery.offset,
        callback: delivery.callback.to_string(),
    };
    Some(arriving.into_iter().map(place).collect())
}
