//! What is remarkable about the order of a task's callbacks. A note refuses nothing: the documents allow most of it.

use std::fmt;

use crate::callback::Kind;
use crate::time::Millis;

/// Something remarkable about where a callback stands among those of its task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// The same callback was acknowledged before.
    Repeated,
    /// The task was never heard of, and this is not its TaskStart.
    NotStartedFirst(Kind),
    /// A file starts or finishes after the task's TaskExit.
    NotRunning(Kind),
    /// A file finishes that did not start; with its index, from 0.
    FinishWithoutStart(i64),
    /// TaskExit of a task that has exited.
    ExitAgain,
    /// TaskStart of a task that has not exited: migrations look so.
    StartAgain,
    /// The first file came later after TaskStart than [`Note::FIRST_FILE_WITHIN`].
    LateFirstFile(Millis),
}

impl Note {
    /// VodSourceFileStart comes at most so long after TaskStart (documented).
    pub const FIRST_FILE_WITHIN: Millis = Millis::from_secs(2);

    /// The word used for counting and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Repeated => "repeated",
            Self::NotStartedFirst(_) => "not-started-first",
            Self::NotRunning(_) => "not-running",
            Self::FinishWithoutStart(_) => "finish-without-start",
            Self::ExitAgain => "exit-again",
            Self::StartAgain => "start-again",
            Self::LateFirstFile(_) => "late-first-file",
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeated => out.write_str("repeated: the same callback was acknowledged before"),
            Self::NotStartedFirst(kind) => {
                write!(out, "the first callback of the task is {}, not TaskStart", kind.name())
            }
            Self::NotRunning(kind) => write!(out, "{} although the task is not running", kind.name()),
            Self::FinishWithoutStart(index) => write!(out, "file {index} finished, but its start did not come"),
            Self::ExitAgain => out.write_str("TaskExit although the task is not running"),
            Self::StartAgain => out.write_str("TaskStart although the task is running: perhaps a migration"),
            Self::LateFirstFile(after) => {
                write!(
                    out,
                    "the first file came {after} after TaskStart; documented is at most {}",
                    Self::FIRST_FILE_WITHIN
                )
            }
        }
    }
}
