//! The reqwest client, with everything turned off that it would do by itself.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, redirect, retry};
use thiserror::Error;

use super::HttpSettings;
use super::resolve::Guarded;

/// How long an idle connection is kept.
///
/// Servers close idle connections too: gunicorn after 2 s, uvicorn and node after 5 s. Whoever posts in the moment when the server
/// closes sees a reset that is nobody's fault; so we let go first.
const IDLE: Duration = Duration::from_millis(1500);

/// Why there is no transport.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BuildError {
    /// The given CA certificates cannot be used.
    #[error("the CA certificates cannot be used: {0}; give a PEM file with at least one certificate")]
    Certificates(String),
    /// The client itself cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}

pub(super) fn build(settings: &HttpSettings, resolver: &Arc<Guarded>) -> Result<Client, BuildError> {
    let plain = || quiet().dns_resolver(Arc::clone(resolver));
    #[cfg(feature = "https")]
    return super::tls::build(plain, settings);
    #[cfg(not(feature = "https"))]
    {
        let _ = settings; // the rest of them is about TLS
        plain().build().map_err(|error| BuildError::Client(super::failure::of(&error).detail))
    }
}

/// No proxy, no redirect, no retry: what the receiver sees is what the plan says.
///
/// One retry remains: hyper takes a new connection if the server closed the old one before the request went out. Nobody
/// has seen that request.
fn quiet() -> ClientBuilder {
    Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .http1_only()
        .tcp_nodelay(true)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::guard::Guard;
    use crate::transport::http::SystemResolver;

    #[test]
    fn proxies_of_the_environment_are_not_asked() {
        // A test cannot safely change its environment. Whether a client would ask for proxies shows in its `Debug`.
        let resolver = Arc::new(Guarded::new(Guard::default(), Arc::new(SystemResolver)));
        let ours = format!("{:?}", build(&HttpSettings::default(), &resolver).unwrap());
        let usual = format!("{:?}", Client::new());
        assert!(usual.contains("proxies"), "reqwest's `Debug` has changed and this test proves nothing: {usual}");
        assert!(!ours.contains("proxies"), "{ours}");
    }
}
