//! What pictures of runs and of plans have in common: lanes, deliveries, texts, and how much room there still is.

use std::collections::HashMap;

use super::model::{Delivery, Drawn, LeftOut, Task};
use super::words::{Body, Room, Words};
use crate::text::{escaped, without_passwords};

/// A picture in the making.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    pub(super) room: Room,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) left_out: LeftOut,
    words: Words,
    tasks: Vec<Task>,
    /// Where a task is among `tasks`, by its number.
    lanes: HashMap<u64, usize>,
}

impl Sheet {
    /// A sheet with so much room.
    pub(super) fn new(room: Room) -> Self {
        Self { room, ..Self::default() }
    }

    /// The place of a task, which has one from now on.
    pub(super) fn lane(&mut self, number: u64, id: &str) -> usize {
        let next = self.tasks.len();
        let lane = *self.lanes.entry(number).or_insert(next);
        if lane == next {
            self.tasks.push(Task { number, task_id: escaped(id).into_owned(), again: None });
        }
        lane
    }

    /// The command that plays the task in a lane again, if it is not there already.
    pub(super) fn again(&mut self, lane: usize, command: impl FnOnce(u64) -> String) {
        if let Some(task) = self.tasks.get_mut(lane).filter(|task| task.again.is_none()) {
            task.again = self.words.whole(&command(task.number), &mut self.room);
        }
    }

    /// The number of a text.
    pub(super) fn text(&mut self, text: &str, of_failure: bool) -> Option<u32> {
        self.words.text(text, &mut self.room, of_failure)
    }

    /// The number of a URL.
    pub(super) fn url(&mut self, url: &str, of_failure: bool) -> Option<u32> {
        self.words.text(&without_passwords(url), &mut self.room, of_failure)
    }

    /// A body in pieces.
    pub(super) fn body(&mut self, bytes: &[u8], of_failure: bool) -> Option<Body> {
        self.words.body(bytes, &mut self.room, of_failure)
    }

    /// The sheet as a part of a page, and the room that is left.
    pub(super) fn finish(self, drawn: Drawn) -> (Drawn, Room) {
        let Self { room, deliveries, left_out, words, tasks, .. } = self;
        (Drawn { tasks, deliveries, words, left_out, ..drawn }, room)
    }
}
