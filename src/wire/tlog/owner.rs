//! How people find their own leaves, and nobody else does (`specs/log.md` §4).
//!
//! ```text
//! lp(x)                  = length of x as u32, big-endian ‖ x               HMAC = HMAC-SHA256 (RFC 2104)
//! secret                 = 32 random bytes of one person
//! person's owner key     = HMAC(secret, "owner/v1")
//! pseudonym's owner key  = HMAC(secret, "owner/v1" ‖ lp(sector) ‖ u32 slot ‖ u32 generation)
//! owner tag number n     = the first 16 bytes of HMAC(owner key, "tag/v1" ‖ u64 n)
//! salt of a field        = HMAC(secret, "salt/v1" ‖ lp(owner tag) ‖ lp(field name))
//! ```
//!
//! Numbers are big-endian. n counts the leaves of an owner key from 0, so a gap is seen. Whoever has an owner key finds the leaves of that key and learns
//! nothing of the secret, of another key, or of a salt. What was derived cannot be derived again when the secret is gone: that is how a
//! person is erased from a log that goes on. Not verified here: that a tag stands in any leaf.

use hmac::{Hmac, KeyInit, Mac};
use rand::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::leaf::OwnerTag;

/// The secret of one person, from which all of theirs in the logs follows. Cannot be printed; wiped when dropped.
pub struct LogSecret(Zeroizing<[u8; 32]>);

/// Finds the leaves of a person, or of one pseudonym. Cannot be printed; wiped when dropped.
#[derive(Clone)]
pub struct OwnerKey(Zeroizing<[u8; 32]>);

/// Hides the value of one field of one leaf, until it is shown. Cannot be printed; wiped when dropped.
pub struct Salt(Zeroizing<[u8; 32]>);

impl LogSecret {
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(bytes.as_mut());
        Self(bytes)
    }

    pub fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Of the leaves that belong to no pseudonym: enrolment, places, revocation, access.
    pub fn person(&self) -> OwnerKey {
        OwnerKey(hmac(&self.0, &[OWNER]))
    }

    /// Of the tokens of one pseudonym. Its forum has it.
    pub fn pseudonym(&self, sector: &str, slot: u32, generation: u32) -> OwnerKey {
        let parts = [OWNER, &lp(sector.as_bytes()), &slot.to_be_bytes(), &generation.to_be_bytes()];
        OwnerKey(hmac(&self.0, &parts))
    }

    /// Of a field of the leaf with this owner tag.
    pub fn salt(&self, owner: OwnerTag, field: &str) -> Salt {
        Salt(hmac(&self.0, &[SALT, &lp(owner.as_bytes()), &lp(field.as_bytes())]))
    }
}

impl OwnerKey {
    pub fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The tag of the leaf number `n` of this key.
    pub fn tag(&self, n: u64) -> OwnerTag {
        let hmac = hmac(&self.0, &[TAG, &n.to_be_bytes()]);
        let mut tag = [0; 16];
        tag.iter_mut().zip(hmac.iter()).for_each(|(to, from)| *to = *from);
        OwnerTag::from_bytes(tag)
    }
}

impl Salt {
    /// For the commitment, and for whom the field is opened to.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A length prefix keeps two lists of parts from being the same bytes.
pub(super) fn lp(part: &[u8]) -> Vec<u8> {
    let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), part].concat()
}

#[expect(clippy::expect_used, reason = "what was not derived from its secret must not be used")]
fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    Zeroizing::new(mac.finalize().into_bytes().into())
}

const OWNER: &[u8] = b"owner/v1";
const TAG: &[u8] = b"tag/v1";
const SALT: &[u8] = b"salt/v1";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secret(byte: u8) -> LogSecret {
        LogSecret::from_bytes(Zeroizing::new([byte; 32]))
    }

    #[test]
    fn every_key_tag_and_salt_of_a_person_is_another() {
        let secret = secret(1);
        let keys = [
            secret.person(),
            secret.pseudonym("a.example", 0, 0),
            secret.pseudonym("a.example", 1, 0),
            secret.pseudonym("a.example", 0, 1),
            secret.pseudonym("b.example", 0, 0),
            self::secret(2).person(),
        ];
        let tags: Vec<_> = keys.iter().flat_map(|key| (0..4).map(|n| key.tag(n))).collect();
        let salts = tags.iter().flat_map(|tag| ["area", "bracket"].map(|field| *secret.salt(*tag, field).expose()));
        let distinct: std::collections::HashSet<_> = tags.iter().collect();
        assert_eq!(distinct.len(), 24);
        assert_eq!(salts.collect::<std::collections::HashSet<_>>().len(), 48);
    }

    proptest! {
        #[test]
        fn who_has_the_secret_finds_the_same_tags_again(bytes in any::<[u8; 32]>(), n in any::<u64>(), slot in any::<u32>()) {
            let tag = |bytes| LogSecret::from_bytes(Zeroizing::new(bytes)).pseudonym("a.example", slot, 0).tag(n);
            prop_assert_eq!(tag(bytes), tag(bytes));
            let mut other = bytes;
            other[31] ^= 1;
            prop_assert_ne!(tag(bytes), tag(other));
        }
    }
}
