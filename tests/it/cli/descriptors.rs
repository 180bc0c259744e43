//! Loads of a process that may open few files.

use serde_json::Value;

use super::load::{PATIENT, assert_adds_up, desk};
use super::{Answer, Receiver};

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

/// With few of them one thing can be had, and the next cannot; whichever it is, it is told.
#[test]
fn a_load_without_descriptors_is_not_made() {
    let desk = desk();
    for few in [10, 12, 15, 16, 17] {
        for to in ["--to http://127.0.0.1:1/", "--sink"] {
            let done = desk.run(format!("ulimit -n {few}; pullpush load many.toml {to} --rate 100 --duration 50ms"));
            assert!(matches!(done.code, 2 | 3), "{few} {to}: {} {}", done.code, done.stderr);
            assert_eq!(done.stdout, "", "{few} {to}");
            done.says("Too many open files");
        }
    }
}
