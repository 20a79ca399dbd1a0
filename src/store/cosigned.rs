//! The heads of the public logs that witnesses have cosigned. Contracts of all repositories: see [`super`].

use super::{
    StoreError, Tx,
    statement::{statements, values},
};
use crate::domain::log::LogName;

/// A head with the cosignatures of some witnesses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    pub size: u64,
    /// A signed note (C2SP tlog-checkpoint) with the cosignatures (C2SP tlog-cosignature).
    pub checkpoint: String,
    pub cosignatures: u32,
}

/// The newest head of a log that was cosigned.
pub async fn find(tx: &mut Tx, log: LogName) -> Result<Option<Cosigned>, StoreError> {
    let Some(row) = tx.optional(FIND, values![log.to_string().as_str()]).await? else { return Ok(None) };
    let negative = |_| StoreError::Corrupt("a size or number of a cosigned head is negative");
    Ok(Some(Cosigned {
        size: row.int(0)?.try_into().map_err(negative)?,
        checkpoint: row.text(1)?,
        cosignatures: row.int(2)?.try_into().map_err(negative)?,
    }))
}

/// Keeps a head that is larger than the one that is kept, or that more witnesses have cosigned; false when it is not.
pub async fn put(tx: &mut Tx, log: LogName, cosigned: &Cosigned) -> Result<bool, StoreError> {
    let size = i64::try_from(cosigned.size).map_err(|_| StoreError::Refused)?;
    let checkpoint = cosigned.checkpoint.as_str();
    let values = values![log.to_string().as_str(), size, checkpoint, i64::from(cosigned.cosignatures)];
    tx.changed(PUT, values).await
}

statements! {
    FIND = "SELECT size, checkpoint, cosignatures FROM log_cosigned WHERE log = $1";
    PUT = "INSERT INTO log_cosigned (log, size, checkpoint, cosignatures) VALUES ($1, $2, $3, $4)
           ON CONFLICT (log) DO UPDATE
           SET size = excluded.size, checkpoint = excluded.checkpoint, cosignatures = excluded.cosignatures
           WHERE log_cosigned.size < excluded.size
              OR (log_cosigned.size = excluded.size AND log_cosigned.cosignatures < excluded.cosignatures)";
}
