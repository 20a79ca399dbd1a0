//! What `Store` itself promises: whole transactions, one behaviour on both engines, one process on a file.

use heteronym::{
    domain::{
        ambient::{Ambient, FrozenClock, SystemEntropy, Timestamp},
        ids::PersonId,
    },
    store::{OpenError, PostgresOptions, StoreError, accounts, persons, settings, statements, throttles},
};

use super::{
    both::{Db, Place, on_both_engines, postgres_server},
    world::{NOW, World},
};

on_both_engines! {
    every_statement_is_understood
    every_statement_says_whether_it_writes
    work_that_fails_leaves_nothing_and_its_neighbours_stay
    work_that_panics_leaves_nothing_and_the_store_goes_on
    nothing_can_be_done_after_a_statement_failed
    a_transaction_sees_what_it_wrote
    a_read_writes_nothing
    a_text_with_a_nul_is_nobodys_login_and_cannot_be_written
    a_closed_store_says_so
    two_transactions_that_wait_for_each_other_both_succeed
    what_was_committed_is_there_after_opening_again
}

async fn every_statement_is_understood(db: Db) {
    let statements = statements();
    assert!(statements.len() > 60);
    for statement in statements {
        db.store.prepare(&statement).await.unwrap_or_else(|error| panic!("{}: {error}", statement.name));
    }
}

/// A read is refused what is not a SELECT; so no SELECT may write, and everything else has to.
async fn every_statement_says_whether_it_writes(_: Db) {
    for statement in statements() {
        let verb = statement.sql.split_whitespace().next().unwrap();
        assert!(["SELECT", "INSERT", "UPDATE", "DELETE"].contains(&verb), "{}: {verb}", statement.name);
        assert_eq!(statement.reads(), verb == "SELECT", "{}", statement.name);
    }
}

async fn work_that_fails_leaves_nothing_and_its_neighbours_stay(db: Db) {
    let mut tasks = Vec::new();
    for n in 0..50_u32 {
        let store = db.store.clone();
        tasks.push(tokio::spawn(async move {
            store
                .write(move |tx| {
                    Box::pin(async move {
                        settings::put(tx, &format!("n{n}"), "x").await?;
                        if n % 2 == 0 { Err(StoreError::Refused) } else { Ok(()) }
                    })
                })
                .await
                .is_ok()
        }));
    }
    for (n, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.await.unwrap(), n % 2 == 1);
        let found = db.read(move |tx| Box::pin(async move { settings::find(tx, &format!("n{n}")).await })).await;
        assert_eq!(found.unwrap().is_some(), n % 2 == 1, "n{n}");
    }
}

async fn work_that_panics_leaves_nothing_and_the_store_goes_on(db: Db) {
    let outcome: Result<(), _> = db
        .write(|tx| {
            Box::pin(async move {
                settings::put(tx, "a", "x").await?;
                panic!("on purpose")
            })
        })
        .await;
    assert!(outcome.is_err());
    db.write(|tx| Box::pin(settings::put(tx, "b", "x"))).await.unwrap();
    assert_eq!(db.read(|tx| Box::pin(settings::find(tx, "a"))).await.unwrap(), None);
    assert!(db.read(|tx| Box::pin(settings::find(tx, "b"))).await.unwrap().is_some());
}

/// PostgreSQL refuses everything after an error and turns COMMIT into ROLLBACK; SQLite would go on. A service that went
/// on would work on one and lose an acknowledged write on the other: so neither goes on.
async fn nothing_can_be_done_after_a_statement_failed(db: Db) {
    db.write(|tx| Box::pin(settings::put_once(tx, "taken", "x"))).await.unwrap();
    let swallowed = db
        .write(|tx| {
            Box::pin(async move {
                settings::put(tx, "before", "x").await?;
                assert!(matches!(settings::put_once(tx, "taken", "y").await, Err(StoreError::Taken)));
                Ok(())
            })
        })
        .await;
    assert!(matches!(swallowed, Err(StoreError::Aborted)), "{swallowed:?}");
    let gone_on = db
        .write(|tx| {
            Box::pin(async move {
                settings::put(tx, "before", "x").await?;
                assert!(settings::put_once(tx, "taken", "y").await.is_err());
                assert!(matches!(settings::find(tx, "taken").await, Err(StoreError::Aborted)));
                settings::put(tx, "after", "x").await
            })
        })
        .await;
    assert!(matches!(gone_on, Err(StoreError::Aborted)), "{gone_on:?}");
    for name in ["before", "after"] {
        assert_eq!(db.read(move |tx| Box::pin(settings::find(tx, name))).await.unwrap(), None, "{name}");
    }
}

async fn a_transaction_sees_what_it_wrote(db: Db) {
    let seen = db
        .write(|tx| {
            Box::pin(async move {
                settings::put(tx, "a", "x").await?;
                settings::find(tx, "a").await
            })
        })
        .await;
    assert_eq!(seen.unwrap().as_deref(), Some("x"));
}

async fn a_read_writes_nothing(db: Db) {
    let outcome = db.read(|tx| Box::pin(settings::put(tx, "a", "x"))).await;
    assert!(matches!(outcome, Err(StoreError::ReadOnly)), "{outcome:?}");
    let outcome = db.read(|tx| Box::pin(throttles::fail(tx, &[1; 32], NOW))).await;
    assert!(matches!(outcome, Err(StoreError::ReadOnly)), "{outcome:?}");
    assert_eq!(db.read(|tx| Box::pin(settings::find(tx, "a"))).await.unwrap(), None);
}

/// PostgreSQL has no NUL in a text; SQLite has.
async fn a_text_with_a_nul_is_nobodys_login_and_cannot_be_written(db: Db) {
    assert_eq!(db.read(|tx| Box::pin(accounts::find_by_login(tx, "a\0b"))).await.unwrap(), None);
    let outcome = db.write(|tx| Box::pin(settings::put(tx, "a", "x\0y"))).await;
    assert!(matches!(outcome, Err(StoreError::Refused)), "{outcome:?}");
}

async fn a_closed_store_says_so(db: Db) {
    db.store.close().await;
    let write = db.write(|tx| Box::pin(settings::put(tx, "a", "x"))).await;
    assert!(matches!(write, Err(StoreError::Unavailable(_))), "{write:?}");
    let read = db.read(|tx| Box::pin(settings::find(tx, "a"))).await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    db.store.close().await;
}

async fn two_transactions_that_wait_for_each_other_both_succeed(db: Db) {
    for name in ["a", "b"] {
        db.write(move |tx| Box::pin(settings::put(tx, name, "0"))).await.unwrap();
    }
    let cross = |first: &'static str, second: &'static str| {
        db.write(move |tx| {
            Box::pin(async move {
                settings::put(tx, first, second).await?;
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                settings::put(tx, second, first).await
            })
        })
    };
    let (one, two) = tokio::join!(cross("a", "b"), cross("b", "a"));
    one.unwrap();
    two.unwrap();
}

async fn what_was_committed_is_there_after_opening_again(db: Db) {
    let world = World::add_to(&db).await;
    let unfinished = db.store.clone();
    db.store.close().await;
    let again = Db { store: db.place.open().await.unwrap(), place: db.place };
    let found = again.read(move |tx| Box::pin(persons::find(tx, world.person.id))).await.unwrap();
    assert!(found.as_ref() == Some(world.person));
    drop(unfinished);
    again.store.close().await;
}

#[tokio::test]
async fn a_second_opening_of_the_same_file_is_refused() {
    super::both::on_sqlite(async |db: Db| {
        let second = db.place.open().await;
        assert!(matches!(second, Err(OpenError::InUse(_))));
    })
    .await;
}

#[tokio::test]
async fn a_store_that_was_dropped_and_not_closed_frees_its_file() {
    super::both::on_sqlite(async |db: Db| {
        let write = db.store.write::<_, StoreError, _>(|tx| Box::pin(settings::put(tx, "a", "x")));
        write.await.unwrap();
        drop(db.store);
        for attempt in 0.. {
            match db.place.open().await {
                Ok(store) => return store.close().await,
                Err(OpenError::InUse(_)) if attempt < 100 => {
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn only_the_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    super::both::on_sqlite(async |db: Db| {
        World::add_to(&db).await;
        let Place::Sqlite(file) = &db.place else { unreachable!() };
        for entry in std::fs::read_dir(file.parent().unwrap()).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{}", entry.file_name().display());
        }
    })
    .await;
}

#[tokio::test]
async fn a_clean_end_leaves_one_file_to_copy() {
    super::both::on_sqlite(async |db: Db| {
        World::add_to(&db).await;
        db.read(|tx| Box::pin(persons::find(tx, PersonId::from_bytes([1; 16])))).await.unwrap();
        db.store.close().await;
        let Place::Sqlite(file) = &db.place else { unreachable!() };
        let beside = std::fs::read_dir(file.parent().unwrap()).unwrap();
        let mut names: Vec<_> = beside.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["heteronym.db", "heteronym.db.lock"]);
    })
    .await;
}

fn options(url: &str) -> PostgresOptions {
    PostgresOptions {
        url: url.to_owned(),
        max_connections: 2,
        allow_asynchronous_replication: false,
        allow_unprotected: false,
        ambient: Ambient::system(),
    }
}

async fn refusal(options: PostgresOptions) -> OpenError {
    heteronym::store::Store::postgres(&options).await.err().expect("is refused")
}

#[tokio::test]
async fn a_connection_in_clear_is_refused_before_it_is_made() {
    for url in ["postgres://h@127.0.0.1:1/x", "postgres://h@db.example/x?sslmode=require"] {
        assert!(matches!(refusal(options(url)).await, OpenError::Unprotected), "{url}");
    }
    assert!(!matches!(
        refusal(options("postgres://h@127.0.0.1:1/x?sslmode=verify-full")).await,
        OpenError::Unprotected
    ));
}

#[tokio::test]
async fn a_clock_apart_from_the_databases_is_refused() {
    let Some(url) = postgres_server() else { return };
    let clock = FrozenClock::new(Timestamp(NOW.0));
    let ambient = Ambient::new(std::sync::Arc::new(clock), std::sync::Arc::new(SystemEntropy));
    let error = refusal(PostgresOptions { ambient, ..options(&url) }).await;
    assert!(matches!(error, OpenError::ClockSkew(seconds) if seconds > 2), "{error}");
}

#[tokio::test]
async fn a_server_that_may_forget_commits_is_refused_unless_that_is_accepted() {
    let Some(url) = postgres_server() else { return };
    let separator = if url.contains('?') { '&' } else { '?' };
    let careless = format!("{url}{separator}options[synchronous_commit]=off");
    let error = refusal(options(&careless)).await;
    assert!(matches!(error, OpenError::AsynchronousReplication(_)), "{error}");
    assert!(error.to_string().contains("allow_asynchronous_replication"));
}
