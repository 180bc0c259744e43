//! Ctrl-C, SIGTERM and `kill -9` at moments that nobody chose; and readers who leave at any line.
//!
//! `PROPTEST_CASES=200` chooses more of them; a failure prints which one it was.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::Value;

use super::{Answer, Desk, Receiver, VOD};
use crate::properties::cases;

/// Forty tasks of four callbacks, some of which are refused and come again.
fn desk() -> Desk {
    let many = VOD.replace("task_id = \"118148\"", "task_id = \"{n}\"\ncount = 40\nspacing = \"100ms\"");
    Desk::new().file("many.toml", many.replace("live/show", "live/{n}"))
}

fn receiver() -> Receiver {
    Receiver::answering(|n| Answer::Status(if n % 7 == 3 { 503 } else { 200 }))
}

/// The lines of a journal; the last one may be cut where it is not whole.
fn journal(desk: &Desk, whole: bool) -> Result<Vec<Value>, TestCaseError> {
    let text = desk.read("j.ndjson");
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    let mut told = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        match serde_json::from_str(line) {
            Ok(value) => told.push(value),
            Err(error) => prop_assert!(!whole && index + 1 == lines.len(), "line {index}: {error}: {line}"),
        }
    }
    Ok(told)
}

/// Every request that came is in the journal, each as often as it came.
fn is_all_there(told: &[Value], receiver: &Receiver, mut seen: Vec<String>) -> Result<(), TestCaseError> {
    seen.extend(receiver.rest().iter().map(|request| request.text().to_owned()));
    let mut sent: Vec<_> =
        told.iter().filter(|line| line["event"] == "sent").map(|line| line["body"].as_str().unwrap()).collect();
    for body in &seen {
        let place = sent.iter().position(|known| known == body);
        prop_assert!(place.is_some(), "not in the journal: {body}");
        sent.swap_remove(place.unwrap());
    }
    Ok(())
}

fn count(told: &[Value], event: &str) -> usize {
    told.iter().filter(|line| line["event"] == event).count()
}

proptest! {
    #![proptest_config(cases(9))]

    #[test]
    fn a_signal_at_any_moment(
        requests in 0usize..170,
        (signal, code) in prop_oneof![Just(("INT", 130)), Just(("TERM", 143)), Just(("KILL", -9))],
        speed in prop_oneof![Just("max"), Just("100x")],
    ) {
        let (desk, receiver) = (desk(), receiver());
        let line = format!("pullpush run many.toml --to {} --speed {speed} --journal j.ndjson", receiver.url);
        let mut running = desk.start(line);
        let seen: Vec<_> = (0..requests).map(|_| receiver.next().text().to_owned()).collect();
        running.signal_until_it_ends(signal);
        let done = running.end();
        // All may be over before the signal comes, and a callback be given up by then.
        let ends = [code, 0, 1].contains(&done.code);
        // Or the program has hardly begun, and does not catch signals yet.
        let never_began = requests == 0 && done.code < 0 && done.stdout.is_empty() && receiver.rest().is_empty();
        prop_assert!(ends || never_began, "{done:?}");
        prop_assert!(!done.stderr.contains("panicked"), "{done:?}");
        if desk.run("test -e j.ndjson").code != 0 {
            prop_assert_eq!(requests, 0);
            return Ok(());
        }
        let told = journal(&desk, signal != "KILL")?;
        is_all_there(&told, &receiver, seen)?;
        if [0, 1].contains(&done.code) {
            prop_assert_eq!((count(&told, "ended"), count(&told, "finished")), (160, 1));
        }
        if count(&told, "sent") > 0 {
            desk.run("pullpush replay j.ndjson --sink --speed max").exits(0);
            desk.run("pullpush drift j.ndjson").exits(0);
        }
    }

    /// The first signal lets everything be written.
    #[test]
    fn one_signal_at_any_moment(requests in 1usize..150, (signal, code) in prop_oneof![Just(("INT", 130)), Just(("TERM", 143))]) {
        let (desk, receiver) = (desk(), receiver());
        let flags = "--speed max --journal j.ndjson --report json=r.json";
        let running = desk.start(format!("pullpush run many.toml --to {} {flags}", receiver.url));
        let seen: Vec<_> = (0..requests).map(|_| receiver.next().text().to_owned()).collect();
        running.signal(signal);
        let done = running.end();
        prop_assert!([code, 0, 1].contains(&done.code), "{done:?}");
        let told = journal(&desk, true)?;
        is_all_there(&told, &receiver, seen)?;
        let summary = told.last().unwrap();
        prop_assert_eq!(&summary["event"], "finished");
        prop_assert_eq!(&summary["attempts"], count(&told, "sent"));
        let report: Value = serde_json::from_str(&desk.read("r.json")).unwrap();
        prop_assert_eq!(&report["scenarios"][0]["summary"]["acknowledged"], &summary["acknowledged"]);
    }

    /// Whoever reads the output leaves after any line: the run goes on, and its journal is whole.
    #[test]
    fn a_reader_who_leaves_at_any_line(lines in 0usize..400, format in prop_oneof![Just("human"), Just("ndjson")]) {
        let (desk, receiver) = (desk(), Receiver::new());
        let run = format!("pullpush run many.toml --to {} --speed max --format {format} --journal j.ndjson", receiver.url);
        let done = desk.run(format!("{{ {run}; echo \"exit $?\" >&2; }} | head -n {lines}"));
        prop_assert_eq!(&done.stderr, "exit 0\n");
        prop_assert!(done.stdout.lines().count() <= lines);
        let told = journal(&desk, true)?;
        prop_assert_eq!((count(&told, "ended"), count(&told, "finished")), (160, 1));
        is_all_there(&told, &receiver, Vec::new())?;
    }
}
