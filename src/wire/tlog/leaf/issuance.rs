//! The leaves of an issuance log: acts in somebody's name, of whom nothing is said.
//!
//! Each has an owner tag, which only its owner can recognise, and a commitment to what is not said
//! ([`commitment`](super::super::commitment)). Two leaves of one person have nothing in common, but for the leaf that ends an enrolment,
//! which names it.

use serde::{Deserialize, Serialize};

use super::{
    BracketsVersion, Kid, Members, Month, OwnerTag, RegistrarId, Signature, SigningKeyId, SlotTag, Word, bytes, kinds,
};
use crate::wire::tlog::Hash;

kinds! {
    /// What an issuance log knows.
    Issuance {
        "enrol" Enrol
        "nym" Nym
        "issue" Issue
        "revoke" Revoke
        "access" Access
    }
}

/// A registrar vouches for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrol {
    pub registrar: RegistrarId,
    /// How the person was proofed.
    pub level: Word,
    /// The month in which the person has to come again.
    pub expires: Month,
    /// SHA-256 of the identity that is sealed to the custodians.
    #[serde(with = "bytes::hash")]
    pub identity: Hash,
    pub owner: OwnerTag,
    #[serde(with = "bytes::hash")]
    pub commitment: Hash,
    /// The registrar's key that signed.
    pub key: SigningKeyId,
    /// Over [`Enrol::message`].
    pub signature: Signature,
}

/// A person takes a place in a sector, or gives it up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nym {
    pub act: NymAct,
    /// The place: alike for the same person, sector and slot, and nothing else.
    pub slot: SlotTag,
    pub owner: OwnerTag,
    #[serde(with = "bytes::hash")]
    pub commitment: Hash,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NymAct {
    Create,
    Retire,
}

/// A token was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issue {
    /// SHA-256 of the exact token, which is ASCII.
    #[serde(with = "bytes::hash")]
    pub token: Hash,
    /// The key that signed it.
    pub kid: Kid,
    /// The table by which the bracket was chosen.
    pub brackets: BracketsVersion,
    pub owner: OwnerTag,
    #[serde(with = "bytes::hash")]
    pub commitment: Hash,
}

/// An enrolment ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoke {
    /// The owner tag of the leaf `enrol` that it ends.
    pub enrol: OwnerTag,
    pub reason: Word,
    pub owner: OwnerTag,
    #[serde(with = "bytes::hash")]
    pub commitment: Hash,
}

/// Somebody of the staff read what is encrypted of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    pub purpose: Word,
    pub role: Word,
    pub owner: OwnerTag,
    #[serde(with = "bytes::hash")]
    pub commitment: Hash,
}

impl Members for Enrol {}
impl Members for Nym {}
impl Members for Issue {}
impl Members for Revoke {}
impl Members for Access {}

impl Issuance {
    /// By which its owner finds it.
    pub const fn owner(&self) -> OwnerTag {
        match self {
            Self::Enrol(Enrol { owner, .. })
            | Self::Nym(Nym { owner, .. })
            | Self::Issue(Issue { owner, .. })
            | Self::Revoke(Revoke { owner, .. })
            | Self::Access(Access { owner, .. }) => *owner,
        }
    }

    pub const fn commitment(&self) -> Hash {
        match self {
            Self::Enrol(Enrol { commitment, .. })
            | Self::Nym(Nym { commitment, .. })
            | Self::Issue(Issue { commitment, .. })
            | Self::Revoke(Revoke { commitment, .. })
            | Self::Access(Access { commitment, .. }) => *commitment,
        }
    }

    /// SHA-256 of the token, where one was issued: by which it finds its leaf.
    pub const fn token(&self) -> Option<Hash> {
        match self {
            Self::Issue(issue) => Some(issue.token),
            _ => None,
        }
    }
}
