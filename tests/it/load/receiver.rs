//! A receiver for the load engine, which is no future: it lives on a thread of its own.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot::{Sender, channel};
use tokio::sync::{Barrier, Semaphore};

use crate::hostile::server::{Connection, Server};

/// Status 200, and the connection stays.
pub(super) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// A [`Server`] with the thread that it lives on.
pub(super) struct Receiver {
    /// Where it listens: `http://127.0.0.1:PORT`.
    pub(super) url: String,
    server: Server,
    life: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Receiver {
    /// Lets `behave` deal with every connection.
    pub(super) fn start<B>(behave: impl Fn(Connection) -> B + Send + 'static) -> Self
    where
        B: Future<Output = io::Result<()>> + Send + 'static,
    {
        let (life, end) = channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tell.send(Server::start(behave)).unwrap();
                let _ = end.await;
            });
        });
        let server = told.recv().unwrap();
        Self { url: server.url.clone(), server, life: Some((life, thread)) }
    }

    /// Answers every request so, once `before` lets it.
    pub(super) fn answering_after<B>(
        answer: &'static str,
        before: impl Fn() -> B + Clone + Send + Sync + 'static,
    ) -> Self
    where
        B: Future<Output = ()> + Send,
    {
        Self::start(move |mut connection| {
            let before = before.clone();
            async move {
                loop {
                    connection.request().await?;
                    before().await;
                    connection.send(answer).await?;
                }
            }
        })
    }

    /// Answers every request so, at once.
    pub(super) fn answering(answer: &'static str) -> Self {
        Self::answering_after(answer, async || {})
    }

    /// Answers nothing before it is opened.
    pub(super) fn held(gate: &Arc<Semaphore>) -> Self {
        let gate = Arc::clone(gate);
        Self::answering_after(OK, move || {
            let gate = Arc::clone(&gate);
            // A gate that is closed for good is open.
            async move { drop(gate.acquire().await) }
        })
    }

    /// Answers `at_once` requests at a time, and none before there are so many.
    pub(super) fn in_rows_of(at_once: usize, most: &Arc<AtomicUsize>) -> Self {
        let (row, now, most) = (Arc::new(Barrier::new(at_once)), Arc::new(AtomicUsize::new(0)), Arc::clone(most));
        Self::answering_after(OK, move || {
            let (row, now, most) = (Arc::clone(&row), Arc::clone(&now), Arc::clone(&most));
            async move {
                most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                row.wait().await;
                now.fetch_sub(1, SeqCst);
            }
        })
    }

    pub(super) fn connections(&self) -> usize {
        self.server.connections()
    }

    pub(super) fn requests(&self) -> usize {
        self.server.requests()
    }

    /// It dies, with all its connections.
    pub(super) fn die(&mut self) {
        let (life, thread) = self.life.take().unwrap();
        drop(life);
        thread.join().unwrap();
    }
}
