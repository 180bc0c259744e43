//! The lean transport: on the wire, and against receivers that misbehave, it is the other one.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use pullpush::transport::direct::DirectTransport;
use pullpush::transport::guard::Guard;
use pullpush::transport::http::{Connector, Headers, HttpSettings, HttpTransport, SystemResolver};
use pullpush::transport::{FailureKind, MAX_ANSWER_BODY, Manner, Outcome, Request, Transport};
use tokio::sync::{Semaphore, mpsc};

use super::engine::transport;
use super::receiver::OK;
use crate::hostile::server::{Connection, Server};
use crate::hostile::{assert_answered, assert_failed, assert_kind, request};

const PATIENT: Duration = Duration::from_secs(20);
const BRIEF: Duration = Duration::from_millis(100);

async fn post(url: &str) -> Outcome {
    transport().send(request(url, PATIENT)).await
}

/// What the transport of everything else makes of it.
async fn post_over_reqwest(url: &str) -> Outcome {
    crate::hostile::post(url).await
}

/// A server that answers every request of a connection, and hands it over.
fn noting(answer: &'static str) -> (Server, mpsc::UnboundedReceiver<String>) {
    let (sender, requests) = mpsc::unbounded_channel();
    let server = Server::start(move |mut connection| {
        let sender = sender.clone();
        async move {
            loop {
                sender.send(connection.request().await?).map_err(io::Error::other)?;
                connection.send(answer).await?;
            }
        }
    });
    (server, requests)
}

/// The request with its headers in order.
fn sorted(request: &str) -> (String, Vec<String>, String) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let (first, headers) = head.split_once("\r\n").unwrap();
    let mut headers: Vec<_> = headers.lines().map(str::to_owned).collect();
    headers.sort_unstable();
    (first.to_owned(), headers, body.to_owned())
}

#[tokio::test]
async fn its_requests_are_those_of_the_other_transport() {
    let (server, mut requests) = noting(OK);
    for given in [
        &[][..],
        &[("X-Stage", "a"), ("x-stage", "b"), ("User-Agent", "TencentCloud")],
        &[("Content-Type", "text/plain"), ("Connection", "close"), ("Accept", "application/json")],
        &[("Host", "receiver.test")],
    ] {
        let mut headers = Headers::default();
        given.iter().for_each(|(name, value)| headers.add(name, value).unwrap());
        let direct = DirectTransport::new(Connector::new(Guard::default(), Arc::new(SystemResolver)), &headers);
        let settings = HttpSettings { headers, ..HttpSettings::default() };
        let whole = HttpTransport::new(&settings, Arc::new(SystemResolver)).unwrap();
        for url in [server.url.clone(), format!("{}/shows/7?a=1&b=%20#c", server.url)] {
            for content_type in [None, Some("text/plain; charset=latin1")] {
                for manner in [Manner::Usual, Manner::Closing] {
                    let request = Request { content_type, manner, ..request(&url, PATIENT) };
                    assert_answered(&direct.send(request.clone()).await, 200, "");
                    let ours = requests.recv().await.unwrap();
                    assert_answered(&whole.send(request).await, 200, "");
                    let theirs = requests.recv().await.unwrap();
                    assert_eq!(sorted(&ours), sorted(&theirs), "{given:?} {manner:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn it_makes_the_same_of_every_answer() {
    let ok = "HTTP/1.1 200 OK\r\n";
    for answer in [
        "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
        "HTTP/1.1 500 Oh\r\ncontent-length: 4\r\n\r\nsigh".to_owned(),
        format!("{ok}transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "HTTP/1.0 200 OK\r\n\r\nuntil the end".to_owned(),
        "HTTP/1.1 302 Away\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n".to_owned(),
        format!("{ok}content-length: {}\r\n\r\n{}", MAX_ANSWER_BODY, "x".repeat(MAX_ANSWER_BODY)),
        format!("{ok}content-length: {}\r\n\r\n{}", MAX_ANSWER_BODY + 1, "x".repeat(MAX_ANSWER_BODY + 1)),
        "\x16\x03\x01\0\0 what?".to_owned(),
        "220 mail.test ESMTP\r\n".to_owned(),
        "HTTP/1.1 abc\r\n\r\n".to_owned(),
        format!("{ok}no colon\r\n\r\n"),
        format!("{ok}content-length: many\r\n\r\n"),
        format!("{ok}x-big: {}\r\n\r\n", "y".repeat(1024 * 1024)),
        format!("{ok}{}\r\n", "x: y\r\n".repeat(200_000)),
        format!("{ok}transfer-encoding: chunked\r\n\r\nzz\r\n"),
        format!("{ok}transfer-encoding: chunked\r\n\r\n2\r\nhi!!"),
        String::new(),
        "HTTP/1.1 2".to_owned(),
        format!("{ok}content-length: 10\r\n\r\nhalf"),
        format!("{ok}transfer-encoding: chunked\r\n\r\n5\r\nhal"),
    ] {
        let server = Server::answering(answer.clone());
        let (ours, theirs) = (post(&server.url).await, post_over_reqwest(&server.url).await);
        assert_eq!(ours, theirs, "{}", answer.chars().take(60).collect::<String>());
        assert_eq!((server.connections(), server.requests()), (2, 2), "redirected, or sent twice");
    }
}

#[tokio::test]
async fn an_endless_body_costs_no_more_than_the_limit() {
    let (sender, mut taken) = mpsc::unbounded_channel();
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
    let transport = transport();
    assert_answered(&transport.send(request(&server.url, PATIENT)).await, 200, &"x".repeat(MAX_ANSWER_BODY));
    assert_eq!(transport.free_connections(), 0, "it is of no use any more");
    // What lies in the buffers of both sockets was written, though nobody will read it: at most 6 MB on Linux.
    let written = taken.recv().await.unwrap();
    assert!(written < MAX_ANSWER_BODY + 8 * 1024 * 1024, "{written}");
}

#[tokio::test]
async fn silence_is_a_timeout_also_drop_by_drop() {
    for answer in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"] {
        let server = Server::start(move |mut connection| async move {
            connection.request().await?;
            connection.send(answer).await?;
            connection.hold().await
        });
        let transport = transport();
        let outcome = transport.send(request(&server.url, BRIEF)).await;
        assert_failed(&outcome, FailureKind::Timeout, "no whole answer within 100ms");
        // An answer that comes too late is nobody else's.
        assert_eq!(transport.free_connections(), 0);
    }
    let server = Server::start(move |mut connection| async move {
        connection.request().await?;
        connection.send("HTTP/1.1 200 OK\r\nx-long: ").await?;
        let mut drip = tokio::time::interval(Duration::from_millis(10));
        loop {
            drip.tick().await;
            connection.send("x").await?;
        }
    });
    assert_kind(&transport().send(request(&server.url, BRIEF)).await, FailureKind::Timeout);
}

#[tokio::test]
async fn a_port_where_nobody_listens_refuses() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for host in ["127.0.0.1", "localhost"] {
        assert_failed(&post(&format!("http://{host}:{port}/")).await, FailureKind::Refused, "Connection refused");
    }
}

#[tokio::test]
async fn the_guard_stands_before_every_connection() {
    // The kernel opens no TCP connection there: were the guard broken, still no packet would leave the machine.
    for url in ["http://224.0.0.1:9/", "http://[fe80::1]:9/", "http://3758096385:9/"] {
        let ours = post(url).await;
        assert_kind(&ours, FailureKind::Forbidden);
        assert_eq!(ours, post_over_reqwest(url).await);
    }
}

#[tokio::test]
async fn what_cannot_be_posted_to_fails() {
    for url in ["callback", "ftp://127.0.0.1/", "https://127.0.0.1:1/"] {
        assert_kind(&post(url).await, FailureKind::Network);
    }
}

#[tokio::test]
async fn a_connection_serves_all_addresses_of_its_host() {
    let (one, _requests) = noting("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    let (other, _requests) = noting("HTTP/1.1 204 No Content\r\n\r\n");
    let transport = transport();
    for show in 0..5 {
        assert_answered(&transport.send(request(&format!("{}/shows/{show}", one.url), PATIENT)).await, 200, "ok");
        assert_answered(&transport.send(request(&format!("{}/shows/{show}", other.url), PATIENT)).await, 204, "");
    }
    assert_eq!((one.connections(), other.connections(), transport.free_connections()), (1, 1, 2));
}

/// Answers one request and closes the connection, without a word about it.
async fn answer_and_close(mut connection: Connection) -> io::Result<()> {
    connection.request().await?;
    connection.send(OK).await
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_not_used() {
    let server = Server::start(answer_and_close);
    let transport = transport();
    for sent in 1..=5 {
        assert_answered(&transport.send(request(&server.url, PATIENT)).await, 200, "");
        while transport.free_connections() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!((server.connections(), server.requests()), (sent, sent));
    }
}

#[test]
fn a_request_that_meets_a_closing_connection_goes_over_another() {
    let (gate, closed) = (Arc::new(Semaphore::new(0)), std::sync::mpsc::channel());
    let (close, closed, is_closed) = (Arc::clone(&gate), closed.0, closed.1);
    let server = super::receiver::Receiver::start(move |mut connection| {
        let (close, closed) = (Arc::clone(&close), closed.clone());
        async move {
            connection.request().await?;
            connection.send(OK).await?;
            close.acquire().await.map_err(io::Error::other)?.forget();
            drop(connection);
            closed.send(()).map_err(io::Error::other)
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let transport = transport();
        for _ in 0..5 {
            assert_answered(&transport.send(request(&server.url, PATIENT)).await, 200, "");
            assert_eq!(transport.free_connections(), 1);
            gate.add_permits(1);
            is_closed.recv().unwrap();
            // The runtime hears of it, and the connection's own task has not had its turn.
            tokio::task::yield_now().await;
            assert_eq!(transport.free_connections(), 1);
        }
    });
    assert_eq!(server.requests(), 5);
}

#[tokio::test]
async fn a_request_is_never_sent_twice() {
    let server = Server::start(|mut connection| async move {
        connection.request().await?;
        connection.send(OK).await?;
        connection.request().await.map(drop)
    });
    let transport = transport();
    assert_answered(&transport.send(request(&server.url, PATIENT)).await, 200, "");
    assert_kind(&transport.send(request(&server.url, PATIENT)).await, FailureKind::Reset);
    assert_eq!((server.connections(), server.requests()), (1, 2));
}
