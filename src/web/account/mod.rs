//! A person's own pages: coming in, what opens the account, and what each forum has got.

mod forums;

use axum::Router;

use crate::{attributes::Attributes, clients::Clients, consent::Consents, http::Lang, pseudonym::Pseudonyms};

/// What these pages ask.
#[derive(Clone)]
pub struct State {
    pub attributes: Attributes,
    pub clients: Clients,
    pub consents: Consents,
    pub pseudonyms: Pseudonyms,
}

/// The way in, and everything below `/account`.
pub fn routes(state: State) -> Router {
    Router::new().merge(forums::routes(state))
}

pub(super) const TEXTS: [(Lang, &str); 2] = [(Lang::Fr, include_str!("fr.ftl")), (Lang::En, include_str!("en.ftl"))];
pub(super) const FORUM_TEXTS: [(Lang, &str); 2] = forums::TEXTS;
