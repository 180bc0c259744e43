//! The kinds of each fault, by the names scenarios use.

use std::time::Duration;

use super::corrupt::HUGE;

/// How a body is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corruption {
    /// Cut in the middle.
    Truncated,
    /// Single quotes where JSON has double ones.
    NotJson,
    /// `msg` is cut: the outer object is JSON, the inner one is not.
    MsgNotJson,
    /// `callback_event` is a number.
    WrongType,
    /// There is no `callback_event`.
    MissingField,
    /// A `callback_event` that nobody has heard of.
    UnknownEvent,
    /// A field of a mebibyte more.
    Huge,
    /// A byte that is not UTF-8, inside a string.
    BadUtf8,
    /// The right bytes as `text/plain`.
    WrongContentType,
}

impl Corruption {
    /// All of them, by the names scenarios use.
    pub const ALL: [(&str, Self); 9] = [
        ("truncated", Self::Truncated),
        ("not-json", Self::NotJson),
        ("msg-not-json", Self::MsgNotJson),
        ("wrong-type", Self::WrongType),
        ("missing-field", Self::MissingField),
        ("unknown-event", Self::UnknownEvent),
        ("huge", Self::Huge),
        ("bad-utf8", Self::BadUtf8),
        ("wrong-content-type", Self::WrongContentType),
    ];

    /// Whether a receiver may just as well take it: what it says can be read, and a refusal only brings it back.
    pub const fn is_tolerable(self) -> bool {
        matches!(self, Self::UnknownEvent | Self::Huge | Self::WrongContentType)
    }

    /// How many bytes it adds to a body.
    pub const fn adds(self) -> usize {
        if matches!(self, Self::Huge) { HUGE } else { 0 }
    }

    /// The name scenarios use.
    pub fn name(self) -> &'static str {
        name(&Self::ALL, self)
    }
}

/// How many pieces a slow body comes in.
pub const SLOW_PIECES: u32 = 10;
/// The pause before each piece of a slow body, and before a body is broken off.
pub const SLOW_PAUSE: Duration = Duration::from_millis(200);

/// How a request is sent badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadConnection {
    /// The body comes in [`SLOW_PIECES`] pieces, [`SLOW_PAUSE`] apart.
    SlowBody,
    /// The connection is closed when half of the body is out.
    CutBody,
    /// The connection is reset when half of the body is out; over TLS, once it stands.
    Reset,
    /// The connection is closed after the answer.
    NoKeepAlive,
}

impl BadConnection {
    /// All of them, by the names scenarios use.
    pub const ALL: [(&str, Self); 4] = [
        ("slow-body", Self::SlowBody),
        ("cut-body", Self::CutBody),
        ("reset", Self::Reset),
        ("no-keep-alive", Self::NoKeepAlive),
    ];

    /// How long sending itself takes with it, at the most.
    pub const fn takes(self) -> Duration {
        match self {
            Self::NoKeepAlive => Duration::ZERO,
            Self::SlowBody => SLOW_PAUSE.saturating_mul(SLOW_PIECES),
            Self::CutBody | Self::Reset => SLOW_PAUSE,
        }
    }

    /// The name scenarios use.
    pub fn name(self) -> &'static str {
        name(&Self::ALL, self)
    }
}

/// What a duplicate sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuplicateAs {
    /// The bytes of the first attempt once more, whatever was done to them.
    SameBytes,
    /// An attempt of its own, stamped and signed anew.
    NewAttempt,
}

impl DuplicateAs {
    /// Both, by the names scenarios use.
    pub const ALL: [(&str, Self); 2] = [("same-bytes", Self::SameBytes), ("new-attempt", Self::NewAttempt)];
}

fn name<T: PartialEq + Copy>(all: &[(&'static str, T)], wanted: T) -> &'static str {
    all.iter().find(|(_, kind)| *kind == wanted).map_or("", |(name, _)| name)
}
