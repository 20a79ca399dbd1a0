//! Tests of the logs: against the recursive definitions of RFC 6962, published vectors, and checkers of other hands.

mod checkers;
mod checkpoint;
mod edge;
mod note;
mod proof;
mod tile;
mod tlog_proof;
mod vectors;
mod witness;

use ed25519_dalek::{Signer, SigningKey};

use super::*;

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

/// An edge with this many leaves.
fn grown(size: u64) -> Edge {
    let mut edge = Edge::new();
    for leaf in leaves(size) {
        edge.push(leaf).unwrap();
    }
    edge
}

/// A key and its private half.
fn pair(name: &str, algorithm: Algorithm, seed: u8) -> (NoteKey, impl Fn(&[u8]) -> [u8; 64]) {
    let private = SigningKey::from_bytes(&[seed; 32]);
    let key = NoteKey::new(name, algorithm, private.verifying_key().as_bytes()).unwrap();
    (key, move |message: &[u8]| private.sign(message).to_bytes())
}

const ORIGIN: &str = "log.example/2026";

/// The log's key, and a head of its tree of this size.
fn head(size: u64) -> (Vec<NoteKey>, SignedCheckpoint) {
    let (key, sign) = pair(ORIGIN, Algorithm::Ed25519, 1);
    let checkpoint = Checkpoint::new(ORIGIN, size, grown(size).root()).unwrap();
    let signed = SignedCheckpoint::sign(checkpoint, &key, sign).unwrap();
    (vec![key], signed)
}

/// Hashes as they stand in a proof.
fn lines(hashes: &[Hash]) -> String {
    hashes.iter().map(|hash| hash.to_string() + "\n").collect()
}

/// Texts that differ from this one in one place: a byte that is changed, left out, doubled or cut behind.
fn mutations(text: &str) -> impl Iterator<Item = Vec<u8>> {
    let bytes = text.as_bytes().to_vec();
    (0..bytes.len()).flat_map(move |at| {
        let flips = (0..8).map(|bit| {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            changed
        });
        let without = [&bytes[..at], &bytes[at + 1..]].concat();
        let doubled = [&bytes[..=at], &bytes[at..]].concat();
        flips.chain([without, doubled, bytes[..at].to_vec()]).collect::<Vec<_>>()
    })
}
