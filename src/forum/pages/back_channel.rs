//! Where the provider says that somebody has signed out there (OpenID Connect Back-Channel Logout 1.0 §2.5 to §2.8). No
//! browser comes here: the token in the form is all the proof there is.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::visit::Ended;
use crate::forum::{Forum, oidc::BadLogoutToken};

/// `POST /back-channel-logout`
pub(super) async fn logout(State(forum): State<Forum>, body: Bytes) -> Result<Response, Ended> {
    let now = forum.ambient().now();
    let signed_out = match token(&body) {
        Some(token) => forum.provider().signed_out(forum.config(), &token, now).await,
        None => Err(BadLogoutToken::Form),
    };
    let ended = match signed_out {
        Ok(signed_out) => forum.store().sign_out(&signed_out, now).await?.ok_or(BadLogoutToken::Replayed),
        Err(bad) => Err(bad),
    };
    Ok(match ended {
        Ok(sessions) => {
            tracing::info!(sessions, "signed out by the provider");
            (StatusCode::OK, NOT_KEPT).into_response()
        }
        Err(bad) => refused(&bad),
    })
}

/// The one field that there may be of this name.
fn token(body: &[u8]) -> Option<String> {
    let mut tokens = form_urlencoded::parse(body).filter(|(name, _)| name == "logout_token");
    let token = tokens.next().map(|(_, token)| token.into_owned());
    token.filter(|_| tokens.next().is_none())
}

/// §2.8. Where the provider's keys could not be had, it does well to come again.
fn refused(bad: &BadLogoutToken) -> Response {
    tracing::warn!(reason = %bad, "logout token refused");
    let (status, error) = match bad {
        BadLogoutToken::Provider(_) => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
        _ => (StatusCode::BAD_REQUEST, "invalid_request"),
    };
    let body = json!({"error": error, "error_description": bad.to_string()});
    (status, NOT_KEPT, Json(body)).into_response()
}

const NOT_KEPT: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];
