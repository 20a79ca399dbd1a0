//! Proof Key for Code Exchange (RFC 7636), by S256 alone: `code_challenge = BASE64URL(SHA-256(code_verifier))`.

use std::{fmt, str::FromStr};

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The hash that an authorization request leaves behind: 43 characters of base64url (§4.2).
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CodeChallenge([u8; 32]);

/// The secret that a token request shows: 43 to 128 unreserved characters (§4.1).
pub struct CodeVerifier(Zeroizing<String>);

#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum PkceError {
    #[error("code_challenge is not 43 characters of base64url: send BASE64URL(SHA-256(code_verifier))")]
    Challenge,
    #[error("code_challenge_method is not S256")]
    Method,
    #[error("code_verifier is not 43 to 128 characters of A-Z a-z 0-9 - . _ ~")]
    Verifier,
}

impl CodeChallenge {
    /// From the two parameters of the authorization request. A missing method would mean `plain` (§4.3).
    pub fn parse(challenge: &str, method: Option<&str>) -> Result<Self, PkceError> {
        if method != Some("S256") {
            return Err(PkceError::Method);
        }
        challenge.parse()
    }

    /// Whether the verifier is the one that was hashed. Takes constant time (§4.6).
    pub fn matches(&self, verifier: &CodeVerifier) -> bool {
        let hash: [u8; 32] = Sha256::digest(verifier.0.as_bytes()).into();
        hash.ct_eq(&self.0).into()
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for CodeChallenge {
    type Err = PkceError;

    fn from_str(text: &str) -> Result<Self, PkceError> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| PkceError::Challenge)?;
        bytes.try_into().map(Self).map_err(|_| PkceError::Challenge)
    }
}

impl TryFrom<String> for CodeChallenge {
    type Error = PkceError;

    fn try_from(text: String) -> Result<Self, PkceError> {
        text.parse()
    }
}

impl From<CodeChallenge> for String {
    fn from(challenge: CodeChallenge) -> Self {
        BASE64URL_NOPAD.encode(&challenge.0)
    }
}

impl fmt::Debug for CodeChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeChallenge(…)")
    }
}

impl FromStr for CodeVerifier {
    type Err = PkceError;

    fn from_str(text: &str) -> Result<Self, PkceError> {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if !(43..=128).contains(&text.len()) || !text.bytes().all(unreserved) {
            return Err(PkceError::Verifier);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }
}

impl fmt::Debug for CodeVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeVerifier(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_rfc_7636_matches_and_no_other_verifier_does() {
        let challenge = CodeChallenge::parse(CHALLENGE, Some("S256")).unwrap();
        assert!(challenge.matches(&VERIFIER.parse().unwrap()));
        assert!(!challenge.matches(&VERIFIER.replace('d', "e").parse().unwrap()));
        assert!(!challenge.matches(&CHALLENGE.parse().unwrap()), "as plain it would match");
        assert_eq!(
            format!("{challenge:?} {:?}", VERIFIER.parse::<CodeVerifier>()),
            "CodeChallenge(…) Ok(CodeVerifier(…))"
        );
    }

    #[test]
    fn a17_a_challenge_is_43_characters_of_base64url() {
        let long = "A".repeat(129);
        for bad in ["", &CHALLENGE[1..], &long, &format!("{CHALLENGE}="), &CHALLENGE.replace('-', "+")] {
            assert_eq!(CodeChallenge::parse(bad, Some("S256")), Err(PkceError::Challenge), "{bad}");
        }
    }

    #[test]
    fn a18_only_s256_in_that_spelling_is_a_method() {
        for bad in [None, Some("plain"), Some("s256"), Some("")] {
            assert_eq!(CodeChallenge::parse(CHALLENGE, bad), Err(PkceError::Method), "{bad:?}");
        }
    }

    #[test]
    fn c5_a_verifier_has_43_to_128_unreserved_characters() {
        for good in [43, 44, 128] {
            assert!("~".repeat(good).parse::<CodeVerifier>().is_ok());
        }
        for bad in ["a".repeat(42), "a".repeat(129), "é".repeat(43), format!("{VERIFIER}/"), format!("{VERIFIER} ")] {
            assert_eq!(bad.parse::<CodeVerifier>().err(), Some(PkceError::Verifier), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_them_panic(text in ".{0,140}") {
            let _ = (text.parse::<CodeVerifier>(), CodeChallenge::parse(&text, Some("S256")));
        }
    }
}
