//! Offices and the people who work in them.
//!
//! There is no account that exists by default: an officer begins with a code that is shown once (OWASP ASVS 6.3.2).

use super::{By, Closed, Proofing, Registrar};
use crate::{
    accounts::{Account, Holder, InviteCode, LoginName, Purpose},
    domain::{area::AreaCode, ids::RegistrarId},
    store::{StoreError, accounts as account_rows, registrars},
    wire::tlog::leaf,
};

/// Why an office or an officer could not be added or closed.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    #[error(
        "the name of the office: 2 to 100 characters, without line breaks or signs that turn the direction of writing"
    )]
    Name,
    #[error("there is an office of this name already: choose another, or add officers to that one")]
    NameTaken,
    #[error("the area {0} is not in the table of areas: write a code such as cog:38563, epci:243800984 or FR-38")]
    Area(String),
    #[error("no office has this name: `heteronym registrars list` shows all")]
    UnknownOffice,
    #[error("the office is closed: add another")]
    ClosedOffice,
    #[error("no officer has this sign-in name: `heteronym registrars list` shows all")]
    UnknownOfficer,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An officer's account, as a list shows it.
#[derive(Clone, Debug)]
pub struct Officer {
    pub login: LoginName,
    pub office: RegistrarId,
    pub is_open: bool,
}

/// A new officer's account and the code that opens it.
#[derive(Clone, Debug)]
pub struct OfficerInvite {
    pub login: LoginName,
    /// Shown once; only its hash is kept.
    pub code: InviteCode,
    /// The last day on which it can be used.
    pub code_until: jiff::civil::Date,
}

impl Proofing {
    /// Adds an office. `name` stands on activation sheets; `area` is the code of the area it serves.
    pub async fn add_office(&self, name: &str, area: &str) -> Result<Registrar, OfficeError> {
        let name = name.trim();
        if !(2..=100).contains(&name.chars().count()) || name.parse::<leaf::Text>().is_err() {
            return Err(OfficeError::Name);
        }
        let known = area.parse::<AreaCode>().ok().filter(|code| self.0.attributes.areas().get(*code).is_some());
        let Some(code) = known else { return Err(OfficeError::Area(area.chars().take(40).collect())) };
        let office = Registrar {
            id: RegistrarId::generate(&mut self.0.ambient.rng()),
            name: name.to_owned(),
            area: code.to_string(),
            created_on: self.now().day(),
            disabled_at: None,
        };
        let (this, row) = (self.clone(), office.clone());
        let insert = self.0.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                registrars::insert(tx, &row).await?;
                this.say_office(tx, &row).await
            })
        });
        insert.await.map_err(|error| match error {
            StoreError::Taken => OfficeError::NameTaken,
            other => other.into(),
        })?;
        self.audit("add office", By::operator(office.id), None, "done");
        Ok(office)
    }

    /// All offices by name.
    pub async fn offices(&self) -> Result<Vec<Registrar>, StoreError> {
        self.0.store.read::<_, StoreError, _>(|tx| Box::pin(registrars::list(tx))).await
    }

    /// The office of this name.
    pub async fn office_named(&self, name: &str) -> Result<Registrar, OfficeError> {
        let offices = self.offices().await?;
        offices.into_iter().find(|office| office.name == name.trim()).ok_or(OfficeError::UnknownOffice)
    }

    /// The office, unless it is closed.
    pub async fn open_office(&self, id: RegistrarId) -> Result<Option<Registrar>, StoreError> {
        let found = self.0.store.read::<_, StoreError, _>(|tx| Box::pin(registrars::find(tx, id))).await?;
        Ok(found.filter(|office| office.disabled_at.is_none()))
    }

    /// Closes an office: from the next request on, none of its officers can act, and their sessions are over, and
    /// nothing that its keys sign counts.
    pub async fn close_office(&self, id: RegistrarId) -> Result<bool, StoreError> {
        let (this, now) = (self.clone(), self.now());
        let close = self.0.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let closed = registrars::disable(tx, id, now).await?;
                if let Some(office) = registrars::find(tx, id).await?.filter(|_| closed) {
                    registrars::withdraw_keys(tx, id, now).await?;
                    this.say_office(tx, &office).await?;
                }
                for officer in account_rows::staff(tx).await? {
                    if officer.holder == Holder::Officer(id) {
                        account_rows::revoke_invites(tx, officer.id, now).await?;
                        this.0.accounts.disable(tx, officer.id).await?;
                    }
                }
                Ok(closed)
            })
        });
        let closed = close.await?;
        self.audit("close office", By::operator(id), None, if closed { "done" } else { "closed before" });
        Ok(closed)
    }

    /// Opens an account for an officer, with a code that is shown once.
    pub async fn add_officer(&self, office: RegistrarId) -> Result<OfficerInvite, OfficeError> {
        let code = InviteCode::generate(&mut self.0.ambient.rng());
        let account = self.0.accounts.prepare(Holder::Officer(office));
        let login = account.login.parse().map_err(|_| StoreError::Corrupt("a login that is none"))?;
        let (hash, now, expires) = (code.hash(), self.now(), self.invite_expiry());
        let work = self.0.store.write(move |tx| {
            Box::pin(async move {
                let found = registrars::find(tx, office).await?.ok_or(OfficeError::UnknownOffice)?;
                if found.disabled_at.is_some() {
                    return Err(OfficeError::ClosedOffice);
                }
                account_rows::insert(tx, &account).await?;
                account_rows::insert_invite(tx, hash, account.id, Purpose::Activate, now.day(), expires).await?;
                Ok(())
            })
        });
        work.await?;
        self.audit("add officer", By::operator(office), None, "done");
        Ok(OfficerInvite { login, code, code_until: self.last_day(expires) })
    }

    /// The officers of all offices.
    pub async fn officers(&self) -> Result<Vec<Officer>, StoreError> {
        let accounts = self.0.store.read::<_, StoreError, _>(|tx| Box::pin(account_rows::staff(tx))).await?;
        let officer = |account: Account| match account.holder {
            Holder::Officer(office) => {
                let is_open = account.disabled_at.is_none();
                account.login.parse().ok().map(|login| Officer { login, office, is_open })
            }
            _ => None,
        };
        Ok(accounts.into_iter().filter_map(officer).collect())
    }

    /// Closes an officer's account: the next request is refused. True if it was open.
    pub async fn close_officer(&self, login: &LoginName) -> Result<bool, OfficeError> {
        let (this, login, now) = (self.clone(), login.as_str().to_owned(), self.now());
        let work = self.0.store.write(move |tx| {
            Box::pin(async move {
                let account = account_rows::find_by_login(tx, &login).await?;
                let Some((account, office)) = account.and_then(|account| match account.holder {
                    Holder::Officer(office) => Some((account.id, office)),
                    _ => None,
                }) else {
                    return Err(OfficeError::UnknownOfficer);
                };
                account_rows::revoke_invites(tx, account, now).await?;
                Ok((this.0.accounts.disable(tx, account).await?, office))
            })
        });
        let (closed, office) = work.await?;
        self.audit("close officer", By::operator(office), None, if closed { "done" } else { "closed before" });
        Ok(closed)
    }

    /// The area that the acting office serves.
    pub(super) async fn office_area(&self, by: By) -> Result<Result<AreaCode, Closed>, StoreError> {
        let Some(office) = self.open_office(by.office).await? else { return Ok(Err(Closed::Office)) };
        let area = office.area.parse().map_err(|_| StoreError::Corrupt("an office in an area that is none"))?;
        Ok(Ok(area))
    }
}
