//! One planned delivery.

use std::sync::Arc;

use crate::callback::Callback;
use crate::callback::body::{Moment, encode};
use crate::callback::overlay::Overlay;
use crate::callback::payload::Payload;
use crate::plan::task::Task;
use crate::scenario::task::IncidentKind;
use crate::time::Millis;

/// One callback that is to reach the receiver.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Whose it is.
    pub task: Task,
    /// Its number among the task's deliveries, from 1.
    pub number: u64,
    /// When it is due, in scenario time. For [`Due::AfterAnswer`] the earliest time there is.
    pub offset: Millis,
    /// What its due time hangs on.
    pub due: Due,
    /// What it says.
    pub callback: Callback,
    /// The incident that brought it about.
    pub cause: Option<IncidentKind>,
    /// The incident that gave the task its present target.
    pub retargeted: Option<usize>,
    /// What a step changes about the body.
    pub overlay: Option<Arc<Overlay>>,
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
    /// The bytes of one attempt. `address` is where callbacks go that name no address of their own.
    pub fn body(&self, payload: &Payload, address: &str, moment: Moment) -> Vec<u8> {
        let file = match self.callback {
            Callback::VodSourceFileStart { index } | Callback::VodSourceFileFinish { index } => Some(index),
            _ => None,
        };
        let sender = self.task.sender(self.retargeted, address, file);
        encode(&self.callback, &sender, payload, moment, self.overlay.as_deref())
    }
}
