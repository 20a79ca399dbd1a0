//! Whom the end of a session or of a consent concerns, and the logout tokens that wait for their forum.
//!
//! A row of the queue says in clear that something is to be told, and when that is tried next. A forum has the minute in
//! which its member signed out: beside a person's number, or beside a forum, that minute would join the two databases.

use super::{
    Row, StoreError, Tx,
    statement::{statements, values},
};
use crate::domain::{
    ambient::Timestamp,
    ids::{ClientId, ConsentId, DeliveryId, PseudonymId},
};

/// A forum that was given tokens in a session, or under a consent.
#[derive(Clone)]
pub struct Receiver {
    pub client_id: ClientId,
    pub pseudonym_id: PseudonymId,
    pub session_tag: [u8; 32],
    /// Some of what was granted in this session still stands.
    pub live: bool,
    /// What the forum registered, as it is kept.
    pub metadata: String,
}

/// A row of the queue.
#[derive(Clone)]
pub struct Delivery {
    pub id: DeliveryId,
    pub sealed: Vec<u8>,
    pub attempts: u32,
    /// When it is tried next; while somebody tries, when it counts as given back.
    pub due_at: Timestamp,
}

/// The forums that were given tokens in a session. What was granted and has been revoked since counts as well: the forum may
/// still hold its own session.
pub async fn of_session(tx: &mut Tx, session_tag: &[u8; 32]) -> Result<Vec<Receiver>, StoreError> {
    tx.all(OF_SESSION, values![session_tag]).await?.iter().map(receiver).collect()
}

/// The forum that was given tokens under a consent, once for every session in which it was.
pub async fn of_consent(tx: &mut Tx, consent: ConsentId) -> Result<Vec<Receiver>, StoreError> {
    tx.all(OF_CONSENT, values![consent]).await?.iter().map(receiver).collect()
}

pub async fn insert(tx: &mut Tx, delivery: &Delivery) -> Result<(), StoreError> {
    let sealed = delivery.sealed.as_slice();
    let values = values![delivery.id, sealed, i64::from(delivery.attempts), delivery.due_at];
    tx.execute(INSERT, values).await.map(drop)
}

/// At most so many that are due, the one that waits longest first.
pub async fn due(tx: &mut Tx, now: Timestamp, most: u32) -> Result<Vec<Delivery>, StoreError> {
    let rows = tx.all(DUE, values![now, i64::from(most)]).await?;
    let read = |row: &Row| {
        let attempts = row.int(2)?.try_into();
        Ok(Delivery {
            id: row.id(0)?,
            sealed: row.blob(1)?,
            attempts: attempts.map_err(|_| StoreError::Corrupt("a count of attempts is out of range"))?,
            due_at: row.time(3)?,
        })
    };
    rows.iter().map(read).collect()
}

/// Takes a delivery until `until`: true for one caller only among all that read it as it was. Whoever does not come back by
/// then has lost it to the next.
pub async fn claim(tx: &mut Tx, delivery: &Delivery, until: Timestamp) -> Result<bool, StoreError> {
    let values = values![delivery.id, delivery.due_at, until];
    tx.changed(CLAIM, values).await
}

/// Gives back what was claimed until `claimed`; false when it was lost to somebody else meanwhile.
pub async fn postpone(
    tx: &mut Tx,
    id: DeliveryId,
    claimed: Timestamp,
    attempts: u32,
    due_at: Timestamp,
) -> Result<bool, StoreError> {
    tx.changed(POSTPONE, values![id, claimed, i64::from(attempts), due_at]).await
}

/// Removes what was claimed until `claimed`; false when it was lost to somebody else meanwhile.
pub async fn remove(tx: &mut Tx, id: DeliveryId, claimed: Timestamp) -> Result<bool, StoreError> {
    tx.changed(REMOVE, values![id, claimed]).await
}

fn receiver(row: &Row) -> Result<Receiver, StoreError> {
    let tag = row.blob(2)?.try_into();
    Ok(Receiver {
        client_id: row.parsed(0)?,
        pseudonym_id: row.id(1)?,
        session_tag: tag.map_err(|_| StoreError::Corrupt("the tag of a session is not 32 bytes"))?,
        live: row.int(3)? != 0,
        metadata: row.text(4)?,
    })
}

statements! {
    OF_SESSION = "SELECT grants.client_id, consents.pseudonym_id, grants.session_tag,
                         MAX(CASE WHEN grants.revoked_at IS NULL THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END),
                         clients.metadata
                  FROM grants
                  JOIN consents ON consents.id = grants.consent_id
                  JOIN clients ON clients.id = grants.client_id
                  WHERE grants.session_tag = $1
                  GROUP BY grants.client_id, consents.pseudonym_id, grants.session_tag, clients.metadata
                  ORDER BY grants.client_id";
    OF_CONSENT = "SELECT grants.client_id, consents.pseudonym_id, grants.session_tag,
                         MAX(CASE WHEN grants.revoked_at IS NULL THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END),
                         clients.metadata
                  FROM grants
                  JOIN consents ON consents.id = grants.consent_id
                  JOIN clients ON clients.id = grants.client_id
                  WHERE grants.consent_id = $1
                  GROUP BY grants.client_id, consents.pseudonym_id, grants.session_tag, clients.metadata
                  ORDER BY grants.client_id";
    INSERT = "INSERT INTO logout_deliveries (id, sealed, attempts, due_at) VALUES ($1, $2, $3, $4)";
    DUE = "SELECT id, sealed, attempts, due_at FROM logout_deliveries WHERE due_at <= $1 ORDER BY due_at LIMIT $2";
    CLAIM = "UPDATE logout_deliveries SET due_at = $3 WHERE id = $1 AND due_at = $2";
    POSTPONE = "UPDATE logout_deliveries SET attempts = $3, due_at = $4 WHERE id = $1 AND due_at = $2";
    REMOVE = "DELETE FROM logout_deliveries WHERE id = $1 AND due_at = $2";
}
