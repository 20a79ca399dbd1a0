//! What software asks for: discovery, keys, tokens, UserInfo. Errors are JSON with the code of the standard.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use crate::{
    provider::{
        Provider,
        client::{Credentials, EndpointError},
        userinfo::BearerError,
    },
    wire::oauth::{ErrorCode, ErrorResponse, MAX_BODY, Params, ParamsError},
};

pub(super) async fn discovery(State(provider): State<Provider>) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    cacheable((json, provider.metadata().to_string()).into_response())
}

pub(super) async fn jwks(State(provider): State<Provider>) -> Response {
    let json = [(header::CONTENT_TYPE, "application/jwk-set+json")];
    cacheable((json, provider.jwks().to_owned()).into_response())
}

pub(super) async fn token(State(provider): State<Provider>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let params = match form(&headers, &body) {
        Ok(params) => params,
        Err(refusal) => return *refusal,
    };
    if uri.query().is_some_and(|query| query.contains("client_secret")) {
        tracing::warn!(target: "audit", "a client sent its secret in an address: rotate it");
        return oauth_error(
            ErrorCode::InvalidRequest,
            "send parameters in the body: an address is written to logs",
            false,
        );
    }
    let authorization: Vec<_> = headers.get_all(header::AUTHORIZATION).iter().map(HeaderValue::as_bytes).collect();
    match provider.token(&params, Credentials { authorization: &authorization, ..Credentials::default() }).await {
        Ok(response) => no_store(Json(response).into_response()),
        Err(EndpointError { code, description, challenge }) => oauth_error(code, &description, challenge),
    }
}

pub(super) async fn userinfo(State(provider): State<Provider>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let token = match bearer(&uri, &headers, &body) {
        Ok(token) => token,
        Err(error) => return bearer_error(&error),
    };
    match provider.userinfo(&token).await {
        Ok(claims) => no_store(Json(claims).into_response()),
        Err(error) => bearer_error(&error),
    }
}

/// The parameters of a form-encoded body.
fn form(headers: &HeaderMap, body: &Bytes) -> Result<Params, Box<Response>> {
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
    let refuse = |error: ParamsError| Box::new(oauth_error(ErrorCode::InvalidRequest, &error.to_string(), false));
    Params::parse(body, MAX_BODY).map_err(refuse)
}

/// The one bearer token of a request, in the header or in the form (RFC 6750 §2); never in the address.
fn bearer(uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Result<String, BearerError> {
    let refused = || BearerError::Refused(ErrorCode::InvalidRequest);
    if uri.query().is_some_and(|query| query.contains("access_token")) {
        return Err(refused());
    }
    let in_form = if body.is_empty() {
        None
    } else {
        let params = form(headers, body).map_err(|_| refused())?;
        params.get("access_token").map_err(|_| refused())?.map(str::to_owned)
    };
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let in_header = match (given.next(), given.next()) {
        (None, _) => None,
        (Some(value), None) => Some(scheme_bearer(value).ok_or_else(refused)?),
        (Some(_), Some(_)) => return Err(refused()),
    };
    match (in_header, in_form) {
        (Some(_), Some(_)) => Err(refused()),
        (None, None) => Err(BearerError::Missing),
        (one, other) => one.or(other).ok_or(BearerError::Missing),
    }
}

pub(super) fn scheme_bearer(value: &HeaderValue) -> Option<String> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| token.trim().to_owned())
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

/// RFC 6750 §3: what is wrong stands in the header; without any token, only the scheme does.
pub(super) fn bearer_error(error: &BearerError) -> Response {
    let (code, challenge) = match error {
        BearerError::Missing => (ErrorCode::InvalidToken, "Bearer".to_owned()),
        BearerError::Refused(code) => (*code, format!("Bearer error=\"{code}\"")),
        BearerError::Store(error) => {
            tracing::error!(%error, "UserInfo cannot use the database");
            let code = if error.is_passing() { ErrorCode::TemporarilyUnavailable } else { ErrorCode::ServerError };
            return oauth_error(code, code.meaning(), false);
        }
    };
    let mut response = oauth_error(code, code.meaning(), false);
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
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
