//! The public keys of relying parties: given with the registration (`jwks`), or at an address of theirs (`jwks_uri`),
//! from which they are fetched (OpenID Connect Dynamic Client Registration §2, Core §10.1.1).
//!
//! What was fetched serves for an hour, and is fetched again then before it is used: a key that its owner took away opens
//! nothing because somebody was in a hurry. A `kid` that is not in the set is looked for at the address again, since that is
//! how keys are changed. Either way an address is asked once a minute at the most and once at a time, whatever strangers
//! send. While it cannot be reached the last good set serves, for a day; then the client has no keys.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use tokio::sync;

use super::{Outbound, OutboundError};
use crate::{
    domain::ambient::Timestamp,
    wire::jose::{InvalidKey, JwkSet, KeySet, Refusal},
};

/// Where a client's keys are. As JSON it is the one member `jwks` or `jwks_uri` of the client's metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeySource {
    #[serde(rename = "jwks", deserialize_with = "checked_set")]
    Inline(JwkSet),
    #[serde(rename = "jwks_uri")]
    Uri(String),
}

/// Why keys cannot be registered: the member, the reason, the remedy.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeySourceError {
    #[error("jwks and jwks_uri exclude each other: send one of them")]
    Both,
    #[error("jwks: {0}")]
    Inline(InvalidKey),
    #[error("jwks_uri: {0}")]
    Uri(OutboundError),
}

impl KeySource {
    /// Checks the members of a registration. The address is not asked: that is for when a key is needed.
    pub fn register(
        jwks: Option<&Value>,
        jwks_uri: Option<&str>,
        outbound: &Outbound,
    ) -> Result<Option<Self>, KeySourceError> {
        match (jwks, jwks_uri) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(KeySourceError::Both),
            (Some(set), None) => {
                let set = JwkSet::parse(set.to_string().as_bytes()).map_err(KeySourceError::Inline)?;
                Ok(Some(Self::Inline(set)))
            }
            (None, Some(uri)) => {
                outbound.check(uri).map_err(KeySourceError::Uri)?;
                Ok(Some(Self::Uri(uri.to_owned())))
            }
        }
    }
}

/// Why a client's token is not believed. For the log.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeysError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the client's jwks_uri: {0}")]
    Unreachable(OutboundError),
    #[error("the client's jwks_uri: {0}")]
    Invalid(InvalidKey),
}

/// Verifies what clients signed.
#[derive(Clone)]
pub struct ClientKeys {
    outbound: Outbound,
    entries: Arc<Mutex<Entries>>,
}

/// By address, with when it was last asked for. At most [`MOST_ADDRESSES`].
type Entries = HashMap<String, (Timestamp, Arc<Entry>)>;

/// What is known of one address.
#[derive(Default)]
struct Entry {
    state: Mutex<State>,
    /// Held by the one fetch that is under way.
    turn: Arc<sync::Mutex<()>>,
}

#[derive(Default)]
struct State {
    good: Option<Good>,
    tried_at: Option<Timestamp>,
    failure: Option<KeysError>,
}

struct Good {
    keys: Arc<KeySet>,
    fetched_at: Timestamp,
}

impl ClientKeys {
    pub fn new(outbound: Outbound) -> Self {
        Self { outbound, entries: Arc::default() }
    }

    /// What a client signed, verified with its keys. Only when no key fits is the address asked again.
    pub async fn verify<T>(
        &self,
        source: &KeySource,
        now: Timestamp,
        verify: impl Fn(&KeySet) -> Result<T, Refusal>,
    ) -> Result<T, KeysError> {
        let uri = match source {
            KeySource::Inline(set) => return Ok(verify(&KeySet::new(set))?),
            KeySource::Uri(uri) => uri,
        };
        let keys = self.keys(uri, None, now).await?;
        match verify(&keys) {
            Err(Refusal::Key) => Ok(verify(self.keys(uri, Some(&keys), now).await?.as_ref())?),
            outcome => Ok(outcome?),
        }
    }

    /// The keys at an address, others than the `unfit` ones if there are any. Whoever comes while they are fetched waits for
    /// that fetch, as long as the guard lets it take.
    async fn keys(&self, uri: &str, unfit: Option<&Arc<KeySet>>, now: Timestamp) -> Result<Arc<KeySet>, KeysError> {
        let entry = self.entry(uri, now);
        if let Some(keys) = entry.state().fresh(unfit, now) {
            return Ok(keys);
        }
        let turn = Arc::clone(&entry.turn).lock_owned().await;
        // Meanwhile somebody else may have had a turn.
        if let Some(keys) = entry.state().fresh(unfit, now) {
            return Ok(keys);
        }
        if entry.state().begin(now) {
            let (outbound, uri, entry) = (self.outbound.clone(), uri.to_owned(), Arc::clone(&entry));
            // In a task of its own: a stranger who hangs up does not waste the minute's one attempt.
            let fetch = tokio::spawn(async move {
                let fetched = fetch(&outbound, &uri).await;
                entry.state().end(fetched, now);
                drop(turn);
            });
            // A task that was ended has stored nothing, which the state says.
            let _ = fetch.await;
        }
        entry.state().last_good(now)
    }

    fn entry(&self, uri: &str, now: Timestamp) -> Arc<Entry> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((used_at, entry)) = entries.get_mut(uri) {
            *used_at = now;
            return Arc::clone(entry);
        }
        if entries.len() >= MOST_ADDRESSES {
            let longest_unused = entries.iter().min_by_key(|(_, (used_at, _))| *used_at).map(|(uri, _)| uri.clone());
            longest_unused.and_then(|uri| entries.remove(&uri));
        }
        let entry = Arc::<Entry>::default();
        entries.insert(uri.to_owned(), (now, Arc::clone(&entry)));
        entry
    }
}

impl Entry {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn fresh(&self, unfit: Option<&Arc<KeySet>>, now: Timestamp) -> Option<Arc<KeySet>> {
        let good = self.good.as_ref()?;
        let other = unfit.is_none_or(|unfit| !Arc::ptr_eq(unfit, &good.keys));
        (other && apart(now, good.fetched_at) < REFRESH).then(|| Arc::clone(&good.keys))
    }

    /// Whether the address may be asked now.
    fn begin(&mut self, now: Timestamp) -> bool {
        if self.tried_at.is_some_and(|tried_at| apart(now, tried_at) < PAUSE) {
            return false;
        }
        self.tried_at = Some(now);
        self.failure = Some(KeysError::Unreachable(OutboundError::Unreachable));
        true
    }

    fn end(&mut self, fetched: Result<KeySet, KeysError>, now: Timestamp) {
        match fetched {
            Ok(keys) => {
                self.good = Some(Good { keys: Arc::new(keys), fetched_at: now });
                self.failure = None;
            }
            Err(error) => {
                // Whoever publishes a private key may have had it read; nothing is believed until that is mended.
                if error == KeysError::Invalid(InvalidKey::Private) {
                    self.good = None;
                }
                self.failure = Some(error);
            }
        }
    }

    fn last_good(&self, now: Timestamp) -> Result<Arc<KeySet>, KeysError> {
        match (&self.good, &self.failure) {
            (Some(good), _) if apart(now, good.fetched_at) < LAST_GOOD => Ok(Arc::clone(&good.keys)),
            (_, Some(failure)) => Err(failure.clone()),
            (_, None) => Err(KeysError::Unreachable(OutboundError::Unreachable)),
        }
    }
}

async fn fetch(outbound: &Outbound, uri: &str) -> Result<KeySet, KeysError> {
    let fetched = match outbound.get(uri).await {
        Ok(body) => JwkSet::parse(&body).map_err(KeysError::Invalid),
        Err(error) => Err(KeysError::Unreachable(error)),
    };
    if let Err(error) = &fetched {
        let host = outbound.check(uri).map(|target| target.authority()).unwrap_or_default();
        tracing::warn!(host, %error, "a client's keys cannot be fetched");
    }
    fetched.map(|set| KeySet::new(&set))
}

/// Between two times, whichever is earlier: a clock that was set back makes nothing young.
fn apart(one: Timestamp, other: Timestamp) -> Duration {
    one.since(other).max(other.since(one))
}

/// Takes back from the registry what was checked when it went in.
fn checked_set<'de, D: Deserializer<'de>>(deserializer: D) -> Result<JwkSet, D::Error> {
    let set = Value::deserialize(deserializer)?;
    JwkSet::parse(set.to_string().as_bytes()).map_err(serde::de::Error::custom)
}

/// Fetched longer ago than this, a set is fetched again before it is used.
const REFRESH: Duration = Duration::from_hours(1);
/// Between two requests to one address.
const PAUSE: Duration = Duration::from_mins(1);
/// For how long a set serves whose address cannot be reached.
const LAST_GOOD: Duration = Duration::from_hours(24);
/// With 64 KiB each at the most, 64 MiB. Addresses are those of registered clients; of more, the longest unused is forgotten.
const MOST_ADDRESSES: usize = 1_024;
