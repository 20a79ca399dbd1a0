//! A growing tree of which only the right edge is kept: enough to append, to tell the root, to prove what was appended
//! lately and to fill tiles. The rest stands in tiles that are full and never change again.
//!
//! For each height, the hashes of the complete subtrees from some index on. What lies left of it was forgotten.

use std::{collections::VecDeque, ops::Range};

use super::{
    error::ProofError,
    hash::Hash,
    tile::{LEVELS, TILE_WIDTH, Tile},
    tree::{self, MAX_SIZE, Node},
};

/// The right edge of a tree. Two edges are equal if they remember the same part of the same tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    /// By height; the height of the tree bounds their number.
    rows: Vec<Row>,
}

/// Hashes of subtrees of one height: that with index `first`, and those after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Row {
    first: u64,
    hashes: VecDeque<Hash>,
}

impl Edge {
    /// The edge of the empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// The edge of a tree of this size from its partial tiles: what is left of an edge that has grown to this size and
    /// forgotten everything before it. Tiles may be wider than asked for, as those of a tree that has grown since. Whether
    /// they are the right ones shows in [`Self::root`].
    pub fn restore(size: u64, mut tile: impl FnMut(Tile) -> Option<Vec<Hash>>) -> Result<Self, ProofError> {
        if size > MAX_SIZE {
            return Err(ProofError::Size(size));
        }
        let heights = size.checked_ilog2().map_or(0, |height| height + 1);
        let rows = (0..heights).map(|height| Row { first: size >> height, hashes: VecDeque::new() }).collect();
        let mut edge = Self { size, rows };
        for wanted in (0..LEVELS).filter_map(|level| Tile::partial(level, size)) {
            let mut hashes = tile(wanted).ok_or(ProofError::Missing(wanted))?;
            if hashes.len() < wanted.width().into() {
                return Err(ProofError::Missing(wanted));
            }
            hashes.truncate(wanted.width().into());
            edge.take(wanted, hashes);
        }
        Ok(edge)
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn root(&self) -> Hash {
        // The subtrees of the root are never forgotten.
        tree::hash(0..self.size, |node| self.node(node).ok_or(())).unwrap_or_else(|()| Hash::of_empty_tree())
    }

    /// Appends a leaf. A tree of the largest size takes no more.
    pub fn push(&mut self, leaf: Hash) -> Result<(), ProofError> {
        if self.size >= MAX_SIZE {
            return Err(ProofError::Size(self.size + 1));
        }
        let (mut hash, mut index) = (leaf, self.size);
        for height in 0.. {
            if self.rows.len() == height {
                self.rows.push(Row::default());
            }
            let Some(row) = self.rows.get_mut(height) else { break };
            let left = row.hashes.back().copied();
            row.hashes.push_back(hash);
            // The right child of its parent completes it.
            let Some(left) = left.filter(|_| index % 2 == 1) else { break };
            hash = Hash::of_children(left, hash);
            index /= 2;
        }
        self.size += 1;
        Ok(())
    }

    /// The proof that a leaf is in the present tree, unless it was forgotten.
    pub fn inclusion(&self, index: u64) -> Option<Vec<Hash>> {
        self.hashes(&tree::inclusion(index, self.size).ok()?)
    }

    /// The proof that the present tree has grown out of that of the old size, unless it was forgotten.
    pub fn consistency(&self, old: u64) -> Option<Vec<Hash>> {
        self.hashes(&tree::consistency(old, self.size).ok()?)
    }

    /// The hashes of a tile, if the tree has it and none was forgotten.
    pub fn tile(&self, tile: Tile) -> Option<Vec<Hash>> {
        let row = self.rows.get(usize::try_from(tile.height()).ok()?)?;
        let start = usize::try_from(tile.first().checked_sub(row.first)?).ok()?;
        let end = start + usize::from(tile.width());
        (end <= row.hashes.len()).then(|| row.hashes.range(start..end).copied().collect())
    }

    /// Forgets what is not needed to append, nor for proofs of leaves and from sizes from this one on, nor for the tiles
    /// that were not full at this size. An index beyond the size counts as the size.
    pub fn forget_before(&mut self, index: u64) {
        let index = index.min(self.size);
        for (height, row) in (0_u32..).zip(&mut self.rows) {
            // Every left sibling from there on stands at an even index; the tiles' rows start at a multiple of 256.
            let group = if height % 8 == 0 { u64::from(TILE_WIDTH) } else { 2 };
            let keep = (index >> height) / group * group;
            let old = usize::try_from(keep.saturating_sub(row.first)).unwrap_or(usize::MAX).min(row.hashes.len());
            row.hashes.drain(..old);
            row.first = row.first.max(keep);
        }
    }

    fn hashes(&self, proof: &[Range<u64>]) -> Option<Vec<Hash>> {
        let node = |node| self.node(node).ok_or(());
        proof.iter().map(|range| tree::hash(range.clone(), node).ok()).collect()
    }

    fn node(&self, node: Node) -> Option<Hash> {
        let row = self.rows.get(usize::try_from(node.height).ok()?)?;
        row.hashes.get(usize::try_from(node.index.checked_sub(row.first)?).ok()?).copied()
    }

    /// Takes over the hashes of a partial tile, and the subtrees of the root that lie above them within the tile.
    fn take(&mut self, tile: Tile, hashes: Vec<Hash>) {
        let mut above = hashes.as_slice();
        for node in tree::nodes(0..tile.width().into()).filter(|node| node.height > 0) {
            let Some((own, rest)) = above.split_at_checked(1 << node.height) else { return };
            let row = usize::try_from(tile.height() + node.height).ok().and_then(|height| self.rows.get_mut(height));
            if let (Some(row), Some(hash)) = (row, tree::fold(own.to_vec())) {
                row.first -= 1;
                row.hashes.push_back(hash);
            }
            above = rest;
        }
        if let Some(row) = usize::try_from(tile.height()).ok().and_then(|height| self.rows.get_mut(height)) {
            row.first = tile.first();
            row.hashes = hashes.into();
        }
    }
}
