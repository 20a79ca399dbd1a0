//! What a registrar signs when it vouches for a person, and the key that it signs with.
//!
//! ```text
//! message   = "heteronym/enrol/v1" ‖ 0x0a ‖ the leaf's JSON without its last member, `signature`
//! signature = ECDSA on P-256 with SHA-256, r ‖ s (FIPS 186-5 §6.4, RFC 7518 §3.4)
//! key id    = the first 16 bytes of SHA-256(0x04 ‖ x ‖ y)
//! ```
//!
//! So a registrar is bound to hour, level, owner tag and commitment of the very leaf, and the service alone can enrol nobody. ECDSA has
//! a second signature, (r, n − s), for whoever has one: a leaf that is there twice so is known by its owner tag.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Enrol, Hour, InvalidForm, Leaf, SigningKeyId, bytes, issuance::Issuance};
use crate::wire::jose;

/// A key of a registrar, as its leaf names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct RegistrarKey {
    id: SigningKeyId,
    #[serde(with = "bytes::array")]
    public: [u8; 65],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: SigningKeyId,
    #[serde(with = "bytes::array")]
    public: [u8; 65],
}

impl RegistrarKey {
    /// An uncompressed point on P-256 (SEC 1 §2.3.3): 0x04, x, y.
    pub fn new(point: &[u8]) -> Result<Self, InvalidForm> {
        let invalid = InvalidForm("an uncompressed point on P-256");
        let public = point.try_into().map_err(|_| invalid)?;
        jose::PublicKey::p256(point).map_err(|_| invalid)?;
        Ok(Self { id: id_of(&public), public })
    }

    pub const fn id(&self) -> SigningKeyId {
        self.id
    }

    pub const fn point(&self) -> &[u8; 65] {
        &self.public
    }
}

impl TryFrom<Written> for RegistrarKey {
    type Error = InvalidForm;

    fn try_from(written: Written) -> Result<Self, InvalidForm> {
        let key = Self::new(&written.public)?;
        if key.id == written.id { Ok(key) } else { Err(InvalidForm("the id of the key beside it")) }
    }
}

impl Enrol {
    /// What the registrar signs, whatever stands in `signature`.
    pub fn message(&self, hour: Hour) -> Vec<u8> {
        // All members are short, so that writing this kind of leaf does not fail; and an empty message is nobody's.
        let leaf = Leaf::<Issuance>::new(hour, self.clone()).to_bytes().unwrap_or_default();
        let end = format!(r#","signature":"{}"}}"#, self.signature);
        let unsigned = leaf.strip_suffix(end.as_bytes()).unwrap_or_default();
        [DOMAIN, unsigned, b"}"].concat()
    }

    /// Whether this key is the one that it names, and signed it.
    pub fn is_signed_by(&self, hour: Hour, key: &RegistrarKey) -> bool {
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &key.public);
        self.key == key.id && public.verify(&self.message(hour), self.signature.as_bytes()).is_ok()
    }
}

fn id_of(point: &[u8; 65]) -> SigningKeyId {
    let digest = Sha256::digest(point);
    let mut id = [0; 16];
    id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    SigningKeyId::from_bytes(id)
}

const DOMAIN: &[u8] = b"heteronym/enrol/v1\n";
