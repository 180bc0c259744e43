//! How fast plans are made: `cargo bench --bench planning`.

use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use pullpush::callback::moment::Moment;
use pullpush::engine::pace::Speed;
use pullpush::engine::player::play;
use pullpush::engine::settings::{Addresses, Settings};
use pullpush::engine::stop::stop;
use pullpush::engine::transport::memory::{MemoryTransport, Reply};
use pullpush::plan::Plan;
use pullpush::scenario::{Ordering, Retry, Source, check};
use pullpush::time::UnixMillis;

const EPOCH: UnixMillis = UnixMillis(1_767_225_600_000);

/// Four callbacks a task, some thousand tasks alive at once.
const TASKS: &str = r#"
version = 1
[[task]]
source = "vod"
count = 100_000
spacing = "250ms"
files = [{ url = "http://media.test/episode-1.m3u8", duration = "20m" }]
"#;

/// The same, and most of the tasks meet something.
const INCIDENTS: &str = r#"
version = 1
[payload]
profile = "complete"
[[task]]
source = "vod"
count = 100_000
spacing = "250ms"
files = [{ url = "http://media.test/episode-1.m3u8", duration = "20m" }]
[[task.incident]]
kind = "push-broken"
chance = 0.5
exits = [{ exit = "EINVAL", weight = 9 }, { exit = "EIO", weight = 1 }]
[[task.incident]]
kind = "source-down"
chance = 0.5
lasts = "45s"
"#;

/// The tasks of [`TASKS`], and one delivery in five meets something on its way.
const FAULTS: &str = r#"
version = 1
[payload]
key = "benchmark"
[faults]
drop = 0.01
duplicate = { chance = 0.05 }
delay = { chance = 0.05, by = "1s..10s" }
corrupt = { chance = 0.05, kinds = ["truncated", "not-json", "msg-not-json", "wrong-type", "missing-field", "bad-utf8"] }
signature = { chance = 0.05 }
[[task]]
source = "vod"
count = 100_000
spacing = "250ms"
files = [{ url = "http://media.test/episode-1.m3u8", duration = "20m" }]
"#;

/// The same without faults, signed as well: what [`FAULTS`] is to be compared with.
const NO_FAULTS: &str = r#"
version = 1
[payload]
key = "benchmark"
[[task]]
source = "vod"
count = 100_000
spacing = "250ms"
files = [{ url = "http://media.test/episode-1.m3u8", duration = "20m" }]
"#;

/// A day of ten-minute files.
const DAY: &str = r#"
version = 1
[[task]]
source = "vod"
files = [{ url = "http://media.test/episode-1.m3u8", duration = "10m" }]
loops = -1
end = "24h"
"#;

/// Ten thousand deliveries.
const TEN_THOUSAND: &str = r#"
version = 1
[[task]]
source = "vod"
count = 2_500
spacing = "1s"
files = [{ url = "http://media.test/episode-1.m3u8", duration = "20m" }]
"#;

fn main() {
    divan::main();
}

#[derive(Debug, Clone, Copy)]
enum Case {
    Plain,
    Incidents,
    NoFaults,
    Faults,
    Day,
    TenThousand,
}

fn plan(case: Case) -> Plan {
    let text = match case {
        Case::Plain => TASKS,
        Case::Incidents => INCIDENTS,
        Case::NoFaults => NO_FAULTS,
        Case::Faults => FAULTS,
        Case::Day => DAY,
        Case::TenThousand => TEN_THOUSAND,
    };
    let scenario = check(Source::new("bench", text)).scenario;
    Plan::new(Arc::new(scenario.expect("the scenario is valid")), 42)
}

/// Planning alone: nothing is written, no body is made.
#[divan::bench(args = [Case::Plain, Case::Incidents, Case::NoFaults, Case::Faults], sample_count = 10)]
fn plan_only(bencher: Bencher<'_, '_>, case: Case) {
    let plan = plan(case);
    bencher
        .counter(ItemsCount::new(plan.count(usize::MAX)))
        .bench(|| plan.deliveries().fold(0, |sum, delivery| sum ^ black_box(&delivery).offset.0));
}

/// Planning, and the bytes of every body.
#[divan::bench(args = [Case::Plain, Case::Incidents, Case::NoFaults, Case::Faults], sample_count = 10)]
fn plan_and_bodies(bencher: Bencher<'_, '_>, case: Case) {
    let plan = plan(case);
    let payload = &plan.scenario().payload;
    bencher.counter(ItemsCount::new(plan.count(usize::MAX))).bench(|| {
        plan.deliveries().fold(0, |sum, delivery| {
            let moment = Moment::at(EPOCH.plus(delivery.offset));
            sum + delivery.body(payload, "http://127.0.0.1:8080/", moment, delivery.attempt_faults(1)).len()
        })
    });
}

/// A whole run in virtual time against a receiver in memory.
#[divan::bench(args = [Case::Day, Case::TenThousand], sample_count = 10)]
fn virtual_run(bencher: Bencher<'_, '_>, case: Case) {
    let plan = plan(case);
    let settings = settings(&plan);
    bencher.counter(ItemsCount::new(plan.count(usize::MAX))).bench(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let transport = MemoryTransport::new(|_: &_| Reply::status(200, std::time::Duration::from_millis(1)));
        let (_stopper, stop) = stop();
        let mut events = 0;
        let mut observer = |_| events += 1;
        runtime.expect("a runtime").block_on(play(plan.deliveries(), &transport, &settings, &stop, &mut observer));
        events
    });
}

fn settings(plan: &Plan) -> Settings {
    Settings {
        payload: plan.scenario().payload.clone(),
        timeout: std::time::Duration::from_secs(20),
        retry: Retry::DOCUMENTED,
        ordering: Ordering::Strict,
        addresses: Addresses::new(None, "http://127.0.0.1:8080/".to_owned()),
        speed: Speed::REAL,
        epoch: EPOCH,
        started_at: EPOCH,
        probes: Vec::new(),
        max_in_flight: 1000,
        kept: 0,
        outputs: Default::default(),
        max_unfinished: Settings::MAX_UNFINISHED,
        goes_to_several: false,
    }
}
