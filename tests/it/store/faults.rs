//! What the machine below does wrong: a full disk, a file in use, a damaged file, a server that ends connections.
//!
//! The answer is always [`StoreError::Unavailable`] and never another; what was acknowledged stays, and when the fault is
//! over the same store goes on.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use heteronym::store::{OpenError, PostgresOptions, Store, StoreError, settings};
use sqlx::{Connection as _, Executor as _, SqliteConnection};

use super::both::{Db, Place, on_postgres, on_sqlite, postgres_server, run_postgres};

/// A file system of two megabytes, while it lives.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Nothing where the machine does not let us mount one, which is said.
    pub(crate) fn mount(at: &Path) -> Option<Self> {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=2m", "heteronym-test"]).arg(at);
        if command.output().is_ok_and(|done| done.status.success()) {
            return Some(Self(at.to_owned()));
        }
        let _ = writeln!(std::io::stderr(), "SKIPPED: a full disk, because no small one can be mounted here");
        None
    }

    /// A file that takes all the room there is.
    pub(crate) fn fill(&self) -> PathBuf {
        let ballast = self.0.join("ballast");
        let mut file = std::fs::File::create(&ballast).unwrap();
        while file.write_all(&[7; 4096]).is_ok() {}
        ballast
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}

/// Writes until a write fails. The names that were acknowledged, and the failure.
pub(crate) async fn write_until_refused(store: &Store, prefix: &str) -> (Vec<String>, StoreError) {
    let mut acknowledged = Vec::new();
    for n in 0..100_000 {
        let name = format!("{prefix} {n}");
        match put(store, &name).await {
            Ok(()) => acknowledged.push(name),
            Err(error) => return (acknowledged, error),
        }
    }
    panic!("the disk never was full");
}

async fn put(store: &Store, name: &str) -> Result<(), StoreError> {
    let name = name.to_owned();
    store
        .write(|tx| {
            Box::pin(async move { settings::put(tx, &name, "some room on the disk ".repeat(40).as_str()).await })
        })
        .await
}

async fn all_there(store: &Store, names: &[String]) {
    for name in names {
        let name = name.clone();
        let found: Result<_, StoreError> =
            store.read(|tx| Box::pin(async move { settings::find(tx, &name).await })).await;
        assert!(found.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_and_room_on_it_is_enough_to_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(directory.path()) else { return };
    let store = Store::sqlite(&directory.path().join("heteronym.db")).await.unwrap();
    put(&store, "before").await.unwrap();
    let ballast = disk.fill();
    let (mut acknowledged, error) = write_until_refused(&store, "full").await;
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    acknowledged.push("before".to_owned());
    all_there(&store, &acknowledged).await;

    std::fs::remove_file(ballast).unwrap();
    put(&store, "after").await.unwrap();
    all_there(&store, &acknowledged).await;
    store.close().await;
    drop(disk);
}

/// The limit of the size of a file: SQLite sees another error than on a full disk. Needs no rights, but a process.
const LIMITED: &str = "HETERONYM_TEST_LIMITED";
const CHILD: &str = "store::faults::a_process_whose_files_may_not_grow";

#[tokio::test]
async fn a_write_that_the_system_refuses_loses_nothing() {
    on_sqlite(async |db: Db| {
        db.store.close().await;
        let Place::Sqlite(file) = &db.place else { unreachable!() };
        let done = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 2000; exec \"$0\" \"$@\""])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", CHILD, "--ignored", "--nocapture"])
            .env(LIMITED, file)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success() && said.contains("1 passed"), "{said}");
        let last = said.lines().find_map(|line| line.strip_prefix("refused after ")).unwrap();
        let count: usize = last.parse().unwrap();
        assert!(count > 0);
        let store = db.place.open().await.unwrap();
        let names: Vec<_> = (0..count).map(|n| format!("limited {n}")).collect();
        all_there(&store, &names).await;
        put(&store, "after").await.unwrap();
        store.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the test above, in a process of its own"]
#[expect(clippy::disallowed_methods, reason = "the parent says so where to write")]
async fn a_process_whose_files_may_not_grow() {
    let Ok(file) = std::env::var(LIMITED) else { return };
    let store = Store::sqlite(Path::new(&file)).await.unwrap();
    let (acknowledged, error) = write_until_refused(&store, "limited").await;
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    all_there(&store, &acknowledged).await;
    println!("\nrefused after {}", acknowledged.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_somebody_else_writes_to_is_waited_for_and_then_unavailable() {
    on_sqlite(async |db: Db| {
        let Place::Sqlite(file) = &db.place else { unreachable!() };
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
        let mut other = SqliteConnection::connect_with(&options).await.unwrap();
        other.execute("BEGIN IMMEDIATE").await.unwrap();

        let (begun, refused) = (Instant::now(), put(&db.store, "meanwhile").await);
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        assert!(begun.elapsed() > Duration::from_secs(4), "it waited");
        all_there(&db.store, &[]).await;

        let patient = tokio::spawn({
            let store = db.store.clone();
            async move { put(&store, "patient").await }
        });
        tokio::time::sleep(Duration::from_millis(500)).await;
        other.execute("COMMIT").await.unwrap();
        patient.await.unwrap().unwrap();
        let found = db.read(|tx| Box::pin(settings::find(tx, "meanwhile"))).await.unwrap();
        assert_eq!(found, None, "what was refused is not done later");
    })
    .await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("heteronym.db");
    let letter = "Dear registrar, please find enclosed what you asked for.".repeat(100);
    std::fs::write(&file, &letter).unwrap();
    let error = Store::sqlite(&file).await.err().expect("is refused");
    assert!(matches!(error, OpenError::Open(..)), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), letter);
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_named() {
    let file = tempfile::tempdir().unwrap().path().join("nowhere").join("heteronym.db");
    let error = Store::sqlite(&file).await.err().expect("is refused");
    assert!(error.to_string().contains("nowhere"), "{error}");
}

/// The same schema under a name by which the server's activity can be told from other tests'.
async fn named(db: &Db, max_connections: u32) -> (Store, &'static str) {
    let Place::Postgres(options) = &db.place else { unreachable!() };
    let name: &str = options.url.rsplit('=').next().unwrap().to_owned().leak();
    let url = format!("{}&application_name={name}", options.url);
    (Store::postgres(&PostgresOptions { url, max_connections, ..options.clone() }).await.unwrap(), name)
}

async fn end_connections_of(name: &str) {
    let sql = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{name}'");
    run_postgres(&postgres_server().unwrap(), sql.leak()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_server_ended_meanwhile_are_replaced() {
    on_postgres(async |db: Db| {
        let (store, name) = named(&db, 2).await;
        for round in 0..3 {
            put(&store, &format!("{round}")).await.unwrap();
            end_connections_of(name).await;
            put(&store, &format!("{round} again")).await.unwrap();
            all_there(&store, &[format!("{round}"), format!("{round} again")]).await;
        }
        store.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_ends_in_the_middle_leaves_nothing() {
    on_postgres(async |db: Db| {
        let (store, name) = named(&db, 2).await;
        let broken = store
            .write::<(), StoreError, _>(move |tx| {
                Box::pin(async move {
                    settings::put(tx, "before", "x").await?;
                    end_connections_of(name).await;
                    settings::put(tx, "after", "x").await
                })
            })
            .await;
        assert!(matches!(broken, Err(StoreError::Unavailable(_))), "{broken:?}");
        for name in ["before", "after"] {
            assert_eq!(db.read(move |tx| Box::pin(settings::find(tx, name))).await.unwrap(), None);
        }
        put(&store, "next").await.unwrap();
        store.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_gets_no_connection_in_time_is_told_so() {
    on_postgres(async |db: Db| {
        let (store, _) = named(&db, 1).await;
        let holder = tokio::spawn({
            let store = store.clone();
            async move {
                store
                    .read::<(), StoreError, _>(|_| {
                        Box::pin(async {
                            tokio::time::sleep(Duration::from_secs(7)).await;
                            Ok(())
                        })
                    })
                    .await
            }
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        let refused = put(&store, "a").await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        holder.await.unwrap().unwrap();
        put(&store, "a").await.unwrap();
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_at_once() {
    let begun = Instant::now();
    let options = super::both::options("postgres://h@localhost/x?host=/nowhere");
    assert!(Store::postgres(&options).await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(10));
}
