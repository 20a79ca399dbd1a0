//! Private keys by role, each its own type: made, loaded, rotated, wiped. `keys/README.md` says what each is for.
//!
//! A [`Keyring`] follows its directory: [`Keyring::refresh`] takes up what was made, retired or revoked there, and which version
//! takes over or ends follows from the dates in the files, so it happens by itself, on every node at the same hour.

mod armour;
mod change;
mod files;
mod issuer;
mod key;
mod life;
mod live;
mod lock;
mod log;
pub mod policy;
mod pseudonym;
mod revocation;
mod seal;
mod snapshot;
mod token;
mod upgrade;
mod vault;
mod versions;
mod vrf;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, RwLock},
};

use rand::CryptoRng;
use serde::Deserialize;

use crate::{
    domain::ambient::Timestamp,
    wire::jose::{Algorithm, KeySet, SignError, Signer},
};
use key::Key;
use life::Dates;
use live::Desk;
use lock::Unlocker;
use policy::{Policy, PolicyError};
use snapshot::Snapshot;

pub use change::LIVE_WITHIN;
pub use life::KeyState;
pub use live::Refreshed;
pub use lock::Passphrase;
pub use log::{LogKey, LogKeyInfo, LogKeys};
pub use pseudonym::{PseudonymKey, PseudonymKeys};
pub use seal::OpenError;
pub use snapshot::KeyInfo;
pub use token::TokenKey;
pub use vault::{VaultKey, padded_json};
pub use vrf::VrfKey;

/// What a key is for. Every role stands in `keys/policy.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Issuer,
    Vault,
    Pseudonym,
    Token,
    Log,
    Vrf,
}

impl Role {
    pub const ALL: [Self; 6] = [Self::Issuer, Self::Vault, Self::Pseudonym, Self::Token, Self::Log, Self::Vrf];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Vault => "vault",
            Self::Pseudonym => "pseudonym",
            Self::Token => "token",
            Self::Log => "log",
            Self::Vrf => "vrf",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

/// A word that is no key role.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("not a key role: use issuer, vault, pseudonym, token, log or vrf")]
pub struct UnknownRole;

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether keys are real, or made for a demonstration, whose data directory anybody may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Service,
    Demo,
}

/// The keys cannot be made, read or written. Each message names the file and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error("there are keys in {0} already: keep them, or move them away before making new ones")]
    Exists(PathBuf),
    #[error("there are no keys in {0}: make them with `heteronym init`")]
    NoKeys(PathBuf),
    #[error("no {role} key is in {directory}: restore it from a backup")]
    Missing { role: Role, directory: PathBuf },
    #[error("{path}: {reason}")]
    File { path: PathBuf, reason: String },
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("some keys of {0} are for a demonstration and some are not: do not mix them")]
    Mixed(PathBuf),
    #[error("no key is called {0}: `heteronym keys list` shows all, by name and kid")]
    Unknown(String),
    #[error("the key {key} {reason}")]
    Refused { key: String, reason: &'static str },
    #[error("the passphrase could not be turned into a key: it needs 64 MiB of memory")]
    Passphrase,
    #[error(transparent)]
    Key(#[from] SignError),
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

/// All private keys of one installation.
pub struct Keyring {
    directory: PathBuf,
    policy: Policy,
    live: RwLock<Arc<Snapshot>>,
    desk: Mutex<Desk>,
}

impl Keyring {
    /// Makes the first keys in a directory of their own (`keys.directory`): one issuer key per algorithm, and one of each other role.
    /// All of them appear at once or, after a crash, not at all.
    pub fn create(
        directory: &Path,
        purpose: Purpose,
        algorithms: &[Algorithm],
        passphrase: Option<&Passphrase>,
        rng: &mut impl CryptoRng,
        now: Timestamp,
    ) -> Result<Self, KeyringError> {
        let unlocker = Unlocker::with_lock(passphrase, rng)?;
        let dates = Dates { version: 1, created: now, activates: now };
        let issuer = algorithms.iter().map(|algorithm| (Role::Issuer, Some(*algorithm)));
        let others = Role::ALL.into_iter().filter(|role| *role != Role::Issuer).map(|role| (role, None));
        let mut texts = Vec::new();
        for (role, algorithm) in issuer.chain(others) {
            let file = Key::generate(role, algorithm, dates, purpose, rng)?;
            texts.push((file.name(), file.write(unlocker.lock(), rng)));
        }
        files::create_directory(directory, &texts, rng)?;
        Self::open(directory, unlocker, now)
    }

    /// Reads the keys of a directory, and refuses any that is not as it should be.
    pub fn load(directory: &Path, passphrase: Option<&Passphrase>, now: Timestamp) -> Result<Self, KeyringError> {
        Self::open(directory, Unlocker::new(passphrase), now)
    }

    /// As [`Keyring::load`], after making the keys of the public logs where there is none yet: the installation is older than they are.
    /// Where one of the two is there, the other was lost, and is asked for.
    pub fn load_or_complete(
        directory: &Path,
        passphrase: Option<&Passphrase>,
        rng: &mut impl CryptoRng,
        now: Timestamp,
    ) -> Result<Self, KeyringError> {
        let unlocker = upgrade::complete(directory, Unlocker::new(passphrase), rng, now)?;
        Self::open(directory, unlocker, now)
    }

    fn open(directory: &Path, unlocker: Unlocker, now: Timestamp) -> Result<Self, KeyringError> {
        let policy = Policy::embedded()?;
        let mut desk = Desk::new(unlocker);
        let (keys, revoked) = live::read_first(directory, &mut desk)?;
        let snapshot = Snapshot::assemble(directory, &policy, keys, revoked, now)?;
        let live = RwLock::new(Arc::new(snapshot));
        Ok(Self { directory: directory.to_owned(), policy, live, desk: Mutex::new(desk) })
    }

    /// The key that signs tokens of this algorithm now.
    pub fn signer(&self, algorithm: Algorithm, now: Timestamp) -> Option<Arc<Signer>> {
        self.snapshot().issuer.active(algorithm, now).cloned()
    }

    /// The algorithms that there is a key for, in the order of preference of the house.
    pub fn algorithms(&self, now: Timestamp) -> Vec<Algorithm> {
        let (house, snapshot) =
            ([Algorithm::EdDSA, Algorithm::ES256, Algorithm::PS256, Algorithm::RS256], self.snapshot());
        house.into_iter().filter(|algorithm| snapshot.issuer.active(*algorithm, now).is_some()).collect()
    }

    /// The JWKS as JSON: every issuer key that signs, will sign, or whose tokens may still live.
    pub fn jwks(&self, now: Timestamp) -> Arc<str> {
        self.snapshot().issuer.jwks(now)
    }

    /// The same keys, to verify our own tokens with. Each knows when it ends.
    pub fn verification_keys(&self) -> Arc<KeySet> {
        Arc::clone(self.snapshot().issuer.verification_keys())
    }

    /// Every key of every role with its state and its dates, those that were revoked too.
    pub fn keys(&self, now: Timestamp) -> Vec<KeyInfo> {
        self.snapshot().infos(now)
    }

    /// Whether there is a key of this `kid` that was not revoked.
    pub fn believes(&self, kid: &str) -> bool {
        self.snapshot().keys.iter().any(|(key, _)| key.kid == kid)
    }

    /// Names of the files of revoked keys that came back: they are not believed, and [`Keyring::purge`] deletes them.
    pub fn restored(&self) -> Vec<String> {
        self.snapshot().restored.clone()
    }

    pub fn vault(&self) -> Arc<VaultKey> {
        Arc::clone(&self.snapshot().vault)
    }

    pub fn pseudonym(&self) -> Arc<PseudonymKeys> {
        Arc::clone(&self.snapshot().pseudonym)
    }

    pub fn token(&self) -> Arc<TokenKey> {
        Arc::clone(&self.snapshot().token)
    }

    /// The keys that sign the public logs.
    pub fn log(&self) -> Arc<LogKeys> {
        Arc::clone(&self.snapshot().log)
    }

    /// The key of slot tags.
    pub fn vrf(&self) -> Arc<VrfKey> {
        Arc::clone(&self.snapshot().vrf)
    }

    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether the keys are for a demonstration: `serve` refuses them.
    pub fn is_demo(&self) -> bool {
        self.snapshot().purpose == Purpose::Demo
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({}, …)", self.directory.display())
    }
}

#[cfg(test)]
mod tests;
