//! What is vouched for of a person and by whom: for that person to read, and for nobody else.

use std::fmt;

use jiff::civil::Date;

use super::Attributes;
use crate::{
    domain::{
        ambient::Timestamp,
        ids::{PersonId, RegistrarId},
        quality::Facts,
    },
    store::{StoreError, persons, registrars},
};

/// Everything in a person's row that the service can read.
#[derive(Clone)]
pub struct Standing {
    pub facts: Facts,
    /// The office that enrolled the person.
    pub office: String,
    pub enrolled_on: Date,
    /// The day by which the person has to come to the counter again.
    pub renew_by: Date,
    pub departed_on: Option<Date>,
    authorities: Vec<(RegistrarId, String)>,
}

impl Standing {
    /// The name of an authority that granted one of the roles.
    pub fn authority(&self, id: RegistrarId) -> Option<&str> {
        self.authorities.iter().find(|(known, _)| *known == id).map(|(_, name)| name.as_str())
    }
}

impl Attributes {
    /// The standing of a person, departed or not. Read anew each time: whoever was at the counter a minute ago wants to
    /// see what was changed there.
    pub async fn standing(&self, person: PersonId) -> Result<Option<Standing>, StoreError> {
        let this = self.clone();
        let read = self.0.store.read::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let Some(row) = persons::find(tx, person).await? else { return Ok(None) };
                let facts = this.open_facts(person, &row.facts)?;
                let mut authorities: Vec<(RegistrarId, String)> = Vec::new();
                for role in &facts.roles {
                    if authorities.iter().all(|(known, _)| *known != role.authority)
                        && let Some(office) = registrars::find(tx, role.authority).await?
                    {
                        authorities.push((office.id, office.name));
                    }
                }
                let office = registrars::find(tx, row.registrar_id).await?;
                let office = office.ok_or(StoreError::Corrupt("the office of a person is missing"))?;
                Ok(Some(Standing {
                    facts,
                    office: office.name,
                    enrolled_on: row.enrolled_on.date(),
                    renew_by: row.renew_by.date(),
                    departed_on: row.departed_on.map(Timestamp::date),
                    authorities,
                }))
            })
        });
        read.await
    }
}

/// Nothing of it: together it may single out a person.
impl fmt::Debug for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Standing(…)")
    }
}
