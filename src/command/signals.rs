//! Ctrl-C and SIGTERM: the first stops a run in order, the second at once.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::timeout;

use super::output::note;
use crate::error::Exit;
use crate::run::stop::Stopper;

/// How long requests on their way may take to end after the first signal.
const GRACE: Duration = Duration::from_secs(5);

/// Waits for signals for ever; the first one says how the process is to end.
pub(super) async fn listen(stopper: &Stopper, interrupted: &Cell<Option<Exit>>) {
    let exit = signal().await;
    interrupted.set(Some(exit));
    note("stopping: what is on its way may end; once more to end at once");
    stopper.stop();
    // Either way it is over now: a second signal, or the end of the grace period.
    let _ = timeout(GRACE, signal()).await;
    stopper.abandon();
    std::future::pending().await
}

/// The next signal that asks the process to end.
#[cfg(unix)]
pub(super) async fn signal() -> Exit {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without a handler the system's own remains: the process ends at once.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => Exit::Interrupted,
        _ = terminate.recv() => Exit::Terminated,
    }
}

/// The next signal that asks the process to end.
#[cfg(not(unix))]
pub(super) async fn signal() -> Exit {
    match tokio::signal::ctrl_c().await {
        Ok(()) => Exit::Interrupted,
        Err(_) => std::future::pending().await,
    }
}
