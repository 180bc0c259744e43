//! Ctrl-C and SIGTERM: the first stops a run in order, the second at once, whatever keeps it from ending.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::output::{self, note};
use crate::error::Exit;
use crate::run::stop::Stopper;
use crate::writer::hurry;

/// How long requests on their way may take to end after the first signal.
const GRACE: Duration = Duration::from_secs(5);
/// How long the summary may take after the second.
const LAST: Duration = Duration::from_secs(1);

/// The first signal.
static FIRST: OnceLock<Exit> = OnceLock::new();

/// How the first signal wanted the process to end, if there was one.
pub(super) fn first() -> Option<Exit> {
    FIRST.get().copied()
}

/// The signals that ask the process to end.
pub(super) struct Signals(UnboundedReceiver<Exit>);

impl Signals {
    /// From now on a signal does not end the process by itself, and none is lost.
    pub(super) fn catch() -> Self {
        let (sender, receiver) = unbounded_channel();
        let (ready, is_ready) = channel();
        // A thread of its own, because a run stands still while nobody reads its output.
        std::thread::spawn(move || watch(&sender, ready));
        // The other end says nothing; it is dropped once signals are caught.
        let _ = is_ready.recv();
        Self(receiver)
    }

    /// How the next signal wants the process to end.
    pub(super) async fn next(&mut self) -> Exit {
        match self.0.recv().await {
            Some(exit) => exit,
            // Nothing could be caught; the system's own handler remains.
            None => std::future::pending().await,
        }
    }

    /// Stops a run at the first signal, for ever; that one says how the process is to end.
    pub(super) async fn stop(&mut self, stopper: &Stopper, interrupted: &Cell<Option<Exit>>) {
        interrupted.set(Some(self.next().await));
        note("stopping: what is on its way may end; once more to end at once");
        stopper.stop();
        // Either way it is over now: a second signal, or the end of the grace period.
        let _ = timeout(GRACE, self.next()).await;
        stopper.abandon();
        std::future::pending().await
    }
}

/// Hands signals over; after the second ends the process itself if nobody else does.
fn watch(heard: &UnboundedSender<Exit>, ready: Sender<()>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    runtime.block_on(async {
        let Some(mut source) = Source::open() else { return };
        drop(ready);
        let first = source.next().await;
        let _ = FIRST.set(first);
        // Whoever reads the output has a second more.
        hurry();
        // The run may be over already.
        let _ = heard.send(first);
        let _ = heard.send(source.next().await);
        let _ = timeout(LAST, source.next()).await;
        output::finish();
        std::process::exit(first.code().into());
    });
}

/// Where signals come from.
#[cfg(unix)]
struct Source {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Source {
    fn open() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Some(Self {
            interrupt: signal(SignalKind::interrupt()).ok()?,
            terminate: signal(SignalKind::terminate()).ok()?,
        })
    }

    async fn next(&mut self) -> Exit {
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Terminated,
        }
    }
}

/// Where signals come from.
#[cfg(windows)]
struct Source(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Source {
    fn open() -> Option<Self> {
        tokio::signal::windows::ctrl_c().ok().map(Self)
    }

    async fn next(&mut self) -> Exit {
        let _ = self.0.recv().await;
        Exit::Interrupted
    }
}
