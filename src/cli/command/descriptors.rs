//! File descriptors: how many this process may have, and whether they are enough to begin.

#[cfg(unix)]
use std::fs::File;

use crate::cli::args::Command;
use crate::exit_code::Failure;

/// For a scenario, what it reads beside, and what it writes.
#[cfg(unix)]
const FILES: usize = 8;
/// For the runtimes, signals, a lookup and the first connections.
#[cfg(unix)]
const NETWORK: usize = 24;
/// For the runtime of a worker, and for all of them together at the most.
#[cfg(unix)]
const WORKER: (usize, usize) = (4, 32);

/// How many file descriptors this process may have, raised to `wanted` if it can be.
#[cfg(unix)]
pub(super) fn raised_to(wanted: u64) -> u64 {
    rlimit::increase_nofile_limit(wanted).unwrap_or(256)
}

/// Sockets are no file descriptors here.
#[cfg(not(unix))]
pub(super) fn raised_to(wanted: u64) -> u64 {
    wanted
}

/// Makes sure that the command can begin: libraries end the process when a descriptor is missing at a bad moment. What was open
/// before counts as well, so a look at the limit alone would not do.
///
/// # Errors
/// [`Failure`] if there are too few.
#[cfg(unix)]
pub(super) fn make_sure(command: &Command) -> Result<(), Failure> {
    let needed = needed(command);
    let limit = raised_to(needed as u64 + 64);
    let spare: Result<Vec<File>, _> = (0..needed).map(|_| File::open("/dev/null")).collect();
    match spare {
        // Something else is wrong with this machine; the command will say what, if it needs it.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::could_not_run(format!(
            "cannot start: {error}: this process may open {limit} files, and {needed} more are needed than are open; raise \
             the limit, `ulimit -n 1024`"
        ))),
        Ok(_) => Ok(()),
    }
}

/// There is no such limit here.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub(super) fn make_sure(_: &Command) -> Result<(), Failure> {
    Ok(())
}

#[cfg(unix)]
fn needed(command: &Command) -> usize {
    match command {
        Command::Load(_) => {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            FILES + NETWORK + (WORKER.0 * cores).min(WORKER.1)
        }
        Command::Run(_)
        | Command::Explore(_)
        | Command::Contract(_)
        | Command::Replay(_)
        | Command::Send(_)
        | Command::Sink(_) => FILES + NETWORK,
        Command::Merge(_) | Command::Drift(_) | Command::Check(_) | Command::Plan(_) | Command::Init(_) => FILES,
        Command::List
        | Command::Show(_)
        | Command::Codes(_)
        | Command::Sign(_)
        | Command::Verify(_)
        | Command::Schema(_)
        | Command::Completions(_)
        | Command::Man(_) => 0,
    }
}
