//! Drift of what pullpush sends itself: whatever its settings are, they are found, and the same settings make the same bytes.

use std::fmt::Write;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use pullpush::callback::payload::{JsonType, Profile};
use pullpush::callback::sign::Key;
use pullpush::engine::event::Event;
use pullpush::plan::Plan;
use pullpush::report::ndjson;
use pullpush::scenario::{Scenario, Source, check};
use pullpush::study::drift::{Captured, Drift, Findings};
use pullpush::study::replay::{Record, Source as Read, each};
use serde_json::{Value, json};

use super::{cases, composed};
use crate::support::{Run, at_once};

/// Every kind of callback that the profile knows, without a word about the payload.
const EVERYTHING: &str = r#"version = 1
[[task]]
source = "vod"
files = [{ url = "http://media.test/1.m3u8", duration = "20s" }, { url = "http://media.test/2.m3u8", duration = "20s" }]
[[task.incident]]
kind = "push-broken"
at = "10s"
lasts = "15s"
[[task.incident]]
kind = "modified"
at = "38s"
to_url = "rtmp://b.test/live/{n}"
"#;

/// The key, wherever one is used.
const KEY: &str = "testkey";

fn key() -> Key {
    Key::new(KEY).unwrap()
}

/// Everything that is sent of a scenario with these settings.
fn sent(text: &str, sets: &[String], seed: u64) -> Vec<Event> {
    let checked = check(Source::new("a.toml", text).with_overrides(sets));
    let mut scenario = checked.scenario.unwrap_or_else(|| panic!("{sets:?}\n{text}\n{:?}", checked.problems));
    if scenario.key_env.is_some() {
        scenario.payload.key = Some(key());
    }
    let (events, _) = Run::of(Plan::new(Arc::new(Scenario::clone(&scenario)), seed), |_, _| at_once(200)).play();
    events
}

fn bodies(events: &[Event]) -> Vec<String> {
    let body = |event: &Event| match event {
        Event::Sent { body, .. } => Some(String::from_utf8(body.to_vec()).unwrap()),
        _ => None,
    };
    events.iter().filter_map(body).collect()
}

/// What a capture comes to.
fn drift(capture: &str, source: Read) -> Option<Findings> {
    let mut drift = Drift::new(Some(key()));
    let take = |record: Record| {
        let headers = (record.user_agent.as_deref(), record.content_type.as_deref());
        let (at, body, parsed) = (record.at, &*record.body, record.parsed);
        drift.take(Captured { at, body, parsed, user_agent: headers.0, content_type: headers.1 });
    };
    assert_eq!(each(capture.as_bytes(), take), Ok(source));
    drift.findings()
}

fn journal(events: &[Event]) -> String {
    events.iter().map(ndjson::line).collect()
}

/// The same as lines of JSON, and as a HAR file.
fn elsewhere(events: &[Event]) -> [(String, Read); 2] {
    let sent = events.iter().filter_map(|event| match event {
        Event::Sent { attempt, body, .. } if attempt.number == 1 => Some((attempt.due_at, body)),
        _ => None,
    });
    let requests: Vec<_> = sent.map(|(at, body)| (at, String::from_utf8(body.to_vec()).unwrap())).collect();
    let lines = requests.iter().map(|(at, body)| json!({ "time": at.0, "body": body }).to_string() + "\n").collect();
    let entry = |(at, body): &(pullpush::time::UnixMillis, String)| {
        json!({ "startedDateTime": at.to_string(),
                "request": { "method": "POST", "url": "http://a.test/", "postData": { "text": body } } })
    };
    let har = json!({ "log": { "entries": requests.iter().map(entry).collect::<Vec<_>>() } });
    [(lines, Read::Lines), (format!("{har:#}"), Read::Har)]
}

/// Drift of what is sent with `sets` finds them: what it prints makes the same bytes, and drift of those says the same.
fn is_found(text: &str, sets: &[String], seed: u64) {
    let events = sent(text, sets, seed);
    if bodies(&events).is_empty() {
        return;
    }
    let findings = drift(&journal(&events), Read::Journal).unwrap();
    assert!(findings.is_covered(), "{sets:?}\n{:#?}", findings.kinds);
    assert_eq!(findings.steps(), "");
    let printed = findings.sets(Some("CALLBACK_KEY"));
    let again = sent(text, &printed, seed);
    assert_eq!(bodies(&events), bodies(&again), "{sets:?} printed as {printed:?}");
    assert_eq!(drift(&journal(&again), Read::Journal).as_ref(), Some(&findings));
    for (capture, source) in elsewhere(&events) {
        assert_eq!(drift(&capture, source).as_ref(), Some(&findings), "{source:?}");
    }
    // The same as TOML, put into the file.
    let toml = findings.toml(Some("CALLBACK_KEY"));
    let payload: String = toml.split("[[task").next().unwrap().to_owned();
    assert_eq!(bodies(&sent(&format!("{text}\n{payload}"), &[], seed)), bodies(&events), "{toml}");
}

/// Every profile, every type of every number, every name of the alarm, with a key and without.
fn every_setting() -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let types = || names(&JsonType::ALL.map(|(name, _)| name));
    let choices = [
        ("profile", names(&Profile::ALL.map(|(name, _)| name))),
        ("index_as", types()),
        ("code_as", types()),
        ("event_time_as", types()),
        ("t_as", types()),
        ("alarm_field", names(&["type", "AlarmType", "\"true\""])),
        ("key", names(&["", KEY])),
    ];
    for (key, values) in choices {
        let set = |set: &Vec<String>, value: &String| {
            let more = (!value.is_empty()).then(|| format!("payload.{key}={value}"));
            set.iter().cloned().chain(more).collect()
        };
        all = all.iter().flat_map(|known| values.iter().map(move |value| set(known, value))).collect();
    }
    all
}

#[test]
fn every_combination_of_settings_is_found() {
    let all = every_setting();
    assert_eq!(all.len(), 4 * 2 * 2 * 2 * 2 * 3 * 2);
    all.iter().for_each(|sets| is_found(EVERYTHING, sets, 7));
}

/// A scenario without steps, whose sections say nothing of the payload.
fn plain(scenario: &composed::Composed) -> String {
    let mut plain = composed::Composed { faults: None, retries: Some(0), ..scenario.clone() };
    plain.tasks.iter_mut().for_each(|task| task.source %= 4);
    let text = plain.text();
    let (_, rest) = text.split_once("[receiver]").unwrap();
    format!("version = 1\n[receiver]{rest}")
}

/// A field that no profile has, or that is of another type than it should be.
#[derive(Debug, Clone)]
struct Change {
    inside: bool,
    key: String,
    value: Value,
}

fn change() -> impl Strategy<Value = Change> {
    let known =
        ["appid", "task_id", "stream_id", "event_type", "interface", "code", "index", "url", "message", "duration"];
    let key = prop_oneof![proptest::sample::select(known.to_vec()).prop_map(str::to_owned), "[ -~流]{1,8}"];
    let value = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        Just(json!(1.5)),
        "[ -~流]{0,8}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
    ];
    (any::<bool>(), key, value).prop_map(|(inside, key, value)| Change { inside, key, value })
}

/// A body with changes, each where a step would put it.
fn changed(body: &str, changes: &[Change]) -> String {
    let mut body: serde_json::Map<String, Value> = serde_json::from_str(body).unwrap();
    let mut msg: serde_json::Map<String, Value> = serde_json::from_str(body["msg"].as_str().unwrap()).unwrap();
    for Change { inside, key, value } in changes {
        // What these say decides what callback it is, or is no form of its own.
        if !["callback_event", "msg", "sign", "t", "source_urls"].contains(&key.as_str()) {
            if *inside { &mut msg } else { &mut body }.insert(key.clone(), value.clone());
        }
    }
    body.insert("msg".to_owned(), Value::Object(msg).to_string().into());
    body.sort_keys();
    Value::Object(body).to_string()
}

fn capture(bodies: &[String]) -> String {
    bodies.iter().fold(String::new(), |mut lines, body| {
        writeln!(lines, "{}", json!({ "time": 1_767_225_600_000u64, "body": body })).unwrap();
        lines
    })
}

/// How the callbacks of each kind differ, in words.
fn told(findings: &Findings) -> Vec<(String, Vec<String>)> {
    let words = |kind: &pullpush::study::drift::KindSeen| {
        let mut words: Vec<_> = kind.differences.iter().map(|(difference, _)| difference.words("it")).collect();
        words.sort();
        (kind.event.clone(), words)
    };
    findings.kinds.iter().filter(|kind| !kind.differences.is_empty()).map(words).collect()
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn settings_of_any_scenario_are_found(
        scenario in composed::scenario(3, 3),
        which in any::<proptest::sample::Index>(),
        seed in 0..u64::from(u32::MAX),
    ) {
        let all = every_setting();
        is_found(&plain(&scenario), &all[which.index(all.len())], seed);
    }

    /// What no setting covers is covered by the steps that are printed.
    #[test]
    fn steps_cover_what_no_setting_does(
        changes in vec(change(), 1..5),
        profile in proptest::sample::select(Profile::ALL.map(|(name, _)| name).to_vec()),
    ) {
        let sets = vec![format!("payload.profile={profile}")];
        let events = sent(EVERYTHING, &sets, 7);
        // One of each kind, all with the same changes.
        let mut bodies = bodies(&events);
        bodies.sort_by_key(|body| body.split("\"callback_event\":").nth(1).unwrap().split(',').next().unwrap().to_owned());
        bodies.dedup_by_key(|body| body.split("\"callback_event\":").nth(1).unwrap().split(',').next().unwrap().to_owned());
        let bodies: Vec<_> = bodies.iter().map(|body| changed(body, &changes)).collect();
        let found = drift(&capture(&bodies), Read::Lines).unwrap();
        let steps = found.steps();
        prop_assert_eq!(steps.is_empty(), found.is_covered());
        prop_assume!(!steps.is_empty() && !steps.contains("body_file"));
        let file = "files = [{ url = \"http://media.test/1.m3u8\", duration = \"20s\" }]";
        let events = sent(&format!("version = 1\n[[task]]\n{file}\n{steps}"), &found.sets(None), 7);
        let again = drift(&journal(&events), Read::Journal).unwrap();
        prop_assert_eq!(told(&again), told(&found), "{}", steps);
    }
}
