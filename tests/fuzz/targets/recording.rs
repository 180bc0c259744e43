//! A recording: it is refused, or planned to be played again, and held against the profiles.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use pullpush::callback::moment::Moment;
use pullpush::callback::sign::Key;
use pullpush::study::drift::{Captured, Drift};
use pullpush::scenario::fault::AttemptFaults;
use pullpush::plan::Plan;
use pullpush::study::replay::{ReplayOptions, each, read, script};
use pullpush::study::drift::text::{human, ndjson};
use pullpush::scenario::{Retry, Source, check};
use pullpush::time::UnixMillis;

const NOW: Moment = Moment { happened: UnixMillis(1_767_225_600_000), ..Moment::at(UnixMillis(1_767_225_601_000)) };

fuzz_target!(|bytes: &[u8]| {
    let key = || Key::new("testkey").ok();
    if let Ok(records) = read(bytes) {
        let count = records.len();
        let options = ReplayOptions { verbatim: false, failed: false, key: key(), retry: Retry::NONE };
        let plan = Plan::new(Arc::new(script("fuzzed", records, &options)), 1);
        assert_eq!(plan.count(usize::MAX), count);
        for delivery in plan.deliveries() {
            delivery.body(&plan.scenario().payload, "http://receiver.test/", NOW, AttemptFaults::default());
        }
    }
    let mut drift = Drift::new(key());
    let _ = each(bytes, |record| {
        let (user_agent, content_type) = (record.user_agent.as_deref(), record.content_type.as_deref());
        drift.take(Captured { at: record.at, body: &record.body, parsed: record.parsed, user_agent, content_type });
    });
    let Some(findings) = drift.findings() else { return };
    assert!(!human("fuzzed", &findings, None).is_empty() && !ndjson("fuzzed", &findings, None).is_empty());
    let scenario = "version = 1\n[[task]]\nsource = \"live\"\nurl = \"rtmp://a.test/a\"\nend = \"1s\"\n";
    let checked = check(Source::new("fuzzed.toml", scenario).with_overrides(&findings.sets(None)));
    assert!(checked.scenario.is_some(), "{:?} {:?}", findings.sets(None), checked.problems);
});
