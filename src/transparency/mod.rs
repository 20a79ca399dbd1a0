//! The public logs: a registry of facts about institutions, and a log of what was issued in each legal year. See `specs/log.md`.
//!
//! Work puts leaves into them with [`Tx::log`](crate::store::Tx::log); the sequencer here numbers them in the transaction that commits
//! that work, and signs one head a log for all of them. Whoever wrote a leaf has its inclusion proof when the commit is durable.
//! The logs go on only where they stopped: a database that is older than what was signed, or that was changed, makes them
//! read-only.

mod cache;
mod check;
mod clock;
mod counts;
mod fault;
mod institutions;
mod memory;
mod mine;
mod own;
mod owners;
mod read;
mod seal;
mod sequence;
mod shuffle;
mod stats;
mod tiles;
mod tree;
mod whole;
pub mod witnesses;

use std::{path::PathBuf, sync::Arc, time::Duration};

use sha2::{Digest as _, Sha256};

use self::{
    cache::Cache, check::Check, counts::Counting, fault::Fault, seal::Seal, sequence::Keeper, witnesses::Covered,
};
use crate::{
    domain::{age::LegalCalendar, ambient::Ambient, issuer::Issuer, log::LogName},
    keyring::Keyring,
    store::{
        Log, Sequencer, Store, StoreError,
        log::{self, Head},
        spent,
    },
    wire::tlog::{Bundle, NoteKey, Tile, leaf::Policy},
};

pub use crate::wire::tlog::leaf::NymAct;

pub use self::{
    counts::{Monthly, Sampled, Tally},
    fault::Divergence,
    institutions::Institutions,
    mine::{Ledger, Own, Series},
    own::policy,
    owners::{Logged, Owner, Owners, Token, TokenFacts, Voice},
    read::{Lookup, NoPrefix, OwnerPrefix, Proven},
};

/// The logs of one installation. Cheap to clone.
#[derive(Clone)]
pub struct Transparency {
    store: Store,
    keeper: Arc<Keeper>,
    tiles: Arc<Cache<(LogName, Tile)>>,
    bundles: Arc<Cache<(LogName, Bundle)>>,
    covered: Arc<Covered>,
    counting: Counting,
}

/// What the logs are kept with.
pub struct Parts {
    pub store: Store,
    pub keyring: Arc<Keyring>,
    pub ambient: Ambient,
    pub calendar: LegalCalendar,
    pub issuer: Issuer,
    /// The file outside the database that remembers the last heads.
    pub rollback_file: PathBuf,
    /// What the first leaf of the registry says of the rules.
    pub policy: Policy,
}

/// Whether the logs take leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was compared yet: the first leaf does it.
    Unchecked,
    Open,
    /// They differ from what was signed; the reason says how, and what to do. Reads go on.
    ReadOnly(Arc<str>),
}

/// Why the last heads could not be remembered.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the last heads of the logs cannot be written to {0}: {1}")]
    Write(PathBuf, std::io::Error),
    #[error(transparent)]
    Divergence(#[from] Divergence),
}

impl Transparency {
    /// Keeps the logs of a store from now on. The first one that a store is given to numbers its leaves.
    pub fn new(parts: Parts) -> Self {
        let Parts { store, keyring, ambient, calendar, issuer, rollback_file, policy } = parts;
        let check = Check::new(Seal::new(issuer.as_str(), keyring), rollback_file);
        let keeper = Arc::new(Keeper::new(check, ambient, calendar, issuer, policy));
        store.sequenced_by(Arc::clone(&keeper) as _);
        Self {
            store,
            keeper,
            tiles: Arc::new(Cache::new(CACHED)),
            bundles: Arc::new(Cache::new(CACHED)),
            covered: Arc::default(),
            counting: Counting::default(),
        }
    }

    /// Whoever numbers the leaves, for a store that is to hand them over in another way.
    pub fn sequencer(&self) -> Arc<dyn Sequencer> {
        Arc::clone(&self.keeper) as _
    }

    /// Compares the database with what was signed, as a start does.
    pub async fn open(&self) -> Result<Standing, StoreError> {
        let (keeper, now) = (Arc::clone(&self.keeper), self.keeper.ambient.now());
        let done = self.store.read(|tx| Box::pin(async move { keeper.check.run(tx, now).await })).await;
        self.concluded(done)?;
        Ok(self.standing())
    }

    /// Reads every leaf and every tile, and compares all that goes together. What is found makes the logs read-only.
    pub async fn verify(&self) -> Result<Standing, StoreError> {
        let now = self.keeper.ambient.now();
        for head in self.heads().await? {
            let keeper = Arc::clone(&self.keeper);
            let done = self.store.read(|tx| Box::pin(async move { keeper.check.head(tx, head, 0, now).await })).await;
            self.concluded(done)?;
        }
        self.open().await
    }

    pub fn standing(&self) -> Standing {
        self.keeper.check.standing()
    }

    /// Writes the last heads to the file that remembers them, if they are others than it has; whether it was written.
    /// Before that, what it remembers is compared with the database.
    pub async fn remember(&self) -> Result<bool, MemoryError> {
        let check = &self.keeper.check;
        self.keeper.clock.watch(self.keeper.ambient.now());
        if matches!(check.standing(), Standing::ReadOnly(_)) {
            return Ok(false);
        }
        let read = self.store.read::<_, StoreError, _>(|tx| Box::pin(log::heads(tx))).await?;
        if !check.is_news(&memory::text(&read)) {
            return Ok(false);
        }
        let keeper = Arc::clone(&self.keeper);
        let compared = self.store.read(|tx| Box::pin(async move { keeper.check.against_memory(tx).await })).await;
        let heads = match compared {
            Ok(heads) => heads,
            Err(Fault::Store(error)) => return Err(error.into()),
            Err(Fault::Divergence(divergence)) => {
                check.close(&divergence);
                return Err(divergence.into());
            }
        };
        let text = memory::text(&heads);
        let written = memory::write(check.file.clone(), text.clone()).await;
        written.map_err(|error| MemoryError::Write(check.file.clone(), error))?;
        check.remembered(text);
        Ok(true)
    }

    /// The log of the present legal year, in which what is issued now will stand.
    pub fn issuance_log(&self) -> Result<LogName, StoreError> {
        self.keeper.issuance_log()
    }

    /// Puts the head of the running issuance log into the registry, once a day on all nodes together; whether this was the time.
    pub async fn anchor(&self) -> Result<bool, StoreError> {
        let now = self.keeper.ambient.now();
        let tag = Sha256::digest(format!("log-anchor/v1 {}", now.day().0)).into();
        let anchored = self.store.write_logged(move |tx| {
            Box::pin(async move {
                let heads = log::heads(tx).await?;
                let running = |head: &&Head| head.log != LogName::Registry && head.frozen_at.is_none();
                let Some(head) = heads.iter().find(running) else { return Ok(false) };
                if !spent::spend(tx, &tag, now.plus(A_DAY)).await? {
                    return Ok(false);
                }
                tx.log(Log::Registry, own::anchor(head, false, now)?)?;
                Ok(true)
            })
        });
        anchored.await
    }

    /// The first line of the checkpoints of a log, and the name of its keys.
    pub fn origin(&self, log: LogName) -> String {
        self.keeper.check.seal.origin(log)
    }

    /// The keys that checkpoints of a log verify with, all that there still are.
    pub fn keys(&self, log: LogName) -> Vec<NoteKey> {
        self.keeper.check.seal.keys(log, self.keeper.ambient.now())
    }

    /// A difference has its consequence; what could not be read says nothing.
    fn concluded(&self, done: Result<(), Fault>) -> Result<(), StoreError> {
        match done {
            Err(Fault::Store(error)) => Err(error),
            Err(Fault::Divergence(divergence)) => {
                self.keeper.check.close(&divergence);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}

/// After which the tag of a day's anchor is not looked for any more.
const A_DAY: Duration = Duration::from_hours(24);
/// Bytes of full tiles, and of full bundles, that are kept in memory.
const CACHED: usize = 16 << 20;
