//! The plan: every delivery of a scenario, in order of time, worked out as it is asked for.

pub mod agenda;
pub mod arrivals;
pub mod cause;
pub mod delivery;
mod ids;
pub mod lane;
pub mod moments;
pub mod profile;
pub mod task;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::dice::{Dice, Purpose};
use crate::scenario::Scenario;
use crate::scenario::task::{Range, TaskSpec};
use crate::service::timeline::Timeline;
use crate::time::{Cutoff, Millis};
use agenda::Agenda;
use cause::Kept;
use delivery::Delivery;
use ids::Ids;
use lane::Lane;
use task::Task;

/// What a scenario comes to with one seed: a pure function of both.
#[derive(Debug, Clone)]
pub struct Plan {
    scenario: Arc<Scenario>,
    dice: Dice,
    ids: Ids,
    /// How much higher the numbers are that tasks are called by.
    renumbered: u64,
    only: Option<u64>,
    kept: Option<Arc<Kept>>,
    cutoff: Cutoff,
}

impl Plan {
    /// The plan of `scenario` with `seed`.
    pub fn new(scenario: Arc<Scenario>, seed: u64) -> Self {
        let dice = Dice::new(seed);
        let scenario = with_starts(scenario, dice);
        let ids = Ids::draw(dice, scenario.service.task_id_digits);
        Self { scenario, dice, ids, renumbered: 0, only: None, kept: None, cutoff: Cutoff::default() }
    }

    /// The same plan with one task only, by its number; nothing else about it changes.
    #[must_use]
    pub fn only(mut self, number: u64) -> Self {
        self.only = Some(number);
        self
    }

    /// The same plan about other tasks: ids and targets that the scenario does not give are `by` higher.
    #[must_use]
    pub fn renumbered(mut self, by: u64) -> Self {
        self.renumbered = self.renumbered.saturating_add(by);
        self
    }

    /// The plan of another scenario with the same seed, whose tasks are numbered as these are.
    #[must_use]
    pub fn of(&self, scenario: Arc<Scenario>) -> Self {
        let cutoff = self.cutoff.clone();
        Self { renumbered: self.renumbered, cutoff, ..Self::new(scenario, self.seed()) }
    }

    /// The same plan with less in it; nothing that is kept changes, but for what follows from what is not.
    #[must_use]
    pub fn keeping(mut self, kept: Kept) -> Self {
        self.kept = Some(Arc::new(kept));
        self
    }

    /// Cuts short whatever is worked out of this plan or one made from it, from any thread; it ends then.
    pub fn cutoff(&self) -> &Cutoff {
        &self.cutoff
    }

    /// The scenario.
    pub fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.dice.seed()
    }

    /// The dice it is drawn with.
    pub fn dice(&self) -> Dice {
        self.dice
    }

    /// The tasks, in order of their start.
    pub fn tasks(&self) -> Tasks {
        Tasks::new(self)
    }

    /// The task with this number (from 1).
    pub fn task(&self, number: u64) -> Option<Task> {
        let mut before = 0;
        let spec = self.scenario.tasks.iter().find(|spec| {
            let found = (1..=spec.count).contains(&number.saturating_sub(before));
            before += if found { 0 } else { spec.count };
            found
        })?;
        Some(self.copy(spec, number - before, number))
    }

    /// The task with this number (from 1) in a row without end: after the scenario's last task come all of them again, as copies
    /// with further numbers. Of a plan with one task only it is that one, and then its copies.
    pub fn endless_task(&self, number: u64) -> Option<Task> {
        let count: u64 = self.scenario.tasks.iter().map(|spec| spec.count).sum();
        let number = match self.only {
            Some(only) => only + number.checked_sub(1)?.checked_mul(count)?,
            None => number,
        };
        let round = number.checked_sub(1)?.checked_div(count)?;
        let task = self.task(number - round * count)?;
        Some(self.copy(&task.spec, task.copy + round * task.spec.count, number))
    }

    fn copy(&self, spec: &Arc<TaskSpec>, copy: u64, number: u64) -> Task {
        let default_stream = self.renumbered.saturating_add(number);
        let default_id = self.ids.id(number, self.renumbered);
        Task { spec: Arc::clone(spec), copy, number, default_id, default_stream }
    }

    /// The deliveries of one task.
    pub fn lane(&self, task: Task) -> Lane {
        Lane::new(task, self.dice, self.scenario.payload.profile.has_alarms(), self.kept.clone(), self.cutoff.clone())
    }

    /// Which of its incidents happen to a task, by their places.
    fn incidents(&self, task: &Task) -> Vec<usize> {
        let kept = |index| self.kept.as_ref().is_none_or(|kept| kept.incident(task.number, index));
        Timeline::new(&task.spec, task.number, self.dice, true, self.cutoff.clone())
            .incidents()
            .filter(|index| kept(*index))
            .collect()
    }

    /// Everything that is to be delivered, in order of time, then of task.
    pub fn deliveries(&self) -> Agenda {
        Agenda::new(self.clone())
    }

    /// How many deliveries there are, but counted to `most` only. A duplicate belongs to its delivery.
    pub fn count(&self, most: usize) -> usize {
        let first = |delivery: &Delivery| !delivery.is_duplicate();
        self.tasks().flat_map(|task| self.lane(task)).filter(first).take(most).count()
    }
}

/// The scenario with every `start` drawn; where all are plain, the scenario itself, and nothing is drawn.
fn with_starts(scenario: Arc<Scenario>, dice: Dice) -> Arc<Scenario> {
    if scenario.tasks.iter().all(|spec| spec.start.min == spec.start.max) {
        return scenario;
    }
    let mut drawn = Scenario::clone(&scenario);
    for (index, spec) in drawn.tasks.iter_mut().enumerate().filter(|(_, spec)| spec.start.min < spec.start.max) {
        let Range { min, max } = spec.start;
        let start = Millis(dice.stream(Purpose::Start, index as u64).between(min.0, max.0));
        Arc::make_mut(spec).start = Range::one(start);
    }
    Arc::new(drawn)
}

/// The tasks of a plan, in order of their start: all copies of all `[[task]]`s.
#[derive(Debug, Clone)]
pub struct Tasks {
    plan: Plan,
    /// For each `[[task]]` with copies left: start and number of the next one, which `[[task]]`, which copy.
    next: BinaryHeap<Reverse<(Millis, u64, usize, u64)>>,
}

impl Tasks {
    fn new(plan: &Plan) -> Self {
        let mut before = 0;
        let mut next = BinaryHeap::new();
        for (index, spec) in plan.scenario.tasks.iter().enumerate() {
            let copy = match plan.only {
                None => Some(1),
                Some(only) => only.checked_sub(before).filter(|copy| (1..=spec.count).contains(copy)),
            };
            next.extend(copy.map(|copy| Reverse((spec.start_of(copy), before + copy, index, copy))));
            before += spec.count;
        }
        Self { plan: plan.clone(), next }
    }
}

impl Iterator for Tasks {
    type Item = Task;

    fn next(&mut self) -> Option<Task> {
        while !self.plan.cutoff.is_cut() {
            let Reverse((_, number, index, copy)) = self.next.pop()?;
            let spec = &self.plan.scenario.tasks[index];
            if copy < spec.count && self.plan.only.is_none() {
                self.next.push(Reverse((spec.start_of(copy + 1), number + 1, index, copy + 1)));
            }
            if self.plan.kept.as_ref().is_none_or(|kept| kept.tasks.contains(&number)) {
                return Some(self.plan.copy(spec, copy, number));
            }
        }
        None
    }
}
