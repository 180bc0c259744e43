//! Few file descriptors: whatever the limit, a command does its work or says what it needs.

#![cfg(target_os = "linux")]

use serde_json::Value;

use super::load::{PATIENT, assert_adds_up, desk};
use super::{Answer, Desk, Receiver};

#[test]
fn no_more_at_once_than_there_are_descriptors() {
    let receiver = Receiver::answering(|_| Answer::Held);
    let flags = format!("--rate 1000 --duration 100ms --set receiver.timeout=150ms {PATIENT} --format json");
    let line = format!("ulimit -n 80; pullpush load many.toml --to {} {flags}", receiver.url);
    let done = desk().run(line).exits(1);
    let done = done.says("note: at most 16 requests at once, not 1000: this process may open 80 files only; raise that, `ulimit -n 1064`\n");
    let result = done.result();
    assert_adds_up(&result);
    assert_eq!(result["transport"], Value::Object(serde_json::Map::new()), "{result:#}");
    assert!(result["dropped"].as_u64().unwrap() > 0, "{result:#}");
}

#[test]
fn too_few_are_no_panic_of_any_command() {
    let receiver = Receiver::new();
    let desk = Desk::new();
    desk.run("pullpush run vod.toml --virtual --journal j.ndjson").exits(0);
    desk.run(format!("pullpush load vod.toml --rate 10 --duration 100ms --to {} --report json=l.json", receiver.url));
    let to = format!("--to {}", receiver.url);
    let short = "--rate 100 --duration 100ms --set load.late_after=1h";
    for (line, expected) in [
        (format!("run vod.toml --speed max {to}"), 0),
        ("run vod.toml --speed max --sink".to_owned(), 0),
        ("run vod.toml --virtual --journal k.ndjson --report html=h.html --report json=r.json".to_owned(), 0),
        (format!("load vod.toml {short} {to}"), 0),
        (format!("load vod.toml {short} --sink"), 0),
        (format!("contract --only live {to}"), 0),
        (format!("explore vod.toml --max-runs 2 {to}"), 0),
        (format!("replay j.ndjson --speed max {to}"), 0),
        (format!("send TaskStart {to}"), 0),
        // It would listen for ever, were the limit enough.
        ("sink --listen 127.0.0.1:99999".to_owned(), 2),
        ("check vod.toml".to_owned(), 0),
        ("plan vod.toml".to_owned(), 0),
        ("merge l.json".to_owned(), 0),
        ("list".to_owned(), 0),
        ("codes".to_owned(), 0),
    ] {
        // Below that the system cannot load the program.
        for limit in [4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 20, 24, 32, 36, 40, 48] {
            let done = desk.run(format!("ulimit -n {limit}; pullpush {line}"));
            let told = done.stderr.contains("`ulimit -n ") && done.stderr.contains("open");
            assert!(done.code == expected || (done.code == 3 && told), "{limit} {line}: {} {}", done.code, done.stderr);
        }
        // Enough is enough.
        desk.run(format!("ulimit -n 100; pullpush {line}")).exits(expected);
    }
}

#[test]
fn a_sink_listens_or_says_what_it_needs() {
    for limit in [4, 6, 7, 8, 12, 20, 30] {
        let done = Desk::new().run(format!("ulimit -n {limit}; pullpush sink --listen 127.0.0.1:0"));
        done.exits(3).says("Too many open files (os error 24): this process may open ");
    }
}
