//! One planned delivery.

use std::sync::Arc;

use crate::callback::Callback;
use crate::callback::body::{Sender, encode};
use crate::callback::moment::Moment;
use crate::callback::overlay::Overlay;
use crate::callback::payload::Payload;
use crate::plan::task::Task;
use crate::scenario::expect::Expectation;
use crate::scenario::fault::{AttemptFaults, Corruption, DuplicateAs, Faults};
use crate::scenario::task::{IncidentKind, Step, When};
use crate::time::Millis;

/// One callback that is to reach the receiver.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Whose it is, as users have changed it by then.
    pub task: Task,
    /// Its number among the task's deliveries, from 1.
    pub number: u64,
    /// When it is due, in scenario time. For [`Due::AfterAnswer`] the earliest time there is.
    pub offset: Millis,
    /// When the thing happened that it tells of: `offset`, but for what is delayed or comes twice.
    pub happened: Millis,
    /// What its due time hangs on.
    pub due: Due,
    /// What it says.
    pub callback: Callback,
    /// The incident that brought it about.
    pub cause: Option<IncidentKind>,
    /// What a step changes about the body.
    pub overlay: Option<Arc<Overlay>>,
    /// What a step expects of its answer.
    pub expect: Option<Arc<Expectation>>,
    /// What befalls it on its way.
    pub faults: Faults,
    /// Whether it is the delivery itself, or the same once more.
    pub pass: Pass,
}

/// Which time a delivery comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// The first time.
    First,
    /// The second time, by a fault.
    Duplicate(DuplicateAs),
}

/// What a due time hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing but the plan.
    Planned,
    /// So long after the task's delivery before was first sent.
    AfterSent(Millis),
    /// So long after the task's delivery before ended.
    AfterAnswer(Millis),
}

impl Delivery {
    /// A delivery of the plan that nothing is remarkable about.
    pub(super) fn plain(task: Task, number: u64, offset: Millis, callback: Callback) -> Self {
        Self {
            task,
            number,
            offset,
            happened: offset,
            due: Due::Planned,
            callback,
            cause: None,
            overlay: None,
            expect: None,
            faults: Faults::default(),
            pass: Pass::First,
        }
    }

    /// With what its step says of it.
    pub(super) fn laid_over(mut self, step: &Step) -> Self {
        self.due = match step.when {
            _ if self.number == 1 => Due::Planned,
            When::At(_) => Due::Planned,
            When::AfterSent(pause) => Due::AfterSent(pause),
            When::AfterAnswer(pause) => Due::AfterAnswer(pause),
        };
        self.overlay = (!step.overlay.is_empty()).then(|| Arc::clone(&step.overlay));
        self.expect.clone_from(&step.expect);
        self
    }

    /// The same once more, if it is to come twice.
    pub(super) fn duplicate(&self) -> Option<Self> {
        let duplicate = self.faults.duplicate.filter(|_| !self.faults.dropped)?;
        let sent = self.offset.plus(self.faults.delay.unwrap_or_default());
        let pass = Pass::Duplicate(duplicate.sends);
        Some(Self { offset: sent.plus(duplicate.after), pass, ..self.clone() })
    }

    /// The bytes of one attempt. `address` is where callbacks go that name no address of their own.
    pub fn body(&self, payload: &Payload, address: &str, moment: Moment, attempt_faults: AttemptFaults) -> Vec<u8> {
        let sender = self.sender(address);
        let body = encode(&self.callback, &sender, payload, moment, self.overlay.as_deref(), attempt_faults.signature);
        attempt_faults.apply(body)
    }

    /// About how many bytes an attempt is, before it is made; never much less.
    pub fn weight(&self) -> usize {
        let urls = self.task.spec.files.iter().map(|file| file.url.as_written().len()).sum::<usize>();
        let overlay = self.overlay.as_ref().map_or(0, |overlay| overlay.weight());
        1024 + urls + overlay + self.faults.corruption.map_or(0, Corruption::adds)
    }

    /// The place of the file it is about, if it is about one.
    pub fn file(&self) -> Option<usize> {
        match self.callback {
            Callback::VodSourceFileStart { index } | Callback::VodSourceFileFinish { index } => Some(index),
            _ => None,
        }
    }

    /// How its body names the task; `address` is where callbacks go that name no address of their own.
    pub fn sender<'a>(&'a self, address: &'a str) -> Sender<'a> {
        self.task.sender(address, self.file())
    }

    /// What befalls it, of what befalls the delivery that it belongs to.
    pub fn own_faults(&self) -> Faults {
        match self.pass {
            Pass::First => self.faults,
            Pass::Duplicate(sends) => self.faults.of_duplicate(sends),
        }
    }

    /// What is done to attempt `number` (from 1).
    pub fn attempt_faults(&self, number: u32) -> AttemptFaults {
        self.own_faults().of_attempt(number)
    }

    /// Whether it is the second of two, which belongs to the first.
    pub fn is_duplicate(&self) -> bool {
        self.duplicates().is_some()
    }

    /// What the second of two sends, if it is one.
    pub fn duplicates(&self) -> Option<DuplicateAs> {
        match self.pass {
            Pass::First => None,
            Pass::Duplicate(sends) => Some(sends),
        }
    }
}
