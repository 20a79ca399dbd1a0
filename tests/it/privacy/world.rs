//! What the town of [`super::town`] left behind, read as a thief or a curious operator would.

use std::{collections::BTreeMap, fs, path::Path, sync::OnceLock};

use sqlx::{Row as _, SqlitePool, TypeInfo as _, ValueRef as _, sqlite::SqliteConnectOptions};

use super::town::{DIRECTORY, FORUMS, Secrets};
use crate::harness::alone;

pub(super) struct World {
    pub(super) people: Vec<Secrets>,
    /// The provider's database file and its write-ahead log, byte for byte.
    pub(super) files: Vec<(String, Vec<u8>)>,
    pub(super) log: String,
    pub(super) provider: Database,
    pub(super) forums: Vec<Database>,
}

/// Tables by name, with their rows.
pub(super) struct Database(pub(super) BTreeMap<String, Vec<Row>>);

/// Columns by name.
pub(super) type Row = BTreeMap<String, Value>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

/// The town is lived once for all tests.
pub(super) fn world() -> &'static World {
    static WORLD: OnceLock<Result<World, String>> = OnceLock::new();
    let lived = WORLD.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let lived = alone("privacy::town::two_hundred_people_go_to_three_forums")
            .env(DIRECTORY, directory.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&lived.stdout).into_owned() + &String::from_utf8_lossy(&lived.stderr);
        if lived.status.success() && said.contains("1 passed") { Ok(read(directory.path())) } else { Err(said) }
    });
    lived.as_ref().unwrap_or_else(|said| panic!("the town did not get to its end: {said}"))
}

fn read(directory: &Path) -> World {
    let mut files = Vec::new();
    for name in ["heteronym.db", "heteronym.db-wal"] {
        if let Ok(bytes) = fs::read(directory.join(name)) {
            files.push((name.to_owned(), bytes));
        }
    }
    let people = serde_json::from_slice(&fs::read(directory.join("people.json")).unwrap()).unwrap();
    let log = String::from_utf8(fs::read(directory.join("log.txt")).unwrap()).unwrap();
    let directory = directory.to_owned();
    // A runtime of its own, on a thread of its own: the caller may have one already.
    let reading = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut forums = Vec::new();
            for place in 0..FORUMS {
                let mut forum = Database::read(&directory.join(format!("forum{place}.sqlite"))).await;
                forum.leave_out_the_public_log();
                forums.push(forum);
            }
            (Database::read(&directory.join("heteronym.db")).await, forums)
        })
    });
    let (provider, forums) = reading.join().unwrap();
    World { people, files, log, provider, forums }
}

impl Database {
    pub(super) async fn read(file: &Path) -> Self {
        let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(file)).await.unwrap();
        let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' \
                      AND name NOT LIKE 'sqlite%'";
        let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&pool).await.unwrap();
        let mut database = BTreeMap::new();
        for table in tables {
            let select = sqlx::AssertSqlSafe(format!("SELECT * FROM {table}"));
            let rows = sqlx::query(select).fetch_all(&pool).await.unwrap();
            let rows = rows.iter().map(|row| {
                let columns = sqlx::Row::columns(row).iter().map(|column| sqlx::Column::name(column).to_owned());
                columns.enumerate().map(|(at, name)| (name, Value::of(row, at))).collect()
            });
            let rows = rows.collect();
            database.insert(table, rows);
        }
        pool.close().await;
        Self(database)
    }

    /// Takes away what every forum knows of the provider's public log, which anybody may read: keys and heads. That none of it
    /// leads to a member is what their columns say.
    fn leave_out_the_public_log(&mut self) {
        self.0.retain(|table, rows| {
            let public = table.starts_with("log_");
            let of_members = |row: &Row| row.keys().any(|column| matches!(&**column, "member" | "sub" | "actor"));
            assert!(!public || !rows.iter().any(of_members), "{table}");
            !public
        });
    }

    /// Every value with its table and column.
    pub(super) fn values(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        self.0.iter().flat_map(|(table, rows)| {
            rows.iter().flat_map(move |row| row.iter().map(move |(column, value)| (&**table, &**column, value)))
        })
    }
}

impl Value {
    fn of(row: &sqlx::sqlite::SqliteRow, at: usize) -> Self {
        let raw = row.try_get_raw(at).unwrap();
        if raw.is_null() {
            return Self::Null;
        }
        match raw.type_info().name() {
            "INTEGER" => Self::Int(row.get_unchecked(at)),
            "TEXT" => Self::Text(row.get_unchecked(at)),
            _ => Self::Blob(row.get_unchecked(at)),
        }
    }

    /// As bytes, where it is text or a blob; a number joins by being equal, not by its bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Blob(bytes) => bytes,
            Self::Null | Self::Int(_) => &[],
        }
    }
}
