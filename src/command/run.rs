//! `pullpush run`

use super::load::{Loaded, load};
use super::play::{Manner, Receiver, play};
use super::receive::misbehaviour;
use super::verdict::quoted;
use crate::cli::RunArgs;
use crate::error::{Exit, Failure};

/// Plays all files, one after the other; nothing is sent unless all of them are valid.
///
/// # Errors
/// [`Failure`] if a scenario is not valid or could not be run.
pub(super) fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let manner = manner(args)?;
    let scenarios = args.files.iter().map(|path| load(path, &args.scenario)).collect::<Vec<_>>();
    let mut scenarios = scenarios.into_iter().collect::<Result<Vec<Loaded>, Failure>>()?;
    let played = block_on(args.in_virtual_time, async {
        let mut exit = Exit::Success;
        for scenario in &mut scenarios {
            exit = exit.and(play(scenario, &manner).await?);
            let stopped = matches!(exit, Exit::Interrupted | Exit::Terminated | Exit::CouldNotRun);
            if stopped || (args.fail_fast && exit == Exit::ReceiverFailed) {
                break;
            }
        }
        Ok(exit)
    });
    played?
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

fn manner(args: &RunArgs) -> Result<Manner, Failure> {
    let misbehaviour = misbehaviour(&args.misbehaviour);
    let receiver = match (args.sink, args.in_virtual_time) {
        (true, _) => Receiver::Sink(misbehaviour),
        (_, true) => Receiver::Memory(misbehaviour),
        _ if args.misbehaviour.any() => {
            return Err(Failure::usage(
                "--fail-first, --status, --delay and --drop-connection are about the built-in receiver: add --sink or --virtual",
            ));
        }
        _ => Receiver::Theirs,
    };
    Ok(Manner {
        receiver,
        speed: args.speed,
        wait_for: args.wait_for.map(|limit| *limit),
        format: args.format,
        fail_fast: args.fail_fast,
        connect: args.connect.clone(),
        again: again(args),
    })
}

/// What was typed that decides what happens, but for files, seed and task.
fn again(args: &RunArgs) -> String {
    let mut words = Vec::new();
    if let Some(to) = &args.scenario.to {
        words.push(format!("--to {}", quoted(to)));
    }
    words.extend(args.sink.then(|| "--sink".to_owned()));
    words.extend(args.in_virtual_time.then(|| "--virtual".to_owned()));
    let misbehaviour = &args.misbehaviour;
    words.extend(misbehaviour.fail_first.map(|times| format!("--fail-first {times}")));
    words.extend(misbehaviour.status.map(|status| format!("--status {status}")));
    words.extend(misbehaviour.delay.map(|delay| format!("--delay {}", quoted(&delay.to_string().replace(' ', "")))));
    words.extend(misbehaviour.drop_connection.then(|| "--drop-connection".to_owned()));
    words.extend((!args.in_virtual_time && args.speed.to_string() != "1x").then(|| format!("--speed {}", args.speed)));
    words.extend(args.scenario.epoch.map(|epoch| format!("--epoch {epoch}")));
    words.extend(args.scenario.set.iter().map(|set| format!("--set {}", quoted(&unless_key(set)))));
    words.extend(args.connect.allow_remote.then(|| "--allow-remote".to_owned()));
    words.extend(args.connect.insecure.then(|| "--insecure".to_owned()));
    words.extend(args.connect.cacert.as_ref().map(|path| format!("--cacert {}", quoted(&path.display().to_string()))));
    words.join(" ")
}

/// A key is not printed, whoever typed it.
fn unless_key(set: &str) -> String {
    match set.split_once('=') {
        Some((path, _)) if path.trim().ends_with("payload.key") => format!("{path}=…"),
        _ => set.to_owned(),
    }
}
