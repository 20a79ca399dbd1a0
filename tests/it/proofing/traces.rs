//! What stays of whoever was enrolled: nothing that can be read, and one sealed value that k custodians open and k − 1 do not.

use std::{collections::BTreeSet, fmt::Write as _, io::Cursor, time::Duration};

use heteronym::{
    proofing::{Attempt, EnrolError, Typed},
    wire::sealed::{Case, OpenError, Sealed},
};
use rand::{SeedableRng as _, rngs::StdRng};
use serde_json::json;
use sqlx::{Column as _, Connection as _, Row as _, TypeInfo as _, ValueRef as _};

use super::counter::{Counter, eleonore, named};
use crate::store::both::{Db, Place, on_both_engines};

on_both_engines! {
    nothing_that_was_typed_or_imported_can_be_read_in_any_column
    the_order_of_a_file_does_not_show_in_the_rows
    as_many_custodians_as_it_takes_open_exactly_what_was_sealed_and_fewer_do_not
}

/// Every value of the database as bytes, by `table.column`.
pub(super) async fn cells(db: &Db) -> Vec<(String, Vec<u8>)> {
    match &db.place {
        Place::Sqlite(file) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
            let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
            let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut connection).await.unwrap();
            let mut cells = Vec::new();
            for table in tables {
                let select = sqlx::AssertSqlSafe(format!("SELECT * FROM {table}"));
                for row in sqlx::query(select).fetch_all(&mut connection).await.unwrap() {
                    cells.extend((0..row.len()).map(|at| {
                        let value = row.try_get_raw(at).unwrap();
                        let kind = value.type_info().name().to_owned();
                        let bytes = match kind.as_str() {
                            "NULL" => Vec::new(),
                            "INTEGER" | "BOOLEAN" => row.get_unchecked::<i64, _>(at).to_string().into_bytes(),
                            "TEXT" => row.get_unchecked::<String, _>(at).into_bytes(),
                            _ => row.get_unchecked::<Vec<u8>, _>(at),
                        };
                        (format!("{table}.{}", row.column(at).name()), bytes)
                    }));
                }
            }
            connection.close().await.unwrap();
            cells
        }
        Place::Postgres(options) => {
            let mut connection = sqlx::PgConnection::connect(&options.url).await.unwrap();
            let columns = "SELECT table_name::TEXT, column_name::TEXT, data_type = 'bytea' FROM information_schema.columns \
                           WHERE table_schema = current_schema()";
            let columns: Vec<(String, String, bool)> =
                sqlx::query_as(columns).fetch_all(&mut connection).await.unwrap();
            let mut cells = Vec::new();
            for (table, column, is_bytes) in columns {
                let value = if is_bytes { column.clone() } else { format!("convert_to({column}::TEXT, 'UTF8')") };
                let select = sqlx::AssertSqlSafe(format!("SELECT {value} FROM {table} WHERE {column} IS NOT NULL"));
                let rows: Vec<Vec<u8>> = sqlx::query_scalar(select).fetch_all(&mut connection).await.unwrap();
                cells.extend(rows.into_iter().map(|bytes| (format!("{table}.{column}"), bytes)));
            }
            connection.close().await.unwrap();
            cells
        }
    }
}

/// The ways in which a text may stand in bytes: as it is, in capitals or not, in UTF-8 or UTF-16 of either order.
fn forms(text: &str) -> BTreeSet<Vec<u8>> {
    let cases = [text.to_owned(), text.to_uppercase(), text.to_lowercase()];
    let wide = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let all = |text: &String| [text.clone().into_bytes(), wide(text, u16::to_le_bytes), wide(text, u16::to_be_bytes)];
    cases.iter().flat_map(all).collect()
}

const TYPED: [&str; 7] =
    ["Quinquempoix", "Brandelhaupt", "Zéphyrin-Anatole", "Zephyrin", "21/11/1949", "1949-11-21", "77WKX3391"];
const IMPORTED: [&str; 5] = ["Ostrowinkelmar", "Thessalonique", "Thessalonique O.", "3 avril 1951", "1951-04-03"];

async fn nothing_that_was_typed_or_imported_can_be_read_in_any_column(db: Db) {
    let counter = Counter::open(&db).await;
    let typed = Typed {
        family_name: TYPED[0].into(),
        married_name: TYPED[1].into(),
        given_names: "Zéphyrin-Anatole Marie".into(),
        birth_date: TYPED[4].into(),
        document_number: TYPED[6].into(),
        ..eleonore()
    };
    let attempt: Attempt = counter.proofing.attempt();
    counter.proofing.enrol(counter.operator(), &typed, &attempt, &counter.office_key).await.unwrap();
    let refused = counter.enrol(&typed).await;
    assert!(matches!(refused, Err(EnrolError::AlreadyEnrolled)));
    let case = counter.proofing.find(counter.operator(), &typed).await.unwrap();
    counter.proofing.renew(counter.operator(), &case, &typed, &counter.office_key).await.unwrap();
    let file = "family_name,given_names,birth_date,commune,document_kind,document_number\n\
                Ostrowinkelmar,Thessalonique,3 avril 1951,Grenoble,passport,66ZZT4417\n";
    let batch = counter.proofing.read_batch(counter.operator(), Cursor::new(file), BTreeSet::new()).await.unwrap();
    counter.proofing.enrol_batch(&batch, &counter.office_key).await.unwrap();
    assert_eq!(counter.people().await.len(), 2);

    let mut cells = cells(&db).await;
    let names: BTreeSet<_> = cells.iter().map(|(name, _)| name.as_str()).collect();
    for known in ["persons.facts", "persons.identity", "twins.tag", "alikes.tag", "invites.code_hash", "throttles.tag"]
    {
        assert!(names.contains(known) || known.starts_with("throttles"), "{known} was not looked at");
    }
    if let Place::Sqlite(file) = &db.place {
        for suffix in ["", "-wal"] {
            let mut path = file.as_os_str().to_owned();
            path.push(suffix);
            cells.push((format!("the file {suffix}"), std::fs::read(path).unwrap()));
        }
    }
    let office = forms("Mairie de Grenoble");
    let contains = |bytes: &[u8], text: &Vec<u8>| bytes.windows(text.len()).any(|window| window == text);
    assert!(
        cells.iter().any(|(_, bytes)| office.iter().any(|text| contains(bytes, text))),
        "the search finds what is there"
    );
    for text in TYPED.iter().chain(&IMPORTED).chain(&["66ZZT4417"]) {
        for form in forms(text) {
            let found: Vec<_> =
                cells.iter().filter(|(_, bytes)| contains(bytes, &form)).map(|(name, _)| name).collect();
            assert!(found.is_empty(), "{text} stands in {found:?}");
        }
    }
}

/// PostgreSQL keeps rows in the order in which they came.
async fn the_order_of_a_file_does_not_show_in_the_rows(db: Db) {
    let counter = Counter::open(&db).await;
    let mut file = "family_name,given_names,birth_date,commune,document_kind,document_number".to_owned();
    for day in 1..=28 {
        write!(file, "\nGarnier,Hugo,{day}/3/1970,Grenoble,cni,AA{day:03}").unwrap();
    }
    let batch = counter.proofing.read_batch(counter.operator(), Cursor::new(file), BTreeSet::new()).await.unwrap();
    // As long as a database may make others wait.
    counter.clock.advance(Duration::from_mins(1));
    counter.proofing.enrol_batch(&batch, &counter.office_key).await.unwrap();
    let cells = cells(&db).await;
    let of = |column: &str| cells.iter().filter(|(name, _)| name == column).map(|(_, bytes)| bytes).collect::<Vec<_>>();
    let ids = of("persons.id");
    assert!(ids.len() == 28 && ids.is_sorted(), "in the order of what is random");
    let changed: BTreeSet<_> = of("persons.changed_at").into_iter().collect();
    let written = counter.services.ambient.now().0.to_string().into_bytes();
    assert_eq!(changed, BTreeSet::from([&written]), "at one time, that of the writing: crowds are counted by it");
}

async fn as_many_custodians_as_it_takes_open_exactly_what_was_sealed_and_fewer_do_not(db: Db) {
    let counter = Counter::open(&db).await;
    let typed = Typed { married_name: "d’Ormesson".into(), ..eleonore() };
    let first = counter.enrol(&typed).await.unwrap().person;
    let second = counter.enrol(&named("Иванов", "Александр", "00/02/1980")).await;
    assert!(matches!(second, Err(EnrolError::SecondLook(_))));
    let other = counter.enrol(&named("Vidal", "Sophie", "14/05/1991")).await.unwrap().person;

    let mut rng = StdRng::seed_from_u64(3);
    let (case, another) = (Case::of(b"request 1"), Case::of(b"request 2"));
    let row = counter.person(first).await;
    let sealed = Sealed::from_bytes(&row.identity).unwrap();
    assert!(sealed.verify(&counter.key, other.as_bytes()).is_err(), "it is bound to the person");
    let checked = sealed.verify(&counter.key, first.as_bytes()).unwrap();
    let mut answers = Vec::new();
    for share in &counter.shares {
        answers.push(checked.partial(share, &case, &mut rng).unwrap());
    }
    for three in [[0, 1, 2], [4, 2, 0], [1, 3, 4]] {
        let partials = three.map(|place| answers[place].clone());
        let opened = checked.combine(&partials, &case).unwrap();
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&opened).unwrap(),
            json!({
                "v": 1,
                "family_name": "Lefèvre",
                "given_names": "Éléonore Marie",
                "married_name": "d’Ormesson",
                "birth_date": "1987-03-02",
                "sex": 2,
                "document_kind": "identity_card",
                "document_number": "12AB34567"
            })
        );
    }
    for fewer in [&answers[..0], &answers[..1], &answers[1..3]] {
        assert!(matches!(checked.combine(fewer, &case), Err(OpenError::TooFew { needed: 3, .. })));
    }
    let twice = [answers[0].clone(), answers[1].clone(), answers[1].clone()];
    assert!(matches!(checked.combine(&twice, &case), Err(OpenError::Twice(_))));
    assert!(checked.combine(&answers, &another).is_err(), "answers are for one case");
    let others = Sealed::from_bytes(&counter.person(other).await.identity).unwrap();
    let others = others.verify(&counter.key, other.as_bytes()).unwrap();
    assert!(others.combine(&answers, &case).is_err(), "and for one person");
}
