//! The thread that sends: one runtime, its own connections, its own measurement.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep, timeout};

use super::pacer::{Item, Maker, Word};
use super::permits::Permits;
use super::{Halt, Load, Post, queues};
use crate::engine::measure::{Measurement, Start};
use crate::engine::transport::{Exchange, Outcome, Request, Transport};
use crate::exit_code::attempt;
use crate::plan::arrivals::Callbacks;

/// The most requests that wait for a permit where they wait; more are dropped.
const MAX_QUEUE: usize = 1_000_000;
/// How often a halt is looked for while nothing else happens.
const NAP: Duration = Duration::from_millis(50);

/// What the requests of one worker share.
struct Shared<'a, T> {
    transport: T,
    post: Post<'a>,
    /// Of the worker: it outlives a panic.
    measured: &'a RefCell<Measurement>,
}

/// When a request was due, and since when there was a permit for it.
#[derive(Clone, Copy)]
struct Due {
    at: Duration,
    free: Duration,
}

impl<T: Transport> Shared<'_, T> {
    /// Sends one request and measures it; gives the time when it was done.
    async fn send(&self, event: &str, request: Request, due: Option<Due>, is_warm_up: bool) -> Duration {
        let sent = self.post.began.elapsed();
        let due = due.unwrap_or(Due { at: sent, free: sent });
        let start = Start::new(due.at, due.free, sent);
        let late_after = self.post.load.spec.late_after;
        self.post.live.sent(start.lateness > late_after);
        if is_warm_up {
            self.measured.borrow_mut().warm_up += 1;
        } else {
            self.measured.borrow_mut().sent(start, late_after);
        }
        let Exchange { outcome, resent_after } = self.transport.exchange(request).await;
        let done = self.post.began.elapsed();
        // What was sent once more is answered from then on.
        let service = done.saturating_sub(sent + resent_after.unwrap_or_default());
        let corrected = done.saturating_sub(due.at);
        self.post.live.met(outcome.is_acknowledged(), corrected);
        let mut measured = self.measured.borrow_mut();
        if let (Outcome::Answered(_), Some(since)) = (&outcome, done.checked_sub(self.post.load.spec.warm_up)) {
            measured.answered(since);
        }
        if !is_warm_up {
            measured.resent += u64::from(resent_after.is_some());
        }
        if !is_warm_up {
            measured.met(event, &outcome, corrected, service);
        }
        done
    }

    /// Sends what the words say, until there are no more and all of it has met something.
    async fn follow(&self, words: &mut Receiver<Word>) {
        let Post { load, worker, halt, .. } = self.post;
        let permits = RefCell::new(Permits::new(load.limit(worker, load.spec.max_in_flight).max(1)));
        // Requests are tasks of their own in effect: a set that is polled here, so that they may borrow.
        let mut on_their_way = futures_util::stream::FuturesUnordered::new();
        let mut waiting: VecDeque<Box<Item>> = VecDeque::new();
        let begin = |item: Box<Item>, free: Duration| {
            let (shared, permits) = (self, &permits);
            async move {
                let Item { due, event, request, is_warm_up } = *item;
                let done = shared.send(&event, request, Some(Due { at: due, free }), is_warm_up).await;
                permits.borrow_mut().give(done);
            }
        };
        // The next one that waits, if it has a permit now.
        let next = |waiting: &mut VecDeque<Box<Item>>| {
            waiting.front()?;
            let free = permits.borrow_mut().take(self.post.began.elapsed())?;
            let item = waiting.pop_front()?;
            self.post.live.waiting(waiting.len());
            Some(begin(item, free))
        };
        use futures_util::StreamExt;
        loop {
            tokio::select! {
                biased;
                Some(()) = on_their_way.next(), if !on_their_way.is_empty() => on_their_way.extend(next(&mut waiting)),
                word = words.recv() => match word {
                    None => break,
                    Some(Word::NotStarted(count)) => self.measured.borrow_mut().planned += count,
                    Some(Word::Broken(reason)) => drop(self.measured.borrow_mut().broken.insert(reason)),
                    Some(Word::Overrun { lateness, is_warm_up }) => {
                        self.measured.borrow_mut().planned += u64::from(!is_warm_up);
                        self.dropped(lateness, is_warm_up);
                    }
                    Some(Word::Due(item)) => {
                        let is_warm_up = item.is_warm_up;
                        self.measured.borrow_mut().planned += u64::from(!is_warm_up);
                        let now = self.post.began.elapsed();
                        let permit = permits.borrow_mut().take(now);
                        if let Some(free) = permit {
                            on_their_way.push(begin(item, free));
                        } else if queues(load) && waiting.len() < MAX_QUEUE {
                            waiting.push_back(item);
                            self.post.live.waiting(waiting.len());
                        } else {
                            self.dropped(permits.borrow().lateness(item.due, now), is_warm_up);
                        }
                    }
                },
            }
        }
        self.measured.borrow_mut().elapsed = self.post.began.elapsed();
        let ending = async {
            while on_their_way.next().await.is_some() {
                on_their_way.extend(next(&mut waiting));
            }
        };
        wait_for_the_last(ending, load, halt).await;
    }
}

/// Sends what the pacer hands over.
pub(super) fn follow<T: Transport>(
    post: Post<'_>,
    runtime: Runtime,
    mut words: Receiver<Word>,
    transport: impl FnOnce() -> T,
) -> Measurement {
    let mut measured = work(post, |measured| {
        let shared = Shared { transport: transport(), post, measured };
        on_runtime(runtime, shared.follow(&mut words));
    });
    // What comes after a panic is not started.
    while let Some(word) = words.blocking_recv() {
        match word {
            Word::Due(item) => measured.planned += u64::from(!item.is_warm_up),
            Word::Overrun { is_warm_up, .. } => measured.planned += u64::from(!is_warm_up),
            Word::NotStarted(count) => measured.planned += count,
            Word::Broken(reason) => drop(measured.broken.insert(reason)),
        }
    }
    ended(measured)
}

/// Lets a worker work. If it panics, all others stop, and what it has measured is kept.
fn work(post: Post<'_>, work: impl FnOnce(&RefCell<Measurement>)) -> Measurement {
    let measured = RefCell::default();
    let worked = attempt(|| work(&measured));
    let mut measured: Measurement = measured.into_inner();
    if let Err(reason) = worked {
        post.halt.halt();
        measured.elapsed = post.began.elapsed();
        measured.broken.insert(reason);
    }
    measured
}

/// What was measured in the end: whatever has met nothing is unfinished, whatever was not sent is not started.
fn ended(mut measured: Measurement) -> Measurement {
    measured.unfinished = measured.sent.saturating_sub(measured.ok + measured.errors());
    measured.not_started = measured.planned.saturating_sub(measured.sent + measured.dropped);
    measured
}

/// Keeps every permit in use until the load is over.
pub(super) fn saturate<T: Transport>(post: Post<'_>, runtime: Runtime, transport: impl FnOnce() -> T) -> Measurement {
    let measured = work(post, |measured| {
        let shared = Shared { transport: transport(), post, measured };
        on_runtime(runtime, shared.saturate());
    });
    ended(measured)
}

impl<T: Transport> Shared<'_, T> {
    /// Sends one request for each permit, and the next when it is answered.
    async fn saturate(&self) {
        let Post { load, worker, began, halt, .. } = self.post;
        let permits = load.limit(worker, load.spec.max_in_flight);
        let maker = Maker::new(load, began);
        let callbacks = RefCell::new(Callbacks::new(&load.plan, &load.spec, load.part(worker)));
        let left = Cell::new(load.limit(worker, load.max_requests));
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
                self.measured.borrow_mut().planned += u64::from(!is_warm_up);
                let request = maker.request(&delivery, now);
                self.send(delivery.callback.name(), request, None, is_warm_up).await;
            }
        };
        let permits: Vec<_> = (0..permits).map(|_| keep_one_in_use()).collect();
        let all = async {
            futures_util::future::join_all(permits).await;
        };
        wait_for_the_last(all, load, halt).await;
        self.measured.borrow_mut().elapsed = began.elapsed();
    }

    fn dropped(&self, lateness: Duration, is_warm_up: bool) {
        let late_after = self.post.load.spec.late_after;
        self.post.live.dropped(lateness > late_after);
        if !is_warm_up {
            self.measured.borrow_mut().dropped(lateness, late_after);
        }
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

fn on_runtime(runtime: Runtime, future: impl Future<Output = ()>) {
    runtime.block_on(future);
    runtime.shutdown_background();
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::load::live::Live;
    use crate::engine::load::pacer::channel;
    use crate::engine::settings::Addresses;
    use crate::engine::transport::memory::{MemoryTransport, Reply};
    use crate::plan::Plan;
    use crate::scenario::load::Shard;
    use crate::scenario::{Source, check};
    use crate::time::UnixMillis;

    /// A load by one worker; `settings` is what stands in `[load]`.
    fn load(settings: &str) -> Load {
        let text = format!(
            "version = 1\n[load]\nrate = 400\nduration = \"3s\"\n{settings}\n\
             [[task]]\nsource = \"live\"\nurl = \"rtmp://origin.test/a\"\nend = \"1m\""
        );
        let scenario = check(Source::new("test.toml", text)).scenario.unwrap();
        Load {
            spec: scenario.load.clone().unwrap(),
            plan: Plan::new(Arc::new(scenario), 1),
            shard: Shard::WHOLE,
            workers: 1,
            speed: 1.0,
            max_requests: u64::MAX,
            addresses: Addresses::new(Some("http://receiver.test/".to_owned()), String::new()),
            epoch: UnixMillis(0),
            grace: Duration::ZERO,
        }
    }

    /// What is measured in virtual time of a receiver that takes one at a time, each for so long. The worker gets each callback at its
    /// time, or at what `handed` makes of that.
    fn measured(settings: &str, each: Duration, handed: impl Fn(Duration) -> Duration) -> Measurement {
        let load = load(settings);
        let (halt, live) = (Halt::default(), Live::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let (sender, mut words) = channel();
        runtime.block_on(async {
            let began = Instant::now();
            let mut free = began;
            let transport = MemoryTransport::new(move |_: &Request| {
                free = free.max(Instant::now()) + each;
                Reply::status(200, free - Instant::now())
            });
            let pacer = async {
                for due in (0..1200).map(|n| Duration::from_micros(n * 2500)) {
                    tokio::time::sleep_until(began + handed(due)).await;
                    let request = Request::post(String::new(), bytes::Bytes::new(), Duration::from_secs(60));
                    let is_warm_up = due < load.spec.warm_up;
                    let item = Item { due, event: "TaskStart".to_owned(), request, is_warm_up };
                    sender.send(Word::Due(Box::new(item))).await.unwrap();
                }
                tokio::time::sleep_until(began + load.spec.duration).await;
                drop(sender);
            };
            let measured = RefCell::default();
            let shared = Shared {
                transport,
                post: Post { load: &load, worker: 0, began, live: &live, halt: &halt },
                measured: &measured,
            };
            tokio::join!(pacer, shared.follow(&mut words));
            let measured = ended(measured.into_inner());
            assert!(measured.adds_up());
            measured
        })
    }

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_receiver_of_a_hundred_a_second_answers_a_hundred_a_second() {
        for settings in [
            "on_saturation = \"queue\"\nmax_in_flight = 1",
            "on_saturation = \"queue\"\nmax_in_flight = 16",
            "on_saturation = \"queue\"\nmax_in_flight = 16\nwarm_up = \"1s\"",
            "max_in_flight = 16",
            "max_in_flight = 1000",
        ] {
            let slow = measured(settings, millis(10), |due| due);
            assert!((slow.rate() - 100.0).abs() < 1.0, "{settings}: {} a second", slow.rate());
            assert!(!slow.meets(&"rate>300".parse().unwrap()));
            // Timers count in milliseconds.
            assert!(slow.lateness.max() <= 1000 && slow.late == 0, "{settings}: {} µs", slow.lateness.max());
            let waited = settings.contains("queue");
            assert_eq!(slow.permit_wait.value_at_quantile(0.5) > 1_000_000, waited, "{settings}");
            assert_eq!(slow.start_delay.max() > 8_000_000, waited, "{settings}");
        }
    }

    #[test]
    fn a_generator_that_sleeps_is_late_whatever_the_receiver_does() {
        // Nothing is handed over from 1 s to 1.5 s: two hundred callbacks.
        let asleep = |due: Duration| if due >= millis(1000) && due < millis(1500) { millis(1500) } else { due };
        let fast = measured("max_in_flight = 1000", millis(1), asleep);
        assert!((190..=200).contains(&fast.late) && !fast.kept_time(), "{}", fast.late);
        // It is the reason why most of them find no permit.
        let dropping = measured("max_in_flight = 4", millis(1), asleep);
        assert!(dropping.dropped > 150 && (190..=200).contains(&dropping.late), "{}", dropping.late);
        assert!(!dropping.kept_time());
        // They would have waited all the same.
        let slow = measured("max_in_flight = 4\non_saturation = \"queue\"", millis(10), asleep);
        assert_eq!((slow.late, slow.dropped, slow.kept_time()), (0, 0, true));
    }
}
