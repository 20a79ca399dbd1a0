//! A log in memory while it grows: its newest head, and the right edge of its tree.

use super::{
    fault::{Divergence, Fault},
    tiles,
};
use crate::{
    domain::log::LogName,
    store::{
        NewLeaf, StoreError, Tx,
        log::{self, Head},
    },
    wire::tlog::{Edge, Hash, ProofError, TILE_WIDTH, Tile},
};

/// A tree that goes with its head.
pub(super) struct Tree {
    pub(super) head: Head,
    pub(super) edge: Edge,
}

impl Tree {
    /// Reads the edge of the tree from the database, which has to give the root of the head.
    pub(super) async fn load(tx: &mut Tx, head: Head) -> Result<Self, Fault> {
        let edited = || Divergence::Edited { log: head.log };
        let levels = (0..=u8::MAX).take_while(|level| rows(head.size, *level) > 0);
        let wanted: Vec<_> = levels.filter_map(|level| Tile::partial(level, head.size)).collect();
        let found = tiles::gather(tx, head.log, wanted).await?;
        let edge = Edge::restore(head.size, |tile| found.get(&tile).cloned()).map_err(|_| edited())?;
        if edge.root() != head.root {
            return Err(edited().into());
        }
        Ok(Self { head, edge })
    }

    /// Takes up what other nodes have appended since, to a head that was read under lock.
    pub(super) async fn follow(self, tx: &mut Tx, head: Head) -> Result<Self, Fault> {
        let log = head.log;
        let ours = self.edge.size();
        if head.size < ours {
            return Err(Divergence::ShrunkUnderWay { log, database: head.size, signed: ours }.into());
        }
        if head.size - ours > FOLLOWED {
            // This also finds whether the old tree is a part of the new one: by its root.
            let was = self.edge.root();
            let tree = Self::load(tx, head).await?;
            return if root_at(tx, log, ours).await? == Some(was) {
                Ok(tree)
            } else {
                Err(Divergence::Edited { log }.into())
            };
        }
        let mut tree = Self { head, edge: self.edge };
        if tree.head.size > ours {
            let leaves = log::leaves(tx, log, ours, tree.head.size).await?;
            for leaf in &leaves {
                tree.push(Hash::of_leaf(leaf))?;
            }
            tree.edge.forget_before(tree.edge.size());
        }
        let same = tree.edge.size() == tree.head.size && tree.edge.root() == tree.head.root;
        if same { Ok(tree) } else { Err(Divergence::Edited { log }.into()) }
    }

    /// Writes leaves behind the last one, and the tiles that they fill. The head stays as it was.
    pub(super) async fn append(&mut self, tx: &mut Tx, leaves: &[&NewLeaf]) -> Result<(), Fault> {
        let (log, first) = (self.head.log, self.edge.size());
        log::append(tx, log, first, leaves).await?;
        for leaf in leaves {
            self.push(Hash::of_leaf(&leaf.bytes))?;
        }
        for tile in Tile::added(first, self.edge.size()).filter(Tile::is_full) {
            let hashes = self.edge.tile(tile).ok_or_else(lost)?;
            let root = self.stands_for(tile).ok_or_else(lost)?;
            log::put_tile(tx, log, tile, &hashes, root).await?;
        }
        Ok(())
    }

    fn push(&mut self, hash: Hash) -> Result<(), StoreError> {
        self.edge.push(hash).map_err(|_| StoreError::Unavailable("the log is full"))
    }

    /// The hash of a full tile, a level above.
    fn stands_for(&self, tile: Tile) -> Option<Hash> {
        let width = u16::try_from(tile.index() % u64::from(TILE_WIDTH)).ok()? + 1;
        let above = Tile::new(tile.level().checked_add(1)?, tile.index() / u64::from(TILE_WIDTH), width)?;
        self.edge.tile(above)?.last().copied()
    }
}

/// The root that the log had at this size, by the tiles and leaves of today; `None` when some are missing.
pub(super) async fn root_at(tx: &mut Tx, name: LogName, size: u64) -> Result<Option<Hash>, StoreError> {
    let Ok(wanted) = crate::wire::tlog::tiles_of_root(size) else { return Ok(None) };
    let found = tiles::gather(tx, name, wanted).await?;
    match crate::wire::tlog::root_at(size, |tile| found.get(&tile).cloned()) {
        Ok(root) => Ok(Some(root)),
        Err(ProofError::Missing(_)) => Ok(None),
        Err(_) => Err(StoreError::Corrupt("a tile of a log")),
    }
}

/// Hashes of a level.
fn rows(size: u64, level: u8) -> u64 {
    size.checked_shr(u32::from(level) * u64::from(TILE_WIDTH).ilog2()).unwrap_or(0)
}

fn lost() -> StoreError {
    StoreError::Other("the edge of a tree has lost what it was to keep".to_owned())
}

/// Leaves of other nodes that are taken up one by one; more are taken up by their tiles.
const FOLLOWED: u64 = 4_096;
