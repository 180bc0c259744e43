//! A receiver in memory, for virtual time: a function that answers.

use crate::scenario::fault::BadConnection;
use std::cell::RefCell;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::sleep;

use super::{Answer, Exchange, FailureKind, Outcome, Request, Transport};

/// What the receiver does with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// How long it takes; `None`: it never answers.
    pub after: Option<Duration>,
    /// What it answers.
    pub outcome: Outcome,
}

impl Reply {
    /// An answer with `status`, after `after`.
    pub fn status(status: u16, after: Duration) -> Self {
        let answer = Answer::new(status, Bytes::from_static(b"{\"code\":0}"));
        Self { after: Some(after), outcome: Outcome::Answered(answer) }
    }

    /// No answer at all.
    pub fn silence() -> Self {
        Self { after: None, outcome: Outcome::failed(FailureKind::Timeout, "no answer") }
    }
}

/// A transport that asks a function instead of a socket; it waits on the runtime's clock, which may be a virtual one.
#[derive(Debug)]
pub struct MemoryTransport<F> {
    receiver: RefCell<F>,
}

impl<F: FnMut(&Request) -> Reply> MemoryTransport<F> {
    /// A transport to `receiver`.
    pub fn new(receiver: F) -> Self {
        Self { receiver: RefCell::new(receiver) }
    }
}

impl<F: FnMut(&Request) -> Reply> Transport for MemoryTransport<F> {
    async fn exchange(&self, request: Request) -> Exchange {
        if request.takes() > Duration::ZERO {
            sleep(request.takes()).await;
        }
        // A receiver never sees a request that does not come to its end.
        if matches!(request.connection, Some(BadConnection::CutBody | BadConnection::Reset)) {
            return Outcome::failed(FailureKind::OnPurpose, "in the middle of the body").into();
        }
        let reply = (self.receiver.borrow_mut())(&request);
        match reply.after {
            Some(after) if after < request.timeout => {
                sleep(after).await;
                reply.outcome.into()
            }
            _ => {
                sleep(request.timeout).await;
                Outcome::failed(FailureKind::Timeout, format!("no answer within {:?}", request.timeout)).into()
            }
        }
    }
}
