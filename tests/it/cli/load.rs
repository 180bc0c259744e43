//! `pullpush load`, `merge` and `plan --load`: what is typed, what is printed, how it ends.

use serde_json::Value;

use super::desk::Done;
use super::{Desk, VOD};

/// Many tasks, each with an id of its own.
fn many() -> String {
    VOD.replace("118148", "{n}")
}

/// A desk with `many.toml`.
fn desk() -> Desk {
    Desk::new().file("many.toml", many())
}

/// Whatever this machine is busy with meanwhile, nothing is late.
const PATIENT: &str = "--set load.late_after=1h --set receiver.timeout=1m";

impl Done {
    /// The result that `--format json` prints.
    fn result(&self) -> Value {
        serde_json::from_str(&self.stdout).expect(&self.stdout)
    }
}

#[test]
fn everything_that_can_be_offered_can_be_typed() {
    let desk = desk();
    let line = |flags: &str| format!("pullpush load many.toml --sink {PATIENT} --format json {flags}");
    let planned = |flags: &str| desk.run(line(flags)).exits(0).result()["planned"].as_u64().unwrap();
    assert_eq!(planned("--rate 200 --duration 100ms"), 20);
    assert_eq!(planned("--stages 100ms@200,100ms@200"), 30);
    assert_eq!(planned("--rate 200 --duration 100ms --warm-up 50ms"), 10);
    assert_eq!(planned("--rate 200 --duration 100ms --max-requests 7"), 7);
    assert_eq!(planned("--rate 200 --duration 100ms --shard 1/2"), 10);
    assert_eq!(planned("--rate 10 --duration 100ms --unit task --speed 100x"), 4);
    assert!(planned("--rate max --duration 50ms --max-in-flight 2 --on-saturation queue") > 0);
    let poisson = planned("--rate 1000 --duration 100ms --arrivals poisson");
    assert!((50..150).contains(&poisson), "{poisson}");
    desk.run("pullpush plan many.toml --load --shard 0/2 --set load.rate=5").exits(0).shows("00:00:00.400  TaskStart");
    let soon = line("--rate 200 --duration 100ms --start-at 2001-01-01T00:00:00Z --wait-for 1s --threshold 'p99<1m'");
    desk.run(soon).exits(0);
    desk.run(format!(
        "pullpush load many.toml --sink --rate 100 --duration 50ms {PATIENT} --report json=a.json --hdr a.hlog"
    ))
    .exits(0);
    assert!(desk.read("a.hlog").starts_with("#"));
}
