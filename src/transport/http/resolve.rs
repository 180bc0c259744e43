//! From a name to addresses, past the guard: whatever is connected to has been judged.

use std::error::Error;
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;

use crate::transport::guard::{Forbidden, Guard, literal};

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

    pub(super) async fn preflight(&self, url: &Url) -> Result<(), Forbidden> {
        self.check_url(url)?;
        let Some(host) = url.host_str().filter(|_| literal(url).is_none()) else { return Ok(()) };
        let Ok(name) = host.parse() else { return Ok(()) };
        let refusal = self.resolve(name).await.err().and_then(|error| error.downcast::<Forbidden>().ok());
        refusal.map_or(Ok(()), |forbidden| Err(*forbidden))
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
        resolver.preflight(&Url::parse(url).unwrap()).await.map_err(|forbidden| forbidden.address().to_string())
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
        // Whether the name exists is for the run to find out.
        assert_eq!(preflight(&guarded(Broken, false), "http://callback.example/").await, Ok(()));
        assert_eq!(preflight(&guarded(Fixed(&[]), false), "http://callback.example/").await, Ok(()));
    }
}
