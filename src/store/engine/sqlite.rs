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

use futures_util::{FutureExt as _, future::BoxFuture};
use sqlx::{
    Connection as _, Executor as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::{
    Connection, May, OpenError, Tx,
    readers::{Reader, Readers},
};
use crate::store::StoreError;

/// Pieces of work that one commit takes at the most: bounds how long the first of them waits.
const LARGEST_BATCH: usize = 256;
/// Pieces of work that may wait; beyond that callers wait for a place.
const QUEUE: usize = 4_096;

#[derive(Clone)]
pub(super) struct SqliteStore(Arc<Inner>);

struct Inner {
    queue: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    sender: mpsc::WeakSender<Box<dyn Job>>,
    writer: Mutex<Option<tokio::task::JoinHandle<()>>>,
    readers: Readers,
}

impl SqliteStore {
    pub(super) async fn open(file: &Path) -> Result<Self, OpenError> {
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
        let (sender, receiver) = mpsc::channel(QUEUE);
        let weak = sender.downgrade();
        let tx = Tx::new(Connection::Writer(writer), May::Write);
        let task = tokio::spawn(async move {
            write_until_closed(tx, receiver).await;
            // Held as long as something may write, also when the store is dropped without being closed.
            drop(lock);
        });
        Ok(Self(Arc::new(Inner {
            queue: Mutex::new(Some(sender)),
            sender: weak,
            writer: Mutex::new(Some(task)),
            readers,
        })))
    }

    pub(super) async fn reader(&self) -> Result<Reader, StoreError> {
        self.0.readers.lend().await
    }

    pub(super) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let closed = || E::from(StoreError::Unavailable("shutting down"));
        let sender = self.0.sender.upgrade().ok_or_else(closed)?;
        let job = Typed { work: Some(work), outcome: None, reply: Some(reply) };
        sender.send(Box::new(job)).await.map_err(|_| closed())?;
        drop(sender);
        answer.await.map_err(|_| closed())?
    }

    pub(super) async fn close(&self) {
        // The readers first: the last connection to close, if it may write, folds the log into the file.
        self.0.readers.close().await;
        self.0.queue.lock().await.take();
        if let Some(task) = self.0.writer.lock().await.take() {
            // The writer ends by itself once the last queued work is answered.
            let _ = task.await;
        }
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

/// Queued work, its type erased.
trait Job: Send {
    /// Runs inside the open transaction; whether its effects are to be kept.
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, bool>;
    /// Tells the caller, after the commit.
    fn answer(self: Box<Self>, committed: Result<(), &'static str>);
}

struct Typed<F, T, E> {
    work: Option<F>,
    outcome: Option<Result<T, E>>,
    reply: Option<oneshot::Sender<Result<T, E>>>,
}

impl<F, T, E> Job for Typed<F, T, E>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, bool> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return false };
            tx.failed = false;
            // A panic in one piece of work must not end the writer for everybody.
            let outcome = std::panic::AssertUnwindSafe(async { work(tx).await }).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|_| Err(StoreError::Other("panicked".into()).into()));
            let outcome = if tx.failed { outcome.and(Err(StoreError::Aborted.into())) } else { outcome };
            let keep = outcome.is_ok();
            self.outcome = Some(outcome);
            keep
        })
    }

    fn answer(mut self: Box<Self>, committed: Result<(), &'static str>) {
        let outcome = match (committed, self.outcome.take()) {
            (_, Some(Err(error))) => Err(error),
            (Ok(()), Some(done)) => done,
            (Ok(()), None) => Err(StoreError::Unavailable("not run").into()),
            (Err(reason), _) => Err(StoreError::Unavailable(reason).into()),
        };
        if let Some(reply) = self.reply.take() {
            // The caller may be gone: the work is done all the same.
            let _ = reply.send(outcome);
        }
    }
}

async fn write_until_closed(mut tx: Tx, mut queue: mpsc::Receiver<Box<dyn Job>>) {
    let mut batch = Vec::with_capacity(LARGEST_BATCH);
    while queue.recv_many(&mut batch, LARGEST_BATCH).await > 0 {
        let committed = commit_together(&mut tx, &mut batch).await.map_err(|error| {
            tracing::error!(error = %error, works = batch.len(), "a commit failed");
            "the commit failed"
        });
        for job in batch.drain(..) {
            job.answer(committed);
        }
    }
    if let Connection::Writer(connection) = tx.connection {
        let _ = connection.close().await;
    }
}

async fn commit_together(tx: &mut Tx, batch: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    control(tx, "BEGIN IMMEDIATE").await?;
    let done = run_batch(tx, batch).await;
    let committed = match done {
        Ok(true) => control(tx, "COMMIT").await,
        Ok(false) => control(tx, "ROLLBACK").await,
        Err(error) => Err(error),
    };
    if committed.is_err() {
        // SQLite may have rolled back by itself (disk full, I/O error): then this is an error that says nothing new.
        let _ = control(tx, "ROLLBACK").await;
    }
    committed
}

/// Whether anything is to be committed.
async fn run_batch(tx: &mut Tx, batch: &mut [Box<dyn Job>]) -> Result<bool, StoreError> {
    // Alone, the transaction itself is the savepoint: two statements less on the way of a single caller.
    if let [only] = batch {
        return Ok(only.run(tx).await);
    }
    let mut any = false;
    for job in batch {
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
