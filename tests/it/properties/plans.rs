//! Every valid scenario is planned in order, repeats to the byte, and is played to its end.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use proptest::prelude::*;
use pullpush::callback::Callback;
use pullpush::callback::moment::Moment;
use pullpush::engine::event::{End, Event};
use pullpush::engine::transport::memory::Reply;
use pullpush::plan::Plan;
use pullpush::plan::delivery::Delivery;
use pullpush::scenario::fault::{AttemptFaults, DuplicateAs};
use pullpush::scenario::task::{IncidentKind, Script};
use pullpush::sink::judge::judge;
use pullpush::time::Millis;
use serde_json::Value;

use super::composed::{self, Composed};
use super::{cases, planned};
use crate::support::{EPOCH, RECEIVER, Run};

/// The most deliveries that are looked at.
const MOST: usize = 5_000;

fn bodies(plan: &Plan) -> Vec<(Delivery, Vec<u8>)> {
    let body = |delivery: Delivery| {
        let moment = Moment::at(EPOCH.plus(delivery.offset));
        let body = delivery.body(&plan.scenario().payload, RECEIVER, moment, AttemptFaults::default());
        (delivery, body)
    };
    plan.deliveries().take(MOST).map(body).collect()
}

/// What comes of a task after each of its TaskStarts: the gaps to the VodSourceFileStart that follows.
fn start_gaps(lane: impl Iterator<Item = Delivery>) -> Vec<Millis> {
    let mut started = None;
    let mut gaps = Vec::new();
    for delivery in lane {
        match delivery.callback {
            Callback::TaskStart => started = Some(delivery.offset),
            Callback::VodSourceFileStart { .. } => {
                gaps.extend(started.take().map(|started| delivery.offset.minus(started)));
            }
            _ => {}
        }
    }
    gaps
}

fn fails_files(scenario: &Composed) -> bool {
    let failed = |task: &composed::Task| task.incidents.iter().any(|it| it.kind(task) == IncidentKind::FileFailed);
    scenario.tasks.iter().any(failed)
}

/// Whether these callbacks can be the life of one task to which such things happen.
fn makes_sense(lane: &[Delivery], kinds: &[IncidentKind]) -> Result<(), String> {
    let has = |kind| kinds.contains(&kind);
    let mut runs = false;
    let mut plays = None;
    for delivery in lane {
        let ok = match delivery.callback {
            Callback::TaskStart => {
                plays = None;
                !std::mem::replace(&mut runs, true) || has(IncidentKind::Crash)
            }
            Callback::TaskExit(_) => {
                plays = None;
                std::mem::take(&mut runs)
            }
            Callback::VodSourceFileStart { index } => {
                let before = plays.replace(index);
                // A file can break off without a word: for a new list, or a slate.
                let breaks_off = [IncidentKind::FileFailed, IncidentKind::Modified, IncidentKind::SourceDown];
                runs && (before.is_none() || breaks_off.into_iter().any(has))
            }
            Callback::VodSourceFileFinish { index } => runs && plays.take() == Some(index),
            _ => true,
        };
        if !ok {
            return Err(format!("{} of delivery {}", delivery.callback, delivery.number));
        }
    }
    if runs && !has(IncidentKind::Crash) && lane.len() < MOST { Err("it never ends".to_owned()) } else { Ok(()) }
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn plans_are_in_order_and_repeat_to_the_byte(scenario in composed::scenario(3, 4), seed in any::<u64>()) {
        let text = scenario.text();
        let plan = planned(&text, seed);
        let bodies = self::bodies(&plan);
        prop_assert!(bodies.is_sorted_by_key(|(delivery, _)| delivery.offset));
        prop_assert_eq!(&bodies, &self::bodies(&planned(&text, seed)));
        if bodies.len() < MOST {
            let once = bodies.iter().filter(|(delivery, _)| !delivery.is_duplicate());
            prop_assert_eq!(plan.count(MOST), once.count());
        }
        for task in plan.tasks() {
            let alone: Vec<_> = plan.lane(task.clone()).take(MOST).collect();
            let number = task.number;
            if bodies.len() < MOST {
                let among = bodies.iter().map(|(delivery, _)| delivery).filter(|it| it.task.number == number);
                prop_assert!(alone.iter().eq(among));
            }
            if alone.len() < MOST {
                let first = alone.iter().filter(|delivery| !delivery.is_duplicate());
                let numbers: BTreeSet<_> = first.clone().map(|delivery| delivery.number).collect();
                prop_assert!(numbers.into_iter().eq(1..=first.count() as u64));
            }
            prop_assert!(alone.iter().all(|delivery| delivery.offset >= task.start()));
            prop_assert!(plan.clone().only(number).deliveries().take(MOST).eq(alone));
        }
    }

    #[test]
    fn bodies_are_json_twice_and_please_the_sink(scenario in composed::scenario(2, 4), seed in any::<u64>()) {
        let plan = planned(&scenario.text(), seed);
        for (delivery, body) in bodies(&plan).into_iter().take(500) {
            let outer: Value = serde_json::from_slice(&body).unwrap();
            let msg: Value = serde_json::from_str(outer["msg"].as_str().unwrap()).unwrap();
            prop_assert!(msg.is_object());
            let urls: Vec<String> = serde_json::from_str(outer["source_urls"].as_str().unwrap()).unwrap();
            if let Callback::VodSourceFileStart { index } = delivery.callback
                && delivery.overlay.is_none()
            {
                prop_assert_eq!(&msg["url"], &urls[index]);
            }
            let known = delivery.callback.kind().is_some();
            let verdict = judge(&body, plan.scenario().payload.key.as_ref(), EPOCH.plus(delivery.offset));
            prop_assert_eq!(verdict.complaints.is_empty(), known, "{:?}", verdict.complaints);
        }
    }

    #[test]
    fn a_file_starts_within_two_seconds_of_its_task(scenario in composed::scenario(2, 3), seed in any::<u64>()) {
        // A file that fails is skipped: the next one may come later. So may one that is delayed on its way.
        prop_assume!(!fails_files(&scenario) && scenario.faults.is_none());
        // So may one whose source is still down when a slate starts.
        prop_assume!(scenario.tasks.iter().all(|task| task.stand_ins.1.is_none()));
        let plan = planned(&scenario.text(), seed);
        let relays = plan.tasks().filter(|task| matches!(task.spec.script, Script::Relay(_)));
        for task in relays {
            for gap in start_gaps(plan.lane(task).take(MOST)) {
                prop_assert!(gap > Millis::ZERO && gap <= Millis(2_000), "{gap}");
            }
        }
    }

    #[test]
    fn the_default_start_gap_is_more_than_nothing_and_at_most_two_seconds(seed in any::<u64>()) {
        let task = "[[task]]\nsource = \"vod\"\ncount = 300\nfiles = [{ url = \"http://a.test/b\", duration = \"1s\" }]";
        let plan = planned(&format!("version = 1\n{task}"), seed);
        let gaps: Vec<_> = plan.tasks().flat_map(|task| start_gaps(plan.lane(task))).collect();
        prop_assert_eq!(gaps.len(), 300);
        prop_assert!(gaps.iter().all(|gap| *gap > Millis::ZERO && *gap <= Millis(2_000)));
    }

    #[test]
    fn every_life_makes_sense(scenario in composed::scenario(1, 4), seed in any::<u64>()) {
        let mut scenario: Composed = scenario;
        scenario.tasks[0].events.clear();
        scenario.faults = None;
        // The callbacks of two machines may cross.
        scenario.tasks[0].incidents.iter_mut().for_each(|incident| incident.exit_first = true);
        prop_assume!(scenario.tasks[0].source < 4);
        let plan = planned(&scenario.text(), seed);
        for task in plan.tasks() {
            let start = task.start();
            let lane: Vec<_> = plan.lane(task).take(MOST).collect();
            let told: Vec<_> = lane.iter().map(|it| format!("{} {}", it.offset.minus(start), it.callback)).collect();
            let kinds: Vec<_> = scenario.tasks[0].incidents.iter().map(|it| it.kind(&scenario.tasks[0])).collect();
            if let Err(wrong) = makes_sense(&lane, &kinds) {
                prop_assert!(false, "{wrong}: {told:#?}");
            }
            let task = &scenario.tasks[0];
            let new = task.incidents.iter().filter(|it| it.kind(task) == IncidentKind::Modified);
            let end = new.filter_map(|it| it.end(task)).fold(task.end(), |end, new| end.map(|end| end.max(new)));
            let end = end.map_or(Millis::FOREVER, Millis);
            prop_assert!(lane.iter().all(|it| it.offset.minus(start) <= end), "after its end: {told:#?}");
        }
    }

    #[test]
    fn tasks_have_ids_of_their_own(count in 1u64..400, others in 1u64..400, seed in any::<u64>()) {
        let task = |count| format!("[[task]]\nsource = \"live\"\nurl = \"rtmp://a.test/b\"\nend = \"1m\"\ncount = {count}\n");
        let plan = planned(&format!("version = 1\n{}{}", task(count), task(others)), seed);
        let ids: HashSet<_> = plan.tasks().map(|task| task.id().into_owned()).collect();
        prop_assert_eq!(ids.len() as u64, count + others);
        prop_assert!(ids.iter().all(|id| id.len() <= 9 && id.bytes().all(|byte| byte.is_ascii_digit())));
    }

    #[test]
    fn every_delivery_is_played_to_its_end(
        scenario in composed::scenario(2, 2),
        statuses in proptest::collection::vec((prop_oneof![3 => Just(200u16), 1 => 201u16..600], 0u64..30_000), 1..8),
    ) {
        let plan = planned(&scenario.text(), 1);
        prop_assume!(plan.count(300) < 300);
        let (twice, once): (Vec<_>, Vec<_>) = plan.deliveries().partition(Delivery::is_duplicate);
        let receiver = |request: u32, _: &_| {
            let (status, ms) = statuses[request as usize % statuses.len()];
            Reply::status(status, Duration::from_millis(ms))
        };
        let (events, rest) = Run::of(plan, receiver).play();
        prop_assert_eq!(rest.not_started, 0);
        let played = Played::new(&events);
        prop_assert_eq!((played.ended.len(), played.ends), (once.len(), once.len()));
        prop_assert_eq!(played.duplicates, twice.len());
        prop_assert_eq!(played.sent, played.met);
        prop_assert!(!played.interrupted);
        prop_assert!(played.repeated_otherwise.is_none(), "{:?}", played.repeated_otherwise);
    }
}

/// What is counted of a run.
#[derive(Default)]
struct Played {
    ended: HashSet<(u64, u64)>,
    ends: usize,
    interrupted: bool,
    sent: usize,
    met: usize,
    duplicates: usize,
    /// A duplicate that was to have the bytes of the first attempt, and had others.
    repeated_otherwise: Option<(u64, u64)>,
}

impl Played {
    fn new(events: &[Event]) -> Self {
        let mut played = Self::default();
        let mut firsts = HashMap::new();
        for event in events {
            match event {
                Event::Sent { attempt, body, .. } => {
                    played.sent += 1;
                    played.duplicates += usize::from(attempt.duplicate.is_some());
                    let which = (attempt.subject.task, attempt.subject.number);
                    if attempt.number == 1 && attempt.duplicate.is_none() {
                        firsts.insert(which, body);
                    } else if attempt.duplicate == Some(DuplicateAs::SameBytes) && firsts.get(&which) != Some(&body) {
                        played.repeated_otherwise = Some(which);
                    }
                }
                Event::AttemptFinished { .. } => played.met += 1,
                Event::Ended { subject, end } => {
                    played.ended.insert((subject.task, subject.number));
                    played.ends += 1;
                    played.interrupted |= *end == End::Interrupted;
                }
                Event::Probed { .. } | Event::HeldUp { .. } => {}
            }
        }
        played
    }
}

/// More tasks alive than lanes are kept open, some of them too long to be worked out again.
#[test]
fn the_agenda_is_the_sorted_sum_of_its_lanes() {
    let steps = "[[task.step]]\nafter = \"7ms\"\nevent = \"TaskStart\"\n".repeat(100);
    let text = format!(
        "version = 1\n\
         [[task]]\nsource = \"vod\"\ncount = 17_000\nstart_gap = \"1ms..50ms\"\nstart = \"100ms\"\n\
         files = [{{ url = \"http://media.test/1\", duration = \"20ms\" }}]\n\
         [[task]]\nurl = \"rtmp://a.test/b\"\ncount = 30\nspacing = \"1ms\"\n{steps}"
    );
    let plan = planned(&text, 42);
    let mut sorted: Vec<_> = plan.tasks().flat_map(|task| plan.lane(task)).collect();
    sorted.sort_by_key(|delivery| (delivery.offset, delivery.task.number, delivery.number));
    assert_eq!(sorted.len(), 17_000 * 4 + 30 * 100);
    let key = |delivery: Delivery| (delivery.offset, delivery.task.number, delivery.number, delivery.callback);
    let merged = plan.deliveries().map(key);
    assert!(merged.eq(sorted.into_iter().map(key)), "the agenda is not in order");
    assert_eq!(plan.deliveries().rest().count(), 17_000 * 4 + 30 * 100);
}
