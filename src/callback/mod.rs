//! What the service says: callbacks, their exact bytes, their signature.

pub mod body;
pub mod codes;
pub mod decoded;
pub mod moment;
mod object;
pub mod overlay;
pub mod pages;
pub mod payload;
pub mod restamp;
pub mod sign;
pub mod template;

use std::fmt;
use std::sync::Arc;

use codes::Exit;

use crate::text::escaped;

/// The kinds of callback, as `callback_event` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The task runs (documented).
    TaskStart,
    /// A file of the list begins to play (documented).
    VodSourceFileStart,
    /// A file of the list has played (documented).
    VodSourceFileFinish,
    /// The task stopped running; it may start again (documented).
    TaskExit,
    /// Something is wrong (documented from 2025 on).
    TaskAlarm,
    /// The task was changed (documented as a name only).
    ResetTaskConfig,
}

impl Kind {
    /// All kinds, in the order the documents list them.
    pub const ALL: [Self; 6] = [
        Self::TaskStart,
        Self::VodSourceFileStart,
        Self::VodSourceFileFinish,
        Self::TaskExit,
        Self::TaskAlarm,
        Self::ResetTaskConfig,
    ];

    /// The value of `callback_event`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TaskStart => "TaskStart",
            Self::VodSourceFileStart => "VodSourceFileStart",
            Self::VodSourceFileFinish => "VodSourceFileFinish",
            Self::TaskExit => "TaskExit",
            Self::TaskAlarm => "TaskAlarm",
            Self::ResetTaskConfig => "ResetTaskConfig",
        }
    }

    /// Its place in a set.
    const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// The kind with this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A subscription: the callbacks a task is to send (`CallbackEvents` of the task API).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds(u32);

/// Every kind has a bit.
const _: () = assert!(Kind::ALL.len() <= u32::BITS as usize, "Kinds has too few bits for all kinds");

impl Kinds {
    /// Every callback: what the service does when none is named (documented).
    pub const ALL: Self = Self(u32::MAX);

    /// These only; all of them if there are none.
    pub fn of(kinds: &[Kind]) -> Self {
        match kinds.iter().fold(0, |set, kind| set | kind.bit()) {
            0 => Self::ALL,
            set => Self(set),
        }
    }

    /// Whether `kind` is subscribed to.
    pub const fn contain(self, kind: Kind) -> bool {
        self.0 & kind.bit() != 0
    }
}

/// The alarms of a TaskAlarm (documented from 2025 on).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// Pulling is shaky.
    PullFileUnstable,
    /// Pushing is shaky.
    PushStreamUnstable,
    /// A file cannot be pulled.
    PullFileFailed,
    /// The push broke.
    PushStreamFailed,
    /// A file ended before its time.
    FileEndEarly,
}

impl Alarm {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::PullFileUnstable,
        Self::PushStreamUnstable,
        Self::PullFileFailed,
        Self::PushStreamFailed,
        Self::FileEndEarly,
    ];

    /// The value in the message.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PullFileUnstable => "PullFileUnstable",
            Self::PushStreamUnstable => "PushStreamUnstable",
            Self::PullFileFailed => "PullFileFailed",
            Self::PushStreamFailed => "PushStreamFailed",
            Self::FileEndEarly => "FileEndEarly",
        }
    }
}

/// One message of the service: what it says, not yet its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callback {
    /// The task runs.
    TaskStart,
    /// The file at `index` (from 0) begins to play.
    VodSourceFileStart {
        /// Place in the list, from 0.
        index: usize,
    },
    /// The file at `index` (from 0) has played.
    VodSourceFileFinish {
        /// Place in the list, from 0.
        index: usize,
    },
    /// The task stopped running.
    TaskExit(Exit),
    /// Something is wrong.
    TaskAlarm(Alarm),
    /// The task was changed.
    ResetTaskConfig,
    /// Something the documents do not know: only a `[[task.step]]` sends it.
    Other(Arc<str>),
}

impl Callback {
    /// Its kind, if the documents know it.
    pub const fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::TaskStart => Kind::TaskStart,
            Self::VodSourceFileStart { .. } => Kind::VodSourceFileStart,
            Self::VodSourceFileFinish { .. } => Kind::VodSourceFileFinish,
            Self::TaskExit(_) => Kind::TaskExit,
            Self::TaskAlarm(_) => Kind::TaskAlarm,
            Self::ResetTaskConfig => Kind::ResetTaskConfig,
            Self::Other(_) => return None,
        })
    }

    /// The value of `callback_event`.
    pub fn name(&self) -> &str {
        match self {
            Self::Other(name) => name,
            known => known.kind().map_or("", Kind::name),
        }
    }
}

/// `TaskExit -22`, `VodSourceFileStart [0]`, `TaskAlarm FileEndEarly`
impl fmt::Display for Callback {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::TaskStart | Self::ResetTaskConfig => out.write_str(name),
            // Anyone may have written it.
            Self::Other(_) => out.write_str(&escaped(name)),
            Self::VodSourceFileStart { index } | Self::VodSourceFileFinish { index } => write!(out, "{name} [{index}]"),
            Self::TaskExit(exit) => write!(out, "{name} {}", exit.code),
            Self::TaskAlarm(alarm) => write!(out, "{name} {}", alarm.name()),
        }
    }
}
