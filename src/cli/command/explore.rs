//! `pullpush explore`: many short runs, to find what the receiver cannot stand.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use tokio::time::Instant;

use super::connect::{addresses, admit, destinations, http};
use super::files::Files;
use super::github;
use super::kind::Kind;
use super::loaded::{Loaded, check_address, load};
use super::output::{Output, annotate, note};
use super::progress::Meter;
use super::saved::{make_sure, save};
use super::shrink::{path as shrunk, shrink};
use super::signals::Signals;
use super::trial::{Reset, TrialRunner};
use super::wait::somebody_there;
use crate::cli::args::ExploreArgs;
use crate::dice::Dice;
use crate::engine::judge::Complaint;
use crate::engine::stop::{Stop, stop};
use crate::engine::transport::guard::Guard;
use crate::exit_code::{Exit, Failure};
use crate::report::markdown::Page;
use crate::report::style::{BAD, DIM, GOOD};
use crate::report::summary::plural;
use crate::scenario::Scenario;
use crate::scenario::probe::{Probe, When};
use crate::study::explore::disorder::{Bounds, Disorder, Disorders};
use crate::study::explore::script::script;
use crate::study::explore::sequence::{MAX_LENGTH, Place, sequence};

/// The most failures that are told one by one.
const MAX_TOLD: usize = 20;

/// Explores or shrinks.
///
/// # Errors
/// [`Failure`] if nothing could be tried, or the output cannot be written.
pub(super) fn explore(args: &ExploreArgs) -> Result<Exit, Failure> {
    let mut loaded = load(&args.file, &args.scenario)?;
    if matches!(reset(args), Reset::NewTasks) {
        // A receiver that is never reset has seen the ids of earlier searches.
        loaded.plan = loaded.plan.renumbered(Dice::draw_seed());
        warn_of_fixed_ids(&loaded);
    }
    let mut files = Files::default();
    files.connects(&args.connect);
    files.reads_scenario(&args.file, loaded.source.as_ref());
    let save = if args.shrink { Some(shrunk(args)) } else { args.save.clone() };
    files.writes("--save", save.as_deref())?;
    save.iter().try_for_each(|path| make_sure(path))?;
    super::run::block_on(false, async {
        let transport = http(&loaded, &args.connect)?;
        let mut urls = addresses(&loaded)?;
        if let Some(url) = &args.reset_url {
            urls.push(check_address("--reset-url", url)?);
        }
        admit(&urls, &transport, args.wait_for.is_some()).await?;
        let (stopper, stop) = stop();
        let interrupted = Cell::new(None);
        let trials = TrialRunner {
            transport: &transport,
            loaded: &loaded,
            reset: reset(args),
            max_in_flight: 1,
            stop: stop.clone(),
        };
        let mut signals = Signals::catch([&loaded.plan]);
        let hunt = async {
            let guard = Guard { allow_remote: args.connect.allow_remote };
            somebody_there(&urls, guard, args.wait_for.map(Into::into), &stop).await?;
            if args.shrink {
                shrink(args, &loaded, &trials, &stop).await
            } else {
                enumerate(args, &loaded, &trials, &stop).await
            }
        };
        let exit = tokio::select! {
            biased;
            () = signals.stop(&stopper, &interrupted) => Ok(Exit::Success),
            exit = hunt => exit,
        };
        // What was found out about a plan that was cut short means nothing.
        let cut = signals.unseen().filter(|_| loaded.plan.cutoff().is_cut());
        let exit = cut.map_or(exit, Ok)?;
        Ok(interrupted.get().unwrap_or(Exit::Success).and(exit))
    })?
}

fn warn_of_fixed_ids(loaded: &Loaded) {
    if loaded.plan.scenario().tasks.iter().any(|spec| spec.task_id.is_some()) {
        note(
            "the file gives task ids, so every run is about the same tasks; if the receiver remembers them, make it forget \
             with --reset-cmd or --reset-url",
        );
    }
}

fn warn_of_early_probes(loaded: &Loaded) {
    let early = |probe: &&Arc<Probe>| matches!(probe.when, When::At(_) | When::After(_));
    if let Some(probe) = loaded.plan.scenario().probes.iter().find(early) {
        note(&format!(
            "probe {}: in another order it may be asked before what it waits for has come; after = \"end\" asks when all has",
            probe.title(None)
        ));
    }
}

fn reset(args: &ExploreArgs) -> Reset {
    match (&args.reset_cmd, &args.reset_url) {
        (Some(command), _) => Reset::Command(command.clone()),
        (None, Some(url)) => Reset::Url(url.clone()),
        (None, None) => Reset::NewTasks,
    }
}

/// A disorder that the receiver did not stand.
struct Found {
    disorder: Disorder,
    complaint: Complaint,
}

/// What was found.
#[derive(Default)]
struct Tally {
    /// How each failed.
    kinds: HashMap<Disorder, Kind>,
    /// Those that were told one by one.
    kept: Vec<Found>,
    /// How many failed in the same way as one with less disorder.
    followed: u64,
}

impl Tally {
    /// Takes one more; gives it back if it is to be told.
    fn take(&mut self, disorder: Disorder, complaint: Complaint, disorders: &Disorders) -> Option<&Found> {
        let kind = Kind::of(&complaint);
        let follows = disorders.parents(&disorder).iter().any(|parent| self.kinds.get(parent) == Some(&kind));
        self.kinds.insert(disorder.clone(), kind);
        self.followed += u64::from(follows);
        if follows || self.kept.len() == MAX_TOLD {
            return None;
        }
        self.kept.push(Found { disorder, complaint });
        self.kept.last()
    }
}

async fn enumerate(
    args: &ExploreArgs,
    loaded: &Loaded,
    trials: &TrialRunner<'_>,
    stop: &Stop,
) -> Result<Exit, Failure> {
    let sequence = short_sequence(loaded)?;
    let script = script(&loaded.plan, trials.forgets()).map_err(|error| Failure::usage(error.to_string()))?;
    warn_of_early_probes(loaded);
    let output = Output::for_people();
    output.say(&legend(loaded, &sequence))?;
    let bounds = Bounds { drops: args.drops, dups: args.dups, swaps: args.swaps };
    let meter = Meter::new();
    let began = Instant::now();
    let mut tally = Tally::default();
    let (mut tried, mut cut, mut broken) = (0, false, None);
    let mut disorders = Disorders::of(sequence.len(), bounds);
    while let Some(disorder) = disorders.next() {
        if tried == args.max_runs || stop.is_requested() {
            cut = true;
            break;
        }
        let plan = loaded.plan.of(Arc::new(disorder.of(&script, &sequence)));
        let trial = match trials.play(&plan, tried).await {
            Ok(trial) if !stop.is_requested() => trial,
            heard => {
                (cut, broken) = (true, heard.err());
                break;
            }
        };
        tried += 1;
        meter.show(&format!("{tried} orders, {} failed", tally.kinds.len()));
        let Some(complaint) = trial.complaints.into_iter().next() else { continue };
        if let Some(Found { disorder, complaint }) = tally.take(disorder, complaint, &disorders) {
            output.say(&format!("{BAD}fails{BAD:#}  {disorder}  {complaint}\n"))?;
        }
        if tried == 1 {
            break;
        }
    }
    drop(meter);
    let seconds = began.elapsed().as_secs_f64();
    let verdict = verdict(tried, &tally, cut, seconds);
    output.push(&verdict);
    output.finish()?;
    tell_github(loaded, &tally, &legend(loaded, &sequence), &verdict);
    if let Some(Found { disorder, complaint }) = tally.kept.first() {
        let smallest = disorder.of(&script, &sequence);
        let remarks = [format!("Found by pullpush: arrives in the order {disorder}."), complaint.to_string()];
        keep(args, loaded, &smallest, &remarks)?;
    }
    match broken {
        Some(failure) => Err(failure),
        None => Ok(if tally.kinds.is_empty() { Exit::Success } else { Exit::ReceiverFailed }),
    }
}

/// What was found, in a step of GitHub Actions.
fn tell_github(loaded: &Loaded, tally: &Tally, legend: &str, verdict: &str) {
    let title = |found: &Found| format!("fails in the order {}", found.disorder);
    let annotation = |found: &Found| github::error_in(loaded, title(found), found.complaint.to_string());
    let omitted = tally.kinds.len() - tally.kept.len();
    annotate(tally.kept.iter().map(annotation).collect(), omitted as u64);
    let fails = |found: &Found| format!("fails  {}  {}\n", found.disorder, found.complaint);
    let mut page = Page::new("pullpush explore");
    page.lines(&format!("{legend}{}{verdict}", tally.kept.iter().map(fails).collect::<String>()));
    github::summarise(page);
}

fn keep(args: &ExploreArgs, loaded: &Loaded, smallest: &Scenario, remarks: &[String]) -> Result<(), Failure> {
    match &args.save {
        Some(path) => save(path, args, loaded, smallest, remarks),
        None => {
            note("add --save FILE to write the smallest failure as a scenario");
            Ok(())
        }
    }
}

/// What arrives if there is no disorder.
fn short_sequence(loaded: &Loaded) -> Result<Vec<Place>, Failure> {
    let Some(sequence) = sequence(&loaded.plan) else {
        return Err(Failure::usage(format!(
            "{} has more than {MAX_LENGTH} callbacks: too many to try all orders; shorten it, choose a task with --only, or find \
             the cause of a failing run with --shrink",
            loaded.name
        )));
    };
    if sequence.is_empty() {
        let message = format!("{} has no callbacks: there is nothing to try", loaded.name);
        return Err(Failure { exit: Exit::NothingSelected, message });
    }
    Ok(sequence)
}

fn legend(loaded: &Loaded, sequence: &[Place]) -> String {
    let to = destinations(loaded);
    let mut text = format!("{DIM}{}  seed {}  {to}{DIM:#}\n", loaded.name, loaded.plan.seed());
    let several = sequence.iter().any(|place| place.task != sequence[0].task);
    for (number, Place { callback, task, .. }) in sequence.iter().enumerate() {
        let whose = if several { format!(" of task {task}") } else { String::new() };
        text.push_str(&format!("{:>5}  {callback}{whose}\n", number + 1));
    }
    text
}

fn verdict(tried: u64, tally: &Tally, cut: bool, seconds: f64) -> String {
    let rate = tried as f64 / seconds.max(1e-6);
    let not_all = if cut { ", not all of them" } else { "" };
    let failed = tally.kinds.len() as u64;
    let others = failed - tally.followed - tally.kept.len() as u64;
    let mut text = String::new();
    if tally.followed > 0 {
        text.push_str(&format!("{BAD}fails{BAD:#}  and {} more: these with more disorder\n", tally.followed));
    }
    if others > 0 {
        text.push_str(&format!("{BAD}fails{BAD:#}  and {others} others\n"));
    }
    let style = if failed == 0 { GOOD } else { BAD };
    let orders = plural(tried, "order");
    text.push_str(&format!(
        "{orders} tried{not_all}, {style}{failed} failed{style:#}  {DIM}{seconds:.1} s, {rate:.0} a second{DIM:#}\n"
    ));
    if tried == 1 && failed == 1 {
        text.push_str("it fails without any disorder; mend that first\n");
    }
    text
}
