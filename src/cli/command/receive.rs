//! The built-in receiver for `run`: on a loopback port in real time, in memory in virtual time.

use std::time::Duration;

use tokio::time::Instant;

use crate::cli::args::MisbehaviourArgs;
use crate::engine::transport::memory::{MemoryTransport, Reply};
use crate::engine::transport::{FailureKind, Outcome, Request};
use crate::scenario::expect::Answer;
use crate::sink::Sink;
use crate::sink::misbehaviour::Misbehaviour;
use crate::sink::reception::Reception;
use crate::time::{Millis, UnixMillis};

/// How long the receiver in memory takes to answer.
const SERVICE_TIME: Duration = Duration::from_millis(1);

/// What was typed about misbehaviour.
pub(super) fn misbehaviour(args: &MisbehaviourArgs) -> Misbehaviour {
    Misbehaviour {
        fail_first: args.fail_first,
        status: args.status,
        delay: args.delay.map_or(Duration::ZERO, |delay| *delay),
        drop_connection: args.drop_connection,
    }
}

/// What is worth saying about a reception beside the log of the run.
pub(super) fn remark(reception: &Reception) -> Option<String> {
    let complaints = reception.verdict.complaints.iter().map(ToString::to_string);
    let remarks: Vec<_> = complaints.chain(reception.note.map(|note| note.to_string())).collect();
    (!remarks.is_empty()).then(|| format!("              receiver: {}", remarks.join("; ")))
}

/// The built-in receiver in memory; it tells of every reception. Its clock begins at `epoch`, now.
pub(super) fn in_memory(
    mut sink: Sink,
    epoch: UnixMillis,
    mut on_reception: impl FnMut(&Reception),
) -> MemoryTransport<impl FnMut(&Request) -> Reply> {
    let began = Instant::now();
    MemoryTransport::new(move |request: &Request| {
        let at = epoch.plus(Millis::from_duration(began.elapsed()));
        let reception = sink.receive(&request.body, at);
        on_reception(&reception);
        let reply = reception.reply;
        let outcome = if reply.drop_connection {
            Outcome::failed(FailureKind::Reset, "connection closed without an answer")
        } else {
            Outcome::Answered(Answer::new(reply.status, reply.body))
        };
        Reply { after: Some(reply.delay.saturating_add(SERVICE_TIME)), outcome }
    })
}
