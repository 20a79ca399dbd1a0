//! Public keys in leaves: the members that make a key, in the order of RFC 7638 §3.
//!
//! ```text
//! {"crv":"Ed25519","kty":"OKP","x":…}   {"crv":"P-256","kty":"EC","x":…,"y":…}   {"e":…,"kty":"RSA","n":…}
//! {"crv":"ristretto255","kty":"OKP","x":…}      the VRF's key: not a name of the IANA registry, and in no JWKS
//! ```
//!
//! So the `kid` beside it is the SHA-256 of these very bytes, in base64url.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{InvalidForm, Kid};
use crate::wire::{
    jose::{self, JwkSet},
    tlog::slot::SlotKey,
};

/// A public key of the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum PublicKey {
    /// Of a key that signs.
    Signature(jose::PublicKey),
    /// Of the key that makes slot tags.
    Slot(SlotKey),
}

/// A public key with its `kid`, which follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedKey {
    kid: Kid,
    public: PublicKey,
}

/// In the order of RFC 7638 §3.3: that of the names.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    kty: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
}

impl PublicKey {
    pub fn kid(&self) -> String {
        match self {
            Self::Signature(key) => key.thumbprint(),
            Self::Slot(key) => {
                let canonical = format!(r#"{{"crv":"{RISTRETTO}","kty":"OKP","x":"{key}"}}"#);
                BASE64URL_NOPAD.encode(&Sha256::digest(canonical.as_bytes()))
            }
        }
    }
}

impl NamedKey {
    pub fn new(public: PublicKey) -> Result<Self, InvalidForm> {
        Ok(Self { kid: public.kid().parse()?, public })
    }

    pub const fn kid(&self) -> &Kid {
        &self.kid
    }

    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Whether the `kid` that was read is that of the key.
    pub(super) fn is_named_rightly(&self) -> bool {
        self.public.kid() == self.kid.as_str()
    }
}

impl TryFrom<Written> for PublicKey {
    type Error = InvalidForm;

    fn try_from(written: Written) -> Result<Self, InvalidForm> {
        let invalid = InvalidForm("a public key of a known kind");
        if let (Some(RISTRETTO), Some(x)) = (written.crv.as_deref(), &written.x) {
            return x.parse().map(Self::Slot);
        }
        let key = serde_json::to_string(&written).map_err(|_| invalid)?;
        let set = JwkSet::parse(format!(r#"{{"keys":[{key}]}}"#).as_bytes()).map_err(|_| invalid)?;
        set.keys.into_iter().next().map(|jwk| Self::Signature(jwk.key)).ok_or(invalid)
    }
}

impl From<PublicKey> for Written {
    fn from(key: PublicKey) -> Self {
        match key {
            // The text was made a line above: it is read back whole.
            PublicKey::Signature(key) => serde_json::from_str(&key.canonical()).unwrap_or_default(),
            PublicKey::Slot(key) => Self {
                crv: Some(RISTRETTO.to_owned()),
                kty: "OKP".to_owned(),
                x: Some(key.to_string()),
                ..Self::default()
            },
        }
    }
}

const RISTRETTO: &str = "ristretto255";
