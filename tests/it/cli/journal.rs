//! `--journal` and `pullpush replay`: what is written down, and played again.

use serde_json::Value;

use super::{Answer, Desk, Receiver, Request, VOD};

/// The journal in a file of the desk, as JSON.
fn journal(desk: &Desk, name: &str) -> Vec<Value> {
    desk.read(name).lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// What does not depend on the clock: event, number, attempt, body, end.
fn story(lines: &[Value]) -> Vec<String> {
    let keys = ["event", "task_id", "number", "callback", "attempt", "body", "status", "end", "text"];
    let told = |line: &Value| keys.map(|key| line.get(key).map_or_else(String::new, Value::to_string)).join(" ");
    lines.iter().filter(|line| !["started", "finished"].contains(&line["event"].as_str().unwrap())).map(told).collect()
}

#[test]
fn it_holds_everything_that_happened() {
    let desk = Desk::new();
    desk.run("pullpush run vod.toml --sink --speed max --fail-first 1 --journal j.ndjson").exits(0);
    let lines = journal(&desk, "j.ndjson");
    let count = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    assert_eq!([count("started"), count("sent"), count("met"), count("ended"), count("finished")], [1, 5, 5, 4, 1]);
    assert_eq!(lines[0]["seed"], 7);
    assert_eq!(lines[0]["scenario"], "vod.toml");
    assert_eq!(lines[0]["scenario_hash"].as_str().unwrap().len(), 32);
    // What is met was sent before, and what is sent before it was met.
    let places = |event: &str| lines.iter().position(|line| line["event"] == event).unwrap();
    assert!(places("sent") < places("met") && places("met") < places("ended"));
}

#[test]
fn a_replayed_journal_is_the_same_but_for_times() {
    let desk = Desk::new();
    desk.run("pullpush run vod.toml --sink --speed max --journal first.ndjson").exits(0);
    desk.run("pullpush replay first.ndjson --sink --speed max --verbatim --journal second.ndjson").exits(0);
    assert_eq!(story(&journal(&desk, "first.ndjson")), story(&journal(&desk, "second.ndjson")));
}

#[test]
fn times_are_told_anew_and_the_rest_is_not() {
    let desk = Desk::new();
    desk.run("pullpush run vod.toml --sink --speed max --set payload.profile=doc-2024 --journal old.ndjson").exits(0);
    desk.run("pullpush replay old.ndjson --sink --speed max --journal new.ndjson").exits(0);
    let bodies = |name: &str| -> Vec<Value> {
        let sent = journal(&desk, name).into_iter().filter(|line| line["event"] == "sent");
        sent.map(|line| serde_json::from_str(line["body"].as_str().unwrap()).unwrap()).collect()
    };
    let (old, new) = (bodies("old.ndjson"), bodies("new.ndjson"));
    assert_eq!(old.len(), 4);
    for (old, new) in old.iter().zip(&new) {
        assert_ne!(old["event_time"], new["event_time"]);
        for key in ["appid", "callback_event", "source_urls", "task_id", "to_url"] {
            assert_eq!(old.get(key), new.get(key));
        }
    }
}

/// What was late is late again: whoever sorts by `event_time` gets the order in which things happened.
#[test]
fn an_event_that_was_told_late_is_as_old_when_it_is_replayed() {
    let fault = "[task.faults]\ndelay = { chance = 1, by = \"20s\" }\nevents = [\"TaskStart\"]\n";
    let desk = Desk::new().file("late.toml", format!("{VOD}{fault}"));
    desk.run("pullpush run late.toml --virtual --set payload.profile=doc-2024 --journal old.ndjson").exits(0);
    let receiver = Receiver::new();
    desk.run(format!("pullpush replay old.ndjson --to {} --speed max", receiver.url)).exits(0);
    let event_time = |request: &Request| request.json()["event_time"].as_str().unwrap().parse::<u64>().unwrap();
    let told: Vec<_> = receiver.rest().iter().map(|request| (request.event(), event_time(request))).collect();
    let [others @ .., (last, start)] = &told[..] else { panic!("{told:?}") };
    assert!(last == "TaskStart" && others.iter().all(|(_, other)| start + 15 <= *other), "{told:?}");
}

#[test]
fn what_was_signed_needs_the_key_again() {
    let desk = Desk::new().env("CALLBACK_KEY", "testkey");
    desk.run("pullpush run vod.toml --sink --speed max --set payload.key=testkey --journal j.ndjson").exits(0);
    assert!(!desk.read("j.ndjson").contains("testkey"));
    desk.run("pullpush replay j.ndjson --sink --speed max").exits(2).says("give the key with --key-env");
    desk.run("pullpush replay j.ndjson --sink --speed max --key-env CALLBACK_KEY").exits(0);
    desk.run("pullpush replay j.ndjson --sink --speed max --verbatim").exits(0);
}

#[test]
fn only_what_failed_or_one_task() {
    let desk = Desk::new();
    let receiver = Receiver::answering(|n| Answer::Status([200, 500][n % 2]));
    let to = format!("--to {} --speed max", receiver.url);
    desk.run(format!("pullpush run vod.toml {to} --set receiver.retry=none --journal j.ndjson")).exits(1);
    let failed = desk.run("pullpush replay j.ndjson --failed --sink --speed max").exits(0);
    failed.shows("2 callbacks planned").shows("VodSourceFileStart [0]").shows("TaskExit 0");
    desk.run("pullpush replay j.ndjson --only task=118148 --sink --speed max").exits(0).shows("4 callbacks planned");
    desk.run("pullpush replay j.ndjson --only task=7 --sink").exits(6).says("no such task");
    desk.run("pullpush run vod.toml --sink --speed max --journal fine.ndjson").exits(0);
    desk.run("pullpush replay fine.ndjson --failed --sink").exits(6).says("everything in it was acknowledged");
}

#[test]
fn the_environment_and_retries() {
    let desk = Desk::new().env("PULLPUSH_JOURNAL", "j.ndjson");
    desk.run("pullpush run vod.toml --sink --speed max").exits(0);
    let receiver = Receiver::answering(|_| Answer::Status(500));
    let replay = format!("pullpush replay j.ndjson --to {} --speed max --journal second.ndjson", receiver.url);
    desk.run(format!("{replay} --retry none")).exits(1).shows("4 attempts: 500 ×4");
    let again = desk.run(format!("{replay} --retry 1s,1s")).exits(1).shows("12 attempts: 500 ×12");
    assert!(again.again().unwrap().ends_with("--retry 1s,1s --speed max"), "{:?}", again.again());
    desk.run(format!("{replay} --retry often")).exits(2).says("write documented, none, or pauses");
}

#[test]
fn captures_from_elsewhere() {
    let line = r#"{"time": "2026-01-01T12:00:00+08:00", "body": {"callback_event": "TaskStart", "task_id": "1", "msg": "{\"task_start_time\":5}"}}"#;
    let har = r#"{"log": {"entries": [
        {"startedDateTime": "2026-01-01T12:00:00.000Z", "request": {"method": "GET", "url": "http://a.test/"}},
        {"startedDateTime": "2026-01-01T12:00:01.000Z", "request": {"method": "POST", "url": "http://a.test/cb",
         "postData": {"mimeType": "application/json", "text": "{\"callback_event\":\"TaskExit\",\"msg\":\"{\\\"code\\\":-22}\"}"}}}
    ]}}"#;
    let desk = Desk::new().file("c.ndjson", format!("{line}\n")).file("c.har", har).file("none.txt", "hello\n");
    desk.run("pullpush replay c.ndjson --sink --speed max").shows("TaskStart").shows("task=1");
    desk.run("pullpush replay c.har --sink --speed max").shows("TaskExit -22");
    desk.run("pullpush replay none.txt --sink").exits(2).says("neither a journal, nor lines of JSON");
    desk.run("pullpush replay vod.toml --sink").exits(2);
    desk.run("pullpush replay missing --sink").exits(2).says("cannot read missing");
}

/// Nothing goes out that cannot be written down.
#[test]
fn without_a_journal_nothing_is_sent() {
    let receiver = Receiver::new();
    let run = format!("pullpush run vod.toml --to {} --speed max", receiver.url);
    let full = Desk::new().run(format!("{run} --journal /dev/full")).exits(3);
    full.says("cannot write the journal /dev/full").shows("not started");
    Desk::new().run(format!("{run} --journal no/such/folder")).exits(3).says("cannot write the journal");
    assert!(receiver.rest().is_empty());
}

/// Whoever is killed has written down what went out: the receiver saw nothing that the journal does not tell of.
#[test]
fn a_kill_loses_nothing_that_was_sent() {
    let receiver = Receiver::new();
    let many = VOD.replace("task_id = \"118148\"", "task_id = \"{n}\"\ncount = 200");
    let desk = Desk::new().file("many.toml", many);
    let mut running =
        desk.start(format!("pullpush run many.toml --to {} --speed max --journal j.ndjson", receiver.url));
    let mut seen: Vec<_> = (0..40).map(|_| receiver.next()).collect();
    running.signal_until_it_ends("KILL");
    seen.extend(receiver.rest());
    let text = desk.read("j.ndjson");
    let told: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let sent: Vec<&str> =
        told.iter().filter(|line| line["event"] == "sent").filter_map(|line| line["body"].as_str()).collect();
    assert!(seen.len() < 800, "{}", seen.len());
    for request in &seen {
        assert!(sent.contains(&request.text()), "not in the journal: {}", request.text());
    }
    // A journal that was cut off is played all the same.
    desk.run("pullpush replay j.ndjson --sink --speed max").exits(0);
}
