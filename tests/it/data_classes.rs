//! Every column has a class and every table an end (OWASP ASVS 14.1.1): `specs/data-classes.toml` against the schema, and
//! against what `SECURITY.md` tells people.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use heteronym::store::Store;
use serde::Deserialize;
use sqlx::{Connection as _, Row as _, SqliteConnection};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataClasses {
    classes: BTreeMap<String, String>,
    tables: BTreeMap<String, Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    kept: String,
    columns: BTreeMap<String, String>,
}

impl DataClasses {
    pub(crate) fn read() -> Self {
        toml::from_str(&page("specs/data-classes.toml")).unwrap()
    }

    /// The class of a column.
    pub(crate) fn of(&self, table: &str, column: &str) -> &str {
        &self.tables[table].columns[column]
    }

    /// What is wrong with it beside the columns that there are.
    fn faults(&self, schema: &BTreeSet<(String, String)>) -> Vec<String> {
        let listed = self.tables.iter().flat_map(|(table, listed)| {
            listed.columns.iter().map(move |(column, class)| (table.clone(), column.clone(), class))
        });
        let mut faults = Vec::new();
        let mut classed = BTreeSet::new();
        for (table, column, class) in listed {
            if !self.classes.contains_key(class) {
                faults.push(format!("{table}.{column} is of the unknown class {class}"));
            }
            if let Some(fault) = misnamed(&column, class) {
                faults.push(format!("{table}.{column} {fault}"));
            }
            classed.insert((table, column));
        }
        let named = |set: BTreeSet<&(String, String)>, what: &str| -> Vec<String> {
            set.into_iter().map(|(table, column)| format!("{table}.{column} {what}")).collect()
        };
        faults.extend(named(schema.difference(&classed).collect(), "has no class"));
        faults.extend(named(classed.difference(schema).collect(), "is classed and does not exist"));
        faults
    }
}

/// A name says how fine a time is: what ends in `_on` is a day or coarser, and no moment hides under such a name.
fn misnamed(column: &str, class: &str) -> Option<&'static str> {
    match class {
        "moment" if !column.ends_with("_at") => Some("is a moment whose name does not end in _at"),
        "sealed" | "tag" | "number" if column.ends_with("_on") || column.ends_with("_at") => Some("is called a time"),
        "word" | "institution" if column.ends_with("sealed") => Some("is called sealed"),
        class if column.ends_with("_on") && !matches!(class, "day" | "month") => Some("is called a day"),
        class if column.ends_with("_hash") && class != "tag" => Some("is called a hash"),
        _ => None,
    }
}

fn page(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

async fn schema() -> BTreeSet<(String, String)> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("schema.db");
    Store::sqlite(&file).await.unwrap().close().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let sql = "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
               WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> '_sqlx_migrations'";
    let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn r82_every_column_has_a_class() {
    let schema = schema().await;
    assert!(schema.len() > 80, "the schema was read");
    assert_eq!(DataClasses::read().faults(&schema), Vec::<String>::new());
}

#[tokio::test]
async fn r82_a_column_without_a_class_and_a_class_without_a_column_are_found() {
    let mut schema = schema().await;
    schema.insert(("persons".to_owned(), "nickname".to_owned()));
    schema.remove(&("twins".to_owned(), "tag".to_owned()));
    let mut classes = DataClasses::read();
    let persons = classes.tables.get_mut("persons").unwrap();
    persons.columns.insert("enrolled_on".to_owned(), "moment".to_owned());
    persons.columns.insert("facts".to_owned(), "harmless".to_owned());
    assert_eq!(
        classes.faults(&schema),
        [
            "persons.enrolled_on is a moment whose name does not end in _at",
            "persons.facts is of the unknown class harmless",
            "persons.nickname has no class",
            "twins.tag is classed and does not exist",
        ]
    );
}

#[test]
fn security_md_tells_every_class_and_how_long_every_table_is_kept() {
    let classes = DataClasses::read();
    let page = page("SECURITY.md");
    let told: BTreeSet<&str> = page.lines().collect();
    for (class, meaning) in &classes.classes {
        let row = format!("| `{class}` | {meaning} |");
        assert!(told.contains(row.as_str()), "SECURITY.md lacks: {row}");
    }
    for (name, table) in &classes.tables {
        let row = format!("| `{name}` | {} |", table.kept);
        assert!(told.contains(row.as_str()), "SECURITY.md lacks: {row}");
    }
    let used: BTreeSet<&str> =
        classes.tables.values().flat_map(|table| table.columns.values().map(String::as_str)).collect();
    assert_eq!(used, classes.classes.keys().map(String::as_str).collect(), "a class that no column has");
}
