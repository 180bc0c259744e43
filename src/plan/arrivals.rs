//! Which callback arrives when: a pure function of scenario, seed, load and shard.

use std::cmp::Reverse;
use std::collections::btree_map::{BTreeMap, Entry};
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use super::Plan;
use super::agenda::MAX_OPEN;
use super::delivery::Delivery;
use super::lane::Lane;
use crate::plan::profile::{Profile, Times};
use crate::scenario::extent::SHORT;
use crate::scenario::load::{LoadSpec, Shard, Unit};
use crate::time::{Cutoff, Millis};

/// So many tasks in a row of which faults leave nothing are the end: more do not come by chance.
const MOST_EMPTY_TASKS: u32 = 20_000;

/// What is counted of arrivals whose times are drawn; there may be more.
const MOST_COUNTED: u64 = 50_000_000;

/// One callback and its time.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// Since the load began.
    pub due: Duration,
    /// What is to be sent.
    pub delivery: Delivery,
}

/// The part of a load that is made in one place: a shard of several machines, a worker of several threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The machine's.
    pub shard: Shard,
    /// The thread's, within the machine's.
    pub worker: Shard,
}

impl Part {
    /// Everything.
    pub const WHOLE: Self = Self { shard: Shard::WHOLE, worker: Shard::WHOLE };

    /// Whether slot or task `index` belongs to it.
    const fn has(self, index: u64) -> bool {
        index % self.shard.count == self.shard.index
            && index / self.shard.count % self.worker.count == self.worker.index
    }
}

/// The callbacks of an endless row of tasks, one after the other; what a fault drops is not among them.
#[derive(Debug)]
struct Row {
    plan: Plan,
    /// Number of the present task, from 1, and how many further the next one is.
    number: u64,
    step: u64,
    lane: Lane,
}

impl Row {
    fn new(plan: &Plan, number: u64, step: u64) -> Option<Self> {
        let lane = plan.lane(plan.endless_task(number)?);
        Some(Self { plan: plan.clone(), number, step, lane })
    }

    fn next(&mut self) -> Option<Delivery> {
        // A task whose callbacks are all dropped is followed by another; a scenario of nothing else has an end, too.
        for _ in 0..MOST_EMPTY_TASKS {
            if let Some(delivery) = self.lane.by_ref().find(|delivery| !delivery.faults.dropped) {
                return Some(delivery);
            }
            self.number += self.step;
            self.lane = self.plan.lane(self.plan.endless_task(self.number)?);
        }
        None
    }
}

/// Single callbacks of many tasks in turn, for whoever takes them one by one: as fast as they are taken.
#[derive(Debug)]
pub struct Callbacks {
    plan: Plan,
    tasks: u64,
    part: Part,
    rows: BTreeMap<u64, Row>,
    /// The next arrival's index among all.
    index: u64,
}

impl Callbacks {
    /// The callbacks of `part`.
    pub fn new(plan: &Plan, spec: &LoadSpec, part: Part) -> Self {
        Self { plan: plan.clone(), tasks: spec.tasks, part, rows: BTreeMap::new(), index: 0 }
    }

    /// The next one of the part, with its index among all.
    fn take(&mut self) -> Option<(u64, Delivery)> {
        let index = self.next_index()?;
        self.of(index % self.tasks).map(|delivery| (index, delivery))
    }

    /// The index of the part's next arrival; none if none of the tasks is the part's.
    fn next_index(&mut self) -> Option<u64> {
        let index = (self.index..).take(usize::try_from(self.tasks).unwrap_or(usize::MAX));
        let index = index.into_iter().find(|index| self.part.has(index % self.tasks))?;
        self.index = index + 1;
        Some(index)
    }

    /// How many arrivals of the part are left from the index `first` to before `end`.
    fn left_between(&self, first: u64, end: u64) -> u64 {
        let slots = |count: u64| (0..count).filter(|slot| self.part.has(*slot)).count() as u64;
        let round = slots(self.tasks);
        let before = |index: u64| index / self.tasks * round + slots(index % self.tasks);
        before(end).saturating_sub(before(first.max(self.index)))
    }

    fn of(&mut self, slot: u64) -> Option<Delivery> {
        match self.rows.entry(slot) {
            Entry::Occupied(row) => row.into_mut().next(),
            Entry::Vacant(place) => place.insert(Row::new(&self.plan, slot + 1, self.tasks)?).next(),
        }
    }
}

impl Iterator for Callbacks {
    type Item = Delivery;

    fn next(&mut self) -> Option<Delivery> {
        self.take().map(|(_, delivery)| delivery)
    }
}

/// Arrivals at their times.
#[derive(Debug)]
pub struct Timed {
    times: Times,
    made: u64,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Callbacks(Callbacks),
    Tasks(Tasks),
}

/// Whole tasks: each arrives, and then keeps its own time.
#[derive(Debug)]
struct Tasks {
    plan: Plan,
    part: Part,
    speed: f64,
    has_begun: bool,
    /// The time of the next task that has not arrived, and its number.
    next: Option<(Duration, u64)>,
    /// So many of the last tasks had no callback at all.
    empty: u32,
    alive: BinaryHeap<Reverse<Alive>>,
    /// The lanes that are kept while they wait; a short one is worked out again where there are very many.
    lanes: HashMap<u64, Lane>,
}

/// A task that waits: when it is due, which, when it arrived, how much of it is done.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Alive {
    due: Duration,
    number: u64,
    at: Duration,
    taken: u64,
}

impl Timed {
    /// The arrivals of `part`; with unit task each task goes `speed` times as fast as the clock.
    pub fn new(plan: &Plan, spec: &LoadSpec, profile: &Profile, part: Part, speed: f64) -> Self {
        let source = match spec.unit {
            Unit::Callback => Source::Callbacks(Callbacks::new(plan, spec, part)),
            Unit::Task => Source::Tasks(Tasks {
                plan: plan.clone(),
                part,
                speed,
                has_begun: false,
                next: None,
                empty: 0,
                alive: BinaryHeap::new(),
                lanes: HashMap::new(),
            }),
        };
        Self { times: profile.times(), made: 0, source }
    }

    /// How many arrivals are left that are due from `since` to before `until`, counted to `most` only.
    pub fn count_between(mut self, since: Duration, until: Duration, most: u64, cutoff: &Cutoff) -> u64 {
        let Self { times, made, source } = &mut self;
        let between = |due: &Duration| *due < until;
        let most_drawn = usize::try_from(most.min(MOST_COUNTED)).unwrap_or(usize::MAX);
        let count = |due: &mut dyn Iterator<Item = Duration>| {
            due.take_while(between)
                .take_while(|_| !cutoff.is_cut())
                .filter(|due| *due >= since)
                .take(most_drawn)
                .count() as u64
        };
        match source {
            // What they say is not needed, and of even ones not when.
            Source::Callbacks(callbacks) => match (times.first_from(since), times.first_from(until)) {
                (Some(first), Some(end)) => callbacks.left_between(first, end).min(most),
                _ => count(&mut std::iter::from_fn(|| Self::time(times, made, callbacks.next_index()?))),
            },
            Source::Tasks(_) => count(&mut self.map(|arrival| arrival.due)),
        }
    }

    /// The time of the arrival with this index; indices only go up.
    fn time(times: &mut Times, made: &mut u64, index: u64) -> Option<Duration> {
        while *made < index {
            times.next()?;
            *made += 1;
        }
        *made += 1;
        times.next()
    }
}

impl Iterator for Timed {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let Self { times, made, source } = self;
        match source {
            Source::Callbacks(callbacks) => {
                let (index, delivery) = callbacks.take()?;
                let due = Self::time(times, made, index)?;
                Some(Arrival { due, delivery })
            }
            Source::Tasks(tasks) => tasks.next(|index| Self::time(times, made, index)),
        }
    }
}

impl Tasks {
    fn next(&mut self, mut time: impl FnMut(u64) -> Option<Duration>) -> Option<Arrival> {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.next = self.arrive(0, &mut time);
        }
        while let Some((at, number)) = self.next {
            if self.alive.peek().is_some_and(|Reverse(first)| first.due < at) {
                break;
            }
            let lane = self.plan.lane(self.plan.endless_task(number)?);
            self.empty = if self.put(number, at, lane) { 0 } else { self.empty + 1 };
            self.next = if self.empty < MOST_EMPTY_TASKS { self.arrive(number, &mut time) } else { None };
        }
        let Reverse(Alive { due, number, at, taken }) = self.alive.pop()?;
        let mut lane = match self.lanes.remove(&number) {
            Some(lane) => lane,
            None => {
                let mut lane = self.plan.lane(self.plan.endless_task(number)?);
                lane.by_ref().take(usize::try_from(taken).unwrap_or(usize::MAX)).for_each(drop);
                lane
            }
        };
        let delivery = lane.next()?;
        self.put(number, at, lane);
        Some(Arrival { due, delivery })
    }

    /// The first task after `number` that is of this part, and its time.
    fn arrive(&self, number: u64, time: &mut impl FnMut(u64) -> Option<Duration>) -> Option<(Duration, u64)> {
        let number = (number + 1..).find(|number| self.part.has(number - 1))?;
        time(number - 1).map(|at| (at, number))
    }

    /// Keeps a task whose next callback has a time to wait for; false if there is none.
    fn put(&mut self, number: u64, at: Duration, mut lane: Lane) -> bool {
        while lane.peek().is_some_and(|next| next.faults.dropped) {
            lane.next();
        }
        let Some(next) = lane.peek() else { return false };
        let since: Millis = next.offset.minus(lane.task().start());
        let since =
            Duration::try_from_secs_f64(since.to_duration().as_secs_f64() / self.speed).unwrap_or(Duration::MAX);
        let taken = lane.taken();
        self.alive.push(Reverse(Alive { due: at.saturating_add(since), number, at, taken }));
        if self.lanes.len() < MAX_OPEN || taken > SHORT {
            self.lanes.insert(number, lane);
        }
        true
    }
}
