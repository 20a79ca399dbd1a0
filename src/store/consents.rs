//! What a citizen agreed to release to a forum, sealed, and whether it still holds.

use super::{
    Row, StoreError, Tx,
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
    pub given_on: Timestamp,
    pub withdrawn_on: Option<Timestamp>,
}

/// Adds a consent; [`StoreError::Taken`] when the pseudonym has a live one for this client.
pub async fn insert(tx: &mut Tx, consent: &Consent) -> Result<(), StoreError> {
    let sealed = consent.sealed.as_slice();
    let values =
        values![consent.id, consent.person_id, consent.pseudonym_id, &consent.client_id, sealed, consent.given_on];
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

/// Every consent of a person, the latest day first.
pub async fn of_person(tx: &mut Tx, person: PersonId) -> Result<Vec<Consent>, StoreError> {
    tx.all(OF_PERSON, values![person]).await?.iter().map(read).collect()
}

/// Withdraws a consent of this person; false when it is unknown, somebody else's or withdrawn already.
pub async fn withdraw(tx: &mut Tx, id: ConsentId, person: PersonId, now: Timestamp) -> Result<bool, StoreError> {
    tx.changed(WITHDRAW, values![id, person, now.day()]).await
}

fn read(row: &Row) -> Result<Consent, StoreError> {
    Ok(Consent {
        id: row.id(0)?,
        person_id: row.id(1)?,
        pseudonym_id: row.id(2)?,
        client_id: row.parsed(3)?,
        sealed: row.blob(4)?,
        given_on: row.time(5)?,
        withdrawn_on: row.time_or_null(6)?,
    })
}

statements! {
    INSERT = "INSERT INTO consents (id, person_id, pseudonym_id, client_id, sealed, given_on) VALUES ($1, $2, $3, $4, $5, $6)";
    FIND = "SELECT id, person_id, pseudonym_id, client_id, sealed, given_on, withdrawn_on FROM consents WHERE id = $1";
    LIVE = "SELECT id, person_id, pseudonym_id, client_id, sealed, given_on, withdrawn_on FROM consents
            WHERE pseudonym_id = $1 AND client_id = $2 AND withdrawn_on IS NULL";
    LIVE_OF_PSEUDONYM = "SELECT id, person_id, pseudonym_id, client_id, sealed, given_on, withdrawn_on FROM consents
                         WHERE pseudonym_id = $1 AND withdrawn_on IS NULL ORDER BY id";
    OF_PERSON = "SELECT id, person_id, pseudonym_id, client_id, sealed, given_on, withdrawn_on FROM consents
                 WHERE person_id = $1 ORDER BY given_on DESC, id";
    WITHDRAW = "UPDATE consents SET withdrawn_on = $3 WHERE id = $1 AND person_id = $2 AND withdrawn_on IS NULL";
}
