//! The thread that sends: one runtime, its own connections, its own measurement.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep, timeout};

use super::live::Live;
use super::pacer::{Item, Maker, Word};
use super::permits::Permits;
use super::{Halt, Load, queues};
use crate::measure::{Measurement, Start};
use crate::plan::arrivals::Callbacks;
use crate::transport::{Outcome, Request, Transport};

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
        let sent = self.began.elapsed();
        let due = due.unwrap_or(Due { at: sent, free: sent });
        let start = Start::new(due.at, due.free, sent);
        let late_after = self.load.spec.late_after;
        self.live.sent(start.lateness > late_after);
        if is_warm_up {
            self.measured.borrow_mut().warm_up += 1;
        } else {
            self.measured.borrow_mut().sent(start, late_after);
        }
        let outcome = self.transport.send(request).await;
        let done = self.began.elapsed();
        let (corrected, service) = (done.saturating_sub(due.at), done.saturating_sub(sent));
        self.live.met(outcome.is_acknowledged(), corrected);
        let mut measured = self.measured.borrow_mut();
        if let (Outcome::Answered(_), Some(since)) = (&outcome, done.checked_sub(self.load.spec.warm_up)) {
            measured.answered(since);
        }
        if !is_warm_up {
            measured.met(event, &outcome, corrected, service);
        }
        done
    }

    /// Sends what the words say, until there are no more and all of it has met something.
    async fn follow(&self, permits: u64, mut words: Receiver<Word>, halt: &Halt) {
        let permits = RefCell::new(Permits::new(permits));
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
            let free = permits.borrow_mut().take(self.began.elapsed())?;
            let item = waiting.pop_front()?;
            self.live.waiting(waiting.len());
            Some(begin(item, free))
        };
        use futures_util::StreamExt;
        loop {
            tokio::select! {
                biased;
                Some(()) = on_their_way.next(), if !on_their_way.is_empty() => on_their_way.extend(next(&mut waiting)),
                word = words.recv() => match word {
                    None => break,
                    Some(Word::NotStarted(count)) => {
                        let mut measured = self.measured.borrow_mut();
                        measured.planned += count;
                        measured.not_started += count;
                    }
                    Some(Word::Overrun { lateness, is_warm_up }) => {
                        self.measured.borrow_mut().planned += u64::from(!is_warm_up);
                        self.dropped(lateness, is_warm_up);
                    }
                    Some(Word::Now(item)) => {
                        let is_warm_up = item.is_warm_up;
                        self.measured.borrow_mut().planned += u64::from(!is_warm_up);
                        let now = self.began.elapsed();
                        let permit = permits.borrow_mut().take(now);
                        if let Some(free) = permit {
                            on_their_way.push(begin(item, free));
                        } else if queues(self.load) && waiting.len() < MAX_QUEUE {
                            waiting.push_back(item);
                            self.live.waiting(waiting.len());
                        } else {
                            self.dropped(permits.borrow().lateness(item.due, now), is_warm_up);
                        }
                    }
                },
            }
        }
        self.measured.borrow_mut().elapsed = self.began.elapsed();
        let ending = async {
            while on_their_way.next().await.is_some() {
                on_their_way.extend(next(&mut waiting));
            }
        };
        wait_for_the_last(ending, self.load, halt).await;
        let left = waiting.iter().filter(|item| !item.is_warm_up).count() as u64;
        self.measured.borrow_mut().not_started += left;
    }
}

/// Sends what the pacer hands over.
pub(super) fn follow<T: Transport>(
    load: &Load,
    worker: u64,
    began: Instant,
    words: Receiver<Word>,
    transport: T,
    live: &Live,
    halt: &Halt,
) -> Measurement {
    let shared = Shared::new(load, began, transport, live);
    on_runtime(shared.follow(load.limit(worker, load.spec.max_in_flight).max(1), words, halt));
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
        Self { transport, load, began, live, measured: RefCell::default() }
    }

    fn dropped(&self, lateness: Duration, is_warm_up: bool) {
        let late_after = self.load.spec.late_after;
        self.live.dropped(lateness > late_after);
        if !is_warm_up {
            self.measured.borrow_mut().dropped(lateness, late_after);
        }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::generator::pacer::channel;
    use crate::load::Shard;
    use crate::plan::Plan;
    use crate::run::settings::Addresses;
    use crate::scenario::{Source, check};
    use crate::time::UnixMillis;
    use crate::transport::memory::{MemoryTransport, Reply};

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
        let (sender, words) = channel();
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
                    sender.send(Word::Now(Box::new(item))).await.unwrap();
                }
                tokio::time::sleep_until(began + load.spec.duration).await;
                drop(sender);
            };
            let shared = Shared::new(&load, began, transport, &live);
            tokio::join!(pacer, shared.follow(load.spec.max_in_flight, words, &halt));
            let measured = shared.end();
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
