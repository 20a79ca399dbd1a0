//! A process that is killed at any moment loses nothing that it acknowledged and leaves nothing half done.
//!
//! A child writes pairs of rows as fast as it can and says so on its standard output, one line each, after the store
//! answered. It is killed with SIGKILL; then the database is opened again and compared with what was said.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::Stdio,
    time::{Duration, Instant},
};

use heteronym::store::{Store, StoreError, settings};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::both::{Db, Place, on_both_engines};
use crate::harness::alone;

on_both_engines! {
    what_a_killed_process_acknowledged_is_there
}

const ROUNDS: u64 = 8;
/// Where the child writes: a file, or the URL of a PostgreSQL server.
const WHERE: &str = "HETERONYM_TEST_KILLED_WHERE";
/// What the names of the child's rows begin with.
const PREFIX: &str = "HETERONYM_TEST_KILLED_PREFIX";
const CHILD: &str = "store::killed::a_process_that_writes_until_it_is_killed";

async fn what_a_killed_process_acknowledged_is_there(db: Db) {
    let place = db.place.clone();
    db.store.close().await;
    let mut rng = StdRng::seed_from_u64(11);
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let pause = Duration::from_millis(rng.random_range(20..400));
        let (at, prefix) = (place.clone(), format!("r{round}"));
        let said = tokio::task::spawn_blocking(move || run_and_kill(&at, &prefix, pause)).await.unwrap();
        assert!(!said.is_empty(), "it wrote something in {pause:?}");
        acknowledged.extend(said);
        let begun = Instant::now();
        let store = place.open().await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(5), "opened in {:?}", begun.elapsed());
        compare(&store, &acknowledged, round).await;
        store.close().await;
    }
}

/// What the child acknowledged before it was killed, `pause` after its first line.
fn run_and_kill(place: &Place, prefix: &str, pause: Duration) -> Vec<String> {
    let at = match place {
        Place::Sqlite(file) => file.display().to_string(),
        Place::Postgres(options) => options.url.clone(),
    };
    let mut child = alone(CHILD).envs([(WHERE, at.as_str()), (PREFIX, prefix)]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut said = Vec::new();
    let (mut kill_at, mut killed) = (None, false);
    let mut line = String::new();
    // A line without its end was cut off by the kill: it acknowledges nothing.
    while lines.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
        if let Some(name) = line.trim_end().strip_prefix("written ") {
            said.push(name.to_owned());
            kill_at.get_or_insert(Instant::now() + pause);
        }
        if !killed && kill_at.is_some_and(|at| at <= Instant::now()) {
            // SIGKILL; what is in the pipe by now was said.
            child.kill().unwrap();
            killed = true;
        }
        line.clear();
    }
    child.wait().unwrap();
    said
}

async fn compare(store: &Store, acknowledged: &[String], round: u64) {
    let names = acknowledged.to_vec();
    let missing: Result<Vec<String>, StoreError> = store
        .read(|tx| {
            Box::pin(async move {
                let mut missing = Vec::new();
                for name in names {
                    for half in ["one", "two"] {
                        let row = format!("{name} {half}");
                        if settings::find(tx, &row).await?.is_none() {
                            missing.push(row);
                        }
                    }
                }
                Ok(missing)
            })
        })
        .await;
    assert_eq!(missing.unwrap(), Vec::<String>::new(), "of {} acknowledged", acknowledged.len());
    // Each writer numbers its pairs: what comes after its last acknowledged one may be there, but whole.
    for writer in 0..WRITERS {
        let count = acknowledged.iter().filter(|name| name.starts_with(&format!("r{round} {writer} "))).count();
        for number in count..count + 2 {
            let name = format!("r{round} {writer} {number}");
            if rows_of(store, &name).await == 1 {
                // PostgreSQL may have been at its commit between the two looks.
                tokio::time::sleep(Duration::from_secs(1)).await;
                assert_ne!(rows_of(store, &name).await, 1, "{name} is half done");
            }
        }
    }
}

async fn rows_of(store: &Store, name: &str) -> usize {
    let mut rows = 0;
    for half in ["one", "two"] {
        let row = format!("{name} {half}");
        let found: Result<_, StoreError> =
            store.read(|tx| Box::pin(async move { settings::find(tx, &row).await })).await;
        rows += usize::from(found.unwrap().is_some());
    }
    rows
}

const WRITERS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the tests above, in a process of its own"]
#[expect(clippy::disallowed_methods, reason = "the parent says so where to write")]
async fn a_process_that_writes_until_it_is_killed() {
    let (Ok(at), Ok(prefix)) = (std::env::var(WHERE), std::env::var(PREFIX)) else { return };
    let store = if at.starts_with("postgres:") {
        Place::Postgres(super::both::options(&at)).open().await.unwrap()
    } else {
        Place::Sqlite(at.into()).open().await.unwrap()
    };
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let (store, prefix) = (store.clone(), prefix.clone());
        writers.spawn(async move {
            for number in 0_u32.. {
                let name: &'static str = format!("{prefix} {writer} {number}").leak();
                let write = store.write::<_, StoreError, _>(move |tx| {
                    Box::pin(async move {
                        settings::put_once(tx, &format!("{name} one"), "x").await?;
                        settings::put_once(tx, &format!("{name} two"), "x").await
                    })
                });
                write.await.unwrap();
                // One write of a whole line, so that no other writer comes between.
                std::io::stdout().lock().write_all(format!("written {name}\n").as_bytes()).unwrap();
            }
        });
    }
    writers.join_all().await;
}
