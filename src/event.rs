//! What the player reports while it runs. Logs, summaries and journals only read these.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::scenario::task::IncidentKind;
use crate::time::{Millis, UnixMillis};
use crate::transport::Outcome;

/// The delivery an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Number of the task in its scenario, from 1.
    pub task: u64,
    /// `task_id`
    pub task_id: String,
    /// Number of the delivery in its task, from 1.
    pub number: u64,
    /// `callback_event`
    pub event: String,
    /// What the callback says, in short: `TaskExit -22`.
    pub callback: String,
    /// The incident that brought it about.
    pub incident: Option<IncidentKind>,
}

/// One attempt of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The delivery.
    pub subject: Arc<Subject>,
    /// Which attempt, from 1.
    pub number: u32,
    /// Scenario time it was due at.
    pub due_at: UnixMillis,
    /// Since the run began, when it was due.
    pub due: Duration,
    /// Since the run began, when it was sent.
    pub sent: Duration,
}

impl Attempt {
    /// How late it was sent.
    pub fn start_delay(&self) -> Duration {
        self.sent.saturating_sub(self.due)
    }
}

/// Something that happened while a plan was played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A request is on its way.
    Sent {
        /// The attempt.
        attempt: Attempt,
        /// Where it goes.
        url: String,
        /// What it says.
        body: Bytes,
    },
    /// An attempt met something.
    Met {
        /// The attempt.
        attempt: Attempt,
        /// Since the run began.
        done: Duration,
        /// What it met.
        outcome: Outcome,
        /// The pause before the next attempt, in scenario time, if there is to be one.
        retry_in: Option<Millis>,
    },
    /// A delivery is over.
    Ended {
        /// The delivery.
        subject: Arc<Subject>,
        /// How.
        end: End,
    },
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The receiver answered with 200.
    Acknowledged,
    /// The last attempt failed.
    GivenUp,
    /// The run was stopped first.
    Interrupted,
}
