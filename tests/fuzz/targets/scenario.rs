//! A scenario's text: it is judged, its problems are shown, and what is valid is planned and played in virtual time.
#![no_main]

use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use pullpush::plan::Plan;
use pullpush::report::ndjson::line;
use pullpush::engine::pace::Speed;
use pullpush::engine::player::play;
use pullpush::engine::settings::{Addresses, Settings};
use pullpush::engine::stop::stop;
use pullpush::scenario::{Scenario, Source, check};
use pullpush::time::UnixMillis;
use pullpush::engine::transport::Request;
use pullpush::engine::transport::memory::{MemoryTransport, Reply};

/// The most callbacks of a scenario that is played.
const MOST: usize = 300;
/// Scenario time 0.
const EPOCH: UnixMillis = UnixMillis(1_767_225_600_000);

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // The last line may be an override.
    let (text, set) = match text.rsplit_once("\n--set ") {
        Some((text, set)) => (text, vec![set.to_owned()]),
        None => (text, Vec::new()),
    };
    let checked = check(Source::new("fuzzed.toml", text).with_overrides(&set));
    for problem in &checked.problems {
        assert!(!problem.render(&checked.source, false).is_empty());
        assert!(problem.to_json(&checked.source).line > 0);
    }
    if let Some(scenario) = checked.scenario {
        let plan = Plan::new(Arc::new(scenario), 1);
        if plan.count(MOST) < MOST {
            played(&plan);
        }
    }
});

fn played(plan: &Plan) {
    let scenario: &Scenario = plan.scenario();
    let settings = Settings {
        payload: scenario.payload.clone(),
        timeout: scenario.receiver.timeout,
        retry: scenario.receiver.retry.clone(),
        ordering: scenario.receiver.ordering,
        addresses: Addresses::new(None, "http://receiver.test/".to_owned()),
        speed: Speed::REAL,
        epoch: EPOCH,
        started_at: EPOCH,
        probes: scenario.probes.clone(),
        max_in_flight: 1000,
        outputs: Default::default(),
        max_unfinished: Settings::MAX_UNFINISHED,
    };
    let mut requests = 0;
    let transport = MemoryTransport::new(|_: &Request| {
        requests += 1;
        Reply::status(if requests % 4 == 0 { 500 } else { 200 }, Duration::from_millis(1))
    });
    let mut observer = |event| assert!(!line(&event).is_empty());
    let (stopper, stop) = stop();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let too_long = async {
            // A retry may be due after years.
            tokio::time::sleep(Duration::from_secs(366 * 86_400)).await;
            stopper.stop();
            std::future::pending().await
        };
        tokio::select! {
            _ = play(plan.deliveries(), &transport, &settings, &stop, &mut observer) => {}
            () = too_long => {}
        }
    });
}
