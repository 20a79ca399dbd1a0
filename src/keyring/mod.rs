//! Private keys by role, each its own type: made, loaded, rotated, wiped. `keys/README.md` says what each is for.
//!
//! A [`Keyring`] is what one process holds from its start to its end: a running server does not look at the files again, and
//! has to be started again to see a key that was made meanwhile. Which version takes over and which ends follows from the
//! dates in the files, so among those that were there at the start it happens by itself, on every node at the same hour.

mod armour;
mod files;
mod issuer;
mod lock;
pub mod policy;
mod pseudonym;
mod seal;
mod token;
mod vault;
mod versions;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use rand::CryptoRng;
use serde::Deserialize;

use crate::{
    domain::ambient::Timestamp,
    wire::jose::{Algorithm, KeySet, SignError, Signer},
};
use armour::KeyFile;
use issuer::IssuerKeys;
use lock::{Lock, Unlocker};
use policy::{Policy, PolicyError};

pub use issuer::{IssuerKey, KeyState};
pub use lock::Passphrase;
pub use pseudonym::{PseudonymKey, PseudonymKeys};
pub use seal::OpenError;
pub use token::TokenKey;
pub use vault::{VaultKey, padded_json};

/// What a key is for. Every role stands in `keys/policy.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Issuer,
    Vault,
    Pseudonym,
    Token,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Issuer, Self::Vault, Self::Pseudonym, Self::Token];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Vault => "vault",
            Self::Pseudonym => "pseudonym",
            Self::Token => "token",
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
#[error("not a key role: use issuer, vault, pseudonym or token")]
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
    purpose: Purpose,
    lock: Option<Lock>,
    policy: Policy,
    issuer: IssuerKeys,
    vault: VaultKey,
    pseudonym: PseudonymKeys,
    token: TokenKey,
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
        let lock = passphrase.map(|passphrase| Lock::new(passphrase, rng)).transpose()?;
        let mut made = Vec::new();
        for algorithm in algorithms {
            made.push(IssuerKey::generate(*algorithm, 1, now, now, rng)?.to_file(purpose)?);
        }
        for role in [Role::Vault, Role::Pseudonym, Role::Token] {
            made.push(KeyFile::generate(role, 1, now, now, purpose, rng));
        }
        let texts: Vec<_> = made.iter().map(|file| (file.name(), file.write(lock.as_ref(), rng))).collect();
        files::create_directory(directory, &texts, rng)?;
        Self::assemble(directory.to_owned(), lock, &made, now)
    }

    /// Reads the keys of a directory, and refuses any that is not as it should be.
    pub fn load(directory: &Path, passphrase: Option<&Passphrase>, now: Timestamp) -> Result<Self, KeyringError> {
        let mut unlocker = Unlocker::new(passphrase);
        let mut read = Vec::new();
        for (path, text) in files::read_directory(directory)? {
            let file = KeyFile::read(&text, &mut unlocker)
                .map_err(|reason| KeyringError::File { path: path.clone(), reason: reason.to_string() })?;
            if path.file_name().is_none_or(|name| name != file.name().as_str()) {
                let reason = format!("the file holds the key {}: give it its name back", file.name());
                return Err(KeyringError::File { path, reason });
            }
            read.push(file);
        }
        Self::assemble(directory.to_owned(), unlocker.into_lock(), &read, now)
    }

    fn assemble(
        directory: PathBuf,
        lock: Option<Lock>,
        files: &[KeyFile],
        now: Timestamp,
    ) -> Result<Self, KeyringError> {
        let policy = Policy::embedded()?;
        let purpose = files.first().map(|file| file.purpose);
        let Some(purpose) = purpose else { return Err(KeyringError::NoKeys(directory)) };
        if files.iter().any(|file| file.purpose != purpose) {
            return Err(KeyringError::Mixed(directory));
        }
        let of = |role| {
            let keys = versions::Versions::new(files.iter().filter(|file| file.role == role), now);
            keys.ok_or_else(|| KeyringError::Missing { role, directory: directory.clone() })
        };
        let issuer = files.iter().filter(|file| file.role == Role::Issuer).map(IssuerKey::from_file);
        let issuer = IssuerKeys::new(issuer.collect::<Result<_, _>>()?, policy.of(Role::Issuer), now);
        if issuer.is_empty() {
            return Err(KeyringError::Missing { role: Role::Issuer, directory });
        }
        Ok(Self {
            purpose,
            lock,
            issuer,
            vault: VaultKey(of(Role::Vault)?),
            pseudonym: PseudonymKeys(of(Role::Pseudonym)?),
            token: TokenKey(of(Role::Token)?),
            policy,
            directory,
        })
    }

    /// Makes a new version of a role's keys (of every algorithm, for the issuer). It takes over after the hours that the
    /// policy says; asked again before that, nothing happens.
    pub fn rotate(&mut self, role: Role, rng: &mut impl CryptoRng, now: Timestamp) -> Result<(), KeyringError> {
        let activates = now.plus(self.policy.of(role).publish_before());
        let mut made = Vec::new();
        if role == Role::Issuer {
            for (algorithm, version) in self.issuer.due_for_a_successor(now) {
                made.push(IssuerKey::generate(algorithm, version, now, activates, rng)?.to_file(self.purpose)?);
            }
        } else {
            let versions = self.versions(role);
            if versions.is_some_and(|versions| !versions.has_next(now)) {
                let version = versions.map_or(1, versions::Versions::next_version);
                made.push(KeyFile::generate(role, version, now, activates, self.purpose, rng));
            }
        }
        self.add(made, rng, now)
    }

    /// Adds an issuer key of an algorithm that has none yet. It signs once it has been published long enough.
    pub fn add_algorithm(
        &mut self,
        algorithm: Algorithm,
        rng: &mut impl CryptoRng,
        now: Timestamp,
    ) -> Result<(), KeyringError> {
        if self.issuer.has(algorithm) {
            return Ok(());
        }
        let activates = now.plus(self.policy.of(Role::Issuer).publish_before());
        let key = IssuerKey::generate(algorithm, 1, now, activates, rng)?;
        self.add(vec![key.to_file(self.purpose)?], rng, now)
    }

    fn add(&mut self, made: Vec<KeyFile>, rng: &mut impl CryptoRng, now: Timestamp) -> Result<(), KeyringError> {
        for file in made {
            let text = file.write(self.lock.as_ref(), rng);
            files::write(&self.directory.join(file.name()), &text, rng)?;
            match file.role {
                Role::Issuer => self.issuer.add(IssuerKey::from_file(&file)?, now),
                Role::Vault => self.vault.0.add(&file, now),
                Role::Pseudonym => self.pseudonym.0.add(&file, now),
                Role::Token => self.token.0.add(&file, now),
            }
        }
        Ok(())
    }

    /// Deletes issuer and token keys that nothing needs any more, and says how many.
    pub fn purge(&mut self, now: Timestamp) -> Result<usize, KeyringError> {
        let mut names = self.issuer.remove_expired(now);
        if let Some(keep) = self.policy.of(Role::Token).keep_after() {
            names.extend(
                self.token.0.remove_superseded(now, keep).map(|version| armour::name(Role::Token, None, version)),
            );
        }
        for name in &names {
            files::remove(&self.directory.join(name))?;
        }
        Ok(names.len())
    }

    /// The roles whose newest version is older than the policy's lifetime.
    pub fn due(&self, now: Timestamp) -> Vec<Role> {
        let newest = |role| match role {
            Role::Issuer => self.issuer.oldest_newest(),
            _ => self.versions(role).map(versions::Versions::newest_created),
        };
        let due = |role: &Role| {
            let lifetime = self.policy.of(*role).lifetime();
            lifetime.is_some_and(|lifetime| newest(*role).is_some_and(|created| created.plus(lifetime) <= now))
        };
        Role::ALL.into_iter().filter(due).collect()
    }

    /// The key that signs tokens of this algorithm now.
    pub fn signer(&self, algorithm: Algorithm, now: Timestamp) -> Option<&Signer> {
        self.issuer.active(algorithm, now).map(IssuerKey::signer)
    }

    /// The algorithms that there is a key for, in the order of preference of the house.
    pub fn algorithms(&self, now: Timestamp) -> Vec<Algorithm> {
        let house = [Algorithm::EdDSA, Algorithm::ES256, Algorithm::PS256, Algorithm::RS256];
        house.into_iter().filter(|algorithm| self.signer(*algorithm, now).is_some()).collect()
    }

    /// The JWKS as JSON: every issuer key that signs, will sign, or whose tokens may still live.
    pub fn jwks(&self) -> &str {
        self.issuer.jwks()
    }

    /// The same keys, to verify our own tokens with.
    pub const fn verification_keys(&self) -> &KeySet {
        self.issuer.verification_keys()
    }

    /// Every issuer key with its state: for `keys list` and the doctor.
    pub fn issuer_keys(&self, now: Timestamp) -> impl Iterator<Item = (&IssuerKey, KeyState)> {
        self.issuer.states(now)
    }

    pub const fn vault(&self) -> &VaultKey {
        &self.vault
    }

    pub const fn pseudonym(&self) -> &PseudonymKeys {
        &self.pseudonym
    }

    pub const fn token(&self) -> &TokenKey {
        &self.token
    }

    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether the keys are for a demonstration: `serve` refuses them.
    pub fn is_demo(&self) -> bool {
        self.purpose == Purpose::Demo
    }

    const fn versions(&self, role: Role) -> Option<&versions::Versions> {
        match role {
            Role::Issuer => None,
            Role::Vault => Some(&self.vault.0),
            Role::Pseudonym => Some(&self.pseudonym.0),
            Role::Token => Some(&self.token.0),
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({}, …)", self.directory.display())
    }
}

#[cfg(test)]
mod tests;
