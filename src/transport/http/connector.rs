//! A bare connection, to an address that the guard has seen.

use std::io;
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::Resolve;
use tokio::net::TcpStream;

use super::failure;
use super::resolve::Guarded;
use crate::transport::guard::{Guard, literal};
use crate::transport::{Failure, FailureKind};

/// Connects to receivers.
#[derive(Clone)]
pub struct Connector(Arc<Guarded>);

impl Connector {
    /// A connector that finds addresses with `resolver`, and asks `guard` about each.
    pub fn new(guard: Guard, resolver: Arc<dyn Resolve>) -> Self {
        Self(Arc::new(Guarded::new(guard, resolver)))
    }

    pub(super) fn of(resolver: &Arc<Guarded>) -> Self {
        Self(Arc::clone(resolver))
    }

    /// Connects to the host of `url`.
    ///
    /// # Errors
    /// It may not be called, has no address, or does not accept.
    pub async fn connect(&self, url: &Url) -> Result<TcpStream, Failure> {
        let forbidden = |error: crate::transport::guard::Forbidden| Failure {
            kind: FailureKind::Forbidden,
            detail: error.to_string(),
        };
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
        let mut last = io::Error::other("the name has no address");
        for mut address in addresses {
            address.set_port(port);
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(failure::of_connect(&last))
    }
}
