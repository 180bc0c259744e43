//! Tasks that are driven live: whatever befalls them, and whenever, they live on in order of time and can be asked how they are.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use pullpush::dice::Dice;
use pullpush::scenario::task::{Script, TaskSpec};
use pullpush::service::timeline::machine::Machine;
use pullpush::service::timeline::status::Activity;
use pullpush::time::Millis;

use super::{cases, composed, planned};

/// The most callbacks that are looked at.
const MOST: usize = 1000;

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn whatever_befalls_a_task_it_lives_on(
        scenario in composed::scenario(1, 6),
        mut times in vec(0u64..150_000, 6),
        enabled_ms in 0u64..150_000,
        seed in any::<u64>(),
    ) {
        let planned = planned(&scenario.text(), seed);
        let mut spec = TaskSpec::clone(&planned.scenario().tasks[0]);
        let Script::Relay(relay) = &mut spec.script else { return Ok(()) };
        let incidents = std::mem::take(&mut relay.incidents);
        let mut machine = Machine::new(&Arc::new(spec), 1, Dice::new(seed), true, pullpush::time::Cutoff::default()).unwrap();
        let mut last = Millis::ZERO;
        times.sort_unstable();
        for (at, incident) in times.into_iter().map(Millis).zip(&incidents) {
            // Some are taken at once and some wait: that is the same.
            if at.0 % 2 == 0 {
                while let Some(happening) = machine.next_until(at) {
                    prop_assert!(last <= happening.offset && happening.offset <= at);
                    last = happening.offset;
                }
            }
            let before = machine.status(at).activity;
            let happened = machine.happen(incident, at);
            prop_assert!(!happened || before != Activity::Over || at.0 % 2 == 1);
            let status = machine.status(at);
            prop_assert_eq!(status.pulled.is_none(), status.activity == Activity::Over);
            prop_assert!(status.pulled.is_none_or(|it| it.duration == Millis::ZERO || it.offset <= it.duration));
            prop_assert!(machine.next_due().is_none_or(|due| last <= due));
        }
        machine.enable(Millis(enabled_ms));
        let mut taken = 0;
        while let Some(happening) = machine.next_until(Millis::FOREVER).filter(|_| taken < MOST) {
            prop_assert!(last <= happening.offset && happening.offset < Millis::FOREVER);
            last = happening.offset;
            taken += 1;
        }
        prop_assert!(taken == MOST || machine.next_due().is_none());
    }
}
