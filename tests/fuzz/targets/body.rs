//! The body of a request to the built-in receiver: it is answered; and as one that was captured, it is told anew.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pullpush::callback::moment::Moment;
use pullpush::callback::payload::Payload;
use pullpush::callback::restamp::restamp;
use pullpush::callback::sign::Key;
use pullpush::study::drift::{Captured, Drift};
use pullpush::study::drift::text::human;
use pullpush::sink::Sink;
use pullpush::sink::misbehaviour::Misbehaviour;
use pullpush::time::{Millis, UnixMillis};

const NOW: UnixMillis = UnixMillis(1_767_225_600_000);

fuzz_target!(|bytes: &[u8]| {
    let key = || Key::new("testkey").ok();
    for key in [None, key()] {
        let mut sink = Sink::new(key, Misbehaviour::default());
        // Twice, for what is remarkable about the second time.
        for _ in 0..2 {
            let reception = sink.receive(bytes, NOW);
            assert!((200..=599).contains(&reception.reply.status));
            assert!(!reception.to_string().contains('\u{1b}'));
        }
    }
    let payload = Payload { key: key(), ..Payload::default() };
    let again = restamp(bytes, &payload, Moment::at(NOW));
    let mut drift = Drift::new(key());
    for body in [bytes, &again] {
        drift.take(Captured { at: Some(Millis(NOW.0)), body, parsed: false, user_agent: None, content_type: None });
    }
    if let Some(findings) = drift.findings() {
        assert!(!human("fuzzed", &findings, None).contains("\u{1b}]"));
    }
});
