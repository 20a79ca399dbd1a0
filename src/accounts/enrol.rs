//! Setting what opens an account, taking it away, and listing it.

use super::{
    Account, Accounts, Error, LoginName, NewSession, Opened, Passphrase, SignedIn,
    audit::Act,
    invite::OpenedKind,
    passkey::{CeremonyId, NewRow},
};
use crate::{
    domain::{ambient::Timestamp, authentication::Method, ids::AccountId},
    store::{StoreError, Tx, accounts as rows, sessions, throttles},
};

/// Why somebody may set an authenticator.
#[derive(Clone, Debug)]
pub enum Grounds {
    /// A code that was opened.
    Code(Opened),
    /// Being signed in, since not long ago.
    Session(SignedIn),
}

impl Grounds {
    pub(super) fn account(&self) -> AccountId {
        match self {
            Self::Code(opened) => opened.account,
            Self::Session(signed_in) => signed_in.account,
        }
    }

    /// What setting an authenticator on these grounds is, in the log.
    pub(super) const fn act(&self, with: &'static str) -> Act {
        let act = match self {
            Self::Code(Opened { kind: OpenedKind::Activation, .. }) => "activate",
            Self::Code(Opened { kind: OpenedKind::Counter, .. }) => "recover",
            Self::Code(Opened { kind: OpenedKind::Paper, .. }) => "use a recovery code",
            Self::Session(_) => "add",
        };
        Act::new(act, with)
    }
}

/// What is set.
#[derive(Clone)]
pub(super) enum Authenticator {
    Passkey(NewRow, Method),
    /// The sealed hash.
    Passphrase(String),
}

/// What opens an account, for its holder to see.
#[derive(Clone, Debug)]
pub struct Authenticators {
    pub login: String,
    pub passkeys: Vec<PasskeyLine>,
    pub has_passphrase: bool,
    pub allows_passphrase: bool,
    /// Recovery codes that were not used yet.
    pub paper_codes: i64,
}

impl Authenticators {
    /// The name to sign in with, in groups.
    pub fn login_grouped(&self) -> String {
        LoginName::group(&self.login)
    }
}

/// One passkey of an account.
#[derive(Clone, Debug)]
pub struct PasskeyLine {
    /// Its credential id in base64url: names it in a form.
    pub id: String,
    pub label: String,
    pub synced: bool,
    pub created_on: Timestamp,
    pub last_used_on: Option<Timestamp>,
}

impl Accounts {
    /// Sets a passphrase, spends what allowed it, and begins a session.
    pub async fn set_passphrase(
        &self,
        grounds: Grounds,
        text: &str,
        device: &str,
        signed_in: Option<&SignedIn>,
    ) -> Result<NewSession, Error> {
        let (act, actor) = (grounds.act("passphrase"), grounds.account());
        let outcome = self.try_set_passphrase(grounds, text, device, signed_in).await;
        self.audit(act, Some(actor), &outcome);
        outcome
    }

    async fn try_set_passphrase(
        &self,
        grounds: Grounds,
        text: &str,
        device: &str,
        signed_in: Option<&SignedIn>,
    ) -> Result<NewSession, Error> {
        let account = self.check_grounds(&grounds).await?;
        if !self.allows_passphrase(account.holder) {
            return Err(Error::NotAllowed);
        }
        let passphrase = Passphrase::choose(text, &[&account.login, &self.0.name])?;
        let mut salt = [0; 16];
        rand::Rng::fill_bytes(&mut self.0.ambient.rng(), &mut salt);
        let hash = self.0.hasher.hash(&passphrase, salt).await?;
        self.enrol(grounds, Authenticator::Passphrase(hash), None, device, signed_in).await
    }

    /// The one transaction that sets an authenticator: spends the grounds, writes it, ends the other sessions, begins one.
    /// Its caller notes the outcome.
    pub(super) async fn enrol(
        &self,
        grounds: Grounds,
        new: Authenticator,
        ceremony: Option<CeremonyId>,
        device: &str,
        signed_in: Option<&SignedIn>,
    ) -> Result<NewSession, Error> {
        let method = match &new {
            Authenticator::Passkey(_, method) => *method,
            Authenticator::Passphrase(_) => Method::Passphrase,
        };
        // One more way in does not change how its holder has signed in.
        let begin = match &grounds {
            Grounds::Code(_) => self.begin(method, device, signed_in),
            Grounds::Session(old) => self.begin_again(old, device),
        };
        let this = self.clone();
        let work = self.0.store.write(move |tx| {
            Box::pin(async move {
                let now = this.now();
                if let Some(ceremony) = ceremony {
                    rows::use_ceremony(tx, ceremony, now).await?.ok_or(Error::Ceremony)?;
                }
                let account = this.spend_grounds(tx, &grounds).await?;
                if method == Method::SyncedKey && !Self::takes_synced_keys(account.holder) {
                    return Err(super::PasskeyFault::Synced.into());
                }
                this.write_authenticator(tx, &account, &new).await?;
                let own = match &grounds {
                    Grounds::Session(old) => Some(old.token),
                    Grounds::Code(_) => None,
                };
                this.end_sessions(tx, account.id, own).await?;
                Ok(this.begin_session(tx, &account, &begin).await?)
            })
        });
        work.await
    }

    async fn spend_grounds(&self, tx: &mut Tx, grounds: &Grounds) -> Result<Account, Error> {
        let now = self.now();
        let opened = match grounds {
            Grounds::Session(old) => {
                // Asked again: between a question to a device and its answer half an hour may lie.
                self.check_fresh(old)?;
                return self.lock_session(tx, old).await;
            }
            Grounds::Code(opened) => opened,
        };
        let (account, kind) = opened.code.spend(tx, now).await?.ok_or(Error::Code)?;
        let account = self.lock_enabled(tx, account).await?.ok_or(Error::Code)?;
        if kind == OpenedKind::Counter {
            rows::remove_passkeys(tx, account.id).await?;
            rows::remove_passphrase(tx, account.id, true).await?;
            rows::remove_recovery_codes(tx, account.id).await?;
        }
        Ok(account)
    }

    async fn write_authenticator(&self, tx: &mut Tx, account: &Account, new: &Authenticator) -> Result<(), Error> {
        match new {
            Authenticator::Passkey(NewRow { credential, sealed }, _) => {
                let row = rows::Passkey {
                    credential: credential.clone(),
                    account_id: account.id,
                    sealed: sealed.clone(),
                    version: 1,
                };
                rows::insert_passkey(tx, &row).await.map_err(|error| match error {
                    StoreError::Taken => Error::Registered,
                    other => other.into(),
                })
            }
            Authenticator::Passphrase(hash) => {
                let vault = self.0.keyring.vault();
                let id = account.id.as_bytes();
                let sealed = vault.seal_row("passphrases", id, hash.as_bytes(), &mut self.0.ambient.rng());
                rows::put_passphrase(tx, account.id, &sealed, self.now()).await?;
                Ok(throttles::clear(tx, &self.passphrase_tag(&account.login)).await?)
            }
        }
    }

    /// What opens the account.
    pub async fn authenticators(&self, signed_in: &SignedIn) -> Result<Authenticators, Error> {
        let (this, id) = (self.clone(), signed_in.account);
        let read = self.0.store.read(|tx| {
            Box::pin(async move {
                let account = rows::find(tx, id).await?.ok_or(Error::SignedOut)?;
                let passkeys = rows::passkeys(tx, id).await?;
                let has_passphrase = rows::find_passphrase(tx, id).await?.is_some();
                let paper_codes = rows::count_recovery_codes(tx, id).await?;
                let mut passkeys: Vec<_> = passkeys.iter().filter_map(|row| this.passkey_line(row)).collect();
                passkeys.sort_by_key(|line| line.created_on);
                let allows_passphrase = this.allows_passphrase(account.holder);
                let login = account.login;
                Ok::<_, Error>(Authenticators { login, passkeys, has_passphrase, allows_passphrase, paper_codes })
            })
        });
        read.await
    }

    /// Removes a passkey, named as in the list, and ends the other sessions. The last way in stays.
    pub async fn remove_passkey(&self, signed_in: &SignedIn, id: &str) -> Result<(), Error> {
        let removed = match data_encoding::BASE64URL_NOPAD.decode(id.as_bytes()) {
            Ok(credential) => self.remove(signed_in, Some(credential)).await,
            Err(_) => Err(Error::Gone),
        };
        self.audit(Act::new("remove", "passkey"), Some(signed_in.account), &removed);
        removed
    }

    /// Removes the passphrase and ends the other sessions. The last way in stays.
    pub async fn remove_passphrase(&self, signed_in: &SignedIn) -> Result<(), Error> {
        let removed = self.remove(signed_in, None).await;
        self.audit(Act::new("remove", "passphrase"), Some(signed_in.account), &removed);
        removed
    }

    async fn remove(&self, signed_in: &SignedIn, credential: Option<Vec<u8>>) -> Result<(), Error> {
        self.check_fresh(signed_in)?;
        let (this, signed_in) = (self.clone(), signed_in.clone());
        let work = self.0.store.write(move |tx| {
            Box::pin(async move {
                let id = this.lock_session(tx, &signed_in).await?.id;
                let (there, removed) = if let Some(credential) = &credential {
                    let there = rows::find_passkey(tx, credential).await?.is_some_and(|row| row.account_id == id);
                    (there, rows::remove_passkey(tx, id, credential).await?)
                } else {
                    let there = rows::find_passphrase(tx, id).await?.is_some();
                    (there, rows::remove_passphrase(tx, id, false).await?)
                };
                match (there, removed) {
                    (false, _) => Err(Error::Gone),
                    (true, false) => Err(Error::LastOne),
                    (true, true) => Ok(this.end_sessions(tx, id, Some(signed_in.token)).await?),
                }
            })
        });
        work.await
    }

    fn passkey_line(&self, row: &rows::Passkey) -> Option<PasskeyLine> {
        let sealed = self.open_passkey(row)?;
        Some(PasskeyLine {
            id: data_encoding::BASE64URL_NOPAD.encode(&row.credential),
            label: sealed.label,
            synced: sealed.synced,
            created_on: sealed.created_on,
            last_used_on: sealed.last_used_on,
        })
    }

    /// Refuses a sign-in that is too old for a sensitive act (OWASP ASVS 7.5.1).
    pub fn check_fresh(&self, signed_in: &SignedIn) -> Result<(), Error> {
        if signed_in.is_within(self.0.policy.fresh_sign_in, self.now()) { Ok(()) } else { Err(Error::Stale) }
    }

    /// Whether the holder may take along all that is kept of them. It is noted when it is asked for: rather a line too many
    /// than one that is missing.
    pub fn open_export(&self, signed_in: &SignedIn) -> Result<(), Error> {
        let fresh = self.check_fresh(signed_in);
        self.audit(Act::new("take along", "everything"), Some(signed_in.account), &fresh);
        fresh
    }

    /// Makes other writers of this account wait; `None` when it is unknown or disabled.
    pub(super) async fn lock_enabled(&self, tx: &mut Tx, id: AccountId) -> Result<Option<Account>, StoreError> {
        rows::lock(tx, id).await?;
        Ok(rows::find(tx, id).await?.filter(|account| account.disabled_at.is_none()))
    }

    /// The same for somebody whose session must not have ended meanwhile.
    pub(super) async fn lock_session(&self, tx: &mut Tx, signed_in: &SignedIn) -> Result<Account, Error> {
        let account = self.lock_enabled(tx, signed_in.account).await?;
        let alive = sessions::find(tx, signed_in.token).await?.is_some();
        account.filter(|_| alive).ok_or(Error::SignedOut)
    }
}
