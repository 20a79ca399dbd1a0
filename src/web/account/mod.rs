//! A person's own pages: coming in, what opens the account, and what each forum has got.

mod access;
mod activate;
mod attempts;
mod forums;
mod sign_in;

use axum::{
    Router, middleware,
    routing::{get, post},
};

use super::paths;
use crate::{
    attributes::Attributes,
    clients::Clients,
    consent::Consents,
    http::Lang,
    pseudonym::Pseudonyms,
    transparency::{Owners, Transparency},
};

/// What these pages ask.
#[derive(Clone)]
pub struct State {
    pub attributes: Attributes,
    pub clients: Clients,
    pub consents: Consents,
    pub pseudonyms: Pseudonyms,
    pub transparency: Transparency,
    pub owners: Owners,
}

/// The way in, and everything below `/account`.
pub fn routes(state: State) -> Router {
    Router::new()
        .route(paths::ACTIVATE, get(activate::form).post(activate::code))
        .route("/activate/options", post(activate::options))
        .route("/activate/passkey", post(activate::passkey))
        .route("/activate/passphrase", post(activate::passphrase))
        .route(paths::SIGN_IN, get(sign_in::form).post(sign_in::by_passphrase))
        .route("/sign-in/options", post(sign_in::options))
        .route("/sign-in/passkey", post(sign_in::by_passkey))
        .route(paths::SIGN_OUT, post(sign_in::sign_out))
        .route(paths::WELCOME, get(access::welcome))
        .route(paths::ACCESS, get(access::list))
        .route("/account/access/options", post(access::passkey_options))
        .route("/account/access/passkey", post(access::add_passkey))
        .route("/account/access/passphrase", post(access::set_passphrase))
        .route("/account/access/remove-passkey", post(access::remove_passkey))
        .route("/account/access/remove-passphrase", post(access::remove_passphrase))
        .route("/account/access/codes", post(access::codes))
        .route("/account/access/end-session", post(access::end_session))
        .route("/account/access/end-others", post(access::end_others))
        .route_layer(middleware::from_fn_with_state(attempts::attempts(), attempts::count))
        .merge(forums::routes(state))
}

pub(super) const TEXTS: [(Lang, &str); 2] = [(Lang::Fr, include_str!("fr.ftl")), (Lang::En, include_str!("en.ftl"))];
pub(super) const FORUM_TEXTS: [(Lang, &str); 2] = forums::TEXTS;
