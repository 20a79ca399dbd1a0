//! PostgreSQL, for several nodes.
//!
//! Every writing transaction runs in a task of its own, and every connection is rolled back before it is reused: with
//! neither, a future dropped between `BEGIN` and its answer leaves a transaction open on a pooled connection, and
//! writes acknowledged later vanish with it (sqlx issues 4385 and 4393).

use std::time::Duration;

use futures_util::future::BoxFuture;
use rand::RngExt as _;
use sqlx::{
    Connection as _, Executor as _, PgConnection, PgPool, Postgres, Row as _,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
};

use super::{Connection, May, OpenError, Tx};
use crate::{
    domain::ambient::{Ambient, Timestamp},
    store::StoreError,
};

/// Runs of one transaction at the most.
const ATTEMPTS: u32 = 6;
/// How far the clocks of a node and of the database may be apart.
const CLOCK_SKEW: i64 = 2_000;

/// What a session begins with: a statement, a lock or an idle transaction that takes longer holds others up.
const SESSION: [(&str, &str); 3] = [
    ("client_min_messages", "error"),
    ("statement_timeout", "20000"),
    ("idle_in_transaction_session_timeout", "20000"),
];

/// How to reach PostgreSQL, and what is accepted of it.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// A `postgres://` URL, or a Unix socket in its `host` parameter.
    pub url: String,
    pub max_connections: u32,
    /// Accept a server that may forget acknowledged commits at a failover.
    pub allow_asynchronous_replication: bool,
    /// Accept a TCP connection without verified TLS: for tests on loopback.
    pub allow_unprotected: bool,
    pub ambient: Ambient,
}

#[derive(Clone)]
pub(super) struct PostgresStore {
    pool: PgPool,
    ambient: Ambient,
}

impl PostgresStore {
    pub(super) async fn open(options: &PostgresOptions) -> Result<Self, OpenError> {
        let connect: PgConnectOptions = options.url.parse()?;
        let protected = connect.get_socket().is_some()
            || connect.get_host().starts_with('/')
            || matches!(connect.get_ssl_mode(), PgSslMode::VerifyFull);
        if !protected && !options.allow_unprotected {
            return Err(OpenError::Unprotected);
        }
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(Duration::from_secs(5))
            .after_release(|connection, _| {
                Box::pin(async move {
                    connection.execute("ROLLBACK").await?;
                    Ok(true)
                })
            })
            .connect_with(connect.clone().options(SESSION))
            .await?;
        check_clock(&pool, options.ambient.now()).await?;
        if !options.allow_asynchronous_replication {
            check_durability(&pool).await?;
        }
        migrate(&connect).await?;
        Ok(Self { pool, ambient: options.ambient.clone() })
    }

    pub(super) async fn connection(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        Ok(self.pool.acquire().await?)
    }

    pub(super) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Clone + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let store = self.clone();
        let task = tokio::spawn(async move {
            for attempt in 1..ATTEMPTS {
                if let Some(outcome) = store.attempt(work.clone()).await {
                    return outcome;
                }
                let pause = store.ambient.rng().random_range(1..=5_u64 << attempt);
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            store.attempt(work).await.unwrap_or_else(|| Err(StoreError::Unavailable("too many conflicts").into()))
        });
        task.await.unwrap_or_else(|_| Err(StoreError::Other("panicked".into()).into()))
    }

    /// One run. `None`: the engine asks for another.
    async fn attempt<T, E, F>(&self, work: F) -> Option<Result<T, E>>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
        E: From<StoreError>,
    {
        let mut tx = match self.begin().await {
            Ok(tx) => tx,
            Err(error) => return Some(Err(error.into())),
        };
        let outcome = work(&mut tx).await;
        if tx.busy {
            // `after_release` rolls back.
            return None;
        }
        let failed = tx.failed;
        let Connection::Postgres(connection) = &mut tx.connection else { return Some(outcome) };
        match outcome {
            Ok(_) if failed => {
                let _ = connection.execute("ROLLBACK").await;
                Some(Err(StoreError::Aborted.into()))
            }
            Err(error) => {
                let _ = connection.execute("ROLLBACK").await;
                Some(Err(error))
            }
            Ok(done) => match connection.execute("COMMIT").await.map_err(StoreError::from) {
                Ok(_) => Some(Ok(done)),
                Err(StoreError::Busy) => None,
                Err(error) => Some(Err(error.into())),
            },
        }
    }

    async fn begin(&self) -> Result<Tx, StoreError> {
        let mut connection = self.connection().await?;
        connection.execute("BEGIN").await?;
        Ok(Tx::new(Connection::Postgres(connection), May::Write))
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

/// On a connection of its own, that no time limit ends: another node may be at it, and a large table takes its time.
/// Closing the connection gives the migrator's lock back in every case.
async fn migrate(connect: &PgConnectOptions) -> Result<(), OpenError> {
    let mut connection =
        PgConnection::connect_with(&connect.clone().options([("client_min_messages", "error")])).await?;
    let done = sqlx::migrate!("migrations/postgres").run_direct(None, &mut connection, false).await;
    connection.close().await?;
    Ok(done?)
}

async fn check_clock(pool: &PgPool, now: Timestamp) -> Result<(), OpenError> {
    let row = pool.fetch_one("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)").await?;
    let theirs: i64 = row.try_get(0)?;
    let skew = (theirs - now.0).abs();
    if skew > CLOCK_SKEW { Err(OpenError::ClockSkew(skew / 1_000)) } else { Ok(()) }
}

/// A commit must be durable here, and on a standby when there is one.
async fn check_durability(pool: &PgPool) -> Result<(), OpenError> {
    let row = pool
        .fetch_one(
            "SELECT current_setting('synchronous_commit'), current_setting('fsync'), \
             current_setting('synchronous_standby_names'), (SELECT COUNT(*) FROM pg_stat_replication)",
        )
        .await?;
    let (commit, fsync, standbys, replicas): (String, String, String, i64) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
    if fsync != "on" || commit == "off" {
        return Err(OpenError::AsynchronousReplication("set fsync = on and synchronous_commit = on"));
    }
    if replicas > 0 && (standbys.is_empty() || commit == "local") {
        return Err(OpenError::AsynchronousReplication("set synchronous_standby_names and synchronous_commit = on"));
    }
    Ok(())
}
