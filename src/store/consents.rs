//! What a citizen agreed to release to a forum, sealed, and whether it still holds.
//!
//! Both days are sealed: the forum has the day on which its member came, and a small one had no other that day.

use super::{
    Row, StoreError, Tx, grants,
    statement::{statements, values},
};
use crate::domain::{
    ambient::Timestamp,
    ids::{ClientId, ConsentId, PersonId, PseudonymId},
};

/// A consent, live or withdrawn.
#[derive(Clone, PartialEq, Eq)]
pub struct Consent {
    pub id: ConsentId,
    pub person_id: PersonId,
    pub pseudonym_id: PseudonymId,
    pub client_id: ClientId,
    pub sealed: Vec<u8>,
    /// The day, sealed; absent while it holds.
    pub withdrawn: Option<Vec<u8>>,
}

/// Adds a consent; [`StoreError::Taken`] when the pseudonym has a live one for this client.
pub async fn insert(tx: &mut Tx, consent: &Consent) -> Result<(), StoreError> {
    let sealed = consent.sealed.as_slice();
    let values = values![consent.id, consent.person_id, consent.pseudonym_id, &consent.client_id, sealed];
    tx.execute(INSERT, values).await.map(drop)
}

pub async fn find(tx: &mut Tx, id: ConsentId) -> Result<Option<Consent>, StoreError> {
    tx.optional(FIND, values![id]).await?.map(|row| read(&row)).transpose()
}

/// The live consent of a pseudonym for a client.
pub async fn live(tx: &mut Tx, pseudonym: PseudonymId, client: &ClientId) -> Result<Option<Consent>, StoreError> {
    tx.optional(LIVE, values![pseudonym, client]).await?.map(|row| read(&row)).transpose()
}

/// The live consents of a pseudonym, one for each client of its sector at most.
pub async fn live_of_pseudonym(tx: &mut Tx, pseudonym: PseudonymId) -> Result<Vec<Consent>, StoreError> {
    tx.all(LIVE_OF_PSEUDONYM, values![pseudonym]).await?.iter().map(read).collect()
}

/// Replaces what was agreed in a live consent that still says what `before` says; false when it does not, or was
/// withdrawn.
pub async fn replace(tx: &mut Tx, before: &Consent, sealed: &[u8]) -> Result<bool, StoreError> {
    tx.changed(REPLACE, values![before.id, sealed, before.sealed.as_slice()]).await
}

/// Every consent of a person.
pub async fn of_person(tx: &mut Tx, person: PersonId) -> Result<Vec<Consent>, StoreError> {
    tx.all(OF_PERSON, values![person]).await?.iter().map(read).collect()
}

/// Withdraws a consent of this person, on a day that is sealed; false when it is unknown, somebody else's or withdrawn
/// already.
pub async fn withdraw(tx: &mut Tx, id: ConsentId, person: PersonId, day: &[u8]) -> Result<bool, StoreError> {
    tx.changed(WITHDRAW, values![id, person, day]).await
}

/// Withdraws a consent as [`withdraw`] does, and revokes what was granted under it.
pub async fn end(tx: &mut Tx, id: ConsentId, person: PersonId, day: &[u8], now: Timestamp) -> Result<bool, StoreError> {
    let withdrawn = withdraw(tx, id, person, day).await?;
    if withdrawn {
        grants::revoke_by_consent(tx, id, now).await?;
    }
    Ok(withdrawn)
}

fn read(row: &Row) -> Result<Consent, StoreError> {
    Ok(Consent {
        id: row.id(0)?,
        person_id: row.id(1)?,
        pseudonym_id: row.id(2)?,
        client_id: row.parsed(3)?,
        sealed: row.blob(4)?,
        withdrawn: row.blob_or_null(5)?,
    })
}

/// Under what the day of a withdrawal is sealed.
pub const WITHDRAWN: &str = "consents.withdrawn";

statements! {
    INSERT = "INSERT INTO consents (id, person_id, pseudonym_id, client_id, sealed) VALUES ($1, $2, $3, $4, $5)";
    FIND = "SELECT id, person_id, pseudonym_id, client_id, sealed, withdrawn FROM consents WHERE id = $1";
    LIVE = "SELECT id, person_id, pseudonym_id, client_id, sealed, withdrawn FROM consents
            WHERE pseudonym_id = $1 AND client_id = $2 AND withdrawn IS NULL";
    LIVE_OF_PSEUDONYM = "SELECT id, person_id, pseudonym_id, client_id, sealed, withdrawn FROM consents
                         WHERE pseudonym_id = $1 AND withdrawn IS NULL ORDER BY id";
    OF_PERSON = "SELECT id, person_id, pseudonym_id, client_id, sealed, withdrawn FROM consents
                 WHERE person_id = $1 ORDER BY id";
    REPLACE = "UPDATE consents SET sealed = $2 WHERE id = $1 AND sealed = $3 AND withdrawn IS NULL";
    WITHDRAW = "UPDATE consents SET withdrawn = $3 WHERE id = $1 AND person_id = $2 AND withdrawn IS NULL";
}
