//! What is wrong with what was entered: every fault at once, none of the values.

use std::fmt;

/// A field of the counter's form, and a column of the import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    FamilyName,
    GivenNames,
    MarriedName,
    BirthDate,
    DocumentNumber,
}

impl Field {
    /// The name of the form field and of the column.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FamilyName => "family_name",
            Self::GivenNames => "given_names",
            Self::MarriedName => "married_name",
            Self::BirthDate => "birth_date",
            Self::DocumentNumber => "document_number",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::FamilyName => "family name",
            Self::GivenNames => "given names",
            Self::MarriedName => "name in use",
            Self::BirthDate => "birth date",
            Self::DocumentNumber => "document number",
        })
    }
}

/// One reason why a field is refused. The value is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    #[error("it is empty: enter it as it stands on the document")]
    Empty,
    #[error("it has more than 100 characters: enter what stands on the document, without titles")]
    TooLong,
    #[error("it holds a sign that no name has: use letters, accents, spaces, hyphens, apostrophes and dots")]
    Sign,
    #[error("it begins with a sign, or has more accents on one letter than any name: type it anew")]
    Shape,
    #[error(
        "it is not a date: write year-month-day, as 1987-03-02, and 00 for a month or day that the document leaves out"
    )]
    NotADate,
    #[error("it is in the future: check the year")]
    Future,
    #[error("it is more than 130 years ago: check the year")]
    TooOld,
    #[error("it is not a document number: 3 to 40 digits and letters from A to Z")]
    DocumentNumber,
}

impl Fault {
    /// A stable word for translations.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too-long",
            Self::Sign => "sign",
            Self::Shape => "shape",
            Self::NotADate => "not-a-date",
            Self::Future => "future",
            Self::TooOld => "too-old",
            Self::DocumentNumber => "document-number",
        }
    }
}

/// All that is wrong with one entry, in the order of the form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(|(field, fault)| format!("{field}: {fault}")).collect::<Vec<_>>().join("; "))]
pub struct Faults(pub Vec<(Field, Fault)>);
