//! A plan that is written out is the same plan.

use std::sync::Arc;

use proptest::prelude::*;
use pullpush::callback::sign::Key;
use pullpush::plan::Plan;
use pullpush::plan::delivery::Pass;
use pullpush::plan::moments::Moments;
use pullpush::scenario::fault::Faults;
use pullpush::scenario::{Scenario, Source};
use pullpush::study::explore::script::script;
use pullpush::study::explore::write::write;
use pullpush::time::Millis;

use super::{cases, composed};
use crate::support::{EPOCH, RECEIVER, valid};

/// The most deliveries that are looked at: an endless task has no end to be written.
const MOST: usize = 300;

/// The plan of a text; where it is signed, with this key.
fn planned(text: &str, seed: u64, signed: bool) -> Plan {
    let mut scenario = Scenario::clone(&valid(Source::new("written.toml", text)));
    scenario.payload.key = signed.then(|| Key::new("testkey").unwrap());
    Plan::new(Arc::new(scenario), seed)
}

/// What comes when, what befalls it, and what it says.
fn all(plan: &Plan) -> Vec<(Millis, Pass, Faults, String)> {
    let seen = plan.deliveries().map(|delivery| {
        let moment = Moments::planned(EPOCH).moment(delivery.happened, delivery.offset);
        let body = delivery.body(&plan.scenario().payload, RECEIVER, moment, delivery.attempt_faults(1));
        (delivery.offset, delivery.pass, delivery.faults, String::from_utf8_lossy(&body).into_owned())
    });
    seen.collect()
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn what_is_written_is_the_same_plan(scenario in composed::scenario(3, 4), seed in 0..u64::from(u32::MAX)) {
        let text = scenario.text();
        let plan = planned(&text, seed, scenario.signed);
        prop_assume!((1..MOST).contains(&plan.count(MOST)));
        let written = write(&text, &script(&plan, true).unwrap(), &["Found by a test.".to_owned()]).unwrap();
        prop_assert_eq!(written.key_env.is_some(), scenario.signed);
        let written = written.text;
        prop_assert!(!written.contains("testkey"), "{}", written);
        let (expected, actual) = (all(&plan), all(&planned(&written, seed, scenario.signed)));
        for (expected, actual) in expected.iter().zip(&actual) {
            prop_assert_eq!(expected, actual, "\n{}\n{}", text, written);
        }
        prop_assert_eq!(expected.len(), actual.len(), "\n{}\n{}", text, written);
    }

    /// Without ids it is the same, about other tasks.
    #[test]
    fn what_is_written_without_ids_comes_at_the_same_times(
        scenario in composed::scenario(2, 2),
        seed in 0..u64::from(u32::MAX),
    ) {
        let text = scenario.text();
        let plan = planned(&text, seed, scenario.signed);
        prop_assume!((1..MOST).contains(&plan.count(MOST)));
        let script = script(&plan, false).unwrap();
        prop_assert_eq!(script.seed, None);
        let written = write(&text, &script, &[]).unwrap().text;
        let bare = |plan: &Plan| all(plan).into_iter().map(|(at, pass, faults, _)| (at, pass, faults)).collect::<Vec<_>>();
        let other = planned(&written, seed.wrapping_add(1), scenario.signed);
        prop_assert_eq!(bare(&plan), bare(&other), "\n{}\n{}", text, written);
    }
}
