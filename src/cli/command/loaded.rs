//! From the command line to a valid scenario and its plan.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use super::problems::show_problems;
use crate::callback::sign::Key;
use crate::cli::args::ScenarioArgs;
use crate::dice::Dice;
use crate::engine::settings::Addresses;
use crate::exit_code::{Exit, Failure};
use crate::plan::Plan;
use crate::report::summary::plural;
use crate::scenario::library::LIBRARY;
use crate::scenario::{Checked, Keys, Scenario, Source, SourceError, check_with};
use crate::time::{UnixMillis, wall_now};

/// A scenario ready to be planned.
#[derive(Debug)]
pub(super) struct Loaded {
    /// The file as typed.
    pub(super) name: String,
    /// The plan, narrowed to what was selected.
    pub(super) plan: Plan,
    /// Scenario time 0.
    pub(super) epoch: UnixMillis,
    /// Whether somebody chose it; otherwise it is the time of loading.
    pub(super) is_epoch_fixed: bool,
    /// Where callbacks go.
    pub(super) addresses: Addresses,
    /// The one task that was selected, as typed.
    pub(super) only: Option<String>,
    /// The scenario's text and everything that was set from outside.
    pub(super) text: String,
    /// The scenario's file, if it is one.
    pub(super) source: Option<Source>,
}

/// Reads, checks and plans a scenario file; shows its problems.
///
/// # Errors
/// [`Failure`] if it cannot be read, is not valid, or nothing is selected.
pub(super) fn load(path: &Path, args: &ScenarioArgs) -> Result<Loaded, Failure> {
    let source = Source::read(path).map_err(unreadable)?;
    plan(source.with_overrides(&args.set), args)
}

/// Checks and plans a scenario.
///
/// # Errors
/// As [`load`].
pub(super) fn plan(source: Source, args: &ScenarioArgs) -> Result<Loaded, Failure> {
    plan_with(source, args, Some(Key::from_env))
}

/// The same, with the key that the scenario names only if there are `keys`.
///
/// # Errors
/// As [`load`].
pub(super) fn plan_with(source: Source, args: &ScenarioArgs, keys: Option<Keys>) -> Result<Loaded, Failure> {
    let text = [source.text()].into_iter().chain(args.set.iter().map(String::as_str)).collect::<Vec<_>>().join("\0");
    let scenario = checked(check_with(source.clone(), keys))?;
    let seed = args.seed.or(scenario.seed).unwrap_or_else(Dice::draw_seed);
    let chosen = args.epoch.map(|epoch| UnixMillis::from(*epoch)).or(scenario.payload.epoch);
    let epoch = chosen.unwrap_or_else(wall_now);
    if let Some(to) = &args.to {
        check_address("--to", to)?;
    }
    let default = scenario.receiver.url.clone().unwrap_or_else(|| Addresses::NOWHERE.to_owned());
    let mut plan = Plan::new(Arc::new(scenario), seed);
    if let Some(task) = &args.only {
        plan = select(plan, task)?;
    }
    let addresses = Addresses::new(args.to.clone(), default);
    Ok(Loaded {
        name: source.name().to_owned(),
        plan,
        epoch,
        is_epoch_fixed: chosen.is_some(),
        addresses,
        only: args.only.clone(),
        text,
        source: Some(source).filter(Source::is_file),
    })
}

/// Shows all problems; gives the scenario if there is no error among them.
fn checked(checked: Checked) -> Result<Scenario, Failure> {
    show_problems(&checked);
    checked.scenario.ok_or(Failure { exit: Exit::Usage, message: String::new() })
}

/// A file that cannot be read: nothing was run.
pub(super) fn unreadable(error: SourceError) -> Failure {
    let help = match &error {
        SourceError::Io { name, error } if error.kind() == ErrorKind::NotFound => {
            let stem = name.strip_suffix(".toml").unwrap_or(name);
            let shipped = LIBRARY.iter().find(|shipped| shipped.name == stem);
            shipped.map(|_| format!("; a scenario of that name comes with pullpush: pullpush init {stem}"))
        }
        _ => None,
    };
    Failure::usage(format!("{error}{}", help.unwrap_or_default()))
}

/// The signing key in the environment variable that was named with `--key-env`; `else_` is the way out if there is none.
///
/// # Errors
/// [`Failure`] if there is no such variable, or no key in it.
pub(super) fn key_from(name: &str, else_: &str) -> Result<Key, Failure> {
    Key::from_env(name).map_err(|why| Failure::usage(format!("--key-env: {why}; set it, or {else_}")))
}

/// Whether `url` can be called at all.
pub(super) fn check_address(flag: &str, url: &str) -> Result<reqwest::Url, Failure> {
    let help = "write it whole, such as http://127.0.0.1:8080/callback";
    match reqwest::Url::parse(url) {
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") && parsed.has_host() => Ok(parsed),
        Ok(parsed) => Err(Failure::usage(format!("{flag}: {}: cannot be called; {help}", parsed.scheme()))),
        Err(error) => Err(Failure::usage(format!("{flag}: not a URL: {error}; {help}"))),
    }
}

/// Narrows a plan to one task: a task_id if there is such a task, else a number.
fn select(plan: Plan, task: &str) -> Result<Plan, Failure> {
    let by_id = plan.tasks().find(|candidate| candidate.id() == task);
    let count: u64 = plan.scenario().tasks.iter().map(|spec| spec.count).sum();
    let number = by_id
        .map(|found| found.number)
        .or_else(|| task.parse().ok().filter(|number| (1..=count).contains(number)))
        .ok_or_else(|| Failure {
            exit: Exit::NothingSelected,
            message: format!(
                "--only task={task} selects nothing: the scenario has {}, numbered from 1",
                plural(count, "task")
            ),
        })?;
    Ok(plan.only(number))
}
