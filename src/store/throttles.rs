//! Consecutive failures per authenticator or address, under a keyed tag: shared by all nodes.

use super::{
    StoreError, Tx,
    statement::{statements, values},
};
use crate::domain::ambient::Timestamp;

/// Failures in a row and the time of the last one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    pub count: i64,
    pub last_at: Timestamp,
}

pub async fn find(tx: &mut Tx, tag: &[u8; 32]) -> Result<Failures, StoreError> {
    let row = tx.optional(FIND, values![tag]).await?;
    row.map_or(Ok(Failures::default()), |row| Ok(Failures { count: row.int(0)?, last_at: row.time(1)? }))
}

/// Counts one more failure and tells how many there are now.
pub async fn fail(tx: &mut Tx, tag: &[u8; 32], now: Timestamp) -> Result<i64, StoreError> {
    tx.one(FAIL, values![tag, now]).await?.int(0)
}

/// Forgets the failures: the right secret was given.
pub async fn clear(tx: &mut Tx, tag: &[u8; 32]) -> Result<(), StoreError> {
    tx.execute(CLEAR, values![tag]).await.map(drop)
}

/// Forgets up to `most` failures in a row whose last one was before this time.
pub async fn remove_old(tx: &mut Tx, most: i64, before: Timestamp) -> Result<u64, StoreError> {
    tx.execute(REMOVE_OLD, values![most, before]).await
}

statements! {
    FIND = "SELECT failures, last_at FROM throttles WHERE tag = $1";
    FAIL = "INSERT INTO throttles (tag, failures, last_at) VALUES ($1, 1, $2)
            ON CONFLICT (tag) DO UPDATE SET failures = throttles.failures + 1, last_at = excluded.last_at
            RETURNING failures";
    CLEAR = "DELETE FROM throttles WHERE tag = $1";
    REMOVE_OLD = "DELETE FROM throttles WHERE failures <= $1 AND last_at < $2";
}
