//! Properties: what holds of every scenario, valid or not, and of every plan.
//!
//! The cases are the same at every run. `PROPTEST_CASES=20000` makes many more of them, others at every run.

mod answers;
mod chance;
mod composed;
mod drift;
mod live;
mod loads;
mod mangled;
mod plans;
mod readers;
mod recordings;
mod scripts;
mod text;

use proptest::test_runner::{Config, RngSeed};
use pullpush::plan::Plan;
use pullpush::scenario::Source;

use crate::support::valid;

/// So many cases, always the same; what the environment says about either wins.
pub(crate) fn cases(cases: u32) -> Config {
    let given = Config { max_global_rejects: u32::MAX, ..Config::default() };
    if given.cases != 256 || given.rng_seed != RngSeed::Random {
        return Config { failure_persistence: None, ..given };
    }
    Config { cases, rng_seed: RngSeed::Fixed(314), failure_persistence: None, ..given }
}

/// The plan of a scenario that must be valid.
#[track_caller]
fn planned(text: &str, seed: u64) -> Plan {
    Plan::new(valid(Source::new("composed.toml", text)), seed)
}
