//! The agenda: many lanes merged by the time of their next delivery.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::iter::Peekable;

use super::delivery::Delivery;
use super::lane::Lane;
use crate::time::Millis;

/// Lanes by the time of what comes next in each. A lane is opened when its first delivery is near, not before, so what
/// is held in memory is the tasks that are alive at one time, however many there are in all.
#[derive(Debug)]
pub struct Agenda<L: Iterator<Item = Lane>> {
    /// Lanes not opened yet, in order of their start.
    unopened: Peekable<L>,
    /// Due time and task number of every open lane that waits, with its place in `lanes`.
    waiting: BinaryHeap<Reverse<(Millis, u64, usize)>>,
    lanes: Vec<Option<Lane>>,
    free: Vec<usize>,
}

impl<L: Iterator<Item = Lane>> Agenda<L> {
    /// An agenda of lanes that come in order of their start.
    pub fn new(lanes: L) -> Self {
        Self { unopened: lanes.peekable(), waiting: BinaryHeap::new(), lanes: Vec::new(), free: Vec::new() }
    }

    /// When the next delivery is due.
    pub fn next_due(&mut self) -> Option<Millis> {
        self.open();
        self.waiting.peek().map(|Reverse((due, ..))| *due)
    }

    /// The next delivery and its lane, which has to be put back for its deliveries to go on.
    pub fn take_next(&mut self) -> Option<(Delivery, Lane)> {
        self.open();
        let Reverse((_, _, place)) = self.waiting.pop()?;
        let mut lane = self.lanes.get_mut(place)?.take()?;
        self.free.push(place);
        lane.next().map(|delivery| (delivery, lane))
    }

    /// Puts a lane back; its next delivery is due at `due`, or when it says itself.
    pub fn put_back(&mut self, lane: Lane, due: Option<Millis>) {
        let Some(next) = lane.peek() else { return };
        let key = (due.unwrap_or(next.offset), next.task.number);
        let place = match self.free.pop() {
            Some(place) => {
                self.lanes[place] = Some(lane);
                place
            }
            None => {
                self.lanes.push(Some(lane));
                self.lanes.len() - 1
            }
        };
        self.waiting.push(Reverse((key.0, key.1, place)));
    }

    /// Everything that has not been taken, lane by lane, not in order of time. For counting.
    pub fn rest(self) -> impl Iterator<Item = Delivery> {
        self.lanes.into_iter().flatten().chain(self.unopened).flatten()
    }

    /// Opens the lanes that may hold the next delivery: a task says nothing before its start.
    fn open(&mut self) {
        while let Some(first) = self.unopened.peek() {
            if self.waiting.peek().is_some_and(|Reverse((due, ..))| first.start() > *due) {
                return;
            }
            if let Some(lane) = self.unopened.next() {
                self.put_back(lane, None);
            }
        }
    }
}

/// In the order planned: every lane goes on at once.
impl<L: Iterator<Item = Lane>> Iterator for Agenda<L> {
    type Item = Delivery;

    fn next(&mut self) -> Option<Delivery> {
        let (delivery, lane) = self.take_next()?;
        self.put_back(lane, None);
        Some(delivery)
    }
}
