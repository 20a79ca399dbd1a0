//! The table "who learns what, and never learns" of `SECURITY.md`, row by row, on what a town of 200 left behind.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{
    search::{Needles, Windows},
    town::{FORUM_NAMES, FORUMS, PEOPLE, Secrets, origin_of},
    world::{Database, Value, World, world},
};
use heteronym::domain::ambient::Timestamp;

use crate::data_classes::DataClasses;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

#[test]
fn two_forums_hold_nothing_that_joins_them() {
    let world = world();
    for one in 0..FORUMS {
        for other in one + 1..FORUMS {
            // Who chooses one name twice has joined the two with their own hands.
            let own = world.people.iter().filter(|person| person.names[one] == person.names[other]);
            let own: HashSet<&str> = own.map(|person| person.names[one].as_str()).collect();
            let (one, other) = (&world.forums[one], &world.forums[other]);
            let [without_one, without_other] = [one, other].map(|forum| {
                let mut tables = forum.0.clone();
                tables.get_mut("members").unwrap().retain(|row| !own.contains(text(&row["name"])));
                Database(tables)
            });
            assert_eq!(shared_texts(&without_one, &without_other), BTreeSet::new());
            assert_eq!(joining_columns(one, other), Vec::<String>::new());
        }
    }
}

#[test]
fn the_search_finds_what_would_join_two_forums() {
    let mut tainted = world().forums[1].0["members"].clone();
    for (row, known) in tainted.iter_mut().zip(&world().forums[0].0["members"]) {
        row.insert("name".to_owned(), known["name"].clone());
        row.insert("joined_on".to_owned(), Value::Int(number(&known["id"]) * 60_000));
    }
    let tainted = Database(BTreeMap::from([("members".to_owned(), tainted)]));
    assert!(!shared_texts(&world().forums[0], &tainted).is_empty(), "a name that is the same in both");
    let mut times = world().forums[0].0["members"].clone();
    for row in &mut times {
        let time = number(&row["id"]) * 60_000;
        row.insert("joined_on".to_owned(), Value::Int(time));
    }
    let times = Database(BTreeMap::from([("members".to_owned(), times)]));
    assert!(!in_days(&times).is_empty(), "a time to the minute");
}

#[test]
fn the_times_in_a_members_row_are_no_finer_than_the_day() {
    for forum in &world().forums {
        assert_eq!(in_days(forum), Vec::<String>::new());
    }
}

#[test]
fn a_forum_learns_no_name_birth_date_or_paper_and_no_other_forums_pseudonym() {
    let world = world();
    for (place, forum) in world.forums.iter().enumerate() {
        let members = &forum.0["members"];
        assert_eq!(members.len(), PEOPLE);
        let all: Vec<u8> = forum.values().flat_map(|(_, _, value)| [value.bytes(), &[0]].concat()).collect();
        let found = Needles::new(world.people.iter().flat_map(|person| {
            let mut secret = vec![&person.family, &person.given, &person.born, &person.document, &person.partial];
            secret.extend([&person.login, &person.activation]);
            secret.extend(&person.kept);
            secret.extend(person.names.iter().filter(|name| **name != person.names[place]));
            secret.into_iter().cloned()
        }));
        assert_eq!(found.within(&all), Vec::<String>::new());
        let own: HashSet<&str> = members.iter().map(|row| text(&row["sub"])).collect();
        for person in &world.people {
            let known = person.subjects.iter().filter(|subject| own.contains(subject.as_str())).count();
            assert_eq!(known, 1, "one subject of each person, in this forum only");
        }
    }
}

#[test]
fn the_providers_files_hold_no_name_date_paper_pseudonym_or_code_of_anybody() {
    let world = world();
    let needles = Needles::new(world.people.iter().flat_map(|person| {
        let mut secret =
            vec![person.family.clone(), person.given.clone(), person.born.clone(), person.document.clone()];
        secret.extend([person.partial.clone(), person.activation.clone(), person.born.replace('-', "")]);
        secret.extend(person.kept.iter().cloned());
        secret.extend(person.names.iter().chain(&person.subjects).cloned());
        secret
    }));
    for (file, bytes) in &world.files {
        assert_eq!(needles.within(bytes), Vec::<String>::new(), "{file}");
        let subjects = world.people.iter().flat_map(|person| &person.subjects);
        let raw: Vec<_> =
            subjects.map(|text| data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()).collect();
        let raw = Windows::of(raw.iter().map(Vec::as_slice));
        assert!(raw.shared_with(bytes).is_empty(), "{file}: a subject as bytes");
    }
    assert!(world.files.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > 200_000, "the files are there");
    let logins = Needles::new(world.people.iter().map(|person| person.login.clone()));
    assert!(world.files.iter().any(|(_, bytes)| logins.within(bytes).len() > 1), "the search finds what is there");
}

#[test]
fn no_line_of_any_log_at_the_finest_level_tells_of_anybody() {
    let world = world();
    let needles = Needles::new(world.people.iter().flat_map(|person| {
        let mut secret =
            vec![person.family.clone(), person.given.clone(), person.born.clone(), person.document.clone()];
        secret.extend([person.partial.clone(), person.login.clone(), person.activation.clone()]);
        secret.extend(person.kept.iter().cloned());
        secret.extend(person.names.iter().chain(&person.subjects).cloned());
        secret
    }));
    assert!(world.log.lines().count() > PEOPLE, "the log was kept");
    assert_eq!(needles.within(world.log.as_bytes()), Vec::<String>::new());
}

#[test]
fn a_thief_of_the_database_without_the_keys_reads_no_quality_of_anybody() {
    let world = world();
    let institutions = ["settings", "registrars", "sectors", "slots", "clients"];
    // What is published anyway, and says nothing of anybody.
    let published = ["log_entries", "log_heads", "log_tiles", "log_cosigned", "log_subjects"];
    let of_people = |table: &&str| !institutions.contains(table) && !published.contains(table);
    let people = world.provider.values().filter(|(table, ..)| of_people(table));
    let mut columns = BTreeSet::new();
    for (table, column, value) in people {
        match value {
            Value::Null | Value::Int(_) => {}
            Value::Text(_) => {
                columns.insert(format!("{table}.{column}"));
            }
            Value::Blob(bytes) => {
                assert!(bytes.len() >= 16, "{table}.{column}: too short to be an id, a hash or sealed");
                assert!(is_opaque(bytes), "{table}.{column} can be read");
            }
        }
    }
    let known = [
        "accounts.kind",
        "accounts.login",
        "consents.client_id",
        "families.client_id",
        "grants.client_id",
        "invites.purpose",
        "names.sector",
        "pseudonyms.sector",
    ];
    let unknown: Vec<_> = columns.iter().filter(|column| !known.contains(&column.as_str())).collect();
    assert_eq!(unknown, Vec::<&String>::new(), "text beside a person has to be sealed");
    let logins: HashSet<&str> = world.people.iter().map(|person| person.login.as_str()).collect();
    for row in &world.provider.0["accounts"] {
        assert_eq!(text(&row["kind"]) == "citizen", logins.contains(text(&row["login"])));
    }
}

#[test]
fn sealed_rows_of_a_kind_are_all_of_one_length() {
    let mut lengths: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (table, column, value) in world().provider.values() {
        if let (Value::Blob(bytes), "facts" | "identity" | "sealed" | "withdrawn" | "used") = (value, column) {
            lengths.entry(format!("{table}.{column}")).or_default().insert(bytes.len());
        }
    }
    assert!(lengths.len() >= 8, "{lengths:?}");
    let telling: Vec<_> = lengths.iter().filter(|(_, lengths)| lengths.len() > 1).collect();
    assert_eq!(telling, Vec::<(&String, &BTreeSet<usize>)>::new(), "a length tells people apart");
}

#[test]
fn r82_columns_hold_what_their_class_says() {
    let classes = DataClasses::read();
    let mut wrong = BTreeSet::new();
    for (table, column, value) in world().provider.values() {
        let class = classes.of(table, column);
        let fits = match (class, value) {
            ("month", Value::Int(time)) => Timestamp(*time).month().0 == *time,
            ("day", Value::Int(time)) => time % HOUR == 0,
            ("minute", Value::Int(time)) => time % MINUTE == 0,
            ("number" | "tag" | "sealed" | "escrowed", Value::Blob(bytes)) => is_opaque(bytes),
            ("moment" | "number" | "institution", Value::Int(_))
            | ("public", Value::Blob(_) | Value::Text(_))
            | ("word" | "login" | "institution", Value::Text(_))
            | (_, Value::Null) => true,
            _ => false,
        };
        if !fits {
            wrong.insert(format!("{table}.{column} is no {class}"));
        }
    }
    assert_eq!(wrong, BTreeSet::new());
}

#[test]
fn a_thief_of_both_databases_joins_nothing() {
    let world = world();
    for (place, forum) in world.forums.iter().enumerate() {
        let windows = windows_of(forum);
        for (file, bytes) in &world.files {
            let found = windows.shared_with(bytes);
            let allowed = allowed(world, place);
            let joining: Vec<_> =
                found.iter().filter(|text| !allowed.iter().any(|known| known.contains(*text))).collect();
            assert_eq!(joining, Vec::<&String>::new(), "{file} and forum {place}");
        }
    }
}

#[test]
fn a_name_borne_on_two_forums_leaves_nothing_in_the_providers_rows_that_joins_them() {
    let mut sectors: BTreeMap<&str, Vec<&[u8]>> = BTreeMap::new();
    for row in &world().provider.0["names"] {
        sectors.entry(text(&row["sector"])).or_default().push(row["tag"].bytes());
    }
    let windows: Vec<_> = sectors.values().map(|tags| Windows::of(tags.iter().copied())).collect();
    assert_eq!(windows.len(), FORUMS);
    for (at, one) in windows.iter().enumerate() {
        for other in &windows[at + 1..] {
            assert_eq!(one.shared_by(other), BTreeSet::new());
        }
    }
}

/// What the provider and a forum both know of the forum itself, and the words of the public vocabulary.
fn allowed(world: &World, place: usize) -> Vec<String> {
    let mut known = vec![origin_of(place), FORUM_NAMES[place].to_owned()];
    known.extend(
        world.provider.0["clients"].iter().flat_map(|row| [&row["id"], &row["metadata"]]).map(text).map(str::to_owned),
    );
    known.extend(
        world.provider.0["registrars"].iter().flat_map(|row| [&row["area"], &row["name"]]).map(text).map(str::to_owned),
    );
    // The text of the schema is in the file as well.
    for (_, bytes) in &world.files {
        let page = &bytes[..bytes.len().min(64 * 1024)];
        let schema = String::from_utf8_lossy(page);
        known.extend(schema.split("CREATE ").skip(1).map(|statement| statement.split('\0').next().unwrap().to_owned()));
    }
    known.extend(vocabulary());
    known
}

/// Windows of all texts and blobs, in the forms in which a joining value could be written.
fn windows_of(database: &Database) -> Windows {
    let joinable = database.values().filter(|(_, column, _)| !VOCABULARY_COLUMNS.contains(column));
    let mut texts: Vec<Vec<u8>> = joinable.map(|(_, _, value)| value.bytes().to_vec()).collect();
    let raw: Vec<_> = texts.iter().filter_map(|text| data_encoding::BASE64URL_NOPAD.decode(text).ok()).collect();
    texts.extend(raw);
    Windows::of(texts.iter().map(Vec::as_slice))
}

/// Texts of eight bytes and more that stand in both, outside the columns of the public vocabulary.
fn shared_texts(one: &Database, other: &Database) -> BTreeSet<String> {
    windows_of(one).shared_by(&windows_of(other))
}

/// Columns of the members of two forums that are equal for the same person more often than chance has it, but for the
/// numbers, which [`super::times`] compares.
fn joining_columns(one: &Database, other: &Database) -> Vec<String> {
    let people = |database: &Database| -> HashMap<String, BTreeMap<String, Value>> {
        let rows = database.0["members"].iter();
        rows.map(|row| (text(&row["sub"]).to_owned(), row.clone())).collect()
    };
    let (one, other) = (people(one), people(other));
    let find = |person: &Secrets, rows: &HashMap<_, _>| {
        person.subjects.iter().find_map(|subject| rows.get(subject).cloned()).unwrap()
    };
    let pairs: Vec<_> =
        world().people.iter().map(|person| (person, find(person, &one), find(person, &other))).collect();
    let columns: Vec<String> = pairs[0].1.keys().cloned().collect();
    let joins = |left: &str, right: &str| {
        let equal = pairs.iter().filter(|(person, a, b)| match &a[left] {
            Value::Null | Value::Int(_) => false,
            // One name on both by choice.
            Value::Text(name) if person.names.iter().filter(|own| *own == name).count() > 1 => false,
            value => *value == b[right],
        });
        equal.count() > 8
    };
    let mut joining = Vec::new();
    for left in columns.iter().filter(|column| !VOCABULARY_COLUMNS.contains(&column.as_str())) {
        for right in columns.iter().filter(|column| !VOCABULARY_COLUMNS.contains(&column.as_str())) {
            if joins(left, right) {
                joining.push(format!("{left} = {right}"));
            }
        }
    }
    joining
}

/// Times about a member that are finer than a day.
fn in_days(database: &Database) -> Vec<String> {
    let members = database.0["members"].iter();
    let times = members.flat_map(|row| ["joined_on", "signed_in_on"].map(|column| (column, &row[column])));
    times.filter(|(_, time)| number(time) % DAY != 0).map(|(column, time)| format!("{column}: {time:?}")).collect()
}

/// Words that are the same for everybody to whom they apply: what a forum is told on purpose.
fn vocabulary() -> Vec<String> {
    let mut words: BTreeSet<String> = BTreeSet::new();
    for forum in &world().forums {
        for (_, column, value) in forum.values() {
            if let (true, Value::Text(text)) = (VOCABULARY_COLUMNS.contains(&column), value) {
                words.insert(text.clone());
            }
        }
    }
    words.into_iter().collect()
}

/// Whether bytes look like chance: an id, a hash, a sealed value. Text of our own would have long runs of letters.
fn is_opaque(bytes: &[u8]) -> bool {
    let longest = bytes.split(|byte| !byte.is_ascii_graphic() && *byte != b' ').map(<[u8]>::len).max();
    longest.unwrap_or_default() < 16.max(bytes.len() / 8)
}

fn text(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        other => panic!("no text: {other:?}"),
    }
}

fn number(value: &Value) -> i64 {
    match value {
        Value::Int(number) => *number,
        other => panic!("no number: {other:?}"),
    }
}

const VOCABULARY_COLUMNS: [&str; 8] =
    ["age_bracket", "residence", "residence_label", "sex", "roles", "claim_groups", "name_assurance", "name_audience"];
