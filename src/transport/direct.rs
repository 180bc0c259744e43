//! Plain HTTP over hyper's connections, without what a client for everything does on top: half of reqwest's CPU per request.
//!
//! For load, where what the measuring costs is part of the measurement.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Body;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use hyper_util::rt::TokioIo;
use reqwest::Url;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::http::address::{authorization, host, path_and_query};
use super::http::{Connector, Headers, failure_of_connection};
use super::{Answer, Failure, FailureKind, MAX_ANSWER_BODY, Manner, Outcome, Request, Transport};

type Connection = SendRequest<Full<Bytes>>;
/// The connections to one host that are free.
type Pool = Rc<RefCell<Vec<Connection>>>;
type Message = hyper::Request<Full<Bytes>>;

/// An exchange that came to nothing.
struct Missed {
    /// The request, if nothing of it went out.
    unsent: Option<Box<Message>>,
    failure: Failure,
}

/// A transport for one thread: its connections live on the runtime that uses it.
pub struct DirectTransport {
    connector: Connector,
    headers: HeaderMap,
    /// The last address, taken apart: mostly there is only one.
    target: RefCell<Option<Rc<Target>>>,
    /// By host and port: each task may have a path of its own.
    pools: RefCell<BTreeMap<String, Pool>>,
}

/// An address and the connections to its host.
struct Target {
    url: String,
    parsed: Url,
    path: hyper::Uri,
    /// Those of every request there, its `Host` among them.
    headers: HeaderMap,
    free: Pool,
}

impl DirectTransport {
    /// A transport that connects with `connector` and sends `headers` beside the usual ones.
    pub fn new(connector: Connector, headers: &Headers) -> Self {
        let mut headers = headers.completed();
        // As the other client does.
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        Self { connector, headers, target: RefCell::default(), pools: RefCell::default() }
    }

    /// How many connections are open and free.
    pub fn free_connections(&self) -> usize {
        let open = |pool: &Pool| pool.borrow().iter().filter(|connection| !connection.is_closed()).count();
        self.pools.borrow().values().map(open).sum()
    }

    fn target(&self, url: &str) -> Result<Rc<Target>, Failure> {
        let mut known = self.target.borrow_mut();
        if let Some(target) = known.as_ref().filter(|target| target.url == url) {
            return Ok(Rc::clone(target));
        }
        let target = Rc::new(Target::new(url, &self.headers, &mut self.pools.borrow_mut())?);
        *known = Some(Rc::clone(&target));
        Ok(target)
    }

    async fn exchange(&self, request: Request) -> Result<Answer, Failure> {
        let target = self.target(&request.url)?;
        let message = Self::message(&target, request);
        if let Some(free) = target.take_free() {
            match exchange_over(free, &target, message).await {
                // The server closed the free connection before it saw anything of the request: nobody will miss this try.
                Err(Missed { unsent: Some(message), .. }) => return self.exchange_anew(&target, *message).await,
                other => return other.map_err(|missed| missed.failure),
            }
        }
        self.exchange_anew(&target, message).await
    }

    async fn exchange_anew(&self, target: &Rc<Target>, message: Message) -> Result<Answer, Failure> {
        let connection = self.connect(&target.parsed).await?;
        exchange_over(connection, target, message).await.map_err(|missed| missed.failure)
    }

    fn message(target: &Target, request: Request) -> Message {
        let mut message = hyper::Request::new(Full::new(request.body));
        *message.method_mut() = request.method;
        *message.uri_mut() = target.path.clone();
        *message.headers_mut() = target.headers.clone();
        if let Some(content_type) = request.content_type {
            message.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if request.manner == Manner::Closing {
            message.headers_mut().insert(hyper::header::CONNECTION, HeaderValue::from_static("close"));
        }
        message
    }

    async fn connect(&self, url: &Url) -> Result<Connection, Failure> {
        let stream: TcpStream = self.connector.connect(url).await?;
        let (connection, driver) =
            // Head and body are small: one buffer is cheaper than a vector of two.
            Builder::new().writev(false).handshake(TokioIo::new(stream)).await.map_err(|error| failure_of_connection(&error))?;
        tokio::spawn(driver);
        Ok(connection)
    }
}

impl Target {
    fn take_free(&self) -> Option<Connection> {
        let mut free = self.free.borrow_mut();
        loop {
            let connection = free.pop()?;
            if connection.is_ready() {
                return Some(connection);
            }
        }
    }

    fn new(url: &str, headers: &HeaderMap, pools: &mut BTreeMap<String, Pool>) -> Result<Self, Failure> {
        let refuse = |detail: String| Failure { kind: FailureKind::Network, detail };
        let parsed = Url::parse(url).map_err(|error| refuse(format!("not a URL: {error}")))?;
        if parsed.scheme() != "http" {
            return Err(refuse(format!("{} URLs cannot be posted to here; use http", parsed.scheme())));
        }
        let path = path_and_query(&parsed).parse().map_err(|_| refuse("the path cannot be sent".to_owned()))?;
        let authorization = authorization(&parsed);
        let host = host(&parsed);
        let free = Rc::clone(pools.entry(host.clone()).or_default());
        let host = HeaderValue::try_from(host).map_err(|_| refuse("the host cannot be sent".to_owned()))?;
        let mut headers = headers.clone();
        headers.entry(HOST).or_insert(host);
        if let Some(authorization) = authorization {
            headers.entry(AUTHORIZATION).or_insert(authorization);
        }
        Ok(Self { url: url.to_owned(), parsed, path, headers, free })
    }
}

async fn exchange_over(mut connection: Connection, target: &Rc<Target>, message: Message) -> Result<Answer, Missed> {
    let answer = connection.try_send_request(message).await.map_err(|mut error| Missed {
        unsent: error.take_message().map(Box::new),
        failure: failure_of_connection(&error.into_error()),
    })?;
    let (head, mut rest) = answer.into_parts();
    let mut body = Bytes::new();
    while let Some(frame) = rest.frame().await {
        let frame = frame.map_err(|error| Missed { unsent: None, failure: failure_of_connection(&error) })?;
        let Ok(data) = frame.into_data() else { continue };
        // Mostly there is one piece, which is not copied.
        body = if body.is_empty() { data } else { [body, data].concat().into() };
        if body.len() >= MAX_ANSWER_BODY {
            body.truncate(MAX_ANSWER_BODY);
            break;
        }
    }
    // Ready at once, unless it is closing or there is more to read.
    if rest.is_end_stream() && connection.ready().await.is_ok() {
        target.free.borrow_mut().push(connection);
    }
    Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
}

impl Transport for DirectTransport {
    async fn send(&self, request: Request) -> Outcome {
        let limit = request.timeout;
        match timeout(limit, self.exchange(request)).await {
            Ok(Ok(answer)) => Outcome::Answered(answer),
            Ok(Err(failure)) => Outcome::Failed(failure),
            Err(_) => {
                let within = humantime::format_duration(limit);
                Outcome::failed(FailureKind::Timeout, format!("no whole answer within {within}"))
            }
        }
    }
}
