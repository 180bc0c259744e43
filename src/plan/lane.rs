//! A lane: the deliveries of one task, one after the other, with what befalls each of them settled.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cause::Kept;
use super::delivery::{Delivery, Due, Pass};
use super::task::Task;
use crate::callback::Callback;
use crate::dice::{Dice, Purpose, Stream};
use crate::scenario::fault::Faults;
use crate::scenario::task::{IncidentKind, Script, Step, TaskSpec, When};
use crate::service::timeline::Timeline;
use crate::time::{Cutoff, Millis};

/// The deliveries of one task in order, each made when it is asked for.
#[derive(Debug)]
pub struct Lane {
    task: Task,
    source: Source,
    /// Deliveries made from the source.
    made: u64,
    on_the_way: Option<Box<OnTheWay>>,
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
struct OnTheWay {
    stream: Stream,
    /// What still befalls deliveries, where that is not all.
    kept: Option<Arc<Kept>>,
    /// What comes next from the source.
    upcoming: Option<Delivery>,
    /// The time of the last delivery made from the source: none comes from it that is due before.
    reached: Millis,
    /// Delayed deliveries and duplicates, until their time comes: by time, then in the order they were made.
    strays: BTreeMap<(Millis, u64, bool), Stray>,
    /// Offset and number of the last one given out.
    last: (Millis, u64),
}

/// What is kept of a delivery until its time comes, for there may be very many: the rest follows from its number.
#[derive(Debug)]
struct Stray {
    happened: Millis,
    callback: Callback,
    cause: Option<IncidentKind>,
    /// The task as users have changed it, if they have.
    changed: Option<Arc<TaskSpec>>,
}

impl Lane {
    /// The lane of `task`.
    pub fn new(task: Task, dice: Dice, alarms: bool, kept: Option<Arc<Kept>>, cutoff: Cutoff) -> Self {
        let source = match task.spec.script {
            Script::Relay(_) => {
                let mut timeline = Timeline::new(&task.spec, task.number, dice, alarms, cutoff);
                if let Some(kept) = &kept {
                    timeline.keep(|index| kept.incident(task.number, index));
                }
                Source::Timeline(Box::new(timeline))
            }
            Script::Steps(_) => Source::Steps { made: 0, last: Millis::ZERO },
        };
        let on_the_way = task.spec.may_fail().then(|| {
            let stream = dice.stream(Purpose::Faults, task.number);
            let (strays, reached, last) = (BTreeMap::new(), Millis::ZERO, (Millis::ZERO, 0));
            Box::new(OnTheWay { stream, kept, upcoming: None, reached, strays, last })
        });
        let mut lane = Self { task, source, made: 0, on_the_way, taken: 0, next: None };
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
        self.next = match self.on_the_way.take() {
            None => self.next_own(),
            Some(mut on_the_way) => {
                let next = self.past(&mut on_the_way);
                self.on_the_way = Some(on_the_way);
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
                let task = self.task.changed(happening.changed);
                Delivery { cause: happening.cause, ..Delivery::plain(task, number, offset, happening.callback) }
            }),
            Source::Steps { made, last } => step(&self.task, *made).map(|step| {
                let offset = match step.when {
                    When::At(at) => at,
                    When::AfterSent(pause) | When::AfterAnswer(pause) => last.plus(pause),
                };
                *made += 1;
                *last = offset;
                let offset = self.task.start().plus(offset);
                let plain = Delivery::plain(self.task.clone(), number, offset, step.callback.clone());
                Delivery { happened: offset.minus(step.overlay.late), ..plain.laid_over(step) }
            }),
        };
        self.made += u64::from(delivery.is_some());
        delivery
    }

    /// The next delivery after on_the_way: delayed ones and duplicates come among the others when it is their time.
    fn past(&mut self, on_the_way: &mut OnTheWay) -> Option<Delivery> {
        while on_the_way.upcoming.is_none() && !on_the_way.stray_is_next() {
            let Some(mut delivery) = self.next_own() else { break };
            on_the_way.reached = delivery.offset;
            delivery.faults = self.faults(&delivery, on_the_way);
            if let Some(duplicate) = delivery.duplicate() {
                on_the_way.keep(&self.task, &duplicate);
            }
            match delivery.faults.delay.filter(|_| !delivery.faults.dropped) {
                Some(by) => {
                    delivery.offset = delivery.offset.plus(by);
                    on_the_way.keep(&self.task, &delivery);
                }
                None => on_the_way.upcoming = Some(delivery),
            }
        }
        // At the same time what was made first goes first, and a delivery before its duplicate.
        let stray = on_the_way.strays.keys().next().map(|(at, number, _)| (*at, *number));
        let own = on_the_way.upcoming.as_ref().map(|own| (own.offset, own.number));
        let mut delivery = match (stray, own) {
            (Some(stray), own) if own.is_none_or(|own| stray < own) => self.found(on_the_way)?,
            _ => on_the_way.upcoming.take()?,
        };
        delivery.due = due(&delivery, on_the_way.last);
        on_the_way.last = (delivery.offset, delivery.number);
        Some(delivery)
    }

    /// The first stray, as it was made.
    fn found(&self, on_the_way: &mut OnTheWay) -> Option<Delivery> {
        let ((offset, number, is_duplicate), stray) = on_the_way.strays.pop_first()?;
        let Stray { happened, callback, cause, changed } = stray;
        let plain = Delivery::plain(self.task.changed(changed), number, offset, callback);
        let mut delivery = Delivery { happened, cause, ..plain };
        let index = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        if let Some(step) = step(&self.task, index) {
            delivery = delivery.laid_over(step);
        }
        delivery.faults = self.faults(&delivery, on_the_way);
        if let Some(duplicate) = delivery.faults.duplicate.filter(|_| is_duplicate) {
            delivery.pass = Pass::Duplicate(duplicate.sends);
        }
        Some(delivery)
    }

    fn faults(&self, delivery: &Delivery, on_the_way: &mut OnTheWay) -> Faults {
        let stream = on_the_way.stream.at_block(delivery.number);
        let index = usize::try_from(delivery.number.saturating_sub(1)).unwrap_or(usize::MAX);
        let of_step = step(&self.task, index).and_then(|step| step.faults.as_deref());
        let faults = match (of_step, self.task.spec.faults.as_deref()) {
            (Some(chances), _) => chances.settle(stream),
            (None, Some(windows)) => {
                let sender = || delivery.task.sender("", None);
                windows.settle(&delivery.callback, delivery.happened, sender, stream)
            }
            (None, None) => return Faults::default(),
        };
        // A body that is given as it is has no signature.
        let is_raw = delivery.overlay.as_ref().is_some_and(|overlay| overlay.raw.is_some());
        let faults = Faults { signature: faults.signature.filter(|_| !is_raw), ..faults };
        on_the_way.kept.as_ref().map_or(faults, |kept| kept.sift(self.task.number, delivery.number, faults))
    }
}

impl OnTheWay {
    /// Whether a stray goes before everything that the source still has: without this an endless task whose deliveries
    /// are all delayed would be made to its end at once.
    fn stray_is_next(&self) -> bool {
        self.strays.keys().next().is_some_and(|(at, ..)| *at <= self.reached)
    }

    /// Keeps one until its time comes.
    fn keep(&mut self, task: &Task, delivery: &Delivery) {
        let spec = &delivery.task.spec;
        let stray = Stray {
            happened: delivery.happened,
            callback: delivery.callback.clone(),
            cause: delivery.cause,
            changed: (!Arc::ptr_eq(spec, &task.spec)).then(|| Arc::clone(spec)),
        };
        self.strays.insert((delivery.offset, delivery.number, delivery.is_duplicate()), stray);
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
