//! One chance moves no other draw; 0 is never, and 1 is always.

use proptest::prelude::*;
use pullpush::callback::Callback;
use pullpush::callback::template::Template;
use pullpush::plan::Plan;
use pullpush::scenario::task::IncidentKind;
use pullpush::time::Millis;

use super::composed::Composed;
use super::{cases, composed, planned};

/// The most callbacks of a task that are looked at.
const MOST: usize = 1000;

/// What happens to each task, without what its scenario says of chances.
type Story = Vec<(Millis, Callback, Option<IncidentKind>, Option<Template>)>;

fn stories(scenario: &Composed, seed: u64) -> Vec<Story> {
    let plan: Plan = planned(&scenario.text(), seed);
    let story = |task| {
        let told =
            |it: pullpush::plan::delivery::Delivery| (it.offset, it.callback, it.cause, it.task.spec.to_url.clone());
        plan.lane(task).take(MOST).map(told).collect()
    };
    plan.tasks().map(story).collect()
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn one_chance_moves_no_other(
        scenario in composed::scenario(2, 4),
        which in any::<proptest::sample::Index>(),
        (one, other) in (0.0..=1.0, 0.0..=1.0),
        seed in any::<u64>(),
    ) {
        let mut scenario: Composed = scenario;
        scenario.tasks[0].count = 12;
        let incidents = scenario.tasks[0].incidents.len();
        prop_assume!(incidents > 0);
        let which = which.index(incidents);
        let with = |chance: f64| stories(&scenario.with_chance(which, chance), seed);
        let (low, high) = (f64::min(one, other), f64::max(one, other));
        let (never, rarely, often, always) = (with(0.0), with(low), with(high), with(1.0));
        for task in 0..never.len() {
            // With every chance it is one of the two stories, and what happens at one happens at every higher one.
            prop_assert!(rarely[task] == never[task] || rarely[task] == always[task]);
            prop_assert!(often[task] == always[task] || (often[task] == never[task] && rarely[task] == never[task]));
        }
    }

    /// An alarm has no effect of its own: with it or without it, everything else is drawn and happens alike.
    #[test]
    fn an_alarm_moves_nothing_else(
        scenario in composed::scenario(1, 4),
        which in any::<proptest::sample::Index>(),
        seed in any::<u64>(),
    ) {
        let mut scenario: Composed = scenario;
        // What befalls a delivery goes by its number, and one alarm more shifts the numbers behind it.
        scenario.faults = None;
        let task = &mut scenario.tasks[0];
        task.count = 12;
        prop_assume!(!task.incidents.is_empty());
        let which = which.index(task.incidents.len());
        let kind = |wanted| IncidentKind::ALL.iter().position(|(_, kind)| *kind == wanted).unwrap();
        for (index, incident) in task.incidents.iter_mut().enumerate() {
            if index == which {
                incident.kind = kind(IncidentKind::PullUnstable);
            } else if incident.kind == kind(IncidentKind::PullUnstable) {
                incident.kind = kind(IncidentKind::PushUnstable);
            }
        }
        let others = |chance| -> Vec<Story> {
            let stories = stories(&scenario.with_chance(which, chance), seed);
            let of_others = |story: Story| story.into_iter().filter(|it| it.2 != Some(IncidentKind::PullUnstable));
            stories.into_iter().map(|story| of_others(story).collect()).collect()
        };
        for (without, with) in others(0.0).iter().zip(&others(1.0)) {
            let differs = without.iter().zip(with).find(|(one, other)| one != other);
            prop_assert!(differs.is_none(), "{differs:?}");
            prop_assert!(without.len() == with.len() || with.len() > MOST / 2, "one is longer");
        }
    }

    #[test]
    fn chance_0_is_as_if_it_were_not_there(
        scenario in composed::scenario(1, 3),
        mut last in composed::incident(),
        seed in any::<u64>(),
    ) {
        last.chance = Some(0.0);
        let mut with: Composed = scenario.clone();
        with.tasks[0].incidents.push(last);
        prop_assert_eq!(stories(&with, seed), stories(&scenario, seed));
    }

    #[test]
    fn chance_1_always_happens(kind in 0..IncidentKind::ALL.len(), seed in any::<u64>()) {
        let (name, kind) = IncidentKind::ALL[kind];
        let text = format!(
            "version = 1\npayload.profile = \"complete\"\n[[task]]\nsource = \"vod\"\ncount = 20\nend = \"5m\"\n\
             files = [{{ url = \"http://media.test/1\", duration = \"1m\" }}, {{ url = \"http://media.test/2\", duration = \"1m\" }}]\n\
             [[task.incident]]\nkind = \"{name}\"\nchance = 1.0\n"
        );
        let plan = planned(&text, seed);
        for task in plan.tasks() {
            let happened = plan.lane(task).any(|delivery| delivery.cause == Some(kind));
            prop_assert!(happened, "{name}");
        }
    }
}
