//! Proxies in front of the service, and what they say about a client.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use actix_web::HttpMessage;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{
    FORWARDED, HeaderMap, HeaderName, HeaderValue, X_FORWARDED_FOR, X_FORWARDED_HOST,
    X_FORWARDED_PROTO,
};

const FORWARDING: [HeaderName; 4] = [
    FORWARDED,
    X_FORWARDED_FOR,
    X_FORWARDED_HOST,
    X_FORWARDED_PROTO,
];

/// Addresses that are trusted.
#[derive(Clone, PartialEq, Eq)]
pub enum Networks {
    All,
    These(Vec<(IpAddr, u8)>),
}

/// As a variable has them.
impl fmt::Debug for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::These(networks) = self else {
            return f.write_str("*");
        };
        let networks = networks.iter();
        let texts = networks.map(|(address, prefix)| format!("{address}/{prefix}"));
        f.write_str(&texts.collect::<Vec<_>>().join(","))
    }
}

/// Marks a request of a proxy that is not trusted: it may hide many clients behind one address.
pub struct UnknownProxy;

impl Networks {
    /// The addresses of this machine.
    #[must_use]
    pub fn loopback() -> Self {
        Self::These(vec![
            (Ipv4Addr::LOCALHOST.into(), 32),
            (Ipv6Addr::LOCALHOST.into(), 128),
        ])
    }

    /// Whether any address is among them.
    #[must_use]
    pub fn are_everybody(&self) -> bool {
        match self {
            Self::All => true,
            Self::These(networks) => networks.iter().any(|(_, prefix)| *prefix == 0),
        }
    }

    /// A dual-stack listener sees IPv4 addresses mapped into IPv6.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match self {
            Self::All => true,
            Self::These(networks) => networks
                .iter()
                .any(|(network, prefix)| first_bits(address, *prefix) == Some(*network)),
        }
    }

    /// Takes the client's address and scheme from a trusted proxy, and from nobody else.
    ///
    /// Headers that say more, or that a client may have forged, are removed: what
    /// `connection_info()` says is true.
    pub fn heed(&self, request: &mut ServiceRequest) {
        let headers = request.headers();
        if !FORWARDING.iter().any(|name| headers.contains_key(name)) {
            return;
        }
        let peer = request.peer_addr();
        let is_trusted = peer.is_some_and(|peer| self.contain(peer.ip()));
        let client = is_trusted.then(|| self.client(request.headers())).flatten();
        if client.is_some() {
            request.head_mut().peer_addr = client;
        }
        if !is_trusted && request.headers().contains_key(&X_FORWARDED_FOR) {
            request.extensions_mut().insert(UnknownProxy);
        }
        let headers = request.headers_mut();
        for name in [&FORWARDED, &X_FORWARDED_HOST, &X_FORWARDED_FOR] {
            headers.remove(name);
        }
        let scheme = headers.get(&X_FORWARDED_PROTO);
        if scheme.is_some_and(|scheme| !is_trusted || !is_scheme(scheme)) {
            headers.remove(&X_FORWARDED_PROTO);
        }
    }

    /// Each proxy appends the address that it sees: the last one that is no proxy's is the client's.
    fn client(&self, headers: &HeaderMap) -> Option<SocketAddr> {
        let values: Vec<&str> = headers
            .get_all(&X_FORWARDED_FOR)
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(',').map(str::trim))
            .collect();
        let is_client = |value: &&&str| {
            !matches!(self, Self::All)
                && address(value).is_none_or(|found| !self.contain(found.ip()))
        };
        let found = values.iter().rev().find(is_client);
        address(found.or(values.first())?)
    }
}

fn is_scheme(value: &HeaderValue) -> bool {
    ["http", "https"].iter().any(|scheme| value == scheme)
}

/// An address with or without a port; without one, in brackets or not.
fn address(text: &str) -> Option<SocketAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let ip = bare
        .unwrap_or(text)
        .parse()
        .map(|ip| SocketAddr::new(ip, 0));
    ip.or_else(|_| text.parse()).ok()
}

fn first_bits(address: IpAddr, prefix: u8) -> Option<IpAddr> {
    match address {
        IpAddr::V4(ip) => {
            let rest = 32_u32.checked_sub(prefix.into())?;
            let mask = u32::MAX.checked_shl(rest).unwrap_or(0);
            Some(Ipv4Addr::from_bits(ip.to_bits() & mask).into())
        }
        IpAddr::V6(ip) => {
            let rest = 128_u32.checked_sub(prefix.into())?;
            let mask = u128::MAX.checked_shl(rest).unwrap_or(0);
            Some(Ipv6Addr::from_bits(ip.to_bits() & mask).into())
        }
    }
}

/// Accepts IP addresses and networks, comma-separated, or `*` for all.
pub fn networks(raw: &str) -> Result<Networks, String> {
    if raw == "*" {
        return Ok(Networks::All);
    }
    let found: Option<_> = raw.split(',').map(|part| network(part.trim())).collect();
    let accepted = "IP addresses, or networks like 10.0.0.0/8, comma-separated; or * alone";
    found.map(Networks::These).ok_or_else(|| accepted.into())
}

/// A network is written with the address that it begins with.
fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => {
            (address.parse().ok()?, prefix.parse().ok()?)
        }
        Some(_) => return None,
        None => {
            let address: IpAddr = text.parse().ok()?;
            (address, if address.is_ipv4() { 32 } else { 128 })
        }
    };
    (first_bits(address, prefix)? == address).then_some((address, prefix))
}
