//! The agenda: the lanes of all tasks, merged by the time of what comes next in each.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::iter::Peekable;

use super::delivery::Delivery;
use super::lane::Lane;
use super::{Plan, Tasks};
use crate::scenario::extent::{MAX_ALIVE, SHORT};
use crate::time::{Cutoff, Millis};

/// The most lanes that are kept open while they wait.
pub(super) const MAX_OPEN: usize = 16_384;

/// Lanes by the time of what comes next in each.
///
/// Memory goes with the tasks that are alive at one time, not with all there are: a lane is opened when its task starts.
/// Where very many are alive at once, short lanes are closed while they wait and worked out again when their time comes.
#[derive(Debug)]
pub struct Agenda {
    plan: Plan,
    /// Tasks that have not started, in order of their start.
    to_come: Peekable<Tasks>,
    waiting: BinaryHeap<Reverse<Waiting>>,
    /// Lanes that are kept open, by the number of their task.
    open: HashMap<u64, Lane>,
}

/// A lane that waits: when it is due, whose it is, how much of it is done.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    due: Millis,
    task: u64,
    taken: u64,
}

impl Agenda {
    /// Everything in `plan`.
    pub fn new(plan: Plan) -> Self {
        Self { to_come: plan.tasks().peekable(), plan, waiting: BinaryHeap::new(), open: HashMap::new() }
    }

    /// All tasks, in order of their start.
    pub fn tasks(&self) -> Tasks {
        self.plan.tasks()
    }

    /// What cuts it short; then there is more than it says.
    pub fn cutoff(&self) -> Cutoff {
        self.plan.cutoff().clone()
    }

    /// When the next delivery is due, and the number of its task.
    pub fn next_place(&mut self) -> Option<(Millis, u64)> {
        self.start_tasks();
        self.waiting.peek().map(|Reverse(first)| (first.due, first.task))
    }

    /// The next delivery and its lane, which has to be put back for its deliveries to go on.
    pub fn take_next(&mut self) -> Option<(Delivery, Lane)> {
        self.start_tasks();
        let Reverse(first) = self.waiting.pop()?;
        let mut lane = self.lane(&first)?;
        lane.next().map(|delivery| (delivery, lane))
    }

    /// Puts a lane back; its next delivery is due at `due`, or when it says itself.
    pub fn put_back(&mut self, lane: Lane, due: Option<Millis>) {
        let Some(next) = lane.peek() else { return };
        let waiting = Waiting { due: due.unwrap_or(next.offset), task: next.task.number, taken: lane.taken() };
        if self.open.len() < MAX_OPEN || waiting.taken > SHORT {
            self.open.insert(waiting.task, lane);
        }
        self.waiting.push(Reverse(waiting));
    }

    /// Every delivery that has not been taken, lane by lane, not in order of time, without duplicates. For counting.
    pub fn rest(mut self) -> impl Iterator<Item = Delivery> {
        std::iter::from_fn(move || match self.waiting.pop().filter(|_| !self.plan.cutoff().is_cut()) {
            Some(Reverse(waiting)) => Some(self.lane(&waiting)),
            None => self.to_come.next().map(|task| Some(self.plan.lane(task))),
        })
        .flatten()
        .flatten()
        .filter(|delivery| !delivery.is_duplicate())
    }

    fn lane(&mut self, waiting: &Waiting) -> Option<Lane> {
        self.open.remove(&waiting.task).or_else(|| {
            let mut lane = self.plan.lane(self.plan.task(waiting.task)?);
            for _ in 0..waiting.taken {
                lane.next();
            }
            Some(lane)
        })
    }

    /// Opens the lanes that may hold the next delivery: a task says nothing before its start.
    fn start_tasks(&mut self) {
        while let Some(task) = self.to_come.peek() {
            let is_later = |first: &Waiting| (task.start(), task.number) > (first.due, first.task);
            // Only a receiver that lags behind makes more of them wait than the scenario says.
            let is_full = self.waiting.len() >= MAX_ALIVE;
            if self.waiting.peek().is_some_and(|Reverse(first)| is_full || is_later(first)) {
                return;
            }
            if let Some(task) = self.to_come.next() {
                let lane = self.plan.lane(task);
                self.put_back(lane, None);
            }
        }
    }
}

/// In the order planned: every lane goes on at once.
impl Iterator for Agenda {
    type Item = Delivery;

    fn next(&mut self) -> Option<Delivery> {
        let (delivery, lane) = self.take_next()?;
        self.put_back(lane, None);
        Some(delivery)
    }
}
