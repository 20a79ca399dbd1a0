//! The two engines behind one [`Store`]: how work reaches a connection, and what a transaction may do.

mod postgres;
mod queue;
mod readers;
mod sqlite;

use std::{path::Path, sync::Arc};

use futures_util::{FutureExt as _, future::BoxFuture};
pub use postgres::PostgresOptions;
use sqlx::{Executor, PgConnection, Postgres, SqliteConnection, pool::PoolConnection};

use self::readers::Reader;
use super::{
    StoreError,
    sequencer::{Installed, Log, NewLeaf, Pending, Receipt, Sequenced, Sequencer},
    statement::Statement,
    value::{EngineRow, Row, Value},
};
use crate::wire::tlog::leaf::MAX_LEAF;

/// The database of one instance. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
    sequencer: Installed,
}

#[derive(Clone)]
enum Engine {
    Sqlite(sqlite::SqliteStore),
    Postgres(postgres::PostgresStore),
}

/// Why a database cannot be opened; each message names the remedy.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("another process has the database open: end it first ({0})")]
    InUse(String),
    #[error("cannot open the database {0}: {1}")]
    Open(String, String),
    #[error("a newer version of Heteronym wrote this database (schema {0}): run that version, or restore a backup")]
    Newer(i64),
    #[error("cannot bring the schema up to date: {0}")]
    Migrate(sqlx::migrate::MigrateError),
    #[error("database error: {0}")]
    Database(#[from] sqlx::Error),
    #[error(
        "this PostgreSQL server confirms a commit before a standby has it, so that a failover would revive spent codes: \
         {0}; or set storage.allow_asynchronous_replication = true to accept that"
    )]
    AsynchronousReplication(&'static str),
    #[error("the PostgreSQL connection is not protected: use sslmode=verify-full or a Unix socket")]
    Unprotected,
    #[error("the clocks of this machine and of the database differ by {0} s: more than 2 s is refused")]
    ClockSkew(i64),
}

/// Work inside one transaction, on whichever engine.
///
/// After a statement failed every further one is [`StoreError::Aborted`], and so is the transaction, even if the work
/// answers `Ok`. PostgreSQL is so by itself: it turns the COMMIT into a ROLLBACK and reports success. SQLite would go on.
pub struct Tx {
    connection: Connection,
    may: May,
    /// A statement failed: nothing that was done in this transaction stays.
    failed: bool,
    /// The engine asked for another run (PostgreSQL 40001, 40P01).
    busy: bool,
    /// The engine refused something: the connection is not trusted with another reader.
    doubtful: bool,
    work: Work,
    sequencer: Installed,
}

/// What is known of the work in a transaction.
#[derive(Default)]
struct Work {
    /// The piece that runs now changed something.
    wrote: bool,
    /// What it logged so far, and what those before it have whose effects are kept.
    leaves: Vec<Pending>,
}

/// What a [`Tx`] is for. PostgreSQL would let a read write, outside any transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum May {
    Read,
    Write,
}

enum Connection {
    Writer(SqliteConnection),
    Reader(Reader),
    Postgres(PoolConnection<Postgres>),
}

enum Link<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl From<sqlx::migrate::MigrateError> for OpenError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::VersionMissing(version) => Self::Newer(version),
            error => Self::Migrate(error),
        }
    }
}

impl Store {
    /// Opens or creates the SQLite file and brings its schema up to date.
    pub async fn sqlite(file: &Path) -> Result<Self, OpenError> {
        let sequencer = Installed::default();
        let store = sqlite::SqliteStore::open(file, &sequencer).await?;
        Ok(Self { engine: Engine::Sqlite(store), sequencer })
    }

    /// Connects to PostgreSQL and brings its schema up to date.
    pub async fn postgres(options: &PostgresOptions) -> Result<Self, OpenError> {
        let sequencer = Installed::default();
        let store = postgres::PostgresStore::open(options, &sequencer).await?;
        Ok(Self { engine: Engine::Postgres(store), sequencer })
    }

    /// Gives the leaves that work logs from now on to `sequencer`. Only the first one is taken; whether this is it.
    pub fn sequenced_by(&self, sequencer: Arc<dyn Sequencer>) -> bool {
        self.sequencer.set(sequencer).is_ok()
    }

    /// Runs `work` as one transaction and answers after it is durable. An `Err` rolls everything back.
    ///
    /// The work goes on when the caller is dropped, so that a disconnecting client cannot leave it half done. It is
    /// run again, a bounded number of times, when the engine reports a conflict, and when what shared its commit has to
    /// be taken apart: it must have no effect outside the transaction. After [`StoreError::Unavailable`] it may have
    /// been committed or not: the connection can break between the commit and its answer.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Clone + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.engine {
            Engine::Sqlite(store) => store.write(work).await,
            Engine::Postgres(store) => store.write(work).await,
        }
    }

    /// Runs work that logs as [`Store::write`] does. On PostgreSQL such work of one node shares transactions: the head of
    /// a log lets only one go on at a time, and each would wait for the commits of all before it.
    pub async fn write_logged<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Clone + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.engine {
            Engine::Sqlite(store) => store.write(work).await,
            Engine::Postgres(store) => store.write_together(work).await,
        }
    }

    /// Runs reads on a connection of the pool. Each statement sees what was committed before it.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send,
        E: From<StoreError>,
    {
        let connection = match &self.engine {
            Engine::Sqlite(store) => store.reader().await.map(Connection::Reader)?,
            Engine::Postgres(store) => store.connection().await.map(Connection::Postgres)?,
        };
        let mut tx = Tx::new(connection, May::Read, &self.sequencer);
        let outcome = work(&mut tx).await;
        tx.give_back();
        outcome
    }

    /// Asks the engine to parse `statement` without running it.
    pub async fn prepare(&self, statement: &Statement) -> Result<(), StoreError> {
        let sql = sqlx::SqlStr::from_static(statement.sql);
        match &self.engine {
            Engine::Sqlite(store) => {
                let mut reader = store.reader().await?;
                (&mut reader.connection).prepare(sql).await.map(drop)?;
                reader.give_back();
            }
            Engine::Postgres(store) => (&mut *store.connection().await?).prepare(sql).await.map(drop)?,
        }
        Ok(())
    }

    /// Finishes what was queued and closes every connection.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(store) => store.close().await,
            Engine::Postgres(store) => store.close().await,
        }
    }
}

impl Tx {
    fn new(connection: Connection, may: May, sequencer: &Installed) -> Self {
        Self {
            connection,
            may,
            failed: false,
            busy: false,
            doubtful: false,
            work: Work::default(),
            sequencer: Arc::clone(sequencer),
        }
    }

    /// Puts a leaf into a public log, if this transaction is committed. [`StoreError::Unavailable`] when the logs take
    /// nothing now: then the work must fail as well, because nothing leaves unlogged.
    pub fn log(&mut self, log: Log, leaf: NewLeaf) -> Result<Receipt, StoreError> {
        if self.failed {
            return Err(StoreError::Aborted);
        }
        if self.may == May::Read {
            return Err(StoreError::ReadOnly);
        }
        if leaf.bytes.is_empty() || leaf.bytes.len() > MAX_LEAF {
            self.failed = true;
            return Err(StoreError::Refused);
        }
        let sequencer = self.sequencer.get().ok_or(StoreError::Unavailable("nobody keeps the logs"));
        if let Err(error) = sequencer.and_then(|sequencer| sequencer.takes()) {
            self.failed = true;
            return Err(error);
        }
        let receipt = Receipt::default();
        self.work.leaves.push(Pending { log, leaf, receipt: receipt.clone() });
        Ok(receipt)
    }

    /// Another piece of work begins. Answers how many leaves others have logged before it.
    fn begin_work(&mut self) -> usize {
        self.failed = false;
        self.work.wrote = false;
        self.work.leaves.len()
    }

    /// Has the leaves of all work of this transaction written, as the last thing before its commit.
    async fn sequence(&mut self) -> Result<Option<Box<dyn Sequenced>>, StoreError> {
        let leaves = std::mem::take(&mut self.work.leaves);
        if leaves.is_empty() {
            return Ok(None);
        }
        let sequencer = self.sequencer.get().cloned().ok_or(StoreError::Unavailable("nobody keeps the logs"))?;
        // A panic must not end the task that writes for everybody.
        let numbered = std::panic::AssertUnwindSafe(sequencer.sequence(self, leaves)).catch_unwind().await;
        let numbered = numbered.unwrap_or_else(|_| Err(StoreError::Other("panicked".into())))?;
        if self.failed { Err(StoreError::Aborted) } else { Ok(Some(numbered)) }
    }

    /// Lets others have the connection, now that all work on it has come to its end.
    fn give_back(self) {
        if let Connection::Reader(reader) = self.connection
            && !self.doubtful
        {
            reader.give_back();
        }
    }

    /// Runs a statement and tells how many rows it changed.
    pub async fn execute(&mut self, statement: Statement, arguments: Vec<Value>) -> Result<u64, StoreError> {
        self.check(statement, &arguments)?;
        let done = match self.link() {
            Link::Sqlite(link) => bind(statement, arguments).execute(link).await.map(|done| done.rows_affected()),
            Link::Postgres(link) => bind(statement, arguments).execute(link).await.map(|done| done.rows_affected()),
        };
        self.noted(statement, done, |changed| *changed > 0)
    }

    /// Runs a guarded statement: whether it changed a row.
    pub async fn changed(&mut self, statement: Statement, arguments: Vec<Value>) -> Result<bool, StoreError> {
        Ok(self.execute(statement, arguments).await? > 0)
    }

    pub async fn optional(&mut self, statement: Statement, arguments: Vec<Value>) -> Result<Option<Row>, StoreError> {
        self.check(statement, &arguments)?;
        let found = match self.link() {
            Link::Sqlite(link) => {
                bind(statement, arguments).fetch_optional(link).await.map(|row| row.map(EngineRow::Sqlite))
            }
            Link::Postgres(link) => {
                bind(statement, arguments).fetch_optional(link).await.map(|row| row.map(EngineRow::Postgres))
            }
        };
        Ok(self.noted(statement, found, Option::is_some)?.map(Row))
    }

    pub async fn one(&mut self, statement: Statement, arguments: Vec<Value>) -> Result<Row, StoreError> {
        self.optional(statement, arguments).await?.ok_or(StoreError::Corrupt("a row that has to be there is missing"))
    }

    pub async fn all(&mut self, statement: Statement, arguments: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        self.check(statement, &arguments)?;
        let found = match self.link() {
            Link::Sqlite(link) => bind(statement, arguments)
                .fetch_all(link)
                .await
                .map(|rows| rows.into_iter().map(EngineRow::Sqlite).map(Row).collect()),
            Link::Postgres(link) => bind(statement, arguments)
                .fetch_all(link)
                .await
                .map(|rows| rows.into_iter().map(EngineRow::Postgres).map(Row).collect()),
        };
        self.noted(statement, found, |rows: &Vec<Row>| !rows.is_empty())
    }

    fn check(&mut self, statement: Statement, arguments: &[Value]) -> Result<(), StoreError> {
        if self.failed {
            return Err(StoreError::Aborted);
        }
        if self.may == May::Read && !statement.reads() {
            return Err(StoreError::ReadOnly);
        }
        // SQLite would keep it, and PostgreSQL has no such text.
        let has_nul = |value: &Value| matches!(value, Value::Text(Some(text)) if text.contains('\0'));
        if arguments.iter().any(has_nul) {
            self.failed = self.may == May::Write;
            return Err(StoreError::Refused);
        }
        Ok(())
    }

    fn link(&mut self) -> Link<'_> {
        match &mut self.connection {
            Connection::Writer(connection) => Link::Sqlite(connection),
            Connection::Reader(reader) => Link::Sqlite(&mut reader.connection),
            Connection::Postgres(connection) => Link::Postgres(connection),
        }
    }

    /// Remembers what a statement did. `hit`: whether its answer tells of rows.
    fn noted<T>(
        &mut self,
        statement: Statement,
        outcome: Result<T, sqlx::Error>,
        hit: fn(&T) -> bool,
    ) -> Result<T, StoreError> {
        self.work.wrote |= !statement.reads() && outcome.as_ref().is_ok_and(hit);
        outcome.map_err(|error| {
            let error = StoreError::from(error);
            self.doubtful = true;
            self.busy |= matches!(error, StoreError::Busy);
            self.failed |= self.may == May::Write;
            error
        })
    }
}

fn bind<'q, DB>(
    statement: Statement,
    arguments: Vec<Value>,
) -> sqlx::query::Query<'q, DB, <DB as sqlx::Database>::Arguments>
where
    DB: sqlx::Database,
    Option<i64>: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
    Option<String>: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
    Option<Vec<u8>>: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
{
    arguments.into_iter().fold(sqlx::query(statement.sql), |query, argument| match argument {
        Value::Int(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
        Value::Blob(value) => query.bind(value),
    })
}
