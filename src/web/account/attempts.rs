//! How often one address may try codes and passphrases.
//!
//! A bound on what a stranger can have us do (Argon2, rows of ceremonies), not on guessing: that is counted per
//! authenticator, for all nodes (`specs/accounts.md` §3). A town hall's people may share one address, so it is generous.

use std::{net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

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
        && let Err(problem) = limiter.check(&peer.network())
    {
        return problem.into_response();
    }
    next.run(request).await
}

const AT_ONCE: NonZeroU32 = NonZeroU32::new(120).unwrap();
const BETWEEN: Duration = Duration::from_millis(500);
