//! What may be used once: identifiers of client assertions and DPoP proofs, pushed authorization requests. A row is a
//! keyed tag and the time until which a replay could come; on every node the first to write it wins.

use std::time::Duration;

use super::{
    StoreError, Tx,
    statement::{statements, values},
};
use crate::domain::ambient::Timestamp;

/// Spends what cannot be replayed any more from `until` on: true for one caller only.
pub async fn spend(tx: &mut Tx, tag: &[u8; 32], until: Timestamp) -> Result<bool, StoreError> {
    let remove_after = until.plus(MARGIN).minute();
    tx.changed(SPEND, values![tag, remove_after]).await
}

pub async fn is_spent(tx: &mut Tx, tag: &[u8; 32]) -> Result<bool, StoreError> {
    Ok(tx.optional(FIND, values![tag]).await?.is_some())
}

/// Removes at most so many of those whose replay would be refused anyway.
pub async fn remove_old(tx: &mut Tx, now: Timestamp, most: u32) -> Result<u64, StoreError> {
    tx.execute(REMOVE_OLD, values![now, i64::from(most)]).await
}

/// A minute that rounding may take away, and one for the clocks of other nodes.
const MARGIN: Duration = Duration::from_mins(2);

statements! {
    SPEND = "INSERT INTO spent (tag, remove_after) VALUES ($1, $2) ON CONFLICT (tag) DO NOTHING";
    FIND = "SELECT remove_after FROM spent WHERE tag = $1";
    REMOVE_OLD = "DELETE FROM spent WHERE tag IN (SELECT tag FROM spent WHERE remove_after <= $1 ORDER BY remove_after LIMIT $2)";
}
