//! Real HTTP over hyper's connections: one request, one answer, and nothing behind the user's back.

use crate::scenario::fault::BadConnection;
pub(crate) mod address;
mod bad;
mod connector;
mod failure;
mod headers;
mod pool;
mod resolve;
mod socket;
mod target;
#[cfg(feature = "https")]
mod tls;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::Url;
use reqwest::dns::Resolve;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use thiserror::Error;
use tokio::time::{Instant, timeout};

pub use self::connector::Connector;
pub use self::headers::{HeaderError, Headers};
use self::pool::{Connection, Missed, Pool, Reached};
pub use self::resolve::{Refusal, SystemResolver};
use self::socket::Socket;
use self::target::Target;
use super::guard::Guard;
use super::{Exchange, Failure, FailureKind, Outcome, Request, Transport};

/// Why there is no transport.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BuildError {
    /// The given CA certificates cannot be used.
    #[error("the CA certificates cannot be used: {0}; give a PEM file with at least one certificate")]
    Certificates(String),
}

/// How to speak to the receiver.
#[derive(Debug, Clone, Default)]
pub struct HttpSettings {
    /// Headers of every request, beside and over the usual ones.
    pub headers: Headers,
    /// Takes any certificate for https.
    pub insecure: bool,
    /// Certificates to trust for https beside those of the system: PEM, any number; may be empty.
    pub ca_certificates: Vec<u8>,
    /// Whom it may hit.
    pub guard: Guard,
}

/// A URL that no request can be sent to.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnsupportedUrl {
    /// Neither http nor https.
    #[error("{0} URLs cannot be posted to; use http or https")]
    Scheme(String),
    /// Https, and this build has no TLS.
    #[error("this pullpush was built without https; use http, or build it with the feature `https`")]
    Https,
}

/// Sends requests over real sockets.
///
/// It belongs to the runtime that it is first used on: its connections live there.
///
/// A receiver may close a connection that is kept whenever it likes, also while the next request is on its way. That is no
/// failure: if a connection that served before ends without a byte of an answer, the request is sent once more, on a new one.
#[derive(Clone)]
pub struct HttpTransport(Arc<Inner>);

struct Inner {
    connector: Connector,
    #[cfg(feature = "https")]
    tls: Arc<tls::Tls>,
    headers: HeaderMap,
    /// Those that anybody may see.
    usual_headers: HeaderMap,
    /// The last address, taken apart: mostly there is only one.
    target: Mutex<Option<Arc<Target>>>,
    /// By scheme, host and port: each task may have a path of its own.
    pools: Mutex<BTreeMap<String, Pool>>,
}

impl HttpTransport {
    /// A transport that finds addresses with `resolver`: [`SystemResolver`], or a made-up one.
    ///
    /// # Errors
    /// The CA certificates are not usable.
    pub fn new(settings: &HttpSettings, resolver: Arc<dyn Resolve>) -> Result<Self, BuildError> {
        let with_accept = |headers: &Headers| {
            let mut headers = headers.completed();
            headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
            headers
        };
        Ok(Self(Arc::new(Inner {
            connector: Connector::new(settings.guard, resolver),
            #[cfg(feature = "https")]
            tls: Arc::new(tls::Tls::new(settings)?),
            headers: with_accept(&settings.headers),
            usual_headers: with_accept(&Headers::default()),
            target: Mutex::default(),
            pools: Mutex::default(),
        })))
    }

    /// The same with connections of its own, for another runtime.
    #[must_use]
    pub fn another(&self) -> Self {
        let inner = &self.0;
        Self(Arc::new(Inner {
            connector: inner.connector.clone(),
            #[cfg(feature = "https")]
            tls: Arc::clone(&inner.tls),
            headers: inner.headers.clone(),
            usual_headers: inner.usual_headers.clone(),
            target: Mutex::default(),
            pools: Mutex::default(),
        }))
    }

    /// How many connections are open and free.
    pub fn free_connections(&self) -> usize {
        lock(&self.0.pools).values().map(Pool::len).sum()
    }

    /// Whether requests can be sent to such a URL at all. It is not about the guard.
    ///
    /// # Errors
    /// The URL is neither http nor https, or it is https and the feature `https` is off.
    pub fn supports(url: &Url) -> Result<(), UnsupportedUrl> {
        match url.scheme() {
            "http" => Ok(()),
            "https" if cfg!(feature = "https") => Ok(()),
            "https" => Err(UnsupportedUrl::Https),
            other => Err(UnsupportedUrl::Scheme(other.to_owned())),
        }
    }

    /// Looks a URL's name up and asks the guard about it, before anything is sent.
    ///
    /// # Errors
    /// The name has no address, or the guard refuses all of them.
    pub async fn preflight(&self, url: &Url) -> Result<(), Refusal> {
        #[cfg(feature = "https")]
        if url.scheme() == "https" {
            self.0.tls.prepare();
        }
        self.0.connector.preflight(url).await
    }

    fn target(&self, request: &Request) -> Result<Arc<Target>, Failure> {
        let mut known = lock(&self.0.target);
        let is_it = |target: &&Arc<Target>| target.text == request.url && target.is_elsewhere == request.is_elsewhere;
        if let Some(target) = known.as_ref().filter(is_it) {
            return Ok(Arc::clone(target));
        }
        let headers = if request.is_elsewhere { &self.0.usual_headers } else { &self.0.headers };
        let pool = |host| lock(&self.0.pools).entry(host).or_default().clone();
        let target = Arc::new(Target::new(request, headers, pool)?);
        *known = Some(Arc::clone(&target));
        Ok(target)
    }

    /// Tries a connection that is free, if there is one.
    async fn over_free(&self, target: &Target, request: &Request) -> Option<Result<Outcome, Missed>> {
        // What is sent badly on purpose has a connection of its own: it is to be seen as it was meant.
        let mut connection = if request.is_sent_well() { target.free.take()? } else { return None };
        let exchange = connection.exchange(target.message(request), request.most);
        Some(within(request, exchange).await.map(|answer| {
            target.free.put_back(connection);
            Outcome::Answered(answer)
        }))
    }

    async fn over_new(&self, target: &Target, request: &Request) -> Outcome {
        let exchange = async {
            let failed = |failure| Missed { failure, reached: Reached::Nowhere };
            if request.connection == Some(BadConnection::Reset) {
                let reset = bad::reset(&self.0.connector, &target.url, &request.body).await;
                return Err(failed(reset.err().unwrap_or_else(on_purpose)));
            }
            let mut connection = self.connect(&target.url).await.map_err(failed)?;
            match connection.exchange(target.message(request), request.most).await {
                Err(_) if request.connection == Some(BadConnection::CutBody) => Err(failed(on_purpose())),
                met => met.map(|answer| (answer, connection)),
            }
        };
        match within(request, exchange).await {
            Ok((answer, connection)) => {
                if request.is_sent_well() {
                    target.free.put_back(connection);
                }
                Outcome::Answered(answer)
            }
            Err(missed) => Outcome::Failed(missed.failure),
        }
    }

    async fn connect(&self, url: &Url) -> Result<Connection, Failure> {
        let socket = Socket::new(self.0.connector.connect(url).await?);
        #[cfg(feature = "https")]
        if url.scheme() == "https" {
            let stream = self.0.tls.handshake(url.host_str().unwrap_or_default(), socket.clone()).await?;
            return Connection::over(stream, socket, false).await;
        }
        Connection::over(socket.clone(), socket, true).await
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("HttpTransport").finish_non_exhaustive()
    }
}

impl Transport for HttpTransport {
    async fn exchange(&self, request: Request) -> Exchange {
        let target = match self.target(&request) {
            Ok(target) => target,
            Err(failure) => return Outcome::Failed(failure).into(),
        };
        let began = Instant::now();
        let resent_after = match self.over_free(&target, &request).await {
            // The receiver closed the connection; whoever was first, no answer was on its way.
            Some(Err(Missed { reached: Reached::Request, .. })) => Some(began.elapsed()),
            None | Some(Err(Missed { reached: Reached::Nowhere, .. })) => None,
            Some(Err(Missed { failure, reached: Reached::Answer })) => return Outcome::Failed(failure).into(),
            Some(Ok(outcome)) => return outcome.into(),
        };
        Exchange { outcome: self.over_new(&target, &request).await, resent_after }
    }
}

/// Gives one sending its time. Whoever has not answered by then has not closed the connection either.
async fn within<T>(request: &Request, exchange: impl Future<Output = Result<T, Missed>>) -> Result<T, Missed> {
    match timeout(request.timeout.saturating_add(request.takes()), exchange).await {
        Ok(result) => result,
        Err(_) => {
            let within = humantime::format_duration(request.timeout);
            let failure = Failure { kind: FailureKind::Timeout, detail: format!("no whole answer within {within}") };
            Err(Missed { failure, reached: Reached::Answer })
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn on_purpose() -> Failure {
    Failure { kind: FailureKind::OnPurpose, detail: "in the middle of the body".to_owned() }
}
