//! Proofs of inclusion and of consistency: verified (RFC 9162 §2.1.3.2, §2.1.4.2), and made from tiles.
//!
//! A proof is at most 63 hashes, each used exactly once. Whoever reads tiles from far away asks `tiles_of_…` first which
//! ones a proof takes. Not verified here: that a root is the one that a log has signed.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use super::{
    error::ProofError,
    hash::Hash,
    tile::Tile,
    tree::{self, MAX_SIZE, Node},
};

/// Whether the leaf with this hash stands at this index of the tree (RFC 9162 §2.1.3.2).
pub fn verify_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash], root: Hash) -> Result<(), ProofError> {
    let expected = tree::inclusion(index, size)?.len();
    if proof.len() != expected {
        return Err(ProofError::Length { got: proof.len(), expected });
    }
    let (mut number, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if number % 2 == 1 || number == last {
            hash = Hash::of_children(*sibling, hash);
            // A node without a sibling is carried upwards as it is.
            while number % 2 == 0 && number != 0 {
                (number, last) = (number / 2, last / 2);
            }
        } else {
            hash = Hash::of_children(hash, *sibling);
        }
        (number, last) = (number / 2, last / 2);
    }
    if last == 0 && hash == root { Ok(()) } else { Err(ProofError::Root) }
}

/// Whether the tree has grown out of the old one (RFC 9162 §2.1.4.2). Out of the empty tree grows every tree, with an empty
/// proof; out of a tree of the same size only itself.
pub fn verify_consistency(
    old: u64,
    old_root: Hash,
    new: u64,
    new_root: Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    let expected = tree::consistency(old, new)?.len();
    if proof.len() != expected {
        return Err(ProofError::Length { got: proof.len(), expected });
    }
    let right = |holds: bool| if holds { Ok(()) } else { Err(ProofError::Root) };
    if old == 0 {
        let new_is_empty = new_root == Hash::of_empty_tree();
        return right(old_root == Hash::of_empty_tree() && (new > 0 || new_is_empty));
    }
    if old == new {
        return right(old_root == new_root);
    }
    // A complete old tree is the first node of the proof, and is not sent.
    let mut path = old.is_power_of_two().then_some(old_root).into_iter().chain(proof.iter().copied());
    let Some(start) = path.next() else { return Err(ProofError::Root) };
    let shift = (old - 1).trailing_ones();
    let (mut number, mut last) = ((old - 1) >> shift, (new - 1) >> shift);
    let (mut of_old, mut of_new) = (start, start);
    for sibling in path {
        if number % 2 == 1 || number == last {
            of_old = Hash::of_children(sibling, of_old);
            of_new = Hash::of_children(sibling, of_new);
            while number % 2 == 0 && number != 0 {
                (number, last) = (number / 2, last / 2);
            }
        } else {
            of_new = Hash::of_children(of_new, sibling);
        }
        (number, last) = (number / 2, last / 2);
    }
    right(of_old == old_root && of_new == new_root && last == 0)
}

/// The root of the tree as it was at this size. `tile` may answer with more hashes than asked for, not with fewer.
pub fn root_at(size: u64, tile: impl FnMut(Tile) -> Option<Vec<Hash>>) -> Result<Hash, ProofError> {
    if size > MAX_SIZE {
        return Err(ProofError::Size(size));
    }
    Reader::new(size, tile).hash(0..size)
}

/// The proof that a leaf is in the tree of this size.
pub fn inclusion_proof(
    index: u64,
    size: u64,
    tile: impl FnMut(Tile) -> Option<Vec<Hash>>,
) -> Result<Vec<Hash>, ProofError> {
    Reader::new(size, tile).hashes(tree::inclusion(index, size)?)
}

/// The proof that the tree of the new size has grown out of that of the old one.
pub fn consistency_proof(
    old: u64,
    new: u64,
    tile: impl FnMut(Tile) -> Option<Vec<Hash>>,
) -> Result<Vec<Hash>, ProofError> {
    Reader::new(new, tile).hashes(tree::consistency(old, new)?)
}

/// What [`root_at`] asks for.
pub fn tiles_of_root(size: u64) -> Result<Vec<Tile>, ProofError> {
    if size > MAX_SIZE {
        return Err(ProofError::Size(size));
    }
    Ok(tiles(std::iter::once(0..size), size))
}

/// What [`inclusion_proof`] asks for.
pub fn tiles_of_inclusion(index: u64, size: u64) -> Result<Vec<Tile>, ProofError> {
    Ok(tiles(tree::inclusion(index, size)?, size))
}

/// What [`consistency_proof`] asks for.
pub fn tiles_of_consistency(old: u64, new: u64) -> Result<Vec<Tile>, ProofError> {
    Ok(tiles(tree::consistency(old, new)?, new))
}

fn tiles(ranges: impl IntoIterator<Item = Range<u64>>, size: u64) -> Vec<Tile> {
    let nodes = ranges.into_iter().flat_map(tree::nodes);
    let tiles: BTreeSet<_> = nodes.filter_map(|node| Tile::of_node(node, size)).map(|(tile, _)| tile).collect();
    tiles.into_iter().collect()
}

/// Hashes of subtrees out of the tiles of a tree, each read once.
struct Reader<F> {
    size: u64,
    source: F,
    read: BTreeMap<Tile, Vec<Hash>>,
}

impl<F: FnMut(Tile) -> Option<Vec<Hash>>> Reader<F> {
    fn new(size: u64, source: F) -> Self {
        Self { size, source, read: BTreeMap::new() }
    }

    fn hashes(&mut self, ranges: Vec<Range<u64>>) -> Result<Vec<Hash>, ProofError> {
        ranges.into_iter().map(|range| self.hash(range)).collect()
    }

    fn hash(&mut self, range: Range<u64>) -> Result<Hash, ProofError> {
        tree::hash(range, |node| self.node(node))
    }

    fn node(&mut self, node: Node) -> Result<Hash, ProofError> {
        let (tile, within) = Tile::of_node(node, self.size).ok_or(ProofError::Size(self.size))?;
        let missing = || ProofError::Missing(tile);
        if !self.read.contains_key(&tile) {
            let whole = (self.source)(tile).filter(|hashes| hashes.len() >= tile.width().into());
            let hashes = whole.ok_or_else(missing)?;
            self.read.insert(tile, hashes);
        }
        let row = self.read.get(&tile).and_then(|hashes| hashes.get(within)).ok_or_else(missing)?;
        tree::fold(row.to_vec()).ok_or_else(missing)
    }
}
