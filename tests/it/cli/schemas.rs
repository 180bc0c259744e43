//! The published schemas of reports, held against reports of every kind of run: nothing in one that is not in the other.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Answer, Desk, Receiver, VOD};
use crate::schema::compiled;

/// A schema as it is published, and a stricter one that knows of no field but those it names.
struct Published {
    open: Value,
    closed: Value,
}

impl Published {
    fn of(what: &str) -> Self {
        let text = Desk::new().run(format!("pullpush schema {what}")).exits(0).stdout;
        let open: Value = serde_json::from_str(&text).unwrap();
        let mut closed = open.clone();
        close(&mut closed);
        Self { open, closed }
    }

    /// Fails unless both hold.
    #[track_caller]
    fn holds(&self, report: &Value) {
        for schema in [&self.open, &self.closed] {
            let (schemas, index) = compiled(schema);
            schemas.validate(report, index).unwrap_or_else(|error| panic!("{error:#}\n{report:#}"));
        }
    }

    /// Fails unless every field that the schema names is needed: it is in every report.
    #[track_caller]
    fn needs_all(&self) {
        let mut open = Vec::new();
        optional(&self.open, &mut open);
        assert_eq!(open, [""; 0]);
    }
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.get("properties").is_some_and(Value::is_object) {
                fields.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            fields.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// The properties that are not required.
fn optional(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Object(properties)) = fields.get("properties") {
                let required = fields.get("required").and_then(Value::as_array).into_iter().flatten();
                let required: BTreeSet<_> = required.map(|name| name.as_str().unwrap()).collect();
                found.extend(properties.keys().filter(|name| !required.contains(name.as_str())).cloned());
            }
            fields.values().for_each(|value| optional(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| optional(item, found)),
        _ => {}
    }
}

fn report(desk: &Desk) -> Value {
    serde_json::from_str(&desk.read("r.json")).unwrap()
}

#[test]
fn of_a_run() {
    let schema = Published::of("report");
    schema.needs_all();
    let broken =
        Receiver::answering(|n| if n == 2 { Answer::Raw("no HTTP\r\n\r\n".to_owned()) } else { Answer::Status(500) });
    let desk = Desk::new();
    desk.run("pullpush init chaos && pullpush init bad-evening").exits(0);
    for (line, exit) in [
        ("vod.toml --virtual".to_owned(), 0),
        ("vod.toml chaos.toml bad-evening.toml vod.toml --virtual --seed 7".to_owned(), 0),
        ("vod.toml chaos.toml --virtual --seed 7 --status 500 --set receiver.retry=none".to_owned(), 1),
        (format!("vod.toml --speed max --set receiver.retry=none --to {}", broken.url), 1),
        ("vod.toml --speed max --set receiver.retry=none --to http://127.0.0.1:1/".to_owned(), 1),
        ("vod.toml --virtual --fail-fast --status 500 --set receiver.retry=none".to_owned(), 1),
        ("vod.toml --virtual --set 'task.step=[]'".to_owned(), 2),
    ] {
        desk.run("rm -f r.json").exits(0);
        desk.run(format!("pullpush run {line} --report json=r.json")).exits(exit);
        if exit != 2 {
            schema.holds(&report(&desk));
        }
    }
    desk.run("pullpush run vod.toml --virtual --journal j.ndjson").exits(0);
    desk.run("pullpush replay j.ndjson --sink --speed max --report json=r.json").exits(0);
    schema.holds(&report(&desk));
}

#[test]
fn of_a_run_that_is_stopped() {
    let schema = Published::of("report");
    let failing = Receiver::answering(|_| Answer::Status(503));
    let desk = Desk::new();
    let mut running = desk.start(format!("pullpush run vod.toml --to {} --report json=r.json", failing.url));
    running.shows("again in 1s");
    running.signal("INT");
    running.end().exits(130);
    let report = report(&desk);
    assert_eq!(report["scenarios"][0]["summary"]["interrupted"], 1, "{report:#}");
    schema.holds(&report);
}

#[test]
fn of_a_load() {
    let schema = Published::of("load");
    schema.needs_all();
    let broken = Receiver::answering(|n| match n % 3 {
        0 => Answer::Raw("no HTTP\r\n\r\n".to_owned()),
        1 => Answer::Status(503),
        _ => Answer::Status(200),
    });
    let desk = Desk::new().file("task.toml", VOD.replace("task_id = \"118148\"\n", ""));
    let line = "pullpush load task.toml --rate max --max-requests 12 --report json=r.json";
    desk.run(format!("{line} --sink")).exits(0);
    schema.holds(&report(&desk));
    let thresholds = "--threshold 'p99<1us' --threshold 'TaskAlarm.p99<1s' --threshold 'errors<1%'";
    desk.run(format!("{line} {thresholds} --to {}", broken.url)).exits(4);
    let result = report(&desk);
    assert!(result["http"]["503"].is_u64() && !result["transport"].as_object().unwrap().is_empty(), "{result:#}");
    assert!(result["thresholds_met"][1]["value"].is_null(), "{result:#}");
    schema.holds(&result);
    desk.run("pullpush merge r.json --report json=merged.json && mv merged.json r.json").exits(4);
    desk.run("mv merged.json r.json").exits(0);
    schema.holds(&report(&desk));
}
