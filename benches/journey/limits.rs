//! What this machine can do at all: an empty answer, a signature, a durable commit, a passphrase.

use std::{
    fs,
    hint::black_box,
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256},
};
use ed25519_dalek::{Signer as _, SigningKey};
use heteronym::domain::ambient::Ambient;
use rand::Rng as _;
use sqlx::{
    Connection as _, Executor as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{
    CROWD, Plan,
    load::{self, Window},
    process::{Cores, Server, Usage},
    step,
    walks::Fetch,
};

/// All of them, each for one operation.
#[derive(Default)]
pub(crate) struct Limits {
    pub(crate) hello: Window,
    pub(crate) ed25519: Cost,
    pub(crate) p256: Cost,
    pub(crate) rsa: Cost,
    /// One insert, one commit.
    pub(crate) commit: Cost,
    /// One of 32 inserts in a commit.
    pub(crate) shared_commit: Cost,
    pub(crate) fsync: Fsync,
    pub(crate) argon2: Cost,
}

/// Microseconds of one operation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) cpu: f64,
    pub(crate) wall: f64,
}

/// Microseconds of waiting for the disk.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fsync {
    pub(crate) median: f64,
    pub(crate) p99: f64,
}

pub(crate) async fn measure(plan: Plan, cores: Cores, directory: &Path) -> anyhow::Result<Limits> {
    step("the machine: hello world");
    let server = Server::hello(directory, cores)?;
    let hello = load::run(&server, (0..CROWD).map(|_| Fetch::hello()).collect(), plan.window).await?;
    server.stop()?;
    step("the machine: signatures");
    let mut limits = Limits { hello, ..signatures(plan)? };
    step("the machine: durable commits");
    limits.commit = commits(plan, &directory.join("one.db"), 1).await?;
    limits.shared_commit = commits(plan, &directory.join("many.db"), 32).await?;
    limits.fsync = fsync(plan, &directory.join("appended"))?;
    step("the machine: passphrases");
    // RFC 9106 §4 is slower; these are the parameters that the service hashes with.
    let argon2 =
        Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19 * 1024, 2, 1, Some(32)).unwrap_or_default());
    limits.argon2 = costs(plan, || {
        let mut hash = [0; 32];
        let hashed = argon2.hash_password_into(b"a passphrase of five words", b"sixteen byte salt", &mut hash);
        black_box(hash);
        hashed.map_err(|error| anyhow::anyhow!("{error}"))
    })?;
    Ok(limits)
}

fn signatures(plan: Plan) -> anyhow::Result<Limits> {
    let mut rng = Ambient::system().rng();
    let (mut message, mut seed) = ([0; 500], [0; 32]);
    rng.fill_bytes(&mut message);
    rng.fill_bytes(&mut seed);
    let random = SystemRandom::new();
    let ed25519 = SigningKey::from_bytes(&seed);
    let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).context("no P-256 key")?;
    let rsa = KeyPair::generate(KeySize::Rsa2048).context("no RSA key")?;
    let mut signature = vec![0; rsa.public_modulus_len()];
    Ok(Limits {
        ed25519: costs(plan, || {
            black_box(ed25519.sign(black_box(&message)));
            Ok(())
        })?,
        p256: costs(plan, || p256.sign(&random, black_box(&message)).map(drop).context("P-256"))?,
        rsa: costs(plan, || rsa.sign(&RSA_PKCS1_SHA256, &random, black_box(&message), &mut signature).context("RSA"))?,
        ..Limits::default()
    })
}

/// Does `work` for a quarter of a window.
fn costs(plan: Plan, mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Cost> {
    let (began, before) = (Instant::now(), Usage::of("self")?);
    let mut done = 0;
    while began.elapsed() < plan.window / 4 {
        work()?;
        done += 1;
    }
    Cost::of(began.elapsed(), &before, done)
}

/// Inserts of 300 bytes, so many in a commit, on one connection with the settings of the store.
async fn commits(plan: Plan, file: &Path, together: u64) -> anyhow::Result<Cost> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    connection
        .execute("CREATE TABLE t (id BLOB NOT NULL PRIMARY KEY, row BLOB NOT NULL) STRICT, WITHOUT ROWID")
        .await?;
    let mut rng = Ambient::system().rng();
    let (began, before) = (Instant::now(), Usage::of("self")?);
    let mut done = 0;
    while began.elapsed() < plan.window / 4 {
        connection.execute("BEGIN IMMEDIATE").await?;
        for _ in 0..together {
            let (mut id, row) = (vec![0; 16], vec![7; 300]);
            rng.fill_bytes(&mut id);
            sqlx::query("INSERT INTO t (id, row) VALUES ($1, $2)").bind(id).bind(row).execute(&mut connection).await?;
            done += 1;
        }
        connection.execute("COMMIT").await?;
    }
    let cost = Cost::of(began.elapsed(), &before, done);
    connection.close().await?;
    cost
}

fn fsync(plan: Plan, file: &Path) -> anyhow::Result<Fsync> {
    let mut file = fs::File::create(file)?;
    let (began, mut waits) = (Instant::now(), Vec::new());
    while began.elapsed() < plan.window / 4 {
        file.write_all(&[7; 4_096])?;
        let asked = Instant::now();
        file.sync_all()?;
        waits.push(asked.elapsed());
    }
    waits.sort_unstable();
    let at = |part: usize| waits.get((waits.len() * part / 100).min(waits.len() - 1)).copied().unwrap_or_default();
    Ok(Fsync { median: micros(at(50)), p99: micros(at(99)) })
}

impl Cost {
    fn of(elapsed: Duration, before: &Usage, done: u64) -> anyhow::Result<Self> {
        let cpu = Usage::of("self")?.cpu.saturating_sub(before.cpu);
        let each = done.max(1) as f64;
        Ok(Self { cpu: micros(cpu) / each, wall: micros(elapsed) / each })
    }
}

fn micros(span: Duration) -> f64 {
    span.as_secs_f64() * 1e6
}
