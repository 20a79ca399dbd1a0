//! Every error code of the protocol: its name on the wire, what it means, where it is defined, and the status of an
//! answer that carries it as JSON. (In a redirect to the client there is no status but the redirect's own.)

use std::fmt;

use serde::{Deserialize, Serialize};

/// Defines the codes, once.
macro_rules! error_codes {
    ($($name:ident = $wire:literal, $status:literal, $section:literal, $meaning:literal;)+) => {
        /// An `error` of OAuth 2.0 or OpenID Connect.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ErrorCode {$(
            #[doc = concat!("`", $wire, "` (", $section, ")")]
            #[serde(rename = $wire)]
            $name,
        )+}

        impl ErrorCode {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The value of the `error` parameter or member.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire,)+ }
            }

            /// One sentence for the developer of a client: the default `error_description`.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)+ }
            }

            /// Where the code is defined.
            pub const fn section(self) -> &'static str {
                match self { $(Self::$name => $section,)+ }
            }

            /// The HTTP status of a JSON answer.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }
        }
    };
}

error_codes! {
    InvalidRequest = "invalid_request", 400, "RFC 6749 §4.1.2.1, §5.2",
        "A parameter is missing, repeated, malformed or not supported.";
    UnauthorizedClient = "unauthorized_client", 400, "RFC 6749 §4.1.2.1, §5.2",
        "The client is not registered for this grant.";
    AccessDenied = "access_denied", 400, "RFC 6749 §4.1.2.1",
        "The person or the server refused.";
    UnsupportedResponseType = "unsupported_response_type", 400, "RFC 6749 §4.1.2.1",
        "Only response_type=code is served.";
    InvalidScope = "invalid_scope", 400, "RFC 6749 §4.1.2.1, §5.2",
        "The scope is malformed, unknown, or wider than what was granted.";
    ServerError = "server_error", 500, "RFC 6749 §4.1.2.1",
        "The server met an error that it did not expect.";
    TemporarilyUnavailable = "temporarily_unavailable", 503, "RFC 6749 §4.1.2.1",
        "The server cannot answer now; try again later.";
    InvalidClient = "invalid_client", 401, "RFC 6749 §5.2",
        "The client is unknown or did not authenticate as registered.";
    InvalidGrant = "invalid_grant", 400, "RFC 6749 §5.2",
        "The code or refresh token is invalid, expired, used, revoked, or was issued for another request.";
    UnsupportedGrantType = "unsupported_grant_type", 400, "RFC 6749 §5.2",
        "The grant type is not served.";
    InteractionRequired = "interaction_required", 400, "OpenID Connect Core §3.1.2.6",
        "The person must be asked something, and prompt=none forbids it.";
    LoginRequired = "login_required", 400, "OpenID Connect Core §3.1.2.6",
        "The person must sign in, and prompt=none forbids it.";
    AccountSelectionRequired = "account_selection_required", 400, "OpenID Connect Core §3.1.2.6",
        "The person must choose a pseudonym, and prompt=none forbids it.";
    ConsentRequired = "consent_required", 400, "OpenID Connect Core §3.1.2.6",
        "The person must consent, and prompt=none forbids it.";
    InvalidRequestUri = "invalid_request_uri", 400, "OpenID Connect Core §3.1.2.6",
        "The request_uri is unknown, expired, spent or of another client.";
    InvalidRequestObject = "invalid_request_object", 400, "OpenID Connect Core §3.1.2.6",
        "The request object does not verify.";
    RequestNotSupported = "request_not_supported", 400, "OpenID Connect Core §3.1.2.6",
        "The request parameter is not served.";
    RequestUriNotSupported = "request_uri_not_supported", 400, "OpenID Connect Core §3.1.2.6",
        "The request_uri parameter is not served.";
    RegistrationNotSupported = "registration_not_supported", 400, "OpenID Connect Core §3.1.2.6",
        "The registration parameter is not served.";
    UnmetAuthenticationRequirements = "unmet_authentication_requirements", 400,
        "OpenID Connect Core Error Code unmet_authentication_requirements §2",
        "The person cannot sign in as strongly as the client asked.";
    InvalidToken = "invalid_token", 401, "RFC 6750 §3.1",
        "The access token is malformed, expired or revoked.";
    InsufficientScope = "insufficient_scope", 403, "RFC 6750 §3.1",
        "The access token does not cover this.";
    UnsupportedTokenType = "unsupported_token_type", 400, "RFC 7009 §2.2.1",
        "Tokens of this kind cannot be revoked.";
    InvalidRedirectUri = "invalid_redirect_uri", 400, "RFC 7591 §3.2.2",
        "A redirect URI is not acceptable.";
    InvalidClientMetadata = "invalid_client_metadata", 400, "RFC 7591 §3.2.2",
        "A member of the client's metadata is not acceptable.";
    InvalidTarget = "invalid_target", 400, "RFC 8707 §2",
        "The resource is unknown, or not one the grant covers.";
    InvalidDpopProof = "invalid_dpop_proof", 400, "RFC 9449 §5",
        "The DPoP proof does not verify.";
    UseDpopNonce = "use_dpop_nonce", 400, "RFC 9449 §8",
        "The DPoP proof must carry the nonce given here.";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_has_its_own_name_and_a_meaning_that_may_be_sent() {
        let names: HashSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), ErrorCode::ALL.len());
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
            // The characters of error_description (RFC 6749 §5.2).
            let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert!(code.meaning().bytes().all(allowed), "{code}");
            assert!(code.meaning().ends_with('.') && code.section().contains('§'), "{code}");
        }
    }

    #[test]
    fn a_client_that_fails_to_authenticate_gets_401_and_a_failing_server_says_so() {
        assert_eq!(ErrorCode::InvalidClient.status(), 401);
        assert_eq!(ErrorCode::InvalidGrant.status(), 400);
        assert_eq!(ErrorCode::TemporarilyUnavailable.status(), 503);
    }
}
