//! The counter: enrolling people and helping those who are enrolled, with the keyboard alone.

use axum::Router;

use crate::{http::Lang, proofing::Proofing};

/// Everything below `/registrar`.
pub fn routes(_proofing: Proofing) -> Router {
    Router::new()
}

pub(super) const TEXTS: [(Lang, &str); 2] = [(Lang::Fr, include_str!("fr.ftl")), (Lang::En, include_str!("en.ftl"))];
