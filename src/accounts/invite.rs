//! Codes that let somebody set an authenticator: the invite of the activation sheet, and the recovery codes on paper.
//!
//! Looking at a code does not spend it. It is spent in the transaction that sets the authenticator, so a person whose
//! telephone runs out of battery in between has lost nothing, and of two who use one code at once one gets the account.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    Account, Accounts, Code, Error, Grounds, Holder, InviteCode, LoginName, PaperCode, Purpose, SignedIn, audit::Act,
};
use crate::{
    domain::{ambient::Timestamp, ids::AccountId, secret::TokenHash},
    store::{StoreError, Tx, accounts as rows},
};

/// A code that was shown and found good. Sealed into the page that asks what to set.
#[derive(Clone, Serialize, Deserialize)]
pub struct Opened {
    pub(super) account: AccountId,
    pub(super) code: OpenedBy,
    /// The name to sign in with, for the browser's own list of passphrases.
    pub login: String,
    pub kind: OpenedKind,
    pub allows_passphrase: bool,
}

/// What a code is for, as far as its page is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OpenedKind {
    /// The account opens for the first time.
    Activation,
    /// At the counter: what opened the account before opens it no longer.
    Counter,
    /// A paper code: one more way in.
    Paper,
}

/// The hash under which a code is kept.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum OpenedBy {
    Invite([u8; 32]),
    Paper([u8; 32]),
}

impl Accounts {
    /// Writes an invite, in the transaction of whoever vouches for the holder: the registrar at the counter, the
    /// command that makes the first administrator. Earlier open invites of the account end; so do its sessions when it is
    /// for recovery. Says from when it can be used no more: the start of the day after the last.
    pub async fn issue_invite(
        &self,
        tx: &mut Tx,
        code: &InviteCode,
        account: AccountId,
        purpose: Purpose,
    ) -> Result<Timestamp, StoreError> {
        let now = self.now();
        let expires_at = now.plus(self.0.policy.invite_lifetime).day().plus(Duration::from_hours(24));
        rows::lock(tx, account).await?;
        rows::revoke_invites(tx, account, now).await?;
        rows::insert_invite(tx, code.hash(), account, purpose, now, expires_at).await?;
        if purpose == Purpose::Recover {
            self.end_sessions(tx, account, None).await?;
        }
        Ok(expires_at)
    }

    /// A code for [`Accounts::issue_invite`]. Made before the transaction, so that running that again changes nothing.
    pub fn new_code(&self) -> InviteCode {
        Code::generate(&mut self.0.ambient.rng())
    }

    /// Looks at a code, of whichever kind. Whatever opens nothing gets the same answer: unknown, spent, revoked, over.
    pub async fn open_code(&self, text: &str) -> Result<Opened, Error> {
        let opened = self.try_code(text).await;
        if opened.is_err() {
            self.audit(Act::new("open", "code"), None, &opened);
        }
        opened
    }

    async fn try_code(&self, text: &str) -> Result<Opened, Error> {
        let invite = match text.parse::<InviteCode>() {
            Ok(code) => Ok(OpenedBy::Invite(*code.hash().as_bytes())),
            Err(fault) => {
                text.parse::<PaperCode>().map(|code| OpenedBy::Paper(self.paper_tag(&code))).map_err(|_| fault)
            }
        };
        let (code, now) = (invite?, self.now());
        let find = self.0.store.read::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let Some((id, kind)) = code.find(tx, now).await? else { return Ok(None) };
                Ok(rows::find(tx, id).await?.map(|account| (account, kind)))
            })
        });
        let found = find.await?.filter(|(account, _)| account.disabled_at.is_none());
        let (account, kind) = found.ok_or(Error::Code)?;
        let allows_passphrase = self.allows_passphrase(account.holder);
        Ok(Opened { account: account.id, code, login: account.login, kind, allows_passphrase })
    }

    /// Makes ten new recovery codes and ends the old ones. They are told once, here.
    pub async fn new_paper_codes(&self, signed_in: &SignedIn) -> Result<Vec<PaperCode>, Error> {
        let made = self.make_paper_codes(signed_in).await;
        self.audit(Act::new("make", "recovery codes"), Some(signed_in.account), &made);
        made
    }

    async fn make_paper_codes(&self, signed_in: &SignedIn) -> Result<Vec<PaperCode>, Error> {
        self.check_fresh(signed_in)?;
        let mut rng = self.0.ambient.rng();
        let codes: Vec<PaperCode> = (0..PAPER_CODES).map(|_| Code::generate(&mut rng)).collect();
        let hashes: Vec<_> = codes.iter().map(|code| TokenHash::from_bytes(self.paper_tag(code))).collect();
        let (this, signed_in, now) = (self.clone(), signed_in.clone(), self.now());
        let write = self.0.store.write(move |tx| {
            Box::pin(async move {
                let account = this.lock_session(tx, &signed_in).await?;
                rows::remove_recovery_codes(tx, account.id).await?;
                for hash in hashes {
                    rows::insert_recovery_code(tx, hash, account.id, now).await?;
                }
                Ok::<_, Error>(())
            })
        });
        write.await.map(|()| codes)
    }

    pub(super) fn allows_passphrase(&self, holder: Holder) -> bool {
        matches!(holder, Holder::Citizen(_)) || self.0.policy.staff_passphrases
    }

    fn paper_tag(&self, code: &PaperCode) -> [u8; 32] {
        self.0.keyring.vault().tag("recovery code", code.canonical().as_bytes())
    }

    /// Whether these grounds still stand, and for which account. Spending them is `Accounts::spend_grounds`.
    pub(super) async fn check_grounds(&self, grounds: &Grounds) -> Result<Account, Error> {
        let account = match grounds {
            Grounds::Code(opened) => opened.account,
            Grounds::Session(signed_in) => {
                self.check_fresh(signed_in)?;
                signed_in.account
            }
        };
        let (grounds, now) = (grounds.clone(), self.now());
        let find = self.0.store.read::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let stands = match &grounds {
                    Grounds::Code(opened) => opened.code.find(tx, now).await?.is_some(),
                    Grounds::Session(_) => true,
                };
                Ok(if stands { rows::find(tx, account).await? } else { None })
            })
        });
        find.await?.filter(|account| account.disabled_at.is_none()).ok_or(Error::Code)
    }
}

impl OpenedBy {
    async fn find(self, tx: &mut Tx, now: Timestamp) -> Result<Option<(AccountId, OpenedKind)>, StoreError> {
        match self {
            Self::Invite(hash) => {
                let invite = rows::find_invite(tx, TokenHash::from_bytes(hash)).await?;
                let open = |invite: &rows::Invite| {
                    invite.used_at.is_none() && invite.revoked_at.is_none() && now < invite.expires_at
                };
                Ok(invite.filter(open).map(|invite| (invite.account_id, invite.purpose.into())))
            }
            Self::Paper(tag) => {
                let account = rows::find_recovery_code(tx, TokenHash::from_bytes(tag)).await?;
                Ok(account.map(|account| (account, OpenedKind::Paper)))
            }
        }
    }

    /// Spends the code, once: the account that it opened and how.
    pub(super) async fn spend(
        self,
        tx: &mut Tx,
        now: Timestamp,
    ) -> Result<Option<(AccountId, OpenedKind)>, StoreError> {
        match self {
            Self::Invite(hash) => {
                let used = rows::use_invite(tx, TokenHash::from_bytes(hash), now).await?;
                Ok(used.map(|(account, purpose)| (account, purpose.into())))
            }
            Self::Paper(tag) => {
                let used = rows::use_recovery_code(tx, TokenHash::from_bytes(tag), now).await?;
                Ok(used.map(|account| (account, OpenedKind::Paper)))
            }
        }
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({:?}, …)", self.kind)
    }
}

impl From<Purpose> for OpenedKind {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Activate => Self::Activation,
            Purpose::Recover => Self::Counter,
        }
    }
}

impl Opened {
    /// The name to sign in with, in groups.
    pub fn login_grouped(&self) -> String {
        LoginName::group(&self.login)
    }
}

/// How many codes stand on the paper.
pub const PAPER_CODES: usize = 10;
