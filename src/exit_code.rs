//! Exit codes: what the process says when it ends, and which one wins.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything sent, every expectation met.
    Success,
    /// The receiver failed: an expectation, or a delivery that was not acknowledged.
    ReceiverFailed,
    /// Nothing was run: bad usage or an invalid scenario.
    Usage,
    /// It could not be run: receiver unreachable, a file not writable.
    CouldNotRun,
    /// A load threshold was crossed.
    Threshold,
    /// The generator could not keep its schedule: the measurement is void.
    Void,
    /// Nothing was selected.
    NothingSelected,
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl Exit {
    /// The one table: what wins when several hold comes first.
    const TABLE: [(Self, u8); 9] = [
        (Self::Usage, 2),
        (Self::CouldNotRun, 3),
        (Self::Interrupted, 130),
        (Self::Terminated, 143),
        (Self::Void, 5),
        (Self::ReceiverFailed, 1),
        (Self::Threshold, 4),
        (Self::NothingSelected, 6),
        (Self::Success, 0),
    ];

    fn row(self) -> usize {
        Self::TABLE.iter().position(|(exit, _)| *exit == self).unwrap_or(0)
    }

    /// The number the process ends with.
    pub fn code(self) -> u8 {
        Self::TABLE[self.row()].1
    }

    /// The exit of two things together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if other.row() < self.row() { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Why a command could not do its work: what to print, and how to end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// How to end.
    pub exit: Exit,
    /// One or more lines for people: where, what, what to do. Empty if all is said already.
    pub message: String,
}

impl Failure {
    /// Nothing was run: bad usage or an invalid scenario.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into() }
    }

    /// It could not be run.
    pub fn could_not_run(message: impl Into<String>) -> Self {
        Self { exit: Exit::CouldNotRun, message: message.into() }
    }
}

/// Does something that may panic.
///
/// # Errors
/// What the panic said. Whatever `work` borrows must make sense although it was not finished.
pub fn attempt<R>(work: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| panic_text(payload.as_ref()))
}

/// What a panic said, as a thread that has ended hands it over.
pub fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("it did not say why").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_order_of_precedence() {
        let order = [2, 3, 130, 143, 5, 1, 4, 6, 0];
        assert_eq!(Exit::TABLE.map(|(_, code)| code), order);
        for (row, (winner, _)) in Exit::TABLE.iter().enumerate() {
            for (loser, _) in &Exit::TABLE[row..] {
                assert_eq!(winner.and(*loser), *winner);
                assert_eq!(loser.and(*winner), *winner);
            }
        }
    }
}
