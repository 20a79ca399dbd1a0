//! The forum's own SQLite file: who its members are, what they wrote, and nothing that leads outside.
//!
//! One connection writes, several read. Every write runs between `BEGIN IMMEDIATE` and `COMMIT` with full durability.

mod boards;
mod members;
mod moderation;
mod polls;
mod sessions;

use std::{path::Path, time::Duration};

use sha2::{Digest, Sha256};
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

pub(super) use self::{
    boards::{Glimpse, NewTopic, Post, Replied, Topic},
    members::{Member, Voted},
    moderation::{AuditLine, Measure, Reported, Sanction, SanctionKind},
    polls::{NewPoll, Poll, Vote},
    sessions::Pending,
};

/// The forum's database.
#[derive(Clone, Debug)]
pub(super) struct Store {
    readers: SqlitePool,
    writer: SqlitePool,
}

/// The database cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the forum's database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the forum's database has a schema this program does not know: {0}")]
    Schema(#[from] sqlx::migrate::MigrateError),
    #[error("the forum's database holds a value this program does not understand: {0}")]
    Value(#[from] serde_json::Error),
}

impl Store {
    /// Opens the file, makes it when missing, and brings its schema up to date.
    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("secure_delete", "ON")
            .busy_timeout(Duration::from_secs(5));
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        sqlx::migrate!("src/forum/store/migrations").run(&writer).await?;
        let readers = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
        Ok(Self { readers, writer })
    }

    /// Waits for the last write and lets go of the file.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }
}

/// SHA-256 of a purpose and its parts, each with its length before it, so that no two inputs run together.
///
/// A `sub` holds 256 bits nobody can guess, so its plain hash tells nothing to who does not know the `sub`.
fn digest(purpose: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut hasher = Sha256::new();
    for part in [purpose.as_bytes()].iter().chain(parts) {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().to_vec()
}

/// Rows per page of a list.
pub(super) const PAGE: i64 = 20;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::forum::claims::Qualities;

    /// A store of its own for one test, with the directory that holds it.
    pub(in crate::forum) async fn store() -> (Store, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("forum.sqlite")).await.unwrap();
        (store, directory)
    }

    pub(in crate::forum) async fn member(store: &Store, sub: &str) -> i64 {
        store.welcome(sub, &Qualities { name: sub.to_owned(), ..Qualities::default() }, 0).await.unwrap()
    }

    #[tokio::test]
    async fn a_file_opens_twice_and_keeps_what_was_written() {
        let (store, directory) = store().await;
        let id = member(&store, "a").await;
        store.close().await;
        let again = Store::open(&directory.path().join("forum.sqlite")).await.unwrap();
        assert_eq!(again.member(id).await.unwrap().unwrap().sub, "a");
    }

    #[test]
    fn parts_of_a_digest_do_not_run_together() {
        assert_ne!(digest("p", &[b"ab", b"c"]), digest("p", &[b"a", b"bc"]));
        assert_ne!(digest("p", &[b"a"]), digest("q", &[b"a"]));
    }
}
