//! Text → [`Scenario`]: one pass that finds every problem; after it nobody checks again.

mod change;
mod events;
mod exit;
mod expect;
mod faults;
mod incident;
mod json;
mod lint;
mod load;
mod payload;
mod playlist;
mod probe;
mod receiver;
mod relay;
mod service;
mod size;
mod stand_in;
mod step;
mod syntax;
mod task;
mod url;

use std::sync::Arc;

use toml::de::DeTable;

use super::overrides;
use super::problem::{Level, Problem, Problems, cut};
use super::section::{At, Section};
use super::service::Service;
use super::source::Source;
use super::{Receiver, Scenario};
use crate::callback::payload::Payload;
use crate::callback::sign::Key;

/// The most `[[task]]` tables of a scenario.
const MAX_TASKS: usize = 10_000;

/// What a check found.
#[derive(Debug)]
pub struct Checked {
    /// The text that was checked, with keys and passwords blotted out: what problems are shown in.
    pub source: Source,
    /// The scenario, if there is no error.
    pub scenario: Option<Scenario>,
    /// Errors and warnings, in order of their place; where there are very many, the first of them.
    pub problems: Vec<Problem>,
    /// Errors and warnings that are counted, but no longer among `problems`.
    omitted: [(Level, usize); 2],
}

impl Checked {
    /// How many problems of `level` there are.
    pub fn count(&self, level: Level) -> usize {
        let listed = self.problems.iter().map(|problem| (problem.level, 1));
        listed.chain(self.omitted).filter(|(of, _)| *of == level).map(|(_, count)| count).sum()
    }
}

/// The key in an environment variable; or in words, why there is none.
pub type Keys = fn(&str) -> Result<Key, String>;

/// Checks a scenario: all problems at once.
pub fn check(source: Source) -> Checked {
    check_with(source, None)
}

/// Checks a scenario that is to be used: also whether the keys that it names are there, if there are `keys`.
pub fn check_with(source: Source, keys: Option<Keys>) -> Checked {
    let problems = Problems::default();
    let (parsed, errors) = DeTable::parse_recoverable(source.text());
    errors.iter().filter_map(|error| syntax::problem(error, source.text())).for_each(|problem| problems.add(problem));
    let mut table = parsed.into_inner();
    overrides::apply(&source, &mut table, &problems);
    // After a syntax error half of the file may be missing: what its absence causes is not worth reading.
    let scenario = errors.is_empty().then(|| read(&table, &source, &problems, keys));
    let mut problems = problems.sorted();
    let valid = problems.iter().all(|problem| problem.level == Level::Warning);
    // The problem that tells of those cut off stands for one of them.
    let omitted = [Level::Error, Level::Warning].map(|level| (level, cut(&mut problems, level).saturating_sub(1)));
    let scenario = scenario.filter(|_| valid);
    let source = source.blotted();
    overrides::show_quotes(&source, &mut problems);
    problems.iter_mut().for_each(Problem::hide_passwords);
    Checked { scenario, problems, omitted, source }
}

fn read<'a>(table: &'a DeTable<'a>, source: &Source, problems: &'a Problems, keys: Option<Keys>) -> Scenario {
    let mut root = Section::new("a scenario", 0..0, table, problems);
    version(&mut root);
    let name = root.text("name");
    let description = root.text("description");
    let seed = root.integer("seed", 0..=i64::MAX).map(|seed| seed.value.cast_unsigned());
    let receiver = root.section("receiver", "[receiver]").map_or_else(Receiver::default, receiver::read);
    let (payload, key_env) = root
        .section("payload", "[payload]")
        .map_or_else(|| (Payload::default(), None), |section| payload::read(section, keys));
    let service = root.section("service", "[service]").map_or_else(Service::default, service::read);
    let context = faults::Context { signed: payload.key.is_some() || key_env.is_some() };
    let general = faults::read(&mut root, "faults", context);
    let expectations = expect::read(&mut root);
    let mut lints = lint::Lints::new(payload.profile, root.key_span("load").is_some());
    let mut tasks = Vec::new();
    for section in root.sections("task", "[[task]]", MAX_TASKS) {
        tasks.extend(task::read(section, source, context, &general, service, &mut lints).map(Arc::new));
    }
    let tasks_at = root
        .get("task")
        .map_or(Some(0..0), |all| all.get_ref().as_array().filter(|all| all.is_empty()).map(|_| all.span()));
    if let Some(span) = tasks_at {
        problems.add(
            Problem::error(span, "no `[[task]]`: nothing would be sent")
                .help("`pullpush init` writes a scenario to begin with"),
        );
    }
    let probes = probe::read_all(&mut root);
    lints.sizes.report(root.key_span("faults"), problems);
    let load = load::read(&mut root, &lints.sizes);
    root.finish();
    lints.report(problems);
    Scenario { name, description, seed, receiver, payload, key_env, service, tasks, expectations, probes, load }
}

fn version(root: &mut Section<'_>) {
    let problem = match root.integer("version", i64::MIN..=i64::MAX) {
        Some(At { value: 1, .. }) => return,
        Some(At { value, span }) => Problem::error(span, format!("no version {value} of scenario files is known"))
            .help("this pullpush reads `version = 1`"),
        None if root.key_span("version").is_none() => {
            Problem::error(0..0, "no `version`").help("begin the file with `version = 1`")
        }
        None => return,
    };
    root.add(problem);
}
