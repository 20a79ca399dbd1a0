//! OpenID Connect over HTTP: the endpoints of clients, and the pages between a request and its answer.

mod authorize;
mod caller;
mod choose;
mod consent;
mod cors;
mod end_session;
mod endpoints;
mod registration;
mod userinfo;

use axum::{
    Router,
    http::{StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};

use super::paths;
use crate::{
    accounts::SignedIn,
    http::{Lang, Problem},
    provider::{Authentication, Provider, authorize::PageError, discovery::path},
    web::store_problem,
};

/// The routes.
pub fn routes(provider: Provider) -> Router {
    let of_clients = Router::new()
        .route(path::TOKEN, post(endpoints::token))
        .route(path::USERINFO, get(userinfo::userinfo).post(userinfo::userinfo))
        .route(path::PUSH, post(endpoints::push))
        .route(path::INTROSPECT, post(endpoints::introspect))
        .route(path::REVOKE, post(endpoints::revoke))
        .layer(middleware::from_fn_with_state(provider.clone(), cors::for_clients));
    let router = Router::new()
        .merge(of_clients)
        .route(path::DISCOVERY, get(endpoints::discovery))
        .route(path::OAUTH_METADATA, get(endpoints::discovery))
        .route(path::JWKS, get(endpoints::jwks))
        .route(path::AUTHORIZE, get(authorize::by_get).post(authorize::by_post).head(async || not_by_head("GET, POST")))
        .route(paths::INTERACTION, get(authorize::resume).head(async || not_by_head("GET")))
        .route(paths::CHOOSE, post(choose::choose))
        .route(paths::CONSENT, post(consent::decide))
        .route(
            path::END_SESSION,
            get(end_session::by_get).post(end_session::by_post).head(async || not_by_head("GET, POST")),
        )
        .route(paths::END_SESSION_CONFIRMED, post(end_session::confirmed))
        .with_state(provider.clone());
    router.merge(registration::routes(provider))
}

pub(super) const TEXTS: [(Lang, &str); 2] = [(Lang::Fr, include_str!("fr.ftl")), (Lang::En, include_str!("en.ftl"))];

/// A look at the head alone is to have no effect (RFC 9110 §9.2.1), and these answers are one.
fn not_by_head(allowed: &'static str) -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, allowed)]).into_response()
}

/// The citizen who is signed in, as the protocol sees them.
fn citizen(signed_in: Option<&SignedIn>) -> Option<Authentication> {
    signed_in.and_then(authentication)
}

/// The same where nothing can be done without.
fn required_citizen(signed_in: Option<&SignedIn>) -> Result<Authentication, Problem> {
    citizen(signed_in).ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "oidc-interaction"))
}

fn authentication(signed_in: &SignedIn) -> Option<Authentication> {
    Some(Authentication {
        account: signed_in.account,
        person: signed_in.person()?,
        at: signed_in.auth_time,
        acr: signed_in.method.acr(),
        amr: signed_in.method.amr().iter().map(|&method| method.to_owned()).collect(),
        session_tag: signed_in.tag(),
        session: signed_in.token_hash(),
    })
}

/// Errors that only a page can tell (RFC 9700 §4.11.2): nothing is redirected.
fn page_problem(error: PageError) -> Problem {
    let name = match error {
        PageError::Client => "oidc-client",
        PageError::Disabled => "oidc-disabled",
        PageError::Redirect => "oidc-redirect",
        PageError::RequestUri => "oidc-request-uri",
        PageError::Unreadable => "oidc-unreadable",
        PageError::Interaction => "oidc-interaction",
        PageError::NotACitizen => "oidc-not-a-citizen",
        PageError::Sign(error) => return Problem::internal(error),
        PageError::Store(error) => return store_problem(error),
    };
    Problem::new(StatusCode::BAD_REQUEST, name)
}
