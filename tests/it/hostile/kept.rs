//! Connections that are kept, and receivers that close them: whenever they do it, only a missing answer is their failure.

use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use pullpush::engine::transport::{Exchange, FailureKind, Outcome, Request, Transport};

use super::server::{Connection, Server};
use super::{PATIENT, assert_answered, assert_kind, request, transport};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// What a receiver does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Answer,
    AnswerAndClose,
    AnswerAndReset,
    AnswerAndHalfClose,
    AnswerInHttp10,
    AnswerSayingClose,
    Close,
    Reset,
    Half,
    HalfAndReset,
}

use Deed::*;

impl Deed {
    const ALL: [Self; 10] = [
        Answer,
        AnswerAndClose,
        AnswerAndReset,
        AnswerAndHalfClose,
        AnswerInHttp10,
        AnswerSayingClose,
        Close,
        Reset,
        Half,
        HalfAndReset,
    ];

    fn answers(self) -> bool {
        !matches!(self, Close | Reset | Half | HalfAndReset)
    }

    /// Does it; gives the connection back if it goes on.
    async fn done(self, mut connection: Connection) -> io::Result<Option<Connection>> {
        match self {
            Answer | AnswerAndClose | AnswerAndReset | AnswerAndHalfClose => connection.send(OK).await?,
            AnswerInHttp10 => connection.send("HTTP/1.0 200 OK\r\n\r\nok").await?,
            AnswerSayingClose => {
                connection.send("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok").await?;
            }
            Half | HalfAndReset => connection.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no").await?,
            Close | Reset => {}
        }
        match self {
            Answer => return Ok(Some(connection)),
            AnswerAndReset | Reset | HalfAndReset => connection.reset()?,
            AnswerAndHalfClose => {
                connection.finish().await?;
                pending::<()>().await;
            }
            _ => {}
        }
        Ok(None)
    }
}

/// A request that a receiver read: which, what it did, and whether its connection had served before.
#[derive(Debug, Clone)]
struct Read {
    id: usize,
    deed: Deed,
    served_before: bool,
}

type Log = Arc<Mutex<Vec<Read>>>;

/// A receiver that does one deed after the other, and then answers; and what it wrote down.
fn receiver(deeds: Vec<Deed>) -> (Server, Log) {
    let log = Log::default();
    let (deeds, written) = (Arc::new(Mutex::new(deeds.into_iter())), Arc::clone(&log));
    let server = Server::start(move |connection| {
        let (deeds, log) = (Arc::clone(&deeds), Arc::clone(&written));
        async move {
            let (mut connection, mut served_before) = (connection, false);
            loop {
                let request = connection.request().await?;
                let deed = deeds.lock().unwrap().next().unwrap_or(Answer);
                let (_, id) = request.rsplit_once('#').unwrap();
                log.lock().unwrap().push(Read { id: id.parse().unwrap(), deed, served_before });
                match deed.done(connection).await? {
                    Some(same) => connection = same,
                    None => return Ok(()),
                }
                served_before = true;
            }
        }
    });
    (server, log)
}

fn numbered(url: &str, id: usize) -> Request {
    Request::post(url.to_owned(), format!("#{id}").into(), PATIENT)
}

/// Sends so many requests, `at_once` at a time, and compares each verdict with what the receiver wrote down.
async fn verdicts_are_the_receivers_own((server, log): (Server, Log), deeds: &[Deed], requests: usize, at_once: usize) {
    let transport = transport();
    for first in (0..requests).step_by(at_once) {
        let row = (first..requests.min(first + at_once)).map(async |id| {
            let exchange = transport.exchange(numbered(&server.url, id)).await;
            let read: Vec<_> = log.lock().unwrap().iter().filter(|read: &&Read| read.id == id).cloned().collect();
            let (last, unanswered) = read.split_last().expect("it was read");
            let context = format!("{exchange:?} of {read:?} in {deeds:?}");
            assert_eq!(matches!(exchange.outcome, Outcome::Answered(_)), last.deed.answers(), "{context}");
            // Read more than once only where a connection that had served before ended without an answer.
            let is_nobodys_fault = |read: &Read| read.served_before && matches!(read.deed, Close | Reset);
            assert!(!is_nobodys_fault(last), "{context}");
            assert!(unanswered.len() <= 1 && unanswered.iter().all(is_nobodys_fault), "{context}");
            assert!(unanswered.is_empty() || exchange.resent_after.is_some(), "{context}");
        });
        futures_util::future::join_all(row).await;
    }
}

fn on_runtime(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future);
}

proptest! {
    #![proptest_config(crate::properties::cases(60))]

    #[test]
    fn verdicts_are_what_the_receiver_did(
        deeds in vec(proptest::sample::select(&Deed::ALL[..]), 0..60),
        at_once in 1_usize..5,
    ) {
        // The receiver is a future of another thread, as it is of another process: it closes whenever it likes.
        let (tell, told) = std::sync::mpsc::channel();
        let (life, end) = tokio::sync::oneshot::channel::<()>();
        let script = deeds.clone();
        let thread = std::thread::spawn(move || on_runtime(async {
            tell.send(receiver(script)).unwrap();
            let _ = end.await;
        }));
        on_runtime(verdicts_are_the_receivers_own(told.recv().unwrap(), &deeds, 40, at_once));
        drop(life);
        thread.join().unwrap();
    }
}

#[tokio::test]
async fn however_a_connection_ends_after_an_answer_nobody_failed() {
    for deed in Deed::ALL.into_iter().filter(|deed| deed.answers()) {
        for rhythm in [vec![deed], vec![Answer, deed], vec![Answer, Answer, Answer, deed]] {
            let deeds: Vec<_> = rhythm.iter().copied().cycle().take(40).collect();
            let (server, log) = receiver(deeds);
            let transport = transport();
            for id in 0..40 {
                assert_answered(&transport.send(numbered(&server.url, id)).await, 200, "ok");
            }
            assert_eq!(log.lock().unwrap().len(), 40, "each was read once: {rhythm:?}");
        }
    }
}

/// Answers one request of every connection; when the next begins to arrive, closes without reading it.
async fn close_under_the_next(mut connection: Connection) -> io::Result<()> {
    connection.request().await?;
    connection.send(OK).await?;
    connection.readable().await
}

#[tokio::test]
async fn a_close_that_races_with_the_next_request_is_no_failure() {
    let server = Server::start(close_under_the_next);
    let transport = transport();
    let first = transport.exchange(request(&server.url, PATIENT)).await;
    assert_eq!(first.resent_after, None);
    for sent in 2..20 {
        let Exchange { outcome, resent_after } = transport.exchange(request(&server.url, PATIENT)).await;
        assert_answered(&outcome, 200, "ok");
        assert!(resent_after.is_some());
        assert_eq!((server.connections(), server.requests()), (sent, sent));
    }
}

#[tokio::test]
async fn what_is_sent_again_is_sent_once_and_fails_like_any_other() {
    for end in [Close, Reset, Half, HalfAndReset] {
        let (server, log) = receiver(vec![Answer, Close, end]);
        let transport = transport();
        assert_answered(&transport.send(numbered(&server.url, 0)).await, 200, "ok");
        let Exchange { outcome, resent_after } = transport.exchange(numbered(&server.url, 1)).await;
        assert_kind(&outcome, FailureKind::Reset);
        assert!(resent_after.is_some());
        assert_eq!(log.lock().unwrap().iter().map(|read| read.id).collect::<Vec<_>>(), [0, 1, 1], "{end:?}");
    }
}

#[tokio::test]
async fn half_an_answer_is_a_failure_on_any_connection() {
    for half in [Half, HalfAndReset] {
        let (server, log) = receiver(vec![Answer, half]);
        let transport = transport();
        assert_answered(&transport.send(numbered(&server.url, 0)).await, 200, "ok");
        let Exchange { outcome, resent_after } = transport.exchange(numbered(&server.url, 1)).await;
        assert_kind(&outcome, FailureKind::Reset);
        assert_eq!((resent_after, log.lock().unwrap().len()), (None, 2));
    }
}

#[tokio::test]
async fn the_second_sending_has_all_the_time() {
    let pause = Duration::from_millis(300);
    let server = Server::start(move |mut connection| async move {
        connection.request().await?;
        tokio::time::sleep(pause).await;
        connection.send(OK).await?;
        connection.request().await?;
        tokio::time::sleep(pause).await;
        Ok(())
    });
    let transport = transport();
    let request = || request(&server.url, Duration::from_millis(500));
    assert_answered(&transport.send(request()).await, 200, "ok");
    // 300 ms until the connection ends, and 300 ms until the answer.
    let Exchange { outcome, resent_after } = transport.exchange(request()).await;
    assert_answered(&outcome, 200, "ok");
    assert!(resent_after.unwrap() >= pause, "{resent_after:?}");
}

#[tokio::test]
async fn a_connection_serves_all_addresses_of_its_host() {
    let (one, _) = receiver(Vec::new());
    let (other, _) = receiver(Vec::new());
    let transport = transport();
    for show in 0..5 {
        assert_answered(&transport.send(numbered(&format!("{}/shows/{show}", one.url), show)).await, 200, "ok");
        assert_answered(&transport.send(numbered(&format!("{}/shows/{show}", other.url), show)).await, 200, "ok");
    }
    assert_eq!((one.connections(), other.connections(), transport.free_connections()), (1, 1, 2));
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_not_used() {
    let (server, _) = receiver(vec![AnswerAndClose; 5]);
    let transport = transport();
    for sent in 0..5 {
        assert_answered(&transport.send(numbered(&server.url, sent)).await, 200, "ok");
        while transport.free_connections() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!((server.connections(), server.requests()), (sent + 1, sent + 1));
    }
}

#[tokio::test]
async fn a_connection_that_is_idle_for_long_is_closed() {
    let (closed, mut is_closed) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut connection| {
        let closed = closed.clone();
        async move {
            connection.request().await?;
            connection.send(OK).await?;
            connection.all().await.1?;
            closed.send(()).map_err(io::Error::other)
        }
    });
    let transport = transport();
    assert_answered(&transport.send(request(&server.url, PATIENT)).await, 200, "ok");
    // Servers wait for their connections to end: gunicorn for 2 s.
    is_closed.recv().await.unwrap();
    assert_eq!(transport.free_connections(), 0);
}
