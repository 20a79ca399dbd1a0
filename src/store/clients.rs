//! Relying parties and their sectors.

use super::{
    Row, StoreError, Tx, settings,
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
    /// Of the registration access token, when the client registered itself.
    pub registration_hash: Option<TokenHash>,
    pub version: i64,
    pub created_on: Timestamp,
    pub disabled_at: Option<Timestamp>,
}

/// Adds a client; [`StoreError::Taken`] when the id is. The sector has to be there.
pub async fn insert(tx: &mut Tx, client: &Client) -> Result<(), StoreError> {
    let (metadata, secret, registration) = (client.metadata.as_str(), client.secret_hash, client.registration_hash);
    let values = values![&client.id, &client.sector, metadata, secret, registration, client.version, client.created_on];
    tx.execute(INSERT, values).await.map(drop)
}

pub async fn find(tx: &mut Tx, id: &ClientId) -> Result<Option<Client>, StoreError> {
    tx.optional(FIND, values![id]).await?.map(|row| read(&row)).transpose()
}

pub async fn list(tx: &mut Tx) -> Result<Vec<Client>, StoreError> {
    tx.all(LIST, vec![]).await?.iter().map(read).collect()
}

/// Replaces metadata and secrets, if the row still has `client.version` and is not disabled. The sector cannot change.
pub async fn update(tx: &mut Tx, client: &Client) -> Result<bool, StoreError> {
    let (metadata, secret, registration) = (client.metadata.as_str(), client.secret_hash, client.registration_hash);
    tx.changed(UPDATE, values![&client.id, metadata, secret, registration, client.version]).await
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
    let hash = |column| {
        let bytes = row.blob_or_null(column)?.map(|bytes| bytes.try_into().map(TokenHash::from_bytes)).transpose();
        bytes.map_err(|_| StoreError::Corrupt("a hash of a client is not 32 bytes"))
    };
    Ok(Client {
        id: row.parsed(0)?,
        sector: row.parsed(1)?,
        metadata: row.text(2)?,
        secret_hash: hash(3)?,
        registration_hash: hash(4)?,
        version: row.int(5)?,
        created_on: row.time(6)?,
        disabled_at: row.time_or_null(7)?,
    })
}

/// Writes an initial access token down.
pub async fn insert_registration_token(
    tx: &mut Tx,
    token: TokenHash,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(INSERT_TOKEN, values![token, now.day(), expires_at]).await.map(drop)
}

/// Whether an initial access token can be spent still.
pub async fn registration_token_is_live(tx: &mut Tx, token: TokenHash, now: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.optional(LIVE_TOKEN, values![token, now]).await?.is_some())
}

/// Lets one transaction at a time give names to clients: the next one sees those of this one.
pub async fn hold_names(tx: &mut Tx) -> Result<(), StoreError> {
    settings::put(tx, "clients.names", "held").await
}

/// Spends an initial access token: true for one caller only, and before it expires.
pub async fn use_registration_token(tx: &mut Tx, token: TokenHash, now: Timestamp) -> Result<bool, StoreError> {
    tx.changed(USE_TOKEN, values![token, now]).await
}

/// Removes at most so many initial access tokens that were used or have expired.
pub async fn remove_old_registration_tokens(tx: &mut Tx, now: Timestamp, most: u32) -> Result<u64, StoreError> {
    tx.execute(REMOVE_OLD_TOKENS, values![now, i64::from(most)]).await
}

statements! {
    INSERT_TOKEN = "INSERT INTO registration_tokens (token_hash, created_on, expires_at) VALUES ($1, $2, $3)";
    USE_TOKEN = "UPDATE registration_tokens SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2";
    LIVE_TOKEN = "SELECT expires_at FROM registration_tokens WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2";
    REMOVE_OLD_TOKENS = "DELETE FROM registration_tokens WHERE token_hash IN
                         (SELECT token_hash FROM registration_tokens WHERE used_at IS NOT NULL OR expires_at <= $1 LIMIT $2)";
    INSERT = "INSERT INTO clients (id, sector, metadata, secret_hash, registration_hash, version, created_on)
              VALUES ($1, $2, $3, $4, $5, $6, $7)";
    FIND = "SELECT id, sector, metadata, secret_hash, registration_hash, version, created_on, disabled_at FROM clients WHERE id = $1";
    LIST = "SELECT id, sector, metadata, secret_hash, registration_hash, version, created_on, disabled_at FROM clients ORDER BY id";
    OF_SECTOR = "SELECT id, sector, metadata, secret_hash, registration_hash, version, created_on, disabled_at FROM clients WHERE sector = $1 ORDER BY id";
    UPDATE = "UPDATE clients SET metadata = $2, secret_hash = $3, registration_hash = $4, version = version + 1
              WHERE id = $1 AND version = $5 AND disabled_at IS NULL";
    DISABLE = "UPDATE clients SET disabled_at = $2, version = version + 1 WHERE id = $1 AND disabled_at IS NULL";
    INSERT_SECTOR = "INSERT INTO sectors (sector, heteronyms_per_person, created_on) VALUES ($1, $2, $3)
                     ON CONFLICT (sector) DO NOTHING";
    INSERT_SLOT = "INSERT INTO slots (sector, slot) VALUES ($1, $2)";
    POLICY = "SELECT heteronyms_per_person FROM sectors WHERE sector = $1";
}
