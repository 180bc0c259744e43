//! One seed means one plan and one run, byte for byte; another seed means another.

use std::collections::BTreeSet;
use std::time::Duration;

use pullpush::engine::settings::Addresses;
use pullpush::engine::transport::memory::Reply;
use pullpush::plan::Plan;
use pullpush::report::ndjson;
use pullpush::report::plan::{Planned, ndjson as planned};
use pullpush::scenario::Source;

use super::shipped;
use crate::support::{EPOCH, RECEIVER, Run, valid};

const SEEDS: u64 = 200;

/// The plan of a shipped scenario with `count` copies of its task.
fn plan(name: &str, count: u64, seed: u64) -> Plan {
    let source = Source::new(name, shipped(name).text).with_overrides(&[format!("task.count={count}")]);
    Plan::new(valid(source), seed)
}

/// The whole plan as JSON lines.
fn plan_lines(plan: &Plan) -> String {
    let addresses = Addresses::new(None, RECEIVER.to_owned());
    let payload = &plan.scenario().payload;
    let mut lines = String::new();
    for delivery in plan.deliveries() {
        planned(&Planned { delivery: &delivery, payload, epoch: EPOCH, addresses: &addresses, due: None }, &mut lines);
    }
    lines
}

/// Every event of a run as JSON lines; every seventh request is refused, so that there is something to repeat.
fn event_lines(plan: Plan) -> String {
    let refusing = |request: u32, _: &_| {
        Reply::status(if request.is_multiple_of(7) { 503 } else { 200 }, Duration::from_millis(request.into()))
    };
    let (events, _) = Run::of(plan, refusing).play();
    events.iter().map(ndjson::line).collect()
}

/// What happens and when, without the ids, which differ from seed to seed in any case.
fn story(plan: &Plan) -> String {
    let said = plan
        .deliveries()
        .map(|delivery| format!("{} {} {}\n", delivery.offset.0, delivery.task.number, delivery.callback));
    said.collect()
}

/// How many different stories the seeds tell; of a large scenario only the first `played` tasks are played.
fn stories(name: &str, planned: u64, played: u64) -> usize {
    let mut stories = BTreeSet::new();
    for seed in 0..SEEDS {
        let twice = [plan(name, planned, seed), plan(name, planned, seed)];
        let [first, again] = twice.each_ref().map(plan_lines);
        assert_eq!(first, again, "plan of {name}, seed {seed}");
        stories.insert(story(&twice[0]));
        let [first, again] = [plan(name, played, seed), plan(name, played, seed)].map(event_lines);
        assert_eq!(first, again, "run of {name}, seed {seed}");
    }
    stories.len()
}

#[test]
fn two_hundred_bad_evenings_repeat_and_no_two_are_alike() {
    assert_eq!(stories("bad-evening", 4, 4), 200);
}

#[test]
fn two_hundred_times_five_percent_repeat_and_no_two_are_alike() {
    assert_eq!(stories("five-percent", 100, 20), 200);
}

#[test]
fn five_percent_of_a_thousand_are_about_fifty_and_mostly_minus_22() {
    for seed in 0..20 {
        let story = story(&plan("five-percent", 1000, seed));
        let said = |callback: &str| story.lines().filter(|line| line.ends_with(callback)).count();
        let (mostly, others) = (said(" TaskExit -22"), said(" TaskExit -104") + said(" TaskExit -32"));
        // Four standard deviations around 50; 80 % of them are -22.
        assert!((23..=77).contains(&(mostly + others)), "seed {seed}: {mostly} + {others}");
        assert!(mostly > 2 * others, "seed {seed}: {mostly} + {others}");
        // They start again, but for the few whose end comes first.
        let (starts, ends) = (said(" TaskStart"), said(" TaskExit 0"));
        assert_eq!(starts, mostly + others + ends, "seed {seed}");
        assert!((980..=1000).contains(&ends), "seed {seed}: {ends}");
    }
}
