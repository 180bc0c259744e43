//! `pullpush run`

use std::cell::RefCell;

use super::again::Again;
use super::files::Files;
use super::journal::Journal;
use super::loaded::{Loaded, load};
use super::output::tell;
use super::play::play_all;
use super::receive::misbehaviour;
use super::reports::Reports;
use super::run_options::{Receiver, RunOptions};
use crate::cli::args::RunArgs;
use crate::exit_code::{Exit, Failure};

/// Plays all files, one after the other; nothing is sent unless all of them are valid.
///
/// # Errors
/// [`Failure`] if a scenario is not valid or could not be run.
pub(super) fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let receiver = receiver(args)?;
    let mut scenarios = load_all(args)?;
    // Not before: a run that does not begin leaves the last one's journal alone.
    may_write(args, &scenarios)?;
    let options = options(args, receiver)?;
    block_on(args.in_virtual_time, play_all(&mut scenarios, &options))?
}

/// Loads all files; what is wrong with any of them is told.
fn load_all(args: &RunArgs) -> Result<Vec<Loaded>, Failure> {
    let mut scenarios = Vec::new();
    let mut exit = Exit::Success;
    for path in &args.files {
        match load(path, &args.scenario) {
            Ok(loaded) => scenarios.push(loaded),
            Err(failure) => {
                tell(&failure);
                exit = exit.and(failure.exit);
            }
        }
    }
    if exit == Exit::Success { Ok(scenarios) } else { Err(Failure { exit, message: String::new() }) }
}

/// Runs `future` on one thread; in virtual time its clock jumps to the next thing that waits.
///
/// # Errors
/// [`Failure`] if the operating system gives no runtime.
pub(super) fn block_on<T>(in_virtual_time: bool, future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(in_virtual_time)
        .build()
        .map_err(|error| Failure::could_not_run(format!("cannot start: {error}")))?;
    let done = runtime.block_on(future);
    // A name that is still being looked up keeps nobody waiting.
    runtime.shutdown_background();
    Ok(done)
}

/// Nothing that is read is written over, and nothing twice.
fn may_write(args: &RunArgs, scenarios: &[Loaded]) -> Result<(), Failure> {
    let mut files = Files::default();
    files.connects(&args.connect);
    for (path, loaded) in args.files.iter().zip(scenarios) {
        files.reads_scenario(path, loaded.source.as_ref());
    }
    files.writes("--journal", args.journal.as_deref())?;
    files.reports(&args.report)
}

fn receiver(args: &RunArgs) -> Result<Receiver, Failure> {
    let misbehaviour = misbehaviour(&args.misbehaviour);
    Ok(match (args.sink, args.in_virtual_time) {
        (true, _) => Receiver::Sink(misbehaviour),
        (_, true) => Receiver::Memory(misbehaviour),
        _ if args.misbehaviour.any() => {
            return Err(Failure::usage(
                "--fail-first, --status, --delay and --drop-connection are about the built-in receiver: add --sink or --virtual",
            ));
        }
        _ => Receiver::Theirs,
    })
}

fn options(args: &RunArgs, receiver: Receiver) -> Result<RunOptions, Failure> {
    Ok(RunOptions {
        receiver,
        speed: args.speed,
        wait_for: args.wait_for.map(|limit| *limit),
        format: args.format,
        fail_fast: args.fail_fast,
        connect: args.connect.clone(),
        again: Again::of_run(args),
        reports: RefCell::new(Reports::open(&args.report)?),
        journal: Journal::open(args.journal.as_deref())?,
    })
}
