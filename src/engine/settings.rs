//! How a plan is played: everything the player has to be told.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::outputs::Outputs;
use super::pace::Speed;
use crate::callback::payload::Payload;
use crate::engine::transport::{MAX_ANSWER_BODY, MAX_COMPARED_BODY};
use crate::plan::moments::Moments;
use crate::plan::task::Task;
use crate::scenario::probe::Probe;
use crate::scenario::task::TaskSpec;
use crate::scenario::{Ordering, Retry, Scenario};
use crate::time::UnixMillis;

/// The settings of one run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How bodies are made.
    pub payload: Payload,
    /// How long an answer may take, in real time.
    pub timeout: Duration,
    /// What follows a failed attempt.
    pub retry: Retry,
    /// What a task's next callback waits for.
    pub ordering: Ordering,
    /// Where callbacks go.
    pub addresses: Addresses,
    /// Whether callbacks go to more than one address.
    pub goes_to_several: bool,
    /// How fast scenario time runs.
    pub speed: Speed,
    /// The instant of scenario time 0.
    pub epoch: UnixMillis,
    /// The time of day when the run begins.
    pub started_at: UnixMillis,
    /// What the receiver is asked.
    pub probes: Vec<Arc<Probe>>,
    /// The most requests on their way at once.
    pub max_in_flight: usize,
    /// How much is kept of the body of an answer to a callback, in bytes; more where a step expects something of it.
    pub kept: usize,
    /// What stops the schedule while it cannot be written.
    pub outputs: Outputs,
    /// The most deliveries that are begun and not over, those that wait for a retry included: it bounds the player's memory.
    /// [`Event::HeldUp`](crate::engine::event::Event::HeldUp) tells when it is reached.
    pub max_unfinished: usize,
}

impl Settings {
    /// What `max_unfinished` is where nobody says otherwise: some 100 MB.
    pub const MAX_UNFINISHED: usize = 100_000;

    /// What `scenario` says, in real speed, with stamps that count from `epoch`, and a thousand requests at once.
    pub fn of(scenario: &Scenario, addresses: Addresses, epoch: UnixMillis) -> Self {
        Self {
            payload: scenario.payload.clone(),
            timeout: scenario.receiver.timeout,
            retry: scenario.receiver.retry.clone(),
            ordering: scenario.receiver.ordering,
            goes_to_several: addresses.are_several(scenario),
            addresses,
            speed: Speed::REAL,
            epoch,
            started_at: epoch,
            probes: scenario.probes.clone(),
            max_in_flight: 1000,
            kept: if scenario.expectations.read_bodies() { MAX_COMPARED_BODY } else { MAX_ANSWER_BODY },
            outputs: Outputs::default(),
            max_unfinished: Self::MAX_UNFINISHED,
        }
    }

    /// What times in bodies count from.
    pub fn moments(&self) -> Moments {
        Moments::new(self.payload.stamps, self.epoch, self.started_at)
    }
}

/// Where callbacks go: one address for all, or each task's own, or a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    to: Option<String>,
    default: String,
}

impl Addresses {
    /// Where callbacks go by default when nothing is sent: where `pullpush sink` listens.
    pub const NOWHERE: &str = "http://127.0.0.1:3140/";

    /// All callbacks to `to` if it is given; else to the task's `callback_url`, else to `default`.
    pub fn new(to: Option<String>, default: String) -> Self {
        Self { to, default }
    }

    /// The one address of all callbacks, if it was given.
    pub fn to(&self) -> Option<&str> {
        self.to.as_deref()
    }

    /// Where callbacks of `task` go.
    pub fn of<'a>(&'a self, task: &'a Task) -> Cow<'a, str> {
        match &self.to {
            Some(to) => Cow::Borrowed(to),
            None => task.callback_url().unwrap_or(Cow::Borrowed(&self.default)),
        }
    }

    /// Whether callbacks of `scenario` go to more than one address.
    pub fn are_several(&self, scenario: &Scenario) -> bool {
        let of = |spec: &'_ TaskSpec, copy| match &spec.callback_url {
            Some(url) => url.for_copy(copy).into_owned(),
            None => self.default.clone(),
        };
        let ends = scenario.tasks.iter().flat_map(|spec| [of(spec, 1), of(spec, spec.count)]);
        self.to.is_none() && ends.collect::<BTreeSet<_>>().len() > 1
    }

    /// Where callbacks of `tasks` go, each address once, in their order.
    pub fn all(&self, tasks: impl Iterator<Item = Task>) -> Vec<String> {
        let mut seen = BTreeSet::new();
        tasks.map(|task| self.of(&task).into_owned()).filter(|address| seen.insert(address.clone())).collect()
    }

    /// What a body calls the address of a task that has no `callback_url` of its own.
    pub fn shown(&self) -> &str {
        self.to.as_deref().unwrap_or(&self.default)
    }
}
