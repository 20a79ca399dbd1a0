//! Sessions: the row tells only that there is one. Who, since when and how is sealed in it.

use super::{
    StoreError, Tx,
    statement::{statements, values},
};
use crate::domain::{ambient::Timestamp, secret::TokenHash};

/// A row of `sessions`.
#[derive(Clone)]
pub struct Session {
    pub token_hash: TokenHash,
    /// Keyed tag of the account, to find all sessions of one.
    pub account_tag: [u8; 32],
    pub sealed: Vec<u8>,
    /// A whole hour after the last one at which it can be valid: for the clean-up only.
    pub remove_after: Timestamp,
}

pub async fn insert(tx: &mut Tx, session: &Session) -> Result<(), StoreError> {
    let sealed = session.sealed.as_slice();
    tx.execute(INSERT, values![session.token_hash, &session.account_tag, sealed, session.remove_after]).await.map(drop)
}

pub async fn find(tx: &mut Tx, token: TokenHash) -> Result<Option<Vec<u8>>, StoreError> {
    tx.optional(FIND, values![token]).await?.map(|row| row.blob(0)).transpose()
}

/// Replaces what is sealed; false when the session ended meanwhile.
pub async fn update(tx: &mut Tx, token: TokenHash, sealed: &[u8]) -> Result<bool, StoreError> {
    tx.changed(UPDATE, values![token, sealed]).await
}

/// Keeps a session as it is until this transaction has ended: whoever ends it waits, and then finds what was granted in it.
/// False when it has ended.
pub async fn hold(tx: &mut Tx, token: TokenHash) -> Result<bool, StoreError> {
    tx.changed(HOLD, values![token]).await
}

pub async fn list(tx: &mut Tx, account_tag: &[u8; 32]) -> Result<Vec<(TokenHash, Vec<u8>)>, StoreError> {
    let rows = tx.all(LIST, values![account_tag]).await?;
    rows.iter().map(|row| Ok((hash(&row.blob(0)?)?, row.blob(1)?))).collect()
}

pub async fn remove(tx: &mut Tx, token: TokenHash) -> Result<bool, StoreError> {
    tx.changed(REMOVE, values![token]).await
}

/// Ends every session of an account, but for `except`.
pub async fn remove_all(tx: &mut Tx, account_tag: &[u8; 32], except: Option<TokenHash>) -> Result<u64, StoreError> {
    let except = except.map_or([0; 32], |hash| *hash.as_bytes());
    tx.execute(REMOVE_ALL, values![account_tag, &except]).await
}

pub async fn remove_old(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    tx.execute(REMOVE_OLD, values![now]).await
}

fn hash(bytes: &[u8]) -> Result<TokenHash, StoreError> {
    bytes.try_into().map(TokenHash::from_bytes).map_err(|_| StoreError::Corrupt("a token hash is not 32 bytes"))
}

statements! {
    INSERT = "INSERT INTO sessions (token_hash, account_tag, sealed, remove_after) VALUES ($1, $2, $3, $4)";
    FIND = "SELECT sealed FROM sessions WHERE token_hash = $1";
    UPDATE = "UPDATE sessions SET sealed = $2 WHERE token_hash = $1";
    HOLD = "UPDATE sessions SET sealed = sealed WHERE token_hash = $1";
    LIST = "SELECT token_hash, sealed FROM sessions WHERE account_tag = $1";
    REMOVE = "DELETE FROM sessions WHERE token_hash = $1";
    REMOVE_ALL = "DELETE FROM sessions WHERE account_tag = $1 AND token_hash <> $2";
    REMOVE_OLD = "DELETE FROM sessions WHERE remove_after <= $1";
}
