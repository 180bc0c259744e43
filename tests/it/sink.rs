//! The built-in receiver on real sockets of the loopback interface.

mod page;

use std::cell::RefCell;
use std::future::Future;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use pullpush::callback::sign::Key;
use pullpush::sink::Sink;
use pullpush::sink::misbehaviour::Misbehaviour;
use pullpush::sink::page::Page;
use pullpush::sink::reception::Reception;
use pullpush::sink::server::{Limits, listen, serve, serve_with_page};
use pullpush::sink::tally::Tally;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

const START: &[u8] = include_bytes!("../samples/TaskStart.json");
const FOREVER: Duration = Duration::from_secs(3600);
/// Never waited for on the way to a test's success.
const STUCK: Duration = Duration::from_secs(20);

/// A served sink, on a port of its own.
struct Server {
    address: SocketAddr,
    receptions: mpsc::UnboundedReceiver<Reception>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Tally>,
}

impl Server {
    fn of(misbehaviour: Misbehaviour) -> Self {
        Self::start(Sink::new(None, misbehaviour), Limits::default())
    }

    fn start(sink: Sink, limits: Limits) -> Self {
        Self::start_with(sink, limits, None)
    }

    fn start_with(mut sink: Sink, limits: Limits, page: Option<Arc<Page>>) -> Self {
        let listener = listen((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, receptions) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let shutdown = async { drop(stopped.await) };
            let on_reception = |reception: &Reception| drop(heard.send(reception.clone()));
            serve_with_page(listener, &mut sink, limits, page, shutdown, on_reception).await;
            sink.tally().clone()
        });
        Self { address, receptions, stop, task }
    }

    async fn connect(&self) -> Client {
        Client(within(TcpStream::connect(self.address)).await.unwrap())
    }

    /// Sends a request on a connection of its own and reads all that comes back.
    async fn exchange(&self, request: &[u8]) -> String {
        let mut client = self.connect().await;
        client.send(request).await;
        client.read_to_end().await
    }

    async fn post(&self, body: &[u8]) -> String {
        self.exchange(&post("Connection: close\r\n", body)).await
    }

    /// Asks the server to stop.
    fn stop(self) -> Stopping {
        self.stop.send(()).unwrap();
        Stopping { address: self.address, task: self.task }
    }
}

struct Stopping {
    address: SocketAddr,
    task: JoinHandle<Tally>,
}

impl Stopping {
    async fn ended(self) -> Tally {
        let tally = within(self.task).await.unwrap();
        assert!(TcpStream::connect(self.address).await.is_err(), "nobody listens any more");
        tally
    }
}

struct Client(TcpStream);

impl Client {
    async fn send(&mut self, bytes: &[u8]) {
        within(self.0.write_all(bytes)).await.unwrap();
    }

    /// Everything until the server closes.
    async fn read_to_end(&mut self) -> String {
        let mut all = Vec::new();
        within(self.0.read_to_end(&mut all)).await.unwrap();
        String::from_utf8(all).unwrap()
    }

    /// One good answer on a connection that stays open.
    async fn read_ok(&mut self) {
        let mut answer = Vec::new();
        while !answer.ends_with(br#"{"code":0}"#) {
            assert_ne!(within(self.0.read_buf(&mut answer)).await.unwrap(), 0, "closed after {answer:?}");
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
    }
}

/// Makes a test that hangs fail.
async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(STUCK, future).await.unwrap()
}

fn post(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("POST /callback HTTP/1.1\r\nHost: sink\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn status(answer: &str) -> u16 {
    answer.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap()
}

/// An answer without its date.
fn undated(answer: &str) -> String {
    answer.split_inclusive("\r\n").filter(|line| !line.starts_with("date: ")).collect()
}

#[tokio::test]
async fn a_good_callback_is_acknowledged() {
    let mut server = Server::of(Misbehaviour::default());
    assert_eq!(
        undated(&server.post(START).await),
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: 10\r\n\r\n{\"code\":0}"
    );
    let reception = server.receptions.recv().await.unwrap();
    assert_eq!(reception.verdict.seen.task_id.as_deref(), Some("118148"));
    assert_eq!((reception.verdict.complaints, reception.note), (vec![], None));
    assert_eq!(server.stop().ended().await.acknowledged, 1);
}

#[tokio::test]
async fn a_bad_callback_is_refused() {
    let server = Server::of(Misbehaviour::default());
    let answer = server.post(b"nonsense").await;
    assert_eq!(status(&answer), 400);
    assert!(answer.ends_with(r#"{"code":400,"message":"the body is not JSON: expected ident at line 1 column 2"}"#));

    let strict =
        Server::start(Sink::new(Some(Key::new("testkey").unwrap()), Misbehaviour::default()), Limits::default());
    assert_eq!(status(&strict.post(START).await), 403);
    assert_eq!(strict.stop().ended().await.refused, 1);
}

#[tokio::test]
async fn a_real_client_keeps_its_connection_while_the_sink_fails_and_recovers() {
    let misbehaviour = Misbehaviour { fail_first: Some(2), ..Misbehaviour::default() };
    // A second connection would wait for the first to end.
    let server = Server::start(Sink::new(None, misbehaviour), Limits { connections: 1, ..Limits::default() });
    // It takes the one that is installed.
    #[cfg(feature = "https")]
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let request = client.post(format!("http://{}/any/path?at=all", server.address)).body(START);
        let answer = within(request.send()).await.unwrap();
        statuses.push(answer.status().as_u16());
        within(answer.bytes()).await.unwrap();
    }
    assert_eq!(statuses, [500, 500, 200, 200]);
    let tally = server.stop().ended().await;
    assert_eq!((tally.failed_on_purpose, tally.acknowledged, tally.repeated()), (2, 2, 1));
}

#[tokio::test]
async fn a_status_that_ends_no_exchange_becomes_500() {
    for (wanted, sent) in [(204, 204), (302, 302), (599, 599), (100, 500), (7, 500)] {
        let server = Server::of(Misbehaviour { status: Some(wanted), ..Misbehaviour::default() });
        assert_eq!(status(&server.post(START).await), sent);
    }
}

#[tokio::test]
async fn a_delay_is_waited_for() {
    let delay = Duration::from_millis(30);
    let server = Server::of(Misbehaviour { delay, ..Misbehaviour::default() });
    let begun = Instant::now();
    assert_eq!(status(&server.post(START).await), 200);
    assert!(begun.elapsed() >= delay);
}

#[tokio::test]
async fn a_delay_keeps_nobody_else_waiting() {
    let mut server = Server::of(Misbehaviour { fail_first: Some(1), delay: FOREVER, ..Misbehaviour::default() });
    let mut first = server.connect().await;
    first.send(&post("", START)).await;
    server.receptions.recv().await.unwrap();
    assert_eq!(status(&server.post(START).await), 200);
}

#[tokio::test]
async fn dropping_is_closing_without_a_byte() {
    let mut server = Server::of(Misbehaviour { drop_connection: true, ..Misbehaviour::default() });
    let mut client = server.connect().await;
    client.send(&post("", START)).await;
    assert_eq!(client.read_to_end().await, "");
    assert_eq!(server.receptions.recv().await.unwrap().result(), "dropped-on-purpose");
}

#[tokio::test]
async fn a_body_may_have_a_mebibyte() {
    let mut server = Server::of(Misbehaviour::default());
    let padded = [&vec![b' '; 0x10_0000 - START.len()], START].concat();
    let chunk = [b"100000\r\n", &padded[..], b"\r\n"].concat();
    let head = b"POST / HTTP/1.1\r\nHost: sink\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    let largest = post("Connection: close\r\n", &padded);
    let larger = post("", &[b' '; 0x10_0001]);
    let chunked = [&head[..], &chunk, b"0\r\n\r\n"].concat();
    let larger_chunked = [&head[..], &chunk, b"1\r\n \r\n0\r\n\r\n"].concat();
    let unsent = b"POST / HTTP/1.1\r\nHost: sink\r\nContent-Length: 99999999999\r\n\r\n".to_vec();
    // It stops reading long before the end, which never comes.
    let endless = [&head[..], &chunk.repeat(9), b"1\r\n "].concat();
    for (request, expected) in
        [(largest, 200), (larger, 413), (chunked, 200), (larger_chunked, 413), (unsent, 413), (endless, 413)]
    {
        let answer = server.exchange(&request).await;
        assert_eq!(status(&answer), expected);
        assert!(answer.contains("connection: close\r\n"));
        assert_eq!(server.receptions.recv().await.unwrap().reply.status, expected);
    }
}

#[tokio::test]
async fn the_other_methods_get_a_hint() {
    let server = Server::of(Misbehaviour::default());
    let ask = async |method: &str| {
        server.exchange(format!("{method} / HTTP/1.1\r\nHost: sink\r\nConnection: close\r\n\r\n").as_bytes()).await
    };
    let hint = ask("GET").await;
    assert_eq!(status(&hint), 200);
    assert!(hint.contains("content-type: text/plain; charset=utf-8\r\n"));
    assert!(hint.contains("\r\n\r\nThis is the built-in receiver of pullpush.\n"));
    assert!(ask("HEAD").await.ends_with("\r\n\r\n"));
    let refusal = ask("PUT").await;
    assert_eq!(status(&refusal), 405);
    assert!(refusal.contains("allow: GET, HEAD, POST\r\n"));
    assert_eq!(server.stop().ended().await, Tally::default());
}

#[tokio::test]
async fn no_client_can_end_the_server() {
    let server = Server::of(Misbehaviour::default());
    assert_eq!(status(&server.exchange(b"what is this?\r\n\r\n").await), 400);
    assert_eq!(status(&server.exchange(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await), 400);
    for unfinished in [&b""[..], b"POST", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n{", &post("", START)] {
        server.connect().await.send(unfinished).await;
    }
    let reset = server.connect().await;
    reset.0.set_zero_linger().unwrap();
    drop(reset);
    assert_eq!(status(&server.post(START).await), 200);
}

#[tokio::test]
async fn slow_clients_are_cut_off() {
    let short = Duration::from_millis(20);
    let limits = [Limits { head: short, ..Limits::default() }, Limits { body: short, ..Limits::default() }];
    let unfinished = [&b"POST / HTTP/1.1\r\n"[..], b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"];
    for (limits, unfinished) in limits.into_iter().zip(unfinished) {
        let server = Server::start(Sink::default(), limits);
        assert_eq!(server.exchange(unfinished).await, "");
        assert_eq!(server.stop().ended().await.received, 0);
    }
}

#[tokio::test]
async fn over_the_limit_connections_wait() {
    let mut server = Server::start(Sink::default(), Limits { connections: 1, ..Limits::default() });
    let mut first = server.connect().await;
    first.send(&post("", START)).await;
    first.read_ok().await;
    let mut second = server.connect().await;
    second.send(&post("Connection: close\r\n", b"second")).await;
    for _ in 0..20 {
        first.send(&post("", START)).await;
        first.read_ok().await;
        assert_eq!(server.receptions.try_recv().unwrap().reply.status, 200, "not yet the second's");
    }
    assert_eq!(server.receptions.try_recv().unwrap().reply.status, 200);
    drop(first);
    assert_eq!(status(&second.read_to_end().await), 400);
}

#[tokio::test]
async fn many_connections_are_served_at_once() {
    let server = Server::of(Misbehaviour::default());
    let mut clients = Vec::new();
    for _ in 0..200 {
        clients.push(server.connect().await);
    }
    for client in &mut clients {
        client.send(&post("", START)).await;
    }
    for client in &mut clients {
        client.read_ok().await;
    }
    assert_eq!(server.stop().ended().await.acknowledged, 200);
}

#[tokio::test]
async fn it_stops_when_what_is_in_flight_is_answered() {
    let misbehaviour = Misbehaviour { delay: Duration::from_millis(30), ..Misbehaviour::default() };
    let mut server = Server::start(Sink::new(None, misbehaviour), Limits { grace: FOREVER, ..Limits::default() });
    let mut idle = server.connect().await;
    let mut in_flight = server.connect().await;
    in_flight.send(&post("", START)).await;
    server.receptions.recv().await.unwrap();
    let stopping = server.stop();
    assert_eq!(status(&in_flight.read_to_end().await), 200);
    assert_eq!(idle.read_to_end().await, "");
    assert_eq!(stopping.ended().await.acknowledged, 1);
}

#[tokio::test]
async fn it_cuts_off_what_outlasts_the_grace() {
    let misbehaviour = Misbehaviour { delay: FOREVER, ..Misbehaviour::default() };
    let limits = Limits { grace: Duration::from_millis(10), ..Limits::default() };
    let mut server = Server::start(Sink::new(None, misbehaviour), limits);
    let mut client = server.connect().await;
    client.send(&post("", START)).await;
    server.receptions.recv().await.unwrap();
    assert_eq!(server.stop().ended().await.received, 1);
    assert_eq!(client.read_to_end().await, "");
}

#[tokio::test]
async fn the_callback_may_borrow_and_need_not_be_send() {
    let listener = listen((Ipv6Addr::LOCALHOST, 0).into())
        .or_else(|_| listen((Ipv4Addr::LOCALHOST, 0).into())) // a machine without IPv6
        .unwrap();
    let address = listener.local_addr().unwrap();
    let lines = RefCell::new(Vec::new());
    let (stop, stopped) = oneshot::channel::<()>();
    let client = async {
        let mut client = Client(TcpStream::connect(address).await.unwrap());
        client.send(&post("Connection: close\r\n", START)).await;
        let answer = client.read_to_end().await;
        drop(stop);
        answer
    };
    let mut sink = Sink::default();
    let server = serve(listener, &mut sink, Limits::default(), async { drop(stopped.await) }, |reception| {
        lines.borrow_mut().push(reception.result());
    });
    let local = tokio::task::LocalSet::new();
    let ((), answer) = local.run_until(async { tokio::join!(server, client) }).await;
    assert_eq!((status(&answer), &lines.borrow()[..]), (200, &["ok"][..]));
}
