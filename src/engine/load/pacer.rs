//! The thread that knows the time: makes each request ahead of its time, and hands it over when its time has come.
//!
//! It sleeps on the operating system's timer. The runtime's own counts in milliseconds: too coarse for what is measured here.

use std::cell::Cell;
use std::thread::sleep;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc::{Receiver, Sender, channel as bounded};
use tokio::time::Instant;

use super::{Halt, Load, Post, profile};
use crate::engine::transport::Request;
use crate::exit_code::attempt;
use crate::plan::arrivals::{Arrival, Timed};
use crate::plan::delivery::Delivery;
use crate::plan::moments::Moments;
use crate::time::{Millis, UnixMillis, wall_now};

/// How many requests may wait to be taken over. If there are more, the worker is not fast enough, and says so.
const QUEUE: usize = 64 * 1024;
/// The longest sleep: how soon a halt is heard.
const NAP: Duration = Duration::from_millis(50);

/// A request and its time.
pub(super) struct Item {
    pub(super) due: Duration,
    pub(super) event: String,
    pub(super) request: Request,
    pub(super) is_warm_up: bool,
}

/// What a worker hears from its pacer.
pub(super) enum Word {
    /// It is time for this one.
    Due(Box<Item>),
    /// So many of the plan will not come any more.
    NotStarted(u64),
    /// One that the worker was too slow to take over.
    Overrun {
        /// How late it is by now.
        lateness: Duration,
        /// Whether it is none of those that are measured.
        is_warm_up: bool,
    },
    /// No more will come, and why.
    Broken(String),
}

pub(super) fn channel() -> (Sender<Word>, Receiver<Word>) {
    bounded(QUEUE)
}

/// Makes requests of deliveries.
pub(super) struct Maker<'a> {
    load: &'a Load,
    moments: Moments,
}

impl<'a> Maker<'a> {
    pub(super) fn new(load: &'a Load, began: Instant) -> Self {
        let now = Instant::now();
        let wall = wall_now();
        let until = Millis::from_duration(began.saturating_duration_since(now));
        let since = Millis::from_duration(now.saturating_duration_since(began));
        // The time of day at the load's time 0.
        let started_at = UnixMillis(wall.0.saturating_add(until.0).saturating_sub(since.0));
        Self { load, moments: Moments::new(load.payload().stamps, load.epoch, started_at) }
    }

    pub(super) fn request(&self, delivery: &Delivery, due: Duration) -> Request {
        let due = Millis::from_duration(due);
        let moment = self.moments.moment(due, due);
        let attempt_faults = delivery.attempt_faults(1);
        let addresses = &self.load.addresses;
        let body = Bytes::from(delivery.body(self.load.payload(), addresses.shown(), moment, attempt_faults));
        Request {
            content_type: attempt_faults.content_type(),
            connection: attempt_faults.connection,
            // Only the status counts.
            most: 0,
            ..Request::post(addresses.of(&delivery.task).into_owned(), body, self.load.timeout())
        }
    }
}

/// Hands over everything of the worker's part in its time, until the load is over or halted. If it panics, the load is halted, and the
/// worker hears why.
pub(super) fn pace(post: Post<'_>, words: &Sender<Word>) {
    let handed = Cell::new(0);
    if let Err(reason) = attempt(|| hand_over(post, words, &handed)) {
        post.halt.halt();
        let rest = attempt(|| planned(post).saturating_sub(handed.get())).unwrap_or(0);
        let _ = words.blocking_send(Word::NotStarted(rest));
        let _ = words.blocking_send(Word::Broken(reason));
    }
}

/// How many callbacks of this part are to be measured.
fn planned(Post { load, worker, .. }: Post<'_>) -> u64 {
    let arrivals =
        profile(load).map(|profile| Timed::new(&load.plan, &load.spec, &profile, load.part(worker), load.speed));
    let most = load.limit(worker, load.max_requests);
    arrivals
        .map_or(0, |arrivals| arrivals.count_between(load.spec.warm_up, load.spec.duration, most, load.plan.cutoff()))
}

fn hand_over(Post { load, worker, began, halt, .. }: Post<'_>, words: &Sender<Word>, handed: &Cell<u64>) {
    let Some(profile) = profile(load) else { return };
    let mut arrivals = Timed::new(&load.plan, &load.spec, &profile, load.part(worker), load.speed);
    let maker = Maker::new(load, began);
    let mut left = load.limit(worker, load.max_requests);
    while left > 0 {
        let Some(Arrival { due, delivery }) = arrivals.next().filter(|next| next.due < load.spec.duration) else {
            // The pause behind the last one is part of the load, too: rates are over all of it.
            wait_until(began + load.spec.duration, halt);
            return;
        };
        left -= 1;
        let event = delivery.callback.name().to_owned();
        let request = maker.request(&delivery, due);
        let is_warm_up = due < load.spec.warm_up;
        if !wait_until(began + due, halt) {
            load.plan.cutoff().cut_soon();
            let rest = arrivals.count_between(load.spec.warm_up, load.spec.duration, left, load.plan.cutoff());
            // The worker listens to the end.
            let _ = words.blocking_send(Word::NotStarted(rest + u64::from(!is_warm_up)));
            return;
        }
        if words.try_send(Word::Due(Box::new(Item { due, event, request, is_warm_up }))).is_err() {
            let lateness = began.elapsed().saturating_sub(due);
            let _ = words.blocking_send(Word::Overrun { lateness, is_warm_up });
        }
        handed.set(handed.get() + u64::from(!is_warm_up));
    }
}

/// False if the load was halted before.
#[expect(clippy::disallowed_methods, reason = "this thread does nothing but wait for the time")]
fn wait_until(instant: Instant, halt: &Halt) -> bool {
    loop {
        if halt.is_asked() {
            return false;
        }
        let left = instant.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        sleep(left.min(NAP));
    }
}
