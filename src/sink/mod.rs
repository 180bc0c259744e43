//! The built-in receiver: it judges what it gets, answers as a good receiver should, and can fail on purpose.

pub mod clock;
pub mod complaint;
mod connection;
mod fields;
pub mod judge;
pub mod misbehaviour;
pub mod note;
pub mod order;
pub mod page;
pub mod reception;
pub mod server;
mod siblings;
pub mod tally;
mod track;

use crate::callback::sign::Key;
use crate::time::UnixMillis;
use clock::Clock;
use complaint::Complaint;
use judge::{Seen, Verdict, judge};
use misbehaviour::{Misbehaviour, Reaction};
use order::{Order, Standing};
use reception::{Reception, Reply};
use tally::Tally;

/// The largest body that is looked at, in bytes. The largest the provider can send is far smaller.
pub const MAX_BODY: usize = 1024 * 1024;

/// A receiver without a network: bytes in, an answer out. [`server::serve`] puts it on a socket.
#[derive(Debug, Default)]
pub struct Sink {
    key: Option<Key>,
    order: Order,
    misbehaviour: Misbehaviour,
    tally: Tally,
    clock: Option<Clock>,
    /// Whether what comes now could not be written down.
    has_no_room: Option<fn() -> bool>,
}

impl Sink {
    /// A sink that demands signatures if it has a `key`, and fails on purpose as told.
    pub fn new(key: Option<Key>, misbehaviour: Misbehaviour) -> Self {
        Self { key, misbehaviour, ..Self::default() }
    }

    /// The same sink, which reads its own clock where it is told the time of day.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// The same sink, which acknowledges nothing that cannot be written down.
    #[must_use]
    pub fn recorded_unless(self, has_no_room: fn() -> bool) -> Self {
        Self { has_no_room: Some(has_no_room), ..self }
    }

    /// Receives one body, which had arrived completely at `at`.
    pub fn receive(&mut self, body: &[u8], at: UnixMillis) -> Reception {
        self.take(Some(body), at)
    }

    /// Receives a body that is larger than [`MAX_BODY`], without looking at it.
    pub fn receive_too_large(&mut self, at: UnixMillis) -> Reception {
        self.take(None, at)
    }

    /// The key with which callbacks have to be signed, if they have to.
    pub const fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// What was received so far.
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What is thought and answered of a body by itself, whatever else has come. `None`: it is too large.
    fn judged(body: Option<&[u8]>, key: Option<&Key>, at: UnixMillis, reaction: Reaction) -> Reception {
        let verdict = match body {
            Some(body) if body.len() <= MAX_BODY => judge(body, key, at),
            _ => Verdict { seen: Seen::default(), complaints: vec![Complaint::TooLarge] },
        };
        let reply = Reply::new(&verdict, reaction);
        Reception { at, verdict, task: None, note: None, reply, reaction }
    }

    fn take(&mut self, body: Option<&[u8]>, at: UnixMillis) -> Reception {
        let at = self.clock.map_or(at, |clock| clock.at(at));
        let has_room = self.has_no_room.is_none_or(|has_no_room| !has_no_room());
        let reaction = if has_room { self.misbehaviour.decide() } else { Reaction::UNRECORDED };
        let mut reception = Self::judged(body, self.key.as_ref(), at, reaction);
        // What is not acknowledged comes again, so for the order of things it has not come yet.
        if reception.reply.is_acknowledgement() {
            let Standing { task, note } = self.order.observe(&reception.verdict.seen, at);
            (reception.task, reception.note) = (task, note);
        }
        self.tally.count(&reception);
        reception
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use note::Note;

    const START: &[u8] = include_bytes!("../../tests/samples/TaskStart.json");
    const EXIT: &[u8] = include_bytes!("../../tests/samples/TaskExit.json");
    const NOW: UnixMillis = UnixMillis(1_767_225_601_203);

    fn answer(sink: &mut Sink, body: &[u8]) -> (u16, String) {
        let reply = sink.receive(body, NOW).reply;
        (reply.status, String::from_utf8(reply.body.to_vec()).unwrap())
    }

    #[test]
    fn good_is_acknowledged_and_bad_refused_with_its_reason() {
        let unknown = String::from_utf8(START.to_vec()).unwrap().replace("TaskStart", "TaskPause");
        let unsigned = r#"{"code":403,"message":"not signed: `t` is missing"}"#;
        let key = || Some(Key::new("testkey").unwrap());
        for (key, body, expected) in [
            (None, START, (200, r#"{"code":0}"#)),
            (None, EXIT, (200, r#"{"code":0}"#)),
            (None, unknown.as_bytes(), (200, r#"{"code":0}"#)),
            (None, b"[]", (400, r#"{"code":400,"message":"the body should be a JSON object, but is an array"}"#)),
            (key(), START, (403, unsigned)),
            (key(), unknown.as_bytes(), (403, unsigned)),
            (None, &[b' '; MAX_BODY + 1], (413, r#"{"code":413,"message":"the body is larger than 1 MiB"}"#)),
        ] {
            let mut sink = Sink::new(key, Misbehaviour::default());
            assert_eq!(answer(&mut sink, body), (expected.0, expected.1.to_owned()));
        }
    }

    #[test]
    fn what_was_not_acknowledged_did_not_come() {
        let misbehaviour = Misbehaviour { fail_first: Some(2), status: Some(503), ..Misbehaviour::default() };
        let mut sink = Sink::new(None, misbehaviour);
        let failure = (503, r#"{"code":503,"message":"failing on purpose"}"#.to_owned());
        assert_eq!(answer(&mut sink, START), failure);
        assert_eq!(answer(&mut sink, START), failure);
        assert_eq!(sink.receive(START, NOW).note, None);
        assert_eq!(sink.receive(START, NOW).note, Some(Note::Repeated));
        assert_eq!(sink.tally().repeated(), 1);
    }

    #[test]
    fn delay_and_dropping_are_for_the_transport_to_do() {
        let delay = Duration::from_secs(25);
        let misbehaviour = Misbehaviour { delay, drop_connection: true, ..Misbehaviour::default() };
        let reception = Sink::new(None, misbehaviour).receive(START, NOW);
        assert_eq!((reception.reply.delay, reception.reply.drop_connection), (delay, true));
        assert!(!reception.reply.is_acknowledgement());
        assert_eq!(reception.reaction, Reaction { delay, drop_connection: true, ..Reaction::default() });
    }

    #[test]
    fn everything_is_counted() {
        let misbehaviour = Misbehaviour { fail_first: Some(1), ..Misbehaviour::default() };
        let mut sink = Sink::new(None, misbehaviour);
        for body in [START, START, START, EXIT, b"", b"{}", br#"{"callback_event":"TaskPause"}"#] {
            sink.receive(body, NOW);
        }
        assert_eq!(
            sink.tally().to_string(),
            "7 received: 3 acknowledged, 3 refused, 1 failed on purpose\n\
             events: 1 TaskExit, 3 TaskStart, 1 unknown, 2 unreadable\n\
             complaints: 13 missing, 1 not-json, 1 unknown-event\n\
             notes: 1 repeated"
        );
        assert_eq!(Sink::default().tally().to_string(), "0 received: 0 acknowledged, 0 refused");
    }
}
