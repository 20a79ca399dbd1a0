//! All keys as they stood in the directory at one look. Whoever works with keys takes one and keeps it as long as that takes;
//! the next look makes another one.

use std::{path::Path, sync::Arc};

use super::{
    KeyringError, Purpose, Role,
    issuer::IssuerKeys,
    key::Key,
    life::{Dates, KeyState, Life},
    log::LogKeys,
    policy::Policy,
    pseudonym::PseudonymKeys,
    revocation::Revocation,
    token::TokenKey,
    vault::VaultKey,
    versions::Versions,
    vrf::VrfKey,
};
use crate::{
    domain::ambient::Timestamp,
    wire::jose::{Algorithm, PublicKey},
};

pub(super) struct Snapshot {
    /// By role, algorithm and version.
    pub(super) keys: Vec<(Arc<Key>, Life)>,
    pub(super) revoked: Vec<Revocation>,
    /// Names of key files that came back although they are revoked.
    pub(super) restored: Vec<String>,
    pub(super) purpose: Purpose,
    pub(super) issuer: IssuerKeys,
    pub(super) vault: Arc<VaultKey>,
    pub(super) pseudonym: Arc<PseudonymKeys>,
    pub(super) token: Arc<TokenKey>,
    pub(super) log: Arc<LogKeys>,
    pub(super) vrf: Arc<VrfKey>,
    /// When another version of something begins to seal, or one ends.
    pub(super) turns: Option<Timestamp>,
}

/// What there is to know of one key, without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    pub role: Role,
    /// Of issuer keys.
    pub algorithm: Option<Algorithm>,
    pub version: u32,
    pub kid: String,
    /// Of issuer keys and those of the public logs, until they are revoked.
    pub public: Option<PublicKey>,
    pub state: KeyState,
    pub created: Timestamp,
    pub activates: Timestamp,
    /// When its successor takes over, if that is known.
    pub retires: Option<Timestamp>,
    /// When it is believed no more: after `keep_after_days`, or because it was revoked.
    pub ends: Option<Timestamp>,
}

impl KeyInfo {
    /// The name of its file without the ending: `issuer-eddsa-2`.
    pub fn name(&self) -> String {
        let name = super::armour::name(self.role, self.algorithm, self.version);
        name.strip_suffix(super::armour::EXTENSION).unwrap_or(&name).to_owned()
    }

    fn of(key: &Key, life: Life, now: Timestamp) -> Self {
        let Dates { version, created, activates } = key.dates;
        Self {
            role: key.role,
            algorithm: key.algorithm,
            version,
            kid: key.kid.clone(),
            public: key.public(),
            state: life.state(now),
            created,
            activates,
            retires: life.superseded,
            ends: life.ends,
        }
    }

    pub(super) fn of_revoked(mark: &Revocation) -> Self {
        let Dates { version, created, activates } = mark.dates;
        Self {
            role: mark.role,
            algorithm: mark.algorithm,
            version,
            kid: mark.kid.clone(),
            public: None,
            state: KeyState::Revoked,
            created,
            activates,
            retires: None,
            ends: Some(mark.at),
        }
    }
}

/// The versions of one role, and for the issuer of one algorithm.
pub(super) struct Line<'a> {
    pub(super) role: Role,
    pub(super) algorithm: Option<Algorithm>,
    pub(super) newest: &'a Arc<Key>,
    /// Above all that ever were.
    pub(super) next_version: u32,
}

impl Snapshot {
    /// From all that was read; what is revoked is left out, whatever name it came back under.
    pub(super) fn assemble(
        directory: &Path,
        policy: &Policy,
        read: Vec<Arc<Key>>,
        revoked: Vec<Revocation>,
        now: Timestamp,
    ) -> Result<Self, KeyringError> {
        let is_revoked = |key: &Arc<Key>| revoked.iter().any(|mark| mark.kid == key.kid);
        let (restored, mut keys): (Vec<_>, Vec<_>) = read.into_iter().partition(is_revoked);
        keys.sort_by_key(|key| (key.role, key.algorithm, key.dates.version));
        let Some(purpose) = keys.first().map(|key| key.purpose) else {
            return Err(KeyringError::NoKeys(directory.to_owned()));
        };
        if keys.iter().any(|key| key.purpose != purpose) {
            return Err(KeyringError::Mixed(directory.to_owned()));
        }
        let keys: Vec<_> = keys.iter().map(|key| (Arc::clone(key), life(key, &keys, &revoked, policy))).collect();
        let missing = |role| KeyringError::Missing { role, directory: directory.to_owned() };
        let versions = |role| {
            let believed = keys.iter().filter(|(key, life)| key.role == role && !is_expired(*life, now));
            Versions::new(believed.map(|(key, _)| key), now).ok_or_else(|| missing(role))
        };
        let all = |role| {
            let keys: Vec<_> = keys.iter().filter(|(key, _)| key.role == role).cloned().collect();
            if keys.is_empty() { Err(missing(role)) } else { Ok(keys) }
        };
        let issuer = all(Role::Issuer)?;
        let marks = revoked.iter().filter(|mark| mark.role == Role::Issuer && mark.had_taken_over()).cloned();
        Ok(Self {
            purpose,
            issuer: IssuerKeys::new(issuer, marks.collect()),
            vault: Arc::new(VaultKey(versions(Role::Vault)?)),
            pseudonym: Arc::new(PseudonymKeys(versions(Role::Pseudonym)?)),
            token: Arc::new(TokenKey(versions(Role::Token)?)),
            log: Arc::new(LogKeys::new(all(Role::Log)?)),
            vrf: Arc::new(VrfKey::new(&versions(Role::Vrf)?).ok_or_else(|| missing(Role::Vrf))?),
            turns: keys.iter().filter_map(|(_, life)| life.turns(now)).min(),
            restored: restored.iter().map(|key| key.name()).collect(),
            revoked,
            keys,
        })
    }

    /// Every key with its state, those that were revoked too.
    pub(super) fn infos(&self, now: Timestamp) -> Vec<KeyInfo> {
        let known = self.keys.iter().map(|(key, life)| KeyInfo::of(key, *life, now));
        let mut infos: Vec<_> = known.chain(self.revoked.iter().map(KeyInfo::of_revoked)).collect();
        infos.sort_by_key(|info| (info.role, info.algorithm, info.version));
        infos
    }

    /// One line per role, and per algorithm of the issuer.
    pub(super) fn lines(&self) -> Vec<Line<'_>> {
        let mut lines: Vec<Line<'_>> = Vec::new();
        for (key, _) in &self.keys {
            let next_version = key.dates.version.saturating_add(1);
            match lines.last_mut().filter(|line| (line.role, line.algorithm) == (key.role, key.algorithm)) {
                Some(line) => (line.newest, line.next_version) = (key, next_version),
                None => {
                    lines.push(Line { role: key.role, algorithm: key.algorithm, newest: key, next_version });
                }
            }
        }
        for line in &mut lines {
            let marks = self.revoked.iter().filter(|mark| (mark.role, mark.algorithm) == (line.role, line.algorithm));
            let highest = marks.map(|mark| mark.dates.version.saturating_add(1)).max().unwrap_or_default();
            line.next_version = line.next_version.max(highest);
        }
        lines
    }
}

fn life(key: &Key, all: &[Arc<Key>], revoked: &[Revocation], policy: &Policy) -> Life {
    let same = |role: Role, algorithm| (role, algorithm) == (key.role, key.algorithm);
    let living = all.iter().filter(|other| same(other.role, other.algorithm)).map(|other| other.dates);
    let gone = revoked.iter().filter(|mark| same(mark.role, mark.algorithm) && mark.had_taken_over());
    Life::of(key.dates, living.chain(gone.map(|mark| mark.dates)), policy.of(key.role).keep_after())
}

fn is_expired(life: Life, now: Timestamp) -> bool {
    life.state(now) == KeyState::Expired
}
