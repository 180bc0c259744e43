//! The pattern of durations beside the reader's own.

use proptest::prelude::*;
use pullpush::scenario::{Source, check};
use serde_json::json;

use super::validate;

const PART: &str =
    " ?[0-9]{1,3}( [0-9])?([.][0-9]{0,2})? ?(ms|s|m|h|d|w|M|y|us|ns|sec|mins|hours|millis|weeks|wk|year|x|) ?";

/// What is nearly one, or one.
fn nearly() -> impl Strategy<Value = String> {
    let parts = prop::collection::vec(PART, 1..4);
    prop_oneof![
        3 => PART,
        3 => parts.prop_map(|parts| parts.concat()),
        2 => (PART, PART).prop_map(|(min, max)| format!("{min}..{max}")),
        1 => "[0-9.smh -]{0,8}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Both ways but for what is no matter of shape: too long, too fine, or too short.
    #[test]
    fn a_duration_for_one_is_one_for_the_other(text in nearly()) {
        for key in ["file_gap", "start_gap"] {
            let toml = format!(
                "version = 1\n[[task]]\nsource = \"vod\"\n\
                 files = [{{ url = \"http://a.test\", duration = \"1s\" }}]\n{key} = {}\n",
                json!(text)
            );
            let mut problems = check(Source::new("a.toml", &toml)).problems;
            problems.retain(|problem| problem.level == pullpush::scenario::problem::Level::Error);
            let taken = validate(&super::corpus::json(&toml).unwrap()).is_ok();
            match problems.as_slice() {
                [] => prop_assert!(taken, "{text} is fine"),
                [problem] if ["too long or too fine", "longer than", "finer than", "at least", "before it begins"]
                    .iter().any(|words| problem.message.contains(words)) => {}
                problems => prop_assert!(!taken, "{text}: {problems:?}"),
            }
        }
    }
}
