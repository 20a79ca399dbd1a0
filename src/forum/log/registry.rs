//! What a forum learns from the log of institutions (`specs/log.md`): which keys sign heads, and which logs have ended.
//!
//! Everything else there is for others to read, and a leaf of a kind that is not known yet is passed over. Not verified here:
//! that the entries are those of the signed head.

use std::collections::BTreeSet;

use super::{LogKey, Logs};
use crate::{
    forum::ambient::HOUR,
    wire::tlog::{
        Hash,
        leaf::{Hour, Key, KeyAct, PublicKey, Registry, RegistryLeaf},
    },
};

/// What was read, in its order.
#[derive(Debug, Default)]
pub(in crate::forum) struct News {
    pub(in crate::forum) keys: Vec<KeyNews>,
    pub(in crate::forum) ends: BTreeSet<End>,
}

/// Something about a key of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::forum) enum KeyNews {
    /// Heads that it signs are to be believed.
    Takes(LogKey),
    /// No longer, from this time on, in milliseconds.
    Ends { kid: String, at: i64 },
    /// Never again.
    Revoked { kid: String, at: i64 },
}

/// The last head of a log that has ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::forum) struct End {
    pub(in crate::forum) origin: String,
    pub(in crate::forum) size: u64,
    pub(in crate::forum) root: Hash,
}

/// The first entry is not that of this issuer's registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotThisRegistry;

impl News {
    /// Reads the entry at this index.
    pub(super) fn read(&mut self, index: u64, entry: &[u8], issuer: &str, logs: &Logs) -> Result<(), NotThisRegistry> {
        let leaf = RegistryLeaf::parse(entry);
        if index == 0 {
            let Ok(RegistryLeaf { facts: Registry::Genesis(genesis), .. }) = leaf else { return Err(NotThisRegistry) };
            if genesis.issuer.as_str() != issuer || genesis.origin.as_str() != logs.registry() {
                return Err(NotThisRegistry);
            }
            let keys = genesis.log_keys.iter().filter_map(|key| log_key(key.public()));
            self.keys.extend(keys.map(KeyNews::Takes));
            return Ok(());
        }
        match leaf {
            Ok(RegistryLeaf { hour, facts: Registry::Key(key) }) if key.role.as_str() == ROLE => {
                self.keys.extend(news_of(&key, hour));
            }
            Ok(RegistryLeaf { facts: Registry::Anchor(anchor), .. }) if anchor.is_final => {
                let origin = logs.origin(anchor.log.as_str());
                self.ends.insert(End { origin, size: anchor.size, root: anchor.root });
            }
            _ => {}
        }
        Ok(())
    }
}

fn news_of(key: &Key, hour: Hour) -> Option<KeyNews> {
    let kid = key.kid.as_str().to_owned();
    match key.act {
        KeyAct::Announced | KeyAct::Active => key.public.as_ref().and_then(log_key).map(KeyNews::Takes),
        // To the end of the last hour that counts.
        KeyAct::Retired => Some(KeyNews::Ends { kid, at: key.not_after.unwrap_or(hour).millis() + HOUR }),
        KeyAct::Revoked => Some(KeyNews::Revoked { kid, at: hour.millis() }),
    }
}

fn log_key(key: &PublicKey) -> Option<LogKey> {
    match key {
        PublicKey::Signature(key) => LogKey::of_jwk(key),
        PublicKey::Slot(_) => None,
    }
}

const ROLE: &str = "log";

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    const KID: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";

    fn read(entries: &[String]) -> News {
        let mut news = News::default();
        for (index, entry) in (1..).zip(entries) {
            let logs = Logs::of("https://id.example");
            news.read(index, entry.as_bytes(), "https://id.example", &logs).unwrap();
        }
        news
    }

    fn key(role: &str, public: &str, act: &str, not_after: &str) -> String {
        format!(
            r#"{{"v":1,"kind":"key","hour":"2026-11-30T20Z","role":"{role}","kid":"{KID}","algorithm":"EdDSA","public":{public},"act":"{act}","not_before":"2026-11-30T20Z","not_after":{not_after}}}"#
        )
    }

    #[test]
    fn keys_of_the_log_come_and_go_in_the_order_of_their_leaves() {
        let kid = || KID.to_owned();
        let hour = "2026-11-30T20Z".parse::<Hour>().unwrap().millis();
        let news = read(&[
            key("log", KEY, "announced", "null"),
            key("log", "null", "retired", r#""2026-11-30T22Z""#),
            key("log", "null", "retired", "null"),
            key("log", "null", "revoked", "null"),
        ]);
        let public = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".parse().unwrap();
        let expected = [
            KeyNews::Takes(public),
            KeyNews::Ends { kid: kid(), at: hour + 3 * HOUR },
            KeyNews::Ends { kid: kid(), at: hour + HOUR },
            KeyNews::Revoked { kid: kid(), at: hour },
        ];
        assert_eq!(news.keys, expected);
    }

    #[test]
    fn what_is_not_about_heads_is_passed_over() {
        let anchor = |last: bool| {
            let root = "A".repeat(43);
            format!(
                r#"{{"v":1,"kind":"anchor","hour":"2026-11-30T20Z","log":"2026","size":7,"root":"{root}","final":{last}}}"#
            )
        };
        let news = read(&[
            key("issuer-eddsa", KEY, "active", "null"),
            r#"{"v":1,"kind":"lift.request","hour":"2026-11-30T20Z"}"#.to_owned(),
            "no leaf".to_owned(),
            anchor(false),
        ]);
        assert!(news.keys.is_empty() && news.ends.is_empty());
        let ends = read(&[anchor(true)]).ends;
        let end = End { origin: "id.example/log/2026".into(), size: 7, root: Hash::from_bytes([0; 32]) };
        assert_eq!(ends, BTreeSet::from([end]));
    }

    #[test]
    fn a_registry_begins_with_its_genesis() {
        let (mut news, logs) = (News::default(), Logs::of("https://id.example"));
        let entry = key("log", KEY, "active", "null");
        assert_eq!(news.read(0, entry.as_bytes(), "https://id.example", &logs), Err(NotThisRegistry));
    }
}
