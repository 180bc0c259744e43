//! Loads: whatever is offered, arrivals are in order, exactly so many, and divided without loss; whatever is demanded is read or
//! refused.

use std::time::Duration;

use proptest::prelude::*;
use pullpush::engine::measure::{Measurement, Start};
use pullpush::engine::transport::memory::Reply;
use pullpush::engine::transport::{FailureKind, Outcome};
use pullpush::exit_code::Exit;
use pullpush::plan::arrivals::{Arrival, Part, Timed};
use pullpush::plan::profile::Profile;
use pullpush::report::load::{LoadHeader, LoadReport};
use pullpush::scenario::load::threshold::{Latency, Relation, Series, Threshold};
use pullpush::scenario::load::{Arrivals, LoadSpec, Rate, Shard};
use pullpush::scenario::{Source, check};
use serde_json::Value;

use super::composed;
use super::{cases, planned};

/// The most arrivals that are looked at.
const MOST: usize = 3_000;

/// Lengths as people write them, with their milliseconds.
fn length() -> impl Strategy<Value = (String, u64)> {
    prop_oneof![
        (1..2000_u64).prop_map(|millis| (format!("{millis}ms"), millis)),
        (1..90_u64).prop_map(|seconds| (format!("{seconds}s"), seconds * 1000)),
        (1..59_u64, 1..59_u64)
            .prop_map(|(minutes, seconds)| { (format!("{minutes}m {seconds}s"), minutes * 60_000 + seconds * 1000) }),
    ]
}

fn rate() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => (1..10_000_u32).prop_map(f64::from),
        2 => (1..1_000_000_u32).prop_map(|rate| f64::from(rate) / 997.0),
        1 => Just(1e-3),
        1 => Just(1e7),
    ]
}

/// `[load]`, and how many arrive on average.
fn offered() -> impl Strategy<Value = (String, f64)> {
    let constant = (rate(), length()).prop_map(|(rate, (text, millis))| {
        (format!("rate = {rate}\nduration = \"{text}\""), rate * millis as f64 / 1000.0)
    });
    let stage = (length(), prop_oneof![rate(), Just(0.0)]);
    let stages = (prop::option::of(rate()), prop::collection::vec(stage, 1..6)).prop_map(|(first, stages)| {
        let (mut area, mut from) = (0.0, first.unwrap_or(0.0));
        for ((_, millis), to) in &stages {
            area += (from + to) / 2.0 * *millis as f64 / 1000.0;
            from = *to;
        }
        let text: Vec<_> = stages.iter().map(|((text, _), rate)| format!("{text}@{rate}")).collect();
        let first = first.map_or_else(String::new, |first| format!("rate = {first}\n"));
        (format!("{first}stages = \"{}\"", text.join(", ")), area)
    });
    prop_oneof![constant, stages].prop_filter("something arrives", |(_, area)| *area > 0.0)
}

fn spec(load: &str, seed: u64) -> (LoadSpec, Profile) {
    let tasks = "[[task]]\nsource = \"live\"\nurl = \"rtmp://origin.test/{n}\"\nend = \"1s\"\n";
    let plan = planned(&format!("version = 1\n[load]\n{load}\n{tasks}"), seed);
    let spec = plan.scenario().load.clone().unwrap();
    let profile = Profile::new(&spec, plan.dice()).unwrap();
    (spec, profile)
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn even_arrivals_are_in_order_and_exactly_so_many((load, area) in offered()) {
        let (spec, profile) = spec(&load, 1);
        prop_assert!((profile.expected() - area).abs() <= area * 1e-9, "{} of {area}", profile.expected());
        let times: Vec<_> = profile.times().take_while(|due| *due < spec.duration).take(MOST).collect();
        prop_assert!(times.is_sorted());
        // As often as the area holds a whole number, from 0; what lies on the edge may be rounded either way.
        let (least, most) = ((area - 1e-6).ceil() as usize, (area + 1e-6).floor() as usize + 1);
        prop_assert!((least.min(MOST)..=most.min(MOST)).contains(&times.len()), "{} of {area}", times.len());
        for probe in [0, 1, times.len() / 2, times.len().saturating_sub(1)] {
            let Some(due) = times.get(probe) else { continue };
            let first = times.iter().position(|time| time >= due).unwrap() as u64;
            prop_assert_eq!(profile.times().first_from(*due), Some(first));
        }
    }

    #[test]
    fn drawn_arrivals_are_in_order_and_about_so_many((load, area) in offered(), seed in any::<u64>()) {
        let (spec, profile) = spec(&format!("{load}\narrivals = \"poisson\""), seed);
        let times: Vec<_> = profile.times().take_while(|due| *due < spec.duration).take(MOST).collect();
        prop_assert!(times.is_sorted());
        if area < MOST as f64 / 2.0 {
            prop_assert!((times.len() as f64 - area).abs() <= 6.0 * area.sqrt() + 6.0, "{} of {area}", times.len());
        }
        prop_assert_eq!(&times, &self::spec(&format!("{load}\narrivals = \"poisson\""), seed).1.times().take(times.len()).collect::<Vec<_>>());
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn every_scenario_can_be_loaded_in_parts(
        scenario in composed::scenario(3, 3),
        (load, _) in offered(),
        poisson in any::<bool>(),
        whole_tasks in any::<bool>(),
        shards in 1..5_u64,
        workers in 1..4_u64,
        seed in any::<u64>(),
    ) {
        let (arrivals, unit) = (if poisson { "poisson" } else { "constant" }, if whole_tasks { "task" } else { "callback" });
        let load = format!("[load]\n{load}\narrivals = \"{arrivals}\"\nunit = \"{unit}\"\ntasks = 12\n");
        let text = scenario.text();
        let place = text.find("[[task]]").unwrap();
        let plan = planned(&format!("{}{load}{}", &text[..place], &text[place..]), seed);
        let spec = plan.scenario().load.clone().unwrap();
        let profile = Profile::new(&spec, plan.dice()).unwrap();
        let whole: Vec<_> = Timed::new(&plan, &spec, &profile, Part::WHOLE, 60.0)
            .take_while(|arrival| arrival.due < spec.duration)
            .take(300)
            .collect();
        prop_assert!(whole.is_sorted_by_key(|arrival| arrival.due));
        prop_assert!(whole.iter().all(|arrival| !arrival.delivery.faults.dropped));
        let key = |arrival: &Arrival| (arrival.due, arrival.delivery.task.number, arrival.delivery.number, arrival.delivery.is_duplicate());
        // Up to the time of the last one that was looked at, that time left out.
        let until = if whole.len() < 300 { spec.duration } else { whole.last().unwrap().due };
        let mut union = Vec::new();
        for index in 0..shards {
            for worker in 0..workers {
                let part = Part { shard: Shard { index, count: shards }, worker: Shard { index: worker, count: workers } };
                union.extend(Timed::new(&plan, &spec, &profile, part, 60.0).take_while(|arrival| arrival.due < until));
            }
        }
        let mut whole: Vec<_> = whole.into_iter().filter(|arrival| arrival.due < until).collect();
        whole.sort_by_key(key);
        union.sort_by_key(key);
        prop_assert_eq!(whole, union);
    }

    #[test]
    fn no_stages_make_it_panic(text in prop_oneof![".{0,40}", "([0-9]{1,21}(ms|s|m|h|d|y)?@[0-9eE.+-]{0,12},? ?){1,4}"]) {
        let scenario = format!("version = 1\n[load]\nstages = {text:?}\n[[task]]\nsource = \"live\"\nurl = \"rtmp://a.test/\"\nend = \"1s\"\n");
        let checked = check(Source::new("stages.toml", scenario));
        if let Some(spec) = checked.scenario.and_then(|scenario| scenario.load.clone()) {
            prop_assert!(spec.duration <= Duration::from_secs(24 * 3600));
            prop_assert!(spec.stages.iter().all(|stage| (0.0..=1e7).contains(&stage.rate)));
            let plan = Profile::new(&spec, pullpush::dice::Dice::new(1)).unwrap();
            prop_assert!(plan.times().take(1000).collect::<Vec<_>>().is_sorted());
        }
    }
}

/// A threshold as people write it.
fn threshold() -> impl Strategy<Value = String> {
    let series = prop_oneof![
        "(start\\.|service\\.|TaskExit\\.|VodSourceFileStart\\.)?(p[0-9]{1,2}(\\.[0-9]{1,3})?|max) ?(<|<=|>|>=|==) ?[0-9]{1,4}(us|ms|s)",
        "(errors|dropped|late|timeouts) ?(<|<=|>|>=|==) ?[0-9]{1,4}(\\.[0-9]{1,3})?( ?%)?",
        "rate ?(<|<=|>|>=|==) ?[0-9]{1,6}",
    ];
    series.prop_map(|text: String| text)
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn thresholds_are_read_as_they_are_written(text in threshold()) {
        let threshold: Threshold = text.parse().map_err(TestCaseError::fail)?;
        prop_assert_eq!(threshold.to_string(), text.clone());
        let relation = [("<=", Relation::AtMost), (">=", Relation::AtLeast), ("==", Relation::Equal), ("<", Relation::Less), (">", Relation::More)];
        let (_, relation) = relation.into_iter().find(|(word, _)| text.contains(word)).unwrap();
        prop_assert_eq!(threshold.relation, relation);
        let holds = |value: f64| threshold.relation.holds(value, threshold.limit);
        let at_the_limit = matches!(relation, Relation::AtMost | Relation::AtLeast | Relation::Equal);
        prop_assert_eq!(holds(threshold.limit), at_the_limit);
        prop_assert_eq!(holds(threshold.limit + 1.0), matches!(relation, Relation::More | Relation::AtLeast));
        if let Series::Latency { which, event, quantile } = &threshold.series {
            prop_assert!((0.0..=1.0).contains(quantile));
            prop_assert_eq!(event.is_some(), text.starts_with(['T', 'V']));
            prop_assert_eq!(*which == Latency::Service, text.starts_with("service"));
        }
    }

    #[test]
    fn no_threshold_and_no_shard_makes_it_panic(text in prop_oneof![
        ".{0,30}",
        "[a-zA-Z.]{0,8}[0-9.e-]{0,6}[<>=!]{0,3}.{0,8}",
        "[0-9-]{0,22}/[0-9]{0,22}",
    ]) {
        if let Ok(threshold) = text.parse::<Threshold>() {
            prop_assert!(threshold.limit.is_finite() && threshold.limit >= 0.0);
            prop_assert!(Measurement::default().value(&threshold.series).is_none_or(|value| value == 0.0));
        }
        if let Ok(shard) = text.parse::<Shard>() {
            prop_assert!(shard.index < shard.count);
            prop_assert_eq!(shard.to_string().parse(), Ok(shard));
            prop_assert!(shard.part_of(1000) <= 1000);
        }
    }
}

fn failed(kind: FailureKind) -> Reply {
    Reply { after: None, outcome: Outcome::failed(kind, "for a reason") }
}

const LATE_AFTER_US: u64 = 10_000;

/// What a worker measured: everything about some requests.
fn measured() -> impl Strategy<Value = Measurement> {
    let request = (0..5_usize, prop_oneof![0..1000_u64, 0..10_000_000_000_u64], 0..1_000_000_u64);
    let counts = prop::array::uniform4(0..1000_u64);
    (prop::collection::vec(request, 0..40), counts).prop_map(
        |(requests, [dropped, not_started, unfinished, warm_up])| {
            let mut measured = Measurement { not_started, unfinished, warm_up, ..Measurement::default() };
            let limit = Duration::from_micros(LATE_AFTER_US);
            (0..dropped).for_each(|micros| measured.dropped(Duration::from_micros(micros), limit));
            (0..unfinished).for_each(|_| measured.sent(Start::default(), limit));
            for (kind, micros, delay) in requests {
                let (due, free) = (Duration::from_micros(7), Duration::from_micros(micros % 1_000_000));
                measured.sent(Start::new(due, free, due + Duration::from_micros(delay)), limit);
                if kind < 3 {
                    measured.answered(Duration::from_nanos(micros));
                }
                let event = ["TaskStart", "TaskExit", "VodSourceFileStart"][kind % 3];
                let reply = [
                    Reply::status(200, Duration::ZERO),
                    Reply::status(200, Duration::ZERO),
                    Reply::status(503, Duration::ZERO),
                    failed(FailureKind::Refused),
                    failed(FailureKind::Timeout),
                ];
                measured.met(
                    event,
                    &reply[kind].outcome,
                    Duration::from_micros(micros + delay),
                    Duration::from_micros(micros),
                );
            }
            measured.planned = measured.sent + dropped + not_started;
            measured
        },
    )
}

fn report(measured: &Measurement) -> LoadReport {
    let header = LoadHeader {
        scenario: "a.toml".to_owned(),
        scenario_hash: String::new(),
        seed: 1,
        offered: String::new(),
        saturating: false,
        late_after_us: LATE_AFTER_US,
        thresholds: vec!["errors<1%".to_owned(), "TaskExit.p99<1s".to_owned()],
    };
    LoadReport::new(header, vec!["0/1".to_owned()], measured)
}

#[test]
fn a_generator_that_failed_makes_the_numbers_void_and_says_why() {
    let mut measured = Measurement { planned: 7, not_started: 7, ..Measurement::default() };
    assert_eq!(report(&measured).exit(), Exit::Threshold);
    measured.broken.insert("index out of bounds\n\u{1b}[2J".to_owned());
    // Nothing was measured.
    assert_eq!(report(&measured).exit(), Exit::CouldNotRun);
    (measured.planned, measured.unfinished) = (8, 1);
    measured.sent(Start::default(), Duration::ZERO);
    let report = report(&measured);
    assert_eq!((report.exit(), report.generator_healthy), (Exit::Void, false));
    let said =
        "generator failed: index out of bounds\\n\\u{1b}[2J; it ended early, and this is what was measured until then.";
    assert!(anstream::adapter::strip_str(&report.to_text()).to_string().contains(said), "{}", report.to_text());
    // A part like that spoils the whole.
    let read = report.measurement().unwrap();
    assert_eq!(read.broken, measured.broken);
    let mut sum = Measurement::default();
    sum.add(&read);
    assert!(!sum.kept_time());
}

#[test]
fn what_this_machine_could_not_send_makes_the_numbers_void() {
    let mut measured = Measurement { ok: 1, ..Measurement::default() };
    for kind in [FailureKind::Network, FailureKind::Exhausted] {
        measured.planned += 1;
        measured.sent(Start::default(), Duration::from_secs(1));
        let (none, outcome) = (Duration::ZERO, Outcome::failed(kind, "as the system calls it"));
        measured.met("TaskExit", &outcome, none, none);
        let report = report(&measured);
        let (exit, said) = match kind {
            FailureKind::Exhausted => (Exit::Void, "no port or descriptor for 1 of 2 callbacks"),
            _ => (Exit::Threshold, "generator healthy"),
        };
        assert_eq!(report.exit(), exit);
        assert!(report.to_text().contains(said), "{}", report.to_text());
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn results_can_be_written_read_and_added_up(parts in prop::collection::vec(measured(), 1..5)) {
        let (mut direct, mut read) = (Measurement::default(), Measurement::default());
        for part in &parts {
            prop_assert!(part.adds_up());
            direct.add(part);
            let text = serde_json::to_string(&report(part)).unwrap();
            let back: LoadReport = serde_json::from_str(&text).unwrap();
            let back = back.measurement().map_err(TestCaseError::fail)?;
            prop_assert_eq!(&report(&back), &report(part));
            read.add(&back);
        }
        prop_assert!(direct.adds_up());
        let (direct, read) = (report(&direct), report(&read));
        prop_assert_eq!(&direct, &read);
        prop_assert_eq!(direct.exit(), read.exit());
        prop_assert!(read.to_text().lines().count() > 5);
        let of_each: u64 = direct.corrected.iter().filter(|(event, _)| *event != "all").map(|(_, it)| it.count).sum();
        prop_assert_eq!(direct.corrected["all"].count, of_each);
        prop_assert!(direct.transport.keys().eq(direct.transport_details.keys()));
    }
}

/// Every number of a result, by its place; those of the header say what was asked for.
fn numbers(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Number(_) => found.push(place.to_owned()),
        Value::Object(fields) => {
            fields
                .iter()
                .for_each(|(name, field)| numbers(field, &format!("{place}/{}", name.replace('/', "~1")), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| numbers(item, &format!("{place}/{index}"), found));
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(cases(3))]

    #[test]
    fn no_number_of_a_result_can_be_another(measured in measured(), more in 1_000_000_000..u64::MAX / 4) {
        let told = serde_json::to_value(report(&measured)).unwrap();
        prop_assert!(serde_json::from_value::<LoadReport>(told.clone()).unwrap().measurement().is_ok());
        let mut places = Vec::new();
        numbers(&told, "", &mut places);
        // What was asked for, and what nothing depends on.
        let free = ["/schema_version", "/seed", "/late_after_us", "/warm_up"];
        for place in places.iter().filter(|place| !free.contains(&place.as_str())) {
            let mut other = told.clone();
            let number = other.pointer_mut(place).unwrap();
            *number = match number.as_u64() {
                Some(count) => Value::from(count + more),
                None => Value::from(number.as_f64().unwrap() * 2.0 + 1.0),
            };
            let other: Result<LoadReport, _> = serde_json::from_value(other);
            prop_assert!(other.is_err() || other.unwrap().measurement().is_err(), "{}", place);
        }
    }
}

#[test]
fn a_rate_at_max_has_no_times() {
    let (spec, _) = spec("rate = 5", 1);
    let spec = LoadSpec { rate: Rate::Max, arrivals: Arrivals::Poisson, ..spec };
    assert_eq!(Profile::new(&spec, pullpush::dice::Dice::new(1)), None);
}
