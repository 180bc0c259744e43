//! Loads: what arrives when, and what comes of it over real sockets.

mod arrivals;
mod ends;
mod engine;
mod parts;
mod receiver;
mod slow;

use std::time::Duration;

use pullpush::plan::Plan;
use pullpush::plan::arrivals::{Arrival, Part, Timed};
use pullpush::plan::profile::Profile;
use pullpush::scenario::load::LoadSpec;

use crate::support::planned;

/// Tasks of two kinds, five in all, whose callbacks are told apart by nothing but task and number.
const TASKS: &str = r#"
[[task]]
source = "vod"
count = 2
spacing = "1s"
to_url = "rtmp://push.test/live/a-{n}"
files = [{ url = "http://media.test/{n}.m3u8", duration = "3s" }]
start_gap = "1ms..2s"
[[task]]
source = "live"
count = 3
task_id = "b-{n}"
to_url = "rtmp://push.test/live/b-{n}"
url = "rtmp://origin.test/live/{n}"
end = "1s"
"#;

/// The plan of a scenario with this `[load]`, and that load.
#[track_caller]
fn load(load: &str, tasks: &str) -> (Plan, LoadSpec) {
    let plan = planned(&format!("[load]\n{load}\n{tasks}"));
    let spec = plan.scenario().load.clone().unwrap();
    (plan, spec)
}

/// What arrives of `part` while the load lasts.
fn arrivals(plan: &Plan, spec: &LoadSpec, part: Part, speed: f64) -> Vec<Arrival> {
    let profile = Profile::new(spec, plan.dice()).unwrap();
    Timed::new(plan, spec, &profile, part, speed).take_while(|arrival| arrival.due < spec.duration).collect()
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
