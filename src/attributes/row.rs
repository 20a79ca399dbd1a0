//! How a person's facts lie in their row: sealed under the vault key, all of one length.

use rand::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    domain::{ids::PersonId, quality::Facts},
    keyring::VaultKey,
    store::StoreError,
};

/// Seals the facts of a person for the column `persons.facts`.
///
/// Padded, so that the length of a row does not tell who bears a long name or holds a role: [`PADDED`] bytes of
/// plaintext, or a multiple of it for whoever holds more than a handful of roles.
pub fn seal_facts(vault: &VaultKey, person: PersonId, facts: &Facts, rng: &mut impl CryptoRng) -> Vec<u8> {
    let mut plain = written(facts);
    let padded = plain.len().next_multiple_of(PADDED);
    plain.resize(padded, b' ');
    vault.seal_row(TABLE, person.as_bytes(), &plain, rng)
}

/// Opens the column `persons.facts` of this person.
pub fn open_facts(vault: &VaultKey, person: PersonId, sealed: &[u8]) -> Result<Facts, StoreError> {
    let plain = vault.open_row(TABLE, person.as_bytes(), sealed);
    let plain = plain.map_err(|_| StoreError::Corrupt("a person's facts do not open"))?;
    serde_json::from_slice(&plain).map_err(|_| StoreError::Corrupt("a person's facts do not read"))
}

#[expect(clippy::expect_used, reason = "text, numbers and dates are always written; an empty row must never be stored")]
fn written(facts: &Facts) -> Zeroizing<Vec<u8>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(PADDED));
    serde_json::to_writer(&mut *plain, facts).expect("facts are written as JSON");
    plain
}

const TABLE: &str = "persons";
const PADDED: usize = 512;
