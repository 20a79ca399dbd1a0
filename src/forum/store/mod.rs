//! The forum's own SQLite file: who its members are, what they wrote, and nothing that leads outside.
//!
//! One connection writes, several read. Every write runs between `BEGIN IMMEDIATE` and `COMMIT` with full durability. The
//! file is its owner's alone, and one process's at a time.

mod boards;
mod log;
mod members;
mod moderation;
mod polls;
mod sessions;

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sha2::{Digest, Sha256};
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

pub(super) use self::{
    boards::{Glimpse, NewTopic, Post, Replied, Topic},
    log::{Found, KnownBy, Owner, Seen, State},
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
    /// Held from the first look at the file to [`Store::close`].
    lock: Arc<Mutex<Option<File>>>,
}

/// The database cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{0} is locked: another process serves this forum; stop it first")]
    InUse(PathBuf),
    #[error("the forum's database {0}: {1}")]
    File(PathBuf, io::Error),
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
        let lock = lock(path)?;
        make_private(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("secure_delete", "ON")
            .busy_timeout(Duration::from_secs(5));
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        sqlx::migrate!("src/forum/store/migrations").run(&writer).await?;
        let readers = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
        Ok(Self { readers, writer, lock: Arc::new(Mutex::new(Some(lock))) })
    }

    /// The key of the form tokens: the one that is there, or from now on this one.
    pub(super) async fn form_key(&self, new: [u8; 32]) -> Result<[u8; 32], StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(KEEP_FORM_KEY).bind(new.as_slice()).execute(&mut *tx).await?;
        let kept: Vec<u8> = sqlx::query_scalar(FORM_KEY).fetch_one(&mut *tx).await?;
        tx.commit().await?;
        // The schema holds it to 32 bytes.
        Ok(kept.try_into().unwrap_or(new))
    }

    /// Waits for the last write and lets go of the file.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }
}

/// Refuses a second process on the same file: two would each count votes, paces and first codes by themselves.
fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let file = private().open(&name).map_err(|error| StoreError::File(name.clone(), error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(name)),
        Err(TryLockError::Error(error)) => Err(StoreError::File(name, error)),
    }
}

/// Makes the file before SQLite does, for its owner alone; what SQLite makes beside it takes the same mode. A file from
/// before this rule is brought under it.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let fail = |error| StoreError::File(path.to_owned(), error);
    private().open(path).map_err(fail)?;
    fs::set_permissions(path, fs::Permissions::from_mode(OWNER_ALONE)).map_err(fail)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(OWNER_ALONE);
    options
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
const OWNER_ALONE: u32 = 0o600;
const KEEP_FORM_KEY: &str = "INSERT INTO form_key (one, key) VALUES (1, $1) ON CONFLICT DO NOTHING";
const FORM_KEY: &str = "SELECT key FROM form_key";

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

    #[tokio::test]
    async fn a_second_opening_of_the_same_file_is_refused_until_the_first_has_closed() {
        let (store, directory) = store().await;
        let path = directory.path().join("forum.sqlite");
        let refused = Store::open(&path).await.unwrap_err().to_string();
        assert!(refused.ends_with("forum.sqlite.lock is locked: another process serves this forum; stop it first"));
        store.close().await;
        Store::open(&path).await.unwrap();
    }

    #[tokio::test]
    async fn the_file_and_what_lies_beside_it_are_the_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("forum.sqlite");
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let store = Store::open(&path).await.unwrap();
        member(&store, "a").await;
        let mut names = Vec::new();
        for entry in fs::read_dir(directory.path()).unwrap() {
            let entry = entry.unwrap();
            names.push(entry.file_name().into_string().unwrap());
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{names:?}");
        }
        names.sort();
        assert_eq!(names, ["forum.sqlite", "forum.sqlite-shm", "forum.sqlite-wal", "forum.sqlite.lock"]);
    }

    #[tokio::test]
    async fn the_key_of_the_form_tokens_is_the_first_one_for_good() {
        let (store, _directory) = store().await;
        assert_eq!(store.form_key([1; 32]).await.unwrap(), [1; 32]);
        assert_eq!(store.form_key([2; 32]).await.unwrap(), [1; 32]);
    }

    #[test]
    fn parts_of_a_digest_do_not_run_together() {
        assert_ne!(digest("p", &[b"ab", b"c"]), digest("p", &[b"a", b"bc"]));
        assert_ne!(digest("p", &[b"a"]), digest("q", &[b"a"]));
    }
}
