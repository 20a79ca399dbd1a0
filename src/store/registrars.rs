//! Offices that enrol people: institutions, in clear.

use super::{
    Row, StoreError, Tx,
    statement::{statements, values},
};
use crate::domain::{ambient::Timestamp, ids::RegistrarId};

/// An office that enrols people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registrar {
    pub id: RegistrarId,
    /// As printed on the activation sheet: "Mairie de Grenoble". Unique.
    pub name: String,
    /// The code of the area it serves.
    pub area: String,
    pub created_on: Timestamp,
    pub disabled_at: Option<Timestamp>,
}

/// Adds an office; [`StoreError::Taken`] when the name is.
pub async fn insert(tx: &mut Tx, registrar: &Registrar) -> Result<(), StoreError> {
    let values = values![
        registrar.id,
        registrar.name.as_str(),
        registrar.area.as_str(),
        registrar.created_on,
        registrar.disabled_at
    ];
    tx.execute(INSERT, values).await.map(drop)
}

pub async fn find(tx: &mut Tx, id: RegistrarId) -> Result<Option<Registrar>, StoreError> {
    tx.optional(FIND, values![id]).await?.map(|row| read(&row)).transpose()
}

/// All offices by name.
pub async fn list(tx: &mut Tx) -> Result<Vec<Registrar>, StoreError> {
    tx.all(LIST, vec![]).await?.iter().map(read).collect()
}

/// Disables an office; false when it is unknown or disabled already.
pub async fn disable(tx: &mut Tx, id: RegistrarId, now: Timestamp) -> Result<bool, StoreError> {
    tx.changed(DISABLE, values![id, now]).await
}

fn read(row: &Row) -> Result<Registrar, StoreError> {
    Ok(Registrar {
        id: row.id(0)?,
        name: row.text(1)?,
        area: row.text(2)?,
        created_on: row.time(3)?,
        disabled_at: row.time_or_null(4)?,
    })
}

statements! {
    INSERT = "INSERT INTO registrars (id, name, area, created_on, disabled_at) VALUES ($1, $2, $3, $4, $5)";
    FIND = "SELECT id, name, area, created_on, disabled_at FROM registrars WHERE id = $1";
    LIST = "SELECT id, name, area, created_on, disabled_at FROM registrars ORDER BY name";
    DISABLE = "UPDATE registrars SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL";
}
