//! Enrolled people: sealed facts, sealed identity, and the tags by which a second enrolment is seen.

use super::{
    Row, StoreError, Tx,
    statement::{statements, values},
};
use crate::domain::{
    ambient::Timestamp,
    ids::{PersonId, RegistrarId},
};

/// A person's row. `facts` is encrypted under the vault key, `identity` to the custodians.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    pub registrar_id: RegistrarId,
    /// The day.
    pub enrolled_on: Timestamp,
    /// The day after which the person has to come to the counter again.
    pub renew_by: Timestamp,
    pub departed_on: Option<Timestamp>,
    pub facts: Vec<u8>,
    pub identity: Vec<u8>,
    /// Grows by one at each change: two officers cannot overwrite each other.
    pub version: i64,
    /// Kept to the minute: other nodes look for what changed since.
    pub changed_at: Timestamp,
}

/// What a person's row says of their facts.
#[derive(Clone, PartialEq, Eq)]
pub struct FactsRow {
    pub id: PersonId,
    pub departed: bool,
    pub facts: Vec<u8>,
    pub version: i64,
    pub changed_at: Timestamp,
}

/// Comes before every id.
pub const FIRST: PersonId = PersonId::from_bytes([0; 16]);

/// Adds a person.
pub async fn insert(tx: &mut Tx, person: &Person) -> Result<(), StoreError> {
    let values = values![
        person.id,
        person.registrar_id,
        person.enrolled_on,
        person.renew_by,
        person.departed_on,
        person.facts.as_slice(),
        person.identity.as_slice(),
        person.version,
        person.changed_at.minute()
    ];
    tx.execute(INSERT, values).await.map(drop)
}

pub async fn find(tx: &mut Tx, id: PersonId) -> Result<Option<Person>, StoreError> {
    tx.optional(FIND, values![id]).await?.map(|row| read(&row)).transpose()
}

/// Replaces all but the id and the registrar, if the row still has `person.version`; the row then has the next one.
pub async fn update(tx: &mut Tx, person: &Person) -> Result<bool, StoreError> {
    let values = values![
        person.id,
        person.renew_by,
        person.departed_on,
        person.facts.as_slice(),
        person.identity.as_slice(),
        person.version,
        person.changed_at.minute()
    ];
    tx.changed(UPDATE, values).await
}

/// One page of people whose row changed in the minute of `since` or after, in the order of their change. The next page begins after
/// the time and the id of the last one of this page; `after` of the first page is [`FIRST`].
pub async fn changed_since(
    tx: &mut Tx,
    since: Timestamp,
    after: PersonId,
    most: u32,
) -> Result<Vec<FactsRow>, StoreError> {
    tx.all(CHANGED, values![since.minute(), after, i64::from(most)]).await?.iter().map(read_facts).collect()
}

/// One page of all people in the order of their ids. The next page begins after the last id of this page.
pub async fn page(tx: &mut Tx, after: PersonId, most: u32) -> Result<Vec<FactsRow>, StoreError> {
    tx.all(PAGE, values![after, i64::from(most)]).await?.iter().map(read_facts).collect()
}

/// Replaces sealed facts by facts that say the same. Version and time of change stay, for nothing changed: a time
/// that followed somebody's birthday would tell it to whoever reads the table.
pub async fn reseal(tx: &mut Tx, id: PersonId, version: i64, facts: &[u8]) -> Result<bool, StoreError> {
    tx.changed(RESEAL, values![id, version, facts]).await
}

/// Records a tag that one person alone may have; [`StoreError::Taken`] when somebody has it.
pub async fn insert_twin(tx: &mut Tx, tag: &[u8; 32], person: PersonId) -> Result<(), StoreError> {
    tx.execute(INSERT_TWIN, values![tag, person]).await.map(drop)
}

/// Who has this tag.
pub async fn find_twin(tx: &mut Tx, tag: &[u8; 32]) -> Result<Option<PersonId>, StoreError> {
    tx.optional(FIND_TWIN, values![tag]).await?.map(|row| row.id(0)).transpose()
}

/// Records a tag that people who resemble each other share.
pub async fn insert_alike(tx: &mut Tx, tag: &[u8; 32], person: PersonId) -> Result<(), StoreError> {
    tx.execute(INSERT_ALIKE, values![tag, person]).await.map(drop)
}

/// Whether this person has this tag.
pub async fn has_alike(tx: &mut Tx, tag: &[u8; 32], person: PersonId) -> Result<bool, StoreError> {
    Ok(tx.optional(HAS_ALIKE, values![tag, person]).await?.is_some())
}

/// How many people have this tag.
pub async fn count_alike(tx: &mut Tx, tag: &[u8; 32]) -> Result<i64, StoreError> {
    tx.one(COUNT_ALIKE, values![tag]).await?.int(0)
}

fn read(row: &Row) -> Result<Person, StoreError> {
    Ok(Person {
        id: row.id(0)?,
        registrar_id: row.id(1)?,
        enrolled_on: row.time(2)?,
        renew_by: row.time(3)?,
        departed_on: row.time_or_null(4)?,
        facts: row.blob(5)?,
        identity: row.blob(6)?,
        version: row.int(7)?,
        changed_at: row.time(8)?,
    })
}

fn read_facts(row: &Row) -> Result<FactsRow, StoreError> {
    Ok(FactsRow {
        id: row.id(0)?,
        departed: row.time_or_null(1)?.is_some(),
        facts: row.blob(2)?,
        version: row.int(3)?,
        changed_at: row.time(4)?,
    })
}

statements! {
    INSERT = "INSERT INTO persons (id, registrar_id, enrolled_on, renew_by, departed_on, facts, identity, version, changed_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    FIND = "SELECT id, registrar_id, enrolled_on, renew_by, departed_on, facts, identity, version, changed_at
            FROM persons WHERE id = $1";
    UPDATE = "UPDATE persons SET renew_by = $2, departed_on = $3, facts = $4, identity = $5, version = version + 1, changed_at = $7
              WHERE id = $1 AND version = $6";
    CHANGED = "SELECT id, departed_on, facts, version, changed_at FROM persons
               WHERE changed_at >= $1 AND (changed_at > $1 OR id > $2) ORDER BY changed_at, id LIMIT $3";
    PAGE = "SELECT id, departed_on, facts, version, changed_at FROM persons WHERE id > $1 ORDER BY id LIMIT $2";
    RESEAL = "UPDATE persons SET facts = $3 WHERE id = $1 AND version = $2";
    INSERT_TWIN = "INSERT INTO twins (tag, person_id) VALUES ($1, $2)";
    FIND_TWIN = "SELECT person_id FROM twins WHERE tag = $1";
    INSERT_ALIKE = "INSERT INTO alikes (tag, person_id) VALUES ($1, $2) ON CONFLICT (tag, person_id) DO NOTHING";
    HAS_ALIKE = "SELECT person_id FROM alikes WHERE tag = $1 AND person_id = $2";
    COUNT_ALIKE = "SELECT COUNT(*) FROM alikes WHERE tag = $1";
}
