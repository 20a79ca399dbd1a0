//! The keys: seen anew every few seconds, made and deleted on their schedule.

use std::sync::Arc;

use super::TaskError;
use crate::{
    clients::{Client, Clients},
    domain::ambient::Ambient,
    keyring::{KeyInfo, Keyring, KeyringError},
};

/// What the work on keys needs.
#[derive(Clone)]
pub struct Keys {
    pub keyring: Arc<Keyring>,
    pub clients: Clients,
    /// Whether keys that are due are made, and expired ones deleted (`keys.rotate`).
    pub rotate: bool,
}

impl Keys {
    /// Looks at the directory. Answers how many keys there are when something changed.
    pub(super) async fn refresh(&self, ambient: &Ambient) -> Result<u64, TaskError> {
        let now = ambient.now();
        let refreshed = self.apart(move |keyring| keyring.refresh(now)).await?;
        for name in &refreshed.restored {
            tracing::warn!(target: "audit", key = name, "a revoked key came back and is not believed: delete it");
        }
        for key in &refreshed.revoked {
            tracing::warn!(target: "audit", key = key.name(), kid = key.kid, "a key is revoked");
            self.name_clients(key).await?;
        }
        if let Some(fault) = refreshed.fault {
            return Err(fault.into());
        }
        if !refreshed.changed {
            return Ok(0);
        }
        let keys = self.keyring.keys(now);
        for key in &keys {
            tracing::info!(key = key.name(), state = key.state.as_str(), kid = key.kid, "key");
        }
        Ok(u64::try_from(keys.len()).unwrap_or(u64::MAX))
    }

    /// Makes what is due, deletes what has expired.
    pub(super) async fn rotate(&self, ambient: &Ambient) -> Result<u64, TaskError> {
        if !self.rotate {
            return Ok(0);
        }
        let (now, mut rng) = (ambient.now(), ambient.rng());
        let (made, deleted) = self
            .apart(move |keyring| {
                let made = keyring.rotate_due(&mut rng, now)?;
                Ok((made, keyring.purge(now)?))
            })
            .await?;
        for key in &made {
            tracing::info!(target: "audit", key = key.name(), kid = key.kid, "made the next key");
        }
        Ok(u64::try_from(made.len() + deleted).unwrap_or(u64::MAX))
    }

    /// Whom the operator has to tell: every relying party whose ID tokens a revoked key may have signed.
    async fn name_clients(&self, key: &KeyInfo) -> Result<(), TaskError> {
        let Some(algorithm) = key.algorithm else { return Ok(()) };
        let signed =
            |client: &Client| client.metadata.signed_by_us().any(|signs| signs == algorithm) && !client.is_disabled();
        for client in self.clients.list().await?.into_iter().filter(signed) {
            tracing::warn!(target: "audit", kid = key.kid, client = %client.id, "tell this client of the revoked key");
        }
        Ok(())
    }

    /// Reads and writes files, and may make RSA keys: not on a thread that answers requests.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Keyring) -> Result<T, KeyringError> + Send + 'static,
    ) -> Result<T, TaskError> {
        let keyring = Arc::clone(&self.keyring);
        let done = tokio::task::spawn_blocking(move || work(&keyring)).await;
        Ok(done.map_err(|_| TaskError::Panic)??)
    }
}
