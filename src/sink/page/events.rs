//! What happens, as server-sent events: at its reader's pace, without anything being kept for it.

use std::borrow::Cow;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::{Request, Response};
use serde::Serialize;
use tokio::time::{Instant, sleep_until, timeout};

use super::ring::{Entry, MOST, News};
use super::{Page, files};
use crate::sink::reception::{Reception, SCHEMA_VERSION};

/// How many callbacks are told at once, and how many bytes of them: at a higher rate the ring turns faster than anybody
/// reads, and what is skipped costs nothing.
const AT_ONCE: usize = 200;
const BYTES_AT_ONCE: usize = 256 * 1024;
/// How long there is silence after something was told.
const PAUSE: Duration = Duration::from_millis(50);
/// How long there may be silence: a connection that is broken is found out when something is sent.
const SILENCE: Duration = Duration::from_secs(15);

/// Tells what comes, and first what has come: all that is kept, or what is new to a reader that has been here before.
pub(super) fn response<B>(page: Arc<Page>, request: &Request<B>) -> Response<BoxBody<Bytes, Infallible>> {
    // A page that listens again has its last id in the query; a browser that does so by itself knows a later one.
    let header = request.headers().get("last-event-id").and_then(|id| id.to_str().ok());
    let known = header.or_else(|| request.uri().query()).and_then(|id| page.number(id)).unwrap_or(0);
    let teller = Teller { page, known, last: None };
    let frames = stream::unfold(teller, |mut teller| async {
        let text = teller.next().await;
        Some((Ok(Frame::data(Bytes::from(text))), teller))
    });
    let mut response = Response::new(StreamBody::new(frames).boxed());
    files::keep_to_itself(&mut response, "text/event-stream");
    response
}

impl Page {
    /// The number in an event's id, if it is one of this sink.
    fn number(&self, id: &str) -> Option<u64> {
        let (run, number) = id.rsplit_once('-')?;
        let number = number.parse().ok()?;
        (run == self.run && number <= self.with_ring(|ring| ring.counts().received)).then_some(number)
    }
}

/// Tells one reader.
struct Teller {
    page: Arc<Page>,
    /// The number of the last callback that was told.
    known: u64,
    /// When something was told last.
    last: Option<Instant>,
}

impl Teller {
    /// What is to be told next.
    async fn next(&mut self) -> String {
        let text = match self.last {
            None => self.greeting(),
            Some(last) => {
                sleep_until(last + PAUSE).await;
                timeout(SILENCE, self.news()).await.map_or_else(|_| ":\n\n".to_owned(), |news| self.tell(&news))
            }
        };
        self.last = Some(Instant::now());
        text
    }

    /// What came since, as soon as something did.
    async fn news(&self) -> News {
        loop {
            let mut woken = pin!(self.page.news.notified());
            // From here on nothing is missed: what comes before the look is seen, what comes after it wakes.
            woken.as_mut().enable();
            let news = self.page.with_ring(|ring| ring.after(self.known, AT_ONCE, BYTES_AT_ONCE));
            if !news.entries.is_empty() {
                return news;
            }
            woken.await;
        }
    }

    fn greeting(&self) -> String {
        let Page { run, key, .. } = &*self.page;
        let version = env!("CARGO_PKG_VERSION");
        let hello = Hello { schema_version: SCHEMA_VERSION, run, version, key: key.is_some(), kept: MOST };
        let counts = self.page.with_ring(|ring| ring.counts());
        // A sink that is started again is found soon.
        format!("retry: 500\n\n{}{}", event("hello", &hello), event("counts", &counts))
    }

    fn tell(&mut self, news: &News) -> String {
        let mut text = String::new();
        for entry in &news.entries {
            let reception = entry.reception(self.page.key.as_ref());
            self.known = entry.number;
            text +=
                &format!("id: {}-{}\n{}", self.page.run, entry.number, event("callback", &Told::of(entry, &reception)));
        }
        text + &event("counts", &news.counts)
    }
}

/// One event. JSON has no line breaks.
fn event(name: &str, data: &impl Serialize) -> String {
    // These types have no maps and fail at nothing.
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n")
}

#[derive(Serialize)]
struct Hello<'a> {
    schema_version: u32,
    run: &'a str,
    version: &'static str,
    /// Whether signatures are checked.
    key: bool,
    /// How many callbacks are kept.
    kept: usize,
}

/// A callback.
#[derive(Serialize)]
struct Told<'a> {
    number: u64,
    /// [`Reception::task`] as text: scripts have no such numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    head: Cow<'a, str>,
    /// Absent if it was too large.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    /// Instead of `body` if that is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    reception: &'a Reception,
}

impl<'a> Told<'a> {
    fn of(entry: &'a Entry, reception: &'a Reception) -> Self {
        let bytes = entry.body();
        let body = bytes.and_then(|bytes| std::str::from_utf8(bytes).ok());
        let other = if body.is_none() { bytes } else { None };
        Self {
            number: entry.number,
            task: reception.task.map(|task| format!("{task:x}")),
            head: entry.head(),
            body,
            body_base64: other.map(|bytes| BASE64_STANDARD.encode(bytes)),
            reception,
        }
    }
}
