//! Cross-origin requests of scripts (Fetch Standard §3.2): for the origins of registered clients, at the endpoints that
//! software calls. Never at a page, nor at the authorization endpoint (RFC 9700 §2.6).

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{provider::Provider, web::store_problem};

/// Answers a script's question whether it may ask, and lets it read what it gets.
pub(super) async fn for_clients(State(provider): State<Provider>, request: Request, next: Next) -> Response {
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else { return next.run(request).await };
    let known = match origin.to_str() {
        Ok(origin) => provider.clients().is_at_home(origin).await,
        Err(_) => Ok(false),
    };
    let known = match known {
        Ok(known) => known,
        Err(error) => return store_problem(error).into_response(),
    };
    let asks =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match (asks, known) {
        (true, true) => {
            let mut response = StatusCode::NO_CONTENT.into_response();
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED));
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
            response
        }
        _ => next.run(request).await,
    };
    if known {
        allow(response.headers_mut(), origin);
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
    response
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("dpop-nonce, www-authenticate"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
}

const ALLOWED: &str = "authorization, content-type, dpop";
