//! The thread that sends: one runtime, its own connections, its own measurement.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep, timeout};

use super::live::Live;
use super::pacer::{Item, Maker, Word};
use super::{Halt, Load, queues};
use crate::measure::Measurement;
use crate::plan::arrivals::Callbacks;
use crate::transport::{Exchange, Request, Transport};

/// The most requests that wait for a permit where they wait; more are dropped.
const MAX_QUEUE: usize = 1_000_000;
/// How often a halt is looked for while nothing else happens.
const NAP: Duration = Duration::from_millis(50);

/// What the requests of one worker share.
struct Shared<'a, T> {
    transport: T,
    load: &'a Load,
    began: Instant,
    live: &'a Live,
    measured: RefCell<Measurement>,
    in_flight: Cell<u64>,
}

impl<T: Transport> Shared<'_, T> {
    /// Sends one request and measures it.
    async fn send(&self, event: &str, request: Request, due: Option<Duration>, is_warm_up: bool) {
        let sent = self.began.elapsed();
        let due = due.unwrap_or(sent);
        let delay = sent.saturating_sub(due);
        let late_after = self.load.spec.late_after;
        self.live.sent(delay > late_after);
        if is_warm_up {
            self.measured.borrow_mut().warm_up += 1;
        } else {
            self.measured.borrow_mut().sent(delay, late_after);
        }
        let Exchange { outcome, resent_after } = self.transport.exchange(request).await;
        let done = self.began.elapsed();
        // What was sent once more is answered from then on.
        let service = done.saturating_sub(sent + resent_after.unwrap_or_default());
        let corrected = done.saturating_sub(due);
        self.live.met(outcome.is_acknowledged(), corrected);
        if !is_warm_up {
            let mut measured = self.measured.borrow_mut();
            measured.resent += u64::from(resent_after.is_some());
            measured.met(event, &outcome, corrected, service);
        }
    }
}

/// Sends what the pacer hands over.
pub(super) fn follow<T: Transport>(
    load: &Load,
    worker: u64,
    began: Instant,
    mut words: Receiver<Word>,
    transport: T,
    live: &Live,
    halt: &Halt,
) -> Measurement {
    let permits = load.limit(worker, load.spec.max_in_flight).max(1);
    let shared = Shared::new(load, began, transport, live);
    on_runtime(async {
        // Requests are tasks of their own in effect: a set that is polled here, so that they may borrow.
        let mut on_their_way = futures_util::stream::FuturesUnordered::new();
        let mut waiting: VecDeque<Box<Item>> = VecDeque::new();
        let begin = |item: Box<Item>| {
            let shared = &shared;
            shared.in_flight.set(shared.in_flight.get() + 1);
            async move {
                let Item { due, event, request, is_warm_up } = *item;
                shared.send(&event, request, Some(due), is_warm_up).await;
                shared.in_flight.set(shared.in_flight.get() - 1);
            }
        };
        use futures_util::StreamExt;
        loop {
            tokio::select! {
                biased;
                Some(()) = on_their_way.next(), if !on_their_way.is_empty() => {
                    if let Some(item) = waiting.pop_front() {
                        on_their_way.push(begin(item));
                    }
                }
                word = words.recv() => match word {
                    None => break,
                    Some(Word::NotStarted(count)) => {
                        let mut measured = shared.measured.borrow_mut();
                        measured.planned += count;
                        measured.not_started += count;
                    }
                    Some(Word::Overrun { is_warm_up }) => shared.drop_one(is_warm_up),
                    Some(Word::Now(item)) => {
                        let is_warm_up = item.is_warm_up;
                        shared.measured.borrow_mut().planned += u64::from(!is_warm_up);
                        if shared.in_flight.get() < permits {
                            on_their_way.push(begin(item));
                        } else if queues(load) && waiting.len() < MAX_QUEUE {
                            waiting.push_back(item);
                        } else {
                            shared.dropped(is_warm_up);
                        }
                    }
                },
            }
        }
        shared.measured.borrow_mut().elapsed = began.elapsed();
        let ending = async {
            while on_their_way.next().await.is_some() {
                if let Some(item) = waiting.pop_front() {
                    on_their_way.push(begin(item));
                }
            }
        };
        wait_for_the_last(ending, load, halt).await;
        let left = waiting.iter().filter(|item| !item.is_warm_up).count() as u64;
        shared.measured.borrow_mut().not_started += left;
    });
    shared.end()
}

/// Keeps every permit in use until the load is over.
pub(super) fn saturate<T: Transport>(
    load: &Load,
    worker: u64,
    began: Instant,
    transport: T,
    live: &Live,
    halt: &Halt,
) -> Measurement {
    let permits = load.limit(worker, load.spec.max_in_flight);
    let shared = Shared::new(load, began, transport, live);
    let maker = Maker::new(load, began);
    let callbacks = RefCell::new(Callbacks::new(&load.plan, &load.spec, load.part(worker)));
    let left = Cell::new(load.limit(worker, load.max_requests));
    on_runtime(async {
        while Instant::now() < began && !halt.is_asked() {
            sleep(began.saturating_duration_since(Instant::now()).min(NAP)).await;
        }
        let keep_one_in_use = async || {
            while left.get() > 0 && !halt.is_asked() {
                let now = began.elapsed();
                if now >= load.spec.duration {
                    break;
                }
                let Some(delivery) = callbacks.borrow_mut().next() else { break };
                left.set(left.get() - 1);
                let is_warm_up = now < load.spec.warm_up;
                shared.measured.borrow_mut().planned += u64::from(!is_warm_up);
                let request = maker.request(&delivery, now);
                shared.send(delivery.callback.name(), request, None, is_warm_up).await;
            }
        };
        let permits: Vec<_> = (0..permits).map(|_| keep_one_in_use()).collect();
        let all = async {
            futures_util::future::join_all(permits).await;
        };
        wait_for_the_last(all, load, halt).await;
        shared.measured.borrow_mut().elapsed = began.elapsed();
    });
    shared.end()
}

impl<'a, T: Transport> Shared<'a, T> {
    fn new(load: &'a Load, began: Instant, transport: T, live: &'a Live) -> Self {
        Self { transport, load, began, live, measured: RefCell::default(), in_flight: Cell::new(0) }
    }

    fn dropped(&self, is_warm_up: bool) {
        self.live.dropped();
        self.measured.borrow_mut().dropped += u64::from(!is_warm_up);
    }

    fn drop_one(&self, is_warm_up: bool) {
        self.measured.borrow_mut().planned += u64::from(!is_warm_up);
        self.dropped(is_warm_up);
    }

    /// What was measured; whatever has met nothing by now is unfinished.
    fn end(self) -> Measurement {
        let mut measured = self.measured.into_inner();
        measured.unfinished = measured.sent.saturating_sub(measured.ok + measured.errors());
        measured
    }
}

/// Waits for `last`; once halted, for the grace period at most.
async fn wait_for_the_last(last: impl Future<Output = ()>, load: &Load, halt: &Halt) {
    let halted = async {
        while !halt.is_asked() {
            sleep(NAP).await;
        }
    };
    tokio::pin!(last);
    tokio::select! {
        () = &mut last => return,
        () = halted => {}
    }
    let abandoned = async {
        while !halt.is_abandoned() {
            sleep(NAP).await;
        }
    };
    tokio::select! {
        _ = timeout(load.grace, last) => {}
        () = abandoned => {}
    }
}

fn on_runtime(future: impl Future<Output = ()>) {
    // Without a runtime nothing is sent; the sums tell.
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
        runtime.block_on(future);
        runtime.shutdown_background();
    }
}
