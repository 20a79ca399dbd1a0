//! Who can sign in, with what, and for how long: activation codes, passkeys, passphrases, paper codes, sessions.
//!
//! [`Accounts`] is the one service; its methods stand in one file per topic. An account is opened at a counter with an
//! invite, never by registering oneself. It belongs to whoever spends the invite; what opens it afterwards (its
//! authenticators) may change, the account and the pseudonyms of its person do not.

mod audit;
mod code;
mod enrol;
mod invite;
mod passkey;
mod passphrase;
mod session;
mod sign_in;
mod throttle;

use std::{fmt, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use url::Url;
use webauthn_rs::Webauthn;
use zeroize::Zeroizing;

pub use self::{
    code::{Code, CodeFault, InvalidLogin, InviteCode, LoginName, PaperCode},
    enrol::{Authenticators, Grounds, PasskeyLine},
    invite::{Opened, OpenedKind, PAPER_CODES},
    passkey::PasskeyFault,
    passphrase::{LONGEST, Passphrase, PassphraseFault, SHORTEST},
    session::{Begin, Listed, NewSession, SessionId, SignedIn},
    throttle::FORGOTTEN,
};
use self::{passkey::relying_party, passphrase::Hasher};
pub use crate::store::accounts::{Account, Holder, Purpose};
use crate::{
    domain::{
        ambient::{Ambient, Timestamp},
        ids::AccountId,
    },
    keyring::Keyring,
    store::{Store, StoreError},
};

/// The rules of one installation.
#[derive(Clone, Debug)]
pub struct Policy {
    pub citizen: SessionLimits,
    /// For those who act on others: officers, auditors, custodians, administrators.
    pub staff: SessionLimits,
    /// For how long an activation code can be used.
    pub invite_lifetime: Duration,
    /// A sign-in older than this has to be repeated before a sensitive act.
    pub fresh_sign_in: Duration,
    /// Staff may sign in with a passphrase: for demonstrations and tests only.
    pub staff_passphrases: bool,
}

/// When a session ends by itself.
#[derive(Clone, Copy, Debug)]
pub struct SessionLimits {
    /// Without a request.
    pub idle: Duration,
    /// In all.
    pub lifetime: Duration,
}

/// Why an act was refused. What a person may be told of it is decided where pages are made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    CodeFault(#[from] CodeFault),
    /// Unknown, spent, revoked or over: which, nobody is told.
    #[error("the code opens nothing: it was used before, has been replaced, or is over")]
    Code,
    /// Unknown, disabled or wrong: which, nobody is told.
    #[error("the sign-in was refused")]
    SignIn,
    #[error("too many attempts: wait {} s", .0.as_secs())]
    Wait(Duration),
    /// A hundred wrong passphrases in a row.
    #[error("too many wrong passphrases: sign in with a passkey or a recovery code and set another")]
    Closed,
    #[error("the exchange with the device is over or was begun elsewhere: start again")]
    Ceremony,
    #[error(transparent)]
    Passkey(#[from] PasskeyFault),
    #[error("the passkey is registered already")]
    Registered,
    #[error(transparent)]
    Passphrase(#[from] PassphraseFault),
    #[error("this kind of account does not sign in with a passphrase")]
    NotAllowed,
    #[error("there is no such passkey or passphrase")]
    Gone,
    #[error("this is the last way into the account: set another first")]
    LastOne,
    #[error("the sign-in is too old for this: sign in again")]
    Stale,
    #[error("the session has ended: sign in again")]
    SignedOut,
    #[error("too many sign in at the same time: try again in a moment")]
    Busy,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(
        "passkeys need an issuer with a host name: {0} has none, or none that fits. For tests use http://localhost:PORT"
    )]
    Issuer(Url),
    #[error("no thread for passphrases: {0}")]
    Thread(#[from] std::io::Error),
}

/// The service. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>);

struct Inner {
    store: Store,
    keyring: Arc<Keyring>,
    ambient: Ambient,
    policy: Policy,
    webauthn: Webauthn,
    hasher: Hasher,
    name: String,
}

impl Accounts {
    /// `issuer` is the address of the service as browsers see it, `name` what it is called.
    pub fn new(
        store: Store,
        keyring: Arc<Keyring>,
        ambient: Ambient,
        policy: Policy,
        issuer: &Url,
        name: &str,
    ) -> Result<Self, StartError> {
        let webauthn = relying_party(issuer, name).map_err(|_| StartError::Issuer(issuer.clone()))?;
        let (hasher, name) = (Hasher::start()?, name.to_owned());
        Ok(Self(Arc::new(Inner { store, keyring, ambient, policy, webauthn, hasher, name })))
    }

    /// An account that is not in the database yet: insert it in the transaction that enrols its holder.
    pub fn prepare(&self, holder: Holder) -> Account {
        let mut rng = self.0.ambient.rng();
        Account {
            id: AccountId::generate(&mut rng),
            holder,
            login: LoginName::generate(&mut rng).as_str().to_owned(),
            created_on: self.now().day(),
            disabled_at: None,
        }
    }

    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    fn limits(&self, holder: Holder) -> SessionLimits {
        match holder {
            Holder::Citizen(_) => self.0.policy.citizen,
            Holder::Officer(_) | Holder::Auditor | Holder::Custodian | Holder::Administrator => self.0.policy.staff,
        }
    }

    /// The clock of the service, for what must agree with it.
    pub fn now(&self) -> Timestamp {
        self.0.ambient.now()
    }

    /// Seals a value that leaves and comes back: for one purpose, bound to `bound_to`. Text for a link or a form.
    pub fn seal_value(&self, purpose: &'static str, bound_to: &[u8], value: &impl Serialize) -> String {
        // Structures of plain members always serialize; nothing opens as an empty text.
        let plain = Zeroizing::new(serde_json::to_vec(value).unwrap_or_default());
        self.0.keyring.token().seal(purpose, bound_to, &plain, &mut self.0.ambient.rng())
    }

    /// Opens what [`Accounts::seal_value`] sealed for the same purpose and binding.
    pub fn open_value<T: DeserializeOwned>(&self, purpose: &'static str, bound_to: &[u8], text: &str) -> Option<T> {
        let plain = self.0.keyring.token().open(purpose, bound_to, text).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Accounts")
    }
}

impl Default for Policy {
    /// The values of the standards cited in `specs/accounts.md`.
    fn default() -> Self {
        let hours = |hours: u64| Duration::from_secs(hours * 3_600);
        Self {
            citizen: SessionLimits { idle: hours(1), lifetime: hours(24) },
            staff: SessionLimits { idle: Duration::from_mins(15), lifetime: hours(12) },
            invite_lifetime: hours(30 * 24),
            fresh_sign_in: Duration::from_mins(5),
            staff_passphrases: false,
        }
    }
}

#[cfg(test)]
mod tests;
