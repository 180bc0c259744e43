//! A lane: the deliveries of one task, one after the other, with what befalls each of them settled.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cause::Kept;
use super::delivery::{Delivery, Due};
use super::task::Task;
use crate::dice::{Dice, Purpose, Stream};
use crate::fault::Fate;
use crate::fault::chances::Chances;
use crate::provider::timeline::Timeline;
use crate::scenario::task::{Script, Step, When};
use crate::time::Millis;

/// The deliveries of one task in order, each made when it is asked for.
#[derive(Debug)]
pub struct Lane {
    task: Task,
    source: Source,
    /// Deliveries made from the source.
    made: u64,
    faults: Option<Box<Faults>>,
    /// Deliveries given out, duplicates too.
    taken: u64,
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

/// What a lane needs once something may go wrong on the way.
#[derive(Debug)]
struct Faults {
    stream: Stream,
    /// What still befalls deliveries, where that is not all.
    kept: Option<Arc<Kept>>,
    /// What comes next from the source.
    upcoming: Option<Delivery>,
    /// The time of the last delivery made from the source: none comes from it that is due before.
    reached: Millis,
    /// Delayed deliveries and duplicates, until their time comes: by time, then in the order they were made.
    strays: BTreeMap<(Millis, u64, bool), Delivery>,
    /// Offset and number of the last one given out.
    last: (Millis, u64),
}

impl Lane {
    /// The lane of `task`.
    pub fn new(task: Task, dice: Dice, alarms: bool, kept: Option<Arc<Kept>>) -> Self {
        let source = match task.spec.script {
            Script::Relay(_) => {
                let mut timeline = Timeline::new(&task.spec, task.number, dice, alarms);
                if let Some(kept) = &kept {
                    timeline.keep(|index| kept.incident(task.number, index));
                }
                Source::Timeline(Box::new(timeline))
            }
            Script::Steps(_) => Source::Steps { made: 0, last: Millis::ZERO },
        };
        let faults = task.spec.may_fail().then(|| {
            let stream = dice.stream(Purpose::Faults, task.number);
            let (strays, reached, last) = (BTreeMap::new(), Millis::ZERO, (Millis::ZERO, 0));
            Box::new(Faults { stream, kept, upcoming: None, reached, strays, last })
        });
        let mut lane = Self { task, source, made: 0, faults, taken: 0, next: None };
        lane.make_next();
        lane
    }

    /// The task.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// How many deliveries were taken.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// What [`Iterator::next`] will give.
    pub fn peek(&self) -> Option<&Delivery> {
        self.next.as_ref()
    }

    fn make_next(&mut self) {
        self.next = match self.faults.take() {
            None => self.next_own(),
            Some(mut faults) => {
                let next = self.past(&mut faults);
                self.faults = Some(faults);
                next
            }
        };
    }

    /// The next of the task's own deliveries.
    fn next_own(&mut self) -> Option<Delivery> {
        let number = self.made + 1;
        let delivery = match &mut self.source {
            Source::Timeline(timeline) => timeline.next().map(|happening| {
                let offset = self.task.start().plus(happening.offset);
                Delivery {
                    cause: happening.cause,
                    retargeted: happening.retargeted,
                    ..Delivery::plain(self.task.clone(), number, offset, happening.callback)
                }
            }),
            Source::Steps { made, last } => step(&self.task, *made).map(|step| {
                let (offset, due) = match step.when {
                    When::At(at) => (at, Due::Planned),
                    When::AfterSent(pause) => (last.plus(pause), Due::AfterSent(pause)),
                    When::AfterAnswer(pause) => (last.plus(pause), Due::AfterAnswer(pause)),
                };
                *made += 1;
                *last = offset;
                let offset = self.task.start().plus(offset);
                let late = step.overlay.late;
                Delivery {
                    happened: offset.minus(late),
                    due: if number == 1 { Due::Planned } else { due },
                    overlay: (!step.overlay.is_empty()).then(|| Arc::clone(&step.overlay)),
                    expect: step.expect.clone(),
                    ..Delivery::plain(self.task.clone(), number, offset, step.callback.clone())
                }
            }),
        };
        self.made += u64::from(delivery.is_some());
        delivery
    }

    /// The next delivery after faults: delayed ones and duplicates come among the others when it is their time.
    fn past(&mut self, faults: &mut Faults) -> Option<Delivery> {
        while faults.upcoming.is_none() && !faults.stray_is_next() {
            let Some(mut delivery) = self.next_own() else { break };
            faults.reached = delivery.offset;
            delivery.fate = self.fate(&delivery, faults);
            if let Some(duplicate) = delivery.duplicate() {
                faults.strays.insert((duplicate.offset, duplicate.number, true), duplicate);
            }
            match delivery.fate.delay.filter(|_| !delivery.fate.dropped) {
                Some(by) => {
                    delivery.offset = delivery.offset.plus(by);
                    faults.strays.insert((delivery.offset, delivery.number, false), delivery);
                }
                None => faults.upcoming = Some(delivery),
            }
        }
        faults.next()
    }

    fn fate(&self, delivery: &Delivery, faults: &mut Faults) -> Fate {
        let chances = chances(&self.task, delivery.number);
        let Some(chances) = chances.filter(|chances| chances.concern(delivery.callback.kind())) else {
            return Fate::default();
        };
        let fate = chances.settle(faults.stream.at_block(delivery.number));
        // A body that is given as it is has no signature.
        let is_raw = delivery.overlay.as_ref().is_some_and(|overlay| overlay.raw.is_some());
        let fate = Fate { signature: fate.signature.filter(|_| !is_raw), ..fate };
        faults.kept.as_ref().map_or(fate, |kept| kept.sift(self.task.number, delivery.number, fate))
    }
}

impl Faults {
    /// Whether a stray goes before everything that the source still has: without this an endless task whose deliveries
    /// are all delayed would be made to its end at once.
    fn stray_is_next(&self) -> bool {
        self.strays.keys().next().is_some_and(|(at, ..)| *at <= self.reached)
    }

    fn next(&mut self) -> Option<Delivery> {
        // At the same time what was made first goes first, and a delivery before its duplicate.
        let stray = self.strays.keys().next().map(|(at, number, _)| (*at, *number));
        let own = self.upcoming.as_ref().map(|own| (own.offset, own.number));
        let mut delivery = match (stray, own) {
            (Some(stray), own) if own.is_none_or(|own| stray < own) => self.strays.pop_first()?.1,
            _ => self.upcoming.take()?,
        };
        delivery.due = due(&delivery, self.last);
        self.last = (delivery.offset, delivery.number);
        Some(delivery)
    }
}

/// What hangs on the delivery before hangs on whatever really goes before it: offset and number of that are given.
fn due(delivery: &Delivery, (last, number): (Millis, u64)) -> Due {
    let after_last = Due::AfterSent(delivery.offset.minus(last));
    let delay = delivery.offset.minus(delivery.happened);
    let hangs_on_last = delay == Millis::ZERO || number + 1 == delivery.number;
    match delivery.due {
        _ if delivery.is_duplicate() && number == delivery.number => after_last,
        Due::Planned => Due::Planned,
        Due::AfterAnswer(pause) if hangs_on_last && !delivery.is_duplicate() => Due::AfterAnswer(pause.plus(delay)),
        Due::AfterSent(_) | Due::AfterAnswer(_) => after_last,
    }
}

/// What may befall delivery `number` of `task`.
fn chances(task: &Task, number: u64) -> Option<&Chances> {
    let index = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    step(task, index).and_then(|step| step.faults.as_deref()).or(task.spec.faults.as_deref())
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
        self.taken += 1;
        self.make_next();
        Some(delivery)
    }
}
