//! The witness's own SQLite file: whom it trusts, and the newest head of each log that it has cosigned.
//!
//! A step from one head to the next is one guarded statement, committed with full durability before the cosignature
//! leaves. So it holds between requests at once, between processes on one file, and over a loss of power; nothing is
//! locked, and keys can be added while the witness serves.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    FromRow, Row as _, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};

use super::trust::{Scope, Trust};
use crate::wire::tlog::{Hash, NoteKey};

/// The witness's memory.
#[derive(Clone, Debug)]
pub(super) struct Store {
    readers: SqlitePool,
    writer: SqlitePool,
}

/// The database cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(
        "the witness's database {0} is missing; a witness without its memory must not sign: restore it, or retire its key"
    )]
    Missing(PathBuf),
    #[error("the witness's database {0}: {1}")]
    File(PathBuf, io::Error),
    #[error("the witness's database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the witness's database has a schema this program does not know: {0}")]
    Schema(#[from] sqlx::migrate::MigrateError),
}

/// What the witness remembers of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) origin: String,
    pub(super) size: u64,
    pub(super) root: Hash,
    /// The head as a note, with the log's signatures and the witness's own.
    pub(super) checkpoint: String,
    /// Seconds since the epoch.
    pub(super) cosigned_at: u64,
}

impl Store {
    /// Makes the database of a new witness.
    pub(super) async fn create(path: &Path, name: &str, public_key: &[u8; 32]) -> Result<Self, StoreError> {
        let fail = |error| StoreError::File(path.to_owned(), error);
        OpenOptions::new().write(true).create_new(true).mode(OWNER_ALONE).open(path).map_err(fail)?;
        let store = Self::open(path).await?;
        sqlx::query(KEEP_IDENTITY).bind(name).bind(public_key.as_slice()).execute(&store.writer).await?;
        Ok(store)
    }

    /// Opens the database of a witness and brings its schema up to date. It makes none: see [`StoreError::Missing`].
    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        match fs::set_permissions(path, fs::Permissions::from_mode(OWNER_ALONE)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(StoreError::Missing(path.to_owned())),
            Err(error) => return Err(StoreError::File(path.to_owned(), error)),
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5));
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        sqlx::migrate!("src/witness/migrations").run(&writer).await?;
        let readers = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
        Ok(Self { readers, writer })
    }

    /// The name and the public key that this memory belongs to.
    pub(super) async fn identity(&self) -> Result<Option<(String, Vec<u8>)>, StoreError> {
        Ok(sqlx::query_as(IDENTITY).fetch_optional(&self.readers).await?)
    }

    /// Whether this is new.
    pub(super) async fn trust(&self, trust: &Trust, now: u64) -> Result<bool, StoreError> {
        let insert = sqlx::query(TRUST)
            .bind(trust.scope.as_str())
            .bind(&trust.name)
            .bind(&trust.key_name)
            .bind(trust.public_key.as_slice())
            .bind(signed(now));
        Ok(insert.execute(&self.writer).await?.rows_affected() == 1)
    }

    /// Ends the trust in a key. What was cosigned is not forgotten.
    pub(super) async fn distrust(&self, trust: &Trust) -> Result<bool, StoreError> {
        let delete = sqlx::query(DISTRUST)
            .bind(trust.scope.as_str())
            .bind(&trust.name)
            .bind(&trust.key_name)
            .bind(trust.public_key.as_slice());
        Ok(delete.execute(&self.writer).await?.rows_affected() == 1)
    }

    pub(super) async fn trusted(&self) -> Result<Vec<Trust>, StoreError> {
        Ok(sqlx::query_as(TRUSTED).fetch_all(&self.readers).await?)
    }

    /// The keys that may sign heads of this log, and whether one of them is trusted for this log by its own name.
    pub(super) async fn keys_of(&self, origin: &str) -> Result<(Vec<NoteKey>, bool), StoreError> {
        let issuer = Trust::issuer_of(origin).unwrap_or_default();
        let trusts: Vec<Trust> = sqlx::query_as(TRUSTED_FOR).bind(origin).bind(issuer).fetch_all(&self.readers).await?;
        let by_name = trusts.iter().any(|trust| trust.scope == Scope::Log);
        // What is no key was refused when it was added.
        Ok((trusts.iter().filter_map(|trust| trust.key_for(origin).ok()).collect(), by_name))
    }

    pub(super) async fn known(&self, origin: &str) -> Result<Option<Known>, StoreError> {
        Ok(sqlx::query_as(KNOWN).bind(origin).fetch_optional(&self.readers).await?)
    }

    pub(super) async fn all_known(&self) -> Result<Vec<Known>, StoreError> {
        Ok(sqlx::query_as(ALL_KNOWN).fetch_all(&self.readers).await?)
    }

    /// Steps from what was known of a log to its next head; `false` when something else is known by now.
    pub(super) async fn advance(&self, from: &Known, to: &Known) -> Result<bool, StoreError> {
        let step = sqlx::query(ADVANCE)
            .bind(signed(to.size))
            .bind(to.root.as_bytes().as_slice())
            .bind(&to.checkpoint)
            .bind(signed(to.cosigned_at))
            .bind(&to.origin)
            .bind(signed(from.size))
            .bind(from.root.as_bytes().as_slice())
            .bind(signed(from.cosigned_at));
        Ok(step.execute(&self.writer).await?.rows_affected() == 1)
    }

    /// Remembers the first head of a log; `false` when one is known by now, or this issuer has too many logs.
    pub(super) async fn begin(&self, first: &Known, by_name: bool) -> Result<bool, StoreError> {
        let issuer = Trust::issuer_of(&first.origin).filter(|_| !by_name);
        let insert = sqlx::query(BEGIN)
            .bind(&first.origin)
            .bind(issuer)
            .bind(signed(first.size))
            .bind(first.root.as_bytes().as_slice())
            .bind(&first.checkpoint)
            .bind(signed(first.cosigned_at))
            .bind(LOGS_OF_AN_ISSUER);
        Ok(insert.execute(&self.writer).await?.rows_affected() == 1)
    }

    /// Keeps a head that contradicts the one that was cosigned, up to a number for each log.
    pub(super) async fn keep_fork(&self, fork: &Known) -> Result<(), StoreError> {
        let insert = sqlx::query(KEEP_FORK)
            .bind(&fork.origin)
            .bind(signed(fork.size))
            .bind(fork.root.as_bytes().as_slice())
            .bind(&fork.checkpoint)
            .bind(signed(fork.cosigned_at))
            .bind(FORKS_OF_A_LOG);
        insert.execute(&self.writer).await?;
        Ok(())
    }

    /// The heads of a log that contradicted what was cosigned.
    pub(super) async fn forks(&self, origin: &str) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar(FORKS).bind(origin).fetch_all(&self.readers).await?)
    }

    /// Waits for the last write and lets go of the file.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl FromRow<'_, SqliteRow> for Known {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            origin: row.try_get("origin")?,
            size: unsigned(row.try_get("size")?),
            root: Hash::from_bytes(bytes(row, "root")?),
            checkpoint: row.try_get("checkpoint")?,
            cosigned_at: unsigned(row.try_get("cosigned_at")?),
        })
    }
}

impl FromRow<'_, SqliteRow> for Trust {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let scope: String = row.try_get("scope")?;
        Ok(Self {
            scope: if scope == Scope::Issuer.as_str() { Scope::Issuer } else { Scope::Log },
            name: row.try_get("name")?,
            key_name: row.try_get("key_name")?,
            public_key: bytes(row, "public_key")?,
        })
    }
}

fn bytes(row: &SqliteRow, column: &str) -> Result<[u8; 32], sqlx::Error> {
    let bytes: Vec<u8> = row.try_get(column)?;
    bytes.try_into().map_err(|_| sqlx::Error::Decode("not 32 bytes".into()))
}

/// Sizes are at most 2⁶², and times are not later than 2⁶³ s: both fit.
fn signed(number: u64) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    number.try_into().unwrap_or(0)
}

const OWNER_ALONE: u32 = 0o600;
/// An issuer has one log a year and one for ever. This bounds what whoever has stolen its key can make us keep.
const LOGS_OF_AN_ISSUER: i64 = 100;
const FORKS_OF_A_LOG: i64 = 16;

const KEEP_IDENTITY: &str = "INSERT INTO identity (one, name, public_key) VALUES (1, $1, $2)";
const IDENTITY: &str = "SELECT name, public_key FROM identity";
const TRUST: &str = "INSERT INTO trusted_keys (scope, name, key_name, public_key, added_at) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT DO NOTHING";
const DISTRUST: &str = "DELETE FROM trusted_keys WHERE scope = $1 AND name = $2 AND key_name = $3 AND public_key = $4";
const TRUSTED: &str = "SELECT scope, name, key_name, public_key FROM trusted_keys ORDER BY scope, name, key_name";
const TRUSTED_FOR: &str = "SELECT scope, name, key_name, public_key FROM trusted_keys \
     WHERE (scope = 'log' AND name = $1) OR (scope = 'issuer' AND name = $2)";
const KNOWN: &str = "SELECT origin, size, root, checkpoint, cosigned_at FROM logs WHERE origin = $1";
const ALL_KNOWN: &str = "SELECT origin, size, root, checkpoint, cosigned_at FROM logs ORDER BY origin";
const ADVANCE: &str = "UPDATE logs SET size = $1, root = $2, checkpoint = $3, cosigned_at = $4 \
     WHERE origin = $5 AND size = $6 AND root = $7 AND cosigned_at = $8";
const BEGIN: &str = "INSERT INTO logs (origin, issuer, size, root, checkpoint, cosigned_at) \
     SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT COUNT(*) FROM logs WHERE issuer = $2) < $7 ON CONFLICT DO NOTHING";
const KEEP_FORK: &str = "INSERT INTO forks (origin, size, root, checkpoint, seen_at) \
     SELECT $1, $2, $3, $4, $5 WHERE (SELECT COUNT(*) FROM forks WHERE origin = $1) < $6 ON CONFLICT DO NOTHING";
const FORKS: &str = "SELECT checkpoint FROM forks WHERE origin = $1 ORDER BY seen_at, size";
