//! What an office has to sign before the service writes it: the leaf of an enrolment (`specs/log.md` §3, "The registrar's
//! signature").
//!
//! The leaf says in which hour it was made, so it is signed and written within the hour that follows. Whether a key counts
//! is asked in the transaction that writes: one that was withdrawn a moment ago signs nobody in.

use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    Attempt, By, Proofing,
    carried::code,
    enrol::{EnrolError, Prepared},
    office_key::{OfficeKey, OfficeKeyError},
};
use crate::{
    accounts::InviteCode,
    domain::{
        ambient::Timestamp,
        area::AreaCode,
        ids::{AccountId, RegistrarId},
    },
    store::{StoreError, Tx, registrars},
    transparency::Owner,
    wire::tlog::{
        Hash,
        commitment::Fields,
        leaf::{self, Enrol, Hour, Month, OwnerTag, RegistrarKey, Signature, SigningKeyId},
    },
};

/// An enrolment that was checked and waits for the signature of its office. It leaves the service sealed only: it holds the
/// activation code.
#[derive(Clone, Serialize, Deserialize)]
pub struct Unsigned {
    pub(super) officer: Option<AccountId>,
    pub(super) until: Timestamp,
    pub(super) attempt: Attempt,
    pub(super) prepared: Prepared,
    #[serde(with = "code")]
    pub(super) code: InviteCode,
}

impl Unsigned {
    /// What is signed, as far as the id of the signing key, which goes on with [`AFTER_KEY`].
    pub fn before_key(&self) -> Vec<u8> {
        self.prepared.draft.before_key()
    }

    /// Signs with a key that is at hand.
    pub fn sign(&self, key: &OfficeKey) -> Result<Signed, OfficeKeyError> {
        self.prepared.draft.sign(key)
    }

    /// Whether it is this officer's, and still to be signed.
    pub(super) fn is_open_to(&self, by: By, now: Timestamp) -> bool {
        (self.prepared.office, self.officer) == (by.office, by.officer) && now <= self.until
    }
}

/// A signature, and whose it is said to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signed {
    pub key: SigningKeyId,
    pub signature: Signature,
}

/// A leaf without its last two members.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Draft {
    hour: Hour,
    leaf: Enrol,
}

impl Draft {
    /// Of a person whose next leaf this is.
    pub(super) fn new(
        (owner, tag): (&Owner, OwnerTag),
        office: RegistrarId,
        (birth_year, commune): (i16, AreaCode),
        identity: &[u8],
        renew_by: Date,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let fields = Fields::Enrol { birth_year: Some(birth_year), area: commune.as_str() };
        let leaf = Enrol {
            registrar: leaf::RegistrarId::from_bytes(*office.as_bytes()),
            level: LEVEL.parse().map_err(|_| MALFORMED)?,
            expires: Month::new(renew_by.year(), renew_by.month()).map_err(|_| MALFORMED)?,
            identity: Hash::from_bytes(Sha256::digest(identity).into()),
            owner: tag,
            commitment: owner.commit(fields, tag)?.root(),
            key: SigningKeyId::from_bytes([0; 16]),
            signature: Signature::from_bytes([0; 64]),
        };
        Ok(Self { hour: Hour::from_millis(now.0), leaf })
    }

    pub(super) const fn hour(&self) -> Hour {
        self.hour
    }

    pub(super) fn before_key(&self) -> Vec<u8> {
        let mut message = self.leaf.message(self.hour);
        let rest = self.leaf.key.to_string().len() + AFTER_KEY.len();
        message.truncate(message.len().saturating_sub(rest));
        message
    }

    pub(super) fn sign(&self, key: &OfficeKey) -> Result<Signed, OfficeKeyError> {
        let id = key.public().id();
        let message = Enrol { key: id, ..self.leaf.clone() }.message(self.hour);
        Ok(Signed { key: id, signature: key.sign(&message)? })
    }

    /// The whole leaf, if this key has signed it.
    pub(super) fn complete(&self, signed: Signed, key: &RegistrarKey) -> Option<Enrol> {
        let leaf = Enrol { key: signed.key, signature: signed.signature, ..self.leaf.clone() };
        leaf.is_signed_by(self.hour, key).then_some(leaf)
    }

    /// Whether it can still be written: leaves keep nearly the order of their hours (`specs/log.md` §7).
    pub(super) fn is_of_now(&self, now: Timestamp) -> bool {
        Hour::from_millis(now.0).count().abs_diff(self.hour.count()) <= 1
    }
}

impl Proofing {
    /// The whole leaf, if a key of the acting office that counts now has signed it. The key is not withdrawn before the
    /// transaction ends.
    pub(super) async fn signed_leaf(
        &self,
        tx: &mut Tx,
        by: By,
        draft: &Draft,
        signed: Signed,
    ) -> Result<Enrol, EnrolError> {
        if !draft.is_of_now(self.now()) {
            return Err(EnrolError::Expired);
        }
        let key = registrars::use_key(tx, by.office, signed.key).await?.ok_or(EnrolError::Key)?;
        draft.complete(signed, &key).ok_or(EnrolError::Signature)
    }
}

/// In the message behind the id of the key.
pub const AFTER_KEY: &str = "\"}";
/// How long a signature may take: somebody is asked for it at once.
pub(super) const SIGNING_LIFETIME: Duration = Duration::from_mins(15);
/// In person, with a document of identity.
const LEVEL: &str = "document-in-person";
const MALFORMED: StoreError = StoreError::Corrupt("the leaf of an enrolment cannot be written");

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        let leaf = Enrol {
            registrar: leaf::RegistrarId::from_bytes([1; 16]),
            level: LEVEL.parse().unwrap(),
            expires: Month::new(2031, 11).unwrap(),
            identity: Hash::from_bytes([2; 32]),
            owner: OwnerTag::from_bytes([3; 16]),
            commitment: Hash::from_bytes([4; 32]),
            key: SigningKeyId::from_bytes([0; 16]),
            signature: Signature::from_bytes([0; 64]),
        };
        Draft { hour: "2026-11-30T20Z".parse().unwrap(), leaf }
    }

    #[test]
    fn what_a_script_puts_together_around_the_id_of_its_key_is_what_the_leaf_is_verified_by() {
        let (draft, key) = (draft(), OfficeKey::generate().unwrap());
        let id = key.public().id();
        let message = [draft.before_key(), id.to_string().into_bytes(), AFTER_KEY.as_bytes().to_vec()].concat();
        let text = String::from_utf8(message.clone()).unwrap();
        assert!(
            text.starts_with("heteronym/enrol/v1\n{\"v\":1,\"kind\":\"enrol\",\"hour\":\"2026-11-30T20Z\","),
            "{text}"
        );
        assert!(text.ends_with(&format!(",\"key\":\"{id}\"}}")), "{text}");
        let signed = Signed { key: id, signature: key.sign(&message).unwrap() };
        assert!(draft.complete(signed, key.public()).is_some());
    }

    #[test]
    fn a_leaf_is_completed_by_its_own_signature_under_its_own_key_alone() {
        let (one, other) = (OfficeKey::generate().unwrap(), OfficeKey::generate().unwrap());
        let mut another = draft();
        another.leaf.owner = OwnerTag::from_bytes([9; 16]);
        let signed = draft().sign(&one).unwrap();
        assert!(draft().complete(signed, one.public()).is_some());
        assert!(draft().complete(signed, other.public()).is_none());
        assert!(another.complete(signed, one.public()).is_none());
        let renamed = Signed { key: other.public().id(), ..signed };
        assert!(draft().complete(renamed, other.public()).is_none());
        assert!(draft().complete(renamed, one.public()).is_none());
    }

    #[test]
    fn a_leaf_is_written_in_its_hour_or_the_next() {
        let draft = draft();
        let at = |minutes: i64| Timestamp(draft.hour.millis() + minutes * 60_000);
        assert!(draft.is_of_now(at(0)) && draft.is_of_now(at(119)));
        assert!(!draft.is_of_now(at(120)) && !draft.is_of_now(at(-61)));
    }
}
