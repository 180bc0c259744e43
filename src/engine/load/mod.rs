//! The load generator: for each worker a thread that knows the time, and a thread that sends. Nothing is shared but counters to look at.

pub mod live;
mod pacer;
mod permits;
mod worker;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::Instant;

use crate::callback::payload::Payload;
use crate::engine::measure::Measurement;
use crate::engine::settings::Addresses;
use crate::engine::transport::Transport;
use crate::exit_code::panic_text;
use crate::plan::Plan;
use crate::plan::arrivals::Part;
use crate::plan::profile::Profile;
use crate::scenario::load::{LoadSpec, OnSaturation, Rate, Shard};
use crate::time::UnixMillis;
use live::Live;

/// A load, ready to be made.
#[derive(Debug, Clone)]
pub struct Load {
    /// What is sent.
    pub plan: Plan,
    /// How much of it, and when.
    pub spec: LoadSpec,
    /// Which part of it is made here.
    pub shard: Shard,
    /// How many workers make it.
    pub workers: u64,
    /// How fast the tasks of unit task go.
    pub speed: f64,
    /// At most so many requests, all workers together.
    pub max_requests: u64,
    /// Where callbacks go.
    pub addresses: Addresses,
    /// The instant of scenario time 0.
    pub epoch: UnixMillis,
    /// How long requests on their way may take to end when the load is over.
    pub grace: Duration,
}

impl Load {
    fn part(&self, worker: u64) -> Part {
        Part { shard: self.shard, worker: Shard { index: worker, count: self.workers } }
    }

    fn payload(&self) -> &Payload {
        &self.plan.scenario().payload
    }

    fn timeout(&self) -> Duration {
        self.plan.scenario().receiver.timeout
    }

    /// A limit's part for one worker of this shard.
    fn limit(&self, worker: u64, limit: u64) -> u64 {
        Shard { index: worker, count: self.workers }.part_of(self.shard.part_of(limit))
    }
}

/// Asks a load to end early.
#[derive(Debug, Clone, Default)]
pub struct Halt(Arc<AtomicU8>);

impl Halt {
    /// Nothing new from now on; what is on its way may end.
    pub fn halt(&self) {
        self.0.fetch_max(1, Ordering::Relaxed);
    }

    /// Nothing new, and what is on its way is not waited for.
    pub fn abandon(&self) {
        self.0.store(2, Ordering::Relaxed);
    }

    /// Whether either was asked for.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    /// Whether nothing is to be waited for.
    pub fn is_abandoned(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 1
    }
}

/// Where one worker and its pacer stand.
#[derive(Debug, Clone, Copy)]
struct Post<'a> {
    load: &'a Load,
    worker: u64,
    began: Instant,
    live: &'a Live,
    halt: &'a Halt,
}

/// Makes a load. `transport` is asked for one transport by each worker, on its own thread.
///
/// Blocks until everything that was sent has met something, or its grace is over. `began` is the load's time 0. A worker that panics ends
/// the load early; what was measured says so.
///
/// # Errors
/// The system has no thread or runtime left; then nothing is measured.
pub fn generate<T: Transport>(
    load: &Load,
    began: Instant,
    transport: impl Fn() -> T + Sync,
    live: &[Live],
    halt: &Halt,
) -> io::Result<Measurement> {
    let transport = &transport;
    // Before anything is sent: a load without one of its workers is another load.
    let runtimes = live.iter().map(|_| runtime()).collect::<io::Result<Vec<_>>>()?;
    let mut sum = thread::scope(|scope| {
        let mut workers = Vec::new();
        let mut start = |worker: usize, live, runtime| -> io::Result<()> {
            let post = Post { load, worker: worker as u64, began, live, halt };
            let thread = || thread::Builder::new();
            workers.push(match load.spec.rate {
                Rate::Max => thread().spawn_scoped(scope, move || worker::saturate(post, runtime, transport))?,
                Rate::PerSecond(_) => {
                    let (items, arrivals) = pacer::channel();
                    thread().spawn_scoped(scope, move || pacer::pace(post, &items))?;
                    thread().spawn_scoped(scope, move || worker::follow(post, runtime, arrivals, transport))?
                }
            });
            Ok(())
        };
        let started: io::Result<()> = live
            .iter()
            .zip(runtimes)
            .enumerate()
            .try_for_each(|(worker, (live, runtime))| start(worker, live, runtime));
        if started.is_err() {
            halt.abandon();
        }
        let mut sum = Measurement::default();
        for worker in workers {
            match worker.join() {
                Ok(measured) => sum.add(&measured),
                Err(payload) => drop(sum.broken.insert(panic_text(payload.as_ref()))),
            }
        }
        started.map(|()| sum)
    })?;
    // Rates are of what is measured.
    sum.elapsed = load.spec.duration.min(sum.elapsed).saturating_sub(load.spec.warm_up);
    Ok(sum)
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// The profile of a load that has one.
fn profile(load: &Load) -> Option<Profile> {
    Profile::new(&load.spec, load.plan.dice())
}

/// Whether callbacks wait when all permits are used.
fn queues(load: &Load) -> bool {
    load.spec.on_saturation == OnSaturation::Queue
}
