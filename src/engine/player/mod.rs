//! The player: sends what a plan says when it says it. Knows nothing of incidents, formats or reports.

mod deliver;
mod probe;
mod turns;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::pace::{Pace, Speed};
use super::settings::Settings;
use super::stop::Stop;
use crate::callback::moment::Moment;
use crate::engine::event::Event;
use crate::engine::transport::Transport;
use crate::engine::writer::Writer;
use crate::plan::agenda::Agenda;
use crate::plan::delivery::Due;
use crate::plan::lane::Lane;
use crate::scenario::Ordering;
use crate::scenario::probe::{Probe, When};
use crate::time::Millis;
use deliver::Job;
use turns::{Turn, Turns};

/// The most that the bodies on their way may be together, in KiB; a single one may be larger.
const MAX_BODIES: usize = 64 * 1024;
/// The most deliveries that are counted after a stop; more are reported as "at least".
const MAX_COUNTED: usize = 10_000_000;
/// How long a request may wait until the journal tells of it before that stops the schedule.
const PATIENCE: Duration = Duration::from_millis(10);
/// How long it may wait once the run is to stop.
const LAST_PATIENCE: Duration = Duration::from_millis(300);

/// What is left when a plan has been played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// Deliveries that were not started.
    pub not_started: u64,
    /// Whether there were even more.
    pub at_least: bool,
    /// How long the schedule stood still because nobody read what has to be complete. It is in no other figure.
    pub stopped: Duration,
}

/// Whoever hears what happens.
pub trait Observer {
    /// Something happened.
    fn take(&mut self, event: Event);

    /// A request is about to go out, and goes out once the journal has it: this is for the journal alone. Later it is taken as
    /// [`Event::Sent`], with the time at which it really went.
    fn announce(&mut self, _sent: &Event) {}
}

impl<F: FnMut(Event)> Observer for F {
    fn take(&mut self, event: Event) {
        self(event);
    }
}

/// Plays an agenda to its end, or until it is stopped.
///
/// Everything that happens is told to `observer` at once, on this thread.
pub async fn play<T: Transport>(
    agenda: Agenda,
    transport: &T,
    settings: &Settings,
    stop: &Stop,
    observer: &mut dyn Observer,
) -> Rest {
    let player = Player {
        transport,
        settings,
        stop,
        pace: Pace::start(settings.speed),
        bodies: Semaphore::new(MAX_BODIES),
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
    /// Room for the bodies of requests on their way, in KiB.
    bodies: Semaphore,
    observer: RefCell<&'a mut dyn Observer>,
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

/// A delivery after one of its attempts.
struct Done {
    job: Box<Job>,
    /// The pause before another attempt; none if the delivery is over.
    pause: Option<Millis>,
}

impl<'a, T: Transport> Player<'a, T> {
    async fn play(&self, agenda: Agenda) -> Rest {
        let tasks = agenda.tasks();
        let mut turns = Turns::of(agenda, self.keeps_order());
        let mut under_way = FuturesUnordered::new();
        let mut asking = FuturesUnordered::new();
        let mut times = self.times_of_probes();
        let mut told_held = false;
        let stopped = loop {
            let is_full = under_way.len() + turns.retries() >= self.settings.max_unfinished;
            let next = turns.next();
            let held = next.filter(|turn| is_full && !told_held && matches!(turn, Turn::First(_))).map(Turn::due);
            let next = if is_full { turns.next_retry() } else { next };
            // What could not be sent yet is not begun: it would only wait.
            let next = next.filter(|_| under_way.len() < self.settings.max_in_flight);
            let due = next.map(Turn::due);
            let asked_at = times.front().copied();
            if due.or(asked_at).is_none() && under_way.is_empty() && asking.is_empty() {
                break false;
            }
            // At full speed nothing waits for its time; then what comes first in the plan goes first.
            let in_turn = self.settings.speed != Speed::Max;
            let is_first = due.is_some() && (in_turn || asked_at.is_none_or(|at| due <= Some(at)));
            let sends = is_first && next.is_some_and(|turn| turns.has_come(turn));
            let asks = asked_at.is_some() && (in_turn || (!is_first && under_way.is_empty()));
            tokio::select! {
                biased;
                () = self.stop.requested() => break true,
                Some(()) = asking.next(), if !asking.is_empty() => {}
                Some(done) = under_way.next(), if !under_way.is_empty() => self.resume(&mut turns, done),
                () = self.pace.wait_until(held.unwrap_or_default()), if held.is_some() => {
                    told_held = true;
                    self.tell(Event::HeldUp { at: self.pace.elapsed(), unfinished: under_way.len() + turns.retries() });
                }
                () = self.wait_until(due.unwrap_or_default()), if sends => {
                    if let Some(job) = next.and_then(|turn| self.take(&mut turns, turn)) {
                        under_way.push(self.try_once(job));
                    }
                }
                () = self.wait_until(asked_at.unwrap_or_default()), if asks => {
                    times.pop_front();
                    let at = asked_at.unwrap_or_default();
                    asking.push(self.probe_all(tasks.clone(), move |when| when == When::At(at)));
                }
            }
            if !in_turn {
                while asking.next().await.is_some() {}
            }
        };
        while let Some(job) = turns.take_retry() {
            self.give_up(&mut turns, job);
        }
        while let Some(done) = under_way.next().await {
            self.resume(&mut turns, done);
        }
        while asking.next().await.is_some() {}
        if !stopped {
            self.probe_all(tasks, |when| when == When::End).await;
        }
        Rest { stopped: self.pace.stopped(), ..count(turns.into_agenda(), stopped) }
    }

    /// Waits for a scenario time at which something is to begin, and until it can be written down.
    async fn wait_until(&self, due: Millis) {
        loop {
            self.pace.wait_until(due).await;
            if self.settings.outputs.have_room() || self.stop.is_requested() {
                return;
            }
            self.room().await;
        }
    }

    /// Stops the schedule until there is room for what is begun next, or the run is stopped.
    async fn room(&self) {
        if !self.settings.outputs.have_room() {
            let _hold = self.pace.hold();
            tokio::select! {
                biased;
                () = self.stop.requested() => {}
                () = self.settings.outputs.room() => {}
            }
        }
    }

    /// Ends when a stop was asked for some time ago.
    async fn long_stopped(&self) {
        self.stop.requested().await;
        sleep(LAST_PATIENCE).await;
    }

    /// Waits until the journal has everything: false, if it never will.
    async fn written(&self, journal: &Writer) -> bool {
        let mut written = pin!(journal.written());
        match timeout(PATIENCE, &mut written).await {
            Ok(written) => written,
            Err(_) => {
                let _hold = self.pace.hold();
                written.await
            }
        }
    }

    /// The scenario times at which something is asked, each once, in order.
    fn times_of_probes(&self) -> VecDeque<Millis> {
        let at = |probe: &Arc<Probe>| match probe.when {
            When::At(at) => Some(at),
            _ => None,
        };
        self.settings.probes.iter().filter_map(at).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether requests go out in the order of scenario time though nothing waits for it.
    fn keeps_order(&self) -> bool {
        self.settings.speed == Speed::Max && self.settings.ordering == Ordering::FirstAttempt
    }

    /// What `turn` is about. Where nothing is waited for, the lane goes on at once.
    fn take(&self, turns: &mut Turns, turn: Turn) -> Option<Box<Job>> {
        let job = match turn {
            Turn::Retry(_) => turns.take_retry()?,
            Turn::First((due, _)) => {
                let (delivery, lane) = turns.take_first()?;
                self.open(delivery.task.number, lane.peek().is_none());
                let mut job = self.job(delivery, due, Some(lane));
                if self.settings.ordering == Ordering::Free && !awaits_end(&job) {
                    go_on(turns, &mut job, Millis::ZERO);
                }
                job
            }
        };
        let again = self.settings.retry.pause_after(job.attempt).map(|pause| job.due.plus(pause));
        let next = job.lane.as_ref().and_then(|lane| next_due(lane, job.first_due, job.due));
        turns.begin(job.delivery.task.number, again.into_iter().chain(next).min());
        Some(job)
    }

    /// One attempt, and the probes after the delivery if that is over.
    async fn try_once(&self, mut job: Box<Job>) -> Done {
        let pause = self.deliver(&mut job).await;
        if pause.is_none() {
            let Job { delivery, .. } = &*job;
            let is_last = self.close(delivery.task.number);
            let kind = delivery.callback.kind();
            let counts = !delivery.faults.dropped && !delivery.is_duplicate();
            let asked = |when| match when {
                When::After(wanted) => counts && Some(wanted) == kind,
                When::TaskOver => is_last,
                When::At(_) | When::End => false,
            };
            if !self.settings.probes.is_empty() {
                Box::pin(self.probe(Some(&delivery.task), asked)).await;
            }
        }
        Done { job, pause }
    }

    /// After an attempt: the lane goes on if it waited for no more than this, and a delivery that failed waits for its next try.
    fn resume(&self, turns: &mut Turns, done: Done) {
        let Done { mut job, pause } = done;
        turns.end(job.delivery.task.number);
        let ended_at = job.due;
        let Some(pause) = pause else { return go_on(turns, &mut job, ended_at) };
        if self.settings.ordering != Ordering::Strict && !awaits_end(&job) {
            go_on(turns, &mut job, ended_at);
        }
        job.attempt += 1;
        job.due = ended_at.plus(pause);
        if self.stop.is_requested() { self.give_up(turns, job) } else { turns.retry(job) }
    }

    /// The run is stopped while a delivery waits for its next try.
    fn give_up(&self, turns: &mut Turns, mut job: Box<Job>) {
        self.interrupt(&job);
        self.close(job.delivery.task.number);
        let due = job.due;
        go_on(turns, &mut job, due);
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

    fn tell(&self, event: Event) {
        self.observer.borrow_mut().take(event);
    }
}

/// Whether the task's next callback is due so long after the end of this one.
fn awaits_end(job: &Job) -> bool {
    job.lane.as_ref().and_then(Lane::peek).is_some_and(|next| matches!(next.due, Due::AfterAnswer(_)))
}

/// The lane of a delivery goes on, if it has waited.
fn go_on(turns: &mut Turns, job: &mut Job, ended_at: Millis) {
    if let Some(lane) = job.lane.take() {
        let next = next_due(&lane, job.first_due, ended_at);
        turns.put_back(lane, next);
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
    let at_least = counted > MAX_COUNTED || cutoff.is_cut();
    Rest { not_started: counted.min(MAX_COUNTED) as u64, at_least, stopped: Duration::ZERO }
}
