//! The two schemas are one: same migrations, same tables, columns, keys and indexes; and what a start does to them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use heteronym::store::{OpenError, settings};
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _, SqliteConnection};

use super::{
    both::{Db, Place, on_both_engines, on_postgres, on_sqlite},
    world::World,
};

on_both_engines! {
    a_second_start_changes_nothing
    a_schema_of_a_newer_version_is_refused
    a_migration_that_was_changed_after_it_ran_is_refused
}

/// A column: its type in the words both engines share, and whether it may be absent.
type Columns = BTreeMap<(String, String), (&'static str, bool)>;
/// Columns that are unique together, or an index with its columns; a partial one by its condition.
type Indexes = BTreeSet<(String, bool, Vec<String>, String)>;
/// A foreign key: from, columns, to, columns, what a deletion does.
type References = BTreeSet<(String, Vec<String>, String, Vec<String>, String)>;

async fn a_second_start_changes_nothing(db: Db) {
    World::add_to(&db).await;
    let before = applied(&db.place).await;
    assert!(!before.is_empty());
    db.store.close().await;
    let store = db.place.open().await.unwrap();
    assert_eq!(applied(&db.place).await, before);
    store.close().await;
}

async fn a_schema_of_a_newer_version_is_refused(db: Db) {
    let place = db
        .close_and_run(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'from the future', TRUE, '', 0)",
        )
        .await;
    let error = place.open().await.err().expect("is refused");
    assert!(matches!(error, OpenError::Newer(9999)), "{error}");
    assert!(error.to_string().contains("run that version"));
}

async fn a_migration_that_was_changed_after_it_ran_is_refused(db: Db) {
    let place = db.close_and_run("UPDATE _sqlx_migrations SET checksum = '' WHERE version = 1").await;
    let error = place.open().await.err().expect("is refused");
    assert!(matches!(error, OpenError::Migrate(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_start_at_once_on_an_empty_database_both_find_the_schema() {
    on_postgres(async |db: Db| {
        let place = db.close_and_run(EMPTY_THE_SCHEMA).await;
        let (one, two) = tokio::join!(place.open(), place.open());
        for store in [one.unwrap(), two.unwrap()] {
            let store = Db { store, place: place.clone() };
            assert_eq!(store.read(|tx| Box::pin(settings::find(tx, "a"))).await.unwrap(), None);
            store.store.close().await;
        }
    })
    .await;
}

const EMPTY_THE_SCHEMA: &str = "
    DO $$ DECLARE own text := current_schema(); BEGIN
        EXECUTE format('DROP SCHEMA %I CASCADE', own);
        EXECUTE format('CREATE SCHEMA %I', own);
    END $$";

/// The rows of the migrator: version, description, when, how long.
async fn applied(place: &Place) -> Vec<(i64, String, String, i64)> {
    let sql = "SELECT version, description, CAST(installed_on AS TEXT), execution_time FROM _sqlx_migrations ORDER BY version";
    match place {
        Place::Sqlite(file) => {
            let rows = sqlite(file).await.fetch_all(sql).await.unwrap();
            rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
        }
        Place::Postgres(options) => {
            let rows = PgConnection::connect(&options.url).await.unwrap().fetch_all(sql).await.unwrap();
            rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
        }
    }
}

async fn sqlite(file: &Path) -> SqliteConnection {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    SqliteConnection::connect_with(&options).await.unwrap()
}

#[test]
fn both_engines_have_the_same_migrations() {
    let names = |engine: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        files.collect::<BTreeSet<_>>()
    };
    let sqlite = names("sqlite");
    assert_eq!(sqlite, names("postgres"));
    for (number, name) in (1..).zip(&sqlite) {
        assert!(name.starts_with(&format!("{number:04}_")), "{name} is number {number}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_have_the_same_tables_columns_indexes_and_references() {
    on_postgres(async |theirs: Db| {
        on_sqlite(async |ours: Db| {
            let Place::Sqlite(file) = &ours.place else { unreachable!() };
            let Place::Postgres(options) = &theirs.place else { unreachable!() };
            let mut sqlite = sqlite(file).await;
            let mut postgres = PgConnection::connect(&options.url).await.unwrap();
            let columns = sqlite_columns(&mut sqlite).await;
            assert!(columns.len() > 80);
            assert_eq!(columns, postgres_columns(&mut postgres).await);
            assert_eq!(sqlite_indexes(&mut sqlite).await, postgres_indexes(&mut postgres).await);
            assert_eq!(sqlite_references(&mut sqlite).await, postgres_references(&mut postgres).await);
        })
        .await;
    })
    .await;
}

async fn sqlite_columns(connection: &mut SqliteConnection) -> Columns {
    let sql = "SELECT t.name, c.name, c.type, c.\"notnull\" FROM sqlite_schema t, pragma_table_info(t.name) c
               WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> '_sqlx_migrations'";
    let rows = connection.fetch_all(sql).await.unwrap();
    let read = |row: &sqlx::sqlite::SqliteRow| {
        let kind = match row.get::<&str, _>(2) {
            "INTEGER" => "integer",
            "TEXT" => "text",
            "BLOB" => "bytes",
            other => panic!("no type of both engines: {other}"),
        };
        ((row.get(0), row.get(1)), (kind, row.get::<i64, _>(3) == 0))
    };
    rows.iter().map(read).collect()
}

async fn postgres_columns(connection: &mut PgConnection) -> Columns {
    let sql = "SELECT table_name::text, column_name::text, data_type::text, is_nullable::text, collation_name::text
               FROM information_schema.columns
               WHERE table_schema = current_schema() AND table_name <> '_sqlx_migrations'";
    let rows = connection.fetch_all(sql).await.unwrap();
    let read = |row: &sqlx::postgres::PgRow| {
        let kind = match (row.get::<&str, _>(2), row.get::<Option<&str>, _>(4)) {
            ("bigint", None) => "integer",
            ("text", Some("C")) => "text",
            ("bytea", None) => "bytes",
            other => panic!("no type of both engines: {other:?}"),
        };
        ((row.get(0), row.get(1)), (kind, row.get::<&str, _>(3) == "YES"))
    };
    rows.iter().map(read).collect()
}

async fn sqlite_indexes(connection: &mut SqliteConnection) -> Indexes {
    let sql = "SELECT t.name, i.\"unique\", i.partial, i.name, i.origin,
                      (SELECT group_concat(c.name) FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno) c),
                      (SELECT s.sql FROM sqlite_schema s WHERE s.name = i.name)
               FROM sqlite_schema t, pragma_index_list(t.name) i
               WHERE t.type = 'table' AND t.name <> '_sqlx_migrations'";
    let rows = connection.fetch_all(sql).await.unwrap();
    let read = |row: &sqlx::sqlite::SqliteRow| {
        let columns = row.get::<&str, _>(5).split(',').map(str::to_owned).collect();
        let condition = row.get::<Option<&str>, _>(6).and_then(|sql| sql.split_once(" WHERE "));
        let condition = condition.map(|(_, condition)| condition.to_owned()).unwrap_or_default();
        (row.get(0), row.get::<i64, _>(1) == 1, columns, condition)
    };
    rows.iter().map(read).collect()
}

async fn postgres_indexes(connection: &mut PgConnection) -> Indexes {
    let sql = "SELECT t.relname::text, i.indisunique,
                      ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY k (number, place)
                            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number ORDER BY k.place),
                      COALESCE(trim(BOTH '()' FROM pg_get_expr(i.indpred, t.oid)), '')
               FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
               WHERE t.relnamespace = current_schema()::regnamespace AND t.relname <> '_sqlx_migrations'";
    let rows = connection.fetch_all(sql).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
}

async fn sqlite_references(connection: &mut SqliteConnection) -> References {
    let sql = "SELECT t.name, f.\"table\", f.on_delete, group_concat(f.\"from\"), group_concat(f.\"to\")
               FROM sqlite_schema t, pragma_foreign_key_list(t.name) f
               WHERE t.type = 'table' GROUP BY t.name, f.id, f.\"table\", f.on_delete ORDER BY f.seq";
    let rows = connection.fetch_all(sql).await.unwrap();
    let split = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
    rows.iter()
        .map(|row| (row.get(0), split(row.get(3)), row.get(1), split(row.get(4)), row.get::<&str, _>(2).to_owned()))
        .collect()
}

async fn postgres_references(connection: &mut PgConnection) -> References {
    let columns = |of, keys| {
        format!(
            "ARRAY(SELECT a.attname::text FROM unnest(c.{keys}) WITH ORDINALITY k (number, place)
             JOIN pg_attribute a ON a.attrelid = c.{of} AND a.attnum = k.number ORDER BY k.place)"
        )
    };
    let sql: &'static str = format!(
        "SELECT c.conrelid::regclass::text, {}, c.confrelid::regclass::text, {},
                CASE c.confdeltype WHEN 'a' THEN 'NO ACTION' WHEN 'c' THEN 'CASCADE' ELSE c.confdeltype::text END
         FROM pg_constraint c WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace",
        columns("conrelid", "conkey"),
        columns("confrelid", "confkey"),
    )
    .leak();
    let rows = connection.fetch_all(sql).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4))).collect()
}
