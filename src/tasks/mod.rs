//! Work that comes round by itself: what has ended is removed, what has served its time is forgotten.
//!
//! Every node does all of it, each at times of its own. Each task is idempotent, so that two nodes at once do no harm
//! and one that was interrupted goes on the next time.

mod keys;

use std::{future::Future, time::Duration};

use futures_util::future::{BoxFuture, join_all};
use rand::RngExt as _;

use crate::{
    accounts::FORGOTTEN,
    attributes::Attributes,
    domain::ambient::{Ambient, Timestamp},
    keyring::KeyringError,
    provider::logout::Logout,
    sampling::Sampling,
    store::{Store, StoreError, Tx, accounts, clients, grants, sessions, spent, throttles},
    transparency::{Institutions, MemoryError, Transparency},
};

pub use keys::Keys;

/// One kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Removes sessions that cannot be valid any more.
    Sessions,
    /// Removes WebAuthn ceremonies that were not finished.
    Ceremonies,
    /// Forgets wrong guesses of long ago.
    Throttles,
    /// Removes grants that nothing rests on any more, with their refresh tokens.
    Grants,
    /// Forgets assertions, proofs and pushed requests that could not be used again anyway.
    Spent,
    /// Removes initial access tokens that let nobody in any more.
    RegistrationTokens,
    /// Forgets days of majority that have come and roles that have expired.
    Facts,
    /// Reads enrolments of other nodes, so that nobody has to wait for the size of a crowd.
    Crowds,
    /// Takes up keys that were made, retired or revoked by other nodes and by the operator.
    Keys,
    /// Makes the keys that are due, and deletes those that nothing needs any more.
    Rotation,
    /// Tells forums that sessions have ended, and tells them again where they did not answer.
    Logouts,
    /// Writes the last heads of the logs to the file that remembers them.
    Heads,
    /// Says in the public registry what is new of keys, rules and custodians, and the counts of a month that is over.
    Registry,
    /// Puts the head of the running issuance log into the registry, once a day.
    Anchors,
    /// Opens what sampled audits have drawn, and ends those that are over.
    Audits,
}

/// The periodic work of one node.
#[derive(Clone)]
pub struct Tasks {
    pub store: Store,
    pub attributes: Attributes,
    pub keys: Keys,
    pub logout: Logout,
    pub transparency: Transparency,
    pub institutions: Institutions,
    pub sampling: Sampling,
    pub ambient: Ambient,
}

/// Why a round ended early. It is done again the next time.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Keys(#[from] KeyringError),
    #[error(transparent)]
    Heads(#[from] MemoryError),
    #[error("the round panicked")]
    Panic,
}

impl Task {
    pub const ALL: [Self; 15] = [
        Self::Sessions,
        Self::Ceremonies,
        Self::Throttles,
        Self::Grants,
        Self::Spent,
        Self::RegistrationTokens,
        Self::Facts,
        Self::Crowds,
        Self::Keys,
        Self::Rotation,
        Self::Logouts,
        Self::Heads,
        Self::Registry,
        Self::Anchors,
        Self::Audits,
    ];

    /// The name in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Ceremonies => "ceremonies",
            Self::Throttles => "throttles",
            Self::Grants => "grants",
            Self::Spent => "spent",
            Self::RegistrationTokens => "registration tokens",
            Self::Facts => "facts",
            Self::Crowds => "crowds",
            Self::Keys => "keys",
            Self::Rotation => "key rotation",
            Self::Logouts => "logouts",
            Self::Heads => "log heads",
            Self::Registry => "registry",
            Self::Anchors => "log anchors",
            Self::Audits => "sampled audits",
        }
    }

    /// The time between two rounds. The less there is to remove in one statement, the less it holds others up.
    const fn interval(self) -> Duration {
        match self {
            Self::Grants | Self::Spent | Self::Ceremonies | Self::Registry | Self::Audits => Duration::from_mins(1),
            Self::Sessions | Self::Crowds => Duration::from_mins(5),
            Self::Throttles => Duration::from_hours(6),
            Self::Facts => Duration::from_hours(4),
            // Jittered and with the time that reading takes, still within the promise.
            Self::Keys => Duration::from_secs(6),
            Self::Rotation | Self::RegistrationTokens | Self::Anchors => Duration::from_hours(1),
            Self::Logouts => Duration::from_secs(5),
            // Jittered, still before a second has passed.
            Self::Heads => Duration::from_millis(700),
        }
    }

    /// What a node needs from its first moment on begins at once: the first citizen would have to wait for all rows, and
    /// a key may have been revoked since it was read, a forum may wait for what a crash kept back.
    const fn begins_at_once(self) -> bool {
        matches!(self, Self::Crowds | Self::Keys | Self::Logouts | Self::Heads | Self::Registry | Self::Audits)
    }
}

impl Tasks {
    /// Does all tasks round after round until `shutdown` resolves. What fails is logged and done again the next time.
    /// A transaction under way at the end is finished by the store.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let rounds = join_all(Task::ALL.map(|task| self.clone().repeat(task)));
        tokio::select! {
            () = shutdown => {}
            _ = rounds => {}
        }
    }

    /// One round of one task, and how many rows (or keys) it removed or changed.
    pub async fn once(&self, task: Task) -> Result<u64, TaskError> {
        let now = self.ambient.now();
        Ok(match task {
            Task::Keys => self.keys.refresh(&self.ambient).await?,
            Task::Rotation => self.keys.rotate(&self.ambient).await?,
            Task::Sessions => self.store.write(move |tx| Box::pin(sessions::remove_old(tx, now))).await?,
            Task::Ceremonies => self.store.write(move |tx| Box::pin(accounts::remove_old_ceremonies(tx, now))).await?,
            Task::Grants => self.remove(|tx, now| Box::pin(grants::remove_old(tx, now, BATCH))).await?,
            Task::Spent => self.remove(|tx, now| Box::pin(spent::remove_old(tx, now, BATCH))).await?,
            Task::RegistrationTokens => {
                self.remove(|tx, now| Box::pin(clients::remove_old_registration_tokens(tx, now, BATCH))).await?
            }
            Task::Throttles => {
                let mut rows = 0;
                for (most, after) in FORGOTTEN {
                    let before = now.minus(after);
                    let forget = self
                        .store
                        .write::<_, StoreError, _>(move |tx| Box::pin(throttles::remove_old(tx, most, before)));
                    rows += forget.await?;
                }
                rows
            }
            Task::Facts => self.settle().await?,
            Task::Crowds => self.attributes.read_crowds().await.map(|()| 0)?,
            Task::Logouts => self.logout.round().await?,
            Task::Heads => self.transparency.remember().await?.into(),
            Task::Registry => self.institutions.round(&self.store).await? + self.transparency.publish_counts().await?,
            Task::Anchors => self.transparency.anchor().await?.into(),
            Task::Audits => self.sampling.end_old().await? + self.sampling.open(usize::MAX).await?,
        })
    }

    async fn repeat(self, task: Task) {
        let mut pause = if task.begins_at_once() { Duration::ZERO } else { self.jittered(FIRST_ROUND) };
        let mut known = String::new();
        loop {
            tokio::time::sleep(pause).await;
            let tasks = self.clone();
            // A round of its own, so that a fault in it ends neither the other tasks nor the next round.
            let done = tokio::spawn(async move { tasks.once(task).await }).await.unwrap_or(Err(TaskError::Panic));
            let fault = match done {
                Ok(rows) => {
                    tracing::debug!(task = task.as_str(), rows, "round done");
                    String::new()
                }
                Err(error) => error.to_string(),
            };
            // A fault that lasts is said once: some rounds come every few seconds.
            if !fault.is_empty() && fault != known {
                tracing::warn!(task = task.as_str(), error = fault, "round failed");
            }
            known = fault;
            pause = self.jittered(task.interval());
        }
    }

    /// Batch by batch: a whole month's grants end with it, and a busy minute's proofs.
    async fn remove(&self, old: Removal) -> Result<u64, StoreError> {
        let (mut rows, now) = (0, self.ambient.now());
        loop {
            let removed = self.store.write::<_, StoreError, _>(move |tx| old(tx, now)).await?;
            rows += removed;
            if removed < u64::from(BATCH) {
                return Ok(rows);
            }
            tokio::time::sleep(BETWEEN_BATCHES).await;
        }
    }

    async fn settle(&self) -> Result<u64, StoreError> {
        let (mut rows, mut after) = (0, None);
        loop {
            let settled = self.attributes.settle(after).await?;
            rows += settled.rows;
            after = settled.next;
            if after.is_none() {
                return Ok(rows);
            }
            tokio::time::sleep(BETWEEN_BATCHES).await;
        }
    }

    /// Between three and five quarters of the span: nodes that were started together drift apart.
    fn jittered(&self, span: Duration) -> Duration {
        span.mul_f64(self.ambient.rng().random_range(0.75..1.25))
    }
}

/// Removes at most [`BATCH`] rows whose time has come, and says how many.
type Removal = for<'t> fn(&'t mut Tx, Timestamp) -> BoxFuture<'t, Result<u64, StoreError>>;

const FIRST_ROUND: Duration = Duration::from_secs(30);
/// Rows that one statement removes.
const BATCH: u32 = 500;
const BETWEEN_BATCHES: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests;
