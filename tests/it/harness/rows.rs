//! What the service has written of things that happen once, so that a refusal can be seen to write nothing.

use std::collections::BTreeMap;

use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};

use super::Service;

impl Service {
    /// How many rows each of these tables of a service on SQLite has.
    pub(crate) async fn one_time_rows(&self) -> BTreeMap<&'static str, i64> {
        let options = SqliteConnectOptions::new().filename(self.dir.path().join("heteronym.db")).read_only(true);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let mut rows = BTreeMap::new();
        for (table, count) in TABLES {
            rows.insert(table, sqlx::query(count).fetch_one(&mut connection).await.unwrap().get(0));
        }
        connection.close().await.unwrap();
        rows
    }
}

const TABLES: [(&str, &str); 4] = [
    ("spent", "SELECT COUNT(*) FROM spent"),
    ("grants", "SELECT COUNT(*) FROM grants"),
    ("families", "SELECT COUNT(*) FROM families"),
    ("refresh_tokens", "SELECT COUNT(*) FROM refresh_tokens"),
];
