//! Who is on the other side: the socket's address, or what a trusted proxy says of it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;

use super::Limits;

/// The address a request came from; an extension of every request.
///
/// Used for rate limits only. It is never stored beside a person and never logged in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The other end of the connection.
    pub socket: SocketAddr,
    /// The browser's address: the socket's, unless the socket is a trusted proxy's.
    pub client: IpAddr,
}

impl Peer {
    pub(super) fn of(socket: SocketAddr, headers: &HeaderMap, limits: &Limits) -> Self {
        let direct = socket.ip().to_canonical();
        if !limits.trusted_proxies.contains(&direct) {
            return Self { socket, client: direct };
        }
        Self { socket, client: forwarded(headers, &limits.trusted_proxies).unwrap_or(direct) }
    }

    /// The browser's address as far as one customer of a network holds it.
    pub fn network(&self) -> IpAddr {
        network(self.client)
    }
}

/// An IPv6 subscriber has a whole /64, whose addresses count as one.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The last address in `X-Forwarded-For` that is not a proxy of ours: everything before it is the client's own say.
fn forwarded(headers: &HeaderMap, trusted: &[IpAddr]) -> Option<IpAddr> {
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    for entry in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let address: IpAddr = entry.trim().parse().ok()?;
        if !trusted.contains(&address.to_canonical()) {
            return Some(address.to_canonical());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(socket: &str, forwarded: &[&str]) -> String {
        let limits = Limits { trusted_proxies: vec!["10.0.0.1".parse().unwrap()], ..Limits::default() };
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        Peer::of(socket.parse().unwrap(), &headers, &limits).client.to_string()
    }

    #[test]
    fn the_header_counts_only_from_a_trusted_proxy() {
        assert_eq!(client("192.0.2.9:1", &["198.51.100.1"]), "192.0.2.9");
        assert_eq!(client("10.0.0.1:1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("[::ffff:10.0.0.1]:1", &["198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn what_the_client_wrote_in_front_is_not_believed() {
        assert_eq!(client("10.0.0.1:1", &["203.0.113.7, 198.51.100.1, 10.0.0.1"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1:1", &["203.0.113.7", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1:1", &["203.0.113.7, nonsense"]), "10.0.0.1");
    }
}
