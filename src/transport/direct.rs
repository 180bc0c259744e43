//! Plain HTTP over hyper's connections, without what a client for everything does on top: half of reqwest's CPU per request.
//!
//! For load, where what the measuring costs is part of the measurement.

use std::cell::RefCell;
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use hyper_util::rt::TokioIo;
use reqwest::Url;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::http::{Connector, Headers, failure_of_connection};
use super::{Answer, Failure, FailureKind, MAX_ANSWER_BODY, Manner, Outcome, Request, Transport};

type Connection = SendRequest<Full<Bytes>>;

/// An exchange that came to nothing.
struct Missed {
    /// Whether nothing of the request went out.
    unsent: bool,
    failure: Failure,
}

/// A transport for one thread: its connections live on the runtime that uses it.
pub struct DirectTransport {
    connector: Connector,
    headers: HeaderMap,
    /// The last address, taken apart: mostly there is only one.
    target: RefCell<Option<Rc<Target>>>,
}

/// An address and the connections to it that are free.
struct Target {
    url: String,
    parsed: Url,
    path: hyper::Uri,
    host: HeaderValue,
    free: RefCell<Vec<Connection>>,
}

impl DirectTransport {
    /// A transport that connects with `connector` and sends `headers` beside the usual ones.
    pub fn new(connector: Connector, headers: &Headers) -> Self {
        Self { connector, headers: headers.completed(), target: RefCell::new(None) }
    }

    /// How many connections are open and free.
    pub fn free_connections(&self) -> usize {
        self.target.borrow().as_ref().map_or(0, |target| target.free.borrow().len())
    }

    fn target(&self, url: &str) -> Result<Rc<Target>, Failure> {
        let mut known = self.target.borrow_mut();
        if let Some(target) = known.as_ref().filter(|target| target.url == url) {
            return Ok(Rc::clone(target));
        }
        let target = Rc::new(Target::new(url)?);
        *known = Some(Rc::clone(&target));
        Ok(target)
    }

    async fn exchange(&self, request: Request) -> Result<Answer, Failure> {
        let target = self.target(&request.url)?;
        let free = target.take_free();
        let reuses = free.is_some();
        let connection = match free {
            Some(free) => free,
            None => self.connect(&target.parsed).await?,
        };
        match self.exchange_over(connection, &target, request.clone()).await {
            // The server closed the free connection before it saw anything of the request: nobody will miss this try.
            Err(Missed { unsent: true, .. }) if reuses => {
                let connection = self.connect(&target.parsed).await?;
                self.exchange_over(connection, &target, request).await.map_err(|missed| missed.failure)
            }
            other => other.map_err(|missed| missed.failure),
        }
    }

    async fn exchange_over(
        &self,
        mut connection: Connection,
        target: &Rc<Target>,
        request: Request,
    ) -> Result<Answer, Missed> {
        let mut message = hyper::Request::new(Full::new(request.body));
        *message.method_mut() = request.method;
        *message.uri_mut() = target.path.clone();
        *message.headers_mut() = self.headers.clone();
        message.headers_mut().insert(HOST, target.host.clone());
        if let Some(content_type) = request.content_type {
            message.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if request.manner == Manner::Closing {
            message.headers_mut().insert(hyper::header::CONNECTION, HeaderValue::from_static("close"));
        }
        let sent = connection.try_send_request(message).await;
        let answer = match sent {
            Ok(answer) => answer,
            Err(mut error) => {
                let unsent = error.take_message().is_some();
                return Err(Missed { unsent, failure: failure_of_connection(&error.into_error()) });
            }
        };
        let (head, mut body) = answer.into_parts();
        let mut bytes = BytesMut::new();
        let mut whole = true;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| Missed { unsent: false, failure: failure_of_connection(&error) })?;
            if let Some(data) = frame.data_ref() {
                bytes.extend_from_slice(data);
            }
            if bytes.len() > MAX_ANSWER_BODY {
                whole = false;
                break;
            }
        }
        // Ready at once, unless it is closing.
        if whole && connection.ready().await.is_ok() {
            target.free.borrow_mut().push(connection);
        }
        bytes.truncate(MAX_ANSWER_BODY);
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body: bytes.freeze() })
    }

    async fn connect(&self, url: &Url) -> Result<Connection, Failure> {
        let stream: TcpStream = self.connector.connect(url).await?;
        let (connection, driver) =
            handshake(TokioIo::new(stream)).await.map_err(|error| failure_of_connection(&error))?;
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

    fn new(url: &str) -> Result<Self, Failure> {
        let refuse = |detail: String| Failure { kind: FailureKind::Network, detail };
        let parsed = Url::parse(url).map_err(|error| refuse(format!("not a URL: {error}")))?;
        let path = match parsed.query() {
            Some(query) => format!("{}?{query}", parsed.path()),
            None => parsed.path().to_owned(),
        };
        let path = path.parse().map_err(|_| refuse("the path cannot be sent".to_owned()))?;
        let host = parsed.host_str().unwrap_or_default();
        let host = parsed.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let host = HeaderValue::try_from(host).map_err(|_| refuse("the host cannot be sent".to_owned()))?;
        Ok(Self { url: url.to_owned(), parsed, path, host, free: RefCell::default() })
    }
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
