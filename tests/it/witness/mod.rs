//! A witness (C2SP tlog-witness): what it cosigns, what it refuses, and what it never forgets.

mod contenders;
pub(crate) mod foreign;
mod log;
mod memory;
mod protocol;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use axum::{
    Router,
    body::Body,
    http::{Request, header},
};
use clap::Parser;
use heteronym::{
    wire::tlog::{NoteKey, SignedCheckpoint},
    witness::{self, Clock, Witness},
};
use http_body_util::BodyExt as _;
use rand::{SeedableRng as _, rngs::StdRng};
use tower::ServiceExt as _;

pub(crate) use self::log::TestLog;

/// A witness in a directory of its own, whose clock the test holds.
pub(crate) struct Tower {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) witness: Witness,
    /// Milliseconds since the epoch.
    pub(crate) clock: Arc<AtomicI64>,
}

/// What the witness answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) media: String,
    pub(crate) body: String,
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: witness::Args,
}

/// 15 June 2026, 10:00 UTC, in seconds.
pub(crate) const NOW: u64 = 1_781_517_600;

impl Tower {
    pub(crate) async fn new() -> Self {
        Self::with_seed(1).await
    }

    /// One with a key of its own.
    pub(crate) async fn with_seed(seed: u64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(NOW.cast_signed() * 1_000));
        let told = clock.clone();
        let time = Clock::new(move || told.load(Ordering::Relaxed));
        let mut rng = StdRng::seed_from_u64(seed);
        let name = format!("witness.example/w{seed}");
        let witness = Witness::create(directory.path(), &name, time, &mut rng).await.unwrap();
        Self { directory, witness, clock }
    }

    /// One that trusts this log.
    pub(crate) async fn for_log(log: &TestLog) -> Self {
        let tower = Self::new().await;
        tower.say(&["logs", "add", &log.key().to_string()]).await;
        tower
    }

    /// Ends it, and opens it anew on what it has written.
    pub(crate) async fn restart(self) -> Self {
        let Self { directory, witness, clock } = self;
        witness.close().await;
        drop(witness);
        let told = clock.clone();
        let witness = Witness::open(directory.path(), Clock::new(move || told.load(Ordering::Relaxed))).await.unwrap();
        Self { directory, witness, clock }
    }

    /// A command of its operator.
    pub(crate) async fn say(&self, line: &[&str]) -> String {
        let data = self.directory.path().to_str().unwrap();
        let line = Line::try_parse_from([&["witness", "--data", data], line].concat()).unwrap();
        let (config, command) = line.args.load().unwrap();
        let mut out = Vec::new();
        let clock = Clock::new(|| NOW.cast_signed() * 1_000);
        let command = command.unwrap();
        witness::run(&command, &config, clock, &mut StdRng::seed_from_u64(2), &mut out).await.unwrap();
        String::from_utf8(out).unwrap()
    }

    pub(crate) fn key(&self) -> NoteKey {
        self.witness.verifier_key().parse().unwrap()
    }

    pub(crate) fn wait(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }

    pub(crate) async fn post(&self, body: impl Into<Body>) -> Reply {
        post(&self.witness.router(), body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        ask(&self.witness.router(), Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Asks for a cosignature of this head of the log, and verifies the one that comes back: its time.
    pub(crate) async fn cosigned(&self, log: &TestLog, old: u64, new: u64) -> u64 {
        let reply = self.post(log.request(old, new)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let mut head = log.checkpoint(new);
        head.push(reply.body.trim_end().parse().unwrap()).unwrap();
        self.time_of(&head)
    }

    /// When this witness has cosigned a head.
    pub(crate) fn time_of(&self, head: &SignedCheckpoint) -> u64 {
        let keys = [self.key()];
        let cosigners = head.cosigners(&keys).unwrap();
        assert_eq!(cosigners.len(), 1, "{head}");
        cosigners[0].time.unwrap()
    }
}

pub(crate) async fn post(router: &Router, body: impl Into<Body>) -> Reply {
    ask(router, Request::post("/add-checkpoint").body(body.into()).unwrap()).await
}

async fn ask(router: &Router, request: Request<Body>) -> Reply {
    let response = router.clone().oneshot(request).await.unwrap();
    let media = response.headers().get(header::CONTENT_TYPE).map(|media| media.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Reply { status, media: media.unwrap_or_default(), body: String::from_utf8(body.to_vec()).unwrap() }
}
