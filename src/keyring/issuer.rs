//! The keys that relying parties verify with: one per algorithm at a time, with a past and a future.
//!
//! What is published changes at a few moments that are known beforehand, so the JWKS of each is written once and only looked up.

use std::sync::Arc;

use super::{key::Key, life::Life, revocation::Revocation};
use crate::{
    domain::ambient::Timestamp,
    wire::jose::{Algorithm, JwkSet, KeySet, Signer},
};

/// All of them, by algorithm, then version.
pub(super) struct IssuerKeys {
    keys: Vec<(Arc<Key>, Life)>,
    /// Of issuer keys that had taken over.
    revoked: Vec<Revocation>,
    /// From which moment on the JWKS is which, the earliest first.
    published: Vec<(Timestamp, Arc<str>)>,
    verification: Arc<KeySet>,
}

impl IssuerKeys {
    pub(super) fn new(keys: Vec<(Arc<Key>, Life)>, revoked: Vec<Revocation>) -> Self {
        let mut moments: Vec<_> = keys.iter().filter_map(|(_, life)| life.ends).collect();
        moments.push(Timestamp(i64::MIN));
        moments.sort_unstable();
        moments.dedup();
        let published = moments.into_iter().map(|at| (at, published(&keys, at))).collect();
        let mut verification = KeySet::default();
        for (key, life) in &keys {
            if let Some(signer) = key.signer() {
                verification.add_until(signer.public(), life.ends.map(Timestamp::seconds));
            }
        }
        Self { keys, revoked, published, verification: Arc::new(verification) }
    }

    /// The one that signs. After a revocation that is the newest, also for who looks with a clock that is behind, or
    /// goes on with the time at which a request began: nothing else can sign.
    pub(super) fn active(&self, algorithm: Algorithm, now: Timestamp) -> Option<&Arc<Signer>> {
        let of = |key: &Key| key.algorithm == Some(algorithm);
        let active = self.keys.iter().rfind(|(key, _)| of(key) && key.dates.activates <= now);
        let withdrawn = self.revoked.iter().filter(|mark| mark.algorithm == Some(algorithm));
        let withdrawn = withdrawn.filter(|mark| mark.dates.activates <= now).map(|mark| mark.dates.version).max();
        let newest = || self.keys.iter().rfind(|(key, _)| of(key) && withdrawn < Some(key.dates.version));
        let taken_over = active.filter(|(key, _)| withdrawn < Some(key.dates.version));
        let signs = if withdrawn.is_some() { taken_over.or_else(newest) } else { taken_over };
        signs.and_then(|(key, _)| key.signer())
    }

    pub(super) fn jwks(&self, now: Timestamp) -> Arc<str> {
        let current = self.published.iter().rfind(|(from, _)| *from <= now);
        current.map(|(_, text)| Arc::clone(text)).unwrap_or_default()
    }

    pub(super) const fn verification_keys(&self) -> &Arc<KeySet> {
        &self.verification
    }
}

fn published(keys: &[(Arc<Key>, Life)], at: Timestamp) -> Arc<str> {
    let live = keys.iter().filter(|(_, life)| life.ends.is_none_or(|ends| ends > at));
    let set = JwkSet { keys: live.filter_map(|(key, _)| key.signer()).map(|key| key.public().clone()).collect() };
    // Public keys always become JSON; an empty text would make every verification fail, and so be safe.
    serde_json::to_string(&set).unwrap_or_default().into()
}
