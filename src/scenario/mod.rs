//! Scenarios: TOML text in, a valid [`Scenario`] or all of its problems out.

mod check;
mod duration;
pub mod expect;
pub mod extent;
pub mod fault;
pub mod library;
pub mod load;
mod overrides;
pub mod places;
pub mod probe;
pub mod problem;
mod secrets;
mod section;
pub mod service;
mod source;
pub mod task;

pub use check::{Checked, Keys, check, check_with};
pub use secrets::blot_override;
pub use source::{Source, SourceError};

use std::sync::Arc;
use std::time::Duration;

use crate::callback::payload::Payload;
use crate::scenario::expect::Expectations;
use crate::scenario::load::LoadSpec;
use crate::scenario::probe::Probe;
use crate::time::Millis;
use service::Service;
use task::TaskSpec;

/// The JSON Schema (draft 2020-12) of a scenario file, for editors. Tests hold it against what `check` says.
pub const SCHEMA: &str = include_str!("schema.json");

/// One scenario file, valid and with every default in place.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// `name`
    pub name: Option<String>,
    /// `description`
    pub description: Option<String>,
    /// `seed`; `None`: drawn for each run.
    pub seed: Option<u64>,
    /// `[receiver]`
    pub receiver: Receiver,
    /// `[payload]`
    pub payload: Payload,
    /// `key_env`: the environment variable that holds the signing key; read by whoever runs the scenario.
    pub key_env: Option<String>,
    /// `[service]`
    pub service: Service,
    /// `[[task]]`, at least one.
    pub tasks: Vec<Arc<TaskSpec>>,
    /// `[expect]`
    pub expectations: Expectations,
    /// `[[probe]]`
    pub probes: Vec<Arc<Probe>>,
    /// `[load]`
    pub load: Option<LoadSpec>,
}

/// `[receiver]`: how callbacks are delivered.
#[derive(Debug, Clone, PartialEq)]
pub struct Receiver {
    /// Where callbacks go that name no address of their own.
    pub url: Option<String>,
    /// How long an answer may take (documented: 20 s).
    pub timeout: Duration,
    /// What follows an attempt that was not answered with 200.
    pub retry: Retry,
    /// What a task's next callback waits for.
    pub ordering: Ordering,
    /// Headers of every request.
    pub headers: Vec<(String, String)>,
    /// `User-Agent`; the service's own is not known.
    pub user_agent: Option<String>,
}

/// The pauses between the attempts of one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retry {
    /// The same pause before each of `times` more attempts.
    Every {
        /// Attempts after the first.
        times: u32,
        /// From the end of an attempt to the next.
        pause: Millis,
    },
    /// One more attempt after each pause.
    After(Vec<Millis>),
}

impl Retry {
    /// 12 retries, one a minute: documented for the provider's other callbacks, a guess for this one.
    pub const DOCUMENTED: Self = Self::Every { times: 12, pause: Millis::from_secs(60) };
    /// One attempt only.
    pub const NONE: Self = Self::Every { times: 0, pause: Millis::ZERO };

    /// The pause after attempt `attempt` (from 1) failed; `None`: it was the last.
    pub fn pause_after(&self, attempt: u32) -> Option<Millis> {
        match self {
            Self::Every { times, pause } => (attempt <= *times).then_some(*pause),
            Self::After(pauses) => pauses.get(attempt.saturating_sub(1) as usize).copied(),
        }
    }
}

/// What the next callback of a task waits for, beside its time. No document says what the service waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ordering {
    /// Until the first attempt of the last one is over, whatever came of it; its retries are overtaken.
    FirstAttempt,
    /// Until the last one is over, retries and all.
    Strict,
    /// Nothing.
    Free,
}

impl Ordering {
    /// All of them, by the names scenarios use.
    pub const ALL: [(&str, Self); 3] =
        [("first-attempt", Self::FirstAttempt), ("strict", Self::Strict), ("free", Self::Free)];

    /// The name scenarios use.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, ordering)| *ordering == self).map_or("", |(name, _)| name)
    }
}

impl Default for Receiver {
    fn default() -> Self {
        Self {
            url: None,
            timeout: Duration::from_secs(20),
            retry: Retry::DOCUMENTED,
            ordering: Ordering::FirstAttempt,
            headers: Vec::new(),
            user_agent: None,
        }
    }
}
