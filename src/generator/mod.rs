//! The load generator: for each worker a thread that knows the time, and a thread that sends. Nothing is shared but counters to look at.

pub mod live;
mod pacer;
mod permits;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::Duration;

use tokio::time::Instant;

use crate::callback::payload::Payload;
use crate::load::profile::Profile;
use crate::load::{LoadSpec, OnSaturation, Rate, Shard};
use crate::measure::Measurement;
use crate::plan::Plan;
use crate::plan::arrivals::Part;
use crate::run::settings::Addresses;
use crate::time::UnixMillis;
use crate::transport::Transport;
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

/// Makes a load. `transport` is asked for one transport by each worker, on its own thread.
///
/// Blocks until everything that was sent has met something, or its grace is over. `began` is the load's time 0.
pub fn generate<T: Transport>(
    load: &Load,
    began: Instant,
    transport: impl Fn() -> T + Sync,
    live: &[Live],
    halt: &Halt,
) -> Measurement {
    let transport = &transport;
    let mut sum = Measurement::default();
    thread::scope(|scope| {
        let workers: Vec<_> = live
            .iter()
            .enumerate()
            .map(|(worker, live)| {
                let worker = worker as u64;
                match load.spec.rate {
                    Rate::Max => scope.spawn(move || worker::saturate(load, worker, began, transport(), live, halt)),
                    Rate::PerSecond(_) => {
                        let (items, arrivals) = pacer::channel();
                        scope.spawn(move || pacer::pace(load, worker, began, &items, halt));
                        scope.spawn(move || worker::follow(load, worker, began, arrivals, transport(), live, halt))
                    }
                }
            })
            .collect();
        for worker in workers {
            match worker.join() {
                Ok(measured) => sum.add(&measured),
                // What it measured is lost; the sums would not add up, and say so.
                Err(_) => sum.planned += 1,
            }
        }
    });
    // Rates are of what is measured.
    sum.elapsed = load.spec.duration.min(sum.elapsed).saturating_sub(load.spec.warm_up);
    sum
}

/// The profile of a load that has one.
fn profile(load: &Load) -> Option<Profile> {
    Profile::new(&load.spec, load.plan.dice())
}

/// Whether callbacks wait when all permits are used.
fn queues(load: &Load) -> bool {
    load.spec.on_saturation == OnSaturation::Queue
}
