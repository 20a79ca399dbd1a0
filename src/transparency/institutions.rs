//! What the registry log says of institutions, keys and rules: each fact once, and again when it has changed (`specs/log.md` §3).
//!
//! Whoever changes an institution says so in the transaction that changes it. Keys change by their dates, and rules with the
//! configuration, without a transaction of ours: a periodic round says what is new of them, and no token is logged whose key the
//! registry does not have.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
};

use sha2::{Digest as _, Sha256};

use crate::{
    domain::ambient::{Ambient, Timestamp},
    keyring::{KeyInfo, KeyState, Keyring, Role},
    store::{Log, NewLeaf, Store, StoreError, Tx, log_subjects, settings},
    wire::{
        jose,
        sealed::CustodiansKey,
        tlog::{
            Hash,
            leaf::{Config, Custodians, Facts as _, Hour, Key, KeyAct, Policy, PublicKey, Registry, RegistryLeaf},
        },
    },
};

/// Speaks of institutions. Cheap to clone.
#[derive(Clone)]
pub struct Institutions(Arc<Inner>);

struct Inner {
    keyring: Arc<Keyring>,
    ambient: Ambient,
    policy: Policy,
    custodians: &'static str,
    /// Keys of which it is certain that the registry has them.
    announced: RwLock<HashSet<String>>,
}

impl Institutions {
    /// `custodians` names the row of `settings` with their public key.
    pub fn new(keyring: Arc<Keyring>, ambient: Ambient, policy: Policy, custodians: &'static str) -> Self {
        Self(Arc::new(Inner { keyring, ambient, policy, custodians, announced: RwLock::default() }))
    }

    /// Sees to it that the registry has the key of a token, at the latest in this transaction. False when the key was revoked: what
    /// it signed is not to be issued.
    pub async fn announce(&self, tx: &mut Tx, kid: &str) -> Result<bool, StoreError> {
        if self.0.keyring.believes(kid) && !self.announced().contains(kid) {
            self.say_keys(tx).await?;
        }
        // Once more, for what was said may be that it is revoked.
        Ok(self.0.keyring.believes(kid))
    }

    /// Says what is new of keys, rules and custodians, and how many leaves that took.
    pub async fn round(&self, store: &Store) -> Result<u64, StoreError> {
        let this = self.clone();
        let said = store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let mut new = this.say_custodians(tx).await?;
                let policy = &this.0.policy;
                new += u64::from(this.say(tx, "config", |_| Config { policy: policy.clone() }.into()).await?);
                let (kids, keys) = this.say_keys(tx).await?;
                Ok((kids, new + keys))
            })
        });
        let (kids, new) = said.await?;
        self.0.announced.write().unwrap_or_else(PoisonError::into_inner).extend(kids);
        Ok(new)
    }

    /// Puts a leaf about a subject into the transaction, unless that is what was said of it last. `facts` are told whether they
    /// are the first. True when there is a leaf.
    pub async fn say(&self, tx: &mut Tx, subject: &str, facts: impl Fn(bool) -> Registry) -> Result<bool, StoreError> {
        let digest = digest(&facts(true))?;
        let first = !log_subjects::is_known(tx, subject).await?;
        if !log_subjects::say(tx, subject, &digest).await? {
            return Ok(false);
        }
        self.append(tx, facts(first)).map(|()| true)
    }

    /// The same of a key, which only goes forward: a node that has not looked at the keys for some seconds does not call active what
    /// another one has said to be revoked.
    async fn say_key(&self, tx: &mut Tx, key: Key) -> Result<bool, StoreError> {
        let (subject, act) = (format!("key:{}", key.kid), key.act.rank());
        let facts = Registry::from(key);
        let mut digest = digest(&facts)?;
        digest[0] = act;
        if !log_subjects::say_forward(tx, &subject, &digest).await? {
            return Ok(false);
        }
        self.append(tx, facts).map(|()| true)
    }

    fn append(&self, tx: &mut Tx, facts: Registry) -> Result<(), StoreError> {
        let bytes = written(self.0.ambient.now(), facts)?;
        tx.log(Log::Registry, NewLeaf { bytes, token: None, owner: None }).map(drop)
    }

    /// The keys whose public part is public: those of the issuer and of the logs. Which there are, and how many were new.
    async fn say_keys(&self, tx: &mut Tx) -> Result<(Vec<String>, u64), StoreError> {
        let now = self.0.ambient.now();
        let (mut kids, mut new) = (Vec::new(), 0);
        for info in self.0.keyring.keys(now) {
            let Some(algorithm) = algorithm(&info) else { continue };
            let (act, not_after) = match info.state {
                KeyState::Next => (KeyAct::Announced, None),
                KeyState::Active => (KeyAct::Active, None),
                KeyState::Retired | KeyState::Expired => (KeyAct::Retired, info.ends),
                KeyState::Revoked => (KeyAct::Revoked, info.ends),
            };
            let public = info.public.filter(|_| matches!(act, KeyAct::Announced | KeyAct::Active));
            let key = Key {
                role: info.role.as_str().parse().map_err(|_| MALFORMED)?,
                kid: info.kid.parse().map_err(|_| MALFORMED)?,
                algorithm: algorithm.parse().map_err(|_| MALFORMED)?,
                public: public.map(PublicKey::Signature),
                act,
                // One that was revoked while it waited never took over.
                not_before: Hour::from_millis(not_after.map_or(info.activates, |end| info.activates.min(end)).0),
                not_after: not_after.map(|end| Hour::from_millis(end.0)),
            };
            new += u64::from(self.say_key(tx, key).await?);
            kids.push(info.kid);
        }
        Ok((kids, new))
    }

    async fn say_custodians(&self, tx: &mut Tx) -> Result<u64, StoreError> {
        let Some(text) = settings::find(tx, self.0.custodians).await? else { return Ok(0) };
        let key: CustodiansKey =
            serde_json::from_str(&text).map_err(|_| StoreError::Corrupt("the custodians' key does not read"))?;
        let leaf = Custodians {
            id: Hash::from_bytes(*key.id().as_bytes()),
            group_key: key.group_key(),
            epoch: key.epoch(),
            threshold: key.threshold(),
            custodians: u16::try_from(key.custodians().len()).map_err(|_| MALFORMED)?,
            fingerprint: Hash::from_bytes(*key.fingerprint().as_bytes()),
        };
        Ok(u64::from(self.say(tx, "custodians", |_| leaf.clone().into()).await?))
    }

    fn announced(&self) -> std::sync::RwLockReadGuard<'_, HashSet<String>> {
        self.0.announced.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(facts: &Registry) -> Result<[u8; 32], StoreError> {
    Ok(Sha256::digest(facts.to_json().map_err(|_| MALFORMED)?).into())
}

/// Of a key that the registry speaks of.
fn algorithm(info: &KeyInfo) -> Option<&'static str> {
    match info.role {
        Role::Issuer => info.algorithm.map(jose::Algorithm::as_str),
        Role::Log => Some("Ed25519"),
        Role::Vault | Role::Pseudonym | Role::Token | Role::Vrf => None,
    }
}

/// A leaf of the registry, as it is published.
pub(super) fn written(now: Timestamp, facts: impl Into<Registry>) -> Result<Vec<u8>, StoreError> {
    RegistryLeaf::new(Hour::from_millis(now.0), facts).to_bytes().map_err(|_| MALFORMED)
}

const MALFORMED: StoreError = StoreError::Corrupt("a leaf of the registry cannot be written");
