//! Clients that register themselves and manage what they registered (RFC 7591 §3, RFC 7592 §2).
//!
//! The body is JSON and the token stands in the `Authorization` header, so no form of another site can send either, and no
//! answer is for scripts of other origins.

use std::{net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};

use super::endpoints::{no_store, oauth_error};
use crate::{
    clients::{AccessError, Registered},
    domain::secret::Token,
    http::{Problem, limit::Limiter, server::Peer},
    provider::{Provider, discovery::path},
    wire::oauth::ErrorCode,
};

/// The routes; none where clients do not register themselves.
pub(super) fn routes(provider: Provider) -> Router {
    if !provider.clients().take_registrations() {
        return Router::new();
    }
    let attempts = Limiter::new(AT_ONCE, BETWEEN).map(Arc::new);
    let register = post(register).layer(middleware::from_fn_with_state(attempts, count));
    Router::new()
        .route(path::REGISTER, register)
        .route(&format!("{}/{{client_id}}", path::REGISTER), get(read).put(replace).delete(unregister))
        .with_state(provider)
}

async fn register(State(provider): State<Provider>, headers: HeaderMap, body: Bytes) -> Response {
    let token = match token(&headers) {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    if !is_json(&headers) {
        return not_json();
    }
    match provider.clients().register_itself(token.as_ref(), &body).await {
        Ok(registered) => (StatusCode::CREATED, information(&provider, &registered)).into_response(),
        Err(error) => refusal(error),
    }
}

async fn read(State(provider): State<Provider>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let token = match required_token(&headers) {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    provider.clients().registration(&id, token).await.map_or_else(refusal, |known| information(&provider, &known))
}

async fn replace(
    State(provider): State<Provider>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let token = match required_token(&headers) {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    if !is_json(&headers) {
        return not_json();
    }
    let replaced = provider.clients().replace(&id, token, &body).await;
    replaced.map_or_else(refusal, |known| information(&provider, &known))
}

async fn unregister(State(provider): State<Provider>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let token = match required_token(&headers) {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    let done = provider.clients().unregister(&id, &token).await;
    done.map_or_else(refusal, |()| no_store(StatusCode::NO_CONTENT.into_response()))
}

/// Counts a registration of this address. A bound on what strangers can have us do: look up names, fetch lists, write rows.
async fn count(State(attempts): State<Option<Arc<Limiter<IpAddr>>>>, request: Request, next: Next) -> Response {
    if let (Some(limiter), Some(peer)) = (attempts, request.extensions().get::<Peer>())
        && let Err(problem) = limiter.check(&peer.network())
    {
        return too_many("too many registrations from this address", problem.wait().unwrap_or(1));
    }
    next.run(request).await
}

fn information(provider: &Provider, known: &Registered) -> Response {
    let address = provider.issuer().at(&format!("{}/{}", path::REGISTER, known.client.id));
    no_store(Json(known.information(&address)).into_response())
}

fn required_token(headers: &HeaderMap) -> Result<Token, Box<Response>> {
    token(headers)?.ok_or_else(|| Box::new(unauthorized(false)))
}

/// The one token of the request, if there is one (RFC 6750 §2.1).
fn token(headers: &HeaderMap) -> Result<Option<Token>, Box<Response>> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let in_scheme = |value: &HeaderValue| {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| Token::presented(token.trim()))
    };
    match (given.next(), given.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let token = in_scheme(value).ok_or_else(|| Box::new(unauthorized(true)))?;
            Ok(Some(token))
        }
        (Some(_), Some(_)) => {
            Err(Box::new(oauth_error(ErrorCode::InvalidRequest, "there is more than one Authorization header", false)))
        }
    }
}

/// RFC 6750 §3: that a token is no good stands in the header; when none was `shown`, only the scheme does.
fn unauthorized(shown: bool) -> Response {
    let what = "The token is missing, unknown, used, expired, or for another client.";
    let mut response = oauth_error(ErrorCode::InvalidToken, what, false);
    let challenge = if shown { "Bearer error=\"invalid_token\"" } else { "Bearer" };
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = given.split(';').map(|part| part.trim().to_ascii_lowercase());
    parts.next().is_some_and(|essence| essence == "application/json")
        && parts.all(|part| !part.starts_with("charset=") || part == "charset=utf-8")
}

fn not_json() -> Response {
    let what = "the body has to be application/json, in UTF-8";
    let mut refusal = oauth_error(ErrorCode::InvalidClientMetadata, what, false);
    *refusal.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    refusal
}

fn too_many(what: &str, wait: u64) -> Response {
    let mut refusal = oauth_error(ErrorCode::TemporarilyUnavailable, what, false);
    *refusal.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    refusal.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
    refusal
}

fn refusal(error: AccessError) -> Response {
    match error {
        AccessError::Off => Problem::not_found().into_response(),
        AccessError::Missing => unauthorized(false),
        AccessError::Token => unauthorized(true),
        AccessError::Full(wait) => too_many(&error.to_string(), wait.as_secs() + 1),
        AccessError::Refused(refused) => {
            let code = refused.code();
            if code.status() < 500 {
                return oauth_error(code, &refused.to_string(), false);
            }
            tracing::error!(error = %refused, "registration cannot use the database");
            oauth_error(code, code.meaning(), false)
        }
    }
}

const AT_ONCE: NonZeroU32 = NonZeroU32::new(30).unwrap();
const BETWEEN: Duration = Duration::from_secs(10);
