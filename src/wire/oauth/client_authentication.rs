//! How a client says who it is at the token endpoint (RFC 6749 §2.3, OpenID Connect Core §9).
//!
//! ```text
//! client_secret_basic   Authorization: Basic BASE64(form(client_id) ":" form(client_secret))
//! client_secret_post    client_id and client_secret in the body
//! private_key_jwt       client_assertion_type and client_assertion in the body (RFC 7523 §2.2)
//! none                  client_id in the body
//! tls_client_auth, self_signed_tls_client_auth
//!                       the same; the connection's certificate is the proof (RFC 8705 §2)
//! ```
//!
//! This only takes apart what was sent; whether the secret or assertion holds, and whether the client is registered
//! for that method, is for the caller. Two methods at once are refused.

use std::{fmt, str::FromStr};

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{ErrorCode, ParamError, Params, params::decode_text, values::UnknownValue};

/// `token_endpoint_auth_method` (RFC 7591 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    ClientSecretBasic,
    ClientSecretPost,
    PrivateKeyJwt,
    /// A certificate of an authority, known by its subject (RFC 8705 §2.1).
    TlsClientAuth,
    /// A certificate whose key is registered (RFC 8705 §2.2).
    SelfSignedTlsClientAuth,
    None,
}

impl AuthMethod {
    pub const ALL: [Self; 6] = [
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::PrivateKeyJwt,
        Self::TlsClientAuth,
        Self::SelfSignedTlsClientAuth,
        Self::None,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::TlsClientAuth => "tls_client_auth",
            Self::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
            Self::None => "none",
        }
    }

    /// Whether the client and the server share a secret.
    pub const fn has_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost)
    }
}

impl FromStr for AuthMethod {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        let known = Self::ALL.into_iter().find(|method| method.as_str() == text);
        known.ok_or(UnknownValue("token_endpoint_auth_method"))
    }
}

/// A client secret as it came: cannot be printed, is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct PresentedSecret(Zeroizing<String>);

impl PresentedSecret {
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PresentedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentedSecret(…)")
    }
}

/// What the client sent of itself, not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    SecretBasic {
        client_id: String,
        secret: PresentedSecret,
    },
    SecretPost {
        client_id: String,
        secret: PresentedSecret,
    },
    /// `client_id` is optional here; the assertion's `sub` says it (RFC 7523 §3).
    Assertion {
        client_id: Option<String>,
        assertion: PresentedSecret,
    },
    /// Nothing but its name. Whether the connection had a certificate is for the caller to know.
    None {
        client_id: String,
    },
}

#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ClientAuthenticationError {
    #[error("no client_id was sent")]
    Missing,
    #[error("the client authenticates in two ways at once: send one of them")]
    Twice,
    #[error("the client_id of the body is not the one of the Authorization header")]
    Differs,
    #[error("the Authorization header is not Basic with BASE64(client_id:client_secret), each form-encoded first")]
    Header,
    #[error("client_assertion_type is not urn:ietf:params:oauth:client-assertion-type:jwt-bearer")]
    AssertionType,
    #[error(transparent)]
    Parameter(#[from] ParamError),
}

impl ClientAuthenticationError {
    /// What to answer.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Missing | Self::Header => ErrorCode::InvalidClient,
            Self::Twice | Self::Differs | Self::AssertionType | Self::Parameter(_) => ErrorCode::InvalidRequest,
        }
    }
}

impl ClientAuthentication {
    /// From the values of the `Authorization` headers and the parameters of the body.
    pub fn extract<'a>(
        authorization: impl IntoIterator<Item = &'a [u8]>,
        params: &Params,
    ) -> Result<Self, ClientAuthenticationError> {
        let mut headers = authorization.into_iter();
        let (header, another) = (headers.next(), headers.next());
        let secret = params.get("client_secret")?;
        let assertion = params.get("client_assertion")?;
        let assertion_type = params.get("client_assertion_type")?;
        let client_id = params.get("client_id")?.map(str::to_owned);
        let methods = [header.is_some(), secret.is_some(), assertion.or(assertion_type).is_some()];
        if another.is_some() || methods.iter().filter(|used| **used).count() > 1 {
            return Err(ClientAuthenticationError::Twice);
        }
        if let Some(header) = header {
            let (of_header, secret) = basic(header).ok_or(ClientAuthenticationError::Header)?;
            if client_id.is_some_and(|of_body| of_body != of_header) {
                return Err(ClientAuthenticationError::Differs);
            }
            return Ok(Self::SecretBasic { client_id: of_header, secret });
        }
        if assertion.is_some() || assertion_type.is_some() {
            if assertion_type != Some(JWT_BEARER) {
                return Err(ClientAuthenticationError::AssertionType);
            }
            let assertion = assertion.ok_or(ClientAuthenticationError::Missing)?;
            return Ok(Self::Assertion { client_id, assertion: presented(assertion) });
        }
        let client_id = client_id.ok_or(ClientAuthenticationError::Missing)?;
        Ok(match secret {
            Some(secret) => Self::SecretPost { client_id, secret: presented(secret) },
            None => Self::None { client_id },
        })
    }

    /// As sent; nothing is known yet of a client that only sent an assertion.
    pub fn client_id(&self) -> Option<&str> {
        match self {
            Self::SecretBasic { client_id, .. } | Self::SecretPost { client_id, .. } | Self::None { client_id } => {
                Some(client_id)
            }
            Self::Assertion { client_id, .. } => client_id.as_deref(),
        }
    }

    /// As the parameters alone show it: a client of mutual TLS looks like [`AuthMethod::None`].
    pub const fn method(&self) -> AuthMethod {
        match self {
            Self::SecretBasic { .. } => AuthMethod::ClientSecretBasic,
            Self::SecretPost { .. } => AuthMethod::ClientSecretPost,
            Self::Assertion { .. } => AuthMethod::PrivateKeyJwt,
            Self::None { .. } => AuthMethod::None,
        }
    }
}

/// The user and password of a Basic header (RFC 7617 §2), each form-encoded inside (RFC 6749 §2.3.1).
fn basic(header: &[u8]) -> Option<(String, PresentedSecret)> {
    let (scheme, rest) = std::str::from_utf8(header).ok()?.split_once(' ')?;
    if header.len() > MAX_HEADER || !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Zeroizing::new(BASE64.decode(rest.trim_start_matches(' ').as_bytes()).ok()?);
    let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    let user = decode_text(user).filter(|user| !user.is_empty())?;
    Some((user, PresentedSecret(Zeroizing::new(decode_text(password)?))))
}

fn presented(text: &str) -> PresentedSecret {
    PresentedSecret(Zeroizing::new(text.to_owned()))
}

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const MAX_HEADER: usize = 4096;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::oauth::MAX_BODY;

    fn extract(headers: &[&str], body: &str) -> Result<ClientAuthentication, ClientAuthenticationError> {
        let params = Params::parse(body.as_bytes(), MAX_BODY).unwrap();
        ClientAuthentication::extract(headers.iter().map(|header| header.as_bytes()), &params)
    }

    fn basic_header(user_and_password: &str) -> String {
        format!("Basic {}", BASE64.encode(user_and_password.as_bytes()))
    }

    #[test]
    fn each_method_is_told_from_the_others() {
        let basic = extract(&[&basic_header("c_a:s%3A+%25")], "grant_type=x&client_id=c_a").unwrap();
        assert_eq!(basic, ClientAuthentication::SecretBasic { client_id: "c_a".to_owned(), secret: presented("s: %") });
        let post = extract(&[], "client_id=c_a&client_secret=s").unwrap();
        assert_eq!(post, ClientAuthentication::SecretPost { client_id: "c_a".to_owned(), secret: presented("s") });
        let none = extract(&[], "client_id=c_a&client_secret=").unwrap();
        assert_eq!((none.method(), none.client_id()), (AuthMethod::None, Some("c_a")));
        let jwt = extract(&[], &format!("client_assertion_type={JWT_BEARER}&client_assertion=a.b.c")).unwrap();
        assert_eq!((jwt.method(), jwt.client_id()), (AuthMethod::PrivateKeyJwt, None));
        assert_eq!(basic.method().as_str().parse(), Ok(AuthMethod::ClientSecretBasic));
    }

    #[test]
    fn every_method_has_its_registered_name() {
        for method in AuthMethod::ALL {
            assert_eq!(method.as_str().parse(), Ok(method));
            assert_eq!(serde_json::to_value(method).unwrap(), method.as_str());
        }
        assert_eq!("client_secret_jwt".parse::<AuthMethod>().ok(), None);
    }

    #[test]
    fn the_scheme_has_no_case_and_a_password_may_hold_colons() {
        let header = basic_header("c_a:x:y").replace("Basic", "bAsIc ");
        let found = extract(&[&header], "").unwrap();
        assert_eq!(found, ClientAuthentication::SecretBasic { client_id: "c_a".to_owned(), secret: presented("x:y") });
        assert!(!format!("{found:?}").contains("x:y"));
    }

    #[test]
    fn c10_two_methods_at_once_are_an_invalid_request() {
        let header = basic_header("c_a:s");
        let assertion = format!("client_assertion_type={JWT_BEARER}&client_assertion=a.b.c");
        let cases = [
            (vec![header.as_str()], "client_secret=s".to_owned()),
            (vec![header.as_str()], assertion.clone()),
            (vec![header.as_str(), header.as_str()], String::new()),
            (vec![], format!("client_id=c_a&client_secret=s&{assertion}")),
        ];
        for (headers, body) in cases {
            let error = extract(&headers, &body).unwrap_err();
            assert_eq!(
                (&error, error.code()),
                (&ClientAuthenticationError::Twice, ErrorCode::InvalidRequest),
                "{body}"
            );
        }
        let error = extract(&[&header], "client_id=c_b").unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidRequest);
    }

    #[test]
    fn what_is_missing_or_malformed_says_so() {
        assert_eq!(extract(&[], "grant_type=x").unwrap_err().code(), ErrorCode::InvalidClient);
        assert_eq!(extract(&[], "client_assertion=a").unwrap_err(), ClientAuthenticationError::AssertionType);
        assert_eq!(extract(&[], "client_id=a&client_id=a").unwrap_err().code(), ErrorCode::InvalidRequest);
        let long = basic_header(&format!("c_a:{}", "s".repeat(MAX_HEADER)));
        for bad in
            ["Bearer x", "Basic", "Basic !", &basic_header("c_a"), &basic_header(":s"), &basic_header("%ff:s"), &long]
        {
            assert_eq!(extract(&[bad], "").unwrap_err(), ClientAuthenticationError::Header, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(header in any::<Vec<u8>>(), inner in any::<Vec<u8>>()) {
            let params = Params::default();
            let _ = ClientAuthentication::extract([header.as_slice()], &params);
            let encoded = format!("Basic {}", BASE64.encode(&inner));
            let _ = ClientAuthentication::extract([encoded.as_bytes()], &params);
        }
    }
}
