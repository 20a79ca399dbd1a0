//! Heteronyms: the places of people in sectors, and the names taken there. The `sub` is never kept.

use super::{
    Row, StoreError, Tx,
    statement::{statements, values},
};
use crate::domain::{
    ambient::Timestamp,
    ids::{PersonId, PseudonymId, Sector},
};

/// One place of a person in a sector; `sealed` holds the name shown, and the days on which it was made and given up.
#[derive(Clone, PartialEq, Eq)]
pub struct Pseudonym {
    pub id: PseudonymId,
    pub person_id: PersonId,
    pub sector: Sector,
    pub slot: u32,
    pub generation: u32,
    /// Version of the pseudonym key from which the `sub` is derived.
    pub key_version: u32,
    pub sealed: Vec<u8>,
    pub version: i64,
    /// The month.
    pub retired_on: Option<Timestamp>,
}

/// Adds a pseudonym. [`StoreError::Taken`]: the person has this place already. [`StoreError::Refused`]: the sector has
/// no such place, because its policy grants fewer.
pub async fn insert(tx: &mut Tx, pseudonym: &Pseudonym) -> Result<(), StoreError> {
    let values = values![
        pseudonym.id,
        pseudonym.person_id,
        &pseudonym.sector,
        i64::from(pseudonym.slot),
        i64::from(pseudonym.generation),
        i64::from(pseudonym.key_version),
        pseudonym.sealed.as_slice(),
        pseudonym.version
    ];
    tx.execute(INSERT, values).await.map(drop)
}

pub async fn find(tx: &mut Tx, id: PseudonymId) -> Result<Option<Pseudonym>, StoreError> {
    tx.optional(FIND, values![id]).await?.map(|row| read(&row)).transpose()
}

/// The person's pseudonyms in a sector, by slot, retired ones included.
pub async fn in_sector(tx: &mut Tx, person: PersonId, sector: &Sector) -> Result<Vec<Pseudonym>, StoreError> {
    tx.all(IN_SECTOR, values![person, sector]).await?.iter().map(read).collect()
}

/// All pseudonyms of a person.
pub async fn of_person(tx: &mut Tx, person: PersonId) -> Result<Vec<Pseudonym>, StoreError> {
    tx.all(OF_PERSON, values![person]).await?.iter().map(read).collect()
}

/// Replaces the name shown and the time of retirement, if the row still has this version.
pub async fn update(tx: &mut Tx, pseudonym: &Pseudonym) -> Result<bool, StoreError> {
    let sealed = pseudonym.sealed.as_slice();
    let retired_on = pseudonym.retired_on.map(Timestamp::month);
    tx.changed(UPDATE, values![pseudonym.id, sealed, retired_on, pseudonym.version]).await
}

/// Takes a name in a sector: true, unless somebody else has it or ever had it.
pub async fn take_name(tx: &mut Tx, sector: &Sector, tag: &[u8; 32], owner: PseudonymId) -> Result<bool, StoreError> {
    tx.changed(TAKE_NAME, values![sector, tag, owner]).await
}

/// Whether `owner` could take this name.
pub async fn name_is_free(
    tx: &mut Tx,
    sector: &Sector,
    tag: &[u8; 32],
    owner: Option<PseudonymId>,
) -> Result<bool, StoreError> {
    let holder = tx.optional(NAME_HOLDER, values![sector, tag]).await?.map(|row| row.id(0)).transpose()?;
    Ok(holder.is_none() || holder == owner)
}

/// Marks the owner's names as no longer shown. They stay the owner's.
pub async fn release_names(tx: &mut Tx, owner: PseudonymId, now: Timestamp) -> Result<u64, StoreError> {
    tx.execute(RELEASE_NAMES, values![owner, now.month()]).await
}

fn read(row: &Row) -> Result<Pseudonym, StoreError> {
    let small = |index| -> Result<u32, StoreError> {
        row.int(index)?.try_into().map_err(|_| StoreError::Corrupt("a slot, generation or version is out of range"))
    };
    Ok(Pseudonym {
        id: row.id(0)?,
        person_id: row.id(1)?,
        sector: row.parsed(2)?,
        slot: small(3)?,
        generation: small(4)?,
        key_version: small(5)?,
        sealed: row.blob(6)?,
        version: row.int(7)?,
        retired_on: row.time_or_null(8)?,
    })
}

statements! {
    INSERT = "INSERT INTO pseudonyms (id, person_id, sector, slot, generation, key_version, sealed, version)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    FIND = "SELECT id, person_id, sector, slot, generation, key_version, sealed, version, retired_on
            FROM pseudonyms WHERE id = $1";
    IN_SECTOR = "SELECT id, person_id, sector, slot, generation, key_version, sealed, version, retired_on
                 FROM pseudonyms WHERE person_id = $1 AND sector = $2 ORDER BY slot";
    OF_PERSON = "SELECT id, person_id, sector, slot, generation, key_version, sealed, version, retired_on
                 FROM pseudonyms WHERE person_id = $1 ORDER BY sector, slot";
    UPDATE = "UPDATE pseudonyms SET sealed = $2, retired_on = $3, version = version + 1 WHERE id = $1 AND version = $4";
    TAKE_NAME = "INSERT INTO names (sector, tag, pseudonym_id) VALUES ($1, $2, $3)
                 ON CONFLICT (sector, tag) DO UPDATE SET released_on = NULL WHERE names.pseudonym_id = excluded.pseudonym_id";
    NAME_HOLDER = "SELECT pseudonym_id FROM names WHERE sector = $1 AND tag = $2";
    RELEASE_NAMES = "UPDATE names SET released_on = $2 WHERE pseudonym_id = $1 AND released_on IS NULL";
}
