//! The life of one relay task, callback by callback: a [`Machine`] that runs by itself to the end.

mod change;
mod incidents;
pub mod machine;
mod occurrence;
mod phases;
mod state;
pub mod status;

use std::sync::Arc;

use self::machine::{Happening, Machine};
use crate::dice::Dice;
use crate::scenario::task::TaskSpec;
use crate::time::{Cutoff, Millis};

/// The callbacks of one task in order of time: the provider's truth, worked out as it is asked for.
#[derive(Debug, Clone)]
pub struct Timeline(Option<Machine>);

impl Timeline {
    /// The timeline of the task with this number (from 1, over all tasks of the scenario).
    ///
    /// A task of exact steps has none: it is empty. `alarms` says whether the service of this profile sends them; what is cut
    /// off ends early.
    pub fn new(spec: &Arc<TaskSpec>, number: u64, dice: Dice, alarms: bool, cutoff: Cutoff) -> Self {
        Self(Machine::new(spec, number, dice, alarms, cutoff))
    }

    /// The incidents that will happen, by their places; but for those that the task's end forestalls.
    pub fn incidents(&self) -> impl Iterator<Item = usize> {
        self.0.iter().flat_map(Machine::incidents)
    }

    /// Only these incidents happen. Must be said before anything is taken.
    pub fn keep(&mut self, kept: impl Fn(usize) -> bool) {
        if let Some(machine) = &mut self.0 {
            machine.keep(kept);
        }
    }
}

impl Iterator for Timeline {
    type Item = Happening;

    fn next(&mut self) -> Option<Happening> {
        self.0.as_mut()?.next_until(Millis::FOREVER)
    }
}
