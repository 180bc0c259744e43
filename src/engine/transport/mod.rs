//! How a request reaches the receiver: real HTTP, or a scripted receiver in memory.

pub mod guard;
pub mod http;
pub mod memory;

use std::fmt;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use reqwest::Method;
use reqwest::header::HeaderMap;

pub use crate::text::one_line;
use crate::text::{LOOKED_AT, gist};

/// One request: where to, the exact body, how long. A real transport adds headers, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// POST for callbacks.
    pub method: Method,
    /// Where it goes.
    pub url: String,
    /// The exact body.
    pub body: Bytes,
    /// How long the receiver may take for its whole answer.
    pub timeout: Duration,
    /// The Content-Type instead of the usual one.
    pub content_type: Option<&'static str>,
    /// How it is sent.
    pub manner: Manner,
    /// Whether it goes elsewhere than callbacks: what is only for their receiver, such as its headers, is not sent along.
    pub is_elsewhere: bool,
    /// How much of the answer's body is kept, in bytes. It is read to its end all the same.
    pub most: usize,
}

impl Request {
    /// A callback, sent as the service sends it.
    pub fn post(url: String, body: Bytes, timeout: Duration) -> Self {
        Self {
            method: Method::POST,
            url,
            body,
            timeout,
            content_type: None,
            manner: Manner::Usual,
            is_elsewhere: false,
            most: MAX_ANSWER_BODY,
        }
    }
}

/// How a request is sent: well, or badly on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    /// At once, on a connection that is kept.
    #[default]
    Usual,
    /// On a connection that is closed after the answer.
    Closing,
    /// The body comes in [`SLOW_PIECES`] pieces, [`SLOW_PAUSE`] apart.
    SlowBody,
    /// The connection is closed when half of the body is out.
    CutBody,
    /// The connection is reset when half of the body is out; over TLS, once it stands.
    Reset,
}

impl Manner {
    /// Whether it is sent as every client would send it.
    pub const fn is_well(self) -> bool {
        matches!(self, Self::Usual | Self::Closing)
    }

    /// How long sending itself takes, at the most, because it is to be bad. Nobody can blame the receiver for that.
    pub const fn length(self) -> Duration {
        match self {
            Self::Usual | Self::Closing => Duration::ZERO,
            Self::SlowBody => SLOW_PAUSE.saturating_mul(SLOW_PIECES),
            Self::CutBody | Self::Reset => SLOW_PAUSE,
        }
    }
}

/// How many pieces a slow body comes in.
pub const SLOW_PIECES: u32 = 10;
/// The pause before each piece of a slow body.
pub const SLOW_PAUSE: Duration = Duration::from_millis(200);

/// What an attempt met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver answered.
    Answered(Answer),
    /// There was no answer.
    Failed(Failure),
}

/// An answer of the receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most [`Request::most`] bytes of it.
    pub body: Bytes,
    /// Whether there was more of it.
    pub is_cut: bool,
}

impl Answer {
    /// An answer without headers.
    pub fn new(status: u16, body: Bytes) -> Self {
        Self { status, headers: HeaderMap::new(), body, is_cut: false }
    }

    /// As much of it as [`words`](Self::words) needs.
    #[must_use]
    pub fn beginning(&self) -> Self {
        let length = self.body.len().min(LOOKED_AT);
        let is_cut = self.is_cut || length < self.body.len();
        Self { is_cut, ..Self::new(self.status, Bytes::copy_from_slice(&self.body[..length])) }
    }

    /// What matters in the body, in one line for people, if there is anything in it.
    pub fn words(&self) -> Option<String> {
        gist(&self.body)
    }
}

/// A body while it is read: as much of it as counts.
#[derive(Debug)]
pub(crate) struct Kept {
    most: usize,
    body: Vec<u8>,
    is_cut: bool,
}

impl Kept {
    pub(crate) const fn new(most: usize) -> Self {
        Self { most, body: Vec::new(), is_cut: false }
    }

    pub(crate) fn take(&mut self, data: impl Buf) {
        let room = self.most - self.body.len();
        self.is_cut |= data.remaining() > room;
        self.body.put(data.take(room));
    }

    pub(crate) fn answer(self, status: u16, headers: HeaderMap) -> Answer {
        Answer { status, headers, body: self.body.into(), is_cut: self.is_cut }
    }
}

/// `404 {"error":"no such task"}`, on one line and not too long.
impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.status)?;
        self.words().map_or(Ok(()), |words| write!(out, " {words}"))
    }
}

/// How much is kept of the body of an answer whose body is not compared, in bytes: enough to show how it begins.
pub const MAX_ANSWER_BODY: usize = 64 * 1024;
/// How much is kept, and compared, of the body of an answer of which something is expected, in bytes.
pub const MAX_COMPARED_BODY: usize = 1024 * 1024;

/// Why there was no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The kind, for counting.
    pub kind: FailureKind,
    /// One line for people: what the operating system or the library said.
    pub detail: String,
}

/// The kinds of failure that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// No whole answer within the timeout.
    Timeout,
    /// Nobody listens there.
    Refused,
    /// The connection was cut before the answer was complete.
    Reset,
    /// The name has no address.
    Dns,
    /// No TLS session came about.
    Tls,
    /// What came back is not HTTP.
    InvalidAnswer,
    /// Pullpush may not connect there: see [`guard`].
    Forbidden,
    /// This machine had no local port or file descriptor left: nothing went out.
    Exhausted,
    /// Everything else, such as no route.
    Network,
    /// We ended it ourselves, as [`Manner`] wanted.
    OnPurpose,
}

impl FailureKind {
    /// The word used in logs, reports and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::InvalidAnswer => "invalid answer",
            Self::Forbidden => "forbidden",
            Self::Exhausted => "exhausted",
            Self::Network => "network",
            Self::OnPurpose => "cut on purpose",
        }
    }
}

impl Outcome {
    /// A failure of one kind.
    pub fn failed(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self::Failed(Failure { kind, detail: detail.into() })
    }

    /// Whether pullpush may not connect there. It is hopeless, and not the receiver's failure.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Failed(failure) if failure.kind == FailureKind::Forbidden)
    }

    /// Success by the letter of the document: status 200 exactly; the body does not matter.
    pub const fn is_acknowledged(&self) -> bool {
        matches!(self, Self::Answered(Answer { status: 200, .. }))
    }
}

/// What came of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// What it met.
    pub outcome: Outcome,
    /// Set if the receiver closed a connection that had served before, without a byte of an answer, and the request was sent once
    /// more on a new one: how long after the first sending. The outcome is that of the second.
    pub resent_after: Option<Duration>,
}

impl From<Outcome> for Exchange {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, resent_after: None }
    }
}

/// Something that can carry a request to the receiver and bring back what it met.
///
/// Implementations never retry but for what [`Exchange::resent_after`] tells, never follow redirects, and give up by themselves
/// after [`Request::timeout`], which begins anew with the second sending; what [`Manner::length`] says comes on top.
#[expect(async_fn_in_trait, reason = "the player runs on one thread; its futures need not be Send")]
pub trait Transport {
    /// Sends one request.
    async fn exchange(&self, request: Request) -> Exchange;

    /// Sends one request of which nobody measures the time.
    async fn send(&self, request: Request) -> Outcome {
        self.exchange(request).await.outcome
    }
}
