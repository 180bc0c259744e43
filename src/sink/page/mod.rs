//! A page for a browser: what the sink receives, live. It reads what was received, and the receiver never waits for it.

mod events;
mod files;
mod host;
mod ring;

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::header::{ACCEPT, HeaderMap};
use hyper::http::request::Parts;
use hyper::{Request, Response, Uri};
use tokio::sync::Notify;

use super::Sink;
use super::reception::Reception;
use crate::callback::sign::Key;
use crate::text::names_a_secret;
use crate::time::UnixMillis;
use ring::Ring;

/// What belongs to the page stands under this path. Callbacks may come there all the same: they are no GETs.
const FOLDER: &str = "/_pullpush/";

/// The page of one sink: the last callbacks, and who waits for more.
#[derive(Debug)]
pub struct Page {
    /// Tells this sink from one that listened here before.
    run: String,
    key: Option<Key>,
    ring: Mutex<Ring>,
    news: Notify,
}

/// What a browser may ask of the page.
pub(super) enum Wish {
    /// A file, or a refusal.
    File(Response<Bytes>),
    /// What happens, for ever: the connection is cut when the sink ends.
    Events(Response<BoxBody<Bytes, Infallible>>),
}

impl Page {
    /// The page of `sink`, which began then.
    pub fn new(sink: &Sink, began: UnixMillis) -> Self {
        let key = sink.key().cloned();
        Self { run: format!("{:x}", began.0), key, ring: Mutex::default(), news: Notify::new() }
    }

    /// Keeps what was received, for those who look now or later. `body`: `None` if it was too large to be looked at.
    pub(super) fn record(&self, head: &Head, body: Option<&[u8]>, reception: &Reception) {
        self.with_ring(|ring| ring.push(head, body, reception));
        self.news.notify_waiters();
    }

    /// What this request is to the page; `None`: nothing.
    pub(super) fn wish<B>(page: &Arc<Self>, request: &Request<B>) -> Option<Wish> {
        let path = request.uri().path();
        let name = path.strip_prefix(FOLDER);
        if name.is_none() && !(path == "/" && wants_html(request.headers())) {
            return None;
        }
        if !host::is_trusted(request) {
            return Some(Wish::File(files::refusal()));
        }
        Some(match name {
            Some("events") => Wish::Events(events::response(Arc::clone(page), request)),
            name => Wish::File(files::file(name.unwrap_or("page.html"))),
        })
    }

    fn with_ring<T>(&self, work: impl FnOnce(&mut Ring) -> T) -> T {
        // Whoever panicked with it has left it whole: nothing in there can stop half-way.
        work(&mut self.ring.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Browsers name it; curl and its like take anything.
fn wants_html(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).iter().any(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/html")))
}

/// The head of a request, until its turn comes.
#[derive(Debug)]
pub(super) struct Head {
    uri: Uri,
    headers: HeaderMap,
}

impl Head {
    pub(super) fn of(parts: Parts) -> Self {
        Self { uri: parts.uri, headers: parts.headers }
    }

    /// Writes it down: the first line, then a line for each header field. Nobody keeps the bytes that came, which are a
    /// part of more.
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"POST ");
        out.extend_from_slice(self.uri.path_and_query().map_or("/", |path| path.as_str()).as_bytes());
        for (name, value) in &self.headers {
            out.push(b'\n');
            out.extend_from_slice(name.as_str().as_bytes());
            out.extend_from_slice(b": ");
            let is_secret = names_a_secret(name.as_str());
            out.extend_from_slice(if is_secret { b"***" } else { value.as_bytes() });
        }
    }
}
