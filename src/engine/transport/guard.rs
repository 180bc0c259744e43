//! Whom pullpush may hit: this machine and private networks; anything else only when told so.
//!
//! Everything here is pure: it looks nothing up and opens nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use thiserror::Error;

/// What the user allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Guard {
    /// Every address may be hit, also public ones (`--allow-remote`).
    pub allow_remote: bool,
}

/// Pullpush may not connect there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{} is {}; add --allow-remote if you mean it", subject(.host, .address), .reach.words())]
pub struct Forbidden {
    /// The name that led to the address; none if the URL holds the address itself.
    host: Option<String>,
    address: IpAddr,
    reach: Reach,
}

impl Forbidden {
    /// The address that was refused.
    pub const fn address(&self) -> IpAddr {
        self.address
    }
}

fn subject(host: &Option<String>, address: &IpAddr) -> String {
    match host {
        Some(host) => format!("{host} ({address})"),
        None => address.to_string(),
    }
}

impl Guard {
    /// Judges a URL that holds an address itself. A URL with a name passes: its addresses are judged once they are known.
    ///
    /// Spellings such as `http://2130706433/` or `http://0x7f.1/` are addresses already when a [`Url`] is made of them.
    ///
    /// # Errors
    /// The address is one that the guard refuses.
    pub fn check_url(self, url: &Url) -> Result<(), Forbidden> {
        literal(url).map_or(Ok(()), |address| self.judge(None, address))
    }

    /// Judges an address that the name `host` resolved to.
    ///
    /// # Errors
    /// The address is one that the guard refuses.
    pub fn check_address(self, host: &str, address: IpAddr) -> Result<(), Forbidden> {
        self.judge(Some(host), address)
    }

    /// Keeps those of a name's addresses that may be hit. An empty list stays one: that is not the guard's business.
    ///
    /// # Errors
    /// There were addresses, and none may be hit; the error is about the first.
    pub fn sift(self, host: &str, addresses: impl Iterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, Forbidden> {
        let mut refused = None;
        let mut allowed = Vec::new();
        for address in addresses {
            match self.check_address(host, address.ip()) {
                Ok(()) => allowed.push(address),
                Err(forbidden) => refused = refused.or(Some(forbidden)),
            }
        }
        match refused {
            Some(forbidden) if allowed.is_empty() => Err(forbidden),
            _ => Ok(allowed),
        }
    }

    fn judge(self, host: Option<&str>, address: IpAddr) -> Result<(), Forbidden> {
        // ::ffff:8.8.8.8 is 8.8.8.8 by another name.
        let address = address.to_canonical();
        let reach = Reach::of(address);
        let needs_no_word = match reach {
            Reach::Near => true,
            Reach::Remote => host.is_some_and(is_local_name),
            Reach::Metadata => false,
        };
        if needs_no_word || self.allow_remote {
            return Ok(());
        }
        Err(Forbidden { host: host.map(str::to_owned), address, reach })
    }
}

/// The address that the URL holds in place of a name.
pub(super) fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Whether only this machine or its network can have given the name its meaning: `localhost`, a container's `receiver`.
///
/// `receiver.` is not one: the final dot sends it past all local search lists, to the public DNS. It is judged by its addresses.
/// An IPv6 address has no dot either, and is no name.
fn is_local_name(host: &str) -> bool {
    !host.contains(['.', ':'])
}

/// How far away an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// This machine, or a private network.
    Near,
    /// A place where clouds keep a machine's secrets: a stray POST must not land there, whatever name led to it.
    Metadata,
    /// Everything else.
    Remote,
}

/// Metadata services outside link-local: Alibaba, Azure, Oracle, Google.
const METADATA: [IpAddr; 5] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

impl Reach {
    fn of(address: IpAddr) -> Self {
        if METADATA.contains(&address) {
            return Self::Metadata;
        }
        match address {
            IpAddr::V4(v4) => Self::of_v4(v4),
            IpAddr::V6(v6) => Self::of_v6(v6),
        }
    }

    const fn of_v4(address: Ipv4Addr) -> Self {
        if address.is_link_local() {
            return Self::Metadata; // 169.254.169.254 and its like
        }
        // Connecting to 0.0.0.0 reaches this machine.
        if address.is_loopback() || address.is_private() || address.is_unspecified() {
            return Self::Near;
        }
        Self::Remote
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        // Amazon's services for its machines all live in fd00:ec2::/32, which is part of the private fc00::/7.
        if address.is_unicast_link_local() || address.segments().starts_with(&[0xfd00, 0xec2]) {
            return Self::Metadata;
        }
        if address.is_loopback() || address.is_unique_local() || address.is_unspecified() {
            return Self::Near;
        }
        Self::Remote
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Near => "near",
            Self::Metadata => "a link-local or cloud metadata address",
            Self::Remote => "neither on this machine nor on a private network",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Guard = Guard { allow_remote: false };
    const LENIENT: Guard = Guard { allow_remote: true };

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn literals_near_by_need_no_word() {
        for host in [
            "127.0.0.1",
            "127.255.255.254",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "[::1]",
            "[::]",
            "[fc00::1]",
            "[fd12:3456::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:10.1.2.3]",
            // Other spellings of 127.0.0.1.
            "2130706433",
            "0x7f.1",
            "017700000001",
            "127.1",
            "127.0.0.1.",
            "%3127.0.0.1",
            "１２７.0.0.1",
        ] {
            assert_eq!(STRICT.check_url(&url(&format!("http://{host}:8080/callback"))), Ok(()), "{host}");
        }
    }

    #[test]
    fn other_literals_need_a_word() {
        for (host, address) in [
            ("8.8.8.8", "8.8.8.8"),
            ("134744072", "8.8.8.8"),
            ("0x8.0x8.0x8.0x8", "8.8.8.8"),
            ("8.8.8.8.", "8.8.8.8"),
            ("[::ffff:8.8.8.8]", "8.8.8.8"),
            ("172.15.255.255", "172.15.255.255"),
            ("172.32.0.1", "172.32.0.1"),
            ("192.169.0.1", "192.169.0.1"),
            ("11.0.0.1", "11.0.0.1"),
            ("128.0.0.1", "128.0.0.1"),
            ("0.0.0.1", "0.0.0.1"),
            ("100.64.0.1", "100.64.0.1"),
            ("224.0.0.1", "224.0.0.1"),
            ("255.255.255.255", "255.255.255.255"),
            ("[2606:4700::1111]", "2606:4700::1111"),
            ("[64:ff9b::7f00:1]", "64:ff9b::7f00:1"),
            ("[fec0::1]", "fec0::1"),
            ("[::2]", "::2"),
        ] {
            let target = url(&format!("http://{host}/callback"));
            let refused = STRICT.check_url(&target).expect_err(host);
            assert_eq!((refused.address(), refused.reach), (ip(address), Reach::Remote), "{host}");
            assert_eq!(LENIENT.check_url(&target), Ok(()), "{host}");
        }
    }

    #[test]
    fn metadata_addresses_need_a_word_whatever_their_range_or_name() {
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "169.254.0.23",
            "::ffff:169.254.169.254",
            "fe80::1",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd00:c1::a9fe:a9fe",
            "fd20:ce::254",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
        ] {
            for host in ["receiver", "localhost", "metadata.internal"] {
                let refused = STRICT.check_address(host, ip(address)).expect_err(address);
                assert_eq!(refused.reach, Reach::Metadata, "{host} {address}");
                assert_eq!(LENIENT.check_address(host, ip(address)), Ok(()), "{host} {address}");
            }
        }
        for literal in ["169.254.169.254", "2852039166", "[::ffff:a9fe:a9fe]", "[fd00:ec2::254]"] {
            let refused = STRICT.check_url(&url(&format!("http://{literal}/"))).expect_err(literal);
            assert_eq!(refused.reach, Reach::Metadata, "{literal}");
        }
    }

    #[test]
    fn names_are_judged_by_their_addresses_unless_they_have_no_dot() {
        for (host, address, allowed) in [
            ("receiver", "8.8.8.8", true),
            ("receiver", "2606:4700::1111", true),
            ("app.localhost", "127.0.0.1", true),
            ("host.docker.internal", "192.168.65.254", true),
            ("localhost.", "127.0.0.1", true),
            ("receiver.", "8.8.8.8", false),
            ("callback.example", "8.8.8.8", false),
            ("callback.example", "::ffff:8.8.8.8", false),
            ("callback.example", "::ffff:10.0.0.1", true),
            // An address is no name, whether or not it has dots.
            ("2606:4700::1111", "2606:4700::1111", false),
            ("[2606:4700::1111]", "2606:4700::1111", false),
        ] {
            assert_eq!(STRICT.check_address(host, ip(address)).is_ok(), allowed, "{host} {address}");
        }
    }

    #[test]
    fn a_name_in_a_url_waits_for_its_addresses() {
        assert_eq!(STRICT.check_url(&url("http://callback.example/")), Ok(()));
    }

    #[test]
    fn only_allowed_addresses_are_handed_over() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let mixed = [at("8.8.8.8:80"), at("10.0.0.1:80"), at("169.254.169.254:80"), at("[::1]:80")];
        let sift = |guard: Guard, addresses: &[SocketAddr]| guard.sift("callback.example", addresses.iter().copied());

        assert_eq!(sift(STRICT, &mixed), Ok(vec![mixed[1], mixed[3]]));
        assert_eq!(sift(LENIENT, &mixed), Ok(mixed.to_vec()));
        assert_eq!(sift(STRICT, &[]), Ok(vec![]));
        let refused = sift(STRICT, &[mixed[0], mixed[2]]).unwrap_err();
        assert_eq!(refused.address(), mixed[0].ip());
    }

    #[test]
    fn a_refusal_says_what_why_and_what_to_do() {
        assert_eq!(
            STRICT.check_url(&url("http://8.8.8.8/")).unwrap_err().to_string(),
            "8.8.8.8 is neither on this machine nor on a private network; add --allow-remote if you mean it"
        );
        assert_eq!(
            STRICT.check_address("metadata.internal", ip("169.254.169.254")).unwrap_err().to_string(),
            "metadata.internal (169.254.169.254) is a link-local or cloud metadata address; add --allow-remote if you mean it"
        );
    }
}
