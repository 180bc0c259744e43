//! A server that does what a closure says, byte by byte.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// A server on a free loopback port. It lives as long as the test's runtime.
pub(crate) struct Server {
    /// Where it listens: `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    /// Its port.
    pub(crate) port: u16,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: AtomicUsize,
}

impl Server {
    /// Lets `behave` deal with every connection.
    pub(crate) fn start<B>(behave: impl Fn(Connection) -> B + Send + 'static) -> Self
    where
        B: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = listener();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Seen::default());
        tokio::spawn(accept(listener, Arc::clone(&seen), behave));
        Self { url: format!("http://127.0.0.1:{port}"), port, seen }
    }

    /// Answers every connection's first request with `answer`, then closes it.
    pub(crate) fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |mut connection| {
            let answer = answer.clone();
            async move {
                connection.request().await?;
                connection.send(&answer).await
            }
        })
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Relaxed)
    }

    /// How many whole requests came.
    pub(crate) fn requests(&self) -> usize {
        self.seen.requests.load(Relaxed)
    }
}

/// A small send buffer, so that few bytes wait unread.
fn listener() -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(64 * 1024).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket.listen(64).unwrap()
}

async fn accept<B>(listener: TcpListener, seen: Arc<Seen>, behave: impl Fn(Connection) -> B)
where
    B: Future<Output = io::Result<()>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        seen.connections.fetch_add(1, Relaxed);
        connections.spawn(behave(Connection { stream, seen: Arc::clone(&seen) }));
    }
}

/// One connection, as the server holds it.
pub(crate) struct Connection {
    stream: TcpStream,
    seen: Arc<Seen>,
}

impl Connection {
    /// Reads one whole request.
    pub(crate) async fn request(&mut self) -> io::Result<String> {
        let mut bytes = Vec::new();
        loop {
            if self.stream.read_buf(&mut bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let text = String::from_utf8_lossy(&bytes);
            if is_whole(&text) {
                self.seen.requests.fetch_add(1, Relaxed);
                return Ok(text.into_owned());
            }
        }
    }

    /// Reads all that comes, and how that ended.
    pub(crate) async fn all(&mut self) -> (String, io::Result<()>) {
        let mut bytes = Vec::new();
        let end = loop {
            match self.stream.read_buf(&mut bytes).await {
                Ok(0) => break Ok(()),
                Ok(_) => {}
                Err(error) => break Err(error),
            }
        };
        (String::from_utf8_lossy(&bytes).into_owned(), end)
    }

    /// Reads something, whatever it is.
    pub(crate) async fn anything(&mut self) -> io::Result<()> {
        self.stream.read(&mut [0; 64 * 1024]).await.map(drop)
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await
    }

    /// Waits until there is something to read, and reads nothing.
    pub(crate) async fn readable(&mut self) -> io::Result<()> {
        self.stream.readable().await
    }

    /// Says that nothing more will come.
    pub(crate) async fn finish(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    /// Closes it the hard way, with a RST.
    pub(crate) fn reset(self) -> io::Result<()> {
        self.stream.set_zero_linger()
    }

    /// Says no more, and does not close it.
    pub(crate) async fn hold(self) -> io::Result<()> {
        std::future::pending().await
    }
}

fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}
