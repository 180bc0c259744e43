//! The last callbacks that came, in bounded memory.

use std::borrow::Cow;
use std::collections::VecDeque;

use serde::Serialize;

use super::super::Sink;
use super::super::misbehaviour::Reaction;
use super::super::note::Note;
use super::super::reception::Reception;
use super::Head;
use crate::callback::sign::Key;
use crate::time::UnixMillis;

/// How many callbacks are kept.
pub(super) const MOST: usize = 2000;
/// How many bytes they may take together.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// What a place may take for nothing: its last callback was longer than this one.
const SPARE: usize = 4096;

/// One callback: its bytes, and what does not follow from them.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Counted from 1.
    pub(super) number: u64,
    at: UnixMillis,
    task: Option<u64>,
    note: Option<Note>,
    reaction: Reaction,
    /// The request's first line and header fields, then its body.
    bytes: Vec<u8>,
    /// How long the former are.
    head: usize,
    too_large: bool,
}

/// How many came, also of those that are not kept any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    pub(super) received: u64,
    pub(super) acknowledged: u64,
    pub(super) refused: u64,
    pub(super) failed_on_purpose: u64,
    /// With a note about their order.
    pub(super) noted: u64,
}

/// The last callbacks, the oldest in front.
#[derive(Debug, Default)]
pub(super) struct Ring {
    entries: VecDeque<Entry>,
    bytes: usize,
    counts: Counts,
}

/// What a reader has not seen yet.
#[derive(Debug)]
pub(super) struct News {
    /// The first of what is kept of it, but not more than was asked for.
    pub(super) entries: Vec<Entry>,
    /// Of everything up to now.
    pub(super) counts: Counts,
}

impl Ring {
    /// Takes one in, in the place of the oldest: a sink under load has no memory to get for it.
    pub(super) fn push(&mut self, head: &Head, body: Option<&[u8]>, reception: &Reception) {
        self.counts.take(reception);
        let oldest = if self.entries.len() == MOST { self.pop() } else { None };
        let mut bytes = oldest.map_or_else(Vec::new, |oldest| oldest.bytes);
        bytes.clear();
        head.write(&mut bytes);
        let end = bytes.len();
        bytes.extend_from_slice(body.unwrap_or_default());
        if bytes.capacity() > bytes.len() + SPARE {
            bytes.shrink_to_fit();
        }
        let &Reception { at, task, note, reaction, .. } = reception;
        let (number, head, too_large) = (self.counts.received, end, body.is_none());
        self.bytes += bytes.capacity();
        self.entries.push_back(Entry { number, at, task, note, reaction, bytes, head, too_large });
        while self.bytes > MOST_BYTES {
            self.pop();
        }
    }

    fn pop(&mut self) -> Option<Entry> {
        let oldest = self.entries.pop_front()?;
        self.bytes -= oldest.bytes.capacity();
        Some(oldest)
    }

    /// What came after the callback of this number, at most `most`; and no more once they have `bytes` together.
    pub(super) fn after(&self, number: u64, most: usize, bytes: usize) -> News {
        let first = self.counts.received - self.entries.len() as u64;
        let known = usize::try_from(number.saturating_sub(first)).unwrap_or(usize::MAX);
        let mut left = bytes;
        let fits = |entry: &&Entry| {
            let fits = left > 0;
            left = left.saturating_sub(entry.bytes.len());
            fits
        };
        let entries = self.entries.iter().skip(known).take(most).take_while(fits).cloned().collect();
        News { entries, counts: self.counts }
    }

    /// Of everything up to now.
    pub(super) const fn counts(&self) -> Counts {
        self.counts
    }
}

impl Counts {
    fn take(&mut self, reception: &Reception) {
        self.received += 1;
        let outcome = if reception.reply.is_acknowledgement() {
            &mut self.acknowledged
        } else if reception.is_failed_on_purpose() {
            &mut self.failed_on_purpose
        } else {
            &mut self.refused
        };
        *outcome += 1;
        self.noted += u64::from(reception.note.is_some());
    }
}

impl Entry {
    /// The request's first line and header fields.
    pub(super) fn head(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes[..self.head])
    }

    /// `None`: it was too large to be looked at.
    pub(super) fn body(&self) -> Option<&[u8]> {
        (!self.too_large).then(|| &self.bytes[self.head..])
    }

    /// What the sink thought of it, worked out once more.
    pub(super) fn reception(&self, key: Option<&Key>) -> Reception {
        let Self { at, task, note, reaction, .. } = *self;
        Reception { task, note, ..Sink::judged(self.body(), key, at, reaction) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        Head::of(hyper::Request::post("/").body(()).unwrap().into_parts().0)
    }

    fn push(ring: &mut Ring, body: &[u8]) {
        let reception = Sink::default().receive(body, UnixMillis(0));
        ring.push(&head(), Some(body), &reception);
    }

    fn numbers(news: &News) -> Vec<u64> {
        news.entries.iter().map(|entry| entry.number).collect()
    }

    #[test]
    fn a_reader_gets_what_it_does_not_know() {
        let mut ring = Ring::default();
        assert!(numbers(&ring.after(0, 9, 9)).is_empty());
        (0..5).for_each(|_| push(&mut ring, b"[]"));
        for (after, most, bytes, expected) in [
            (0, 9, 99, vec![1, 2, 3, 4, 5]),
            (0, 2, 99, vec![1, 2]),
            (0, 9, 9, vec![1, 2]),
            (3, 9, 99, vec![4, 5]),
            (4, 9, 1, vec![5]),
            (5, 9, 99, vec![]),
            (77, 9, 99, vec![]),
        ] {
            assert_eq!(numbers(&ring.after(after, most, bytes)), expected);
        }
        assert_eq!(ring.counts(), Counts { received: 5, refused: 5, ..Counts::default() });
    }

    #[test]
    fn it_keeps_so_many() {
        let mut ring = Ring::default();
        (0..MOST + 3).for_each(|_| push(&mut ring, b""));
        let numbers = numbers(&ring.after(1, MOST, usize::MAX));
        assert_eq!((numbers[0], numbers.len()), (4, MOST));
    }

    #[test]
    fn it_keeps_so_many_bytes() {
        let mut ring = Ring::default();
        let taken = |ring: &Ring| ring.entries.iter().map(|entry| entry.bytes.capacity()).sum::<usize>();
        let large = vec![b' '; 1024 * 1024];
        (0..40).for_each(|_| push(&mut ring, &large));
        assert_eq!((ring.entries.len(), ring.bytes), (31, taken(&ring)));
        (0..2 * MOST).for_each(|_| push(&mut ring, b"[]"));
        assert_eq!((ring.entries.len(), ring.bytes), (MOST, taken(&ring)));
        assert!(ring.bytes < MOST * (SPARE + 100), "{}", ring.bytes);
        assert_eq!(ring.after(0, 1, 1).entries[0].head(), "POST /");
    }

    #[test]
    fn what_was_thought_of_it_is_worked_out_again() {
        use crate::sink::misbehaviour::Misbehaviour;
        let start = include_bytes!("../../../tests/samples/TaskStart.json");
        let misbehaviour = Misbehaviour { fail_first: Some(1), ..Misbehaviour::default() };
        let key = Key::new("testkey").unwrap();
        let mut sinks = [Sink::new(None, misbehaviour), Sink::new(Some(key), Misbehaviour::default())];
        let mut ring = Ring::default();
        for (sink, body) in
            [(0, Some(&start[..])), (0, Some(start)), (0, Some(start)), (0, Some(b"[]")), (0, None), (1, Some(start))]
        {
            let sink = &mut sinks[sink];
            let reception = match body {
                Some(body) => sink.receive(body, UnixMillis(7)),
                None => sink.receive_too_large(UnixMillis(7)),
            };
            ring.push(&head(), body, &reception);
            assert_eq!(ring.entries.back().unwrap().reception(sink.key()), reception);
        }
    }
}
