//! What goes out next: first attempts from the agenda, and retries, by their scenario time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::deliver::Job;
use crate::plan::agenda::Agenda;
use crate::plan::delivery::Delivery;
use crate::plan::lane::Lane;
use crate::time::Millis;

/// Scenario time, then the number of the task: the order of a plan.
type Place = (Millis, u64);

/// All that has still to go out, as far as it is known.
pub(super) struct Turns {
    agenda: Agenda,
    /// By their due time, task and delivery.
    retries: BTreeMap<(Millis, u64, u64), Box<Job>>,
    order: Option<Order>,
}

/// What keeps the order of scenario time where nothing waits for its time.
#[derive(Default)]
struct Order {
    /// Tasks with a request on its way, each with the earliest time at which it may have another one.
    busy: HashMap<u64, Option<Millis>>,
    /// The same, by time.
    may_come: BTreeSet<Place>,
}

/// Which of the two goes out next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// The agenda's next delivery.
    First(Place),
    /// A retry.
    Retry(Place),
}

impl Turn {
    /// When it is due.
    pub(super) fn due(self) -> Millis {
        self.place().0
    }

    fn place(self) -> Place {
        let (Self::First(place) | Self::Retry(place)) = self;
        place
    }
}

impl Turns {
    /// Of an agenda; `in_order`: nothing goes out before what may still come and is due before it.
    pub(super) fn of(agenda: Agenda, in_order: bool) -> Self {
        Self { agenda, retries: BTreeMap::new(), order: in_order.then(Order::default) }
    }

    /// How many retries wait for their time.
    pub(super) fn retries(&self) -> usize {
        self.retries.len()
    }

    /// What goes out next. At the same time a task's retry goes before its next callback: it is the older one.
    pub(super) fn next(&mut self) -> Option<Turn> {
        let first = self.agenda.next_place();
        let retry = self.next_retry();
        match (retry, first) {
            (Some(retry), first) if first.is_none_or(|first| retry.place() <= first) => Some(retry),
            (_, first) => first.map(Turn::First),
        }
    }

    /// The retry that goes out next.
    pub(super) fn next_retry(&self) -> Option<Turn> {
        self.retries.first_key_value().map(|((due, task, _), _)| Turn::Retry((*due, *task)))
    }

    /// Whether `turn` can be taken now; otherwise something that is on its way has to be over first.
    pub(super) fn has_come(&self, turn: Turn) -> bool {
        let place = turn.place();
        self.order.as_ref().is_none_or(|order| {
            !order.busy.contains_key(&place.1) && order.may_come.first().is_none_or(|first| place < *first)
        })
    }

    /// The agenda's next delivery, with its lane.
    pub(super) fn take_first(&mut self) -> Option<(Delivery, Lane)> {
        self.agenda.take_next()
    }

    /// The next retry.
    pub(super) fn take_retry(&mut self) -> Option<Box<Job>> {
        self.retries.pop_first().map(|(_, job)| job)
    }

    /// A lane goes on: its next delivery is due at `due`.
    pub(super) fn put_back(&mut self, lane: Lane, due: Option<Millis>) {
        self.agenda.put_back(lane, due);
    }

    /// A delivery waits to be tried again.
    pub(super) fn retry(&mut self, job: Box<Job>) {
        self.retries.insert(job.place(), job);
    }

    /// A task has a request on its way; its next one is due at `earliest` or later, if there is one at all.
    pub(super) fn begin(&mut self, task: u64, earliest: Option<Millis>) {
        if let Some(order) = &mut self.order {
            order.busy.insert(task, earliest);
            order.may_come.extend(earliest.map(|earliest| (earliest, task)));
        }
    }

    /// That request is over.
    pub(super) fn end(&mut self, task: u64) {
        if let Some(order) = &mut self.order
            && let Some(Some(earliest)) = order.busy.remove(&task)
        {
            order.may_come.remove(&(earliest, task));
        }
    }

    /// What was never begun.
    pub(super) fn into_agenda(self) -> Agenda {
        self.agenda
    }
}
