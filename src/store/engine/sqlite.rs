//! SQLite: one writer with group commit, a pool of readers, one process.
//!
//! Writing work is queued. The writer takes whatever queued while its last commit ran, runs each piece in a savepoint
//! of one `BEGIN IMMEDIATE` transaction, commits once, and only then answers. There is no artificial delay: alone, a
//! piece of work waits for its own commit and nothing else.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures_util::future::BoxFuture;
use sqlx::{
    Connection as _, Executor as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{
    Connection, May, OpenError, Tx,
    queue::{Groups, Job, Queue},
    readers::{Reader, Readers},
};
use crate::store::{StoreError, sequencer::Installed};

#[derive(Clone)]
pub(super) struct SqliteStore(Arc<Inner>);

struct Inner {
    queue: Queue,
    readers: Readers,
}

impl SqliteStore {
    pub(super) async fn open(file: &Path, sequencer: &Installed) -> Result<Self, OpenError> {
        let lock = lock(file)?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .pragma("secure_delete", "ON")
            .statement_cache_capacity(256);
        create_private(file)?;
        let shown = file.display().to_string();
        let cannot = |error: sqlx::Error| OpenError::Open(shown.clone(), error.to_string());
        let mut writer = SqliteConnection::connect_with(&options).await.map_err(cannot)?;
        sqlx::migrate!("migrations/sqlite").run_direct(None, &mut writer, false).await?;
        let readers = Readers::open(options.read_only(true)).await?;
        let tx = Tx::new(Connection::Writer(writer), May::Write, sequencer);
        let queue = Queue::start(|groups| async move {
            write_until_closed(tx, groups).await;
            // Held as long as something may write, also when the store is dropped without being closed.
            drop(lock);
        });
        Ok(Self(Arc::new(Inner { queue, readers })))
    }

    pub(super) async fn reader(&self) -> Result<Reader, StoreError> {
        self.0.readers.lend().await
    }

    pub(super) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Clone + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.0.queue.run(work).await
    }

    pub(super) async fn close(&self) {
        // The readers first: the last connection to close, if it may write, folds the log into the file.
        self.0.readers.close().await;
        self.0.queue.close().await;
    }
}

/// Refuses a second process on the same file, before SQLite would let both write in turn.
fn lock(file: &Path) -> Result<File, OpenError> {
    let mut path = file.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let cannot = |error: std::io::Error| OpenError::Open(path.display().to_string(), error.to_string());
    let lock = private().open(&path).map_err(cannot)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(OpenError::InUse(path.display().to_string())),
        Err(std::fs::TryLockError::Error(error)) => Err(cannot(error)),
    }
}

/// Makes the file before SQLite does, so that it is nobody else's from the first byte; what SQLite makes beside it takes
/// the same mode.
fn create_private(file: &Path) -> Result<(), OpenError> {
    let created = private().open(file).map(drop);
    created.map_err(|error| OpenError::Open(file.display().to_string(), error.to_string()))
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(0o600);
    options
}

async fn write_until_closed(mut tx: Tx, mut groups: Groups) {
    let mut group = Vec::new();
    while groups.next(&mut group).await {
        let committed = commit_together(&mut tx, &mut group).await;
        if group.len() > 1 && matches!(committed, Err(Fault::Sequencing(_))) {
            // What keeps one leaf out of the log must not keep others from their commit.
            for job in std::mem::take(&mut group) {
                let mut alone = vec![job];
                let committed = commit_together(&mut tx, &mut alone).await;
                answer(alone, committed);
            }
        } else {
            answer(std::mem::take(&mut group), committed);
        }
    }
    if let Connection::Writer(connection) = tx.connection {
        let _ = connection.close().await;
    }
}

fn answer(group: Vec<Box<dyn Job>>, committed: Result<(), Fault>) {
    if let Err(Fault::Commit(error)) = &committed {
        tracing::error!(error = %error, works = group.len(), "a commit failed");
    }
    let mut reason = committed.err().map(Fault::told);
    for job in group {
        let told = reason.take();
        reason = told.as_ref().map(|_| StoreError::Unavailable("the commit failed"));
        job.answer(told.map_or(Ok(()), Err));
    }
}

/// Why a transaction came to nothing.
enum Fault {
    /// The leaves could not be written.
    Sequencing(StoreError),
    Commit(StoreError),
}

impl Fault {
    fn told(self) -> StoreError {
        match self {
            Self::Sequencing(error) => error,
            Self::Commit(_) => StoreError::Unavailable("the commit failed"),
        }
    }
}

async fn commit_together(tx: &mut Tx, group: &mut [Box<dyn Job>]) -> Result<(), Fault> {
    control(tx, "BEGIN IMMEDIATE").await.map_err(Fault::Commit)?;
    let committed = run_and_commit(tx, group).await;
    if committed.is_err() {
        tx.work.leaves.clear();
        // SQLite may have rolled back by itself (disk full, I/O error): then this is an error that says nothing new.
        let _ = control(tx, "ROLLBACK").await;
    }
    committed
}

async fn run_and_commit(tx: &mut Tx, group: &mut [Box<dyn Job>]) -> Result<(), Fault> {
    if !run_group(tx, group).await.map_err(Fault::Commit)? {
        return control(tx, "ROLLBACK").await.map_err(Fault::Commit);
    }
    tx.begin_work();
    let sequenced = tx.sequence().await.map_err(Fault::Sequencing)?;
    control(tx, "COMMIT").await.map_err(Fault::Commit)?;
    if let Some(sequenced) = sequenced {
        sequenced.committed();
    }
    Ok(())
}

/// Whether anything is to be committed.
async fn run_group(tx: &mut Tx, group: &mut [Box<dyn Job>]) -> Result<bool, StoreError> {
    // Alone, the transaction itself is the savepoint: two statements less on the way of a single caller.
    if let [only] = group {
        return Ok(only.run(tx).await);
    }
    let mut any = false;
    for job in group {
        control(tx, "SAVEPOINT work").await?;
        if job.run(tx).await {
            control(tx, "RELEASE work").await?;
            any = true;
        } else {
            control(tx, "ROLLBACK TO work").await?;
            control(tx, "RELEASE work").await?;
        }
    }
    Ok(any)
}

async fn control(tx: &mut Tx, sql: &'static str) -> Result<(), StoreError> {
    if let Connection::Writer(connection) = &mut tx.connection {
        connection.execute(sql).await?;
    }
    Ok(())
}
