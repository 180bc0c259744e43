//! The picture of a plan: the same lanes before anything is sent.

use super::model::{Delivery, Drawn};
use super::picture::Facts;
use super::sheet::Sheet;
use super::words::Room;
use crate::report::ndjson::faults_text;
use crate::report::plan::Planned;
use crate::time::micros;

/// The most deliveries without a place on the page that are counted.
const MAX_COUNTED: u64 = 10_000_000;

/// A plan in the making.
#[derive(Debug)]
pub struct PlanPicture {
    facts: Facts,
    sheet: Sheet,
}

impl PlanPicture {
    /// Of a plan of which nothing is known yet.
    pub fn new(facts: Facts) -> Self {
        Self { facts, sheet: Sheet::new(Room::default()) }
    }

    /// Takes in what is planned next; whether it is of use to go on.
    pub fn take(&mut self, planned: &Planned<'_>) -> bool {
        let sheet = &mut self.sheet;
        if !Room::take(&mut sheet.room.deliveries) {
            sheet.left_out.deliveries += 1;
            sheet.left_out.at_least = sheet.left_out.deliveries == MAX_COUNTED;
            return !sheet.left_out.at_least;
        }
        let delivery = planned.delivery;
        let task = sheet.lane(delivery.task.number, &delivery.task.id());
        let body = (!delivery.faults.dropped).then(|| sheet.body(&planned.body(), false)).flatten();
        sheet.left_out.bodies += u64::from(body.is_none() && !delivery.faults.dropped);
        let due = planned.due.unwrap_or_else(|| planned.offset().to_duration());
        let drawn = Delivery {
            task,
            number: delivery.number,
            event: delivery.callback.kind().map(|kind| kind as usize),
            says: sheet.text(&delivery.callback.to_string(), true),
            at_ms: planned.offset().0,
            due_us: micros(due),
            incident: delivery.cause.map(|cause| cause.name()),
            fault: faults_text(&delivery.own_faults()).and_then(|faults| sheet.text(&faults, true)),
            end: delivery.faults.dropped.then_some("dropped"),
            url: sheet.url(&planned.addresses.of(&delivery.task), false),
            body,
            duplicate: delivery.is_duplicate(),
            ..Delivery::default()
        };
        sheet.deliveries.push(drawn);
        true
    }

    /// The plan is over.
    pub fn finish(self) -> Drawn {
        self.sheet.finish(self.facts.drawn()).0
    }
}
