//! Writes what happens as it happens: on a thread of its own in real time, so that a slow terminal delays no callback.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::backlog::Backlog;
use super::output::Output;
use super::progress::Progress;
use crate::cli::Format;
use crate::error::{Failure, panic_text};
use crate::event::Event;
use crate::judge::Complaint;
use crate::report::style::DIM;
use crate::report::summary::Summary;
use crate::report::{log, ndjson};

/// How many messages may wait to be written before the run itself has to wait.
const QUEUE: usize = 64 * 1024;
/// How often the progress line is brought up to date while nothing happens.
const TICK: Duration = Duration::from_millis(200);

/// Something to be written.
#[derive(Debug)]
pub(super) enum Message {
    /// Something happened.
    Event(Event),
    /// What the receiver owed and did not do.
    Complaint(Complaint),
    /// What the built-in receiver thinks of a callback.
    Remark(String),
}

impl Message {
    /// How many bytes it holds that are not small anyway.
    fn bytes(&self) -> usize {
        match self {
            Self::Event(Event::Sent { body, .. }) => body.len(),
            Self::Event(Event::Probed { answer, .. }) => answer.as_ref().map_or(0, |answer| answer.body.len()),
            _ => 0,
        }
    }
}

/// Folds events into a summary and writes them.
pub(super) struct Reporter {
    output: Output,
    format: Format,
    summary: Summary,
    progress: Progress,
    failure: Option<Failure>,
}

impl Reporter {
    /// A reporter that has written nothing yet.
    pub(super) fn new(format: Format, summary: Summary, progress: Progress) -> Self {
        let output = match format {
            Format::Human => Output::for_people(),
            Format::Ndjson => Output::for_programs(),
        };
        Self { output, format, summary, progress, failure: None }
    }

    /// Takes one message.
    pub(super) fn take(&mut self, message: &Message) {
        let text = match (message, self.format) {
            (Message::Event(event), format) => {
                self.summary.take(event);
                match format {
                    Format::Human => log::line(event),
                    Format::Ndjson => ndjson::line(event),
                }
            }
            (Message::Complaint(complaint), format) => {
                self.summary.complain(complaint);
                match format {
                    Format::Human => log::complaint(complaint),
                    Format::Ndjson => ndjson::complaint(complaint),
                }
            }
            (Message::Remark(remark), Format::Human) => format!("{DIM}{remark}{DIM:#}\n"),
            (Message::Remark(_), Format::Ndjson) => return,
        };
        self.write(&text);
    }

    /// Writes `text` as it is.
    pub(super) fn write(&mut self, text: &str) {
        let Self { output, progress, failure, .. } = self;
        // The progress line has to give way only to what goes out.
        let written =
            if output.holds(text.len()) { output.write(text) } else { progress.around(|| output.write(text)) };
        if let Err(error) = written {
            failure.get_or_insert(error);
        }
    }

    fn flush(&mut self) {
        let Self { output, progress, failure, .. } = self;
        if !output.is_flushed()
            && let Err(error) = progress.around(|| output.flush())
        {
            failure.get_or_insert(error);
        }
        progress.show(&self.summary);
    }

    /// Everything is written: the output, the summary, and what went wrong with writing.
    pub(super) fn end(mut self) -> (Output, Summary, Option<Failure>) {
        self.flush();
        self.progress.clear();
        (self.output, self.summary, self.failure)
    }
}

/// Whoever messages are handed to.
pub(super) enum Scribe {
    /// A reporter on this thread: in virtual time nothing may wait for another thread.
    Here(Box<RefCell<Reporter>>),
    /// A reporter on a thread of its own.
    Thread {
        /// Where messages go.
        sender: SyncSender<Message>,
        /// How much is on the way there.
        backlog: Arc<Backlog>,
        /// The thread, which gives the reporter back.
        thread: JoinHandle<Reporter>,
    },
}

impl Scribe {
    /// A reporter on this thread.
    pub(super) fn here(reporter: Reporter) -> Self {
        Self::Here(Box::new(RefCell::new(reporter)))
    }

    /// A reporter on a thread of its own.
    ///
    /// # Errors
    /// [`Failure`] if the system has no thread left.
    pub(super) fn on_a_thread(mut reporter: Reporter) -> Result<Self, Failure> {
        let (sender, receiver) = sync_channel(QUEUE);
        let backlog = Arc::new(Backlog::default());
        let written = Arc::clone(&backlog);
        let thread = std::thread::Builder::new().spawn(move || {
            loop {
                // What was written is flushed when there is nothing else to do.
                let message = receiver.try_recv().or_else(|error| {
                    if error == TryRecvError::Empty {
                        reporter.flush();
                    }
                    receiver.recv_timeout(TICK)
                });
                match message {
                    Ok(message) => {
                        reporter.take(&message);
                        written.remove(message.bytes());
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return reporter,
                }
            }
        });
        let thread = thread.map_err(|error| Failure::could_not_run(format!("cannot start a thread: {error}")))?;
        Ok(Self::Thread { sender, backlog, thread })
    }

    /// Hands a message over.
    pub(super) fn take(&self, message: Message) {
        match self {
            Self::Here(reporter) => reporter.borrow_mut().take(&message),
            // The thread ends only after this end of the channel.
            Self::Thread { sender, backlog, thread } => {
                backlog.add(message.bytes(), || thread.is_finished());
                drop(sender.send(message));
            }
        }
    }

    /// Waits until everything is written, and gives the reporter back.
    ///
    /// # Errors
    /// [`Failure`] if its thread is gone.
    pub(super) fn end(self) -> Result<Reporter, Failure> {
        match self {
            Self::Here(reporter) => Ok(reporter.into_inner()),
            Self::Thread { sender, thread, .. } => {
                drop(sender);
                thread.join().map_err(|payload| {
                    let reason = panic_text(payload.as_ref());
                    Failure::could_not_run(format!("the log could not be written: {reason}; please report this"))
                })
            }
        }
    }
}
