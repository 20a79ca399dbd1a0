//! What custodians compare before any share leaves: everybody's first message.

use std::collections::BTreeMap;

use frost_ristretto255::{
    Identifier, Signature,
    keys::{VerifiableSecretSharingCommitment, dkg::round1},
};
use sha2::{Digest, Sha256};

use super::{
    ceremony::{CeremonyError, Plan},
    message::{Base64, Round1},
};
use crate::wire::sealed::{Fingerprint, Letter, MAX_CUSTODIANS, valid_name};

/// Everybody's first message, complete and of one plan: what the custodians compare before any share leaves.
#[derive(Clone, Debug)]
pub struct Transcript {
    messages: Vec<Round1>,
    digest: [u8; 32],
}

impl Transcript {
    /// Gathers the messages in any order; the same message twice does no harm.
    pub fn new(messages: impl IntoIterator<Item = Round1>) -> Result<Self, CeremonyError> {
        let mut by_index = BTreeMap::new();
        for message in messages {
            let index = message.index;
            match by_index.insert(index, message) {
                Some(before) if by_index.get(&index) != Some(&before) => return Err(CeremonyError::Twice(index)),
                _ => {}
            }
        }
        let messages: Vec<Round1> = by_index.into_values().collect();
        let first = messages.first().ok_or(CeremonyError::Missing(1))?;
        let plan = |m: &Round1| Plan { ceremony: m.ceremony.clone(), threshold: m.threshold, custodians: m.custodians };
        let agreed = plan(first);
        agreed.check()?;
        if let Some(other) = messages.iter().find(|message| plan(message) != agreed) {
            return Err(CeremonyError::OtherPlan(other.index));
        }
        if let Some(stranger) = messages.iter().find(|m| !(1..=agreed.custodians).contains(&m.index)) {
            return Err(CeremonyError::Index(stranger.index, agreed.custodians));
        }
        if let Some(missing) = (1..=agreed.custodians).find(|index| messages.iter().all(|m| m.index != *index)) {
            return Err(CeremonyError::Missing(missing));
        }
        let digest = digest(&agreed, &messages);
        let transcript = Self { messages, digest };
        transcript.packages(0)?;
        Ok(transcript)
    }

    /// Shown as sixteen groups of four hexadecimal digits.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::from_bytes(self.digest)
    }

    pub(super) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// In the order of the indices.
    pub fn messages(&self) -> &[Round1] {
        &self.messages
    }

    pub(super) fn others(&self, me: u16) -> impl Iterator<Item = &Round1> {
        self.messages.iter().filter(move |message| message.index != me)
    }

    /// Everybody's package but one's own.
    pub(super) fn packages(&self, me: u16) -> Result<BTreeMap<Identifier, round1::Package>, CeremonyError> {
        self.others(me).map(|message| Ok((identifier(message.index)?, package(message)?))).collect()
    }

    /// What a letter from one to another is bound to.
    pub(super) fn label(&self, from: u16, to: u16) -> Vec<u8> {
        [self.digest.as_slice(), &from.to_be_bytes(), &to.to_be_bytes()].concat()
    }
}

fn digest(plan: &Plan, messages: &[Round1]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut absorb = |part: &[u8]| {
        hash.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(part);
    };
    absorb(b"heteronym/ceremony/v1");
    absorb(plan.ceremony.as_bytes());
    absorb(&plan.threshold.to_be_bytes());
    absorb(&plan.custodians.to_be_bytes());
    for message in messages {
        absorb(message.name.as_bytes());
        let commitments: Vec<u8> = message.commitments.iter().flat_map(|point| point.0.clone()).collect();
        absorb(&commitments);
        absorb(&message.proof.0);
        absorb(&message.letterbox.0);
    }
    hash.finalize().into()
}

/// Parses what frost needs of a message, and refuses one that could not be used later.
fn package(message: &Round1) -> Result<round1::Package, CeremonyError> {
    let bad = CeremonyError::Round1(message.index);
    let commitments = message.commitments.iter().map(|point| point.0.as_slice());
    let proof = Signature::deserialize(&message.proof.0);
    let usable = message.commitments.len() == usize::from(message.threshold)
        && array(&message.letterbox).is_some_and(|point| Letter::can_be_written_to(&point))
        && valid_name(&message.name);
    match (VerifiableSecretSharingCommitment::deserialize(commitments), proof) {
        (Ok(commitment), Ok(proof)) if usable => Ok(round1::Package::new(commitment, proof)),
        _ => Err(bad),
    }
}

/// A custodian's number as frost has it.
pub(super) fn identifier(index: u16) -> Result<Identifier, CeremonyError> {
    Identifier::try_from(index).map_err(|_| CeremonyError::Index(index, MAX_CUSTODIANS))
}

pub(super) fn array(bytes: &Base64) -> Option<[u8; 32]> {
    bytes.0.as_slice().try_into().ok()
}
