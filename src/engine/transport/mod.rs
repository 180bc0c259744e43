//! How a request reaches the receiver: real HTTP, or a scripted receiver in memory.

pub mod guard;
pub mod http;
pub mod memory;

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use reqwest::Method;
use reqwest::header::HeaderMap;

use crate::scenario::expect::Answer;
use crate::scenario::fault::BadConnection;

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
    /// How it is sent badly, if it is.
    pub connection: Option<BadConnection>,
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
            connection: None,
            is_elsewhere: false,
            most: MAX_ANSWER_BODY,
        }
    }

    /// Whether it is sent as every client would send it.
    pub const fn is_sent_well(&self) -> bool {
        matches!(self.connection, None | Some(BadConnection::NoKeepAlive))
    }

    /// How long sending itself takes, at the most, because it is to be bad. Nobody can blame the receiver for that.
    pub fn takes(&self) -> Duration {
        self.connection.map_or(Duration::ZERO, BadConnection::takes)
    }
}

/// What an attempt met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver answered.
    Answered(Answer),
    /// There was no answer.
    Failed(Failure),
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
    /// We ended it ourselves, as [`Request::connection`] wanted.
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
/// after [`Request::timeout`], which begins anew with the second sending; what [`Request::takes`] says comes on top.
#[expect(async_fn_in_trait, reason = "the player runs on one thread; its futures need not be Send")]
pub trait Transport {
    /// Sends one request.
    async fn exchange(&self, request: Request) -> Exchange;

    /// Sends one request of which nobody measures the time.
    async fn send(&self, request: Request) -> Outcome {
        self.exchange(request).await.outcome
    }
}
