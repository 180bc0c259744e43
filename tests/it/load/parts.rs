//! Shards and workers: the parts make the whole, exactly.

use std::collections::BTreeMap;
use std::time::Duration;

use pullpush::plan::Plan;
use pullpush::plan::arrivals::{Arrival, Part};
use pullpush::scenario::load::{LoadSpec, Shard};

use super::{TASKS, arrivals, load};

/// Loads of either unit, even and drawn, with faults and without. The tasks can be divided by every number up to seven.
fn loads() -> Vec<(Plan, LoadSpec)> {
    let mut loads = Vec::new();
    for unit in ["callback", "task"] {
        for arrivals in ["constant", "poisson"] {
            for offered in ["rate = 400\nduration = \"1s\"", "stages = \"500ms@1000,700ms@1\""] {
                for faults in [
                    "",
                    "[faults]\ndrop = 0.2\nduplicate = { chance = 0.2, after = \"100ms\" }\ndelay = { chance = 0.2, by = \"1s\" }\n",
                ] {
                    let text = format!("{offered}\nunit = \"{unit}\"\narrivals = \"{arrivals}\"\ntasks = 420");
                    loads.push(load(&text, &format!("{faults}{TASKS}")));
                }
            }
        }
    }
    loads
}

/// In an order of their own, where several are due at the same time.
fn sorted(mut arrivals: Vec<Arrival>) -> Vec<Arrival> {
    let key = |it: &Arrival| (it.due, it.delivery.task.number, it.delivery.number, it.delivery.is_duplicate());
    arrivals.sort_by_key(key);
    arrivals
}

/// Each task's shard.
type Homes = BTreeMap<u64, u64>;

#[track_caller]
fn find_homes(homes: &mut Homes, part: u64, arrivals: &[Arrival]) {
    for arrival in arrivals {
        let number = arrival.delivery.task.number;
        assert_eq!(*homes.entry(number).or_insert(part), part, "task {number} is in two parts");
    }
}

#[test]
fn the_union_of_the_shards_is_the_whole() {
    for (plan, spec) in loads() {
        let whole = sorted(arrivals(&plan, &spec, Part::WHOLE, 10.0));
        assert!(whole.len() >= 300, "{}", whole.len());
        for count in 1..=7 {
            let (mut union, mut homes) = (Vec::new(), Homes::new());
            for index in 0..count {
                let part = Part { shard: Shard { index, count }, worker: Shard::WHOLE };
                let part = arrivals(&plan, &spec, part, 10.0);
                assert!(part.is_sorted_by_key(|arrival| arrival.due));
                assert!(part.len() * count as usize * 2 > whole.len(), "{} of {}", part.len(), whole.len());
                find_homes(&mut homes, index, &part);
                union.extend(part);
            }
            assert!(sorted(union) == whole, "{count} shards of {spec:?}");
        }
    }
}

#[test]
fn the_union_of_the_workers_is_the_shard() {
    for (plan, spec) in loads() {
        for shard in [Shard::WHOLE, Shard { index: 2, count: 3 }] {
            let whole = sorted(arrivals(&plan, &spec, Part { shard, worker: Shard::WHOLE }, 10.0));
            for count in 1..=5 {
                let (mut union, mut homes) = (Vec::new(), Homes::new());
                for index in 0..count {
                    let part = arrivals(&plan, &spec, Part { shard, worker: Shard { index, count } }, 10.0);
                    find_homes(&mut homes, index, &part);
                    union.extend(part);
                }
                assert!(sorted(union) == whole, "{count} workers of {shard} of {spec:?}");
            }
        }
    }
}

#[test]
fn of_callbacks_shard_i_has_every_nth() {
    let (plan, spec) = load("rate = 100\nduration = \"1s\"\ntasks = 420", TASKS);
    for index in 0..4 {
        let part = Part { shard: Shard { index, count: 4 }, worker: Shard::WHOLE };
        let times = arrivals(&plan, &spec, part, 1.0).into_iter().map(|arrival| arrival.due);
        let expected = (index..100).step_by(4).map(|index| Duration::from_millis(10 * index));
        assert!(times.eq(expected), "shard {index}");
    }
}
