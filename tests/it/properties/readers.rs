//! Whatever is given to what reads, it says what is wrong, in its place, and never breaks down.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use pullpush::callback::moment::Moment;
use pullpush::callback::sign::Key;
use pullpush::engine::settings::Addresses;
use pullpush::plan::Plan;
use pullpush::report::plan::{Planned, curl, ndjson, table};
use pullpush::scenario::fault::AttemptFaults;
use pullpush::scenario::library::LIBRARY;
use pullpush::scenario::problem::Level;
use pullpush::scenario::{Scenario, Source, check};
use pullpush::sink::judge::judge;
use pullpush::text::escaped;
use serde_json::Value;

use super::mangled::mangled;
use super::text::{changed, nonsense, typed_override};
use super::{cases, composed, planned};
use crate::support::{EPOCH, RECEIVER, Run, at_once};

/// Either a scenario, or an error; every problem is at a place that exists, and can be shown.
fn is_judged(source: Source) -> Result<(), TestCaseError> {
    let checked = check(source);
    let errors = checked.count(Level::Error);
    prop_assert_eq!(checked.scenario.is_none(), errors > 0, "{:#?}", checked.problems);
    for problem in &checked.problems {
        let place = checked.source.locate(problem.span.clone());
        prop_assert!(place.span.start <= place.span.end && place.span.end <= place.text.len(), "{problem:?}");
        prop_assert!(place.text.is_char_boundary(place.span.start), "{problem:?} in {:?}", place.text);
        prop_assert!(place.text.is_char_boundary(place.span.end), "{problem:?} in {:?}", place.text);
        prop_assert!(!problem.message.is_empty());
        let shown = problem.render(&checked.source, false);
        prop_assert!(shown.contains(&format!("--> {}:", place.name)), "{shown}");
        prop_assert!(!shown.contains('\u{1b}') && !shown.contains('\r'), "{shown:?}");
        let json = problem.to_json(&checked.source);
        prop_assert!(json.line >= 1 && json.column >= 1);
        prop_assert!(json.line <= place.text.matches('\n').count() + 1, "{json:?}");
    }
    checked.scenario.map_or(Ok(()), can_be_planned)
}

/// A scenario that is bad or good, as a file has it.
fn files() -> Vec<Vec<u8>> {
    let bad = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let mut names: Vec<_> = fs::read_dir(bad).unwrap().map(|entry| entry.unwrap().path()).collect();
    // Such names are to be read in the same order everywhere.
    names.sort();
    let bad = names.into_iter().filter(|path| path.extension().is_some_and(|is| is == "toml")).map(fs::read);
    LIBRARY.iter().map(|shipped| shipped.text.as_bytes().to_vec()).chain(bad.map(Result::unwrap)).collect()
}

/// What is valid, and not too long, is played to its end in virtual time.
fn is_played(text: &str) {
    let Some(scenario) = check(Source::new("a.toml", text)).scenario else { return };
    let plan = Plan::new(Arc::new(scenario), 1);
    if plan.count(MOST_PLAYED) < MOST_PLAYED {
        let mut run = Run::of(plan, |n, _| at_once(if n % 4 == 0 { 500 } else { 200 }));
        // A retry may be due after years.
        run.stop_after = Some(Duration::from_secs(366 * 86_400));
        run.play();
    }
}

/// The most callbacks of a scenario that is played.
const MOST_PLAYED: usize = 2000;

/// What is valid can be planned and written down.
fn can_be_planned(scenario: Scenario) -> Result<(), TestCaseError> {
    let plan = Plan::new(Arc::new(scenario), 1);
    let payload = &plan.scenario().payload;
    let addresses = Addresses::new(None, RECEIVER.to_owned());
    let mut last = None;
    for delivery in plan.deliveries().take(100) {
        prop_assert!(last <= Some(delivery.offset));
        last = Some(delivery.offset);
        let epoch = payload.epoch.unwrap_or(EPOCH);
        let planned = Planned { delivery: &delivery, payload, epoch, addresses: &addresses, due: None };
        let [mut row, mut json, mut curl] = [const { String::new() }; 3];
        table(&planned, &mut row);
        ndjson(&planned, &mut json);
        self::curl(&planned, &mut curl);
        // On one line, whatever an event is called.
        prop_assert_eq!(row.find(['\n', '\r']), Some(row.len() - 1), "{:?}", row);
        prop_assert!(row.contains(&*escaped(delivery.callback.name())), "{row}");
        // Of what is dropped only the comment is left.
        prop_assert_eq!(curl.contains("\ncurl ") || curl.contains(" | curl "), !delivery.faults.dropped, "{}", curl);
        let line: Value = serde_json::from_str(&json).unwrap();
        prop_assert!(line["body"].is_string() || line["body_hex"].is_string());
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn nonsense_is_judged(text in nonsense()) {
        is_judged(Source::new("a.toml", text))?;
    }

    #[test]
    fn changed_scenarios_are_judged(text in changed()) {
        is_judged(Source::new("a.toml", text))?;
    }

    /// Every scenario there is, bad and good, whatever happens to its bytes.
    #[test]
    fn mangled_files_are_judged_and_played(bytes in mangled(files())) {
        let text = String::from_utf8_lossy(&bytes);
        is_judged(Source::new("a.toml", &*text))?;
        is_played(&text);
    }

    /// An event may be called whatever can be written into a file.
    #[test]
    fn any_event_is_planned(name in "(?s).{1,20}") {
        let name = Value::from(name);
        let text = format!("version = 1\n[[task]]\nfiles = [{{ url = 'http://media.test/a', duration = '1s' }}]\n[[task.step]]\nevent = {name}\n");
        is_judged(Source::new("a.toml", text))?;
    }

    #[test]
    fn overrides_are_judged(
        scenario in prop_oneof![3 => changed(), 1 => nonsense()],
        overrides in vec(typed_override(), 1..4),
    ) {
        is_judged(Source::new("a.toml", scenario).with_overrides(&overrides))?;
    }

    #[test]
    fn the_sink_judges_any_bytes(bytes in vec(any::<u8>(), 0..200), text in nonsense()) {
        let key = Key::new("testkey").unwrap();
        for body in [bytes.as_slice(), text.as_bytes()] {
            let unsigned = judge(body, None, EPOCH);
            let signed = judge(body, Some(&key), EPOCH);
            prop_assert!(signed.complaints.len() >= unsigned.complaints.len());
            if serde_json::from_slice::<serde_json::Map<_, Value>>(body).is_err() {
                prop_assert!(unsigned.refusal().is_some());
            }
        }
    }

    /// A true body with a few bytes changed.
    #[test]
    fn the_sink_judges_broken_bodies(
        scenario in composed::scenario(1, 1),
        changes in vec((any::<proptest::sample::Index>(), proptest::option::of(any::<u8>())), 1..6),
    ) {
        let plan = planned(&scenario.text(), 1);
        let moment = Moment::at(EPOCH);
        for delivery in plan.deliveries().take(4) {
            let mut body = delivery.body(&plan.scenario().payload, RECEIVER, moment, AttemptFaults::default());
            for (place, change) in &changes {
                let at = place.index(body.len());
                match change {
                    Some(byte) => body[at] = *byte,
                    None => body.truncate(at.max(1)),
                }
            }
            let verdict = judge(&body, plan.scenario().payload.key.as_ref(), EPOCH);
            for complaint in &verdict.complaints {
                prop_assert!(!complaint.to_string().is_empty());
            }
        }
    }
}

/// Runs the program: what it ends with, and what it complained of.
fn pullpush(arguments: &[&str], input: &[u8]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pullpush"));
    command.env_clear().args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Who refuses its arguments reads no input.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_command_line_takes_anything_in_its_stride() {
    let deep = "[".repeat(100_000);
    let path = format!("{}a=1", "a.".repeat(50_000));
    let long = "x".repeat(100_000);
    let verify = ["verify", "--key", "testkey", "-"].as_slice();
    let inputs: [&[u8]; 9] = [
        b"",
        b"\xff\xfe",
        b"null",
        b"{}",
        b"[1]",
        br#"{"t":-1,"sign":"a"}"#,
        br#"{"t":1e300,"sign":"a"}"#,
        br#"{"t":"99999999999999999999","sign":1}"#,
        deep.as_bytes(),
    ];
    for input in inputs {
        let (code, complaint) = pullpush(verify, input);
        assert_eq!(code, Some(2), "{complaint}");
        assert!(complaint.starts_with("error: - "), "{complaint}");
    }
    assert_eq!(pullpush(verify, br#"{"t":18446744073709551615,"sign":"\u0000"}"#).0, Some(1));
    let sets = [&deep, &path, &long, "=", "a", "a=", ".=.", "task.18446744073709551616=1", "task..=1", "\u{1b}=\u{1b}"];
    for set in sets {
        let (code, complaint) = pullpush(&["send", "TaskStart", "--set", set], b"");
        assert_eq!(code, Some(2), "{complaint}");
        assert!(complaint.contains("error: ") && !complaint.contains("panicked"), "{complaint}");
    }
    for event in ["", "\"", "\\", "\u{1b}[31m", "\n", "名", &long, "\u{0301}", "\u{7f}"] {
        let (code, complaint) = pullpush(&["send", event], b"");
        // A name longer than strings may be is refused; every other one is sent as it is.
        assert_eq!(code, Some(if event.len() > 8192 { 2 } else { 0 }), "{event:?}: {complaint}");
        assert!(!complaint.contains("panicked") && !complaint.contains('\u{1b}'), "{complaint}");
    }
}
