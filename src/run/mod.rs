//! The player: sends what a plan says when it says it. Knows nothing of incidents, formats or reports.

mod deliver;
pub mod pace;
mod probe;
pub mod settings;
pub mod stop;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Semaphore;

use crate::callback::body::Moment;
use crate::event::Event;
use crate::plan::agenda::Agenda;
use crate::plan::delivery::{Delivery, Due};
use crate::plan::lane::Lane;
use crate::probe::{Probe, When};
use crate::scenario::Ordering;
use crate::time::Millis;
use crate::transport::Transport;
use pace::{Pace, Speed};
use settings::Settings;
use stop::Stop;

/// The most deliveries under way at once, retry pauses included: what bounds the player's memory, at about 2 KB each.
const MAX_UNDER_WAY: usize = 50_000;
/// The most that the bodies on their way may be together, in KiB; a single one may be larger.
const ROOM: usize = 64 * 1024;
/// The most deliveries that are counted after a stop; more are reported as "at least".
const MAX_COUNTED: usize = 10_000_000;

/// What is left when a plan has been played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// Deliveries that were not started.
    pub not_started: u64,
    /// Whether there were even more.
    pub at_least: bool,
}

/// Plays an agenda to its end, or until it is stopped.
///
/// Everything that happens is told to `observer` at once, on this thread.
pub async fn play<T: Transport>(
    agenda: Agenda,
    transport: &T,
    settings: &Settings,
    stop: &Stop,
    observer: &mut dyn FnMut(Event),
) -> Rest {
    let player = Player {
        transport,
        settings,
        stop,
        pace: Pace::start(settings.speed),
        permits: Semaphore::new(settings.max_in_flight),
        room: Semaphore::new(ROOM),
        observer: RefCell::new(observer),
        open: RefCell::default(),
        first_moments: RefCell::default(),
    };
    player.play(agenda).await
}

struct Player<'a, T> {
    transport: &'a T,
    settings: &'a Settings,
    stop: &'a Stop,
    pace: Pace,
    permits: Semaphore,
    /// Room for the bodies of requests on their way, in KiB.
    room: Semaphore,
    observer: RefCell<&'a mut dyn FnMut(Event)>,
    /// Of tasks with deliveries under way, how many these are, and whether nothing comes after them.
    open: RefCell<HashMap<u64, Open>>,
    /// The times told by the first attempts of what will be sent once more, by task and number.
    first_moments: RefCell<HashMap<(u64, u64), Moment>>,
}

/// What a task has under way.
#[derive(Default)]
struct Open {
    deliveries: usize,
    /// Whether the task has no others.
    are_last: bool,
}

/// A delivery that is over, with its lane if that waited for it.
struct Done {
    lane: Option<Box<Lane>>,
    sent_at: Millis,
    ended_at: Millis,
}

impl<'a, T: Transport> Player<'a, T> {
    async fn play(&self, mut agenda: Agenda) -> Rest {
        let tasks = agenda.tasks();
        let mut under_way = FuturesUnordered::new();
        let mut asking = FuturesUnordered::new();
        let mut times = self.times_of_probes();
        let stopped = loop {
            let due = agenda.next_due().filter(|_| under_way.len() < self.most_under_way());
            let asked_at = times.front().copied();
            if due.or(asked_at).is_none() && under_way.is_empty() && asking.is_empty() {
                break false;
            }
            // At full speed nothing waits for its time; then what comes first in the plan goes first.
            let in_turn = self.settings.speed != Speed::Max;
            let sends = due.is_some() && (in_turn || asked_at.is_none_or(|at| due <= Some(at)));
            let asks = asked_at.is_some() && (in_turn || (!sends && under_way.is_empty()));
            tokio::select! {
                biased;
                () = self.stop.requested() => break true,
                Some(()) = asking.next(), if !asking.is_empty() => {}
                Some(done) = under_way.next(), if !under_way.is_empty() => self.resume(&mut agenda, done),
                () = self.pace.wait_until(due.unwrap_or_default()), if sends => {
                    if let (Some((delivery, lane)), Some(due)) = (agenda.take_next(), due) {
                        under_way.push(self.begin(&mut agenda, delivery, lane, due));
                    }
                }
                () = self.pace.wait_until(asked_at.unwrap_or_default()), if asks => {
                    times.pop_front();
                    let at = asked_at.unwrap_or_default();
                    asking.push(self.probe_all(tasks.clone(), move |when| when == When::At(at)));
                }
            }
            if !in_turn {
                while asking.next().await.is_some() {}
            }
        };
        while let Some(done) = under_way.next().await {
            self.resume(&mut agenda, done);
        }
        while asking.next().await.is_some() {}
        if !stopped {
            self.probe_all(tasks, |when| when == When::End).await;
        }
        count(agenda, stopped)
    }

    /// The scenario times at which something is asked, each once, in order.
    fn times_of_probes(&self) -> VecDeque<Millis> {
        let at = |probe: &Arc<Probe>| match probe.when {
            When::At(at) => Some(at),
            _ => None,
        };
        self.settings.probes.iter().filter_map(at).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// At full speed everything is due at once: more than can be sent would only wait.
    fn most_under_way(&self) -> usize {
        if self.settings.speed == Speed::Max { self.settings.max_in_flight } else { MAX_UNDER_WAY }
    }

    /// Begins a delivery. A free lane goes on at once, a strict one when the delivery has ended.
    fn begin<'s>(
        &'s self,
        agenda: &mut Agenda,
        delivery: Delivery,
        lane: Lane,
        due: Millis,
    ) -> impl Future<Output = Done> + use<'s, 'a, T> {
        self.open(delivery.task.number, lane.peek().is_none());
        let awaits_answer = lane.peek().is_some_and(|next| matches!(next.due, Due::AfterAnswer(_)));
        let lane = if self.settings.ordering == Ordering::Strict || awaits_answer {
            Some(Box::new(lane))
        } else {
            let next = next_due(&lane, due, Millis::ZERO);
            agenda.put_back(lane, next);
            None
        };
        let delivery = Box::new(delivery);
        async move {
            let (task, kind) = (delivery.task.clone(), delivery.callback.kind());
            let told = !delivery.fate.dropped && !delivery.is_duplicate();
            let ended_at = self.deliver(delivery, due).await;
            let is_last = self.close(task.number);
            let asked = |when| match when {
                When::After(wanted) => told && Some(wanted) == kind,
                When::TaskOver => is_last,
                When::At(_) | When::End => false,
            };
            if !self.settings.probes.is_empty() {
                Box::pin(self.probe(Some(&task), asked)).await;
            }
            Done { lane, sent_at: due, ended_at }
        }
    }

    /// A delivery of a task is under way.
    fn open(&self, task: u64, is_last: bool) {
        let mut open = self.open.borrow_mut();
        let open = open.entry(task).or_default();
        open.deliveries += 1;
        open.are_last |= is_last;
    }

    /// It is over; whether the task is, too: where nobody waits, the one that was last to be sent may be the first to end.
    fn close(&self, task: u64) -> bool {
        let mut all = self.open.borrow_mut();
        let Some(open) = all.get_mut(&task) else { return false };
        open.deliveries -= 1;
        let Open { deliveries, are_last } = *open;
        if deliveries == 0 {
            all.remove(&task);
        }
        deliveries == 0 && are_last
    }

    fn resume(&self, agenda: &mut Agenda, done: Done) {
        if let Some(lane) = done.lane {
            let next = next_due(&lane, done.sent_at, done.ended_at);
            agenda.put_back(*lane, next);
        }
    }

    fn tell(&self, event: Event) {
        (self.observer.borrow_mut())(event);
    }
}

/// When the lane's next delivery is due: as planned, but not before the last one ended.
fn next_due(lane: &Lane, sent_at: Millis, ended_at: Millis) -> Option<Millis> {
    lane.peek().map(|next| {
        let due = match next.due {
            Due::Planned => next.offset,
            Due::AfterSent(pause) => sent_at.plus(pause),
            Due::AfterAnswer(pause) => ended_at.plus(pause),
        };
        due.max(ended_at)
    })
}

/// What is left of it; of one that was stopped as far as that is soon counted.
fn count(agenda: Agenda, stopped: bool) -> Rest {
    let cutoff = agenda.cutoff();
    if stopped {
        cutoff.cut_soon();
    }
    let counted = agenda.rest().take(MAX_COUNTED + 1).count();
    Rest { not_started: counted.min(MAX_COUNTED) as u64, at_least: counted > MAX_COUNTED || cutoff.is_cut() }
}
