//! The provider's keys as the registry tells their lives: announced, active, retired, revoked, each with its hour.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;

use crate::wire::{
    jose,
    tlog::{
        Algorithm, NoteKey,
        leaf::{Hour, Key, KeyAct, NamedKey, PublicKey},
    },
};

/// The role of the keys that sign heads of logs.
pub(in crate::auditor) const LOG: &str = "log";
/// The role of the keys that sign tokens.
pub(in crate::auditor) const ISSUER: &str = "issuer";

/// Every key that the registry has named, by role and `kid`.
#[derive(Debug, Default)]
pub(in crate::auditor) struct Keys(BTreeMap<(String, String), Life>);

/// What is known of a key.
#[derive(Debug)]
struct Life {
    act: KeyAct,
    public: Option<PublicKey>,
    /// When the registry first named it.
    known: Hour,
    /// When it takes over.
    starts: Hour,
    retired: Option<Hour>,
    /// When it is believed no more, where that was said.
    ends: Option<Hour>,
    revoked: Option<Hour>,
}

impl Keys {
    /// A log key of the first leaf.
    pub(super) fn begin(&mut self, key: &NamedKey, hour: Hour) {
        let life = Life {
            act: KeyAct::Active,
            public: Some(key.public().clone()),
            known: hour,
            starts: hour,
            retired: None,
            ends: None,
            revoked: None,
        };
        self.0.insert((LOG.to_owned(), key.kid().to_string()), life);
    }

    /// The next act of a key. Where it cannot follow those before: the act before it.
    pub(super) fn take(&mut self, key: &Key, hour: Hour) -> Result<(), KeyAct> {
        let name = (key.role.to_string(), key.kid.to_string());
        let before = self.0.get(&name).map(|life| life.act);
        let life = self.0.entry(name).or_insert_with(|| Life {
            act: key.act,
            public: None,
            known: hour,
            starts: key.not_before,
            retired: None,
            ends: None,
            revoked: None,
        });
        // What is wrong does not give a key a second life.
        if let Some(before) = before.filter(|before| before.rank() > key.act.rank()) {
            return Err(before);
        }
        life.act = key.act;
        life.public = key.public.clone().or(life.public.take());
        match key.act {
            KeyAct::Announced | KeyAct::Active => life.starts = key.not_before,
            KeyAct::Retired => life.retired = life.retired.or(Some(hour)),
            KeyAct::Revoked => life.revoked = life.revoked.or(Some(hour)),
        }
        life.ends = key.not_after;
        Ok(())
    }

    /// Whether a key of this role could sign in this hour. If not: what is known of it, in words.
    pub(in crate::auditor) fn signs(&self, role: &str, kid: &str, hour: Hour) -> Result<(), String> {
        let Some(life) = self.0.get(&(role.to_owned(), kid.to_owned())) else {
            return Err("a key that the registry never named".to_owned());
        };
        if hour < life.known {
            return Err(format!("a key that was announced only in {}", life.known));
        }
        if hour < life.starts {
            return Err(format!("a key that takes over only in {}", life.starts));
        }
        if let Some(revoked) = life.revoked.filter(|revoked| hour > *revoked) {
            return Err(format!("a key that was revoked in {revoked}"));
        }
        if let Some(end) = life.ends.filter(|end| hour > *end) {
            return Err(format!("a key that is believed until {end}"));
        }
        // Its successor signs from that hour on; what had begun before was signed within the next.
        if let Some(retired) = life.retired.filter(|retired| hour.count() > retired.count() + 1) {
            return Err(format!("a key that was retired in {retired}"));
        }
        Ok(())
    }

    /// The public key, where it signs tokens or heads.
    pub(in crate::auditor) fn public(&self, role: &str, kid: &str) -> Option<&jose::PublicKey> {
        match self.0.get(&(role.to_owned(), kid.to_owned()))?.public.as_ref()? {
            PublicKey::Signature(key) => Some(key),
            PublicKey::Slot(_) => None,
        }
    }

    /// The log keys, under the name of a log, that could sign a head at some time between these hours.
    pub(in crate::auditor) fn of_log(&self, origin: &str, from: Hour, until: Hour) -> Vec<NoteKey> {
        let believed = |life: &&Life| {
            let ends = life.revoked.into_iter().chain(life.ends).min();
            life.known <= until && life.starts <= until && ends.is_none_or(|end| from <= end)
        };
        let lives = self.0.iter().filter(|((role, _), _)| role == LOG).map(|(_, life)| life).filter(believed);
        let publics = lives.filter_map(|life| ed25519(life.public.as_ref()?));
        publics.filter_map(|public| NoteKey::new(origin, Algorithm::Ed25519, &public).ok()).collect()
    }

    /// The `kid` of a log key, and the hour of its end, if it has one.
    pub(in crate::auditor) fn log_key(&self, public: &[u8; 32]) -> Option<(&str, Option<Hour>)> {
        self.0.iter().find_map(|((role, kid), life)| {
            let fits = role == LOG && life.public.as_ref().and_then(ed25519).as_ref() == Some(public);
            fits.then(|| (kid.as_str(), life.revoked.into_iter().chain(life.ends).chain(life.retired).min()))
        })
    }
}

/// The 32 bytes of an Ed25519 key.
fn ed25519(key: &PublicKey) -> Option<[u8; 32]> {
    #[derive(Deserialize)]
    struct Members {
        crv: Option<String>,
        x: Option<String>,
    }
    let PublicKey::Signature(key) = key else { return None };
    let members: Members = serde_json::from_str(&key.canonical()).ok()?;
    let x = members.x.filter(|_| members.crv.as_deref() == Some("Ed25519"))?;
    BASE64URL_NOPAD.decode(x.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(count: i64) -> Hour {
        Hour::from_millis(count * 3_600_000)
    }

    fn key(act: KeyAct, not_before: i64, not_after: Option<i64>) -> Key {
        let public =
            jose::PublicKey::ed25519(ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes());
        let public = PublicKey::Signature(public.unwrap());
        Key {
            role: ISSUER.parse().unwrap(),
            kid: public.kid().parse().unwrap(),
            algorithm: "EdDSA".parse().unwrap(),
            public: matches!(act, KeyAct::Announced | KeyAct::Active).then_some(public),
            act,
            not_before: hour(not_before),
            not_after: not_after.map(hour),
        }
    }

    #[test]
    fn a_key_signs_from_the_hour_it_takes_over_until_its_successor_has() {
        let mut keys = Keys::default();
        keys.take(&key(KeyAct::Announced, 30, None), hour(10)).unwrap();
        keys.take(&key(KeyAct::Active, 30, None), hour(31)).unwrap();
        keys.take(&key(KeyAct::Retired, 30, Some(90)), hour(60)).unwrap();
        let kid = key(KeyAct::Active, 1, None).kid.to_string();
        let signs = |at| keys.signs(ISSUER, &kid, hour(at));
        assert!([30, 31, 60, 61].into_iter().all(|at| signs(at).is_ok()));
        assert!([9, 10, 29, 62, 90].into_iter().all(|at| signs(at).is_err()));
        assert!(keys.signs(ISSUER, "another", hour(40)).is_err() && keys.signs(LOG, &kid, hour(40)).is_err());
        assert!(keys.public(ISSUER, &kid).is_some());
    }

    #[test]
    fn a_key_that_has_ended_does_not_begin_again() {
        let mut keys = Keys::default();
        keys.take(&key(KeyAct::Active, 1, None), hour(1)).unwrap();
        keys.take(&key(KeyAct::Revoked, 1, Some(5)), hour(5)).unwrap();
        assert_eq!(keys.take(&key(KeyAct::Active, 6, None), hour(6)), Err(KeyAct::Revoked));
        let kid = key(KeyAct::Active, 1, None).kid.to_string();
        assert!(keys.signs(ISSUER, &kid, hour(5)).is_ok() && keys.signs(ISSUER, &kid, hour(6)).is_err());
    }
}
