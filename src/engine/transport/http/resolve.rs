//! From a name to addresses, past the guard: whatever is connected to has been judged.

use std::error::Error;
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;

use super::failure;
use crate::engine::transport::FailureKind;
use crate::engine::transport::guard::{Forbidden, Guard, literal};

/// Asks the operating system, on a thread kept for blocking calls.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // Port 0 stands for "that of the URL".
            let addresses: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// A lookup that went well and found nothing.
#[derive(Debug, Error)]
#[error("the name has no address")]
struct NoAddress;

/// Why nothing can be sent to a URL.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The guard refuses all its addresses.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Its name has no address.
    #[error(
        "the name {host} cannot be resolved: {why}; check its spelling, add it to the DNS or the hosts file, or give an address that works"
    )]
    Unknown {
        /// The name.
        host: String,
        /// What the lookup said.
        why: String,
    },
}

/// Hands over only those addresses that the guard allows. The client tries them in turn, so one wrong one would be enough.
#[derive(Clone)]
pub(super) struct Guarded {
    guard: Guard,
    inner: Arc<dyn Resolve>,
}

impl Guarded {
    pub(super) fn new(guard: Guard, inner: Arc<dyn Resolve>) -> Self {
        Self { guard, inner }
    }

    pub(super) fn check_url(&self, url: &Url) -> Result<(), Forbidden> {
        self.guard.check_url(url)
    }

    pub(super) async fn preflight(&self, url: &Url) -> Result<(), Refusal> {
        self.check_url(url)?;
        let Some(host) = url.host_str().filter(|_| literal(url).is_none()) else { return Ok(()) };
        let unknown = |why: String| Refusal::Unknown { host: host.to_owned(), why };
        let name = host.parse().map_err(|_| unknown("it is no name".to_owned()))?;
        match self.resolve(name).await {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.downcast::<Forbidden>() {
                Ok(forbidden) => Refusal::Forbidden(*forbidden),
                Err(error) => {
                    let failure = failure::of_lookup(&*error);
                    // Whoever has no descriptor left for a lookup learns nothing of the name.
                    if failure.kind == FailureKind::Exhausted {
                        return Ok(());
                    }
                    unknown(failure.detail)
                }
            }),
        }
    }
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.guard;
        let host = name.as_str().to_owned();
        let lookup = self.inner.resolve(name);
        Box::pin(async move {
            let allowed = guard.sift(&host, lookup.await?)?;
            if allowed.is_empty() {
                return Err(Box::new(NoAddress) as Box<dyn Error + Send + Sync>);
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    /// A name server in memory.
    struct Fixed(&'static [&'static str]);

    impl Resolve for Fixed {
        fn resolve(&self, _: Name) -> Resolving {
            let addresses: Vec<SocketAddr> = self.0.iter().map(|text| text.parse().unwrap()).collect();
            Box::pin(async move { Ok(Box::new(addresses.into_iter()) as Addrs) })
        }
    }

    /// A name server that knows no name.
    struct Broken;

    impl Resolve for Broken {
        fn resolve(&self, _: Name) -> Resolving {
            Box::pin(async { Err("the name server is down".into()) })
        }
    }

    fn guarded(inner: impl Resolve + 'static, allow_remote: bool) -> Guarded {
        Guarded::new(Guard { allow_remote }, Arc::new(inner))
    }

    async fn resolve(resolver: &Guarded) -> Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>> {
        resolver.resolve("callback.example".parse().unwrap()).await.map(Iterator::collect)
    }

    async fn preflight(resolver: &Guarded, url: &str) -> Result<(), String> {
        resolver.preflight(&Url::parse(url).unwrap()).await.map_err(|refusal| match refusal {
            Refusal::Forbidden(forbidden) => forbidden.address().to_string(),
            Refusal::Unknown { host, why } => format!("{host}: {why}"),
        })
    }

    #[tokio::test]
    async fn forbidden_addresses_are_never_handed_over() {
        let mixed = Fixed(&["8.8.8.8:0", "[::ffff:8.8.8.8]:0", "10.0.0.1:0"]);
        assert_eq!(resolve(&guarded(mixed, false)).await.unwrap(), ["10.0.0.1:0".parse().unwrap()]);

        let refused = resolve(&guarded(Fixed(&["8.8.8.8:0"]), false)).await.unwrap_err();
        assert!(refused.is::<Forbidden>(), "{refused}");
        assert_eq!(resolve(&guarded(Fixed(&["8.8.8.8:0"]), true)).await.unwrap(), ["8.8.8.8:0".parse().unwrap()]);
    }

    #[tokio::test]
    async fn no_address_is_an_error_of_its_own() {
        let error = resolve(&guarded(Fixed(&[]), false)).await.unwrap_err();
        assert_eq!(error.to_string(), "the name has no address");
    }

    #[tokio::test]
    async fn a_command_can_ask_before_anything_is_sent() {
        let remote = guarded(Fixed(&["8.8.8.8:0"]), false);
        assert_eq!(preflight(&remote, "http://callback.example/").await, Err("8.8.8.8".into()));
        assert_eq!(preflight(&remote, "http://9.9.9.9/").await, Err("9.9.9.9".into()));
        assert_eq!(preflight(&remote, "http://receiver/").await, Ok(()));
        // An address is not looked up.
        assert_eq!(preflight(&remote, "http://127.0.0.1/").await, Ok(()));
        assert_eq!(preflight(&remote, "http://[::1]/").await, Ok(()));
        for (unknown, why) in [
            (guarded(Broken, false), "the name server is down"),
            (guarded(Fixed(&[]), false), "the name has no address"),
        ] {
            let said = preflight(&unknown, "http://callback.example/").await;
            assert_eq!(said, Err(format!("callback.example: {why}")));
            assert_eq!(preflight(&unknown, "http://127.0.0.1/").await, Ok(()));
        }
    }
}
