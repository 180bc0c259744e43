//! An address, taken apart: what every request there says in its head, and the connections to its host.

use bytes::Bytes;
use http_body_util::{Either, Full};
use reqwest::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use reqwest::{Method, Url};

use super::address::{authorization, host, path_and_query};
use super::pool::{Body, Message, Pool};
use super::{HttpTransport, UnsupportedUrl, bad};
use crate::engine::transport::{Failure, FailureKind, Request};
use crate::scenario::fault::BadConnection;

pub(super) struct Target {
    pub(super) text: String,
    pub(super) is_elsewhere: bool,
    pub(super) url: Url,
    path: hyper::Uri,
    headers: HeaderMap,
    pub(super) free: Pool,
}

impl Target {
    /// The target of `request`; `headers` are those of every request there, and `pool` finds the connections to a host.
    pub(super) fn new(
        request: &Request,
        headers: &HeaderMap,
        pool: impl FnOnce(String) -> Pool,
    ) -> Result<Self, Failure> {
        let refuse = |kind, detail: String| Failure { kind, detail };
        let url =
            Url::parse(&request.url).map_err(|error| refuse(FailureKind::Network, format!("not a URL: {error}")))?;
        HttpTransport::supports(&url).map_err(|error| match error {
            UnsupportedUrl::Https => refuse(FailureKind::Tls, error.to_string()),
            UnsupportedUrl::Scheme(_) => refuse(FailureKind::Network, error.to_string()),
        })?;
        let cannot = |what: &str| refuse(FailureKind::Network, format!("the {what} cannot be sent"));
        let path = path_and_query(&url).parse().map_err(|_| cannot("path"))?;
        let mut headers = headers.clone();
        headers.entry(HOST).or_insert(HeaderValue::try_from(host(&url)).map_err(|_| cannot("host"))?);
        if let Some(authorization) = authorization(&url) {
            headers.entry(AUTHORIZATION).or_insert(authorization);
        }
        let free = pool(format!("{}://{}", url.scheme(), host(&url)));
        Ok(Self { text: request.url.clone(), is_elsewhere: request.is_elsewhere, url, path, headers, free })
    }

    /// The request as it is sent.
    pub(super) fn message(&self, request: &Request) -> Message {
        let mut message = hyper::Request::new(body(request.connection, &request.body));
        *message.method_mut() = request.method.clone();
        *message.uri_mut() = self.path.clone();
        *message.headers_mut() = self.headers.clone();
        let headers = message.headers_mut();
        if let Some(content_type) = request.content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        match request.connection {
            Some(BadConnection::NoKeepAlive) => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            // A body in pieces has no length that the client would know of.
            Some(BadConnection::SlowBody | BadConnection::CutBody) => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(request.body.len()));
            }
            None | Some(BadConnection::Reset) => {}
        }
        if request.body.is_empty() && request.method != Method::POST {
            headers.remove(CONTENT_TYPE);
        }
        message
    }
}

fn body(how: Option<BadConnection>, body: &Bytes) -> Body {
    match how {
        None | Some(BadConnection::NoKeepAlive | BadConnection::Reset) => Either::Left(Full::new(body.clone())),
        Some(BadConnection::SlowBody) => Either::Right(bad::slow(body)),
        Some(BadConnection::CutBody) => Either::Right(bad::cut(body)),
    }
}
