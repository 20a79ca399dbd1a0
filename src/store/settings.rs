//! Facts about the instance itself: its identity, the custodians' public key, what a restart has to remember.

use super::{
    StoreError, Tx,
    statement::{statements, values},
};

/// The value kept under `name`.
pub async fn find(tx: &mut Tx, name: &str) -> Result<Option<String>, StoreError> {
    tx.optional(FIND, values![name]).await?.map(|row| row.text(0)).transpose()
}

/// Sets or replaces a value.
pub async fn put(tx: &mut Tx, name: &str, value: &str) -> Result<(), StoreError> {
    tx.execute(PUT, values![name, value]).await.map(drop)
}

/// Sets a value that is set once: [`StoreError::Taken`] when it is there already.
pub async fn put_once(tx: &mut Tx, name: &str, value: &str) -> Result<(), StoreError> {
    tx.execute(PUT_ONCE, values![name, value]).await.map(drop)
}

statements! {
    FIND = "SELECT value FROM settings WHERE name = $1";
    PUT = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    PUT_ONCE = "INSERT INTO settings (name, value) VALUES ($1, $2)";
}
