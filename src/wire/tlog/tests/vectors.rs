//! The published vectors: `tests/vectors/tlog`, sources in the README there.

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Merkle {
    entries: Vec<String>,
    roots: Vec<String>,
    inclusion: Vec<Inclusion>,
    consistency: Vec<Consistency>,
}

#[derive(Deserialize)]
struct Inclusion {
    index: u64,
    size: u64,
    proof: Vec<String>,
}

#[derive(Deserialize)]
struct Consistency {
    old: u64,
    new: u64,
    proof: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Signed {
    pub(super) note: String,
    #[serde(default)]
    pub(super) keys: Vec<String>,
}

impl Signed {
    pub(super) fn keys(&self) -> Vec<NoteKey> {
        self.keys.iter().map(|key| key.parse().unwrap()).collect()
    }
}

pub(super) fn notes() -> HashMap<String, Signed> {
    serde_json::from_str(include_str!("../../../../tests/vectors/tlog/notes.json")).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    HEXLOWER.decode(hex.as_bytes()).unwrap()
}

fn hashes(hex: &[String]) -> Vec<Hash> {
    hex.iter().map(|hash| Hash::from_bytes(bytes(hash).try_into().unwrap())).collect()
}

#[test]
fn the_tree_of_certificate_transparency_has_its_roots_and_proofs() {
    let vectors: Merkle = serde_json::from_str(include_str!("../../../../tests/vectors/tlog/merkle.json")).unwrap();
    let leaves: Vec<_> = vectors.entries.iter().map(|entry| Hash::of_leaf(&bytes(entry))).collect();
    let roots = hashes(&vectors.roots);
    let root = |size: u64| roots[usize::try_from(size).unwrap() - 1];
    let edge = |size: u64| {
        let mut edge = Edge::new();
        leaves.iter().zip(0..size).for_each(|(leaf, _)| edge.push(*leaf).unwrap());
        edge
    };
    for size in 1..=8 {
        assert_eq!(edge(size).root(), root(size), "{size}");
    }
    for Inclusion { index, size, proof } in vectors.inclusion {
        let proof = hashes(&proof);
        assert_eq!(edge(size).inclusion(index).as_ref(), Some(&proof), "{index} of {size}");
        let leaf = leaves[usize::try_from(index).unwrap()];
        verify_inclusion(leaf, index, size, &proof, root(size)).unwrap();
    }
    for Consistency { old, new, proof } in vectors.consistency {
        let proof = hashes(&proof);
        assert_eq!(edge(new).consistency(old).as_ref(), Some(&proof), "{old} to {new}");
        verify_consistency(old, root(old), new, root(new), &proof).unwrap();
    }
}

/// RFC 6962 §2.1.3 and RFC 9162 §2.1.5 draw this tree and name its nodes.
#[test]
fn the_proofs_of_the_tree_of_seven_leaves_are_those_that_the_rfcs_name() {
    // The drawing calls the leaves a to f and j, the nodes above them g, h and i, the halves k and l.
    let leaf: [Hash; 7] = leaves(7).try_into().unwrap();
    let [g, h, i] = [0, 2, 4].map(|left| Hash::of_children(leaf[left], leaf[left + 1]));
    let (left, right) = (Hash::of_children(g, h), Hash::of_children(i, leaf[6]));
    let edge = grown(7);
    assert_eq!(edge.root(), Hash::of_children(left, right));
    assert_eq!(edge.inclusion(0).unwrap(), [leaf[1], h, right]);
    assert_eq!(edge.inclusion(3).unwrap(), [leaf[2], g, right]);
    assert_eq!(edge.inclusion(4).unwrap(), [leaf[5], leaf[6], left]);
    assert_eq!(edge.inclusion(6).unwrap(), [i, left]);
    assert_eq!(edge.consistency(3).unwrap(), [leaf[2], leaf[3], g, right]);
    assert_eq!(edge.consistency(4).unwrap(), [right]);
    assert_eq!(edge.consistency(6).unwrap(), [i, leaf[6], left]);
}

#[test]
fn published_notes_read_write_back_and_hold_under_their_keys() {
    for (name, signed) in notes() {
        let note = Note::parse(signed.note.as_bytes()).unwrap();
        assert_eq!(note.to_string(), signed.note, "{name}");
        let keys = signed.keys();
        for (key, text) in keys.iter().zip(&signed.keys) {
            assert_eq!(key.to_string(), *text);
        }
        let verified = note.signers(&keys).unwrap();
        assert_eq!(verified.len(), keys.len(), "{name}");
    }
    let poem = Note::parse(notes()["poem"].note.as_bytes()).unwrap();
    assert!(poem.text().ends_with("sole:\n\ned è subito sera.\n"), "its text has an empty line");
    assert_eq!((poem.signatures()[0].name(), poem.signatures()[0].id()), ("quasimodo.example/salvatore", 0x367b_a04b));
}

#[test]
fn a_head_of_the_go_checksum_database_is_believed() {
    let signed = &notes()["sumdb"];
    let head = SignedCheckpoint::parse(signed.note.as_bytes()).unwrap();
    let head = head.verify("go.sum database tree", &signed.keys()).unwrap();
    assert_eq!((head.origin(), head.size()), ("go.sum database tree", 35_225_469));
}

#[test]
fn what_another_program_has_cosigned_is_what_we_sign_and_cosign() {
    let signed = &notes()["cosigned"];
    let keys = signed.keys();
    let ((log, sign), (witness, cosign)) =
        (pair(ORIGIN, Algorithm::Ed25519, 1), pair("witness.example/w1", Algorithm::Cosignature, 2));
    assert_eq!(keys, [log.clone(), witness.clone()]);
    let read = SignedCheckpoint::parse(signed.note.as_bytes()).unwrap();
    let time = read.cosigners(&keys).unwrap()[0].time.unwrap();
    let mut ours = SignedCheckpoint::sign(read.checkpoint().clone(), &log, sign).unwrap();
    ours.push(NoteSignature::cosign(&witness, read.note().text(), time, cosign).unwrap()).unwrap();
    assert_eq!(ours.to_string(), signed.note);
}
