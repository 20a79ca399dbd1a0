//! Who may have leaves opened. The operator opens the account and gives the name under which the registry tells of the audits.

use jiff::ToSpan as _;

use super::{Auditor, Sampling};
use crate::{
    accounts::{Holder, InviteCode, LoginName, Purpose},
    store::{StoreError, accounts as account_rows, audits},
    wire::tlog::leaf::Text,
};

/// A new auditor's account and the code that opens it.
#[derive(Clone, Debug)]
pub struct AuditorInvite {
    pub name: String,
    pub login: LoginName,
    /// Shown once; only its hash is kept.
    pub code: InviteCode,
    /// The last day on which it can be used.
    pub code_until: jiff::civil::Date,
}

/// Why an auditor was not accredited, or not disabled.
#[derive(Debug, thiserror::Error)]
pub enum AuditorError {
    #[error(
        "the name of the auditor: 2 to 100 characters, without line breaks or signs that turn the direction of writing"
    )]
    Name,
    #[error("there is an auditor of this name already: choose another; `heteronym auditors list` shows all")]
    NameTaken,
    #[error("no auditor has this sign-in name: `heteronym auditors list` shows all")]
    Unknown,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Sampling {
    /// Opens an account for an auditor, with a code that is shown once.
    pub async fn add_auditor(&self, name: &str) -> Result<AuditorInvite, AuditorError> {
        let name = name.trim().to_owned();
        if !(2..=100).contains(&name.chars().count()) || name.parse::<Text>().is_err() {
            return Err(AuditorError::Name);
        }
        let code = InviteCode::generate(&mut self.0.ambient.rng());
        let account = self.0.accounts.prepare(Holder::Auditor);
        let login = account.login.parse().map_err(|_| StoreError::Corrupt("a login that is none"))?;
        let (hash, now) = (code.hash(), self.now());
        let expires = now.plus(self.0.accounts.policy().invite_lifetime);
        let (id, kept) = (account.id, name.clone());
        let work = self.0.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                account_rows::insert(tx, &account).await?;
                audits::insert_auditor(tx, account.id, &kept).await?;
                account_rows::insert_invite(tx, hash, account.id, Purpose::Activate, now.day(), expires).await
            })
        });
        work.await.map_err(|error| match error {
            StoreError::Taken => AuditorError::NameTaken,
            other => other.into(),
        })?;
        self.audit("add auditor", id, true);
        let code_until = self.0.attributes.legal_day(expires).saturating_sub(1.day());
        Ok(AuditorInvite { name, login, code, code_until })
    }

    /// All auditors by name.
    pub async fn auditors(&self) -> Result<Vec<Auditor>, StoreError> {
        self.0.store.read::<_, StoreError, _>(|tx| Box::pin(audits::auditors(tx))).await
    }

    /// Disables an auditor's account: the next request is refused. True if it was open.
    pub async fn disable_auditor(&self, login: &LoginName) -> Result<bool, AuditorError> {
        let (accounts, login, now) = (self.0.accounts.clone(), login.as_str().to_owned(), self.now());
        let work = self.0.store.write(move |tx| {
            Box::pin(async move {
                let account = account_rows::find_by_login(tx, &login).await?;
                let account = account.filter(|account| account.holder == Holder::Auditor);
                let account = account.ok_or(AuditorError::Unknown)?.id;
                account_rows::revoke_invites(tx, account, now).await?;
                Ok::<_, AuditorError>((accounts.disable(tx, account).await?, account))
            })
        });
        let (closed, account) = work.await?;
        self.audit("disable auditor", account, closed);
        Ok(closed)
    }
}
