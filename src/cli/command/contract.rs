//! `pullpush contract`: rule after rule, each a short run at full speed.

use std::cell::Cell;
use std::sync::Arc;

use super::again::{connection, quoted};
use super::alike::Alike;
use super::connect::{addresses, admit, http};
use super::github;
use super::loaded::{Loaded, key_from, plan_with};
use super::output::{Output, annotate, print, print_as_it_is};
use super::progress::Meter;
use super::runner;
use super::signals::Signals;
use super::trial::{Reset, Trial, TrialRunner};
use super::wait::somebody_there;
use crate::callback::sign::Key;
use crate::cli::args::{ContractArgs, ListFormat, ScenarioArgs};
use crate::dice::Dice;
use crate::engine::stop::{Stop, stop};
use crate::engine::transport::guard::Guard;
use crate::engine::transport::http::HttpTransport;
use crate::exit_code::{Exit, Failure};
use crate::plan::Plan;
use crate::report::card::{self, Grade, Mark};
use crate::report::github::Annotation;
use crate::report::markdown::Page;
use crate::report::style::DIM;
use crate::scenario::problem::did_you_mean;
use crate::scenario::{Scenario, Source};
use crate::study::contract::rules::{Judged, RULES, Rule};
use crate::text::without_passwords;

/// The most requests of one rule on their way at once: what may overlap does.
const MAX_IN_FLIGHT: usize = 16;

/// Tries the rules, or lists them.
///
/// # Errors
/// [`Failure`] if nothing could be tried, or the output cannot be written.
pub(super) fn contract(args: &ContractArgs) -> Result<Exit, Failure> {
    if args.list {
        let lines = RULES.iter().map(|rule| format!("{:<16}  {}\n", rule.name, rule.says()));
        print(&lines.collect::<String>())?;
        return Ok(Exit::Success);
    }
    if let Some(name) = &args.show {
        let rule = find(name)?;
        if rule.is_compared() {
            print_as_it_is(
                "# What is compared here, only contract compares: run plays it, and cannot judge the rule.\n#\n",
            )?;
        }
        print_as_it_is(rule.text)?;
        return Ok(Exit::Success);
    }
    let rules = chosen(&args.only)?;
    let seed = args.seed.unwrap_or_else(Dice::draw_seed);
    let key =
        args.key_env.as_deref().map(|name| key_from(name, "leave it out: then rules about signatures are not judged"));
    let key = key.transpose()?;
    let load = |rule: &&Rule| load(rule, args, seed, key.as_ref());
    let loaded = rules.iter().map(load).collect::<Result<Vec<_>, _>>()?;
    super::run::block_on(false, async {
        let Some(first) = loaded.first() else { return Ok(Exit::NothingSelected) };
        let transport = http(first, &args.connect)?;
        let alike = args.state.as_deref().map(|state| Alike::new(state, &args.state_field)).transpose()?;
        let mut urls = addresses(first)?;
        urls.extend(alike.as_ref().and_then(Alike::url));
        admit(&urls, &transport, args.wait_for.is_some()).await?;
        let (stopper, stop) = stop();
        let interrupted = Cell::new(None);
        let mut signals = Signals::catch(loaded.iter().map(|loaded| &loaded.plan));
        let hunt = async {
            let guard = Guard { allow_remote: args.connect.allow_remote };
            somebody_there(&urls, guard, args.wait_for.map(Into::into), &stop).await?;
            try_all(args, seed, &rules, &loaded, &transport, alike.as_ref(), &stop).await
        };
        let exit = tokio::select! {
            biased;
            () = signals.stop(&stopper, &interrupted) => Ok(Exit::Success),
            exit = hunt => exit,
        }?;
        Ok(interrupted.get().unwrap_or(Exit::Success).and(exit))
    })?
}

fn chosen(names: &[String]) -> Result<Vec<&'static Rule>, Failure> {
    if names.is_empty() {
        return Ok(RULES.iter().collect());
    }
    names.iter().map(|name| find(name)).collect()
}

fn find(name: &str) -> Result<&'static Rule, Failure> {
    RULES.iter().find(|rule| rule.name == name).ok_or_else(|| {
        let hint = match did_you_mean(name, RULES.iter().map(|rule| rule.name)) {
            Some(known) => format!("did you mean {known}?"),
            None => "`pullpush contract --list` lists them".to_owned(),
        };
        Failure { exit: Exit::NothingSelected, message: format!("there is no rule `{name}`; {hint}") }
    })
}

/// The rule's scenario, with what was typed about the receiver.
fn load(rule: &Rule, args: &ContractArgs, seed: u64, key: Option<&Key>) -> Result<Loaded, Failure> {
    let scenario = ScenarioArgs { to: args.to.clone(), seed: Some(seed), epoch: None, set: Vec::new(), only: None };
    let mut loaded = plan_with(Source::new(rule.name, rule.text), &scenario, None)?;
    // A receiver that demands signatures demands them of every callback.
    let mut scenario = Scenario::clone(loaded.plan.scenario());
    scenario.payload.key = key.cloned();
    loaded.plan = loaded.plan.of(Arc::new(scenario));
    Ok(loaded)
}

async fn try_all(
    args: &ContractArgs,
    seed: u64,
    rules: &[&'static Rule],
    loaded: &[Loaded],
    transport: &HttpTransport,
    alike: Option<&Alike>,
    stop: &Stop,
) -> Result<Exit, Failure> {
    let output = match args.format {
        ListFormat::Human => Output::for_people(),
        ListFormat::Json => Output::for_programs(),
    };
    if args.format == ListFormat::Human {
        let to = without_passwords(args.to.as_deref().unwrap_or_default());
        output.say(&format!("{DIM}seed {seed}  {to}{DIM:#}\n"))?;
    }
    let meter = Meter::new();
    let mut marks = Vec::new();
    let mut gone = false;
    for (number, (rule, loaded)) in rules.iter().zip(loaded).enumerate() {
        meter.show(&format!("{number}/{} rules  {}", rules.len(), rule.name));
        let trials =
            TrialRunner { transport, loaded, reset: Reset::NewTasks, max_in_flight: MAX_IN_FLIGHT, stop: stop.clone() };
        // Each rule is about tasks of its own, whichever others are tried.
        let place = RULES.iter().position(|known| known.name == rule.name).unwrap_or(0);
        let plan = loaded.plan.clone().renumbered(place as u64 * 100);
        let grade = match needed(rule, args) {
            Some(flag) => Grade::NotJudged(format!("needs {flag}")),
            None if gone => Grade::NotJudged("the receiver does not answer any more".to_owned()),
            None => {
                let trial = trials.play(&plan, 0).await?;
                // One that hangs would hang at every rule.
                gone = !trial.answered && !stop.is_requested() && !trials.is_anybody_there().await;
                grade(rule, trial, &plan, &trials, alike).await
            }
        };
        if stop.is_requested() {
            break;
        }
        let because = rule.because().collect();
        let mark = Mark { rule: rule.name, says: rule.says(), because, grade, again: again(args, rule) };
        output.say(&match args.format {
            ListFormat::Human => card::line(&mark),
            ListFormat::Json => card::to_json(&mark),
        })?;
        marks.push(mark);
    }
    drop(meter);
    if args.format == ListFormat::Human {
        output.push(&card::total(&marks));
    }
    output.finish()?;
    tell_github(&marks);
    let any = |grade: fn(&Grade) -> bool| marks.iter().any(|mark| grade(&mark.grade));
    Ok(if any(|grade| matches!(grade, Grade::Fail(_))) {
        Exit::ReceiverFailed
    } else if any(|grade| *grade == Grade::Pass) || stop.is_requested() {
        Exit::Success
    } else {
        // A receiver of which nothing was judged has not passed.
        Exit::NothingSelected
    })
}

/// The card in a step of GitHub Actions.
fn tell_github(marks: &[Mark]) {
    if runner::is_here() {
        let failures = card::failures(marks);
        let annotation = |(rule, text): &(&str, String)| Annotation::error(format!("contract: {rule}"), text.clone());
        annotate(failures.iter().map(annotation).collect(), 0);
        let mut page = Page::new("pullpush contract");
        page.lines(&card::total(marks));
        for (rule, text) in &failures {
            page.part(rule);
            page.lines(text);
        }
        github::summarise(page);
    }
}

/// What has to be said for the rule to be judged, and was not.
fn needed(rule: &Rule, args: &ContractArgs) -> Option<&'static str> {
    match rule.judged {
        Judged::WithKey => args.key_env.is_none().then_some("--key-env"),
        Judged::AlikeInField => args.state_field.is_empty().then_some(
            "--state '/tasks/{task_id}' --state-field /state, or wherever your program tells of a task and whether it runs",
        ),
        Judged::Alike => {
            args.state.is_none().then_some("--state '/tasks/{task_id}', or wherever your program tells of a task")
        }
        Judged::ByAnswers => None,
    }
}

async fn grade(rule: &Rule, trial: Trial, plan: &Plan, trials: &TrialRunner<'_>, alike: Option<&Alike>) -> Grade {
    let complaints = trial.complaints.iter().map(ToString::to_string);
    let mut evidence: Vec<_> = complaints.chain(trial.hidden_errors).collect();
    if let (true, Some(alike), true) = (rule.is_compared(), alike, evidence.is_empty()) {
        match alike.compare(plan, trials).await {
            Ok(differences) => evidence.extend(differences),
            Err(why) => return Grade::NotJudged(why),
        }
    }
    if evidence.is_empty() { Grade::Pass } else { Grade::Fail(evidence) }
}

fn again(args: &ContractArgs, rule: &Rule) -> String {
    let mut words = vec!["pullpush contract".to_owned()];
    words.extend(args.to.iter().map(|to| format!("--to {}", quoted(&without_passwords(to)))));
    // Without the seed: its tasks are known to the receiver by now.
    words.push(format!("--only {}", rule.name));
    words.extend(args.state.iter().map(|state| format!("--state {}", quoted(&without_passwords(state)))));
    words.extend(args.state_field.iter().map(|field| format!("--state-field {}", quoted(field))));
    words.extend(args.key_env.iter().map(|name| format!("--key-env {}", quoted(name))));
    words.extend(connection(&args.connect));
    words.join(" ")
}
