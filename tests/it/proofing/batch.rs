//! A file of people is enrolled as a whole or not at all, and all that is wrong with it is said at once.

use std::{
    collections::BTreeSet,
    io::{self, Cursor, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use heteronym::{
    accounts::OpenedKind,
    proofing::{Batch, EnrolError, Finding, ImportError, LineFault, MOST_LINES, Typed},
};

use super::counter::{Counter, eleonore, named};
use crate::store::both::{Db, on_both_engines, on_sqlite};

on_both_engines! {
    a_file_as_a_spreadsheet_writes_it_is_enrolled_and_its_codes_open_accounts
    every_bad_line_is_told_with_number_column_and_reason_and_nobody_is_enrolled
    the_same_person_twice_is_found_within_the_file_and_against_those_enrolled
    doubts_stop_the_import_until_each_line_is_confirmed
    a_line_that_is_confirmed_without_being_in_doubt_is_told
    whoever_came_to_a_counter_meanwhile_keeps_all_others_out
    an_office_that_is_closed_meanwhile_enrols_nobody
    what_fails_in_the_middle_leaves_nobody
}

const HEADER: &str = "family_name,given_names,birth_date,sex,commune,document_kind,document_number";

async fn read(counter: &Counter, file: impl AsRef<[u8]> + Send + 'static) -> Result<Batch, ImportError> {
    confirming(counter, file, []).await
}

async fn confirming<const N: usize>(
    counter: &Counter,
    file: impl AsRef<[u8]> + Send + 'static,
    lines: [u64; N],
) -> Result<Batch, ImportError> {
    counter.proofing.read_batch(counter.operator(), Cursor::new(file), BTreeSet::from(lines)).await
}

fn file(lines: &[&str]) -> String {
    [&[HEADER], lines].concat().join("\n")
}

/// What a refusal says, a line each.
fn told(read: Result<Batch, ImportError>) -> String {
    match read {
        Ok(batch) => format!("{batch:?}"),
        Err(ImportError::Lines(findings)) => {
            let told = findings.iter().map(|Finding { line, fault }| format!("{line}: {fault}"));
            told.collect::<Vec<_>>().join("\n")
        }
        Err(error) => error.to_string(),
    }
}

async fn nobody(counter: &Counter) {
    assert_eq!(counter.people().await.len(), 0, "nothing is half done");
}

/// With a byte order mark, semicolons, columns in another order, quotes, CRLF and empty rows at the end.
async fn a_file_as_a_spreadsheet_writes_it_is_enrolled_and_its_codes_open_accounts(db: Db) {
    let counter = Counter::open(&db).await;
    let text = "\u{feff}document_kind;Document_Number;commune;family_name;married_name;given_names;birth_date;sex;agent_until\r\n\
                CNI;12AB34567;Voiron;Lefèvre;;\"Éléonore, Marie\";02/03/1987;F;\r\n\
                passeport;22XX1;38185;\"Dupont\";\"d'Ormesson\";Anne;14 mai 1991;femme;31/12/2027\r\n\
                ;;;;;;;;\r\n\
                permis de conduire;33YY2;St Martin d'Hères;Nguyễn;;Văn;1999-12-31;;\r\n\
                ;;;;;;;;";
    let batch = read(&counter, text).await.unwrap();
    nobody(&counter).await;
    counter.proofing.enrol_batch(&batch, &counter.office_key).await.unwrap();
    assert_eq!(counter.people().await.len(), 3);
    let sheets: Vec<_> = batch.sheets().collect();
    assert_eq!(sheets.iter().map(|sheet| sheet.line).collect::<Vec<_>>(), [2, 3, 5]);
    for sheet in sheets {
        let opened = counter.services.accounts.open_code(&sheet.code.grouped()).await.unwrap();
        assert_eq!((opened.kind, opened.login.as_str()), (OpenedKind::Activation, sheet.login.as_str()));
        assert_eq!(sheet.until, jiff::civil::date(2026, 7, 15));
    }
    let case = counter.proofing.find(counter.operator(), &eleonore()).await.expect("whom the counter finds");
    assert!(case.document_is_known());
    let again = counter.proofing.enrol_batch(&batch, &counter.office_key).await;
    assert!(matches!(again, Err(ImportError::Lines(findings)) if findings.len() == 3), "a batch is enrolled once");
}

async fn every_bad_line_is_told_with_number_column_and_reason_and_nobody_is_enrolled(db: Db) {
    let counter = Counter::open(&db).await;
    let rows = [
        "Good,Anne,1/1/1990,f,Grenoble,cni,AA001",
        "=SUM(A1),@Paul,30/02/1990,x,Grenoble,cni,AA002",
        "Dupont,Jean,1/1/1991,m,Atlantis,cni,-AA003",
        "Dupont,Jean,1/1/1992,m,Paris,badge,A",
        "Dupont,Jean,1/1/1993,m,Grenoble",
        "\"Dupont,Jean,1/1/1994,m,Grenoble,cni,AA006",
        "Dup\0ont,Jean,1/1/1995,m,Grenoble,cni,AA007",
        ",,,,,,AA008",
        "<script>,Jean,16/06/2026,m,Grenoble,cni,AA009",
        "Good,Anne,1/1/1980,f,Grenoble,cni,AA010",
    ];
    let mut bytes = file(&rows).into_bytes();
    bytes.extend(b"\nLef\xe8vre,El\xe9onore,1/1/1996,f,Grenoble,cni,AA011\n");
    let said = told(read(&counter, bytes).await);
    insta::allow_duplicates! { insta::assert_snapshot!(said, @r#"
        3: family_name: it begins as a formula does (=, +, - or @): write the value itself
        3: given_names: it begins as a formula does (=, +, - or @): write the value itself
        3: birth_date: it is not a date: write year-month-day, as 1987-03-02, and 00 for a month or day that the document leaves out
        3: sex: it is not a sex: write f or m, or leave it empty
        4: commune: no commune has this name: check the spelling, or write its official code
        4: document_number: it begins as a formula does (=, +, - or @): write the value itself
        5: commune: it is outside the area that this office serves: the office of the place of residence has to do it
        5: document_kind: it is not a kind of document: write identity_card, passport, residence_permit, driving_licence or other
        5: document_number: it is not a document number: 3 to 40 digits and letters from A to Z
        6: it has 5 values in place of 7: does a value hold the separator without quotes around it?
        7: its quotes are not paired: write "…" around a whole value, on one line, and "" for a quote in it
        8: it holds a NUL, which is no text: save the file as "CSV UTF-8" and import that
        9: family_name: it is empty: enter it as it stands on the document
        9: given_names: it is empty: enter it as it stands on the document
        9: birth_date: it is empty: enter it as it stands on the document
        9: commune: it is empty: enter the commune of residence
        9: document_kind: it is not a kind of document: write identity_card, passport, residence_permit, driving_licence or other
        10: family_name: it holds a sign that no name has: use letters, accents, spaces, hyphens, apostrophes and dots
        10: birth_date: it is in the future: check the year
        12: it is not UTF-8: save the file as "CSV UTF-8" and import that
        "#) };
    nobody(&counter).await;
}

async fn the_same_person_twice_is_found_within_the_file_and_against_those_enrolled(db: Db) {
    let counter = Counter::open(&db).await;
    counter.enrol(&eleonore()).await.unwrap();
    let rows = [
        "Dupont,Anne Claire,14/05/1991,f,Grenoble,cni,AA001",
        "LEFEVRE,Marie Eleonore,1987-03-02,f,Voiron,passport,AA002",
        "DUPONT,\"Claire, Anne\",1991-05-14,f,Grenoble,passport,AA003",
        "Vidal,Sophie,1/1/1970,f,Grenoble,cni,AA004",
    ];
    let said = told(read(&counter, file(&rows)).await);
    insta::allow_duplicates! { insta::assert_snapshot!(said, @"
        3: already enrolled: take the line away; at the counter this person can be renewed or corrected
        4: it is the same person as line 2: take one of the two away
        ") };
    let said = told(confirming(&counter, file(&rows), [3, 4]).await);
    insta::allow_duplicates! { insta::assert_snapshot!(said, @"
        3: already enrolled: take the line away; at the counter this person can be renewed or corrected
        4: it is the same person as line 2: take one of the two away
        ") };
    assert_eq!(counter.people().await.len(), 1);
}

async fn doubts_stop_the_import_until_each_line_is_confirmed(db: Db) {
    let counter = Counter::open(&db).await;
    counter.enrol(&named("Benali", "Mohamed", "01/09/1999")).await.unwrap();
    let rows = [
        "Benali,Mahmoud,01/09/1999,m,Grenoble,cni,AA001",
        "Martin,Marie-Claire,2/2/2002,f,Grenoble,cni,AA002",
        "Martin,Marie-Anne,2/2/2002,f,Grenoble,cni,AA003",
        "Doyen,Jeanne,1/1/1900,f,Grenoble,cni,AA004",
        "Abadie,Karim,1958,m,Grenoble,residence_permit,AA005",
        "Vidal,Sophie,1/1/1970,f,Grenoble,cni,AA006",
    ];
    let said = told(read(&counter, file(&rows)).await);
    insta::allow_duplicates! { insta::assert_snapshot!(said, @"
        2: somebody who is enrolled was born on the same day with a name in common, or has this document: look again
        4: born on the same day as line 3, with a name in common, or with its document: look again
        5: birth_date: more than 120 years ago: look again
        6: birth_date: without day or month: look again whether the document leaves them out
        ") };
    let said = told(confirming(&counter, file(&rows), [2, 4, 6]).await);
    insta::allow_duplicates! { insta::assert_snapshot!(said, @"
        5: birth_date: more than 120 years ago: look again
        ") };
    assert_eq!(counter.people().await.len(), 1);
    let batch = confirming(&counter, file(&rows), [2, 4, 5, 6]).await.unwrap();
    counter.proofing.enrol_batch(&batch, &counter.office_key).await.unwrap();
    assert_eq!(counter.people().await.len(), 7);
}

async fn a_line_that_is_confirmed_without_being_in_doubt_is_told(db: Db) {
    let counter = Counter::open(&db).await;
    let rows = ["Vidal,Sophie,1/1/1970,f,Grenoble,cni,AA001", "Abadie,Karim,1958,m,Grenoble,cni,AA002"];
    let said = told(confirming(&counter, file(&rows), [2, 3, 40]).await);
    insta::allow_duplicates! { insta::assert_snapshot!(said, @"
        2: it was confirmed, but nothing of it is in doubt: has the file changed since? Look at the lines anew
        40: it was confirmed, but nothing of it is in doubt: has the file changed since? Look at the lines anew
        ") };
    nobody(&counter).await;
}

async fn whoever_came_to_a_counter_meanwhile_keeps_all_others_out(db: Db) {
    let counter = Counter::open(&db).await;
    let rows = ["Vidal,Sophie,1/1/1970,f,Grenoble,cni,AA001", "Lefèvre,Éléonore Marie,2/3/1987,f,Voiron,cni,AA002"];
    let batch = read(&counter, file(&rows)).await.unwrap();
    counter.enrol(&eleonore()).await.unwrap();
    let refused = counter.proofing.enrol_batch(&batch, &counter.office_key).await;
    let enrolled = |finding: &Finding| *finding == Finding { line: 3, fault: LineFault::Enrolled };
    assert!(
        matches!(&refused, Err(ImportError::Lines(found)) if found.len() == 1 && enrolled(&found[0])),
        "{refused:?}"
    );
    assert_eq!(counter.people().await.len(), 1);

    let batch = read(&counter, file(&["Benali,Mahmoud,01/09/1999,m,Grenoble,cni,AA003"])).await.unwrap();
    counter.enrol(&named("Benali", "Mohamed", "01/09/1999")).await.unwrap();
    let refused = counter.proofing.enrol_batch(&batch, &counter.office_key).await;
    assert!(matches!(&refused, Err(ImportError::Lines(found)) if found[0].fault.is_doubt()), "{refused:?}");
    assert_eq!(counter.people().await.len(), 2);
}

async fn an_office_that_is_closed_meanwhile_enrols_nobody(db: Db) {
    let counter = Counter::open(&db).await;
    let batch = read(&counter, file(&["Vidal,Sophie,1/1/1970,f,Grenoble,cni,AA001"])).await.unwrap();
    counter.proofing.close_office(counter.office.id).await.unwrap();
    assert!(matches!(counter.proofing.enrol_batch(&batch, &counter.office_key).await, Err(ImportError::Closed(_))));
    assert!(matches!(read(&counter, file(&[])).await, Err(ImportError::Closed(_))));
    nobody(&counter).await;
}

/// A rule of the schema that the second of any two accounts of one day breaks.
async fn what_fails_in_the_middle_leaves_nobody(db: Db) {
    let place = db.close_and_run("CREATE UNIQUE INDEX one_account_a_day ON accounts (created_on)").await;
    let db = Db { store: place.open().await.unwrap(), place };
    let counter = Counter::open(&db).await;
    let rows: Vec<String> =
        (1..=28).map(|day| format!("Garnier,Hugo,{day}/3/1970,m,Grenoble,cni,AA{day:03}")).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let batch = read(&counter, file(&rows)).await.unwrap();
    let failed = counter.proofing.enrol_batch(&batch, &counter.office_key).await;
    assert!(matches!(failed, Err(ImportError::Store(_))), "{failed:?}");
    nobody(&counter).await;
    let alone = read(&counter, file(&rows[..1])).await.unwrap();
    counter.proofing.enrol_batch(&alone, &counter.office_key).await.unwrap();
    assert_eq!(counter.people().await.len(), 1);
    db.store.close().await;
}

/// Rows of people with nothing in common, made as they are read.
struct Rows {
    left: u64,
    written: Arc<AtomicU64>,
    rest: Cursor<Vec<u8>>,
}

impl Rows {
    fn new(count: u64) -> Self {
        Self { left: count, written: Arc::default(), rest: Cursor::new(format!("{HEADER}\n").into_bytes()) }
    }
}

impl Read for Rows {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.rest.read(buffer)?;
            if read > 0 || self.left == 0 {
                return Ok(read);
            }
            self.left -= 1;
            let n = self.written.fetch_add(1, Ordering::Relaxed);
            let (day, month, year) = (1 + n % 28, 1 + n / 28 % 12, 1940 + n / 336);
            let row = format!("Garnier,Hugo,{day}/{month}/{year},m,Grenoble,cni,AA{n}\n");
            self.rest = Cursor::new(row.into_bytes());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l8_as_many_as_are_allowed_are_enrolled_and_of_a_million_rows_no_more_are_read() {
    on_sqlite(async |db: Db| {
        let counter = Counter::open(&db).await;
        let most = u64::try_from(MOST_LINES).unwrap();
        let rows = Rows::new(1_000_000);
        let written = rows.written.clone();
        let refused = counter.proofing.read_batch(counter.operator(), rows, BTreeSet::new()).await;
        assert!(matches!(refused, Err(ImportError::TooMany)), "{refused:?}");
        assert!((most + 1..most + 3_000).contains(&written.load(Ordering::Relaxed)), "the rest is not read");
        nobody(&counter).await;
        let batch = counter.proofing.read_batch(counter.operator(), Rows::new(most), BTreeSet::new()).await.unwrap();
        assert_eq!(batch.sheets().len(), MOST_LINES);
        counter.proofing.enrol_batch(&batch, &counter.office_key).await.unwrap();
        assert_eq!(counter.people().await.len(), MOST_LINES);
    })
    .await;
}

/// Files that are not what they should be as a whole.
#[tokio::test]
async fn a_file_that_is_no_table_of_people_is_refused_with_the_remedy() {
    on_sqlite(async |db: Db| {
        let counter = Counter::open(&db).await;
        let wide: Vec<u8> = HEADER.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked = [b"\xff\xfe".as_slice(), &wide].concat();
        let huge = format!("{HEADER}\nDupont,{},1/1/1990,f,Grenoble,cni,AA1\n", "x".repeat(1 << 20));
        let unclosed = format!("{HEADER}\n\"Dupont\n{}", "Jean,".repeat(1 << 16));
        let mut said = Vec::new();
        for file in [
            Vec::new(),
            HEADER.as_bytes().to_vec(),
            format!("{HEADER}\n,,,,,,\n\n").into_bytes(),
            b"Dupont,Jean,1/1/1990,m,Grenoble,cni,AA1\n".to_vec(),
            b"family_name,given_names,birth_date,pr\xe9nom\n".to_vec(),
            format!("{HEADER},sex,Geburtsort\n").replace("birth_date,", "").into_bytes(),
            wide,
            marked,
            huge.into_bytes(),
            unclosed.into_bytes(),
        ] {
            said.push(told(read(&counter, file).await));
        }
        insta::assert_snapshot!(said.join("\n"), @r#"
        there is nobody in it: below the first line, write one person to a line
        there is nobody in it: below the first line, write one person to a line
        there is nobody in it: below the first line, write one person to a line
        line 1 names no columns: it has to be family_name, married_name, given_names, birth_date, sex, commune, document_kind, document_number, agent_until, elected_until, animator_until, parted by , or ;
        line 1 is not UTF-8: save the file as "CSV UTF-8" and import that
        line 1: columns are missing: birth_date; columns are there twice: sex; there are no columns of these names: Geburtsort; it may name family_name, married_name, given_names, birth_date, sex, commune, document_kind, document_number, agent_until, elected_until, animator_until
        it is UTF-16, or not text: save it as "CSV UTF-8" and import that
        it is UTF-16, or not text: save it as "CSV UTF-8" and import that
        line 2 does not end within 16 KiB: is it text, one person to a line, with lines that end by LF or CRLF?
        line 3 does not end within 16 KiB: is it text, one person to a line, with lines that end by LF or CRLF?
        "#);
        nobody(&counter).await;
        let without = Typed { commune: "".into(), ..eleonore() };
        assert!(matches!(counter.enrol(&without).await, Err(EnrolError::Faults(_))), "as at the counter");
    })
    .await;
}
