//! How often one address may try codes and passphrases.
//!
//! A bound on what a stranger can have us do (Argon2, rows of ceremonies), not on guessing: that is counted per
//! authenticator, for all nodes (`specs/accounts.md` §3). A town hall's people may share one address, so it is generous.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::http::{limit::Limiter, server::Peer};

/// The attempts of this node.
pub(super) type Attempts = Option<Arc<Limiter<IpAddr>>>;

pub(super) fn attempts() -> Attempts {
    Limiter::new(AT_ONCE, BETWEEN).map(Arc::new)
}

/// Counts whatever changes something; looking is free.
pub(super) async fn count(State(attempts): State<Attempts>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().filter(|_| request.method() == Method::POST);
    if let (Some(limiter), Some(peer)) = (&attempts, peer)
        && let Err(problem) = limiter.check(&network(peer.client))
    {
        return problem.into_response();
    }
    next.run(request).await
}

/// One household has a whole /64 of IPv6 addresses.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

const AT_ONCE: NonZeroU32 = NonZeroU32::new(120).unwrap();
const BETWEEN: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_of_one_household_count_together() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
    }
}
