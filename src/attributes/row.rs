//! How a person's facts lie in their row: sealed under the vault key, all of one length.

use rand::CryptoRng;

use crate::{
    domain::{ids::PersonId, quality::Facts},
    keyring::{VaultKey, padded_json},
    store::StoreError,
};

/// Seals the facts of a person for the column `persons.facts`.
///
/// Padded, so that the length of a row does not tell who bears a long name or holds a role: [`PADDED`] bytes of
/// plaintext, or a multiple of it for whoever holds more than a handful of roles.
pub fn seal_facts(vault: &VaultKey, person: PersonId, facts: &Facts, rng: &mut impl CryptoRng) -> Vec<u8> {
    vault.seal_row(TABLE, person.as_bytes(), &padded_json(facts, PADDED), rng)
}

/// Opens the column `persons.facts` of this person.
pub fn open_facts(vault: &VaultKey, person: PersonId, sealed: &[u8]) -> Result<Facts, StoreError> {
    let plain = vault.open_row(TABLE, person.as_bytes(), sealed);
    let plain = plain.map_err(|_| StoreError::Corrupt("a person's facts do not open"))?;
    serde_json::from_slice(&plain).map_err(|_| StoreError::Corrupt("a person's facts do not read"))
}

const TABLE: &str = "persons";
const PADDED: usize = 512;
