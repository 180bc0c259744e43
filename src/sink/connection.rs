//! One HTTP/1 connection to the sink.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep, timeout};

use super::MAX_BODY;
use super::page::{Head, Page, Wish};
use super::reception::Reply;
use crate::time::{UnixMillis, wall_now};

/// A body that has arrived, on its way to the sink.
pub(super) struct Arrival {
    /// `None`: larger than [`MAX_BODY`].
    pub(super) body: Option<Bytes>,
    pub(super) at: UnixMillis,
    /// If there is a page to show it.
    pub(super) head: Option<Head>,
    pub(super) reply: oneshot::Sender<Reply>,
}

/// How long a client may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For the head of its next request.
    pub(super) head: Duration,
    /// For a body.
    pub(super) body: Duration,
}

/// Nothing more is said on this connection.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed without an answer")]
struct HangUp;

/// What is read of a body that is too large before it is refused. A client that is still writing when the connection
/// closes may never see the answer, so a body of moderate size is read to its end.
const MAX_DISCARDED: usize = 8 * MAX_BODY;

const HINT: &str = "This is the built-in receiver of pullpush.\n\
    POST a relay-task callback to any path and it says what it thinks of it, for example:\n  \
    pullpush send TaskStart --to <this address>\n";

/// The body of an answer: all of it, or events as they come.
type Answer = Either<Full<Bytes>, BoxBody<Bytes, Infallible>>;

/// What a connection has to do with.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    pub(super) patience: Patience,
    pub(super) arrivals: mpsc::Sender<Arrival>,
    pub(super) page: Option<Arc<Page>>,
    /// Closed when the server is to stop.
    pub(super) open: watch::Receiver<()>,
}

/// Serves a connection until it ends, or until the server is to stop and the request in flight is answered.
pub(super) async fn serve_connection(stream: TcpStream, around: Surroundings) {
    let mut open = around.open.clone();
    let patience = around.patience;
    // Somebody watches: that has no end of its own.
    let watching = AtomicBool::new(false);
    let service = service_fn(|request| answer(request, &around, &watching));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    // An error ends this connection, and that is all: resets, garbage and slow clients are everyday.
    let ended = tokio::select! {
        result = connection.as_mut() => Some(result),
        _ = open.changed() => None,
    };
    if ended.is_none() && !watching.load(Relaxed) {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

async fn answer(
    request: Request<Incoming>,
    around: &Surroundings,
    watching: &AtomicBool,
) -> Result<Response<Answer>, HangUp> {
    match *request.method() {
        Method::POST => receive(request, around).await,
        Method::GET | Method::HEAD => Ok(show(&request, around, watching)),
        _ => {
            let mut refusal = text(StatusCode::METHOD_NOT_ALLOWED, "Callbacks come by POST.\n");
            refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
            Ok(refusal)
        }
    }
}

/// The page for a browser; for everybody else a hint.
fn show(request: &Request<Incoming>, around: &Surroundings, watching: &AtomicBool) -> Response<Answer> {
    match around.page.as_ref().and_then(|page| Page::wish(page, request)) {
        None => text(StatusCode::OK, HINT),
        Some(Wish::File(file)) => file.map(|file| Either::Left(Full::new(file))),
        // What begins now would be there until the grace is over.
        Some(Wish::Events(_)) if around.open.has_changed().is_err() => {
            text(StatusCode::SERVICE_UNAVAILABLE, "The sink is ending.\n")
        }
        Some(Wish::Events(events)) => {
            // To HEAD there is nothing but a head.
            watching.store(request.method() == Method::GET, Relaxed);
            events.map(Either::Right)
        }
    }
}

async fn receive(request: Request<Incoming>, around: &Surroundings) -> Result<Response<Answer>, HangUp> {
    let Surroundings { patience, arrivals, .. } = around;
    let (parts, body) = request.into_parts();
    let head = around.page.as_ref().map(|_| Head::of(parts));
    let body = timeout(patience.body, read(body)).await.map_err(|_| HangUp)??;
    let too_large = body.is_none();
    let (reply, replied) = oneshot::channel();
    arrivals.send(Arrival { body, at: wall_now(), head, reply }).await.map_err(|_| HangUp)?;
    let reply = replied.await.map_err(|_| HangUp)?;
    // A timer takes a millisecond even for nothing. Nobody else waits here: the sink went on to the next arrival.
    if !reply.delay.is_zero() {
        sleep(reply.delay).await;
    }
    if reply.drop_connection {
        return Err(HangUp);
    }
    let mut response = Response::new(Either::Left(Full::new(reply.body)));
    // What is no status of three digits becomes 500 here; what ends no exchange (1xx) does so in hyper.
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if too_large {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// The whole body, or `None` if it is too large.
async fn read(mut body: Incoming) -> Result<Option<Bytes>, HangUp> {
    const MOST: usize = MAX_BODY + MAX_DISCARDED;
    if body.size_hint().lower() > MOST as u64 {
        return Ok(None);
    }
    let mut whole = BytesMut::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| HangUp)?.into_data() else { continue };
        length += data.len();
        if length <= MAX_BODY {
            whole.extend_from_slice(&data);
        } else if length > MOST {
            break;
        }
    }
    Ok((length <= MAX_BODY).then(|| whole.freeze()))
}

fn text(status: StatusCode, text: &'static str) -> Response<Answer> {
    let mut response = Response::new(Either::Left(Full::new(Bytes::from_static(text.as_bytes()))));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
