//! What is wrong with a file of people: where and why, never what.

use std::io;

use crate::{
    proofing::{
        Closed, OfficeKeyError,
        enrol::Doubt,
        typed::{Column, Reason},
    },
    store::StoreError,
};

/// Why nobody was enrolled.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error(
        "line {0} does not end within 16 KiB: is it text, one person to a line, with lines that end by LF or CRLF?"
    )]
    LongLine(u64),
    #[error(
        "there are more than {max} people in it: cut it into files of {max} at the most, each with the first line",
        max = super::MOST_LINES
    )]
    TooMany,
    #[error("there is nobody in it: below the first line, write one person to a line")]
    Empty,
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    /// In the order of the lines, all there are.
    #[error("{} faults or doubts", .0.len())]
    Lines(Vec<Finding>),
    #[error(transparent)]
    Closed(#[from] Closed),
    #[error("the key is none of this office that counts: `heteronym registrars keys list` shows those that do")]
    Key,
    #[error(transparent)]
    Signing(#[from] OfficeKeyError),
    #[error("too much time went by between reading and signing: import again")]
    Stale,
    #[error("the identities could not be sealed")]
    Sealing,
    /// The connection broke before the answer to the commit came, and nobody of them is there so far.
    #[error("the database did not say whether the people are enrolled")]
    Unsure,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the first line is not one that names the columns.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    #[error("it is UTF-16, or not text: save it as \"CSV UTF-8\" and import that")]
    Utf16,
    #[error("line 1 is not UTF-8: save the file as \"CSV UTF-8\" and import that")]
    Encoding,
    #[error("line 1 names no columns: it has to be {all}, parted by , or ;", all = names(&Column::ALL))]
    NotAHeader,
    #[error("line 1: {}", columns(.unknown, .doubled, .missing))]
    Columns { unknown: Vec<String>, doubled: Vec<Column>, missing: Vec<Column> },
}

/// What is to be mended or looked at in one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// From 1, the header's.
    pub line: u64,
    pub fault: LineFault,
}

/// What is wrong with a line. The value is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    #[error("it is not UTF-8: save the file as \"CSV UTF-8\" and import that")]
    Encoding,
    #[error("it holds a NUL, which is no text: save the file as \"CSV UTF-8\" and import that")]
    Nul,
    #[error("its quotes are not paired: write \"…\" around a whole value, on one line, and \"\" for a quote in it")]
    Quotes,
    #[error("it has {found} values in place of {expected}: does a value hold the separator without quotes around it?")]
    Values { found: usize, expected: usize },
    #[error("{0}: it begins as a formula does (=, +, - or @): write the value itself")]
    Formula(Column),
    #[error("{0}: {1}")]
    Field(Column, Reason),
    #[error("it is the same person as line {0}: take one of the two away")]
    Repeated(u64),
    /// The same sentence whoever has enrolled them, wherever and whenever.
    #[error("already enrolled: take the line away; at the counter this person can be renewed or corrected")]
    Enrolled,
    #[error("{}", doubt(*.0, *.1))]
    Doubt(Doubt, Option<u64>),
    #[error("it was confirmed, but nothing of it is in doubt: has the file changed since? Look at the lines anew")]
    NoDoubt,
}

impl LineFault {
    /// It can be confirmed after a second look at the document.
    pub const fn is_doubt(self) -> bool {
        matches!(self, Self::Doubt(..))
    }
}

fn doubt(doubt: Doubt, earlier: Option<u64>) -> String {
    match (doubt, earlier) {
        (Doubt::Alike, Some(earlier)) => {
            format!("born on the same day as line {earlier}, with a name in common, or with its document: look again")
        }
        (Doubt::Alike, None) => {
            "somebody who is enrolled was born on the same day with a name in common, or has this document: look again"
                .to_owned()
        }
        (Doubt::UnlikelyAge, _) => "birth_date: more than 120 years ago: look again".to_owned(),
        (Doubt::IncompleteBirthDate, _) => {
            "birth_date: without day or month: look again whether the document leaves them out".to_owned()
        }
    }
}

fn columns(unknown: &[String], doubled: &[Column], missing: &[Column]) -> String {
    let mut told = Vec::new();
    if !missing.is_empty() {
        told.push(format!("columns are missing: {}", names(missing)));
    }
    if !doubled.is_empty() {
        told.push(format!("columns are there twice: {}", names(doubled)));
    }
    if !unknown.is_empty() {
        told.push(format!("there are no columns of these names: {}", unknown.join(", ")));
    }
    told.push(format!("it may name {}", names(&Column::ALL)));
    told.join("; ")
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.as_str()).collect::<Vec<_>>().join(", ")
}
