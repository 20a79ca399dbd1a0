//! PostgreSQL, for several nodes.
//!
//! Every writing transaction runs in a task of its own, and every connection is rolled back before it is reused: with
//! neither, a future dropped between `BEGIN` and its answer leaves a transaction open on a pooled connection, and
//! writes acknowledged later vanish with it (sqlx issues 4385 and 4393).

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt as _, future::BoxFuture, stream};
use rand::RngExt as _;
use sqlx::{
    Connection as _, Executor as _, PgConnection, PgPool, Postgres, Row as _,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
};

use super::{
    Connection, May, OpenError, Tx,
    queue::{Groups, Job, Queue, Typed},
};
use crate::{
    domain::ambient::{Ambient, Timestamp},
    store::{StoreError, sequencer::Installed},
};

/// Runs of one transaction at the most.
const ATTEMPTS: u32 = 6;
/// Pieces of work of one group that run at once when it was taken apart.
const APART: usize = 4;
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
    node: Node,
    /// Work that logs: it shares transactions.
    lane: Arc<Queue>,
}

/// What a transaction is made on.
#[derive(Clone)]
struct Node {
    pool: PgPool,
    ambient: Ambient,
    sequencer: Installed,
}

/// What a run of a transaction came to.
enum Run {
    /// Durable; or rolled back, because the work asked for it.
    Done,
    /// Not, or nobody knows whether it is durable.
    Failed(StoreError),
    /// The engine asks for another run.
    Again,
}

impl PostgresStore {
    pub(super) async fn open(options: &PostgresOptions, sequencer: &Installed) -> Result<Self, OpenError> {
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
        let node = Node { pool, ambient: options.ambient.clone(), sequencer: Arc::clone(sequencer) };
        let lane = Arc::new(Queue::start({
            let node = node.clone();
            |groups| node.write_groups(groups)
        }));
        Ok(Self { node, lane })
    }

    pub(super) async fn connection(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        self.node.connection().await
    }

    pub(super) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Clone + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (job, answer) = Typed::new(work);
        tokio::spawn(self.node.clone().write_alone(Box::new(job)));
        answer.await.map_err(|_| E::from(StoreError::Other("panicked".into())))?
    }

    pub(super) async fn write_together<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Clone + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.lane.run(work).await
    }

    pub(super) async fn close(&self) {
        self.lane.close().await;
        self.node.pool.close().await;
    }
}

impl Node {
    async fn connection(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        Ok(self.pool.acquire().await?)
    }

    /// A transaction for one piece of work, run again when the engine asks for it.
    async fn write_alone(self, mut job: Box<dyn Job>) {
        for attempt in 1..=ATTEMPTS {
            match self.run(std::slice::from_mut(&mut job)).await {
                Run::Done => return job.answer(Ok(())),
                Run::Failed(error) => return job.answer(Err(error)),
                Run::Again if attempt < ATTEMPTS => {
                    let pause = self.ambient.rng().random_range(1..=5_u64 << attempt);
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
                Run::Again => {}
            }
        }
        job.answer(Err(StoreError::Unavailable("too many conflicts")));
    }

    /// A transaction for whatever queued during the last one.
    async fn write_groups(self, mut groups: Groups) {
        let mut group = Vec::new();
        while groups.next(&mut group).await {
            let mut group = std::mem::take(&mut group);
            let run = if group.len() > 1 { self.run(&mut group).await } else { Run::Again };
            match run {
                Run::Done => group.into_iter().for_each(|job| job.answer(Ok(()))),
                Run::Failed(error) => {
                    tracing::error!(error = %error, works = group.len(), "a commit failed");
                    for job in group {
                        job.answer(Err(StoreError::Unavailable("the commit failed")));
                    }
                }
                // Each on its own: what is wrong with one must not keep others from their commit.
                Run::Again => {
                    let apart: Vec<_> = group.into_iter().map(|job| self.clone().write_alone(job)).collect();
                    stream::iter(apart).buffer_unordered(APART).collect::<()>().await;
                }
            }
        }
    }

    /// One run of one transaction with all of this work. [`Run::Again`] also when one of several came to nothing and left
    /// traces: a savepoint for each would cost two questions to the server.
    async fn run(&self, group: &mut [Box<dyn Job>]) -> Run {
        let mut tx = match self.begin().await {
            Ok(tx) => tx,
            Err(error) => return Run::Failed(error),
        };
        let (several, mut any) = (group.len() > 1, false);
        for job in group {
            let keep = job.run(&mut tx).await;
            any |= keep;
            // `after_release` rolls back.
            if tx.busy || several && !keep && (tx.work.wrote || tx.doubtful) {
                return Run::Again;
            }
        }
        if !any {
            return tx.end("ROLLBACK").await.map_or_else(Run::Failed, |()| Run::Done);
        }
        tx.begin_work();
        let sequenced = match tx.sequence().await {
            Ok(sequenced) => sequenced,
            Err(_) if tx.busy || several => return Run::Again,
            Err(error) => return Run::Failed(error),
        };
        match tx.end("COMMIT").await {
            Ok(()) => {
                if let Some(sequenced) = sequenced {
                    sequenced.committed();
                }
                Run::Done
            }
            Err(StoreError::Busy) => Run::Again,
            Err(error) => Run::Failed(error),
        }
    }

    async fn begin(&self) -> Result<Tx, StoreError> {
        let mut connection = self.connection().await?;
        connection.execute("BEGIN").await?;
        Ok(Tx::new(Connection::Postgres(connection), May::Write, &self.sequencer))
    }
}

impl Tx {
    async fn end(&mut self, sql: &'static str) -> Result<(), StoreError> {
        if let Connection::Postgres(connection) = &mut self.connection {
            connection.execute(sql).await?;
        }
        Ok(())
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
