//! No delivery gets lost and none counts twice, whatever the receiver does and whenever the run is stopped.

use std::collections::BTreeMap;
use std::time::Duration;

use pullpush::engine::event::{End, Event};
use pullpush::engine::pace::Speed;
use pullpush::engine::player::Rest;
use pullpush::engine::transport::memory::Reply;
use pullpush::engine::transport::{FailureKind, Outcome};
use pullpush::plan::Plan;
use pullpush::report::summary::Summary;
use pullpush::scenario::Source;
use pullpush::scenario::fault::Faults;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::shipped;
use crate::support::{Run, valid};

const RUNS: u64 = 200;

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

/// What one delivery met: what befell it, attempts sent, whether the last was acknowledged, and how it ended.
#[derive(Debug, Default, PartialEq)]
struct Account {
    faults: Faults,
    sent: u32,
    acknowledged: bool,
    ends: Vec<End>,
    /// How often it was sent once more by a fault, and how often that met something.
    again: (u32, u32),
}

fn accounts(events: &[Event]) -> BTreeMap<(u64, u64), Account> {
    let mut accounts = BTreeMap::<_, Account>::new();
    for event in events {
        let (subject, is_duplicate) = match event {
            Event::Sent { attempt, .. } | Event::AttemptFinished { attempt, .. } => {
                (&attempt.subject, attempt.duplicate.is_some())
            }
            Event::Ended { subject, .. } => (subject, false),
            Event::Probed { .. } | Event::HeldUp { .. } => continue,
        };
        let account = accounts.entry((subject.task, subject.number)).or_default();
        account.faults = subject.faults;
        // A duplicate belongs to its delivery, before or after the end of that.
        assert!(is_duplicate || account.ends.is_empty(), "something after the end of {subject:?}");
        match event {
            Event::Sent { .. } if is_duplicate => account.again.0 += 1,
            Event::AttemptFinished { .. } if is_duplicate => account.again.1 += 1,
            Event::Sent { .. } => account.sent += 1,
            Event::AttemptFinished { outcome, .. } => account.acknowledged = outcome.is_acknowledged(),
            Event::Ended { end, .. } => account.ends.push(*end),
            Event::Probed { .. } | Event::HeldUp { .. } => {}
        }
    }
    accounts
}

/// A run of a bad evening.
struct Evening {
    planned: u64,
    /// Attempts that a delivery has.
    attempts: u32,
    stopped: bool,
    events: Vec<Event>,
    rest: Rest,
}

const FAULTS: &str = "faults={ drop = 0.2, duplicate = { chance = 0.3, after = '2s' }, \
     delay = { chance = 0.3, by = '0s..90s' }, corrupt = { chance = 0.4 }, connection = { chance = 0.3 } }";

/// Plays a bad evening in one of many ways.
fn evening(seed: u64, faults: Option<&str>) -> Evening {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let ordering = ["first-attempt", "strict", "free"][chance.random_range(0..3)];
    // What is spoilt ends so only where nobody sends it again.
    let (retry, attempts) = if faults.is_some() && chance.random() { ("'none'", 1) } else { ("['5s', '10s']", 3) };
    let mut overrides = vec![format!("receiver.ordering={ordering}"), format!("receiver.retry={retry}")];
    overrides.extend(faults.map(str::to_owned));
    let source = Source::new("bad-evening", shipped("bad-evening").text).with_overrides(&overrides);
    let plan = Plan::new(valid(source), seed);
    let planned = plan.count(usize::MAX) as u64;
    let mut seconds = |most: u32| Duration::from_millis(chance.random_range(0..most * 1000).into());
    let (stop_after, abandon_after) = (seconds(300), seconds(30));
    let (stopped, abandons) = (chance.random_bool(0.8), chance.random_bool(0.5));
    let max_in_flight = chance.random_range(1..6);
    let max_unfinished = if chance.random_bool(0.3) { chance.random_range(1..10) } else { 1000 };
    let speed = if chance.random_bool(0.3) { Speed::Max } else { Speed::REAL };
    let mut run = Run::of(plan, |_, _: &_| moody(&mut chance));
    run.stop_after = stopped.then_some(stop_after);
    run.abandon_after = abandons.then_some(abandon_after);
    run.max_in_flight = max_in_flight;
    run.max_unfinished = max_unfinished;
    run.speed = speed;
    let (events, rest) = run.play();
    Evening { planned, attempts, stopped, events, rest }
}

/// Whether a delivery can have ended so.
fn is_right(account: &Account, end: End, evening: &Evening) -> bool {
    let Account { faults, sent, acknowledged, again: (again, met), .. } = *account;
    let last = faults.of_attempt(sent);
    let right = match end {
        End::Acknowledged => acknowledged && (1..=evening.attempts).contains(&sent),
        End::GivenUp => !acknowledged && sent == evening.attempts && !last.is_spoilt(),
        End::Spoilt => !acknowledged && sent == evening.attempts && last.is_spoilt(),
        End::Dropped => faults.dropped && sent == 0,
        End::Interrupted => evening.stopped && !acknowledged && sent <= evening.attempts,
    };
    let twice = faults.duplicate.is_some() && !faults.dropped;
    // Only a stop keeps the second of two from being sent, or from meeting something.
    let all = again == u32::from(twice) && met == again;
    right && (all || (evening.stopped && again <= u32::from(twice) && met <= again))
}

/// Plays many evenings; gives how often each end was seen, and how often there were duplicates.
fn evenings(faults: Option<&str>) -> BTreeMap<String, u64> {
    let mut seen = BTreeMap::<_, u64>::new();
    for seed in 0..RUNS {
        let evening = evening(seed, faults);
        let accounts = accounts(&evening.events);
        for (delivery, account) in &accounts {
            let told = format!("seed {seed}, {delivery:?}: {account:?}");
            let [end] = account.ends[..] else { panic!("{told}") };
            assert!(is_right(account, end, &evening), "{told}");
            *seen.entry(format!("{end:?}")).or_default() += 1;
            if account.again.1 > 0 {
                *seen.entry("Again".to_owned()).or_default() += 1;
            }
        }
        let Evening { planned, events, rest, .. } = evening;
        *seen.entry("NotStarted".to_owned()).or_default() += rest.not_started;
        assert_eq!(planned, accounts.len() as u64 + rest.not_started, "seed {seed}");

        let mut summary = Summary::new(seed);
        events.iter().for_each(|event| summary.take(event));
        summary.finish(rest);
        let told = summary.to_json();
        let sum = told.acknowledged + told.given_up + told.dropped + told.spoilt + told.interrupted + told.not_started;
        assert_eq!((planned, planned), (told.planned, sum), "seed {seed}");
    }
    seen
}

#[test]
fn planned_is_acknowledged_and_given_up_and_interrupted_and_not_started() {
    let seen = evenings(None);
    // The test tests nothing unless all four happen, and often.
    assert!(seen.len() == 4 && seen.values().all(|count| *count > 200), "{seen:?}");
}

#[test]
fn with_faults_it_is_these_and_dropped_and_spoilt_and_a_duplicate_is_none_of_them() {
    let seen = evenings(Some(FAULTS));
    assert!(seen.len() == 7 && seen.values().all(|count| *count > 100), "{seen:?}");
}
