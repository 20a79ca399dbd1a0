//! The keys by which heads are believed: those of the settings or, where there are none, those that the provider showed first;
//! and those that took over from them, as the registry says.

use sqlx::{Sqlite, Transaction};

use super::{Store, StoreError};
use crate::forum::log::{KeyNews, LogKey};

/// How a key came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::forum) enum KnownBy {
    Settings,
    Discovery,
    Registry,
}

impl KnownBy {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Discovery => "discovery",
            Self::Registry => "registry",
        }
    }
}

impl Store {
    /// The keys that are believed now.
    pub(in crate::forum) async fn log_keys(&self, now: i64) -> Result<Vec<LogKey>, StoreError> {
        let keys: Vec<Vec<u8>> = sqlx::query_scalar(BELIEVED).bind(now).fetch_all(&self.readers).await?;
        // The schema holds them to 32 bytes.
        Ok(keys.into_iter().filter_map(|key| LogKey::new(key.try_into().ok()?).ok()).collect())
    }

    /// Takes the first keys there are; `false` where some were known before, whatever became of them.
    pub(in crate::forum) async fn take_log_keys(&self, keys: &[LogKey], by: KnownBy) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let known: bool = sqlx::query_scalar(ANY).fetch_one(&mut *tx).await?;
        if !known {
            for key in keys {
                keep(&mut tx, key, by).await?;
            }
            tx.commit().await?;
        }
        Ok(!known)
    }

    /// Takes the keys of the settings. What was taken on trust before goes, with everything that followed from it, and the
    /// registry is read anew.
    pub(in crate::forum) async fn settle_log_keys(&self, keys: &[LogKey], registry: &str) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        let kids: Vec<_> = keys.iter().map(LogKey::kid).collect();
        sqlx::query(LEAVE_OUT).bind(serde_json::to_string(&kids)?).execute(&mut *tx).await?;
        if sqlx::query_scalar(ON_TRUST).fetch_one(&mut *tx).await? {
            sqlx::query(FORGET_OTHERS).execute(&mut *tx).await?;
            sqlx::query(READ_ANEW).bind(registry).execute(&mut *tx).await?;
        }
        for key in keys {
            keep(&mut tx, key, KnownBy::Settings).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// Takes what the registry says, in its order.
pub(super) async fn learn(tx: &mut Transaction<'static, Sqlite>, news: &[KeyNews]) -> Result<(), StoreError> {
    for news in news {
        match news {
            KeyNews::Takes(key) => keep(tx, key, KnownBy::Registry).await?,
            KeyNews::Ends { kid, at } => {
                sqlx::query(ENDS).bind(kid).bind(at).execute(&mut **tx).await?;
            }
            KeyNews::Revoked { kid, at } => {
                sqlx::query(REVOKED).bind(kid).bind(at).execute(&mut **tx).await?;
            }
        }
    }
    Ok(())
}

/// Keeps a key that is not known yet: one that has ended does not come back.
async fn keep(tx: &mut Transaction<'static, Sqlite>, key: &LogKey, by: KnownBy) -> Result<(), StoreError> {
    let public = key.public().as_slice();
    sqlx::query(KEEP).bind(key.kid()).bind(public).bind(by.as_str()).execute(&mut **tx).await?;
    Ok(())
}

const BELIEVED: &str =
    "SELECT public FROM log_keys WHERE revoked_at IS NULL AND (ends_at IS NULL OR ends_at > $1) ORDER BY kid";
const ANY: &str = "SELECT EXISTS (SELECT 1 FROM log_keys)";
const ON_TRUST: &str = "SELECT EXISTS (SELECT 1 FROM log_keys WHERE known_by = 'discovery')";
const KEEP: &str = "INSERT INTO log_keys (kid, public, known_by) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const LEAVE_OUT: &str = "DELETE FROM log_keys WHERE known_by = 'settings' AND revoked_at IS NULL
    AND kid NOT IN (SELECT value FROM json_each($1))";
const FORGET_OTHERS: &str = "DELETE FROM log_keys WHERE known_by <> 'settings'";
const READ_ANEW: &str = "DELETE FROM log_checked WHERE origin = $1";
const ENDS: &str = "UPDATE log_keys SET ends_at = min(coalesce(ends_at, $2), $2) WHERE kid = $1";
const REVOKED: &str = "UPDATE log_keys SET revoked_at = coalesce(revoked_at, $2) WHERE kid = $1";

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::forum::{
        log::{Head, News},
        store::tests::store,
    };
    use crate::wire::tlog::Hash;

    const REGISTRY: &str = "id.example/log/registry";

    fn key(seed: u8) -> LogKey {
        LogKey::new(SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes()).unwrap()
    }

    async fn learned(store: &Store, keys: Vec<KeyNews>) {
        let head = Head { origin: REGISTRY.into(), size: 1, root: Hash::of_leaf(b""), note: String::new() };
        store.registry_held(&head, &News { keys, ..News::default() }, 0).await.unwrap();
    }

    async fn believed(store: &Store, now: i64) -> Vec<LogKey> {
        let mut keys = store.log_keys(now).await.unwrap();
        keys.sort();
        keys
    }

    fn sorted(mut keys: Vec<LogKey>) -> Vec<LogKey> {
        keys.sort();
        keys
    }

    #[tokio::test]
    async fn the_first_keys_are_taken_and_no_others_after_them() {
        let (store, _directory) = store().await;
        assert!(store.take_log_keys(&[key(1)], KnownBy::Discovery).await.unwrap());
        assert!(!store.take_log_keys(&[key(2)], KnownBy::Discovery).await.unwrap());
        assert_eq!(believed(&store, 0).await, [key(1)]);
        let revoked = KeyNews::Revoked { kid: key(1).kid().into(), at: 5 };
        learned(&store, vec![revoked]).await;
        assert!(!store.take_log_keys(&[key(1)], KnownBy::Discovery).await.unwrap(), "none is left, and none is taken");
        assert_eq!(believed(&store, 0).await, []);
    }

    #[tokio::test]
    async fn a_key_takes_over_as_the_registry_says_and_one_that_has_ended_does_not_come_back() {
        let (store, _directory) = store().await;
        store.settle_log_keys(&[key(1)], REGISTRY).await.unwrap();
        let ends = KeyNews::Ends { kid: key(1).kid().into(), at: 100 };
        learned(&store, vec![KeyNews::Takes(key(2)), ends]).await;
        assert_eq!(believed(&store, 99).await, sorted(vec![key(1), key(2)]));
        assert_eq!(believed(&store, 100).await, [key(2)]);
        learned(&store, vec![KeyNews::Revoked { kid: key(2).kid().into(), at: 5 }, KeyNews::Takes(key(2))]).await;
        store.settle_log_keys(&[key(1), key(2)], REGISTRY).await.unwrap();
        assert_eq!(believed(&store, 100).await, [], "not by the registry, and not by the settings");
        store.settle_log_keys(&[key(3)], REGISTRY).await.unwrap();
        assert_eq!(believed(&store, 100).await, [key(3)]);
    }

    #[tokio::test]
    async fn keys_of_the_settings_replace_those_taken_on_trust_and_what_these_have_brought() {
        let (store, _directory) = store().await;
        store.take_log_keys(&[key(1)], KnownBy::Discovery).await.unwrap();
        learned(&store, vec![KeyNews::Takes(key(2))]).await;
        store.settle_log_keys(&[key(3)], REGISTRY).await.unwrap();
        assert_eq!(believed(&store, 0).await, [key(3)]);
        assert!(store.checked_heads().await.unwrap().is_empty(), "the registry is read anew");
        learned(&store, vec![KeyNews::Takes(key(4))]).await;
        store.settle_log_keys(&[key(3)], REGISTRY).await.unwrap();
        assert_eq!(believed(&store, 0).await, sorted(vec![key(3), key(4)]), "a restart changes nothing");
        assert!(!store.checked_heads().await.unwrap().is_empty());
    }
}
