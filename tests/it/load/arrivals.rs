//! Which callback arrives when.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pullpush::callback::moment::Moment;
use pullpush::plan::Plan;
use pullpush::plan::arrivals::{Arrival, Part, Timed};
use pullpush::plan::delivery::Delivery;
use pullpush::plan::profile::Profile;
use pullpush::scenario::load::Shard;

use super::{TASKS, arrivals, load, millis};
use crate::support::{EPOCH, RECEIVER};

/// `task.number` of each.
fn named(arrivals: &[Arrival]) -> Vec<String> {
    let name = |Arrival { delivery, .. }: &Arrival| format!("{}.{}", delivery.task.number, delivery.number);
    arrivals.iter().map(name).collect()
}

fn whole(text: &str, tasks: &str) -> (Plan, Vec<Arrival>) {
    let (plan, spec) = load(text, tasks);
    let arrivals = arrivals(&plan, &spec, Part::WHOLE, 1.0);
    (plan, arrivals)
}

#[test]
fn callbacks_of_many_tasks_come_in_turn() {
    // Tasks 1 and 2 have four callbacks each, 3, 4 and 5 two; behind the fifth come all of them again.
    let (_, arrivals) = whole("rate = 10\nduration = \"1.5s\"\ntasks = 3", TASKS);
    let due: Vec<_> = arrivals.iter().map(|arrival| arrival.due).collect();
    assert_eq!(due, (0..15).map(|index| millis(100 * index)).collect::<Vec<_>>());
    assert_eq!(
        named(&arrivals),
        ["1.1", "2.1", "3.1", "1.2", "2.2", "3.2", "1.3", "2.3", "6.1", "1.4", "2.4", "6.2", "4.1", "5.1", "6.3"]
    );
}

#[test]
fn each_task_keeps_the_order_it_is_sent_in() {
    for faults in [
        "",
        "[faults]\ndelay = { chance = 0.5, by = \"1s..9s\" }\nduplicate = { chance = 0.3, after = \"100ms\" }\ndrop = 0.2\n",
    ] {
        for unit in ["callback", "task"] {
            let text = format!("rate = 1000\nduration = \"1s\"\ntasks = 7\nunit = \"{unit}\"");
            let (plan, arrivals) = whole(&text, &format!("{faults}{TASKS}"));
            let mut lanes: BTreeMap<u64, Vec<&Delivery>> = BTreeMap::new();
            for Arrival { delivery, .. } in &arrivals {
                lanes.entry(delivery.task.number).or_default().push(delivery);
            }
            assert!(arrivals.len() > 500 && lanes.len() > 100, "{} of {} tasks", arrivals.len(), lanes.len());
            for (number, lane) in lanes {
                let sent = plan.lane(plan.endless_task(number).unwrap());
                let sent: Vec<_> = sent.filter(|delivery| !delivery.faults.dropped).collect();
                assert!(lane.iter().copied().eq(sent.iter().take(lane.len())), "{unit}: task {number}");
            }
        }
    }
}

#[test]
fn a_task_arrives_whole_and_keeps_its_own_clock() {
    // Four tasks a second; a vod task takes 3 s and its start_gap, at ten times the speed a tenth of that.
    let (plan, spec) = load("rate = 4\nduration = \"1s\"\nunit = \"task\"", &TASKS.replace("1ms..2s", "1s"));
    let arrivals = arrivals(&plan, &spec, Part::WHOLE, 10.0);
    let times: Vec<_> = arrivals.iter().map(|arrival| arrival.due.as_millis()).collect();
    assert_eq!(
        named(&arrivals).iter().map(String::as_str).zip(times).collect::<Vec<_>>(),
        [
            ("1.1", 0),
            ("1.2", 100),
            ("2.1", 250),
            ("2.2", 350),
            ("1.3", 400),
            ("1.4", 400),
            ("3.1", 500),
            ("3.2", 600),
            ("2.3", 650),
            ("2.4", 650),
            ("4.1", 750),
            ("4.2", 850),
        ]
    );
}

#[test]
fn a_ramp_has_as_many_as_the_area_below_it() {
    let counts = |text: &str| {
        let (_, arrivals) = whole(text, TASKS);
        assert!(arrivals.is_sorted_by_key(|arrival| arrival.due));
        let last = arrivals.last().unwrap().due.as_secs() as usize;
        (0..=last)
            .map(|second| arrivals.iter().filter(|it| it.due.as_secs() as usize == second).count())
            .collect::<Vec<_>>()
    };
    assert_eq!(counts("stages = \"1s@10\""), [5]);
    assert_eq!(counts("stages = \"2s@20,1s@20,2s@0\""), [5, 15, 20, 15, 5]);
    assert_eq!(counts("rate = 10\nstages = \"1s@10,1s@30\""), [10, 20]);
    // A step: a stage of a millisecond.
    assert_eq!(counts("rate = 10\nstages = \"999ms@10,1ms@100,1s@100\""), [11, 100]);
}

#[test]
fn chance_repeats_with_the_seed_and_moves_nothing_else() {
    let text = "rate = 500\nduration = \"4s\"\narrivals = \"poisson\"";
    let ((plan, spec), (_, again)) = (load(text, TASKS), whole(text, TASKS));
    let first = arrivals(&plan, &spec, Part::WHOLE, 1.0);
    assert_eq!(first, again);
    assert!((1800..2200).contains(&first.len()), "{}", first.len());
    let other = arrivals(&Plan::new(plan.scenario().clone(), 43), &spec, Part::WHOLE, 1.0);
    assert!(first.iter().zip(&other).all(|(one, other)| one.due != other.due));
    // What comes is the same as with even arrivals, only when differs.
    let (_, even) = whole(&text.replace("poisson", "constant"), TASKS);
    assert!(first.iter().zip(&even).all(|(one, other)| one.delivery == other.delivery && one.due != other.due));
}

#[test]
fn tasks_without_end_are_copies_with_numbers_and_ids_of_their_own() {
    let (plan, arrivals) = whole("rate = 2000\nduration = \"1s\"\ntasks = 10", TASKS);
    let tasks: BTreeMap<_, _> =
        arrivals.iter().map(|arrival| (arrival.delivery.task.number, &arrival.delivery)).collect();
    let ids: BTreeSet<_> = tasks.values().map(|delivery| delivery.task.id()).collect();
    assert_eq!(ids.len(), tasks.len());
    assert!(tasks.len() > 600, "{}", tasks.len());
    let copies: BTreeSet<_> = tasks.values().map(|it| (Arc::as_ptr(&it.task.spec), it.task.copy)).collect();
    assert_eq!(copies.len(), tasks.len(), "two copies of a task have one number");
    // Rounds of five: task 504 is the second live task of round 100, so copy 302 of it.
    let delivery = tasks[&504];
    assert_eq!((delivery.task.copy, &*delivery.task.id()), (302, "b-302"));
    let moment = Moment::at(EPOCH);
    let payload = &plan.scenario().payload;
    let body = delivery.body(payload, RECEIVER, moment, delivery.attempt_faults(1));
    let body = String::from_utf8(body).unwrap();
    assert!(body.contains("rtmp://origin.test/live/302") && !body.contains("{n}"), "{body}");
}

#[test]
fn one_task_only_is_that_task_and_its_copies() {
    let (plan, spec) = load("rate = 10\nduration = \"1s\"\ntasks = 2", TASKS);
    let arrivals = arrivals(&plan.only(4), &spec, Part::WHOLE, 1.0);
    assert_eq!(named(&arrivals), ["4.1", "9.1", "4.2", "9.2", "14.1", "19.1", "14.2", "19.2", "24.1", "29.1"]);
    assert_eq!(arrivals[9].delivery.task.id(), "b-17");
}

#[test]
fn faults_act() {
    let count = |faults: &str, counts: &dyn Fn(&Arrival) -> bool| {
        let (_, arrivals) =
            whole("rate = 1000\nduration = \"1s\"\ntasks = 20", &format!("[faults]\n{faults}\n{TASKS}"));
        assert_eq!(arrivals.len(), 1000);
        assert!(arrivals.iter().all(|arrival| !arrival.delivery.faults.dropped));
        arrivals.iter().filter(|arrival| counts(arrival)).count()
    };
    // In the place of what is lost comes the next, of however many tasks nothing is left.
    let is_first = |arrival: &Arrival| arrival.delivery.number == 1;
    let about = |count: usize, expected: usize| assert!((expected - 100..expected + 100).contains(&count), "{count}");
    about(count("drop = 0", &is_first), 400);
    about(count("drop = 0.9", &is_first), 400);
    let (_, all) = whole("rate = 100\nduration = \"1s\"\ntasks = 1", &format!("[faults]\ndrop = 0.999\n{TASKS}"));
    assert_eq!(all.len(), 100);
    assert!(all.last().unwrap().delivery.task.number > 20_000);
    assert_eq!(count("drop = 0", &|arrival| arrival.delivery.is_duplicate()), 0);
    about(count("duplicate = { chance = 1, after = \"1s\" }", &|arrival| arrival.delivery.is_duplicate()), 500);
    about(
        count("corrupt = { chance = 0.5, kinds = [\"truncated\"] }", &|arrival| {
            arrival.delivery.own_faults().corruption.is_some()
        }),
        500,
    );
    let (_, nothing) = whole("rate = 1000\nduration = \"1s\"", &format!("[faults]\ndrop = 1\n{TASKS}"));
    assert_eq!(nothing, []);
    let (_, nothing) = whole("rate = 100\nduration = \"1s\"\nunit = \"task\"", &format!("[faults]\ndrop = 1\n{TASKS}"));
    assert_eq!(nothing, []);
}

#[test]
fn more_workers_than_tasks_are_idle() {
    let (plan, spec) = load("rate = 10\nduration = \"1s\"\ntasks = 1", TASKS);
    let part = |index| Part { shard: Shard::WHOLE, worker: Shard { index, count: 2 } };
    assert_eq!(arrivals(&plan, &spec, part(0), 1.0).len(), 10);
    assert_eq!(arrivals(&plan, &spec, part(1), 1.0), []);
}

#[test]
fn what_is_left_can_be_counted_without_making_it() {
    let part = Part { shard: Shard { index: 1, count: 2 }, worker: Shard { index: 0, count: 2 } };
    for offered in [
        "rate = 200\nduration = \"1s\"\narrivals = \"poisson\"",
        "rate = 333.3\nduration = \"1s\"",
        "rate = 7\nstages = \"300ms@100,1ms@900,500ms@0,200ms@300\"",
    ] {
        for unit in ["callback", "task"] {
            let (plan, spec) = load(&format!("{offered}\ntasks = 10\nunit = \"{unit}\""), TASKS);
            let all = arrivals(&plan, &spec, part, 1.0);
            let rest = || Timed::new(&plan, &spec, &Profile::new(&spec, plan.dice()).unwrap(), part, 1.0);
            for taken in [0, 1, 7, all.len()] {
                for since in [0, 3, 300, 301, 2000] {
                    let mut rest = rest();
                    rest.by_ref().take(taken).for_each(drop);
                    let left = all[taken..].iter().filter(|arrival| arrival.due >= millis(since)).count() as u64;
                    assert_eq!(
                        rest.count_between(millis(since), spec.duration, u64::MAX, &pullpush::time::Cutoff::default()),
                        left,
                        "{unit} {taken} {since}"
                    );
                }
            }
            assert_eq!(rest().count_between(millis(0), spec.duration, 5, &pullpush::time::Cutoff::default()), 5);
        }
    }
}
