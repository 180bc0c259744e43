//! How a test reaches its program: in process, or over a socket.

use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response};
use reqwest::Url;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use tokio::time::{sleep, timeout};
use tower_service::Service;

use crate::engine::transport::guard::Guard;
use crate::engine::transport::http::address::{authorization, host, path_and_query};
use crate::engine::transport::http::{Headers, HttpSettings, HttpTransport, SystemResolver};
use crate::engine::transport::{self, Exchange, FailureKind, Kept, Outcome};
use crate::scenario::fault::BadConnection;

/// A way to the program under test: [`InProcess`] or [`Http`]. There are no others; [`InProcess::from_fn`] takes what you like.
#[expect(private_bounds, reason = "sealed: what a transport has to do may change")]
pub trait Transport: Open {}

/// What a transport does.
pub(super) trait Open {
    /// Whether callbacks really go where their URL says.
    const GOES_OUT: bool;

    /// Ready to send, with these headers.
    fn open(&self, headers: Headers) -> Result<impl transport::Transport, String>;
}

/// From a request, and how much of the answer is read in bytes, to what it met.
type Call = dyn Fn(Request<Full<Bytes>>, usize) -> Pin<Box<dyn Future<Output = Outcome>>>;

/// Calls the program under test in process, on the same thread, without a socket. It sees the request that a socket would bring.
///
/// On a paused runtime the clock jumps as soon as nothing of tokio's is at work. A program that waits for anything else, such
/// as another thread or a database over a socket, looks as if it never answered: give it a runtime that is not paused, and
/// [`Speed`](super::Speed).
#[derive(Clone)]
pub struct InProcess(Rc<Call>);

impl InProcess {
    /// To a tower service that takes any body, such as an axum `Router`. Each request has a clone of its own.
    pub fn service<S, B>(service: S) -> Self
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + 'static,
        S::Error: fmt::Display,
        B: hyper::body::Body + 'static,
        B::Error: fmt::Display,
    {
        Self(Rc::new(move |request, most| {
            let mut service = service.clone();
            Box::pin(async move {
                if let Err(error) = poll_fn(|context| service.poll_ready(context)).await {
                    return Outcome::failed(FailureKind::Reset, error.to_string());
                }
                match service.call(request).await {
                    Ok(response) => outcome(response, most).await,
                    Err(error) => Outcome::failed(FailureKind::Reset, error.to_string()),
                }
            })
        }))
    }

    /// To a function: from the request to the response.
    ///
    /// ```
    /// use http_body_util::{BodyExt, Full};
    /// use hyper::{Request, Response, body::Bytes};
    /// use pullpush::{Emitter, InProcess, Scenario};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), pullpush::ScenarioError> {
    /// let program = InProcess::from_fn(async |request: Request<Full<Bytes>>| {
    ///     let body = request.into_body().collect().await.expect("bytes at hand").to_bytes();
    ///     Response::builder().status(if body.is_empty() { 400 } else { 200 }).body(Full::new(body)).expect("a response")
    /// });
    /// Emitter::new(Scenario::read("scenarios/playlist.toml")?).run(&program).await.assert();
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_fn<F, B>(function: F) -> Self
    where
        F: AsyncFn(Request<Full<Bytes>>) -> Response<B> + 'static,
        B: hyper::body::Body + 'static,
        B::Error: fmt::Display,
    {
        let function = Rc::new(function);
        Self(Rc::new(move |request, most| {
            let function = Rc::clone(&function);
            Box::pin(async move { outcome((*function)(request).await, most).await })
        }))
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("InProcess")
    }
}

impl Transport for InProcess {}

impl Open for InProcess {
    const GOES_OUT: bool = false;

    fn open(&self, headers: Headers) -> Result<impl transport::Transport, String> {
        Ok(Caller { call: Rc::clone(&self.0), headers: headers.completed() })
    }
}

struct Caller {
    call: Rc<Call>,
    headers: HeaderMap,
}

impl Caller {
    async fn call(&self, request: &transport::Request) -> Outcome {
        match self.request(request) {
            // What is asked elsewhere is asked here all the same: there is nobody else.
            Ok(head) => (self.call)(head, request.most).await,
            Err(error) => Outcome::failed(FailureKind::Network, format!("not a URL: {error}")),
        }
    }

    /// The request as a socket would bring it.
    fn request(&self, request: &transport::Request) -> Result<Request<Full<Bytes>>, Box<dyn Error>> {
        let url = Url::parse(&request.url)?;
        let mut head = Request::new(Full::new(request.body.clone()));
        *head.method_mut() = request.method.clone();
        let headers = head.headers_mut();
        *headers = self.headers.clone();
        if let Some(content_type) = request.content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        headers.insert(CONTENT_LENGTH, request.body.len().into());
        headers.entry(HOST).or_insert(host(&url).parse()?);
        if let Some(authorization) = authorization(&url) {
            headers.entry(AUTHORIZATION).or_insert(authorization);
        }
        *head.uri_mut() = path_and_query(&url).parse()?;
        Ok(head)
    }
}

impl transport::Transport for Caller {
    async fn exchange(&self, request: transport::Request) -> Exchange {
        if request.takes() > Duration::ZERO {
            sleep(request.takes()).await;
        }
        // A program never sees a request that does not come to its end.
        if matches!(request.connection, Some(BadConnection::CutBody | BadConnection::Reset)) {
            return Outcome::failed(FailureKind::OnPurpose, "in the middle of the body").into();
        }
        let late = || {
            let within = format!("no answer within {:?} of tokio's clock", request.timeout);
            Outcome::failed(FailureKind::Timeout, within)
        };
        timeout(request.timeout, self.call(&request)).await.unwrap_or_else(|_| late()).into()
    }
}

/// Reads the whole answer, and keeps no more of its body than a socket would.
async fn outcome<B>(response: Response<B>, most: usize) -> Outcome
where
    B: hyper::body::Body,
    B::Error: fmt::Display,
{
    let (head, body) = response.into_parts();
    let mut body = pin!(body);
    let mut kept = Kept::new(most);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => frame.into_data().into_iter().for_each(|data| kept.take(data)),
            Err(error) => return Outcome::failed(FailureKind::Reset, error.to_string()),
        }
    }
    Outcome::Answered(kept.answer(head.status.as_u16(), head.headers))
}

/// POSTs over sockets, to this machine and private networks only.
///
/// It needs a runtime that is not paused. At [`Speed::Max`](super::Speed::Max) nothing waits for its time.
#[derive(Debug, Clone, Default)]
pub struct Http {
    guard: Guard,
}

impl Http {
    /// To this machine and private networks.
    pub fn new() -> Self {
        Self::default()
    }

    /// To public addresses as well.
    #[must_use]
    pub fn allow_remote(mut self) -> Self {
        self.guard.allow_remote = true;
        self
    }
}

impl Transport for Http {}

impl Open for Http {
    const GOES_OUT: bool = true;

    fn open(&self, headers: Headers) -> Result<impl transport::Transport, String> {
        let settings = HttpSettings { headers, guard: self.guard, ..HttpSettings::default() };
        HttpTransport::new(&settings, Arc::new(SystemResolver)).map_err(|error| error.to_string())
    }
}
