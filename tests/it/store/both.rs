//! Runs one case on each engine: SQLite in a directory of its own, PostgreSQL in a schema of its own.
//!
//! PostgreSQL is the server that `HETERONYM_TEST_POSTGRES` names; `tests/run` starts one. Without it these cases say
//! that they are skipped, or fail when `CI` is set.

use std::{
    io::Write as _,
    path::PathBuf,
    sync::{
        Once,
        atomic::{AtomicU32, Ordering},
    },
};

use futures_util::future::BoxFuture;
use heteronym::{
    domain::ambient::Ambient,
    store::{OpenError, PostgresOptions, Store, StoreError, Tx},
};
use sqlx::{Connection as _, Executor as _, PgConnection};

/// A list of cases becomes two modules of tests. A case that is not listed is dead code, which the lints refuse.
macro_rules! on_both_engines {
    ($($case:ident)+) => {
        mod sqlite {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::store::both::on_sqlite(super::$case).await;
            }
        )+}

        mod postgres {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::store::both::on_postgres(super::$case).await;
            }
        )+}
    };
}

pub(crate) use on_both_engines;

/// An open database and where it is.
pub(crate) struct Db {
    pub(crate) store: Store,
    pub(crate) place: Place,
}

#[derive(Clone)]
pub(crate) enum Place {
    Sqlite(PathBuf),
    Postgres(PostgresOptions),
}

impl Place {
    pub(crate) async fn open(&self) -> Result<Store, OpenError> {
        match self {
            Self::Sqlite(file) => Store::sqlite(file).await,
            Self::Postgres(options) => Store::postgres(options).await,
        }
    }
}

impl Db {
    /// A transaction whose failure is the store's own.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, StoreError>> + Clone + Send + Sync + 'static,
        T: Send + 'static,
    {
        self.store.write(work).await
    }

    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, StoreError>> + Send,
    {
        self.store.read(work).await
    }

    /// Another process's view of the database, where the engine has such; otherwise the same one.
    pub(crate) async fn another_node(&self) -> Store {
        match self.place {
            Place::Sqlite(_) => self.store.clone(),
            Place::Postgres(_) => self.place.open().await.unwrap(),
        }
    }

    pub(crate) async fn close_node(&self, node: Store) {
        if matches!(self.place, Place::Postgres(_)) {
            node.close().await;
        }
    }

    /// Closes the database, runs statements of no repository on it, and says where to open it again.
    pub(crate) async fn close_and_run(self, statements: &'static str) -> Place {
        self.store.close().await;
        match &self.place {
            Place::Sqlite(file) => run_sqlite(file, statements).await,
            Place::Postgres(options) => run_postgres(&options.url, statements).await,
        }
        self.place
    }
}

pub(crate) async fn run_sqlite(file: &std::path::Path, statements: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    connection.execute(sqlx::raw_sql(statements)).await.unwrap();
    connection.close().await.unwrap();
}

pub(crate) async fn run_postgres(url: &str, statements: &'static str) {
    let mut connection = PgConnection::connect(url).await.expect("HETERONYM_TEST_POSTGRES names a server that answers");
    connection.execute(sqlx::raw_sql(statements)).await.unwrap();
    connection.close().await.unwrap();
}

pub(crate) async fn on_sqlite(case: impl AsyncFnOnce(Db)) {
    let directory = tempfile::tempdir().unwrap();
    let place = Place::Sqlite(directory.path().join("heteronym.db"));
    let store = place.open().await.unwrap();
    case(Db { store, place }).await;
}

pub(crate) async fn on_postgres(case: impl AsyncFnOnce(Db)) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let Some(server) = postgres_server() else { return };
    let schema = format!("heteronym_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let create: &str = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}").leak();
    run_postgres(&server, create).await;
    let separator = if server.contains('?') { '&' } else { '?' };
    let place = Place::Postgres(options(&format!("{server}{separator}options[search_path]={schema}")));
    let store = place.open().await.unwrap();
    // Whole services live in it.
    Box::pin(case(Db { store: store.clone(), place })).await;
    store.close().await;
    run_postgres(&server, format!("DROP SCHEMA {schema} CASCADE").leak()).await;
}

pub(super) fn options(url: &str) -> PostgresOptions {
    PostgresOptions {
        url: url.to_owned(),
        max_connections: 8,
        allow_asynchronous_replication: false,
        allow_unprotected: true,
        ambient: Ambient::system(),
    }
}

/// The URL of the server, or nothing when these cases are to be skipped.
#[expect(clippy::disallowed_methods, reason = "which server to test on is no configuration of the service")]
pub(super) fn postgres_server() -> Option<String> {
    static SKIPPED: Once = Once::new();
    let url = std::env::var("HETERONYM_TEST_POSTGRES").ok().filter(|url| !url.is_empty());
    if url.is_none() {
        assert!(
            std::env::var("CI").is_err(),
            "CI is set and HETERONYM_TEST_POSTGRES is not: run the tests by .ci/run or tests/run"
        );
        SKIPPED.call_once(|| {
            // Not `eprintln`, which the test harness keeps to itself when a test passes.
            let _ = writeln!(
                std::io::stderr(),
                "SKIPPED: everything on PostgreSQL, because HETERONYM_TEST_POSTGRES names no server; use tests/run"
            );
        });
    }
    url
}
