//! What holds for every seed, whatever the chances.

use std::collections::BTreeMap;
use std::time::Duration;

use pullpush::callback::Kind;
use pullpush::callback::sign::BadSignature;
use pullpush::engine::event::Event;
use pullpush::engine::settings::Addresses;
use pullpush::engine::transport::memory::Reply;
use pullpush::plan::Plan;
use pullpush::plan::delivery::Delivery;
use pullpush::report::plan::Planned;
use pullpush::scenario::Source;
use pullpush::scenario::fault::chances::Chances;
use pullpush::scenario::fault::{BadConnection, Corruption, Faults};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::support::{EPOCH, RECEIVER, Run, valid};

const SEEDS: u64 = 200;

/// Tasks that incidents meet as well, so that there are incidents to be moved.
const EVENING: &str = "
version = 1
payload = { profile = 'doc-2025', key = 'testkey' }
[[task]]
count = 4
spacing = '700ms'
source = 'vod'
to_url = 'rtmp://p.test/live/{n}'
files = [{ url = 'http://media.test/1.m3u8', duration = '20s' }, { url = 'http://media.test/2.m3u8', duration = '9s' }]
loops = 2
[[task.incident]]
kind = 'push-broken'
chance = 0.5
lasts = '2s'
[[task.incident]]
kind = 'pull-unstable'
chance = 0.5
";

/// The chance of each fault, in the order of the keys below.
type Six = [f64; 6];
const KEYS: [&str; 6] = ["drop", "duplicate", "delay", "corrupt", "signature", "connection"];

fn plan(chances: Six, seed: u64) -> Plan {
    plan_with(chances, seed, &[])
}

fn plan_with(chances: Six, seed: u64, more: &[String]) -> Plan {
    let fault = |(key, chance): (&str, f64)| match key {
        "drop" => format!("faults.drop={chance:?}"),
        "delay" => format!("faults.delay={{ chance = {chance:?}, by = '0s..30s' }}"),
        _ => format!("faults.{key}={{ chance = {chance:?} }}"),
    };
    let faults = KEYS.into_iter().zip(chances).map(fault);
    let overrides: Vec<_> = faults.chain(more.iter().cloned()).collect();
    Plan::new(valid(Source::new("evening", EVENING).with_overrides(&overrides)), seed)
}

/// Deliveries without the duplicates, by task and number.
fn firsts(plan: &Plan) -> BTreeMap<(u64, u64), Delivery> {
    let firsts = plan.deliveries().filter(|delivery| !delivery.is_duplicate());
    firsts.map(|delivery| ((delivery.task.number, delivery.number), delivery)).collect()
}

/// Which faults a delivery has.
fn has(faults: &Faults) -> [bool; 6] {
    let Faults { dropped, delay, duplicate, corruption, signature, connection } = faults;
    [*dropped, duplicate.is_some(), delay.is_some(), corruption.is_some(), signature.is_some(), connection.is_some()]
}

/// A faults without one of the faults.
fn without(faults: &Faults, fault: usize) -> Faults {
    let mut faults = *faults;
    match fault {
        0 => faults.dropped = false,
        1 => faults.duplicate = None,
        2 => faults.delay = None,
        3 => faults.corruption = None,
        4 => faults.signature = None,
        _ => faults.connection = None,
    }
    faults
}

#[test]
fn a_chance_of_zero_never_acts_and_one_of_one_always() {
    for seed in 0..SEEDS {
        for fault in 0..6 {
            let mut chances = [0.0; 6];
            chances[fault] = 1.0;
            for delivery in firsts(&plan(chances, seed)).values() {
                let mut only = [false; 6];
                only[fault] = true;
                assert_eq!(has(&delivery.faults), only, "seed {seed}, {}", KEYS[fault]);
            }
        }
    }
}

#[test]
fn raising_one_chance_moves_no_other_draw_and_no_incident() {
    let mut more = [0; 6];
    for seed in 0..SEEDS {
        let low = firsts(&plan([0.3; 6], seed));
        for fault in 0..6 {
            let mut chances = [0.3; 6];
            chances[fault] = 0.7;
            let high = firsts(&plan(chances, seed));
            assert_eq!(low.len(), high.len());
            for ((_, low), (_, high)) in low.iter().zip(&high) {
                let told = format!("seed {seed}, {}", KEYS[fault]);
                assert_eq!(
                    (&low.callback, low.happened, low.cause),
                    (&high.callback, high.happened, high.cause),
                    "{told}"
                );
                assert_eq!(without(&low.faults, fault), without(&high.faults, fault), "{told}");
                // What hits at the lower chance hits at the higher one, in the same way.
                assert!(!has(&low.faults)[fault] || low.faults == high.faults, "{told}");
                more[fault] += i32::from(has(&high.faults)[fault]) - i32::from(has(&low.faults)[fault]);
            }
        }
    }
    // 0.4 of some 9000 deliveries more.
    assert!(more.iter().all(|more| (3000..7000).contains(more)), "{more:?}");
}

#[test]
fn whom_faults_are_about_moves_no_draw_of_the_others() {
    for seed in 0..SEEDS / 4 {
        let all = firsts(&plan([0.5; 6], seed));
        let overrides = ["faults={ drop = 0.5, corrupt = { chance = 0.5 }, events = ['TaskExit'] }".to_owned()];
        let exits = firsts(&Plan::new(valid(Source::new("evening", EVENING).with_overrides(&overrides)), seed));
        for ((key, all), (_, exit)) in all.iter().zip(&exits) {
            let Faults { dropped, corruption, .. } = all.faults;
            let concerned = Faults { dropped, corruption, ..Faults::default() };
            let expected = if exit.callback.kind() == Some(Kind::TaskExit) { concerned } else { Faults::default() };
            assert_eq!(exit.faults, expected, "seed {seed}, {key:?}");
        }
    }
}

#[test]
fn faults_never_change_what_the_service_says() {
    let story = |plan: &Plan| {
        let told = firsts(plan).into_iter();
        told.map(|(key, it)| (key, it.callback, it.happened, it.cause, it.task.spec.to_url.clone())).collect::<Vec<_>>()
    };
    for seed in 0..SEEDS {
        let plain = Plan::new(valid(Source::new("evening", EVENING)), seed);
        let truth = story(&plain);
        for chances in [[0.0; 6], [0.3; 6], [1.0; 6], [0.0, 1.0, 0.5, 0.5, 0.5, 0.5]] {
            assert_eq!(story(&plan(chances, seed)), truth, "seed {seed}, {chances:?}");
        }
        // The plan without faults is that of a scenario that says nothing about them.
        let same = plain.deliveries().eq(plan([0.0; 6], seed).deliveries().map(|mut it| {
            it.task.spec = plain.scenario().tasks[0].clone();
            it
        }));
        assert!(same, "seed {seed}");
    }
}

#[test]
fn a_plan_is_in_order_of_time_and_each_duplicate_comes_once_and_after_its_delivery() {
    for seed in 0..SEEDS {
        let plan = plan([0.2, 0.6, 0.6, 0.0, 0.0, 0.0], seed);
        let mut seen = BTreeMap::new();
        let mut last = Default::default();
        for it in plan.deliveries() {
            assert!(it.offset >= last, "seed {seed}");
            last = it.offset;
            let passes = seen.entry((it.task.number, it.number)).or_insert(0);
            *passes += 1;
            assert_eq!(*passes, if it.is_duplicate() { 2 } else { 1 }, "seed {seed}");
            if it.is_duplicate() {
                let held_up = it.faults.delay.unwrap_or_default();
                assert_eq!(it.offset, it.happened.plus(held_up).plus(Chances::DUPLICATE.after), "seed {seed}");
            }
        }
        for (key, it) in firsts(&plan) {
            let twice = it.faults.duplicate.is_some() && !it.faults.dropped;
            assert_eq!(seen[&key], if twice { 2 } else { 1 }, "seed {seed}, {key:?}");
        }
    }
}

#[test]
fn the_plan_of_a_duplicate_of_the_same_bytes_has_the_same_bytes() {
    let addresses = Addresses::new(None, RECEIVER.to_owned());
    let mut twice = 0;
    for seed in 0..SEEDS / 4 {
        let plan = plan([0.0, 0.5, 0.5, 0.5, 0.5, 0.5], seed);
        let payload = &plan.scenario().payload;
        let mut firsts = BTreeMap::new();
        for it in plan.deliveries() {
            let body = Planned { delivery: &it, payload, epoch: EPOCH, addresses: &addresses, due: None }.body();
            let key = (it.task.number, it.number);
            if it.is_duplicate() {
                assert!(firsts.get(&key) == Some(&body), "seed {seed}, {key:?}");
                twice += 1;
            } else {
                firsts.insert(key, body);
            }
        }
    }
    assert!(twice > 500, "{twice}");
}

/// One request.
#[derive(Debug)]
struct Span {
    sent: Duration,
    over: Duration,
    number: u64,
    attempt: u32,
    is_duplicate: bool,
}

/// Plays a plan with a receiver that is sometimes slow and sometimes fails; what was sent, by task, in the order it was over.
fn spans(plan: Plan, seed: u64) -> BTreeMap<u64, Vec<Span>> {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let moody = |_: u32, _: &_| {
        let after = Duration::from_millis(chance.random_range(0..8000));
        Reply::status(if chance.random_bool(0.8) { 200 } else { 500 }, after)
    };
    let mut spans = BTreeMap::<_, Vec<_>>::new();
    for event in Run::of(plan, moody).play().0 {
        if let Event::AttemptFinished { attempt, done, .. } = event {
            let (sent, number, is_duplicate) = (attempt.sent, attempt.subject.number, attempt.duplicate.is_some());
            let span = Span { sent, over: done, number, attempt: attempt.number, is_duplicate };
            spans.entry(attempt.subject.task).or_default().push(span);
        }
    }
    spans
}

/// One plan under an order.
fn ordered(ordering: &str, seed: u64) -> Plan {
    plan_with([0.1, 0.6, 0.5, 0.2, 0.2, 0.3], seed, &[format!("receiver.ordering={ordering}")])
}

#[test]
fn in_strict_order_one_request_of_a_task_is_under_way_and_duplicates_follow_theirs() {
    for seed in 0..SEEDS / 4 {
        for (task, spans) in spans(ordered("strict", seed), seed) {
            let told = format!("seed {seed}, task {task}: {spans:?}");
            assert!(spans.windows(2).all(|pair| pair[0].over <= pair[1].sent), "{told}");
            for (index, span) in spans.iter().enumerate() {
                let before = |wanted: u64| spans[..index].iter().any(|span| span.number == wanted);
                assert!(!span.is_duplicate || before(span.number), "{told}");
            }
        }
    }
}

#[test]
fn in_the_order_of_first_attempts_each_of_them_waits_for_the_one_before_and_for_no_retry() {
    let mut overtaken = 0;
    for seed in 0..SEEDS / 4 {
        let plan = ordered("first-attempt", seed);
        let mut lanes: BTreeMap<u64, Vec<_>> = BTreeMap::new();
        for it in plan.deliveries().filter(|it| !it.faults.dropped) {
            lanes.entry(it.task.number).or_default().push((it.number, it.is_duplicate(), it.offset.to_duration()));
        }
        for (task, mut spans) in spans(plan, seed) {
            let told = format!("seed {seed}, task {task}: {spans:?}");
            spans.sort_by_key(|span| span.sent);
            let firsts: Vec<_> = spans.iter().filter(|span| span.attempt == 1).collect();
            let lane = &lanes[&task];
            let sequence: Vec<_> = firsts.iter().map(|span| (span.number, span.is_duplicate)).collect();
            assert!(
                sequence.iter().eq(lane.iter().map(|(number, again, _)| (*number, *again)).collect::<Vec<_>>().iter()),
                "{told}"
            );
            let mut free_at = Duration::ZERO;
            for (span, (.., due)) in firsts.iter().zip(lane) {
                // A duplicate comes so long after its first was really sent.
                assert!(
                    span.sent == free_at.max(*due) || (span.is_duplicate && span.sent > free_at.max(*due)),
                    "{told}"
                );
                free_at = span.over;
            }
            let retries = spans.iter().filter(|span| span.attempt > 1);
            overtaken += retries
                .filter(|retry| firsts.iter().any(|first| first.number > retry.number && first.sent < retry.sent))
                .count();
        }
    }
    assert!(overtaken > 100, "{overtaken}");
}

/// So many tasks alive at once that lanes are closed while they wait.
const CROWD: &str = "
version = 1
[[task]]
count = 20_000
source = 'live'
url = 'rtmp://o.test/live/{n}'
to_url = 'rtmp://p.test/live/{n}'
end = '10m'
[faults]
drop = 0.1
duplicate = { chance = 0.5, after = '3m' }
delay = { chance = 0.5, by = '0s..20m' }
corrupt = { chance = 0.5 }
";

#[test]
fn an_agenda_with_more_lanes_than_are_kept_open_is_a_plain_merge() {
    let plan = Plan::new(valid(Source::new("crowd", CROWD)), 42);
    let mut plain: Vec<_> = plan.tasks().flat_map(|task| plan.lane(task)).collect();
    // A stable sort: the deliveries of a task keep their order.
    plain.sort_by_key(|delivery| (delivery.offset, delivery.task.number));
    assert!(plain.len() > 50_000);
    let mut merged = plan.deliveries();
    for (index, plain) in plain.iter().enumerate() {
        assert_eq!(merged.next().as_ref(), Some(plain), "delivery {index}");
    }
    assert_eq!(merged.next(), None);
}

#[test]
fn every_kind_of_a_fault_is_drawn_as_often_as_any_other() {
    let mut counts = BTreeMap::<&str, u32>::new();
    let mut all = 0;
    for seed in 0..SEEDS {
        for delivery in firsts(&plan([0.0, 0.0, 0.0, 1.0, 1.0, 1.0], seed)).values() {
            let Faults { corruption, signature, connection, .. } = delivery.faults;
            all += 1;
            *counts.entry(corruption.unwrap().name()).or_default() += 1;
            *counts.entry(signature.unwrap().name()).or_default() += 1;
            *counts.entry(connection.unwrap().name()).or_default() += 1;
        }
    }
    let kinds = [Corruption::ALL.len(), BadSignature::ALL.len(), BadConnection::ALL.len()];
    assert_eq!(counts.len(), kinds.iter().sum::<usize>());
    for (name, count) in counts {
        let of = kinds[if Corruption::ALL.iter().any(|(kind, _)| *kind == name) {
            0
        } else if BadSignature::ALL.iter().any(|(kind, _)| *kind == name) {
            1
        } else {
            2
        }];
        let expected = all / of as u32;
        assert!((expected * 9 / 10..expected * 11 / 10).contains(&count), "{name}: {count} of {all}");
    }
}
