//! Ctrl-C and SIGTERM while a load is made: what it says of what it did by then adds up.

use super::load::{PATIENT, assert_adds_up, desk};
use super::{Answer, Receiver};

#[test]
fn it_can_be_stopped_and_what_it_says_adds_up() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        for (rate, planned) in [("50", Some(180_000)), ("max", None)] {
            let receiver = Receiver::new();
            let line = format!(
                "pullpush load many.toml --rate {rate} --duration 1h {PATIENT} --format json --to {}",
                receiver.url
            );
            let running = desk().start(line);
            (0..3).for_each(|_| drop(receiver.next()));
            running.signal(signal);
            let done =
                running.end().exits(code).says("stopping: what is on its way may end; once more to end at once\n");
            let result = done.result();
            assert_adds_up(&result);
            assert!(result["ok"].as_u64().unwrap() >= 3 && result["unfinished"] == 0, "{result:#}");
            assert!(planned.is_none_or(|planned: u64| result["planned"] == planned), "{result:#}");
            assert_eq!(done.again(), None);
        }
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let receiver = Receiver::answering(|_| Answer::Held);
    let line =
        format!("pullpush load many.toml --rate 1000 --max-in-flight 4 --duration 1h {PATIENT} --report json=a.json");
    let desk = desk();
    let mut running = desk.start(format!("{line} --to {}", receiver.url));
    (0..4).for_each(|_| drop(receiver.next()));
    running.signal("INT");
    running.says("once more to end at once\n");
    running.signal("INT");
    running.end().exits(130);
    let result = serde_json::from_str(&desk.read("a.json")).unwrap();
    assert_adds_up(&result);
    assert_eq!((&result["sent"], &result["unfinished"]), (&4.into(), &4.into()));
}

#[test]
fn it_can_be_stopped_before_it_begins() {
    let receiver = Receiver::new();
    for rate in ["50", "max"] {
        let line = format!("pullpush load many.toml --rate {rate} --duration 1h --start-at 2999-01-01T00:00:00Z");
        let mut running = desk().start(format!("{line} --to {} --format json", receiver.url));
        running.says("many.toml  seed 7  ");
        running.signal("INT");
        let result = running.end().exits(130).result();
        assert_adds_up(&result);
        assert_eq!(result["sent"], 0);
    }
    let mut running = desk().start("pullpush load many.toml --rate 5 --to http://127.0.0.1:1/ --wait-for 1h");
    running.says("waiting for 127.0.0.1:1\n");
    running.signal("INT");
    running.end().exits(130).says("stopped before anything was sent\n");
    assert_eq!(receiver.rest().len(), 0);
}
