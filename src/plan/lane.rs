//! A lane: the deliveries of one task, one after the other.

use std::sync::Arc;

use super::delivery::{Delivery, Due};
use super::task::Task;
use crate::dice::Dice;
use crate::provider::timeline::Timeline;
use crate::scenario::task::{Script, Step, When};
use crate::time::Millis;

/// The deliveries of one task in order, each made when it is asked for.
#[derive(Debug)]
pub struct Lane {
    task: Task,
    source: Source,
    made: u64,
    next: Option<Delivery>,
}

#[derive(Debug)]
enum Source {
    Timeline(Box<Timeline>),
    /// Steps made so far, and the offset of the last one.
    Steps {
        made: usize,
        last: Millis,
    },
}

impl Lane {
    /// The lane of `task`.
    pub fn new(task: Task, dice: Dice, alarms: bool) -> Self {
        let source = match task.spec.script {
            Script::Relay(_) => Source::Timeline(Box::new(Timeline::new(&task.spec, task.number, dice, alarms))),
            Script::Steps(_) => Source::Steps { made: 0, last: Millis::ZERO },
        };
        let mut lane = Self { task, source, made: 0, next: None };
        lane.make_next();
        lane
    }

    /// The task.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// How many deliveries were taken.
    pub fn taken(&self) -> u64 {
        self.made - u64::from(self.next.is_some())
    }

    /// What [`Iterator::next`] will give.
    pub fn peek(&self) -> Option<&Delivery> {
        self.next.as_ref()
    }

    fn make_next(&mut self) {
        let delivery = match &mut self.source {
            Source::Timeline(timeline) => timeline.next().map(|happening| Delivery {
                task: self.task.clone(),
                number: self.made + 1,
                offset: self.task.start().plus(happening.offset),
                due: Due::Planned,
                callback: happening.callback,
                cause: happening.cause,
                retargeted: happening.retargeted,
                overlay: None,
            }),
            Source::Steps { made, last } => step(&self.task, *made).map(|step| {
                let (offset, due) = match step.when {
                    When::At(at) => (at, Due::Planned),
                    When::AfterSent(pause) => (last.plus(pause), Due::AfterSent(pause)),
                    When::AfterAnswer(pause) => (last.plus(pause), Due::AfterAnswer(pause)),
                };
                *made += 1;
                *last = offset;
                Delivery {
                    task: self.task.clone(),
                    number: self.made + 1,
                    offset: self.task.start().plus(offset),
                    due: if self.made == 0 { Due::Planned } else { due },
                    callback: step.callback.clone(),
                    cause: None,
                    retargeted: None,
                    overlay: (!step.overlay.is_empty()).then(|| Arc::clone(&step.overlay)),
                }
            }),
        };
        self.made += u64::from(delivery.is_some());
        self.next = delivery;
    }
}

fn step(task: &Task, index: usize) -> Option<&Step> {
    match &task.spec.script {
        Script::Steps(steps) => steps.get(index),
        Script::Relay(_) => None,
    }
}

impl Iterator for Lane {
    type Item = Delivery;

    fn next(&mut self) -> Option<Delivery> {
        let delivery = self.next.take()?;
        self.make_next();
        Some(delivery)
    }
}
