//! UserInfo over HTTP (OpenID Connect Core §5.3): the token in a header or in a form, never in the address.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderValue, Method, Uri, header},
    response::{IntoResponse, Response},
};

use super::{
    caller::Caller,
    endpoints::{DPOP, form, no_store, oauth_error, with_nonce},
};
use crate::{
    provider::{
        Provider,
        userinfo::{BearerError, ShownToken, UserInfoAnswer},
    },
    wire::{jose, oauth::ErrorCode},
};

pub(super) async fn userinfo(
    State(provider): State<Provider>,
    caller: Caller,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Response {
    let dpop = caller.values(&DPOP);
    let answer = match shown(&uri, &caller, &body) {
        Ok((token, by_dpop)) => {
            let shown = ShownToken { token: &token, dpop: by_dpop };
            provider.userinfo(shown, caller.credentials(&[], &dpop), method.as_str()).await
        }
        Err(error) => Err(error),
    };
    let response = match answer {
        Ok(UserInfoAnswer::Json(claims)) => no_store(Json(claims).into_response()),
        Ok(UserInfoAnswer::Jwt(token)) => {
            no_store(([(header::CONTENT_TYPE, "application/jwt")], token).into_response())
        }
        Err(error) => refusal(&error),
    };
    with_nonce(response, &provider, &dpop)
}

/// The one token of a request (RFC 6750 §2), and whether it came by the scheme `DPoP`.
fn shown(uri: &Uri, caller: &Caller, body: &Bytes) -> Result<(String, bool), BearerError> {
    let refused = || BearerError::Refused(ErrorCode::InvalidRequest);
    if uri.query().is_some_and(|query| query.contains("access_token")) {
        return Err(refused());
    }
    let in_form = if body.is_empty() {
        None
    } else {
        let params = form(&caller.headers, body).map_err(|_| refused())?;
        params.get("access_token").map_err(|_| refused())?.map(|token| (token.to_owned(), false))
    };
    let mut given = caller.headers.get_all(header::AUTHORIZATION).iter();
    let in_header = match (given.next(), given.next()) {
        (None, _) => None,
        (Some(value), None) => Some(in_scheme(value).ok_or_else(refused)?),
        (Some(_), Some(_)) => return Err(refused()),
    };
    match (in_header, in_form) {
        (Some(_), Some(_)) => Err(refused()),
        (one, other) => one.or(other).ok_or(BearerError::Missing),
    }
}

fn in_scheme(value: &HeaderValue) -> Option<(String, bool)> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let dpop = scheme.eq_ignore_ascii_case("dpop");
    ((dpop || scheme.eq_ignore_ascii_case("bearer")) && !token.is_empty()).then(|| (token.trim().to_owned(), dpop))
}

/// RFC 6750 §3, RFC 9449 §7.1: what is wrong stands in the header, with the algorithms of proofs; without any token, only
/// the schemes do.
fn refusal(error: &BearerError) -> Response {
    let (code, description) = match error {
        BearerError::Missing => (None, ErrorCode::InvalidToken.meaning()),
        BearerError::Refused(code) => (Some(*code), code.meaning()),
        // Not the token's fault: nothing for the header that says what is wrong with it.
        BearerError::Proof(error) if error.code.status() >= 500 => {
            return oauth_error(error.code, &error.description, false);
        }
        BearerError::Proof(error) => (Some(error.code), error.description.as_str()),
        BearerError::Store(error) => {
            tracing::error!(%error, "UserInfo cannot use the database");
            let code = if error.is_passing() { ErrorCode::TemporarilyUnavailable } else { ErrorCode::ServerError };
            return oauth_error(code, code.meaning(), false);
        }
    };
    let shown = code.unwrap_or(ErrorCode::InvalidToken);
    let mut response = oauth_error(shown, description, false);
    let proofs = jose::PROOF_ALGORITHMS.map(jose::Algorithm::as_str).join(" ");
    let of_a_proof = matches!(shown, ErrorCode::InvalidDpopProof | ErrorCode::UseDpopNonce);
    if of_a_proof {
        *response.status_mut() = axum::http::StatusCode::UNAUTHORIZED;
    }
    let said = code.map(|code| format!("error=\"{code}\"")).unwrap_or_default();
    let bearer = if said.is_empty() { "Bearer".to_owned() } else { format!("Bearer {said}") };
    let separator = if said.is_empty() { "" } else { ", " };
    let dpop = format!("DPoP {said}{separator}algs=\"{proofs}\"");
    for challenge in if of_a_proof { vec![dpop] } else { vec![bearer, dpop] } {
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            response.headers_mut().append(header::WWW_AUTHENTICATE, challenge);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::client::EndpointError;

    #[test]
    fn a_fault_of_ours_is_no_challenge_to_the_client() {
        let of_ours: EndpointError = ErrorCode::ServerError.into();
        let response = refusal(&BearerError::Proof(of_ours));
        assert_eq!((response.status().as_u16(), response.headers().get(header::WWW_AUTHENTICATE)), (500, None));
        let of_the_proof: EndpointError = ErrorCode::UseDpopNonce.into();
        let response = refusal(&BearerError::Proof(of_the_proof));
        let challenge = response.headers().get(header::WWW_AUTHENTICATE).unwrap().to_str().unwrap();
        assert_eq!(response.status().as_u16(), 401);
        assert!(challenge.starts_with("DPoP error=\"use_dpop_nonce\""), "{challenge}");
    }
}
