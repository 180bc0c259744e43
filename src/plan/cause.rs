//! What makes a plan more than a quiet evening: the incidents and faults that were drawn, one by one, and plans without some.

use std::collections::BTreeSet;

use super::Plan;
use crate::scenario::fault::{Fault, Faults};
use crate::scenario::task::{IncidentKind, Script};

/// One incident of one task, or one fault of one delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The task's incident at this index.
    Incident {
        /// Number of the task, from 1.
        task: u64,
        /// Place among the incidents of its `[[task]]`, from 0.
        index: usize,
    },
    /// A fault of the task's delivery with this number.
    Fault {
        /// Number of the task, from 1.
        task: u64,
        /// Number of the delivery in its task, from 1.
        number: u64,
        /// Which fault.
        fault: Fault,
    },
}

impl Cause {
    /// The number of its task.
    pub const fn task(self) -> u64 {
        match self {
            Self::Incident { task, .. } | Self::Fault { task, .. } => task,
        }
    }
}

/// What of a plan is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// The tasks.
    pub tasks: BTreeSet<u64>,
    /// The incidents and faults of these.
    pub causes: BTreeSet<Cause>,
}

impl Kept {
    /// Whether the task's incident at `index` still happens.
    pub(super) fn incident(&self, task: u64, index: usize) -> bool {
        self.causes.contains(&Cause::Incident { task, index })
    }

    /// What is left of the faults of a delivery.
    pub(super) fn sift(&self, task: u64, number: u64, faults: Faults) -> Faults {
        let kept = |fault| self.causes.contains(&Cause::Fault { task, number, fault });
        Faults {
            dropped: faults.dropped && kept(Fault::Drop),
            delay: faults.delay.filter(|_| kept(Fault::Delay)),
            duplicate: faults.duplicate.filter(|_| kept(Fault::Duplicate)),
            corruption: faults.corruption.filter(|_| kept(Fault::Corrupt)),
            signature: faults.signature.filter(|_| kept(Fault::Signature)),
            connection: faults.connection.filter(|_| kept(Fault::Connection)),
        }
    }
}

impl Plan {
    /// Everything that was drawn, task by task.
    pub fn causes(&self) -> impl Iterator<Item = Cause> {
        self.tasks().flat_map(move |task| {
            let number = task.number;
            let incidents = self.incidents(&task).into_iter();
            let faults = self.lane(task).filter(|delivery| !delivery.is_duplicate()).flat_map(move |delivery| {
                let cause = move |fault| Cause::Fault { task: number, number: delivery.number, fault };
                delivery.faults.names().map(cause).collect::<Vec<_>>()
            });
            incidents.map(move |index| Cause::Incident { task: number, index }).chain(faults)
        })
    }

    /// A cause in words: `incident push-broken  task=118148`, `fault drop  TaskExit -22  task=118148  #5`.
    pub fn describe(&self, cause: Cause) -> String {
        let Some(task) = self.task(cause.task()) else { return String::new() };
        let id = task.id().into_owned();
        match cause {
            Cause::Incident { index, .. } => {
                let kind = match &task.spec.script {
                    Script::Relay(relay) => relay.incidents.get(index).map(|incident| incident.kind),
                    Script::Steps(_) => None,
                };
                format!("incident {}  task={id}", kind.map_or("", IncidentKind::name))
            }
            Cause::Fault { number, fault, .. } => {
                let mut lane = self.lane(task);
                let found = lane.find(|delivery| delivery.number == number && !delivery.is_duplicate());
                found.map_or_else(String::new, |delivery| {
                    let faults = delivery.faults.only(fault);
                    format!("fault {faults}  {}  task={id}  #{number}", delivery.callback)
                })
            }
        }
    }
}
