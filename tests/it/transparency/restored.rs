//! A database that is older than what was signed, that went on from an older copy, or that somebody edited: nothing is signed, reads
//! go on, and the reason says what was compared with what.

use heteronym::{
    domain::log::LogName,
    store::{Log, Store, StoreError},
    transparency::{MemoryError, Standing, Transparency},
};

use super::{House, audit, issue, leaf, log, year};
use crate::store::both::{Db, Place, on_both_engines};

on_both_engines! {
    p8_a_restored_older_database_is_read_only_and_says_why
    p8_a_database_that_went_on_from_an_older_copy_is_read_only
    p8_an_emptied_database_is_read_only
    p8_the_first_leaf_compares_where_the_start_did_not
    p8_an_older_database_under_a_running_process_is_noticed
    p8_an_older_database_under_a_running_process_takes_no_leaf_before_anything_was_remembered
    rows_that_were_edited_are_noticed
    what_the_file_remembers_is_no_older_than_asked_for_and_no_other_origin_matters
    a_file_that_does_not_read_ends_all_appending
    without_a_file_the_logs_go_on_and_make_one
}

const COPY: &str = "CREATE TABLE copy AS SELECT * FROM log_heads";
/// Back to the copy: what came after is gone.
const RESTORE: &str = "
    DELETE FROM log_entries WHERE idx >= (SELECT size FROM copy WHERE copy.log = log_entries.log);
    DELETE FROM log_tiles;
    DELETE FROM log_heads;
    INSERT INTO log_heads SELECT * FROM copy";
const EMPTY: &str = "DELETE FROM log_entries; DELETE FROM log_tiles; DELETE FROM log_heads";

/// After so many leaves, a copy, so many more, and what happens to the database meanwhile.
async fn happened(house: &House, db: Db, happens: &'static str) -> (Store, Transparency, Place) {
    let logs = house.logs(&db.store);
    issue(&db.store, &logs, (0..5).map(|n| format!("leaf {n}")).collect()).await;
    let place = db.close_and_run(COPY).await;
    let store = place.open().await.unwrap();
    let logs = house.logs(&store);
    issue(&store, &logs, (5..8).map(|n| format!("leaf {n}")).collect()).await;
    assert!(logs.remember().await.unwrap());
    let place = Db { store, place }.close_and_run(happens).await;
    let store = place.open().await.unwrap();
    let logs = house.logs(&store);
    (store, logs, place)
}

async fn is_read_only(store: &Store, logs: &Transparency, because: &str) {
    let standing = logs.open().await.unwrap();
    let Standing::ReadOnly(reason) = &standing else { panic!("{standing:?}") };
    assert!(reason.contains(because), "{reason}");
    for which in [Log::Issuance, Log::Registry] {
        let refused = log(store, which, vec![leaf("more")]).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(why)) if why.contains("read-only")));
    }
    assert_eq!(logs.standing(), standing);
    assert!(!logs.remember().await.unwrap(), "what is remembered stays");
    assert_eq!(logs.open().await.unwrap(), standing, "looking again changes nothing");
}

async fn p8_a_restored_older_database_is_read_only_and_says_why(db: Db) {
    let house = House::new();
    let (store, logs, _) = happened(&house, db, RESTORE).await;
    let before = std::fs::read_to_string(house.file()).unwrap();
    is_read_only(&store, &logs, "log 2026: the database holds 5 leaves").await;
    let Standing::ReadOnly(reason) = logs.standing() else { unreachable!() };
    assert!(
        reason.contains("remembers a signed head of 8") && reason.contains("Restore the newest database"),
        "{reason}"
    );
    assert_eq!(std::fs::read_to_string(house.file()).unwrap(), before);
    assert_eq!(audit(&logs, year()).await.len(), 5, "reads go on");
    store.close().await;
}

async fn p8_a_database_that_went_on_from_an_older_copy_is_read_only(db: Db) {
    let house = House::new();
    let (store, logs, place) = happened(&house, db, RESTORE).await;
    // Somebody moved the file away, and gave it back later.
    let file = std::fs::read(house.file()).unwrap();
    std::fs::remove_file(house.file()).unwrap();
    issue(&store, &logs, (5..20).map(|n| format!("another leaf {n}")).collect()).await;
    store.close().await;
    std::fs::write(house.file(), file).unwrap();
    let store = place.open().await.unwrap();
    let logs = house.logs(&store);
    is_read_only(&store, &logs, "log 2026: the first 8 leaves in the database are others").await;
    store.close().await;
}

async fn p8_an_emptied_database_is_read_only(db: Db) {
    let house = House::new();
    let (store, logs, _) = happened(&house, db, EMPTY).await;
    is_read_only(&store, &logs, "the database holds 0 leaves").await;
    assert!(logs.heads().await.unwrap().is_empty(), "no second genesis");
    store.close().await;
}

async fn p8_the_first_leaf_compares_where_the_start_did_not(db: Db) {
    let house = House::new();
    let (store, logs, _) = happened(&house, db, RESTORE).await;
    assert_eq!(logs.standing(), Standing::Unchecked);
    let refused = log(&store, Log::Issuance, vec![leaf("more")]).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(why)) if why.contains("read-only")));
    assert!(matches!(logs.standing(), Standing::ReadOnly(_)));
    assert_eq!(audit(&logs, year()).await.len(), 5);
    store.close().await;
}

async fn p8_an_older_database_under_a_running_process_is_noticed(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    issue(&db.store, &logs, (0..5).map(|n| format!("leaf {n}")).collect()).await;
    run(&db, COPY).await;
    issue(&db.store, &logs, (5..8).map(|n| format!("leaf {n}")).collect()).await;
    assert!(logs.remember().await.unwrap());
    // As a failover to a copy that had not got everything.
    run(&db, RESTORE).await;
    let noticed = logs.remember().await;
    assert!(matches!(noticed, Err(MemoryError::Divergence(_))), "{noticed:?}");
    is_read_only(&db.store, &logs, "the database holds 5 leaves").await;
}

async fn p8_an_older_database_under_a_running_process_takes_no_leaf_before_anything_was_remembered(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    issue(&db.store, &logs, (0..5).map(|n| format!("leaf {n}")).collect()).await;
    run(&db, COPY).await;
    issue(&db.store, &logs, (5..8).map(|n| format!("leaf {n}")).collect()).await;
    run(&db, RESTORE).await;
    let refused = log(&db.store, Log::Issuance, vec![leaf("more")]).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(why)) if why.contains("read-only")));
    is_read_only(&db.store, &logs, "this process has signed a head of 8").await;
    assert!(!house.file().exists());
}

/// On a database that is open.
async fn run(db: &Db, statements: &'static str) {
    match &db.place {
        Place::Sqlite(file) => crate::store::both::run_sqlite(file, statements).await,
        Place::Postgres(options) => crate::store::both::run_postgres(&options.url, statements).await,
    }
}

async fn rows_that_were_edited_are_noticed(db: Db) {
    let house = House::new();
    house.logs(&db.store);
    let texts = (0..300).map(|n| leaf(&format!("leaf {n}"))).collect();
    log(&db.store, Log::Issuance, texts).await.unwrap();
    let mut place = db.place.clone();
    let mut store = db.store;
    for (edit, undo, because) in [
        ("UPDATE log_entries SET leaf = owner WHERE FALSE", "SELECT 1", ""),
        (
            "CREATE TABLE kept AS SELECT * FROM log_entries WHERE idx = 299;
             UPDATE log_entries SET leaf = (SELECT leaf FROM log_entries WHERE idx = 7) WHERE idx = 299",
            "UPDATE log_entries SET leaf = (SELECT leaf FROM kept) WHERE idx = 299; DROP TABLE kept",
            "do not give the head",
        ),
        (
            "CREATE TABLE kept AS SELECT * FROM log_entries WHERE log = '2026' AND idx = 3;
             UPDATE log_entries SET leaf = (SELECT leaf FROM log_entries WHERE idx = 7) WHERE log = '2026' AND idx = 3",
            "UPDATE log_entries SET leaf = (SELECT leaf FROM kept) WHERE log = '2026' AND idx = 3; DROP TABLE kept",
            "do not give the head",
        ),
        (
            "CREATE TABLE kept AS SELECT * FROM log_tiles;
             UPDATE log_tiles SET root = (SELECT root FROM log_heads WHERE log = '2026')",
            "DELETE FROM log_tiles; INSERT INTO log_tiles SELECT * FROM kept; DROP TABLE kept",
            "do not give the head",
        ),
        (
            "CREATE TABLE kept AS SELECT * FROM log_tiles; DELETE FROM log_tiles",
            "INSERT INTO log_tiles SELECT * FROM kept; DROP TABLE kept",
            "do not give the head",
        ),
        (
            "CREATE TABLE kept AS SELECT * FROM log_heads; UPDATE log_heads SET size = 299 WHERE log = '2026'",
            "DELETE FROM log_heads; INSERT INTO log_heads SELECT * FROM kept; DROP TABLE kept",
            "says something else than its row",
        ),
        (
            "CREATE TABLE kept AS SELECT * FROM log_heads;
             UPDATE log_heads SET checkpoint = (SELECT checkpoint FROM kept WHERE log = 'registry')",
            "DELETE FROM log_heads; INSERT INTO log_heads SELECT * FROM kept; DROP TABLE kept",
            "says something else than its row",
        ),
    ] {
        place = Db { store, place }.close_and_run(edit).await;
        store = place.open().await.unwrap();
        let logs = house.logs(&store);
        if because.is_empty() {
            assert_eq!(logs.open().await.unwrap(), Standing::Open);
        } else {
            is_read_only(&store, &logs, because).await;
        }
        place = Db { store, place }.close_and_run(undo).await;
        store = place.open().await.unwrap();
        assert_eq!(house.logs(&store).verify().await.unwrap(), Standing::Open, "{undo}");
    }
    store.close().await;
}

async fn what_the_file_remembers_is_no_older_than_asked_for_and_no_other_origin_matters(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    assert!(!logs.remember().await.unwrap(), "there is nothing yet");
    issue(&db.store, &logs, vec!["leaf".to_owned()]).await;
    assert!(logs.remember().await.unwrap());
    assert!(!logs.remember().await.unwrap(), "nothing is new");
    let first = std::fs::read_to_string(house.file()).unwrap();
    let head = logs.head(LogName::Registry).await.unwrap().unwrap();
    assert!(first.starts_with(&format!("{}\n", head.checkpoint)), "{first}");
    assert_eq!(first.matches("id.example/log/").count(), 4, "two heads, each with its signature");
    issue(&db.store, &logs, vec!["another leaf".to_owned()]).await;
    assert!(logs.remember().await.unwrap());
    let second = std::fs::read_to_string(house.file()).unwrap();
    assert_ne!(first, second);
    let elsewhere = second.replace("id.example", "elsewhere.example").replace("\n2\n", "\n2000\n");
    std::fs::write(house.file(), format!("{elsewhere}{second}")).unwrap();
    assert_eq!(logs.open().await.unwrap(), Standing::Open);
    let names: Vec<_> =
        std::fs::read_dir(house.directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

async fn a_file_that_does_not_read_ends_all_appending(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    issue(&db.store, &logs, vec!["leaf".to_owned()]).await;
    logs.remember().await.unwrap();
    let text = std::fs::read_to_string(house.file()).unwrap();
    let mut place = db.place.clone();
    let mut store = db.store;
    for damaged in
        [text[..text.len() / 3].to_owned(), text.replace("— ", "- "), "\u{0}".to_owned(), "hello\n".to_owned()]
    {
        std::fs::write(house.file(), damaged).unwrap();
        store.close().await;
        store = place.open().await.unwrap();
        is_read_only(&store, &house.logs(&store), "does not read as signed heads").await;
    }
    std::fs::write(house.file(), text).unwrap();
    store.close().await;
    place = place.clone();
    store = place.open().await.unwrap();
    assert_eq!(house.logs(&store).open().await.unwrap(), Standing::Open);
    store.close().await;
}

async fn without_a_file_the_logs_go_on_and_make_one(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    issue(&db.store, &logs, vec!["leaf".to_owned()]).await;
    db.store.close().await;
    let store = db.place.open().await.unwrap();
    let logs = house.logs(&store);
    assert_eq!(logs.open().await.unwrap(), Standing::Open);
    assert!(logs.remember().await.unwrap());
    assert!(house.file().exists());
    store.close().await;
}
