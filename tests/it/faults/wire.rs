//! Requests that are sent badly, over real sockets: what a server gets that sees every byte.

use std::io;
use std::time::Duration;

use pullpush::engine::transport::{FailureKind, Outcome, Request, Transport};
use pullpush::scenario::fault::{BadConnection, SLOW_PAUSE, SLOW_PIECES};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;

use crate::hostile::server::Server;
use crate::hostile::{assert_answered, assert_failed, assert_kind, transport};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// Long enough to be more than one piece whatever happens.
fn body() -> String {
    format!("{{\"padding\":\"{}\"}}", "x".repeat(1000))
}

fn request(url: &str, connection: Option<BadConnection>) -> Request {
    let patient = Duration::from_secs(20);
    Request { connection, ..Request::post(format!("{url}/callback?a=1"), body().into(), patient) }
}

/// A server that reads whatever comes without an answer, and says what it was and how it ended.
fn listener() -> (Server, UnboundedReceiver<(String, io::Result<()>)>) {
    let (sender, seen) = unbounded_channel();
    let server = Server::start(move |mut connection| {
        let sender = sender.clone();
        async move { sender.send(connection.all().await).map_err(io::Error::other) }
    });
    (server, seen)
}

/// A server that answers every request of a connection with 200, and says what it was.
fn polite() -> (Server, UnboundedReceiver<String>) {
    let (sender, seen) = unbounded_channel();
    let server = Server::start(move |mut connection| {
        let sender = sender.clone();
        async move {
            loop {
                sender.send(connection.request().await?).map_err(io::Error::other)?;
                connection.send(OK).await?;
            }
        }
    });
    (server, seen)
}

fn head_and_body(request: &str) -> (&str, &str) {
    request.split_once("\r\n\r\n").unwrap()
}

#[tokio::test]
async fn a_slow_body_arrives_whole() {
    let (server, mut seen) = polite();
    let began = Instant::now();
    assert_answered(&transport().send(request(&server.url, Some(BadConnection::SlowBody))).await, 200, "");
    assert!(began.elapsed() >= SLOW_PAUSE * SLOW_PIECES);
    let request = seen.recv().await.unwrap();
    let (head, arrived) = head_and_body(&request);
    assert_eq!(arrived, body());
    // As the service sends it: with its length, and not in chunks.
    assert!(head.contains(&format!("\r\ncontent-length: {}", body().len())), "{head}");
    assert!(!head.contains("transfer-encoding") && head.contains("content-type: application/json"), "{head}");
}

#[tokio::test]
async fn a_slow_body_does_not_use_up_the_timeout() {
    let (sender, mut seen) = unbounded_channel();
    let server = Server::start(move |mut connection| {
        let sender = sender.clone();
        async move {
            sender.send(connection.request().await?).map_err(io::Error::other)?;
            connection.hold().await
        }
    });
    let mut request = request(&server.url, Some(BadConnection::SlowBody));
    request.timeout = Duration::from_millis(100);
    // It is silence that ends it: the server gets the whole request.
    assert_failed(&transport().send(request).await, FailureKind::Timeout, "no whole answer within 100ms");
    assert_eq!(head_and_body(&seen.recv().await.unwrap()).1, body());
}

#[tokio::test]
async fn a_cut_body_is_half_of_it_and_then_the_end() {
    let (server, mut seen) = listener();
    let outcome = transport().send(request(&server.url, Some(BadConnection::CutBody))).await;
    assert_failed(&outcome, FailureKind::OnPurpose, "in the middle of the body");
    let (request, end) = seen.recv().await.unwrap();
    let (head, arrived) = head_and_body(&request);
    assert!(end.is_ok(), "{end:?}");
    assert!(head.starts_with("POST /callback?a=1 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("content-length: {}", body().len())), "{head}");
    assert_eq!(arrived, &body()[..body().len() / 2]);
}

#[tokio::test]
async fn a_reset_is_one() {
    let (server, mut seen) = listener();
    let outcome = transport().send(request(&server.url, Some(BadConnection::Reset))).await;
    assert_failed(&outcome, FailureKind::OnPurpose, "in the middle of the body");
    let (request, end) = seen.recv().await.unwrap();
    assert_eq!(end.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    // A reset may take with it what was not read yet.
    let head = format!(
        "POST /callback?a=1 HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        server.port,
        body().len()
    );
    let whole = head + &body()[..body().len() / 2];
    assert!(whole.starts_with(&request), "{request}");
}

#[tokio::test]
async fn what_is_cut_off_meets_whatever_is_there() {
    let nobody = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    for manner in [Some(BadConnection::CutBody), Some(BadConnection::Reset), Some(BadConnection::SlowBody)] {
        assert_kind(&transport().send(request(&nobody, manner)).await, FailureKind::Refused);
        let forbidden = transport().send(request("http://224.0.0.1:9", manner)).await;
        assert_kind(&forbidden, FailureKind::Forbidden);
    }
    // Who answers before the end of the body is heard.
    let hasty = Server::start(|mut connection| async move {
        connection.anything().await?;
        connection.send("HTTP/1.1 400 No\r\ncontent-length: 0\r\n\r\n").await?;
        connection.all().await.1
    });
    let outcome = transport().send(request(&hasty.url, Some(BadConnection::CutBody))).await;
    assert!(matches!(&outcome, Outcome::Answered(answer) if answer.status == 400), "{outcome:?}");
}

#[tokio::test]
async fn without_keep_alive_the_connection_is_closed_after_the_answer() {
    let (server, mut seen) = polite();
    let transport = transport();
    for (manner, header, connections) in
        [(None, "keep-alive", 1), (Some(BadConnection::NoKeepAlive), "close", 1), (None, "keep-alive", 2)]
    {
        assert_answered(&transport.send(request(&server.url, manner)).await, 200, "");
        let request = seen.recv().await.unwrap();
        let (head, arrived) = head_and_body(&request);
        assert!(head.contains(&format!("\r\nconnection: {header}")), "{head}");
        assert_eq!((arrived, server.connections()), (&*body(), connections), "{manner:?}");
    }
}

#[tokio::test]
async fn a_wrong_content_type_is_a_header() {
    let (server, mut seen) = polite();
    let request = Request { content_type: Some("text/plain"), ..request(&server.url, None) };
    assert_answered(&transport().send(request).await, 200, "");
    let request = seen.recv().await.unwrap();
    let types: Vec<_> = request.lines().filter(|line| line.starts_with("content-type:")).collect();
    assert_eq!(types, ["content-type: text/plain"]);
}
