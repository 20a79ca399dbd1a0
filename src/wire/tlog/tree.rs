//! The shape of a Merkle tree (RFC 6962 §2.1): which complete subtrees make a range, and which ranges make a proof.
//!
//! A tree splits at the largest power of two smaller than its size, so every range that comes up starts at a multiple of
//! the largest power of two that it holds, and is a row of complete subtrees of falling height.

use std::ops::Range;

use super::{error::ProofError, hash::Hash};

/// The largest tree that is read or made.
pub const MAX_SIZE: u64 = 1 << 62;
/// The longest proof, as C2SP tlog-witness limits it; no tree of at most [`MAX_SIZE`] leaves has a longer one.
pub const MAX_PROOF: usize = 63;

/// A complete subtree over the leaves `index << height .. (index + 1) << height`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Node {
    pub(super) height: u32,
    pub(super) index: u64,
}

/// The complete subtrees of a range, from left to right.
pub(super) fn nodes(range: Range<u64>) -> impl Iterator<Item = Node> {
    let mut start = range.start;
    std::iter::from_fn(move || {
        let height = range.end.checked_sub(start)?.checked_ilog2()?;
        let node = Node { height, index: start >> height };
        start += 1 << height;
        Some(node)
    })
}

/// The hash of a range from those of its complete subtrees; of an empty one, that of the empty tree.
pub(super) fn hash<E>(range: Range<u64>, mut of: impl FnMut(Node) -> Result<Hash, E>) -> Result<Hash, E> {
    let parts = nodes(range).map(&mut of).collect::<Result<Vec<_>, _>>()?;
    let joined = parts.into_iter().rev().reduce(|right, left| Hash::of_children(left, right));
    Ok(joined.unwrap_or_else(Hash::of_empty_tree))
}

/// The hash of a complete subtree from the hashes of its lowest row.
pub(super) fn fold(mut row: Vec<Hash>) -> Option<Hash> {
    while row.len() > 1 {
        row = row.chunks_exact(2).filter_map(|pair| Some(Hash::of_children(*pair.first()?, *pair.last()?))).collect();
    }
    row.pop()
}

/// The ranges whose hashes prove that a leaf is in a tree, from the leaf's sibling upwards (RFC 6962 §2.1.1).
pub(super) fn inclusion(index: u64, size: u64) -> Result<Vec<Range<u64>>, ProofError> {
    if size > MAX_SIZE {
        return Err(ProofError::Size(size));
    }
    if index >= size {
        return Err(ProofError::Index { index, size });
    }
    let (mut tree, mut proof) = (0..size, Vec::new());
    while let Some(middle) = split(&tree) {
        let (left, right) = (tree.start..middle, middle..tree.end);
        let (own, other) = if index < middle { (left, right) } else { (right, left) };
        proof.push(other);
        tree = own;
    }
    proof.reverse();
    Ok(proof)
}

/// The ranges whose hashes prove that a tree has grown out of a smaller one (RFC 6962 §2.1.2).
pub(super) fn consistency(old: u64, new: u64) -> Result<Vec<Range<u64>>, ProofError> {
    if new > MAX_SIZE {
        return Err(ProofError::Size(new));
    }
    if old > new {
        return Err(ProofError::Order { old, new });
    }
    let (mut tree, mut proof) = (0..new, Vec::new());
    if old == 0 {
        return Ok(proof);
    }
    while old != tree.end
        && let Some(middle) = split(&tree)
    {
        let (left, right) = (tree.start..middle, middle..tree.end);
        let (own, other) = if old <= middle { (left, right) } else { (right, left) };
        proof.push(other);
        tree = own;
    }
    // What starts at the first leaf and ends with the old tree is the old tree, whose root the verifier has.
    if tree.start != 0 {
        proof.push(tree);
    }
    proof.reverse();
    Ok(proof)
}

/// Where a tree splits: after the largest power of two that is smaller than its size.
fn split(tree: &Range<u64>) -> Option<u64> {
    let height = (tree.end - tree.start).checked_sub(1)?.checked_ilog2()?;
    Some(tree.start + (1 << height))
}
