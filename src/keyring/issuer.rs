//! The keys that relying parties verify with: one per algorithm at a time, with a past and a future.
//!
//! ```text
//! created ──────── activates ─────────────── successor activates ──────────── + keep_after
//!          next                  active                            retired                  expired
//! in JWKS: yes                   yes                               yes                      no
//! ```
//!
//! States follow from the dates in the files alone, so every node passes from one to the next at the same moment.

use std::{fmt, time::Duration};

use rand::CryptoRng;
use zeroize::Zeroizing;

use super::{Purpose, Role, armour::KeyFile, armour::name, policy::RolePolicy};
use crate::{
    domain::ambient::Timestamp,
    wire::jose::{Algorithm, JwkSet, KeySet, SignError, Signer, SigningKey},
};

/// One version of the key of one algorithm.
pub struct IssuerKey {
    version: u32,
    created: Timestamp,
    activates: Timestamp,
    signer: Signer,
}

/// Where a key is in its life (OpenID Connect Core §10.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published, so that everybody knows it before it signs.
    Next,
    /// Signs.
    Active,
    /// Signs no more; its tokens still verify.
    Retired,
    /// Not published any more.
    Expired,
}

impl IssuerKey {
    pub(super) fn generate(
        algorithm: Algorithm,
        version: u32,
        created: Timestamp,
        activates: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, SignError> {
        let signer = Signer::new(SigningKey::generate(algorithm, rng)?)?;
        Ok(Self { version, created, activates, signer })
    }

    pub(super) fn from_file(file: &KeyFile) -> Result<Self, SignError> {
        let algorithm = file.algorithm.ok_or(SignError::NotAKey(Algorithm::EdDSA))?;
        let signer = Signer::new(SigningKey::from_bytes(algorithm, &file.material)?)?;
        Ok(Self { version: file.version, created: file.created, activates: file.activates, signer })
    }

    pub(super) fn to_file(&self, purpose: Purpose) -> Result<KeyFile, SignError> {
        let material: Zeroizing<Vec<u8>> = self.signer.key().to_bytes()?;
        Ok(KeyFile {
            role: Role::Issuer,
            algorithm: Some(self.algorithm()),
            version: self.version,
            created: self.created,
            activates: self.activates,
            purpose,
            material,
        })
    }

    pub const fn algorithm(&self) -> Algorithm {
        self.signer.algorithm()
    }

    pub const fn version(&self) -> u32 {
        self.version
    }

    pub const fn created(&self) -> Timestamp {
        self.created
    }

    /// When it begins to sign.
    pub const fn activates(&self) -> Timestamp {
        self.activates
    }

    pub const fn signer(&self) -> &Signer {
        &self.signer
    }
}

impl fmt::Debug for IssuerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuerKey({} version {}, …)", self.algorithm(), self.version)
    }
}

/// All of them, with what is published as of one moment.
pub(super) struct IssuerKeys {
    /// By algorithm, then version.
    keys: Vec<IssuerKey>,
    keep_after: Option<Duration>,
    jwks: String,
    verification: KeySet,
}

impl IssuerKeys {
    pub(super) fn new(keys: Vec<IssuerKey>, policy: &RolePolicy, now: Timestamp) -> Self {
        let keep_after = policy.keep_after();
        let mut all = Self { keys, keep_after, jwks: String::new(), verification: KeySet::default() };
        all.publish(now);
        all
    }

    pub(super) fn add(&mut self, key: IssuerKey, now: Timestamp) {
        self.keys.push(key);
        self.publish(now);
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn has(&self, algorithm: Algorithm) -> bool {
        self.keys.iter().any(|key| key.algorithm() == algorithm)
    }

    pub(super) fn active(&self, algorithm: Algorithm, now: Timestamp) -> Option<&IssuerKey> {
        self.keys.iter().rfind(|key| key.algorithm() == algorithm && key.activates <= now)
    }

    pub(super) fn jwks(&self) -> &str {
        &self.jwks
    }

    pub(super) const fn verification_keys(&self) -> &KeySet {
        &self.verification
    }

    pub(super) fn states(&self, now: Timestamp) -> impl Iterator<Item = (&IssuerKey, KeyState)> {
        self.keys.iter().map(move |key| (key, self.state(key, now)))
    }

    /// Algorithm and next version where no successor is waiting yet.
    pub(super) fn due_for_a_successor(&self, now: Timestamp) -> Vec<(Algorithm, u32)> {
        let newest = self.keys.iter().filter(|key| self.successor(key).is_none() && key.activates <= now);
        newest.map(|key| (key.algorithm(), key.version.saturating_add(1))).collect()
    }

    /// When the oldest of the newest keys was made.
    pub(super) fn oldest_newest(&self) -> Option<Timestamp> {
        self.keys.iter().filter(|key| self.successor(key).is_none()).map(|key| key.created).min()
    }

    /// Takes the expired keys away, and gives the names of their files.
    pub(super) fn remove_expired(&mut self, now: Timestamp) -> Vec<String> {
        let expired = self.states(now).filter(|(_, state)| *state == KeyState::Expired);
        let kids: Vec<_> = expired.map(|(key, _)| key.signer.kid().to_owned()).collect();
        let (gone, kept) =
            std::mem::take(&mut self.keys).into_iter().partition(|key| kids.iter().any(|kid| kid == key.signer.kid()));
        self.keys = kept;
        self.publish(now);
        let gone: Vec<IssuerKey> = gone;
        gone.iter().map(|key| name(Role::Issuer, Some(key.algorithm()), key.version)).collect()
    }

    pub(super) fn published(&self, now: Timestamp) -> JwkSet {
        let published = self.states(now).filter(|(_, state)| *state != KeyState::Expired);
        JwkSet { keys: published.map(|(key, _)| key.signer.public().clone()).collect() }
    }

    fn publish(&mut self, now: Timestamp) {
        self.keys.sort_by_key(|key| (key.algorithm(), key.version));
        // Public keys always become JSON; an empty text would make every verification fail, and so be safe.
        self.jwks = serde_json::to_string(&self.published(now)).unwrap_or_default();
        let mut verification = KeySet::default();
        for key in &self.keys {
            verification.add_until(key.signer.public(), self.ends(key).map(Timestamp::seconds));
        }
        self.verification = verification;
    }

    fn state(&self, key: &IssuerKey, now: Timestamp) -> KeyState {
        if key.activates > now {
            return KeyState::Next;
        }
        match self.successor(key) {
            Some(successor) if successor.activates <= now => {
                if self.ends(key).is_some_and(|ends| ends <= now) {
                    KeyState::Expired
                } else {
                    KeyState::Retired
                }
            }
            _ => KeyState::Active,
        }
    }

    /// When a key is published and believed no more.
    fn ends(&self, key: &IssuerKey) -> Option<Timestamp> {
        Some(self.successor(key)?.activates.plus(self.keep_after?))
    }

    fn successor(&self, key: &IssuerKey) -> Option<&IssuerKey> {
        self.keys.iter().find(|other| other.algorithm() == key.algorithm() && other.version > key.version)
    }
}
