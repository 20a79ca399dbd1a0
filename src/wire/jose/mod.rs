//! Signed JSON: compact JWS (RFC 7515), JSON Web Tokens (RFC 7519), JSON Web Keys (RFC 7517, 7518 §6, 8037).
//!
//! ```text
//! BASE64URL(header) "." BASE64URL(claims) "." BASE64URL(signature)      header = {"alg", "kid", "typ"}
//! ```
//!
//! [`sign`] writes a token, [`verify`] reads one with everything refused that is not expected, [`jwk`] carries the
//! public keys, [`dpop`] reads the one kind of token that brings its own.
//! [`assertion`] and [`request_object`] read what clients sign. Nothing here reads a clock: the time comes in as whole seconds (RFC 7519 §2, `NumericDate`). Only this
//! module names `jsonwebtoken`. Encrypted tokens (JWE), MACs, unencoded payloads and `alg: none` do not exist here.

pub mod assertion;
pub mod dpop;
pub(super) mod json;
pub mod jwk;
mod keys;
pub mod request_object;
mod segments;
pub mod sign;
pub mod verify;

use std::{fmt, str::FromStr};

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256, Sha512};

pub use assertion::{AssertionVerifier, ClientAssertion};
pub use dpop::{
    DpopError, DpopExpectation, DpopProof, InvalidThumbprint, MAX_AGE as MAX_PROOF_AGE, PROOF_ALGORITHMS, Thumbprint,
};
pub use jwk::{InvalidKey, Jwk, JwkSet, PublicKey};
pub use keys::KeySet;
pub use request_object::{RequestObject, RequestObjectVerifier};
pub use sign::{SignError, Signer, SigningKey};
pub use verify::{Refusal, Verified, Verifier};

/// The algorithms that sign a token (RFC 7518 §3.1, RFC 8037 §3.1). No MAC and no `none`: what has no name cannot be
/// mistaken for a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256; the default of OpenID Connect.
    RS256,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// Ed25519, verified strictly.
    EdDSA,
}

impl Algorithm {
    pub const ALL: [Self; 4] = [Self::RS256, Self::PS256, Self::ES256, Self::EdDSA];

    /// The name in the `alg` header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::PS256 => "PS256",
            Self::ES256 => "ES256",
            Self::EdDSA => "EdDSA",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is not one of [`Algorithm::ALL`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the signature algorithm is not one of RS256, PS256, ES256 and EdDSA")]
pub struct UnknownAlgorithm;

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(text: &str) -> Result<Self, UnknownAlgorithm> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text).ok_or(UnknownAlgorithm)
    }
}

/// What a token is for, said in its `typ` header, so that one kind never passes for another (RFC 8725 §3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Typ {
    /// An ID token, or a client's assertion (RFC 7519 §5.1).
    Jwt,
    /// An access token (RFC 9068 §2.1).
    AccessToken,
    /// A back-channel logout token (OpenID Connect Back-Channel Logout §2.4).
    LogoutToken,
    /// A request object (RFC 9101 §10.8).
    RequestObject,
    /// A client's assertion that says so (RFC 7523 as updated by draft-ietf-oauth-rfc7523bis §4).
    ClientAssertion,
    /// A `DPoP` proof (RFC 9449 §4.2).
    DpopProof,
    /// A signed answer of the introspection endpoint (RFC 9701 §5).
    Introspection,
}

impl Typ {
    pub const ALL: [Self; 7] = [
        Self::Jwt,
        Self::AccessToken,
        Self::LogoutToken,
        Self::RequestObject,
        Self::ClientAssertion,
        Self::DpopProof,
        Self::Introspection,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "JWT",
            Self::AccessToken => "at+jwt",
            Self::LogoutToken => "logout+jwt",
            Self::RequestObject => "oauth-authz-req+jwt",
            Self::ClientAssertion => "client-authentication+jwt",
            Self::DpopProof => "dpop+jwt",
            Self::Introspection => "token-introspection+jwt",
        }
    }

    /// Whether a header's `typ` says this. It is a media type: case does not count, and `application/` may be left
    /// out (RFC 7515 §4.1.9).
    pub fn is(self, typ: &str) -> bool {
        let prefix = typ.get(..APPLICATION.len()).filter(|prefix| prefix.eq_ignore_ascii_case(APPLICATION));
        let short = prefix.and_then(|_| typ.get(APPLICATION.len()..)).unwrap_or(typ);
        short.eq_ignore_ascii_case(self.as_str())
    }
}

/// `at_hash` and `c_hash`: the left half of the hash of `text`, by the hash function of the ID token's algorithm
/// (OpenID Connect Core §3.1.3.6). Ed25519 hashes with SHA-512.
pub fn half_hash(algorithm: Algorithm, text: &str) -> String {
    match algorithm {
        Algorithm::RS256 | Algorithm::PS256 | Algorithm::ES256 => left_half(&Sha256::digest(text.as_bytes())),
        Algorithm::EdDSA => left_half(&Sha512::digest(text.as_bytes())),
    }
}

/// Whether this is 1 to `longest` visible characters of ASCII: no direction marks, nothing that cannot be seen.
fn is_visible(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn left_half(hash: &[u8]) -> String {
    BASE64URL_NOPAD.encode(hash.split_at(hash.len() / 2).0)
}

const APPLICATION: &str = "application/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_is_only_its_exact_name() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.as_str().parse(), Ok(algorithm));
            assert_eq!(serde_json::to_value(algorithm).unwrap(), algorithm.as_str());
        }
        for other in ["none", "None", "HS256", "rs256", "ES256K", "RS256 ", ""] {
            assert_eq!(other.parse::<Algorithm>(), Err(UnknownAlgorithm), "{other}");
        }
    }

    #[test]
    fn a_typ_is_a_media_type_whose_case_does_not_count() {
        assert!(Typ::AccessToken.is("at+jwt"));
        assert!(Typ::AccessToken.is("application/at+JWT"));
        assert!(Typ::Jwt.is("Application/jwt"));
        for other in ["jwt", "application/", "text/at+jwt", "at+jwt;x=1", ""] {
            assert!(!Typ::AccessToken.is(other), "{other}");
        }
    }

    #[test]
    fn at_hash_agrees_with_the_published_examples() {
        let example = &vectors()["openid-core-a3"];
        assert_eq!(half_hash(Algorithm::RS256, example["access_token"].as_str().unwrap()), example["at_hash"]);
        // The left half of SHA-512, as clients of EdDSA compute it.
        assert_eq!(
            half_hash(Algorithm::EdDSA, "dNZX1hEZ9wBCzNL40Upu646bdzQA"),
            "8xltSlOGYrWy8W9yNvRlEth1i_bXW-JROWPLvCv5zog"
        );
    }

    pub(super) fn vectors() -> serde_json::Value {
        serde_json::from_str(include_str!("../../../tests/vectors/jose/rfc.json")).unwrap()
    }

    /// The one key that a client of these tests has.
    fn client_key() -> ed25519_dalek::SigningKey {
        ed25519_dalek::SigningKey::from_bytes(&[9; 32])
    }

    pub(super) fn keys() -> KeySet {
        let key = PublicKey::ed25519(client_key().verifying_key().as_bytes()).unwrap();
        KeySet::new(&JwkSet { keys: vec![Jwk::new(key, Algorithm::EdDSA)] })
    }

    /// A token of that client with exactly this header and these claims.
    pub(super) fn signed_with(header: &serde_json::Value, claims: &serde_json::Value) -> String {
        let encode = |value: &serde_json::Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = ed25519_dalek::Signer::sign(&client_key(), message.as_bytes());
        format!("{message}.{}", BASE64URL_NOPAD.encode(&signature.to_bytes()))
    }
}
