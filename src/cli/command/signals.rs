//! Ctrl-C and SIGTERM: the first stops a run in order, the second at once, whatever keeps it from ending.

use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::output::{self, note};
use crate::engine::stop::Stopper;
use crate::engine::writer::hurry;
use crate::exit_code::Exit;
use crate::plan::Plan;
use crate::report::style::NOTE;
use crate::time::{Cutoff, PATIENCE};

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
pub(super) struct Signals {
    heard: UnboundedReceiver<Exit>,
    is_seen: Arc<AtomicBool>,
}

impl Signals {
    /// From now on a signal does not end the process by itself, and none is lost. What is still worked out of `plans` some time
    /// after the first is cut short.
    pub(super) fn catch<'a>(plans: impl IntoIterator<Item = &'a Plan>) -> Self {
        let cutoffs: Vec<_> = plans.into_iter().map(|plan| plan.cutoff().clone()).collect();
        let (sender, receiver) = unbounded_channel();
        let (ready, is_ready) = channel();
        // A thread of its own, because a run stands still while nobody reads its output.
        let is_seen = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_seen);
        let watching = std::thread::Builder::new().spawn(move || watch(&sender, &cutoffs, &seen, &ready));
        let caught = match watching {
            Ok(_) => is_ready.recv().unwrap_or_else(|_| Err(io::Error::other("nothing is left for it"))),
            Err(error) => Err(error),
        };
        if let Err(error) = caught {
            note(&format!(
                "{NOTE}note{NOTE:#}: Ctrl-C will end this at once, without a summary: signals cannot be caught: {error}"
            ));
        }
        Self { heard: receiver, is_seen }
    }

    /// A signal that has come and that nobody had the time to look for, since a plan was worked out.
    pub(super) fn unseen(&mut self) -> Option<Exit> {
        self.heard.try_recv().ok()
    }

    /// How the next signal wants the process to end.
    pub(super) async fn next(&mut self) -> Exit {
        match self.heard.recv().await {
            Some(exit) => {
                self.is_seen.store(true, Ordering::Relaxed);
                exit
            }
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
fn watch(heard: &UnboundedSender<Exit>, cutoffs: &[Cutoff], is_seen: &AtomicBool, ready: &Sender<io::Result<()>>) {
    // Nobody listens any more only if the process is ending.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(ready.send(Err(error))),
    };
    runtime.block_on(async {
        let mut source = match Source::open() {
            Ok(source) => source,
            Err(error) => return drop(ready.send(Err(error))),
        };
        let _ = ready.send(Ok(()));
        let first = source.next().await;
        let _ = FIRST.set(first);
        // Whoever reads the output has a second more.
        hurry();
        // The run may be over already.
        let _ = heard.send(first);
        let second = match timeout(PATIENCE, source.next()).await {
            Ok(second) => second,
            Err(_) => {
                // Nobody looks for signals who is still working out a plan.
                if !is_seen.load(Ordering::Relaxed) {
                    cutoffs.iter().for_each(Cutoff::cut);
                }
                source.next().await
            }
        };
        let _ = heard.send(second);
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
    fn open() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
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
    fn open() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) -> Exit {
        let _ = self.0.recv().await;
        Exit::Interrupted
    }
}
