//! The public keys by which heads of the log are believed, as settings, discovery and the registry write them.
//!
//! ```text
//! text   44 characters of base64 (RFC 4648 §4): the 32 bytes of an Ed25519 key (RFC 8032 §5.1.5)
//! kid    its thumbprint (RFC 7638), by which the registry names it when it ends
//! ```
//!
//! Not verified here: whose key it is.

use std::{fmt, str::FromStr};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde::Deserialize;

use crate::wire::jose::PublicKey;

/// A public key of the log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct LogKey {
    public: [u8; 32],
    kid: String,
}

/// A text is no key of a log.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("is not the base64 of an Ed25519 public key, 44 characters")]
pub struct InvalidLogKey;

impl LogKey {
    pub fn new(public: [u8; 32]) -> Result<Self, InvalidLogKey> {
        let key = PublicKey::ed25519(&public).map_err(|_| InvalidLogKey)?;
        Ok(Self { public, kid: key.thumbprint() })
    }

    /// The same key, as the registry writes it; none where it is of another kind.
    pub(super) fn of_jwk(key: &PublicKey) -> Option<Self> {
        #[derive(Deserialize)]
        struct Okp {
            crv: String,
            x: String,
        }
        let okp: Okp = serde_json::from_str(&key.canonical()).ok()?;
        let public = BASE64URL_NOPAD.decode(okp.x.as_bytes()).ok()?;
        (okp.crv == "Ed25519").then_some(())?;
        Self::new(public.try_into().ok()?).ok()
    }

    pub const fn public(&self) -> &[u8; 32] {
        &self.public
    }

    pub fn kid(&self) -> &str {
        &self.kid
    }
}

impl fmt::Display for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(&self.public))
    }
}

impl FromStr for LogKey {
    type Err = InvalidLogKey;

    fn from_str(text: &str) -> Result<Self, InvalidLogKey> {
        if text.len() != BASE64.encode_len(32) {
            return Err(InvalidLogKey);
        }
        let bytes = BASE64.decode(text.as_bytes()).map_err(|_| InvalidLogKey)?;
        Self::new(bytes.try_into().map_err(|_| InvalidLogKey)?)
    }
}

impl TryFrom<String> for LogKey {
    type Error = InvalidLogKey;

    fn try_from(text: String) -> Result<Self, InvalidLogKey> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_from_its_text_and_nothing_else_is_one() {
        // RFC 8037 appendix A.2, A.3.
        let text = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
        let key: LogKey = text.parse().unwrap();
        assert_eq!((key.to_string().as_str(), key.kid()), (text, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"));
        assert_eq!(LogKey::of_jwk(&PublicKey::ed25519(key.public()).unwrap()), Some(key));
        let identity = BASE64.encode(&[&[1], [0; 31].as_slice()].concat());
        for bad in ["", &text[1..], &text[..43], &text.replace('/', "_"), &identity] {
            assert_eq!(bad.parse::<LogKey>(), Err(InvalidLogKey), "{bad}");
        }
    }
}
