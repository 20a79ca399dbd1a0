//! What a person's leaves in the public logs are made with: a sealed secret, and counters. Each number is given out once, in the
//! transaction that writes its leaf (`specs/log.md`, "Owners").

use super::{
    Row, StoreError, Tx,
    statement::{statements, values},
};
use crate::domain::ids::{PersonId, PseudonymId};

/// Keeps a secret for a person who has none; false when there is one.
pub async fn insert(tx: &mut Tx, person: PersonId, sealed: &[u8]) -> Result<bool, StoreError> {
    tx.changed(INSERT, values![person, sealed]).await
}

pub async fn find(tx: &mut Tx, person: PersonId) -> Result<Option<Vec<u8>>, StoreError> {
    tx.optional(FIND, values![person]).await?.map(|row| row.blob(0)).transpose()
}

/// The next number for a leaf of the person; None when there is no secret.
pub async fn count(tx: &mut Tx, person: PersonId) -> Result<Option<u64>, StoreError> {
    tx.optional(COUNT, values![person]).await?.map(|row| number(&row)).transpose()
}

/// How many leaves the person has.
pub async fn counted(tx: &mut Tx, person: PersonId) -> Result<Option<u64>, StoreError> {
    tx.optional(COUNTED, values![person]).await?.map(|row| number(&row)).transpose()
}

/// The next number for a leaf of the pseudonym.
pub async fn count_of_pseudonym(tx: &mut Tx, pseudonym: PseudonymId) -> Result<Option<u64>, StoreError> {
    tx.optional(COUNT_OF_PSEUDONYM, values![pseudonym]).await?.map(|row| number(&row)).transpose()
}

/// How many leaves the pseudonym has.
pub async fn counted_of_pseudonym(tx: &mut Tx, pseudonym: PseudonymId) -> Result<Option<u64>, StoreError> {
    tx.optional(COUNTED_OF_PSEUDONYM, values![pseudonym]).await?.map(|row| number(&row)).transpose()
}

/// Forgets the secret: the person's leaves cannot be found or opened any more.
pub async fn erase(tx: &mut Tx, person: PersonId) -> Result<bool, StoreError> {
    tx.changed(ERASE, values![person]).await
}

fn number(row: &Row) -> Result<u64, StoreError> {
    row.int(0)?.try_into().map_err(|_| StoreError::Corrupt("a count of leaves is negative"))
}

/// Under what a secret is sealed.
pub const TABLE: &str = "log_secrets";

statements! {
    INSERT = "INSERT INTO log_secrets (person_id, sealed, leaves) VALUES ($1, $2, 0) ON CONFLICT (person_id) DO NOTHING";
    FIND = "SELECT sealed FROM log_secrets WHERE person_id = $1";
    COUNT = "UPDATE log_secrets SET leaves = leaves + 1 WHERE person_id = $1 RETURNING leaves - 1";
    COUNTED = "SELECT leaves FROM log_secrets WHERE person_id = $1";
    COUNT_OF_PSEUDONYM = "UPDATE pseudonyms SET leaves = leaves + 1 WHERE id = $1 RETURNING leaves - 1";
    COUNTED_OF_PSEUDONYM = "SELECT leaves FROM pseudonyms WHERE id = $1";
    ERASE = "DELETE FROM log_secrets WHERE person_id = $1";
}
