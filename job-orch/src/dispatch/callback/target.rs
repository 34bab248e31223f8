//! [`Targets`]: where a worker may be.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::dispatch::options::Callbacks;

/// Which addresses may be called.
#[derive(Clone, Copy, Debug)]
pub(in crate::dispatch) struct Targets(Callbacks);

/// Why a URL is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Forbidden {
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
