//! The keys that sign the heads of the public logs (C2SP signed-note, Ed25519).
//!
//! A head is signed by the active key and by every retired one that is still kept, so that a verifier who knows one of them
//! goes on, and has that time to learn the new one.

use std::{fmt, sync::Arc};

use ed25519_dalek::{Signer as _, SigningKey};

use super::{
    key::{Key, Material},
    life::{KeyState, Life},
};
use crate::{domain::ambient::Timestamp, wire::jose::PublicKey};

/// All of them, oldest first.
pub struct LogKeys(Vec<(Arc<Key>, Life)>);

/// One that signs.
pub struct LogKey<'a> {
    key: &'a Key,
    signing: &'a SigningKey,
}

/// What everybody may know of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogKeyInfo {
    pub version: u32,
    /// Its thumbprint (RFC 7638).
    pub kid: String,
    pub public: [u8; 32],
    pub state: KeyState,
    pub created: Timestamp,
    pub activates: Timestamp,
    /// When its successor takes over, if that is known.
    pub retires: Option<Timestamp>,
    /// When it signs no more.
    pub ends: Option<Timestamp>,
}

impl LogKeys {
    pub(super) fn new(keys: Vec<(Arc<Key>, Life)>) -> Self {
        Self(keys)
    }

    /// Every key that signs a head now, oldest first; at least one. Right after a revocation that is the newest, also for who looks
    /// with a clock that is behind.
    pub fn signing(&self, now: Timestamp) -> Vec<LogKey<'_>> {
        let state = |life: &Life| life.state(now);
        let has_active = self.0.iter().any(|(_, life)| state(life) == KeyState::Active);
        let newest = self.0.last().filter(|_| !has_active).map(|(key, _)| &key.kid);
        let signs = |key: &Key, life: &Life| {
            matches!(state(life), KeyState::Active | KeyState::Retired) || newest == Some(&key.kid)
        };
        let signing = self.0.iter().filter(|(key, life)| signs(key, life));
        signing.filter_map(|(key, _)| LogKey::of(key)).collect()
    }

    /// All that are known, those that wait too. A revoked one is known by its `kid` only ([`Keyring::keys`](super::Keyring::keys)).
    pub fn public(&self, now: Timestamp) -> Vec<LogKeyInfo> {
        let keys = self.0.iter().filter_map(|(key, life)| Some((LogKey::of(key)?, life)));
        let info = |(key, life): (LogKey<'_>, &Life)| LogKeyInfo {
            version: key.version(),
            kid: key.kid().to_owned(),
            public: key.public(),
            state: life.state(now),
            created: key.key.dates.created,
            activates: key.key.dates.activates,
            retires: life.superseded,
            ends: life.ends,
        };
        keys.map(info).collect()
    }
}

impl<'a> LogKey<'a> {
    fn of(key: &'a Key) -> Option<Self> {
        match &key.material {
            Material::Log(signing) => Some(Self { key, signing }),
            Material::Signer(_) | Material::Master(_) => None,
        }
    }

    pub const fn version(&self) -> u32 {
        self.key.dates.version
    }

    pub fn kid(&self) -> &str {
        &self.key.kid
    }

    pub fn public(&self) -> [u8; 32] {
        self.signing.verifying_key().to_bytes()
    }

    /// Ed25519 over these bytes (RFC 8032 §5.1.6).
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.signing.sign(bytes).to_bytes()
    }
}

/// The thumbprint of the public key, as in the registry log.
pub(super) fn kid(signing: &SigningKey) -> Option<String> {
    PublicKey::ed25519(signing.verifying_key().as_bytes()).ok().map(|key| key.thumbprint())
}

impl fmt::Debug for LogKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKeys({})", self.0.len())
    }
}

impl fmt::Debug for LogKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({})", self.kid())
    }
}
