//! The plan: every delivery of a scenario, in order of time, worked out as it is asked for.

pub mod agenda;
pub mod delivery;
pub mod lane;
pub mod task;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::dice::{Dice, Purpose};
use crate::scenario::Scenario;
use crate::time::Millis;
use agenda::Agenda;
use lane::Lane;
use task::Task;

/// What a scenario comes to with one seed: a pure function of both.
#[derive(Debug, Clone)]
pub struct Plan {
    scenario: Arc<Scenario>,
    dice: Dice,
    first_id: u64,
    only: Option<u64>,
}

impl Plan {
    /// The plan of `scenario` with `seed`.
    pub fn new(scenario: Arc<Scenario>, seed: u64) -> Self {
        let dice = Dice::new(seed);
        // Ids count on from here, as the service's do; a million tasks keep them at nine digits or fewer.
        let first_id = dice.stream(Purpose::TaskId, 0).between(100_000, 99_999_999);
        Self { scenario, dice, first_id, only: None }
    }

    /// The same plan with one task only, by its number; nothing else about it changes.
    #[must_use]
    pub fn only(mut self, number: u64) -> Self {
        self.only = Some(number);
        self
    }

    /// The scenario.
    pub fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.dice.seed()
    }

    /// The tasks with the time each starts, in order of that time.
    pub fn tasks(&self) -> Tasks {
        Tasks::new(self)
    }

    /// The tasks' lanes, in order of their start.
    pub fn lanes(&self) -> impl Iterator<Item = Lane> + use<> {
        let (dice, alarms) = (self.dice, self.scenario.payload.profile.has_alarms());
        self.tasks().map(move |(task, start)| Lane::new(task, start, dice, alarms))
    }

    /// Everything that is to be delivered, in order of time, then of task.
    pub fn deliveries(&self) -> Agenda<impl Iterator<Item = Lane> + use<>> {
        Agenda::new(self.lanes())
    }
}

/// The tasks of a plan, in order of their start: all copies of all `[[task]]`s.
#[derive(Debug)]
pub struct Tasks {
    scenario: Arc<Scenario>,
    first_id: u64,
    only: Option<u64>,
    /// For each `[[task]]` with copies left: start and number of the next one, which `[[task]]`, which copy.
    next: BinaryHeap<Reverse<(Millis, u64, usize, u64)>>,
}

impl Tasks {
    fn new(plan: &Plan) -> Self {
        let mut number = 1;
        let mut next = BinaryHeap::new();
        for (index, spec) in plan.scenario.tasks.iter().enumerate() {
            let copy = match plan.only {
                None => Some(1),
                Some(only) => only.checked_sub(number).filter(|before| *before < spec.count).map(|before| before + 1),
            };
            if let Some(copy) = copy {
                let start = spec.start.plus(spec.spacing.times(copy - 1));
                next.push(Reverse((start, number + copy - 1, index, copy)));
            }
            number += spec.count;
        }
        Self { scenario: Arc::clone(&plan.scenario), first_id: plan.first_id, only: plan.only, next }
    }
}

impl Iterator for Tasks {
    type Item = (Task, Millis);

    fn next(&mut self) -> Option<(Task, Millis)> {
        let Reverse((start, number, index, copy)) = self.next.pop()?;
        let spec = &self.scenario.tasks[index];
        if copy < spec.count && self.only.is_none() {
            self.next.push(Reverse((start.plus(spec.spacing), number + 1, index, copy + 1)));
        }
        let task = Task { spec: Arc::clone(spec), copy, number, default_id: self.first_id + number };
        Some((task, start))
    }
}
