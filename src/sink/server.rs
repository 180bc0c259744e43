//! The sink on a socket: many connections, one sink that takes their bodies one after the other, and an orderly end.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Sink;
use super::connection::{Arrival, Patience, Surroundings, serve_connection};
use super::page::Page;
use super::reception::Reception;

/// What the server puts up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; more wait in the system's queue. Each needs a file descriptor.
    pub connections: usize,
    /// How long a connection may take for the head of its next request, and so how long it may be idle.
    pub head: Duration,
    /// How long a request may take for its body.
    pub body: Duration,
    /// How long requests in flight may take once the server is to stop.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 12_000,
            // HTTP clients keep idle connections for 90 s or less. The client must be the one to close them:
            // a request that meets a closing connection looks like a failure of the receiver.
            head: Duration::from_secs(120),
            body: Duration::from_secs(30),
            grace: Duration::from_secs(5),
        }
    }
}

/// How many bodies may wait for the sink before connections have to wait with theirs.
const QUEUE: usize = 1024;

/// How many connections the system may hold back for us; it lowers this to its own limit.
const BACKLOG: u32 = 4096;

/// A listener that survives thousands of connections arriving at once. Must be called on a tokio runtime.
///
/// # Errors
/// What the operating system says: in use, not allowed, not an address of this machine.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // On Windows it would let two servers share a port; elsewhere it lets a restarted one have its port back at once.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves `sink` until `shutdown` is ready and the requests in flight are answered, or [`Limits::grace`] is over.
///
/// Connections are tasks spawned on the current runtime, whatever its flavour; `sink` and `on_reception` stay in this
/// future, so they need no lock and may borrow. `on_reception` hears of a request before it is answered.
/// Dropping the future cuts all connections at once.
pub async fn serve(
    listener: TcpListener,
    sink: &mut Sink,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
    on_reception: impl FnMut(&Reception),
) {
    serve_with_page(listener, sink, limits, None, shutdown, on_reception).await;
}

/// [`serve`], with a page for a browser at `/`.
pub async fn serve_with_page(
    listener: TcpListener,
    sink: &mut Sink,
    limits: Limits,
    page: Option<Arc<Page>>,
    shutdown: impl Future<Output = ()>,
    mut on_reception: impl FnMut(&Reception),
) {
    let (send, mut arrivals) = mpsc::channel(QUEUE);
    // Closed when the server is to stop: the connections watch it.
    let (open, watcher) = watch::channel(());
    let patience = Patience { head: limits.head, body: limits.body };
    let around = Surroundings { patience, arrivals: send, page: page.clone(), open: watcher };
    let page = page.as_deref();
    let mut connections = JoinSet::new();
    tokio::select! {
        never = accept(&listener, limits, &mut connections, around) => match never {},
        () = receive(&mut arrivals, sink, page, &mut on_reception) => {}
        () = shutdown => {}
    }
    drop(listener);
    drop(open);
    // Ends when the last connection has: each holds a sender. What is left after the grace is cut with `connections`.
    let _ = timeout(limits.grace, receive(&mut arrivals, sink, page, &mut on_reception)).await;
}

/// Lets the sink receive what arrives, until nothing can arrive any more.
async fn receive(
    arrivals: &mut mpsc::Receiver<Arrival>,
    sink: &mut Sink,
    page: Option<&Page>,
    on_reception: &mut impl FnMut(&Reception),
) {
    while let Some(Arrival { body, at, head, reply }) = arrivals.recv().await {
        let reception = match &body {
            Some(body) => sink.receive(body, at),
            None => sink.receive_too_large(at),
        };
        on_reception(&reception);
        // A client that is gone needs no reply.
        let _ = reply.send(reception.reply.clone());
        if let (Some(page), Some(head)) = (page, head) {
            page.record(&head, body.as_deref(), &reception);
        }
    }
}

/// Accepts for ever.
async fn accept(
    listener: &TcpListener,
    limits: Limits,
    connections: &mut JoinSet<()>,
    around: Surroundings,
) -> Infallible {
    loop {
        while connections.try_join_next().is_some() {}
        if connections.len() >= limits.connections {
            connections.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are small and must not wait for more; where it fails they are only slower.
                let _ = stream.set_nodelay(true);
                connections.spawn(serve_connection(stream, around.clone()));
            }
            Err(error) if concerns_one_client(&error) => {}
            // Most likely out of descriptors, which only time mends; without a pause this loop would spin.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

fn concerns_one_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
