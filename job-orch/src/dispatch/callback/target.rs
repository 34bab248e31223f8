//! [`Targets`]: where a worker may be.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::dispatch::options::Callbacks;

/// Which addresses may be called.
#[derive(Clone, Copy, Debug)]
pub(in crate::dispatch) struct Targets(Callbacks);

/// Why a URL is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::dispatch) enum Forbidden {
    /// Its scheme is neither `https` nor `http`.
    #[error("its scheme is neither https nor http")]
    Scheme,
    /// It is `http`, and leaves this network.
    #[error("it is http, and only local callbacks may be")]
    Plain,
    /// It carries a name or a password.
    #[error("it carries a name or a password")]
    Credentials,
    /// Its port is one of another service.
    #[error("its port is one of another service")]
    Port,
    /// Its host is this machine, or in a network that is not everybody's.
    #[error("its host is not in the public network")]
    Host,
}

impl Targets {
    pub(in crate::dispatch) const fn new(callbacks: Callbacks) -> Self {
        Self(callbacks)
    }

    /// Judges what can be seen of a URL without asking for its address.
    pub(in crate::dispatch) fn check(self, url: &Url) -> Result<(), Forbidden> {
        match url.scheme() {
            "https" => {}
            "http" if self.0.local => {}
            "http" => return Err(Forbidden::Plain),
            _ => return Err(Forbidden::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Forbidden::Credentials);
        }
        let port = url.port_or_known_default().ok_or(Forbidden::Port)?;
        match url.host() {
            Some(Host::Ipv4(address)) => self.check_address(IpAddr::V4(address), port, url.scheme() == "https"),
            Some(Host::Ipv6(address)) => self.check_address(IpAddr::V6(address), port, url.scheme() == "https"),
            Some(Host::Domain(name)) if !self.0.local && is_local_name(name) => Err(Forbidden::Host),
            Some(Host::Domain(_)) => check_port(port, self.0.local),
            None => Err(Forbidden::Host),
        }
    }

    /// Judges an address that is about to be called.
    pub(super) fn check_address(self, address: IpAddr, port: u16, is_encrypted: bool) -> Result<(), Forbidden> {
        let address = plain(address);
        if self.0.local && is_local(address) {
            return Ok(());
        }
        if !is_public(address) {
            return Err(Forbidden::Host);
        }
        if !is_encrypted {
            return Err(Forbidden::Plain);
        }
        check_port(port, false)
    }
}

/// Below 1024 stand the services of machines, which might take a request for one of theirs.
const fn check_port(port: u16, any: bool) -> Result<(), Forbidden> {
    if any || port >= 1024 || port == 443 || port == 80 { Ok(()) } else { Err(Forbidden::Port) }
}

/// Names that never leave a machine or its network.
fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    matches!(last, "" | "localhost" | "local" | "localdomain" | "internal" | "intranet" | "lan" | "home" | "corp")
}

/// An IPv4 address in the clothes of an IPv6 one is what it is.
fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// This machine, and private networks.
fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => four.is_loopback() || four.is_private(),
        IpAddr::V6(six) => six.is_loopback() || six.is_unique_local(),
    }
}

/// Everybody's: not of this machine, not of a private or shared network, and not reserved for anything else.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => is_public_v4(four),
        IpAddr::V6(six) => is_public_v6(six),
    }
}

/// The registry of special addresses of IPv4.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation()
        // Shared by the customers of a provider.
        || (a == 100 && (64..128).contains(&b))
        // Protocols, and relays of 6to4.
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        // Measurements.
        || (a == 198 && (18..20).contains(&b))
        // Multicast, the reserved rest, and broadcast.
        || a >= 224)
}

/// Global unicast is `2000::/3`, and not all of it.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let special =
        // Protocols, Teredo and benchmarks are below 2001:200::; documentation.
        (a == 0x2001 && (b < 0x0200 || b == 0x0db8)) || (a == 0x3fff && b < 0x1000)
        // 6to4 carries an IPv4 address, which may be any.
        || a == 0x2002;
    (0x2000..0x4000).contains(&a) && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(local: bool, url: &str) -> Result<(), Forbidden> {
        Url::parse(url).map_or(Err(Forbidden::Host), |url| Targets::new(Callbacks { local }).check(&url))
    }

    /// Where nothing may be called, however it is written.
    const INSIDE: [&str; 50] = [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://127.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://0/",
        "https://0.0.0.0/",
        "https://127.255.255.254/",
        "https://\u{ff11}\u{ff12}\u{ff17}.0.0.1/",
        "https://127\u{3002}0\u{3002}0\u{3002}1/",
        "https://127.0.0.1./",
        "https://10.0.0.1/",
        "https://10.255.255.255/",
        "https://172.16.0.1/",
        "https://172.31.255.255/",
        "https://192.168.0.1/",
        "https://0xc0a80001/",
        "https://100.64.0.1/",
        "https://100.127.255.255/",
        "https://169.254.169.254/latest/meta-data/",
        "https://2852039166/",
        "https://169.254.0.1/",
        "https://192.0.0.8/",
        "https://192.0.2.1/",
        "https://192.88.99.1/",
        "https://198.18.0.1/",
        "https://198.19.255.255/",
        "https://198.51.100.1/",
        "https://203.0.113.1/",
        "https://224.0.0.1/",
        "https://239.255.255.255/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
        "https://[::]/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b:1::1]/",
        "https://[2002:7f00:1::]/",
        "https://[2001:0:7f00:1::]/",
        "https://[2001:db8::1]/",
        "https://[fc00::1]/",
        "https://[fe80::1]/",
        "https://[ff02::1]/",
    ];

    const NAMES: [&str; 9] = [
        "https://localhost/",
        "https://LOCALHOST./",
        "https://robot.localhost/",
        "https://\u{24db}ocalhost/",
        "https://printer.local/",
        "https://metadata.google.internal/",
        "https://router.lan/",
        "https://wiki.corp/",
        "https://x.home/",
    ];

    #[test]
    fn nothing_inside_is_called() {
        for url in INSIDE.into_iter().chain(NAMES) {
            assert_eq!(judged(false, url), Err(Forbidden::Host), "{url}");
        }
    }

    #[test]
    fn what_is_outside_is_called_encrypted_and_plainly() {
        for url in
            ["https://example.com/", "https://example.com:8443/a?b", "https://8.8.8.8/", "https://[2606:4700::1]/"]
        {
            assert_eq!(judged(false, url), Ok(()), "{url}");
            assert_eq!(judged(true, url), Ok(()), "{url}");
        }
        for (url, reason) in [
            ("http://example.com/", Forbidden::Plain),
            ("ftp://example.com/", Forbidden::Scheme),
            ("file:///etc/passwd", Forbidden::Scheme),
            ("gopher://example.com/", Forbidden::Scheme),
            ("javascript:alert(1)", Forbidden::Scheme),
            ("data:,x", Forbidden::Scheme),
            ("https://example.com@127.0.0.1/", Forbidden::Credentials),
            ("https://user:password@example.com/", Forbidden::Credentials),
            ("https://example.com:22/", Forbidden::Port),
            ("https://8.8.8.8:25/", Forbidden::Port),
        ] {
            assert_eq!(judged(false, url), Err(reason), "{url}");
        }
    }

    #[test]
    fn local_callbacks_are_those_of_this_machine_and_of_private_networks_only() {
        for url in
            ["http://127.0.0.1:9/", "http://localhost:80/", "http://robot:81/", "http://[::1]/", "http://10.1.2.3/"]
        {
            assert_eq!(judged(true, url), Ok(()), "{url}");
        }
        for url in ["http://169.254.169.254/", "http://[fe80::1]/", "http://[::ffff:169.254.169.254]/", "http://0/"] {
            assert_eq!(judged(true, url), Err(Forbidden::Host), "{url}");
        }
        assert_eq!(judged(true, "http://8.8.8.8/"), Err(Forbidden::Plain));
    }

    #[test]
    fn an_address_is_judged_again_when_it_is_called() {
        let targets = Targets::new(Callbacks { local: false });
        for address in ["127.0.0.1", "::ffff:10.0.0.1", "169.254.169.254"] {
            let address: IpAddr = address.parse().unwrap_or(IpAddr::V4(Ipv4Addr::BROADCAST));
            assert_eq!(targets.check_address(address, 443, true), Err(Forbidden::Host));
        }
    }
}
