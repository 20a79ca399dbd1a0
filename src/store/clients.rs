//! Relying parties and their sectors.

use super::{
    Row, StoreError, Tx,
    statement::{statements, values},
};
use crate::domain::{
    ambient::Timestamp,
    ids::{ClientId, Sector},
    secret::TokenHash,
};

/// A registered relying party. What it registered is JSON, read by `clients`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    pub id: ClientId,
    pub sector: Sector,
    pub metadata: String,
    pub secret_hash: Option<TokenHash>,
    pub version: i64,
    pub created_on: Timestamp,
    pub disabled_at: Option<Timestamp>,
}

/// Adds a client; [`StoreError::Taken`] when the id is. The sector has to be there.
pub async fn insert(tx: &mut Tx, client: &Client) -> Result<(), StoreError> {
    let secret = client.secret_hash.as_ref().map(|hash| hash.as_bytes().as_slice());
    let metadata = client.metadata.as_str();
    let values = values![&client.id, &client.sector, metadata, secret, client.version, client.created_on];
    tx.execute(INSERT, values).await.map(drop)
}

pub async fn find(tx: &mut Tx, id: &ClientId) -> Result<Option<Client>, StoreError> {
    tx.optional(FIND, values![id]).await?.map(|row| read(&row)).transpose()
}

pub async fn list(tx: &mut Tx) -> Result<Vec<Client>, StoreError> {
    tx.all(LIST, vec![]).await?.iter().map(read).collect()
}

/// Replaces metadata and secret, if the row still has `client.version`. The sector cannot change.
pub async fn update(tx: &mut Tx, client: &Client) -> Result<bool, StoreError> {
    let secret = client.secret_hash.as_ref().map(|hash| hash.as_bytes().as_slice());
    tx.changed(UPDATE, values![&client.id, client.metadata.as_str(), secret, client.version]).await
}

/// Disables a client; false when it is unknown or disabled already.
pub async fn disable(tx: &mut Tx, id: &ClientId, now: Timestamp) -> Result<bool, StoreError> {
    tx.changed(DISABLE, values![id, now]).await
}

/// The clients of one sector, disabled ones too.
pub async fn of_sector(tx: &mut Tx, sector: &Sector) -> Result<Vec<Client>, StoreError> {
    tx.all(OF_SECTOR, values![sector]).await?.iter().map(read).collect()
}

/// Adds a sector with its policy and places, and tells so; or leaves the one that is there.
pub async fn ensure_sector(
    tx: &mut Tx,
    sector: &Sector,
    heteronyms_per_person: i64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let made = tx.changed(INSERT_SECTOR, values![sector, heteronyms_per_person, now.day()]).await?;
    if made {
        for slot in 0..heteronyms_per_person {
            tx.execute(INSERT_SLOT, values![sector, slot]).await?;
        }
    }
    Ok(made)
}

/// How many heteronyms a person may have in a sector.
pub async fn heteronyms_per_person(tx: &mut Tx, sector: &Sector) -> Result<Option<i64>, StoreError> {
    tx.optional(POLICY, values![sector]).await?.map(|row| row.int(0)).transpose()
}

fn read(row: &Row) -> Result<Client, StoreError> {
    let secret = row.blob_or_null(3)?.map(|bytes| bytes.try_into().map(TokenHash::from_bytes)).transpose();
    Ok(Client {
        id: row.parsed(0)?,
        sector: row.parsed(1)?,
        metadata: row.text(2)?,
        secret_hash: secret.map_err(|_| StoreError::Corrupt("a secret hash is not 32 bytes"))?,
        version: row.int(4)?,
        created_on: row.time(5)?,
        disabled_at: row.time_or_null(6)?,
    })
}

statements! {
    INSERT = "INSERT INTO clients (id, sector, metadata, secret_hash, version, created_on) VALUES ($1, $2, $3, $4, $5, $6)";
    FIND = "SELECT id, sector, metadata, secret_hash, version, created_on, disabled_at FROM clients WHERE id = $1";
    LIST = "SELECT id, sector, metadata, secret_hash, version, created_on, disabled_at FROM clients ORDER BY id";
    OF_SECTOR = "SELECT id, sector, metadata, secret_hash, version, created_on, disabled_at FROM clients WHERE sector = $1 ORDER BY id";
    UPDATE = "UPDATE clients SET metadata = $2, secret_hash = $3, version = version + 1 WHERE id = $1 AND version = $4";
    DISABLE = "UPDATE clients SET disabled_at = $2, version = version + 1 WHERE id = $1 AND disabled_at IS NULL";
    INSERT_SECTOR = "INSERT INTO sectors (sector, heteronyms_per_person, created_on) VALUES ($1, $2, $3)
                     ON CONFLICT (sector) DO NOTHING";
    INSERT_SLOT = "INSERT INTO slots (sector, slot) VALUES ($1, $2)";
    POLICY = "SELECT heteronyms_per_person FROM sectors WHERE sector = $1";
}
