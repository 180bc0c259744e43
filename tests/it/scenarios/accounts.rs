//! No delivery gets lost and none counts twice, whatever the receiver does and whenever the run is stopped.

use std::collections::BTreeMap;
use std::time::Duration;

use pullpush::event::{End, Event};
use pullpush::plan::Plan;
use pullpush::report::summary::Summary;
use pullpush::run::Rest;
use pullpush::scenario::Source;
use pullpush::transport::memory::Reply;
use pullpush::transport::{FailureKind, Outcome};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::shipped;
use crate::support::{Run, valid};

const RUNS: u64 = 300;

/// Mostly well, sometimes too late, wrong, silent or gone.
fn moody(chance: &mut ChaCha8Rng) -> Reply {
    let after = Duration::from_millis(chance.random_range(0..25_000));
    match chance.random_range(0..10) {
        0 => Reply::silence(),
        1 => Reply { after: Some(after), outcome: Outcome::failed(FailureKind::Reset, "cut") },
        2 | 3 => Reply::status(500, after),
        _ => Reply::status(200, after),
    }
}

/// What one delivery met: attempts sent, whether the last was acknowledged, and how it ended.
#[derive(Debug, Default, PartialEq)]
struct Account {
    sent: u32,
    acknowledged: bool,
    ends: Vec<End>,
}

fn accounts(events: &[Event]) -> BTreeMap<(u64, u64), Account> {
    let mut accounts = BTreeMap::<_, Account>::new();
    for event in events {
        let subject = match event {
            Event::Sent { attempt, .. } | Event::Met { attempt, .. } => &attempt.subject,
            Event::Ended { subject, .. } => subject,
            Event::Probed { .. } => continue,
        };
        let account = accounts.entry((subject.task, subject.number)).or_default();
        assert_eq!(account.ends, [], "something after the end of {subject:?}");
        match event {
            Event::Sent { .. } => account.sent += 1,
            Event::Met { outcome, .. } => account.acknowledged = outcome.is_acknowledged(),
            Event::Ended { end, .. } => account.ends.push(*end),
            Event::Probed { .. } => {}
        }
    }
    accounts
}

/// Plays a bad evening in one of many ways; gives what was planned, what happened, and what was left.
fn evening(seed: u64) -> (u64, Vec<Event>, Rest) {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let ordering = if chance.random() { "strict" } else { "free" };
    let overrides = [format!("receiver.ordering={ordering}"), "receiver.retry=['5s', '10s']".to_owned()];
    let source = Source::new("bad-evening", shipped("bad-evening").text).with_overrides(&overrides);
    let plan = Plan::new(valid(source), seed);
    let planned = plan.count(usize::MAX) as u64;
    let mut seconds = |most: u32| Duration::from_millis(chance.random_range(0..most * 1000).into());
    let (stop_after, abandon_after) = (seconds(300), seconds(30));
    let (stops, abandons) = (chance.random_bool(0.8), chance.random_bool(0.5));
    let max_in_flight = chance.random_range(1..6);
    let mut run = Run::of(plan, |_, _: &_| moody(&mut chance));
    run.stop_after = stops.then_some(stop_after);
    run.abandon_after = abandons.then_some(abandon_after);
    run.max_in_flight = max_in_flight;
    let (events, rest) = run.play();
    (planned, events, rest)
}

#[test]
fn planned_is_acknowledged_and_given_up_and_interrupted_and_not_started() {
    let mut seen = BTreeMap::<_, u64>::new();
    for seed in 0..RUNS {
        let (planned, events, rest) = evening(seed);
        let accounts = accounts(&events);
        for (delivery, account) in &accounts {
            let told = format!("seed {seed}, {delivery:?}: {account:?}");
            let [end] = account.ends[..] else { panic!("{told}") };
            let right = match end {
                End::Acknowledged => account.acknowledged && (1..=3).contains(&account.sent),
                End::GivenUp => !account.acknowledged && account.sent == 3,
                End::Dropped | End::Spoilt => false,
                End::Interrupted => !account.acknowledged && account.sent <= 3,
            };
            assert!(right, "{told}");
            *seen.entry(format!("{end:?}")).or_default() += 1;
        }
        *seen.entry("NotStarted".to_owned()).or_default() += rest.not_started;
        assert_eq!(planned, accounts.len() as u64 + rest.not_started, "seed {seed}");

        let mut summary = Summary::new(seed);
        events.iter().for_each(|event| summary.take(event));
        summary.finish(rest);
        let told = summary.to_json();
        let sum = told.acknowledged + told.given_up + told.interrupted + told.not_started;
        assert_eq!((planned, planned), (told.planned, sum), "seed {seed}");
    }
    // The test tests nothing unless all four happen, and often.
    assert!(seen.len() == 4 && seen.values().all(|count| *count > 300), "{seen:?}");
}
