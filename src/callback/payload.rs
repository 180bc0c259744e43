//! How bodies are made: the published version they follow and the guesses that are settings.

use super::Kind;
use super::sign::Key;
use crate::time::{Millis, UnixMillis};

/// `[payload]`: everything that decides the bytes of a body but is no part of a callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The published version of the message.
    pub profile: Profile,
    /// Signs every body, if there is one: adds `sign` and `t`.
    pub key: Option<Key>,
    /// How long a signature is valid (documented default: ten minutes).
    pub sign_for: Millis,
    /// JSON type of `index` in `msg`: tables and samples of the documents disagree.
    pub index_as: JsonType,
    /// JSON type of `code` in `msg`: tables and samples of the documents disagree.
    pub code_as: JsonType,
    /// JSON type of `event_time` (documented: a string).
    pub event_time_as: JsonType,
    /// Which time `event_time` is (documented: when the event happened).
    pub event_time_at: EventTimeAt,
    /// JSON type of `t` (a guess: a number, as in the provider's other callbacks).
    pub t_as: JsonType,
    /// Name of a TaskAlarm's field in `msg` (a guess: documents say `type` and `AlarmType`).
    pub alarm_field: String,
    /// Which clock the stamps of a body are read from.
    pub stamps: Stamps,
    /// The instant of scenario time 0; `None`: when the run starts.
    pub epoch: Option<UnixMillis>,
}

impl Default for Payload {
    fn default() -> Self {
        Self {
            profile: Profile::Doc2022,
            key: None,
            sign_for: Millis::from_secs(600),
            index_as: JsonType::Number,
            code_as: JsonType::Number,
            event_time_as: JsonType::String,
            event_time_at: EventTimeAt::Event,
            t_as: JsonType::Number,
            alarm_field: "type".to_owned(),
            stamps: Stamps::Virtual,
            epoch: None,
        }
    }
}

/// The published versions of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// The four samples, nothing else (2022).
    Doc2022,
    /// Adds `event_time` everywhere (2024).
    Doc2024,
    /// Adds TaskAlarm (2025).
    Doc2025,
    /// Every field in every callback (a guess).
    Complete,
}

impl Profile {
    /// All of them, oldest first, by the names scenarios use.
    pub const ALL: [(&str, Self); 4] = [
        ("doc-2022", Self::Doc2022),
        ("doc-2024", Self::Doc2024),
        ("doc-2025", Self::Doc2025),
        ("complete", Self::Complete),
    ];

    /// Whether `event_time` is sent.
    pub const fn has_event_time(self) -> bool {
        !matches!(self, Self::Doc2022)
    }

    /// Whether such a callback says which task and stream it is about: the published TaskExit does not.
    pub fn names_its_task(self, kind: Option<Kind>) -> bool {
        self == Self::Complete || kind != Some(Kind::TaskExit)
    }

    /// Whether the service of that time sends TaskAlarm.
    pub const fn has_alarms(self) -> bool {
        matches!(self, Self::Doc2025 | Self::Complete)
    }
}

/// The JSON type of a value that documents disagree about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonType {
    /// `-22`
    Number,
    /// `"-22"`
    String,
}

impl JsonType {
    /// Both, by the names scenarios use.
    pub const ALL: [(&str, Self); 2] = [("number", Self::Number), ("string", Self::String)];
}

/// Which time `event_time` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventTimeAt {
    /// When the event happened: the same in every attempt (documented).
    Event,
    /// When the attempt is made.
    Attempt,
}

impl EventTimeAt {
    /// Both, by the names scenarios use.
    pub const ALL: [(&str, Self); 2] = [("event", Self::Event), ("attempt", Self::Attempt)];
}

/// The clock that stamps are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamps {
    /// Scenario time, from `epoch` on, as fast as `--speed` says.
    Virtual,
    /// The time of day.
    Real,
}

impl Stamps {
    /// Both, by the names scenarios use.
    pub const ALL: [(&str, Self); 2] = [("virtual", Self::Virtual), ("real", Self::Real)];
}
