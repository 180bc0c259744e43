//! The HTTP transport against receivers that misbehave, over real sockets on loopback.

mod kept;
mod long;
pub(crate) mod server;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use pullpush::engine::transport::http::{Headers, HttpSettings, HttpTransport, SystemResolver};
use pullpush::engine::transport::{FailureKind, Outcome, Request, Transport};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use self::server::Server;

/// Long enough for any answer that comes at all.
const PATIENT: Duration = Duration::from_secs(20);
/// For answers that never come.
const BRIEF: Duration = Duration::from_millis(200);

pub(crate) fn transport() -> HttpTransport {
    HttpTransport::new(&HttpSettings::default(), Arc::new(SystemResolver)).unwrap()
}

pub(crate) fn request(url: &str, timeout: Duration) -> Request {
    Request::post(url.to_owned(), r#"{"task_id":"118148"}"#.into(), timeout)
}

pub(crate) async fn post(url: &str) -> Outcome {
    transport().send(request(url, PATIENT)).await
}

async fn post_briefly(url: &str) -> Outcome {
    transport().send(request(url, BRIEF)).await
}

#[track_caller]
pub(crate) fn assert_failed(outcome: &Outcome, kind: FailureKind, detail: &str) {
    assert_eq!(*outcome, Outcome::failed(kind, detail));
}

#[track_caller]
pub(crate) fn assert_kind(outcome: &Outcome, kind: FailureKind) {
    match outcome {
        Outcome::Failed(failure) if failure.kind == kind => {}
        other => panic!("not {kind:?}: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn assert_answered(outcome: &Outcome, status: u16, body: &str) {
    match outcome {
        Outcome::Answered(answer) => assert_eq!((answer.status, &answer.body[..]), (status, body.as_bytes())),
        Outcome::Failed(failure) => panic!("{failure:?}"),
    }
}

#[tokio::test]
async fn a_request_is_what_the_service_sends() {
    let (sender, mut requests) = mpsc::unbounded_channel();
    let server = Server::start(move |mut connection| {
        let sender = sender.clone();
        async move {
            sender.send(connection.request().await?).map_err(io::Error::other)?;
            connection.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await
        }
    });
    let mut headers = Headers::default();
    headers.add("X-Stage", "test").unwrap();
    let settings = HttpSettings { headers, ..HttpSettings::default() };
    let transport = HttpTransport::new(&settings, Arc::new(SystemResolver)).unwrap();

    let url = format!("{}/callback?a=1#b", server.url);
    assert_answered(&transport.send(request(&url, PATIENT)).await, 200, "");
    let seen = requests.recv().await.unwrap();
    let (head, body) = seen.split_once("\r\n\r\n").unwrap();
    let (first, headers) = head.split_once("\r\n").unwrap();
    let mut headers: Vec<_> = headers.lines().collect();
    headers.sort_unstable();
    assert_eq!(first, "POST /callback?a=1 HTTP/1.1");
    assert_eq!(body, r#"{"task_id":"118148"}"#);
    assert_eq!(
        headers,
        [
            "accept: */*",
            "connection: keep-alive",
            "content-length: 20",
            "content-type: application/json",
            &format!("host: 127.0.0.1:{}", server.port),
            concat!("user-agent: pullpush/", env!("CARGO_PKG_VERSION")),
            "x-stage: test",
        ]
    );
}

#[tokio::test]
async fn any_status_is_an_answer() {
    for (answer, status, body) in [
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
        ("HTTP/1.1 500 Oh\r\ncontent-length: 4\r\n\r\nsigh", 500, "sigh"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", 200, "hi"),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200, ""),
        ("HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "until the end"),
    ] {
        assert_answered(&post(&Server::answering(answer).url).await, status, body);
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        let answer = format!("HTTP/1.1 {status} Away\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", elsewhere.url);
        assert_answered(&post(&Server::answering(answer).url).await, status, "");
        assert_eq!(elsewhere.connections(), 0, "{status}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_an_invalid_answer() {
    let ok = "HTTP/1.1 200 OK\r\n";
    for (answer, detail) in [
        ("\x16\x03\x01\0\0 what?".to_owned(), "invalid HTTP version parsed"),
        ("220 mail.test ESMTP\r\n".to_owned(), "invalid HTTP version parsed"),
        ("HTTP/1.1 abc\r\n\r\n".to_owned(), "invalid HTTP status-code parsed"),
        (format!("{ok}no colon\r\n\r\n"), "invalid HTTP header parsed"),
        (format!("{ok}content-length: many\r\n\r\n"), "invalid content-length parsed"),
        (format!("{ok}x-big: {}\r\n\r\n", "y".repeat(1024 * 1024)), "message head is too large"),
        (format!("{ok}{}\r\n", "x: y\r\n".repeat(200_000)), "message head is too large"),
        (format!("{ok}transfer-encoding: chunked\r\n\r\nzz\r\n"), "Invalid chunk size line: missing size digit"),
        (format!("{ok}transfer-encoding: chunked\r\n\r\n2\r\nhi!!"), "Invalid chunk body CR"),
    ] {
        assert_failed(&post(&Server::answering(answer).url).await, FailureKind::InvalidAnswer, detail);
    }
}

#[tokio::test]
async fn a_server_that_speaks_first_does_not_speak_http() {
    let server = Server::start(|mut connection| async move {
        connection.send("220 mail.test ESMTP\r\n").await?;
        connection.hold().await
    });
    assert_kind(&post(&server.url).await, FailureKind::InvalidAnswer);
}

#[tokio::test]
async fn a_connection_that_ends_too_early_is_a_reset() {
    for answer in [
        "",
        "HTTP/1.1 2",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhal",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        assert_kind(&post(&Server::answering(answer).url).await, FailureKind::Reset);

        let server = Server::start(move |mut connection| async move {
            connection.request().await?;
            connection.send(answer).await?;
            connection.reset()
        });
        assert_kind(&post(&server.url).await, FailureKind::Reset);
    }
}

#[tokio::test]
async fn a_request_on_a_new_connection_is_never_sent_twice() {
    let server = Server::answering("");
    assert_failed(&post(&server.url).await, FailureKind::Reset, "connection closed before message completed");
    assert_eq!((server.connections(), server.requests()), (1, 1));
}

#[tokio::test]
async fn connections_are_used_again() {
    for answer in ["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", "HTTP/1.1 204 No Content\r\n\r\n"] {
        let server = Server::start(move |mut connection| async move {
            loop {
                connection.request().await?;
                connection.send(answer).await?;
            }
        });
        let transport = transport();
        for _ in 0..5 {
            assert!(matches!(transport.send(request(&server.url, PATIENT)).await, Outcome::Answered(_)));
        }
        assert_eq!((server.connections(), server.requests()), (1, 5));
    }
}

#[tokio::test]
async fn silence_is_a_timeout() {
    for answer in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"] {
        let server = Server::start(move |mut connection| async move {
            connection.request().await?;
            connection.send(answer).await?;
            connection.hold().await
        });
        assert_failed(&post_briefly(&server.url).await, FailureKind::Timeout, "no whole answer within 200ms");
    }
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_nobody_elses() {
    let server = Server::start(|mut connection| async move {
        let request = connection.request().await?;
        if request.contains("/slow") {
            return connection.hold().await;
        }
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await
    });
    let transport = transport();
    let slow = format!("{}/slow", server.url);
    assert_kind(&transport.send(request(&slow, BRIEF)).await, FailureKind::Timeout);
    assert_answered(&transport.send(request(&server.url, PATIENT)).await, 200, "");
    assert_eq!((server.connections(), server.requests()), (2, 2));
}

#[tokio::test]
async fn dripping_does_not_stretch_the_timeout() {
    for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nx-long: "] {
        let server = Server::start(move |mut connection| async move {
            connection.request().await?;
            connection.send(head).await?;
            let mut drip = tokio::time::interval(Duration::from_millis(20));
            loop {
                drip.tick().await;
                connection.send("x").await?;
            }
        });
        assert_kind(&post_briefly(&server.url).await, FailureKind::Timeout);
    }
}

async fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn a_port_where_nobody_listens_refuses() {
    let url = format!("http://127.0.0.1:{}/", closed_port().await);
    assert_failed(&post(&url).await, FailureKind::Refused, "Connection refused");
}

#[tokio::test]
async fn urls_that_cannot_be_posted_to_are_failures() {
    for (url, detail) in [
        ("callback", "not a URL: relative URL without a base"),
        ("ftp://127.0.0.1/", "ftp URLs cannot be posted to; use http or https"),
        ("file:///etc/passwd", "file URLs cannot be posted to; use http or https"),
    ] {
        assert_failed(&post(url).await, FailureKind::Network, detail);
    }
}

#[cfg(not(feature = "https"))]
#[tokio::test]
async fn without_the_feature_https_is_refused_in_plain_words() {
    let why = "this pullpush was built without https; use http, or build it with the feature `https`";
    assert_failed(&post("https://127.0.0.1:1/").await, FailureKind::Tls, why);
}

#[tokio::test]
async fn the_operating_system_knows_localhost() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    assert_answered(&post(&format!("http://localhost:{}/", server.port)).await, 200, "");
}

/// Knows every name by the same addresses.
struct Names(Vec<SocketAddr>);

impl Resolve for Names {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses = self.0.clone();
        Box::pin(async move { Ok(Box::new(addresses.into_iter()) as Addrs) })
    }
}

async fn post_by_name(url: &str, addresses: &[&str]) -> Outcome {
    let names = Names(addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect());
    let transport = HttpTransport::new(&HttpSettings::default(), Arc::new(names)).unwrap();
    transport.send(request(url, PATIENT)).await
}

/// Forbidden addresses to which the kernel opens no TCP connection: were the guard broken, still no packet would leave the
/// machine, and the test would fail with another error.
const MULTICAST: &str = "224.0.0.1";
const LINK_LOCAL: &str = "fe80::1";

#[tokio::test]
async fn the_guard_stands_before_every_connection() {
    for (url, addresses, detail) in [
        ("http://224.0.0.1:9/", &[][..], "224.0.0.1 is neither on this machine nor on a private network"),
        ("http://[fe80::1]:9/", &[], "fe80::1 is a link-local or cloud metadata address"),
        ("http://a.test:9/", &[MULTICAST], "a.test (224.0.0.1) is neither on this machine nor on a private network"),
        ("http://a:9/", &[LINK_LOCAL], "a (fe80::1) is a link-local or cloud metadata address"),
    ] {
        let detail = format!("{detail}; add --allow-remote if you mean it");
        assert_failed(&post_by_name(url, addresses).await, FailureKind::Forbidden, &detail);
    }
}

#[tokio::test]
async fn of_mixed_addresses_only_the_allowed_are_tried() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let url = format!("http://a.test:{}/", server.port);
    assert_answered(&post_by_name(&url, &[MULTICAST, "127.0.0.1", LINK_LOCAL]).await, 200, "");

    // The client reports what the first address met: here that is the allowed one.
    let url = format!("http://a.test:{}/", closed_port().await);
    assert_kind(&post_by_name(&url, &[MULTICAST, "127.0.0.1"]).await, FailureKind::Refused);
}

#[tokio::test]
async fn a_name_without_address_is_a_dns_failure() {
    assert_failed(&post_by_name("http://a.test/", &[]).await, FailureKind::Dns, "the name has no address");
}
