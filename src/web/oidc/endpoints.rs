//! What software asks for: discovery, keys, tokens and what they are worth. Errors are JSON with the code of the standard.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use super::caller::Caller;

use crate::{
    domain::ids::ClientId,
    provider::{Provider, client::EndpointError, introspection::Introspected},
    wire::oauth::{ErrorCode, ErrorResponse, MAX_BODY, Params, ParamsError},
};

pub(super) async fn discovery(State(provider): State<Provider>) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    cacheable((json, provider.metadata().to_string()).into_response())
}

pub(super) async fn jwks(State(provider): State<Provider>) -> Response {
    let json = [(header::CONTENT_TYPE, "application/jwk-set+json")];
    cacheable((json, provider.jwks().to_string()).into_response())
}

pub(super) async fn token(State(provider): State<Provider>, caller: Caller, uri: Uri, body: Bytes) -> Response {
    let params = match of_client(&caller, &uri, &body) {
        Ok(params) => params,
        Err(refusal) => return *refusal,
    };
    let (authorization, dpop) = (caller.values(&header::AUTHORIZATION), caller.values(&DPOP));
    let answer = match provider.token(&params, caller.credentials(&authorization, &dpop)).await {
        Ok(response) => no_store(Json(response).into_response()),
        Err(error) => refusal(&error),
    };
    with_nonce(answer, &provider, &dpop)
}

pub(super) async fn push(State(provider): State<Provider>, caller: Caller, uri: Uri, body: Bytes) -> Response {
    let params = match of_client(&caller, &uri, &body) {
        Ok(params) => params,
        Err(refusal) => return *refusal,
    };
    let (authorization, dpop) = (caller.values(&header::AUTHORIZATION), caller.values(&DPOP));
    let answer = match provider.push(&params, caller.credentials(&authorization, &dpop)).await {
        Ok(response) => no_store((StatusCode::CREATED, Json(response)).into_response()),
        Err(error) => refusal(&error),
    };
    with_nonce(answer, &provider, &dpop)
}

pub(super) async fn introspect(State(provider): State<Provider>, caller: Caller, uri: Uri, body: Bytes) -> Response {
    let params = match of_client(&caller, &uri, &body) {
        Ok(params) => params,
        Err(refusal) => return *refusal,
    };
    let wants_jwt = caller.headers.get(header::ACCEPT).is_some_and(|accepts| accepts == SIGNED_INTROSPECTION);
    let authorization = caller.values(&header::AUTHORIZATION);
    match provider.introspect(&params, caller.credentials(&authorization, &[]), wants_jwt).await {
        Ok(Introspected::Json(answer)) => no_store(Json(answer).into_response()),
        Ok(Introspected::Jwt(token)) => {
            no_store(([(header::CONTENT_TYPE, SIGNED_INTROSPECTION)], token).into_response())
        }
        Err(error) => refusal(&error),
    }
}

pub(super) async fn revoke(State(provider): State<Provider>, caller: Caller, uri: Uri, body: Bytes) -> Response {
    let params = match of_client(&caller, &uri, &body) {
        Ok(params) => params,
        Err(refusal) => return *refusal,
    };
    let authorization = caller.values(&header::AUTHORIZATION);
    match provider.revoke(&params, caller.credentials(&authorization, &[])).await {
        Ok(()) => no_store(StatusCode::OK.into_response()),
        Err(error) => refusal(&error),
    }
}

/// The parameters with which a client authenticates, and whatever it wants.
fn of_client(caller: &Caller, uri: &Uri, body: &Bytes) -> Result<Params, Box<Response>> {
    let params = form(&caller.headers, body)?;
    let query = uri.query().unwrap_or_default();
    if !query.contains("client_secret") {
        return Ok(params);
    }
    // Who has to act on it: its own id is no secret, and is named only when it can be one.
    let named = Params::parse(query.as_bytes(), MAX_BODY).ok();
    let client = named.and_then(|named| named.get("client_id").ok()??.parse::<ClientId>().ok());
    let client = client.as_ref().map_or("-", ClientId::as_str);
    tracing::warn!(target: "audit", client, "a client sent its secret in an address: rotate it");
    let why = "send parameters in the body: an address is written to logs";
    Err(Box::new(oauth_error(ErrorCode::InvalidRequest, why, false)))
}

/// The parameters of a form-encoded body.
pub(super) fn form(headers: &HeaderMap, body: &Bytes) -> Result<Params, Box<Response>> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = given.split(';').map(|part| part.trim().to_ascii_lowercase());
    let is_form = parts.next().is_some_and(|essence| essence == "application/x-www-form-urlencoded");
    if !is_form || parts.any(|part| part.starts_with("charset=") && part != "charset=utf-8") {
        let mut refusal = oauth_error(
            ErrorCode::InvalidRequest,
            "the body has to be application/x-www-form-urlencoded, in UTF-8",
            false,
        );
        *refusal.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Box::new(refusal));
    }
    Params::parse(body, MAX_BODY).map_err(|error| {
        let mut refusal = oauth_error(ErrorCode::InvalidRequest, &error.to_string(), false);
        if matches!(error, ParamsError::TooLong(_)) {
            *refusal.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        }
        Box::new(refusal)
    })
}

fn refusal(EndpointError { code, description, challenge }: &EndpointError) -> Response {
    oauth_error(*code, description, *challenge)
}

/// Whoever sent a proof gets the nonce for the next one (RFC 9449 §8.2).
pub(super) fn with_nonce(mut response: Response, provider: &Provider, dpop: &[&[u8]]) -> Response {
    if !dpop.is_empty()
        && let Ok(nonce) = HeaderValue::from_str(&provider.dpop_nonce())
    {
        response.headers_mut().insert(DPOP_NONCE, nonce);
    }
    response
}

pub(super) fn oauth_error(code: ErrorCode, description: &str, challenge: bool) -> Response {
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = no_store((status, Json(ErrorResponse::new(code, description))).into_response());
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    if challenge && status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"token\""));
    }
    response
}

pub(super) fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Public documents: the same for everybody, from any origin, for an hour at most.
fn cacheable(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    response
}

pub(super) const DPOP: HeaderName = HeaderName::from_static("dpop");
pub(super) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
const SIGNED_INTROSPECTION: &str = "application/token-introspection+jwt";
