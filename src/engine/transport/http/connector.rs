//! A bare connection, to an address that the guard has seen.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use reqwest::Url;
use reqwest::dns::Resolve;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::failure;
use super::resolve::{Guarded, Refusal};
use crate::engine::transport::guard::{Forbidden, Guard, literal};
use crate::engine::transport::{Failure, FailureKind};

/// How long the first addresses of a name are tried before those of the other family.
const HEAD_START: Duration = Duration::from_millis(300);

/// Connects to receivers.
#[derive(Clone)]
pub struct Connector(Arc<Guarded>);

impl Connector {
    /// A connector that finds addresses with `resolver`, and asks `guard` about each.
    pub fn new(guard: Guard, resolver: Arc<dyn Resolve>) -> Self {
        Self(Arc::new(Guarded::new(guard, resolver)))
    }

    /// Whether there is an address of `url` that the guard lets pass.
    pub(super) async fn preflight(&self, url: &Url) -> Result<(), Refusal> {
        self.0.preflight(url).await
    }

    /// Connects to the host of `url`.
    ///
    /// # Errors
    /// It may not be called, has no address, or does not accept.
    pub async fn connect(&self, url: &Url) -> Result<TcpStream, Failure> {
        let forbidden = |error: Forbidden| Failure { kind: FailureKind::Forbidden, detail: error.to_string() };
        self.0.check_url(url).map_err(forbidden)?;
        let port = url.port_or_known_default().unwrap_or(80);
        let stream = match literal(url) {
            Some(address) => TcpStream::connect((address, port)).await.map_err(|error| failure::of_connect(&error))?,
            None => self.by_name(url, port).await?,
        };
        // Requests are small and must not wait for more; where it fails they are only slower.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    async fn by_name(&self, url: &Url, port: u16) -> Result<TcpStream, Failure> {
        let dns = |detail: String| Failure { kind: FailureKind::Dns, detail };
        let name = url.host_str().unwrap_or_default().parse().map_err(|_| dns("not a name".to_owned()))?;
        let addresses = self.0.resolve(name).await.map_err(|error| failure::of_lookup(&*error))?;
        let addresses: Vec<_> = addresses.map(|address| SocketAddr::new(address.ip(), port)).collect();
        in_turn(&addresses).await.map_err(|error| failure::of_connect(&error))
    }
}

/// Connects to the first address that accepts. Those of the other family begin a little later, also if the first keeps silent.
async fn in_turn(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let preferred = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let (first, second): (Vec<_>, Vec<_>) = addresses.iter().partition(|address| address.is_ipv4() == preferred);
    if second.is_empty() {
        return TcpStream::connect(&first[..]).await;
    }
    let mut first = pin!(TcpStream::connect(&first[..]));
    let begun = match timeout(HEAD_START, &mut first).await {
        Ok(Ok(stream)) => return Ok(stream),
        Ok(Err(error)) => Some(error),
        Err(_) => None,
    };
    let second = pin!(TcpStream::connect(&second[..]));
    match begun {
        // What the first address met is what is reported.
        Some(error) => second.await.map_err(|_| error),
        None => match select(first, second).await {
            Either::Left((Ok(stream), _)) | Either::Right((Ok(stream), _)) => Ok(stream),
            Either::Left((Err(error), other)) => other.await.map_err(|_| error),
            Either::Right((Err(_), other)) => other.await,
        },
    }
}
