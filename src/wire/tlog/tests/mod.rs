//! Tests of the logs: against the recursive definitions of RFC 6962, published vectors, and checkers of other hands.

mod edge;
mod note;
mod tile;

use super::Hash;

/// The definitions of RFC 6962 §2.1, word by word: slow, and so short that one sees that they are right.
mod naive {
    use super::Hash;

    pub(super) fn root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of_empty_tree(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(k(leaves.len()));
                Hash::of_children(root(left), root(right))
            }
        }
    }

    pub(super) fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() <= 1 {
            return Vec::new();
        }
        let (left, right) = leaves.split_at(k(leaves.len()));
        let (mut proof, other) =
            if m < left.len() { (path(m, left), right) } else { (path(m - left.len(), right), left) };
        proof.push(root(other));
        proof
    }

    pub(super) fn proof(m: usize, leaves: &[Hash]) -> Vec<Hash> {
        subproof(m, leaves, true)
    }

    fn subproof(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
        if m == leaves.len() {
            return if whole { Vec::new() } else { vec![root(leaves)] };
        }
        let (left, right) = leaves.split_at(k(leaves.len()));
        let (mut proof, other) = if m <= left.len() {
            (subproof(m, left, whole), right)
        } else {
            (subproof(m - left.len(), right, false), left)
        };
        proof.push(root(other));
        proof
    }

    /// The largest power of two smaller than n.
    fn k(n: usize) -> usize {
        n.next_power_of_two() / 2
    }
}

fn leaf(index: u64) -> Hash {
    Hash::of_leaf(&index.to_be_bytes())
}

fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(leaf).collect()
}
