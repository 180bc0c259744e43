//! Text → [`Scenario`]: one pass that finds every problem; after it nobody checks again.

mod exit;
mod incident;
mod lint;
mod payload;
mod receiver;
mod relay;
mod step;
mod task;
mod url;

use std::sync::Arc;

use toml::de::DeTable;

use super::overrides;
use super::problem::{Level, Problem, Problems};
use super::section::Section;
use super::source::Source;
use super::{Receiver, Scenario};
use crate::callback::payload::Payload;

/// The most `[[task]]` tables of a scenario.
const MAX_TASKS: usize = 10_000;

/// What a check found.
#[derive(Debug)]
pub struct Checked {
    /// The text that was checked, with signing keys blotted out: what problems are shown in.
    pub source: Source,
    /// The scenario, if there is no error.
    pub scenario: Option<Scenario>,
    /// Errors and warnings, in order of their place.
    pub problems: Vec<Problem>,
}

impl Checked {
    /// How many problems of `level` there are.
    pub fn count(&self, level: Level) -> usize {
        self.problems.iter().filter(|problem| problem.level == level).count()
    }
}

/// Checks a scenario: all problems at once.
pub fn check(source: Source) -> Checked {
    let problems = Problems::default();
    let (parsed, errors) = DeTable::parse_recoverable(source.text());
    for error in &errors {
        let end = source.text().len();
        let span = error.span().unwrap_or(end..end);
        problems.add(Problem::error(span, error.message().lines().next().unwrap_or("not TOML")));
    }
    let mut table = parsed.into_inner();
    overrides::apply(&source, &mut table, &problems);
    // After a syntax error half of the file may be missing: what its absence causes is not worth reading.
    let scenario = errors.is_empty().then(|| read(&table, &source, &problems));
    let problems = problems.sorted();
    let valid = problems.iter().all(|problem| problem.level == Level::Warning);
    Checked { scenario: scenario.filter(|_| valid), problems, source: source.blotted() }
}

fn read<'a>(table: &'a DeTable<'a>, source: &Source, problems: &'a Problems) -> Scenario {
    let mut root = Section::new("a scenario", 0..0, table, problems);
    if root.integer("version", 1..=1).is_none() && root.key_span("version").is_none() {
        problems.add(Problem::error(0..0, "no `version`").help("begin the file with `version = 1`"));
    }
    let name = root.text("name");
    let description = root.text("description");
    let seed = root.integer("seed", 0..=i64::MAX).map(|seed| seed.value.cast_unsigned());
    let receiver = root.section("receiver", "[receiver]").map_or_else(Receiver::default, receiver::read);
    let (payload, key_env) =
        root.section("payload", "[payload]").map_or_else(|| (Payload::default(), None), payload::read);
    let mut lints = lint::Lints::new(payload.profile);
    let mut tasks = Vec::new();
    for section in root.sections("task", "[[task]]", MAX_TASKS) {
        tasks.extend(task::read(section, source, &mut lints).map(Arc::new));
    }
    if root.key_span("task").is_none() {
        problems.add(
            Problem::error(0..0, "no `[[task]]`: nothing would be sent")
                .help("`pullpush init` writes a scenario to begin with"),
        );
    }
    for key in ["faults", "expect", "probe", "load"] {
        root.not_yet(key);
    }
    root.finish();
    lints.report(problems);
    Scenario { name, description, seed, receiver, payload, key_env, tasks }
}
