//! `pullpush replay`

use std::cell::RefCell;
use std::fs::File;
use std::io::BufReader;
use std::sync::Arc;

use super::again::Again;
use super::files::Files;
use super::journal::Journal;
use super::loaded::{Loaded, check_address, key_from};
use super::play::play_all;
use super::reports::Reports;
use super::run::block_on;
use super::run_options::{Receiver, RunOptions};
use crate::cli::args::ReplayArgs;
use crate::engine::settings::Addresses;
use crate::exit_code::{Exit, Failure};
use crate::plan::Plan;
use crate::scenario::Retry;
use crate::sink::misbehaviour::Misbehaviour;
use crate::study::replay::{self, Record, read, script};
use crate::text;
use crate::time::{Millis, wall_now};

/// Plays a recording again.
///
/// # Errors
/// [`Failure`] if it cannot be read or played.
pub(super) fn replay(args: &ReplayArgs) -> Result<Exit, Failure> {
    let mut files = Files::default();
    files.reads("the recording", &args.file);
    files.connects(&args.connect);
    files.writes("--journal", args.journal.as_deref())?;
    files.reports(&args.report)?;
    let name = text::file(&args.file);
    let records = records(args)?;
    let key_of = |name| key_from(name, "add --verbatim to sign nothing anew");
    let key = args.key_env.as_deref().map(key_of).transpose()?;
    let options =
        replay::ReplayOptions { verbatim: args.verbatim, failed: args.failed, key, retry: retry(&args.retry)? };
    let is_signed = |record: &Record| record.body.windows(7).any(|bytes| bytes == b"\"sign\":");
    if !options.verbatim && options.key.is_none() && records.iter().any(is_signed) {
        return Err(Failure::usage(format!(
            "the callbacks in {name} are signed: give the key with --key-env, or send the bytes as they were with --verbatim"
        )));
    }
    let scenario = script(&name, records, &options);
    if scenario.tasks.is_empty() {
        let what = if args.failed { "everything in it was acknowledged" } else { "no such task is in it" };
        return Err(Failure { exit: Exit::NothingSelected, message: format!("{name}: {what}") });
    }
    if let Some(to) = &args.to {
        check_address("--to", to)?;
    }
    let mut loaded = Loaded {
        text: String::new(),
        source: None,
        plan: Plan::new(Arc::new(scenario), 0),
        epoch: wall_now(),
        is_epoch_fixed: false,
        addresses: Addresses::new(args.to.clone(), String::new()),
        only: None,
        name,
    };
    let options = RunOptions {
        receiver: if args.sink { Receiver::Sink(Misbehaviour::default()) } else { Receiver::Theirs },
        speed: args.speed,
        wait_for: None,
        format: args.format,
        fail_fast: false,
        connect: args.connect.clone(),
        again: Again::of_replay(args),
        reports: RefCell::new(Reports::open(&args.report)?),
        journal: Journal::open(args.journal.as_deref())?,
    };
    block_on(false, play_all(std::slice::from_mut(&mut loaded), &options))?
}

fn records(args: &ReplayArgs) -> Result<Vec<Record>, Failure> {
    let name = text::file(&args.file);
    let file = File::open(&args.file).map_err(|error| Failure::usage(format!("cannot read {name}: {error}")))?;
    let mut records = read(BufReader::new(file)).map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    if let Some(id) = &args.only {
        records.retain(|record| record.lane == *id);
    }
    Ok(records)
}

/// `documented`, `none`, or pauses with commas between them.
fn retry(text: &str) -> Result<Retry, Failure> {
    match text {
        "documented" => Ok(Retry::DOCUMENTED),
        "none" => Ok(Retry::NONE),
        pauses => pauses
            .split(',')
            .map(|pause| humantime::parse_duration(pause.trim()).map(Millis::from_duration))
            .collect::<Result<_, _>>()
            .map(Retry::After)
            .map_err(|error| {
                Failure::usage(format!("--retry: {error}; write documented, none, or pauses such as 1s,5s"))
            }),
    }
}
