//! Whatever a recording holds: it is played, compared, or refused with a reason, and never breaks anything down.

use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use pullpush::callback::sign::Key;
use pullpush::plan::Plan;
use pullpush::report::ndjson::line;
use pullpush::scenario::{Retry, Source};
use pullpush::study::drift::text::{human, ndjson};
use pullpush::study::drift::{Captured, Drift};
use pullpush::study::replay::{ReplayOptions, each, read, script};
use pullpush::text::is_obeyed;
use serde_json::json;

use super::cases;
use super::mangled::mangled;
use crate::support::{Run, at_once, valid};

/// A true journal, with retries, damaged bodies and a header.
fn journal() -> Vec<u8> {
    let text = "version = 1\n[payload]\nprofile = \"complete\"\nkey = \"testkey\"\n[faults]\n\
        corrupt = { chance = 0.3, kinds = [\"bad-utf8\", \"truncated\"] }\nduplicate = { chance = 0.3 }\n\
        [[task]]\nsource = \"vod\"\nfiles = [{ url = \"http://media.test/流.m3u8\", duration = \"20s\" }]\ncount = 2\n";
    let plan = Plan::new(valid(Source::new("a.toml", text)), 1);
    let (events, _) = Run::of(plan, |n, _| at_once(if n % 5 == 0 { 500 } else { 200 })).play();
    let header = r#"{"schema_version":1,"event":"started","pullpush":"0","scenario":"a","scenario_hash":"0","seed":1,"epoch_ms":0}"#;
    format!("{header}\n{}", events.iter().map(line).collect::<String>()).into_bytes()
}

fn captures() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../../captures/tomorrow.ndjson").to_vec(),
        include_bytes!("../../captures/odd.ndjson").to_vec(),
        include_bytes!("../../captures/broken.ndjson").to_vec(),
    ]
}

fn har() -> Vec<u8> {
    include_bytes!("../../captures/proxy.har").to_vec()
}

/// A recording can be played, verbatim or not, or is refused with a reason.
fn can_be_played(recording: &[u8]) -> Result<(), TestCaseError> {
    let records = match read(recording) {
        Ok(records) => records,
        Err(error) => {
            prop_assert!(!error.to_string().is_empty());
            return Ok(());
        }
    };
    prop_assert!(!records.is_empty() && records.is_sorted_by_key(|record| record.at));
    for (verbatim, key) in [(false, Key::new("testkey").ok()), (true, None)] {
        let options = ReplayOptions { verbatim, failed: false, key, retry: Retry::NONE };
        let plan = Plan::new(Arc::new(script("recording", records.clone(), &options)), 1);
        prop_assert_eq!(plan.count(usize::MAX), records.len());
        let mut run = Run::of(plan, |_, _| at_once(200));
        // Some are said to have come in a thousand years.
        run.stop_after = Some(Duration::from_secs(366 * 86_400));
        let (events, _) = run.play();
        events.iter().for_each(|event| assert!(!line(event).is_empty()));
    }
    Ok(())
}

/// What is said of a recording can be read, typed and pasted.
fn can_be_compared(recording: &[u8]) -> Result<(), TestCaseError> {
    let mut drift = Drift::new(Key::new("testkey").ok());
    let read = each(recording, |record| {
        let (user_agent, content_type) = (record.user_agent.as_deref(), record.content_type.as_deref());
        drift.take(Captured { at: record.at, body: &record.body, parsed: record.parsed, user_agent, content_type });
    });
    if let Err(error) = read {
        prop_assert!(!error.to_string().is_empty());
    }
    let Some(findings) = drift.findings() else { return Ok(()) };
    let told = human("a", &findings, None);
    prop_assert!(!told.replace("\u{1b}[", "").contains(|letter| is_obeyed(letter) && letter != '\n'), "{told:?}");
    prop_assert_eq!(ndjson("a", &findings, None).lines().count(), 1);
    prop_assert_eq!(findings.kinds.iter().map(|kind| kind.count).sum::<u64>(), findings.callbacks);
    // A name that means something else in an exit or a step is one that the file can hold all the same.
    for toml in [findings.toml(None), findings.steps()] {
        let parsed = toml::de::DeTable::parse(&toml);
        prop_assert!(parsed.is_ok(), "{:?}\n{}", parsed, toml);
    }
    let text = "version = 1\n[[task]]\nsource = \"live\"\nurl = \"rtmp://a.test/a\"\nend = \"1s\"\n";
    valid(Source::new("a.toml", text).with_overrides(&findings.sets(None)));
    Ok(())
}

fn is_taken(recording: &[u8]) -> Result<(), TestCaseError> {
    can_be_played(recording)?;
    can_be_compared(recording)
}

/// One body, as a line of a capture.
fn captured(body: &[u8]) -> Vec<u8> {
    format!("{}\n", json!({ "time": 1_767_225_600_000u64, "body": String::from_utf8_lossy(body) })).into_bytes()
}

fn samples() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../../samples/TaskStart.json").to_vec(),
        include_bytes!("../../samples/VodSourceFileStart.json").to_vec(),
        include_bytes!("../../samples/TaskExit.json").to_vec(),
        br#"{"appid":4,"callback_event":"TaskAlarm","event_time":"1","event_type":314,"interface":"general_callback","msg":"{\"type\":\"PullFileFailed\"}","product_name":"pullpush","sign":"a","source_urls":"[\"http://a\"]\n","t":1}"#.to_vec(),
    ]
}

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn journals(bytes in mangled(vec![journal()])) {
        is_taken(&bytes)?;
    }

    #[test]
    fn lines(bytes in mangled(captures())) {
        is_taken(&bytes)?;
    }

    #[test]
    fn har_files(bytes in mangled(vec![har()])) {
        is_taken(&bytes)?;
    }

    #[test]
    fn bodies(bodies in vec(mangled(samples()), 1..4)) {
        is_taken(&bodies.iter().flat_map(|body| captured(body)).collect::<Vec<_>>())?;
    }

    #[test]
    fn anything(bytes in vec(any::<u8>(), 0..300)) {
        is_taken(&bytes)?;
    }
}
