//! Leaves of the public logs: how many are numbered, signed over and durable in a second, and how long one waits.
//!
//! In this process and on a runtime as the service has it, so that nothing but the store and the logs is measured: work that logs one
//! leaf of the size of an `issue` leaf and does nothing else. PostgreSQL is measured as well when `--postgres URL` names a server,
//! in a schema of its own.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use heteronym::{
    config::Config,
    domain::{age::LegalCalendar, ambient::Ambient, bracket::BracketTable},
    keyring::{Keyring, Purpose},
    store::{Log, NewLeaf, PostgresOptions, Receipt, Store, StoreError},
    transparency::{self, Standing, Transparency},
    wire::jose::Algorithm,
};
use rand::Rng as _;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::task::JoinSet;

use super::{Plan, step};

/// Clients at once.
const CLIENTS: [usize; 3] = [1, 32, 256];
/// Bytes of an `issue` leaf.
const LEAF: usize = 330;

/// What was measured of so many clients.
pub(crate) struct Leaves {
    pub(crate) engine: &'static str,
    pub(crate) clients: usize,
    pub(crate) per_second: f64,
    /// Milliseconds.
    pub(crate) median: f64,
    pub(crate) p99: f64,
}

/// On a runtime of its own, as that of the service.
pub(crate) async fn measure(plan: Plan, directory: &Path, postgres: Option<String>) -> anyhow::Result<Vec<Leaves>> {
    let directory = directory.join("leaves");
    std::fs::create_dir(&directory)?;
    let measured = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(all(plan, &directory, postgres.as_deref()))
    });
    measured.await?
}

async fn all(plan: Plan, directory: &Path, postgres: Option<&str>) -> anyhow::Result<Vec<Leaves>> {
    let ambient = Ambient::system();
    let (keys, now) = (directory.join("keys"), ambient.now());
    let keyring = Arc::new(Keyring::create(&keys, Purpose::Demo, &[Algorithm::EdDSA], None, &mut ambient.rng(), now)?);
    let mut measured = Vec::new();
    let store = Store::sqlite(&directory.join("leaves.db")).await?;
    on("SQLite", plan, &store, &keyring, &directory.join("sqlite.txt"), &mut measured).await?;
    if let Some(url) = postgres {
        let schema = format!("heteronym_bench_{}", std::process::id());
        administer(url, format!("CREATE SCHEMA {schema}").leak()).await?;
        let separator = if url.contains('?') { '&' } else { '?' };
        let options = PostgresOptions {
            url: format!("{url}{separator}options[search_path]={schema}"),
            max_connections: 20,
            allow_asynchronous_replication: false,
            allow_unprotected: true,
            ambient,
        };
        let store = Store::postgres(&options).await?;
        let done = on("PostgreSQL", plan, &store, &keyring, &directory.join("postgres.txt"), &mut measured).await;
        administer(url, format!("DROP SCHEMA {schema} CASCADE").leak()).await?;
        done?;
    }
    Ok(measured)
}

async fn administer(url: &str, statement: &'static str) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    connection.execute(statement).await?;
    Ok(connection.close().await?)
}

async fn on(
    engine: &'static str,
    plan: Plan,
    store: &Store,
    keyring: &Arc<Keyring>,
    file: &Path,
    measured: &mut Vec<Leaves>,
) -> anyhow::Result<()> {
    let config = Config::from_parts("the bench", "[server]\nissuer = \"http://localhost:1\"", [])?;
    let logs = Transparency::new(transparency::Parts {
        store: store.clone(),
        keyring: Arc::clone(keyring),
        ambient: Ambient::system(),
        calendar: LegalCalendar::new(&config.territory.zone, config.territory.leap_day_majority)?,
        issuer: config.server.issuer,
        rollback_file: file.to_owned(),
        policy: transparency::policy(&BracketTable::default(), [])?,
    });
    logs.open().await?;
    for clients in CLIENTS {
        step(&format!("leaves on {engine}, clients at once: {clients}"));
        measured.push(with(engine, plan, store, &logs, clients).await?);
    }
    anyhow::ensure!(logs.verify().await? == Standing::Open, "the logs do not hold");
    store.close().await;
    Ok(())
}

/// Each client logs a leaf as soon as it has the proof of its last one; the heads are remembered meanwhile, as the service does.
async fn with(
    engine: &'static str,
    plan: Plan,
    store: &Store,
    logs: &Transparency,
    clients: usize,
) -> anyhow::Result<Leaves> {
    let over = Arc::new(AtomicBool::new(false));
    let mut walks = JoinSet::new();
    for _ in 0..clients {
        walks.spawn(walk(store.clone(), Arc::clone(&over)));
    }
    let began = Instant::now();
    while began.elapsed() < plan.window {
        tokio::time::sleep(Duration::from_millis(700).min(plan.window)).await;
        logs.remember().await?;
    }
    let elapsed = began.elapsed();
    over.store(true, Ordering::Relaxed);
    let mut waits = Vec::new();
    while let Some(walked) = walks.join_next().await {
        waits.extend(walked??);
    }
    waits.sort_unstable();
    let at = |part: usize| waits.get(waits.len() * part / 100).copied().unwrap_or_default().as_secs_f64() * 1e3;
    let per_second = waits.len() as f64 / elapsed.as_secs_f64();
    Ok(Leaves { engine, clients, per_second, median: at(50), p99: at(99) })
}

async fn walk(store: Store, over: Arc<AtomicBool>) -> anyhow::Result<Vec<Duration>> {
    let (mut rng, mut waits) = (Ambient::system().rng(), Vec::new());
    while !over.load(Ordering::Relaxed) {
        let (mut bytes, mut token, mut owner) = (vec![0; LEAF], [0; 32], [0; 16]);
        rng.fill_bytes(&mut bytes);
        rng.fill_bytes(&mut token);
        rng.fill_bytes(&mut owner);
        let leaf = NewLeaf { bytes, token: Some(token), owner: Some(owner) };
        let asked = Instant::now();
        let receipt: Result<Receipt, StoreError> =
            store.write_logged(|tx| Box::pin(async move { tx.log(Log::Issuance, leaf) })).await;
        receipt?.placed().context("a leaf without a proof")?;
        waits.push(asked.elapsed());
    }
    Ok(waits)
}
