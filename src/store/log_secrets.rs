//! What a person's leaves in the public logs are made with: a sealed secret, and counters. Each number is given out once, in the
//! transaction that writes its leaf (`specs/log.md`, "Owners").

use super::{
    Row, StoreError, Tx,
    statement::{statements, values},
};
use crate::domain::ids::{PersonId, PseudonymId, Sector};

/// The row of a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    pub sealed: Vec<u8>,
    /// The number of the leaf of the enrolment that counts.
    pub enrolment: u64,
}

/// The secret of one of many, and how many leaves the person has.
#[derive(Clone, PartialEq, Eq)]
pub struct Holder {
    pub person: PersonId,
    pub secret: Secret,
    pub leaves: u64,
}

/// By what the tokens of one pseudonym are found, and how many there are.
#[derive(Clone, PartialEq, Eq)]
pub struct Voiced {
    pub person: PersonId,
    pub sector: Sector,
    pub slot: u32,
    pub generation: u32,
    pub leaves: u64,
}

/// Keeps a secret for a person who has none; false when there is one.
pub async fn insert(tx: &mut Tx, person: PersonId, sealed: &[u8]) -> Result<bool, StoreError> {
    tx.changed(INSERT, values![person, sealed]).await
}

pub async fn find(tx: &mut Tx, person: PersonId) -> Result<Option<Secret>, StoreError> {
    let row = tx.optional(FIND, values![person]).await?;
    row.map(|row| Ok(Secret { sealed: row.blob(0)?, enrolment: number(&row, 1)? })).transpose()
}

/// The next number for a leaf of the person; None when there is no secret.
pub async fn count(tx: &mut Tx, person: PersonId) -> Result<Option<u64>, StoreError> {
    tx.optional(COUNT, values![person]).await?.map(|row| number(&row, 0)).transpose()
}

/// The next number, for a leaf that enrols the person: from now on that enrolment counts.
pub async fn count_enrolment(tx: &mut Tx, person: PersonId) -> Result<Option<u64>, StoreError> {
    tx.optional(COUNT_ENROLMENT, values![person]).await?.map(|row| number(&row, 0)).transpose()
}

/// How many leaves the person has.
pub async fn counted(tx: &mut Tx, person: PersonId) -> Result<Option<u64>, StoreError> {
    tx.optional(COUNTED, values![person]).await?.map(|row| number(&row, 0)).transpose()
}

/// The next number for a leaf of the pseudonym.
pub async fn count_of_pseudonym(tx: &mut Tx, pseudonym: PseudonymId) -> Result<Option<u64>, StoreError> {
    tx.optional(COUNT_OF_PSEUDONYM, values![pseudonym]).await?.map(|row| number(&row, 0)).transpose()
}

/// How many leaves the pseudonym has.
pub async fn counted_of_pseudonym(tx: &mut Tx, pseudonym: PseudonymId) -> Result<Option<u64>, StoreError> {
    tx.optional(COUNTED_OF_PSEUDONYM, values![pseudonym]).await?.map(|row| number(&row, 0)).transpose()
}

/// One page of all who have a secret, in the order of their ids. The next page begins after the last id of this page.
pub async fn page(tx: &mut Tx, after: PersonId, most: u32) -> Result<Vec<Holder>, StoreError> {
    let rows = tx.all(PAGE, values![after, i64::from(most)]).await?;
    let holder = |row: &Row| {
        let secret = Secret { sealed: row.blob(1)?, enrolment: number(row, 2)? };
        Ok(Holder { person: row.id(0)?, secret, leaves: number(row, 3)? })
    };
    rows.iter().map(holder).collect()
}

/// The pseudonyms under which tokens were logged, retired ones included, of everybody after one id up to another.
pub async fn voiced(tx: &mut Tx, after: PersonId, to: PersonId) -> Result<Vec<Voiced>, StoreError> {
    let rows = tx.all(VOICED, values![after, to]).await?;
    let small =
        |number: i64| number.try_into().map_err(|_| StoreError::Corrupt("a slot or generation is out of range"));
    let voiced = |row: &Row| {
        let (slot, generation) = (small(row.int(2)?)?, small(row.int(3)?)?);
        Ok(Voiced { person: row.id(0)?, sector: row.parsed(1)?, slot, generation, leaves: number(row, 4)? })
    };
    rows.iter().map(voiced).collect()
}

/// Forgets the secret: the person's leaves cannot be found or opened any more.
pub async fn erase(tx: &mut Tx, person: PersonId) -> Result<bool, StoreError> {
    tx.changed(ERASE, values![person]).await
}

fn number(row: &Row, index: usize) -> Result<u64, StoreError> {
    row.int(index)?.try_into().map_err(|_| StoreError::Corrupt("a count of leaves is negative"))
}

/// Under what a secret is sealed.
pub const TABLE: &str = "log_secrets";

statements! {
    INSERT = "INSERT INTO log_secrets (person_id, sealed, leaves, enrolment) VALUES ($1, $2, 0, 0) ON CONFLICT (person_id) DO NOTHING";
    FIND = "SELECT sealed, enrolment FROM log_secrets WHERE person_id = $1";
    COUNT = "UPDATE log_secrets SET leaves = leaves + 1 WHERE person_id = $1 RETURNING leaves - 1";
    COUNT_ENROLMENT = "UPDATE log_secrets SET enrolment = leaves, leaves = leaves + 1 WHERE person_id = $1 RETURNING leaves - 1";
    COUNTED = "SELECT leaves FROM log_secrets WHERE person_id = $1";
    COUNT_OF_PSEUDONYM = "UPDATE pseudonyms SET leaves = leaves + 1 WHERE id = $1 RETURNING leaves - 1";
    COUNTED_OF_PSEUDONYM = "SELECT leaves FROM pseudonyms WHERE id = $1";
    PAGE = "SELECT person_id, sealed, enrolment, leaves FROM log_secrets WHERE person_id > $1 ORDER BY person_id LIMIT $2";
    VOICED = "SELECT person_id, sector, slot, generation, leaves FROM pseudonyms
              WHERE person_id > $1 AND person_id <= $2 AND leaves > 0 ORDER BY person_id, sector, slot";
    ERASE = "DELETE FROM log_secrets WHERE person_id = $1";
}
