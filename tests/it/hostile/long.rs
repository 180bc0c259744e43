//! Answers that are longer than what counts of them: they are read to their end, and only their beginning is kept.

use std::io;

use pullpush::engine::transport::{FailureKind, MAX_ANSWER_BODY, Outcome, Request, Transport};

use super::server::Server;
use super::{PATIENT, assert_failed, assert_kind, post, post_briefly, request, transport};

const SIZES: [usize; 5] = [MAX_ANSWER_BODY - 1, MAX_ANSWER_BODY, MAX_ANSWER_BODY + 1, 3 * MAX_ANSWER_BODY, 8 << 20];

/// An answer with a body of `size` bytes, and another way to say the same.
fn answers(size: usize) -> [Vec<u8>; 3] {
    let body = "x".repeat(size);
    let ok = "HTTP/1.1 200 OK\r\n";
    [
        format!("{ok}content-length: {size}\r\n\r\n{body}"),
        format!("{ok}transfer-encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\n"),
        format!("HTTP/1.0 200 OK\r\n\r\n{body}"),
    ]
    .map(String::into_bytes)
}

#[tokio::test]
async fn a_whole_answer_of_any_size_is_an_answer() {
    for size in SIZES {
        for answer in answers(size) {
            let outcome = post(&Server::answering(answer).url).await;
            let Outcome::Answered(answer) = outcome else { panic!("{size}: {outcome:?}") };
            let (kept, is_cut) = (size.min(MAX_ANSWER_BODY), size > MAX_ANSWER_BODY);
            assert_eq!((answer.status, answer.body.len(), answer.is_cut), (200, kept, is_cut));
        }
    }
}

#[tokio::test]
async fn an_answer_that_stalls_is_a_timeout_and_one_that_breaks_off_a_reset_however_much_came() {
    for size in SIZES {
        for [answer, missing] in
            answers(size).into_iter().take(2).flat_map(|answer| [[answer.clone(), vec![1]], [answer, vec![0; 300]]])
        {
            let part = answer[..answer.len() - missing.len()].to_vec();
            let begun = part.clone();
            let stalling = Server::start(move |mut connection| {
                let begun = begun.clone();
                async move {
                    connection.request().await?;
                    connection.send(begun).await?;
                    connection.hold().await
                }
            });
            assert_failed(&post_briefly(&stalling.url).await, FailureKind::Timeout, "no whole answer within 200ms");
            assert_kind(&post(&Server::answering(part).url).await, FailureKind::Reset);
        }
    }
}

#[tokio::test]
async fn an_endless_answer_is_a_timeout_and_takes_no_memory() {
    let (sender, mut taken) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut connection| {
        let sender = sender.clone();
        async move {
            connection.request().await?;
            connection.send("HTTP/1.1 200 OK\r\n\r\n").await?;
            let mut written = 0;
            while connection.send([b'x'; 4096]).await.is_ok() {
                written += 4096;
            }
            sender.send(written).map_err(io::Error::other)
        }
    });
    assert_kind(&post_briefly(&server.url).await, FailureKind::Timeout);
    // It was read on, beyond what is kept and what lies in the buffers of both sockets, until its time was over.
    assert!(taken.recv().await.unwrap() > MAX_ANSWER_BODY);
}

#[tokio::test]
async fn a_connection_serves_on_after_a_long_answer() {
    let server = Server::start(|mut connection| async move {
        loop {
            connection.request().await?;
            connection.send(&answers(3 * MAX_ANSWER_BODY)[1]).await?;
        }
    });
    let transport = transport();
    for most in [0, 10, MAX_ANSWER_BODY] {
        let outcome = transport.send(Request { most, ..request(&server.url, PATIENT) }).await;
        assert!(matches!(&outcome, Outcome::Answered(answer) if answer.is_cut && answer.body.len() == most));
    }
    assert_eq!((server.connections(), server.requests()), (1, 3));
}
