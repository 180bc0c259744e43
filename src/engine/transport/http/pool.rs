//! Connections that are kept: which may be used again, and what one exchange over one of them comes to.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Either, Full};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};

use super::failure;
use super::socket::{Heard, Listening, Socket, Unread};
use crate::engine::transport::{Failure, Kept};
use crate::scenario::expect::Answer;

/// A body at hand, or one that is sent badly on purpose.
pub(super) type Body = Either<Full<Bytes>, UnsyncBoxBody<Bytes, io::Error>>;
pub(super) type Message = hyper::Request<Body>;

/// How long an idle connection is kept.
///
/// Servers close idle connections too: gunicorn after 2 s, uvicorn and node after 5 s. We let go first.
const IDLE: Duration = Duration::from_millis(1500);

/// How long after its last answer a connection need not be asked: hyper has just looked, and what is closed in between is met
/// by sending once more. Asking takes a system call, and a load at full speed uses each connection again within this time.
const JUST_USED: Duration = Duration::from_micros(200);

/// An open connection.
pub(super) struct Connection {
    sender: SendRequest<Body>,
    socket: Socket,
    heard: Heard,
    is_plain: bool,
    /// When its last answer was there.
    free_since: Instant,
}

/// An exchange that came to nothing.
pub(super) struct Missed {
    pub(super) failure: Failure,
    /// How far it came.
    pub(super) reached: Reached,
}

/// How far an exchange came that came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    /// Nothing of the request went out.
    Nowhere,
    /// The connection ended before the first byte of an answer.
    Request,
    /// There was something of an answer.
    Answer,
}

impl Connection {
    /// A connection over `stream`, which sends through `socket`.
    pub(super) async fn over<S>(stream: S, socket: Socket, is_plain: bool) -> Result<Self, Failure>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let heard = Heard::default();
        let stream = Listening { stream, heard: heard.clone() };
        let (sender, driver) =
            // Head and body are small: one buffer is cheaper than a vector of two.
            Builder::new().writev(false).handshake(TokioIo::new(stream)).await.map_err(|error| failure::of_connection(&error))?;
        tokio::spawn(driver);
        Ok(Self { sender, socket, heard, is_plain, free_since: Instant::now() })
    }

    /// Whether a request may go over it: nobody has closed it, and nobody has said anything out of turn.
    fn is_usable(&self) -> bool {
        let idle = self.free_since.elapsed();
        self.sender.is_ready()
            && idle < IDLE
            && (idle < JUST_USED
                || match self.socket.unread() {
                    Unread::Nothing => true,
                    // TLS has messages of its own.
                    Unread::Bytes => !self.is_plain,
                    Unread::End => false,
                })
    }

    /// Sends a request and reads the whole answer, of which at most `most` bytes of the body are kept.
    pub(super) async fn exchange(&mut self, message: Message, most: usize) -> Result<Answer, Missed> {
        self.heard.forget();
        let answer = self.sender.try_send_request(message).await.map_err(|mut error| {
            let is_unsent = error.take_message().is_some();
            self.missed(&error.into_error(), is_unsent)
        })?;
        let (head, mut rest) = answer.into_parts();
        let mut kept = Kept::new(most);
        while let Some(frame) = rest.frame().await {
            if let Ok(data) = frame.map_err(|error| self.missed(&error, false))?.into_data() {
                kept.take(data);
            }
        }
        Ok(kept.answer(head.status.as_u16(), head.headers))
    }

    fn missed(&self, error: &hyper::Error, is_unsent: bool) -> Missed {
        let reached = match (is_unsent, self.heard.anything()) {
            (true, _) => Reached::Nowhere,
            (false, false) => Reached::Request,
            (false, true) => Reached::Answer,
        };
        Missed { failure: failure::of_connection(error), reached }
    }
}

/// The connections to one host that are free, the one used last at the end.
#[derive(Clone, Default)]
pub(super) struct Pool(Arc<Mutex<Free>>);

#[derive(Default)]
struct Free {
    connections: Vec<Connection>,
    /// Whether somebody looks after those that are idle for too long.
    is_watched: bool,
}

impl Pool {
    /// A connection that may be used again.
    pub(super) fn take(&self) -> Option<Connection> {
        let mut free = lock(&self.0);
        loop {
            let connection = free.connections.pop()?;
            if connection.is_usable() {
                return Some(connection);
            }
        }
    }

    /// Takes a connection back after a whole answer, once its request is out: an answer can be faster.
    pub(super) fn put_back(&self, mut connection: Connection) {
        if connection.sender.is_ready() {
            self.put(connection);
        } else if !connection.sender.is_closed() {
            let pool = Arc::downgrade(&self.0);
            tokio::spawn(async move {
                if connection.sender.ready().await.is_ok()
                    && let Some(pool) = pool.upgrade()
                {
                    Self(pool).put(connection);
                }
            });
        }
    }

    fn put(&self, mut connection: Connection) {
        connection.free_since = Instant::now();
        let mut free = lock(&self.0);
        free.connections.push(connection);
        if !std::mem::replace(&mut free.is_watched, true) {
            tokio::spawn(close_idle(Arc::downgrade(&self.0)));
        }
    }

    /// How many connections are open and free.
    pub(super) fn len(&self) -> usize {
        lock(&self.0).connections.iter().filter(|connection| !connection.sender.is_closed()).count()
    }
}

/// Closes connections as they become too old, until none is free.
async fn close_idle(pool: Weak<Mutex<Free>>) {
    while let Some(pool) = pool.upgrade() {
        let oldest = {
            let mut free = lock(&pool);
            free.connections.retain(|connection| connection.free_since.elapsed() < IDLE);
            let oldest = free.connections.iter().map(|connection| connection.free_since).min();
            free.is_watched = oldest.is_some();
            oldest
        };
        drop(pool);
        let Some(oldest) = oldest else { return };
        sleep_until(oldest + IDLE).await;
    }
}

fn lock(free: &Mutex<Free>) -> MutexGuard<'_, Free> {
    free.lock().unwrap_or_else(PoisonError::into_inner)
}
