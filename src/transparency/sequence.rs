//! How leaves get their numbers: in the transaction that commits what they speak of, one node at a time.
//!
//! The order of locks is the same everywhere: the trees in memory, then the head of the registry, then those of the issuance logs
//! by year. Trees in memory are taken out while a transaction works with them and come back when it is durable: after whatever else
//! becomes of it, the next one reads them again from the database.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{Standing, check::Check, clock::KnownTime, fault::Fault, own, shuffle::shuffled, tree::Tree};
use crate::{
    domain::{
        age::LegalCalendar,
        ambient::{Ambient, Timestamp},
        issuer::Issuer,
        log::{LogName, Year},
    },
    store::{
        Log, Pending, Placed, Receipt, Sequenced, Sequencer, StoreError, Tx,
        log::{self, Head},
    },
    wire::tlog::leaf::Policy,
};

/// The one sequencer of a node. It holds no store: the store holds it.
pub(super) struct Keeper {
    pub(super) check: Check,
    pub(super) ambient: Ambient,
    calendar: LegalCalendar,
    issuer: Issuer,
    policy: Policy,
    trees: Arc<Mutex<Trees>>,
    pub(super) clock: Arc<KnownTime>,
}

/// The trees that grow, as far as this node has read them.
#[derive(Default)]
struct Trees {
    registry: Option<Tree>,
    issuance: Option<Tree>,
}

impl Keeper {
    pub(super) fn new(check: Check, ambient: Ambient, calendar: LegalCalendar, issuer: Issuer, policy: Policy) -> Self {
        Self { check, ambient, calendar, issuer, policy, trees: Arc::default(), clock: Arc::new(KnownTime::new()) }
    }

    async fn put(&self, tx: &mut Tx, leaves: Vec<Pending>) -> Result<Staged, Fault> {
        let mut place = Arc::clone(&self.trees).lock_owned().await;
        self.takes()?;
        if matches!(self.check.standing(), Standing::Unchecked) {
            self.check.run(tx, self.ambient.now()).await?;
        }
        // Of this moment, not of the one at which somebody began to wait.
        let now = self.ambient.now();
        let known = std::mem::take(&mut *place);
        let (registry, issuance): (Vec<_>, Vec<_>) = leaves.into_iter().partition(|leaf| leaf.log == Log::Registry);
        let issuance = shuffled(issuance, &mut self.ambient.rng());
        let mut staged = Staged { place, trees: Trees::default(), placed: Vec::new(), clock: Arc::clone(&self.clock) };
        let year = LogName::Issuance(self.year(now)?);
        let turns = !issuance.is_empty() && known.issuance.as_ref().is_none_or(|tree| tree.head.log != year);
        staged.trees.registry = if turns || !registry.is_empty() {
            let mut tree = self.registry(tx, known.registry, now).await?;
            let mut leaves = self.first_words(&tree, now)?;
            if turns {
                leaves.extend(self.turn(tx, year, now).await?);
            }
            leaves.extend(registry);
            self.extend(tx, &mut tree, leaves, now, &mut staged.placed).await?;
            Some(tree)
        } else {
            known.registry
        };
        staged.trees.issuance = if issuance.is_empty() {
            known.issuance
        } else {
            let mut tree = self.locked(tx, known.issuance, year).await?.ok_or_else(gone)?;
            self.extend(tx, &mut tree, issuance, now, &mut staged.placed).await?;
            Some(tree)
        };
        Ok(staged)
    }

    pub(super) fn issuance_log(&self) -> Result<LogName, StoreError> {
        self.year(self.ambient.now()).map(LogName::Issuance)
    }

    fn year(&self, now: Timestamp) -> Result<Year, StoreError> {
        self.calendar.year(now).try_into().map_err(|_| StoreError::Unavailable("the clock shows no year of a log"))
    }

    /// The tree of the registry under lock, made when it is not there.
    async fn registry(&self, tx: &mut Tx, known: Option<Tree>, now: Timestamp) -> Result<Tree, Fault> {
        if known.is_none() {
            log::create(tx, LogName::Registry, now).await?;
        }
        Ok(self.locked(tx, known, LogName::Registry).await?.ok_or_else(gone)?)
    }

    /// The tree of a log under lock, as it stands in the database now.
    async fn locked(&self, tx: &mut Tx, known: Option<Tree>, log: LogName) -> Result<Option<Tree>, Fault> {
        let Some(head) = log::lock(tx, log).await? else { return Ok(None) };
        match known.filter(|tree| tree.head.log == log) {
            Some(tree) => tree.follow(tx, head).await.map(Some),
            None => Tree::load(tx, head).await.map(Some),
        }
    }

    fn first_words(&self, registry: &Tree, now: Timestamp) -> Result<Vec<Pending>, StoreError> {
        if registry.head.size > 0 {
            return Ok(Vec::new());
        }
        let (seal, origin) = (&self.check.seal, self.check.seal.origin(LogName::Registry));
        Ok(vec![own::pending(own::genesis(&self.issuer, &origin, &self.policy, seal.keyring(), now)?)])
    }

    /// Makes the log of this year and ends those before, while the registry is locked; what the registry says of that.
    async fn turn(&self, tx: &mut Tx, year: LogName, now: Timestamp) -> Result<Vec<Pending>, Fault> {
        let heads = log::heads(tx).await?;
        if heads.iter().any(|head| head.log == year) {
            return Ok(Vec::new());
        }
        if heads.iter().any(|head| head.log > year) {
            return Err(StoreError::Unavailable(FROZEN).into());
        }
        let mut anchors = Vec::new();
        for open in heads.iter().filter(|head| head.log != LogName::Registry && head.frozen_at.is_none()) {
            let last = log::lock(tx, open.log).await?.ok_or_else(gone)?;
            self.clock.check_after(last.signed_at, now)?;
            if !log::freeze(tx, last.log, last.size, now).await? {
                return Err(StoreError::Unavailable(FROZEN).into());
            }
            anchors.push(own::pending(own::anchor(&last, true, now)?));
            tracing::info!(target: "audit", log = %last.log, size = last.size, "the log of a year takes no more leaves");
        }
        log::create(tx, year, now).await?;
        Ok(anchors)
    }

    /// Appends leaves to a tree that is locked, and signs its new head.
    async fn extend(
        &self,
        tx: &mut Tx,
        tree: &mut Tree,
        leaves: Vec<Pending>,
        now: Timestamp,
        placed: &mut Vec<(Receipt, Placed)>,
    ) -> Result<(), Fault> {
        if leaves.is_empty() {
            return Ok(());
        }
        if tree.head.frozen_at.is_some() {
            return Err(StoreError::Unavailable(FROZEN).into());
        }
        self.clock.check_after(tree.head.signed_at, now)?;
        let first = tree.head.size;
        let written: Vec<_> = leaves.iter().map(|pending| &pending.leaf).collect();
        tree.append(tx, &written).await?;
        let (log, size, root) = (tree.head.log, tree.edge.size(), tree.edge.root());
        let checkpoint = self.check.seal.sign(log, size, root, now)?;
        let signed_at = now.max(tree.head.signed_at);
        tree.head = Head { log, size, root, checkpoint, signed_at, frozen_at: None };
        if !log::advance(tx, first, &tree.head).await? {
            return Err(StoreError::Unavailable("another node was first").into());
        }
        let checkpoint: Arc<str> = tree.head.checkpoint.as_str().into();
        for (index, pending) in (first..).zip(leaves) {
            let proof = tree.edge.inclusion(index).ok_or_else(gone)?;
            let place = Placed { log, index, size, checkpoint: Arc::clone(&checkpoint), proof };
            placed.push((pending.receipt, place));
        }
        tree.edge.forget_before(size);
        Ok(())
    }
}

impl Sequencer for Keeper {
    fn takes(&self) -> Result<(), StoreError> {
        match self.check.standing() {
            Standing::ReadOnly(_) => Err(StoreError::Unavailable(READ_ONLY)),
            Standing::Open | Standing::Unchecked => self.clock.check(self.ambient.now()),
        }
    }

    fn sequence<'t>(
        &'t self,
        tx: &'t mut Tx,
        leaves: Vec<Pending>,
    ) -> BoxFuture<'t, Result<Box<dyn Sequenced>, StoreError>> {
        Box::pin(async move {
            match self.put(tx, leaves).await {
                Ok(staged) => Ok(Box::new(staged) as Box<dyn Sequenced>),
                Err(Fault::Store(error)) => Err(error),
                Err(Fault::Divergence(divergence)) => {
                    self.check.close(&divergence);
                    Err(StoreError::Unavailable(READ_ONLY))
                }
            }
        })
    }
}

/// Leaves in a transaction whose end is not known yet.
struct Staged {
    place: OwnedMutexGuard<Trees>,
    trees: Trees,
    placed: Vec<(Receipt, Placed)>,
    clock: Arc<KnownTime>,
}

impl Sequenced for Staged {
    fn committed(self: Box<Self>) {
        let Self { mut place, trees, placed, clock } = *self;
        for tree in [&trees.registry, &trees.issuance].into_iter().flatten() {
            clock.signed(tree.head.signed_at);
        }
        *place = trees;
        drop(place);
        for (receipt, place) in placed {
            receipt.fill(place);
        }
    }
}

fn gone() -> StoreError {
    StoreError::Corrupt("a head or leaf of a log that has to be there is missing")
}

const READ_ONLY: &str = "the public logs are read-only: `heteronym doctor` says why";
const FROZEN: &str = "the log of that year takes no more leaves";
