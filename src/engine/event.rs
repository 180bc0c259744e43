//! What the player reports while it runs. Logs, summaries and journals only read these.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::engine::transport::{FailureKind, Outcome};
use crate::scenario::expect::Answer;
use crate::scenario::expect::Expectation;
use crate::scenario::fault::{AttemptFaults, DuplicateAs, Faults};
use crate::scenario::probe::{About, Probe};
use crate::scenario::task::IncidentKind;
use crate::time::{Millis, UnixMillis};

/// The delivery an event is about.
#[derive(Debug, Clone, PartialEq)]
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
    /// Scenario time it is first due at.
    pub due_at: UnixMillis,
    /// The incident that brought it about.
    pub incident: Option<IncidentKind>,
    /// What befalls it on its way.
    pub faults: Faults,
    /// Where it goes, if not all callbacks of the run go to one address. It may hold a password.
    pub to: Option<String>,
    /// What its step expects of the answer.
    pub expect: Option<Arc<Expectation>>,
}

/// One attempt of a delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// The delivery.
    pub subject: Arc<Subject>,
    /// Which attempt, from 1.
    pub number: u32,
    /// Set if a fault sends the delivery twice and this is the second.
    pub duplicate: Option<DuplicateAs>,
    /// What is done to it on its way.
    pub attempt_faults: AttemptFaults,
    /// Scenario time it was due at.
    pub due_at: UnixMillis,
    /// Scenario time it was first sent at.
    pub sent_at: UnixMillis,
    /// Since the run began, when it was due.
    pub due: Duration,
    /// Since the run began, when it was sent; the second time, if the receiver had closed the first connection.
    pub sent: Duration,
    /// How long after the first sending that was: see [`Exchange::resent_after`](crate::engine::transport::Exchange::resent_after).
    pub resent_after: Option<Duration>,
}

impl Attempt {
    /// What befalls it, of what befalls its delivery: nothing where it is sent again intact.
    pub fn faults(&self) -> Faults {
        match self.duplicate {
            Some(sends) => self.subject.faults.of_duplicate(sends),
            None if self.number == 1 => self.subject.faults,
            None => Faults::default(),
        }
    }

    /// How late it was sent at first.
    pub fn start_delay(&self) -> Duration {
        self.sent.saturating_sub(self.due).saturating_sub(self.resent_after.unwrap_or_default())
    }

    /// The attempt, sent once more so long after the first time, or not.
    pub fn resent(self, after: Option<Duration>) -> Self {
        Self { sent: self.sent + after.unwrap_or_default(), resent_after: after, ..self }
    }
}

/// Something that happened while a plan was played.
#[derive(Debug, Clone, PartialEq)]
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
    AttemptFinished {
        /// The attempt.
        attempt: Attempt,
        /// Since the run began.
        done: Duration,
        /// Scenario time by then.
        done_at: UnixMillis,
        /// What it met.
        outcome: Outcome,
        /// The pause before the next attempt, in scenario time, if there is to be one.
        retry_in: Option<Millis>,
    },
    /// The receiver was asked what it made of the callbacks.
    Probed {
        /// What was asked.
        probe: Arc<Probe>,
        /// The task it was about, if it was about one.
        about: Option<About>,
        /// Where it was asked.
        url: String,
        /// Since the run began, when the last answer was there.
        at: Duration,
        /// How long that took, all tries together.
        took: Duration,
        /// How often it was asked.
        tries: u32,
        /// How often the receiver had closed a kept connection, so that a try was sent once more on a new one.
        resent: u32,
        /// The last answer, if there was one.
        answer: Option<Answer>,
        /// Else why there was none.
        failure: Option<FailureKind>,
        /// What was wrong with it; nothing if it was as expected.
        complaints: Vec<String>,
    },
    /// The first attempt of some delivery has to wait: so many others are not over that no more are begun. Told once.
    HeldUp {
        /// Since the run began.
        at: Duration,
        /// How many are not over.
        unfinished: usize,
    },
    /// A delivery is over.
    Ended {
        /// The delivery.
        subject: Arc<Subject>,
        /// How.
        end: End,
    },
}

impl Event {
    /// Whether it tells of a request that pullpush may not send: the run is not what it was meant to be.
    pub fn is_forbidden(&self) -> bool {
        match self {
            Self::AttemptFinished { outcome, .. } => outcome.is_forbidden(),
            Self::Probed { failure, .. } => *failure == Some(FailureKind::Forbidden),
            Self::Sent { .. } | Self::HeldUp { .. } | Self::Ended { .. } => false,
        }
    }
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The receiver answered with 200.
    Acknowledged,
    /// The last attempt failed.
    GivenUp,
    /// A fault: it was never sent.
    Dropped,
    /// A fault: its last attempt was spoilt on purpose, and nobody sent it again.
    Spoilt,
    /// The run was stopped first.
    Interrupted,
}
