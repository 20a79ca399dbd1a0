//! Offices that enrol people, and the public keys with which they sign: institutions, in clear.

use super::{
    Row, StoreError, Tx,
    statement::{statements, values},
};
use crate::{
    domain::{ambient::Timestamp, ids::RegistrarId},
    wire::tlog::leaf::{RegistrarKey, SigningKeyId},
};

/// An office that enrols people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registrar {
    pub id: RegistrarId,
    /// As printed on the activation sheet: "Mairie de Grenoble". Unique.
    pub name: String,
    /// The code of the area it serves.
    pub area: String,
    pub created_on: Timestamp,
    pub disabled_at: Option<Timestamp>,
}

/// A key with which an office signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    pub key: RegistrarKey,
    pub registrar: RegistrarId,
    /// The day.
    pub created_on: Timestamp,
    /// Since when it counts.
    pub accredited_at: Option<Timestamp>,
    /// Since when it counts no more.
    pub withdrawn_at: Option<Timestamp>,
}

impl SigningKey {
    pub const fn counts(&self) -> bool {
        self.accredited_at.is_some() && self.withdrawn_at.is_none()
    }
}

/// Adds an office; [`StoreError::Taken`] when the name is.
pub async fn insert(tx: &mut Tx, registrar: &Registrar) -> Result<(), StoreError> {
    let values = values![
        registrar.id,
        registrar.name.as_str(),
        registrar.area.as_str(),
        registrar.created_on,
        registrar.disabled_at
    ];
    tx.execute(INSERT, values).await.map(drop)
}

pub async fn find(tx: &mut Tx, id: RegistrarId) -> Result<Option<Registrar>, StoreError> {
    tx.optional(FIND, values![id]).await?.map(|row| read(&row)).transpose()
}

/// All offices by name.
pub async fn list(tx: &mut Tx) -> Result<Vec<Registrar>, StoreError> {
    tx.all(LIST, vec![]).await?.iter().map(read).collect()
}

/// Disables an office; false when it is unknown or disabled already.
pub async fn disable(tx: &mut Tx, id: RegistrarId, now: Timestamp) -> Result<bool, StoreError> {
    tx.changed(DISABLE, values![id, now]).await
}

/// Adds a key that nobody has accredited; false when there is that key, of whichever office.
pub async fn insert_key(
    tx: &mut Tx,
    registrar: RegistrarId,
    key: &RegistrarKey,
    now: Timestamp,
) -> Result<bool, StoreError> {
    tx.changed(INSERT_KEY, values![key.id().as_bytes(), registrar, key.point(), now.day()]).await
}

pub async fn find_key(tx: &mut Tx, id: SigningKeyId) -> Result<Option<SigningKey>, StoreError> {
    tx.optional(FIND_KEY, values![id.as_bytes()]).await?.map(|row| read_key(&row)).transpose()
}

/// All keys that an office ever had, in the order of their ids.
pub async fn keys(tx: &mut Tx, registrar: RegistrarId) -> Result<Vec<SigningKey>, StoreError> {
    tx.all(KEYS, values![registrar]).await?.iter().map(read_key).collect()
}

/// The key, if it is one of this office that counts. Nobody withdraws it before the transaction ends.
pub async fn use_key(
    tx: &mut Tx,
    registrar: RegistrarId,
    id: SigningKeyId,
) -> Result<Option<RegistrarKey>, StoreError> {
    tx.optional(USE_KEY, values![id.as_bytes(), registrar]).await?.map(|row| read_point(&row, 0)).transpose()
}

/// Accredits a key that waits for it; false when it is unknown, accredited already or withdrawn.
pub async fn accredit_key(tx: &mut Tx, id: SigningKeyId, now: Timestamp) -> Result<bool, StoreError> {
    tx.changed(ACCREDIT_KEY, values![id.as_bytes(), now]).await
}

/// Withdraws a key, also one that waits; false when it is unknown or withdrawn already.
pub async fn withdraw_key(tx: &mut Tx, id: SigningKeyId, now: Timestamp) -> Result<bool, StoreError> {
    tx.changed(WITHDRAW_KEY, values![id.as_bytes(), now]).await
}

/// Withdraws every key of an office.
pub async fn withdraw_keys(tx: &mut Tx, registrar: RegistrarId, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(WITHDRAW_KEYS, values![registrar, now]).await.map(drop)
}

fn read_key(row: &Row) -> Result<SigningKey, StoreError> {
    Ok(SigningKey {
        registrar: row.id(0)?,
        key: read_point(row, 1)?,
        created_on: row.time(2)?,
        accredited_at: row.time_or_null(3)?,
        withdrawn_at: row.time_or_null(4)?,
    })
}

fn read_point(row: &Row, index: usize) -> Result<RegistrarKey, StoreError> {
    RegistrarKey::new(&row.blob(index)?).map_err(|_| StoreError::Corrupt("the key of an office is none"))
}

fn read(row: &Row) -> Result<Registrar, StoreError> {
    Ok(Registrar {
        id: row.id(0)?,
        name: row.text(1)?,
        area: row.text(2)?,
        created_on: row.time(3)?,
        disabled_at: row.time_or_null(4)?,
    })
}

statements! {
    INSERT = "INSERT INTO registrars (id, name, area, created_on, disabled_at) VALUES ($1, $2, $3, $4, $5)";
    FIND = "SELECT id, name, area, created_on, disabled_at FROM registrars WHERE id = $1";
    LIST = "SELECT id, name, area, created_on, disabled_at FROM registrars ORDER BY name";
    DISABLE = "UPDATE registrars SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL";
    INSERT_KEY = "INSERT INTO registrar_keys (id, registrar_id, public, created_on) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING";
    FIND_KEY = "SELECT registrar_id, public, created_on, accredited_at, withdrawn_at FROM registrar_keys WHERE id = $1";
    KEYS = "SELECT registrar_id, public, created_on, accredited_at, withdrawn_at FROM registrar_keys WHERE registrar_id = $1 ORDER BY id";
    USE_KEY = "UPDATE registrar_keys SET withdrawn_at = NULL
               WHERE id = $1 AND registrar_id = $2 AND accredited_at IS NOT NULL AND withdrawn_at IS NULL RETURNING public";
    ACCREDIT_KEY = "UPDATE registrar_keys SET accredited_at = $2 WHERE id = $1 AND accredited_at IS NULL AND withdrawn_at IS NULL";
    WITHDRAW_KEY = "UPDATE registrar_keys SET withdrawn_at = $2 WHERE id = $1 AND withdrawn_at IS NULL";
    WITHDRAW_KEYS = "UPDATE registrar_keys SET withdrawn_at = $2 WHERE registrar_id = $1 AND withdrawn_at IS NULL";
}
