//! Whom the page is shown to: callbacks may hold secrets, and other sites have scripts too.

use hyper::Request;
use hyper::header::HOST;
use hyper::http::uri::Authority;
use std::net::IpAddr;

/// Whether the request was sent to an address, or to this machine by its name.
///
/// Any site can point a name of its own at this machine, and its scripts may then read what is served under that name
/// (DNS rebinding). Nobody can do so with an address, or with `localhost`.
pub(super) fn is_trusted<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let named = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    named.is_some_and(|host| is_address(&host)) && request.uri().authority().is_none_or(is_address)
}

fn is_address(authority: &Authority) -> bool {
    let host = authority.host().to_ascii_lowercase();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&host);
    bare.parse::<IpAddr>().is_ok() || host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(uri: &str, hosts: &[&str]) -> bool {
        let mut request = Request::builder().uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        is_trusted(&request.body(()).unwrap())
    }

    #[test]
    fn names_that_others_can_give_are_not_trusted() {
        for host in ["127.0.0.1:3140", "10.1.2.3", "[::1]:3140", "[fe80::1]", "localhost", "LocalHost:1", "a.localhost"]
        {
            assert!(asked("/", &[host]), "{host}");
        }
        for host in [
            "evil.test",
            "evil.test:3140",
            "127.0.0.1.evil.test",
            "localhost.evil.test",
            "evil-localhost",
            "2130706433",
            "sink",
            "127.0.0.1@evil.test",
            "",
            "a b",
        ] {
            assert!(!asked("/", &[host]), "{host}");
        }
    }

    #[test]
    fn there_is_one_host_and_it_is_everywhere_the_same() {
        assert!(!asked("/", &[]));
        assert!(!asked("/", &["127.0.0.1", "evil.test"]));
        assert!(!asked("http://evil.test/", &["127.0.0.1"]));
        assert!(asked("http://127.0.0.1/", &["127.0.0.1"]));
    }
}
