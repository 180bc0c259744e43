//! Faults: what is done on purpose to one delivery on its way.

pub mod chances;
mod corrupt;
mod kinds;
pub mod matching;
pub mod window;

pub use kinds::{BadConnection, Corruption, DuplicateAs, SLOW_PAUSE, SLOW_PIECES};

use std::fmt;

use crate::callback::sign::BadSignature;
use crate::time::Millis;

/// What befalls one delivery, settled in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// It is never sent.
    pub dropped: bool,
    /// It is sent so much later; others may overtake it.
    pub delay: Option<Millis>,
    /// It is sent once more.
    pub duplicate: Option<Duplicate>,
    /// Its first attempt is damaged.
    pub corruption: Option<Corruption>,
    /// Its first attempt is signed wrongly.
    pub signature: Option<BadSignature>,
    /// Its first attempt is sent badly.
    pub connection: Option<BadConnection>,
}

/// A delivery that comes twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplicate {
    /// How long after the first.
    pub after: Millis,
    /// What is sent.
    pub sends: DuplicateAs,
}

impl Faults {
    /// Whether nothing befalls it.
    pub fn is_clear(&self) -> bool {
        *self == Self::default()
    }

    /// What is done to one attempt: only the first is spoilt, what follows is the service's own, intact.
    pub fn of_attempt(&self, number: u32) -> AttemptFaults {
        if number > 1 {
            return AttemptFaults::default();
        }
        AttemptFaults { corruption: self.corruption, signature: self.signature, connection: self.connection }
    }

    /// What of it befalls the second of two: bytes that are the same are as bad, on a good connection.
    #[must_use]
    pub fn of_duplicate(&self, sends: DuplicateAs) -> Self {
        match sends {
            DuplicateAs::SameBytes => {
                Self { corruption: self.corruption, signature: self.signature, ..Self::default() }
            }
            DuplicateAs::NewAttempt => Self::default(),
        }
    }

    /// One of its faults alone.
    #[must_use]
    pub fn only(&self, fault: Fault) -> Self {
        let nothing = Self::default();
        match fault {
            Fault::Drop => Self { dropped: self.dropped, ..nothing },
            Fault::Duplicate => Self { duplicate: self.duplicate, ..nothing },
            Fault::Delay => Self { delay: self.delay, ..nothing },
            Fault::Corrupt => Self { corruption: self.corruption, ..nothing },
            Fault::Signature => Self { signature: self.signature, ..nothing },
            Fault::Connection => Self { connection: self.connection, ..nothing },
        }
    }

    /// The faults by name, in the order of [`FAULTS`].
    pub fn names(&self) -> impl Iterator<Item = Fault> {
        let has = [
            (Fault::Drop, self.dropped),
            (Fault::Duplicate, self.duplicate.is_some()),
            (Fault::Delay, self.delay.is_some()),
            (Fault::Corrupt, self.corruption.is_some()),
            (Fault::Signature, self.signature.is_some()),
            (Fault::Connection, self.connection.is_some()),
        ];
        has.into_iter().filter_map(|(fault, has)| has.then_some(fault))
    }
}

/// `drop, duplicate after 300ms, corrupt: truncated`
impl fmt::Display for Faults {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            self.dropped.then(|| "drop".to_owned()),
            self.delay.map(|by| format!("delay by {by}")),
            self.duplicate.map(|duplicate| format!("duplicate after {}", duplicate.after)),
            self.corruption.map(|kind| format!("corrupt: {}", kind.name())),
            self.signature.map(|kind| format!("signature: {}", kind.name())),
            self.connection.map(|kind| format!("connection: {}", kind.name())),
        ];
        out.write_str(&words.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

/// What is done to one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AttemptFaults {
    /// How its body is damaged.
    pub corruption: Option<Corruption>,
    /// How its signature is wrong.
    pub signature: Option<BadSignature>,
    /// How it is sent badly.
    pub connection: Option<BadConnection>,
}

impl AttemptFaults {
    /// The body as it arrives.
    pub fn apply(&self, body: Vec<u8>) -> Vec<u8> {
        match self.corruption {
            Some(how) => corrupt::corrupt(body, how),
            None => body,
        }
    }

    /// The Content-Type of the attempt, where it is not the usual one.
    pub fn content_type(&self) -> Option<&'static str> {
        (self.corruption == Some(Corruption::WrongContentType)).then_some("text/plain")
    }

    /// Whether the receiver gets something else than a good callback, or only a part of it.
    pub fn is_spoilt(&self) -> bool {
        self.corruption.is_some() || self.signature.is_some() || self.cuts_off()
    }

    /// Whether the connection ends before the request does.
    pub fn cuts_off(&self) -> bool {
        matches!(self.connection, Some(BadConnection::CutBody | BadConnection::Reset))
    }

    /// Whether a receiver may just as well take it: it can be read, and is odd only.
    pub fn is_tolerable(&self) -> bool {
        self.signature.is_none() && self.corruption.is_none_or(Corruption::is_tolerable)
    }
}

/// The faults that a chance can be given for. Their order is part of what a seed means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Never sent.
    Drop,
    /// Sent twice.
    Duplicate,
    /// Sent late.
    Delay,
    /// Damaged.
    Corrupt,
    /// Signed wrongly.
    Signature,
    /// Sent badly.
    Connection,
}

/// All of them.
pub const FAULTS: [Fault; 6] =
    [Fault::Drop, Fault::Duplicate, Fault::Delay, Fault::Corrupt, Fault::Signature, Fault::Connection];

impl Fault {
    /// The key scenarios use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Duplicate => "duplicate",
            Self::Delay => "delay",
            Self::Corrupt => "corrupt",
            Self::Signature => "signature",
            Self::Connection => "connection",
        }
    }
}
