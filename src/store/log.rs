//! The public logs as they are kept: heads, leaves, full tiles. Contracts of all repositories: see [`super`].
//!
//! Leaves and full tiles are written once and never changed. A tile that is not full is not kept: its hashes are those of the
//! leaves, or stand beside the full tiles a level below.

use super::{
    Row, StoreError, Tx, Value,
    sequencer::NewLeaf,
    statement::{statements, values},
};
use crate::{
    domain::{ambient::Timestamp, log::LogName},
    wire::tlog::{Hash, TILE_WIDTH, Tile, decode_hashes, encode_hashes},
};

/// The newest tree of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub log: LogName,
    pub size: u64,
    pub root: Hash,
    /// A signed note (C2SP tlog-checkpoint).
    pub checkpoint: String,
    pub signed_at: Timestamp,
    /// Since when it takes no more leaves.
    pub frozen_at: Option<Timestamp>,
}

/// A leaf in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub log: LogName,
    pub index: u64,
    pub leaf: Vec<u8>,
}

/// Makes the head of an empty log, unless it is there. No checkpoint is signed yet.
pub async fn create(tx: &mut Tx, log: LogName, now: Timestamp) -> Result<(), StoreError> {
    let values = values![name(log).as_str(), Hash::of_empty_tree().as_bytes(), now];
    tx.execute(CREATE, values).await.map(drop)
}

/// The head of a log, which nobody else changes until this transaction ends. Several are locked in the order of their names.
pub async fn lock(tx: &mut Tx, log: LogName) -> Result<Option<Head>, StoreError> {
    tx.optional(LOCK, values![name(log).as_str()]).await?.map(|row| head(&row)).transpose()
}

pub async fn find(tx: &mut Tx, log: LogName) -> Result<Option<Head>, StoreError> {
    tx.optional(FIND, values![name(log).as_str()]).await?.map(|row| head(&row)).transpose()
}

/// The heads of all logs, by name.
pub async fn heads(tx: &mut Tx) -> Result<Vec<Head>, StoreError> {
    let mut heads = tx.all(HEADS, Vec::new()).await?.iter().map(head).collect::<Result<Vec<_>, _>>()?;
    heads.sort_by_key(|head| head.log);
    Ok(heads)
}

/// Replaces a head that has this size and is not frozen; false when it has not.
pub async fn advance(tx: &mut Tx, before: u64, head: &Head) -> Result<bool, StoreError> {
    let values = values![
        name(head.log).as_str(),
        number(before)?,
        number(head.size)?,
        head.root.as_bytes(),
        head.checkpoint.as_str(),
        head.signed_at,
    ];
    tx.changed(ADVANCE, values).await
}

/// Ends a log at this size; false when it has another, or was ended before.
pub async fn freeze(tx: &mut Tx, log: LogName, size: u64, now: Timestamp) -> Result<bool, StoreError> {
    tx.changed(FREEZE, values![name(log).as_str(), number(size)?, now]).await
}

/// Appends leaves from index `first` on. [`StoreError::Taken`] when an index, a token or an owner's tag is.
pub async fn append(tx: &mut Tx, log: LogName, first: u64, leaves: &[&NewLeaf]) -> Result<(), StoreError> {
    let (name, mut index, mut rest) = (name(log), first, leaves);
    // Each statement is a question to the server, and several leaves need not be several questions.
    for (statement, rows) in [(APPEND_16, 16), (APPEND_4, 4), (APPEND, 1)] {
        while let Some((some, others)) = rest.split_at_checked(rows) {
            tx.execute(statement, arguments(&name, index, some)?).await?;
            index += rows as u64;
            rest = others;
        }
    }
    Ok(())
}

/// Keeps a tile that has become full, with the hash that stands for it a level above.
pub async fn put_tile(tx: &mut Tx, log: LogName, tile: Tile, hashes: &[Hash], root: Hash) -> Result<(), StoreError> {
    let encoded = encode_hashes(hashes);
    let values = values![
        name(log).as_str(),
        i64::from(tile.level()),
        number(tile.index())?,
        encoded.as_slice(),
        root.as_bytes()
    ];
    tx.execute(PUT_TILE, values).await.map(drop)
}

/// The hashes of a full tile.
pub async fn tile(tx: &mut Tx, log: LogName, level: u8, index: u64) -> Result<Option<Vec<Hash>>, StoreError> {
    let row = tx.optional(TILE, values![name(log).as_str(), i64::from(level), number(index)?]).await?;
    row.map(|row| decode_hashes(&row.blob(0)?, TILE_WIDTH).map_err(|_| StoreError::Corrupt("a tile of a log")))
        .transpose()
}

/// What stands for the full tiles of a level, from one index to before another.
pub async fn tile_roots(tx: &mut Tx, log: LogName, level: u8, from: u64, to: u64) -> Result<Vec<Hash>, StoreError> {
    let values = values![name(log).as_str(), i64::from(level), number(from)?, number(to)?];
    tx.all(TILE_ROOTS, values).await?.iter().map(|row| hash(row, 0)).collect()
}

/// The leaves from one index to before another.
pub async fn leaves(tx: &mut Tx, log: LogName, from: u64, to: u64) -> Result<Vec<Vec<u8>>, StoreError> {
    let values = values![name(log).as_str(), number(from)?, number(to)?];
    tx.all(LEAVES, values).await?.iter().map(|row| row.blob(0)).collect()
}

/// The indices of at most so many leaves of tokens, from one index to before another.
pub async fn indices_of_tokens(
    tx: &mut Tx,
    log: LogName,
    (from, to): (u64, u64),
    most: u32,
) -> Result<Vec<u64>, StoreError> {
    let values = values![name(log).as_str(), number(from)?, number(to)?, i64::from(most)];
    tx.all(INDICES_OF_TOKENS, values).await?.iter().map(|row| size(row, 0)).collect()
}

/// The leaf of a token, by the token's SHA-256.
pub async fn by_token(tx: &mut Tx, token: &[u8; 32]) -> Result<Option<Entry>, StoreError> {
    tx.optional(BY_TOKEN, values![token]).await?.map(|row| entry(&row)).transpose()
}

/// The leaf with this tag of its owner.
pub async fn by_owner(tx: &mut Tx, owner: &[u8; 16]) -> Result<Option<Entry>, StoreError> {
    tx.optional(BY_OWNER, values![owner]).await?.map(|row| entry(&row)).transpose()
}

/// At most so many leaves whose owner's tag lies from one to another, both included, by tag.
pub async fn by_owners(tx: &mut Tx, from: &[u8; 16], to: &[u8; 16], most: u32) -> Result<Vec<Entry>, StoreError> {
    tx.all(BY_OWNERS, values![from, to, i64::from(most)]).await?.iter().map(entry).collect()
}

/// A leaf takes three.
fn arguments(name: &str, first: u64, leaves: &[&NewLeaf]) -> Result<Vec<Value>, StoreError> {
    let mut values = values![name, number(first)?];
    for leaf in leaves {
        values.push(Value::from(leaf.bytes.as_slice()));
        values.push(Value::from(leaf.token.as_ref().map(<[u8; 32]>::as_slice)));
        values.push(Value::from(leaf.owner.as_ref().map(<[u8; 16]>::as_slice)));
    }
    Ok(values)
}

fn head(row: &Row) -> Result<Head, StoreError> {
    Ok(Head {
        log: row.parsed(0)?,
        size: size(row, 1)?,
        root: hash(row, 2)?,
        checkpoint: row.text(3)?,
        signed_at: row.time(4)?,
        frozen_at: row.time_or_null(5)?,
    })
}

fn entry(row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry { log: row.parsed(0)?, index: size(row, 1)?, leaf: row.blob(2)? })
}

fn hash(row: &Row, index: usize) -> Result<Hash, StoreError> {
    let bytes = row.blob(index)?.try_into();
    bytes.map(Hash::from_bytes).map_err(|_| StoreError::Corrupt("a hash of a log is not 32 bytes"))
}

fn size(row: &Row, index: usize) -> Result<u64, StoreError> {
    row.int(index)?.try_into().map_err(|_| StoreError::Corrupt("a size or index of a log is negative"))
}

fn name(log: LogName) -> String {
    log.to_string()
}

fn number(number: u64) -> Result<i64, StoreError> {
    number.try_into().map_err(|_| StoreError::Refused)
}

statements! {
    CREATE = "INSERT INTO log_heads (log, size, root, checkpoint, signed_at) VALUES ($1, 0, $2, '', $3) ON CONFLICT (log) DO NOTHING";
    LOCK = "UPDATE log_heads SET size = size WHERE log = $1
            RETURNING log, size, root, checkpoint, signed_at, frozen_at";
    FIND = "SELECT log, size, root, checkpoint, signed_at, frozen_at FROM log_heads WHERE log = $1";
    HEADS = "SELECT log, size, root, checkpoint, signed_at, frozen_at FROM log_heads";
    ADVANCE = "UPDATE log_heads SET size = $3, root = $4, checkpoint = $5, signed_at = $6
               WHERE log = $1 AND size = $2 AND frozen_at IS NULL";
    FREEZE = "UPDATE log_heads SET frozen_at = $3 WHERE log = $1 AND size = $2 AND frozen_at IS NULL";
    APPEND = "INSERT INTO log_entries (log, idx, leaf, token, owner) VALUES ($1, $2, $3, $4, $5)";
    APPEND_4 = "INSERT INTO log_entries (log, idx, leaf, token, owner)
                VALUES ($1, $2, $3, $4, $5), ($1, $2 + 1, $6, $7, $8),
                       ($1, $2 + 2, $9, $10, $11), ($1, $2 + 3, $12, $13, $14)";
    APPEND_16 = "INSERT INTO log_entries (log, idx, leaf, token, owner)
                 VALUES ($1, $2, $3, $4, $5), ($1, $2 + 1, $6, $7, $8),
                        ($1, $2 + 2, $9, $10, $11), ($1, $2 + 3, $12, $13, $14),
                        ($1, $2 + 4, $15, $16, $17), ($1, $2 + 5, $18, $19, $20),
                        ($1, $2 + 6, $21, $22, $23), ($1, $2 + 7, $24, $25, $26),
                        ($1, $2 + 8, $27, $28, $29), ($1, $2 + 9, $30, $31, $32),
                        ($1, $2 + 10, $33, $34, $35), ($1, $2 + 11, $36, $37, $38),
                        ($1, $2 + 12, $39, $40, $41), ($1, $2 + 13, $42, $43, $44),
                        ($1, $2 + 14, $45, $46, $47), ($1, $2 + 15, $48, $49, $50)";
    PUT_TILE = "INSERT INTO log_tiles (log, level, idx, hashes, root) VALUES ($1, $2, $3, $4, $5)";
    TILE = "SELECT hashes FROM log_tiles WHERE log = $1 AND level = $2 AND idx = $3";
    TILE_ROOTS = "SELECT root FROM log_tiles WHERE log = $1 AND level = $2 AND idx >= $3 AND idx < $4 ORDER BY idx";
    LEAVES = "SELECT leaf FROM log_entries WHERE log = $1 AND idx >= $2 AND idx < $3 ORDER BY idx";
    INDICES_OF_TOKENS = "SELECT idx FROM log_entries
                         WHERE log = $1 AND idx >= $2 AND idx < $3 AND token IS NOT NULL ORDER BY idx LIMIT $4";
    BY_TOKEN = "SELECT log, idx, leaf FROM log_entries WHERE token = $1";
    BY_OWNER = "SELECT log, idx, leaf FROM log_entries WHERE owner = $1";
    BY_OWNERS = "SELECT log, idx, leaf FROM log_entries WHERE owner >= $1 AND owner <= $2 ORDER BY owner LIMIT $3";
}
