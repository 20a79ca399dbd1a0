//! Values that go into a statement and rows that come out: the four types both engines share.

use sqlx::{Row as _, postgres::PgRow, sqlite::SqliteRow};

use super::StoreError;
use crate::domain::{
    ambient::Timestamp,
    ids::{AccountId, ClientId, ConsentId, DeliveryId, FamilyId, GrantId, PersonId, PseudonymId, RegistrarId, Sector},
    secret::TokenHash,
};

/// One argument of a statement. An absent value keeps its type, because PostgreSQL refuses an untyped NULL.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Blob(Option<Vec<u8>>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Int(Some(value.0))
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(value: Option<Timestamp>) -> Self {
        Self::Int(value.map(|time| time.0))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Self {
        Self::Text(value.map(str::to_owned))
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Blob(Some(value.to_vec()))
    }
}

impl From<Option<&[u8]>> for Value {
    fn from(value: Option<&[u8]>) -> Self {
        Self::Blob(value.map(<[u8]>::to_vec))
    }
}

impl<const N: usize> From<&[u8; N]> for Value {
    fn from(value: &[u8; N]) -> Self {
        Self::Blob(Some(value.to_vec()))
    }
}

impl From<TokenHash> for Value {
    fn from(value: TokenHash) -> Self {
        Self::from(value.as_bytes())
    }
}

impl From<Option<TokenHash>> for Value {
    fn from(value: Option<TokenHash>) -> Self {
        Self::Blob(value.map(|hash| hash.as_bytes().to_vec()))
    }
}

impl From<&ClientId> for Value {
    fn from(value: &ClientId) -> Self {
        Self::from(value.as_str())
    }
}

impl From<&Sector> for Value {
    fn from(value: &Sector) -> Self {
        Self::from(value.as_str())
    }
}

macro_rules! ids_are_values {
    ($($id:ident)+) => {$(
        impl From<$id> for Value {
            fn from(id: $id) -> Self {
                Self::from(id.as_bytes())
            }
        }

        impl From<Option<$id>> for Value {
            fn from(id: Option<$id>) -> Self {
                Self::Blob(id.map(|id| id.as_bytes().to_vec()))
            }
        }
    )+};
}

ids_are_values!(AccountId ConsentId DeliveryId FamilyId GrantId PersonId PseudonymId RegistrarId);

/// One row of an answer, read by the position of the column.
pub struct Row(pub(super) EngineRow);

pub(super) enum EngineRow {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! column {
    ($row:expr, $index:expr) => {
        match &$row.0 {
            EngineRow::Sqlite(row) => row.try_get($index),
            EngineRow::Postgres(row) => row.try_get($index),
        }
        .map_err(StoreError::from)
    };
}

impl Row {
    pub fn int(&self, index: usize) -> Result<i64, StoreError> {
        column!(self, index)
    }

    pub fn text(&self, index: usize) -> Result<String, StoreError> {
        column!(self, index)
    }

    pub fn text_or_null(&self, index: usize) -> Result<Option<String>, StoreError> {
        column!(self, index)
    }

    pub fn blob(&self, index: usize) -> Result<Vec<u8>, StoreError> {
        column!(self, index)
    }

    pub fn blob_or_null(&self, index: usize) -> Result<Option<Vec<u8>>, StoreError> {
        column!(self, index)
    }

    pub fn time(&self, index: usize) -> Result<Timestamp, StoreError> {
        self.int(index).map(Timestamp)
    }

    pub fn time_or_null(&self, index: usize) -> Result<Option<Timestamp>, StoreError> {
        let time: Option<i64> = column!(self, index)?;
        Ok(time.map(Timestamp))
    }

    /// An identifier kept as 16 bytes.
    pub fn id<T>(&self, index: usize) -> Result<T, StoreError>
    where
        T: for<'b> TryFrom<&'b [u8]>,
    {
        T::try_from(&self.blob(index)?).map_err(|_| StoreError::Corrupt("an identifier is not 16 bytes"))
    }

    /// An identifier kept as 16 bytes, or nothing.
    pub fn id_or_null<T>(&self, index: usize) -> Result<Option<T>, StoreError>
    where
        T: for<'b> TryFrom<&'b [u8]>,
    {
        let parse =
            |bytes: Vec<u8>| T::try_from(&bytes).map_err(|_| StoreError::Corrupt("an identifier is not 16 bytes"));
        self.blob_or_null(index)?.map(parse).transpose()
    }

    /// A text that a type of the domain parses.
    pub fn parsed<T: std::str::FromStr>(&self, index: usize) -> Result<T, StoreError> {
        self.text(index)?.parse().map_err(|_| StoreError::Corrupt("a text column does not parse"))
    }
}
