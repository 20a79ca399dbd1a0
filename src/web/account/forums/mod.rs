//! What each forum has got of a citizen, and when; withdrawing it, leaving, and taking it all along.

use axum::Router;

use super::State;
use crate::http::Lang;

/// Everything below `/account/forums`, and the export.
pub(super) fn routes(_state: State) -> Router {
    Router::new()
}

pub(super) const TEXTS: [(Lang, &str); 2] = [(Lang::Fr, include_str!("fr.ftl")), (Lang::En, include_str!("en.ftl"))];
