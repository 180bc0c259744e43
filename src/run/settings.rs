//! How a plan is played: everything the player has to be told.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::pace::Speed;
use crate::callback::payload::Payload;
use crate::plan::moments::Moments;
use crate::plan::task::Task;
use crate::probe::Probe;
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
    /// Whether a task's callbacks wait for each other.
    pub ordering: Ordering,
    /// Where callbacks go.
    pub addresses: Addresses,
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
}

impl Settings {
    /// What `scenario` says, in real speed, with stamps that count from `epoch`, and a thousand requests at once.
    pub fn of(scenario: &Scenario, addresses: Addresses, epoch: UnixMillis) -> Self {
        Self {
            payload: scenario.payload.clone(),
            timeout: scenario.receiver.timeout,
            retry: scenario.receiver.retry.clone(),
            ordering: scenario.receiver.ordering,
            addresses,
            speed: Speed::REAL,
            epoch,
            started_at: epoch,
            probes: scenario.probes.clone(),
            max_in_flight: 1000,
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

    /// What a body calls the address of a task that has no `callback_url` of its own.
    pub fn shown(&self) -> &str {
        self.to.as_deref().unwrap_or(&self.default)
    }
}
