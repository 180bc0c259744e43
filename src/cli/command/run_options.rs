//! How scenarios are to be played: who receives, how fast, and what is written.

use std::cell::RefCell;
use std::time::Duration;

use super::again::Again;
use super::journal::Journal;
use super::reports::Reports;
use crate::cli::args::{ConnectArgs, Format};
use crate::engine::pace::Speed;
use crate::sink::misbehaviour::Misbehaviour;

/// Who is to receive.
#[derive(Debug, Clone)]
pub(super) enum Receiver {
    /// The user's program.
    Theirs,
    /// The built-in receiver, on a loopback port.
    Sink(Misbehaviour),
    /// The built-in receiver, in memory and in virtual time.
    Memory(Misbehaviour),
}

/// How a scenario is to be played.
#[derive(Debug)]
pub(super) struct RunOptions {
    /// Who receives.
    pub(super) receiver: Receiver,
    /// How fast.
    pub(super) speed: Speed,
    /// How long to wait for the receiver to accept connections.
    pub(super) wait_for: Option<Duration>,
    /// How everything is written.
    pub(super) format: Format,
    /// Whether the first delivery that is given up ends the run.
    pub(super) fail_fast: bool,
    /// Whom pullpush may send to, and how.
    pub(super) connect: ConnectArgs,
    /// How to do the same again.
    pub(super) again: Again,
    /// Where everything is written down.
    pub(super) journal: Journal,
    /// What is written in the end.
    pub(super) reports: RefCell<Reports>,
}

impl RunOptions {
    /// Whether the run is in virtual time, where nothing that is measured waits for a slow reader.
    pub(super) fn is_virtual(&self) -> bool {
        matches!(self.receiver, Receiver::Memory(_))
    }
}
