//! Whatever a receiver answers, it is an outcome, in time.

use std::io;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use pullpush::engine::transport::{FailureKind, MAX_ANSWER_BODY, Outcome, Request, Transport};

use super::cases;
use super::mangled::mangled;
use crate::hostile::server::Server;
use crate::hostile::transport;

/// Answers that are ones, before anything is done to them.
fn answers() -> Vec<Vec<u8>> {
    [
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{\"code\":0}",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n{\"co\r\n6\r\nde\":0}\r\n0\r\nx-end: 1\r\n\r\n",
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.0 200 OK\r\nconnection: close\r\n\r\nuntil the end",
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    ]
    .iter()
    .map(|answer| answer.as_bytes().to_vec())
    .collect()
}

/// What comes of a request that is answered so, in pieces, before the connection is closed.
async fn met(transport: &impl Transport, answer: &[u8], pieces: usize) -> Outcome {
    let answer = answer.to_vec();
    let server = Server::start(move |mut connection| {
        let answer = answer.clone();
        async move {
            connection.request().await?;
            for piece in answer.chunks(answer.len().div_ceil(pieces).max(1)) {
                connection.send(piece).await?;
                tokio::task::yield_now().await;
            }
            io::Result::Ok(())
        }
    });
    let request = Request::post(server.url.clone(), "{}".into(), Duration::from_secs(5));
    tokio::time::timeout(Duration::from_secs(20), transport.send(request)).await.expect("an end")
}

fn is_an_outcome(answer: &[u8], pieces: usize) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match runtime.block_on(met(&transport(), answer, pieces)) {
        Outcome::Answered(answer) => {
            prop_assert!((100..=999).contains(&answer.status), "{answer:?}");
            prop_assert!(answer.body.len() <= MAX_ANSWER_BODY);
        }
        // The server closes the connection: nothing is waited for.
        Outcome::Failed(failure) => {
            let expected = [FailureKind::Reset, FailureKind::InvalidAnswer];
            prop_assert!(expected.contains(&failure.kind), "{failure:?}");
            prop_assert!(!failure.detail.is_empty() && !failure.detail.contains('\n'));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(80))]

    #[test]
    fn almost_answers(answer in mangled(answers()), pieces in 1usize..5) {
        is_an_outcome(&answer, pieces)?;
    }

    #[test]
    fn anything(answer in vec(any::<u8>(), 0..200), pieces in 1usize..5) {
        is_an_outcome(&answer, pieces)?;
    }
}
