//! Answers: the token response (RFC 6749 §5.1), errors as JSON (§5.2), and the authorization response that goes through
//! the browser (§4.1.2, with `iss` of RFC 9207).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ErrorCode, ProvenRedirect, Scope};

/// How an access token must be shown (RFC 6749 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenType {
    Bearer,
    /// Bound to a key of the client (RFC 9449 §5).
    #[serde(rename = "DPoP")]
    Dpop,
}

/// The successful answer of the token endpoint. `Debug` shows no token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenResponse {
    pub access_token: String,
    pub token_type: TokenType,
    /// Seconds.
    pub expires_in: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    pub scope: Scope,
    /// That the ID token stands in the public log (C2SP tlog-proof), beside the token that it proves: see `specs/log.md`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tlog_proof: Option<String>,
    /// By what the forum recognises the leaf as one of this pseudonym.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tlog_owner: Option<TokenOwner>,
}

/// Whose leaf that of a token is: the owner tag in it is tag number `number` of this key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenOwner {
    /// 32 bytes in base64url: the same for every token of one `sub`, and for nobody else.
    pub key: String,
    pub number: u64,
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenResponse({:?}, {} s, …)", self.token_type, self.expires_in)
    }
}

impl fmt::Debug for TokenOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenOwner(…)")
    }
}

/// An error as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorResponse {
    pub error: ErrorCode,
    pub error_description: String,
}

impl ErrorResponse {
    /// Characters that a description may not hold (§5.2) become `'` or `?`.
    pub fn new(error: ErrorCode, description: &str) -> Self {
        Self { error, error_description: describable(description) }
    }
}

impl From<ErrorCode> for ErrorResponse {
    fn from(error: ErrorCode) -> Self {
        Self::new(error, error.meaning())
    }
}

/// The answer to an authorization request. Both kinds carry `state` exactly as it came, and the issuer.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationResponse {
    parameters: Vec<(&'static str, String)>,
}

impl AuthorizationResponse {
    pub fn code(code: &str, state: Option<&str>, issuer: &str) -> Self {
        Self::new(vec![("code", code.to_owned())], state, issuer)
    }

    pub fn error(error: ErrorCode, description: &str, state: Option<&str>, issuer: &str) -> Self {
        let parameters = vec![("error", error.as_str().to_owned()), ("error_description", describable(description))];
        Self::new(parameters, state, issuer)
    }

    /// The same as one token, which says in itself by whom it is (JARM §2.3).
    pub fn signed(token: String) -> Self {
        Self { parameters: vec![("response", token)] }
    }

    fn new(mut parameters: Vec<(&'static str, String)>, state: Option<&str>, issuer: &str) -> Self {
        parameters.extend(state.map(|state| ("state", state.to_owned())));
        parameters.push(("iss", issuer.to_owned()));
        Self { parameters }
    }

    /// The fields of the form of `response_mode=form_post`.
    pub fn parameters(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.parameters.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The address of `response_mode=query`: the redirect URI as it is, a query of its own included, and the
    /// parameters after it.
    pub fn url(&self, redirect: &ProvenRedirect) -> String {
        append_query(redirect.as_str(), self.parameters())
    }
}

impl fmt::Debug for AuthorizationResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthorizationResponse(…)")
    }
}

/// Appends parameters to a URI that has no fragment.
fn append_query<'a>(uri: &str, parameters: impl Iterator<Item = (&'static str, &'a str)>) -> String {
    let separator = match uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some((_, query)) if query.ends_with('&') => "",
        Some(_) => "&",
    };
    let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    [uri, separator, &encoded].concat()
}

fn describable(text: &str) -> String {
    let allowed = |character: char| match character {
        '"' => '\'',
        ' '..='~' if character != '\\' => character,
        _ => '?',
    };
    text.chars().take(200).map(allowed).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::oauth::{ApplicationType, RedirectUri};

    fn redirect(text: &str) -> ProvenRedirect {
        RedirectUri::register(text, ApplicationType::Web).unwrap().proven()
    }

    #[test]
    fn a_token_response_has_the_members_of_the_standard_and_none_that_is_empty() {
        let mut response = TokenResponse {
            access_token: "a".to_owned(),
            token_type: TokenType::Bearer,
            expires_in: 300,
            refresh_token: None,
            id_token: Some("i".to_owned()),
            scope: "openid age".parse().unwrap(),
            tlog_proof: None,
            tlog_owner: None,
        };
        let expected = json!({"access_token": "a", "token_type": "Bearer", "expires_in": 300, "id_token": "i", "scope": "openid age"});
        assert_eq!(serde_json::to_value(&response).unwrap(), expected);
        assert_eq!(serde_json::from_value::<TokenResponse>(expected).unwrap(), response);
        response.token_type = TokenType::Dpop;
        assert_eq!(format!("{response:?}"), "TokenResponse(Dpop, 300 s, …)");
    }

    #[test]
    fn an_error_is_its_name_and_a_sentence_in_plain_characters() {
        let error = ErrorResponse::new(ErrorCode::InvalidScope, "scope \"é\\\n\" is unknown");
        let expected = json!({"error": "invalid_scope", "error_description": "scope '???' is unknown"});
        assert_eq!(serde_json::to_value(error).unwrap(), expected);
    }

    #[test]
    fn the_code_comes_after_a_query_that_the_redirect_uri_has_of_its_own() {
        let response = AuthorizationResponse::code("c+/", Some("a b&é"), "https://issuer.example");
        let tail = "code=c%2B%2F&state=a+b%26%C3%A9&iss=https%3A%2F%2Fissuer.example";
        for (uri, joined) in [
            ("https://forum.example/cb", "https://forum.example/cb?"),
            ("https://forum.example/cb?x=%41&y", "https://forum.example/cb?x=%41&y&"),
            ("https://forum.example/cb?", "https://forum.example/cb?"),
            ("https://forum.example", "https://forum.example?"),
        ] {
            assert_eq!(response.url(&redirect(uri)), format!("{joined}{tail}"));
        }
        assert_eq!(format!("{response:?}"), "AuthorizationResponse(…)");
    }

    #[test]
    fn r10_an_error_carries_state_and_issuer_and_nothing_beyond_the_standard() {
        let response = AuthorizationResponse::error(ErrorCode::LoginRequired, "Sign in.", None, "https://i.example");
        let names: Vec<_> = response.parameters().map(|(name, _)| name).collect();
        assert_eq!(names, ["error", "error_description", "iss"]);
        let long = "s".repeat(500);
        let url = AuthorizationResponse::error(ErrorCode::AccessDenied, "", Some(&long), "https://i.example")
            .url(&redirect("https://forum.example/cb"));
        assert!(url.contains(&format!("&state={long}&iss=")));
    }

    #[test]
    fn nothing_in_state_can_break_out_of_the_location() {
        let url = AuthorizationResponse::code("c", Some("\r\nSet-Cookie: x\0#"), "https://i.example")
            .url(&redirect("https://forum.example/cb"));
        assert!(url.bytes().all(|byte| byte.is_ascii_graphic()) && !url.contains('#'));
    }
}
