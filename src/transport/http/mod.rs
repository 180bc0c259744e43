//! Real HTTP over reqwest: one POST, one answer, and nothing behind the user's back.

pub(crate) mod address;
mod client;
mod connector;
mod failure;
mod headers;
mod manner;
mod resolve;
#[cfg(feature = "https")]
mod tls;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use reqwest::dns::Resolve;
use reqwest::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use thiserror::Error;

pub use self::client::BuildError;
pub use self::connector::Connector;
pub(super) use self::failure::of_connection as failure_of_connection;
pub use self::headers::{HeaderError, Headers};
use self::resolve::Guarded;
pub use self::resolve::SystemResolver;
use super::guard::{Forbidden, Guard};
use super::{Answer, Failure, FailureKind, Manner, Outcome, Request, Transport};

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
#[derive(Clone)]
pub struct HttpTransport {
    client: reqwest::Client,
    headers: HeaderMap,
    /// Those that anybody may see.
    usual_headers: HeaderMap,
    resolver: Arc<Guarded>,
}

impl HttpTransport {
    /// A transport that finds addresses with `resolver`: [`SystemResolver`], or a made-up one.
    ///
    /// # Errors
    /// The CA certificates are not usable.
    pub fn new(settings: &HttpSettings, resolver: Arc<dyn Resolve>) -> Result<Self, BuildError> {
        let resolver = Arc::new(Guarded::new(settings.guard, resolver));
        let client = client::build(settings, &resolver)?;
        let (headers, usual_headers) = (settings.headers.completed(), Headers::default().completed());
        Ok(Self { client, headers, usual_headers, resolver })
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

    /// Asks the guard about a URL before anything is sent, looking its name up. A lookup that fails is no refusal: the
    /// requests will report it.
    ///
    /// # Errors
    /// The guard refuses all addresses of the URL.
    pub async fn preflight(&self, url: &Url) -> Result<(), Forbidden> {
        self.resolver.preflight(url).await
    }

    async fn exchange(&self, request: Request) -> Result<Answer, Failure> {
        let url = self.admit(&request.url)?;
        if request.manner == Manner::Reset {
            return Err(self.reset(&url, &request.body).await);
        }
        let most = request.most;
        let sending = self.client.request(request.method.clone(), url).headers(self.headers_of(&request));
        let sending = sending.body(match request.manner {
            Manner::Usual | Manner::Closing | Manner::Reset => request.body.into(),
            Manner::SlowBody => manner::slow(&request.body),
            Manner::CutBody => manner::cut(&request.body),
        });
        let mut response = match sending.send().await {
            Ok(response) => response,
            Err(error) if request.manner == Manner::CutBody && !error.is_connect() => return Err(on_purpose()),
            Err(error) => return Err(failure::of(&error)),
        };
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let body = read_body(response, most).await.map_err(|error| failure::of(&error))?;
        Ok(Answer { status, headers, body })
    }

    fn headers_of(&self, request: &Request) -> HeaderMap {
        let mut headers = if request.is_elsewhere { &self.usual_headers } else { &self.headers }.clone();
        if let Some(content_type) = request.content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        match request.manner {
            Manner::Closing => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            // A body in pieces has no length that the client would know of.
            Manner::SlowBody | Manner::CutBody => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(request.body.len()));
            }
            Manner::Usual | Manner::Reset => {}
        }
        if request.body.is_empty() && request.method != Method::POST {
            headers.remove(CONTENT_TYPE);
        }
        headers
    }

    async fn reset(&self, url: &Url, body: &Bytes) -> Failure {
        manner::reset(&Connector::of(&self.resolver), url, body).await.err().unwrap_or_else(on_purpose)
    }

    /// The guard stands here for addresses in the URL itself, which the client never shows to the resolver.
    fn admit(&self, url: &str) -> Result<Url, Failure> {
        let refuse = |kind, detail| Failure { kind, detail };
        let url = Url::parse(url).map_err(|error| refuse(FailureKind::Network, format!("not a URL: {error}")))?;
        Self::supports(&url).map_err(|error| match error {
            UnsupportedUrl::Https => refuse(FailureKind::Tls, error.to_string()),
            UnsupportedUrl::Scheme(_) => refuse(FailureKind::Network, error.to_string()),
        })?;
        self.resolver.check_url(&url).map_err(|error| refuse(FailureKind::Forbidden, error.to_string()))?;
        Ok(url)
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("HttpTransport").finish_non_exhaustive()
    }
}

impl Transport for HttpTransport {
    async fn send(&self, request: Request) -> Outcome {
        let timeout = request.timeout;
        let patience = timeout.saturating_add(request.manner.length());
        match tokio::time::timeout(patience, self.exchange(request)).await {
            Ok(Ok(answer)) => Outcome::Answered(answer),
            Ok(Err(failure)) => Outcome::Failed(failure),
            Err(_) => {
                let within = humantime::format_duration(timeout);
                Outcome::failed(FailureKind::Timeout, format!("no whole answer within {within}"))
            }
        }
    }
}

fn on_purpose() -> Failure {
    Failure { kind: FailureKind::OnPurpose, detail: "in the middle of the body".to_owned() }
}

/// Reads as much of the body as counts. Dropping the rest unread closes the connection, so an endless body ends here.
async fn read_body(mut response: reqwest::Response, most: usize) -> reqwest::Result<Bytes> {
    let mut body = Vec::new();
    while body.len() < most {
        let Some(chunk) = response.chunk().await? else { break };
        body.extend_from_slice(&chunk);
    }
    body.truncate(most);
    Ok(body.into())
}
