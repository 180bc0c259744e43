//! `pullpush explore`: many short runs, to find what the receiver cannot stand.

use std::cell::Cell;
use std::sync::Arc;

use tokio::time::Instant;

use super::connect::{addresses, admit, http};
use super::loaded::{Loaded, check_address, load};
use super::output::{Output, note};
use super::progress::Meter;
use super::saved::{make_sure, save};
use super::shrink::shrink;
use super::signals::Signals;
use super::trial::{Court, Reset};
use super::wait::somebody_there;
use crate::cli::ExploreArgs;
use crate::dice::Dice;
use crate::error::{Exit, Failure};
use crate::explore::disorder::{Bounds, Disorder, Disorders};
use crate::explore::script::script;
use crate::explore::sequence::{MAX_LENGTH, Place, sequence};
use crate::judge::Complaint;
use crate::report::style::{BAD, DIM, GOOD};
use crate::report::summary::plural;
use crate::run::stop::{Stop, stop};
use crate::scenario::Scenario;
use crate::transport::guard::Guard;

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
    args.save.iter().try_for_each(|path| make_sure(path))?;
    super::run::block_on(false, async {
        let transport = http(&loaded, &args.connect)?;
        let mut urls = addresses(&loaded)?;
        if let Some(url) = &args.reset_url {
            urls.push(check_address("--reset-url", url)?);
        }
        admit(&urls, &transport).await?;
        let (stopper, stop) = stop();
        let interrupted = Cell::new(None);
        let court =
            Court { transport: &transport, loaded: &loaded, reset: reset(args), max_in_flight: 1, stop: stop.clone() };
        let mut signals = Signals::catch();
        let hunt = async {
            let guard = Guard { allow_remote: args.connect.allow_remote };
            somebody_there(&urls, guard, args.wait_for.map(Into::into), &stop).await?;
            if args.shrink {
                shrink(args, &loaded, &court, &stop).await
            } else {
                enumerate(args, &loaded, &court, &stop).await
            }
        };
        let exit = tokio::select! {
            biased;
            () = signals.stop(&stopper, &interrupted) => Ok(Exit::Success),
            exit = hunt => exit,
        }?;
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

async fn enumerate(args: &ExploreArgs, loaded: &Loaded, court: &Court<'_>, stop: &Stop) -> Result<Exit, Failure> {
    let sequence = short_sequence(loaded)?;
    let script = script(&loaded.plan, court.forgets()).map_err(|error| Failure::usage(error.to_string()))?;
    let mut output = Output::for_people();
    output.write(&legend(loaded, &sequence))?;
    output.flush()?;
    let bounds = Bounds { drops: args.drops, dups: args.dups, swaps: args.swaps };
    let meter = Meter::new("orders");
    let began = Instant::now();
    let mut found: Vec<Found> = Vec::new();
    let (mut tried, mut failed, mut cut) = (0, 0_u64, false);
    let mut broken = None;
    for disorder in Disorders::of(sequence.len(), bounds) {
        if tried == args.max_runs || stop.is_requested() {
            cut = true;
            break;
        }
        let plan = loaded.plan.of(Arc::new(disorder.of(&script, &sequence)));
        let trial = match court.hear(&plan, tried).await {
            Ok(trial) if !stop.is_requested() => trial,
            heard => {
                (cut, broken) = (true, heard.err());
                break;
            }
        };
        tried += 1;
        meter.show(&format!("{tried} orders, {failed} failed"));
        let Some(complaint) = trial.complaints.into_iter().next() else { continue };
        failed += 1;
        if found.len() < MAX_TOLD {
            meter.around(|| {
                output.write(&format!("{BAD}fails{BAD:#}  {disorder}  {complaint}\n", complaint = words(&complaint)))
            })?;
            output.flush()?;
            found.push(Found { disorder, complaint });
        }
        if tried == 1 {
            break;
        }
    }
    meter.clear();
    let seconds = began.elapsed().as_secs_f64();
    output.write(&verdict(tried, failed, cut, seconds, &found))?;
    output.flush()?;
    if let Some(Found { disorder, complaint }) = found.first() {
        let smallest = disorder.of(&script, &sequence);
        let remarks = [format!("Found by pullpush: arrives in the order {disorder}."), words(complaint)];
        keep(args, loaded, &smallest, &remarks)?;
    }
    match broken {
        Some(failure) => Err(failure),
        None => Ok(if found.is_empty() { Exit::Success } else { Exit::ReceiverFailed }),
    }
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
    let mut text = format!("{DIM}{}  seed {}  {}{DIM:#}\n", loaded.name, loaded.plan.seed(), loaded.addresses.shown());
    let several = sequence.iter().any(|place| place.task != sequence[0].task);
    for (number, Place { callback, task, .. }) in sequence.iter().enumerate() {
        let whose = if several { format!(" of task {task}") } else { String::new() };
        text.push_str(&format!("{:>5}  {callback}{whose}\n", number + 1));
    }
    text
}

fn verdict(tried: u64, failed: u64, cut: bool, seconds: f64, found: &[Found]) -> String {
    let rate = tried as f64 / seconds.max(1e-6);
    let more = if cut { ", not all of them" } else { "" };
    let untold = failed - found.len() as u64;
    let mut text = if untold > 0 { format!("{BAD}fails{BAD:#}  and {untold} more\n") } else { String::new() };
    let style = if failed == 0 { GOOD } else { BAD };
    let orders = plural(tried, "order");
    text.push_str(&format!(
        "{orders} tried{more}, {style}{failed} failed{style:#}  {DIM}{seconds:.1} s, {rate:.0} a second{DIM:#}\n"
    ));
    if tried == 1 && failed == 1 {
        text.push_str("it fails without any disorder; mend that first\n");
    }
    text
}

/// A complaint in one line.
pub(super) fn words(complaint: &Complaint) -> String {
    format!("{}: {}", complaint.about, complaint.text)
}
