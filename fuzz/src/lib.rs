//! What must be true of every input of the parsers of the logs: no panic, and whatever is read has one form.
//!
//! Each function is one target of `cargo fuzz`; `tests/it/fuzzed.rs` runs the same ones over a bounded number of inputs.

use heteronym::wire::tlog::{
    AddCheckpoint, Bundle, Checkpoint, Edge, Hash, Note, NoteKey, NoteSignature, SignedCheckpoint, Tile, TlogProof,
    WitnessAnswer, consistency_proof, decode_hashes, encode_hashes, inclusion_proof,
    leaf::{IssuanceLeaf, RegistryLeaf},
    sample::Openings,
    verify_consistency, verify_inclusion,
};

/// A function that takes any bytes.
type Target = fn(&[u8]);

/// Every target under the name of its file in `fuzz_targets`.
pub const TARGETS: [(&str, Target); 11] = [
    ("add_checkpoint", add_checkpoint),
    ("checkpoint", checkpoint),
    ("cosignature", cosignature),
    ("entry_bundle", entry_bundle),
    ("leaf", leaf),
    ("merkle_proof", merkle_proof),
    ("note", note),
    ("note_key", note_key),
    ("openings", openings),
    ("tile_path", tile_path),
    ("tlog_proof", tlog_proof),
];

/// Keys that the seeds are signed with, so that signatures are verified and not only skipped.
pub const LOG_KEY: &str = "log.example/2026+2c9e59a6+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
pub const WITNESS_KEY: &str = "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";

fn keys() -> [NoteKey; 2] {
    [LOG_KEY.parse().expect("a key"), WITNESS_KEY.parse().expect("a key")]
}

pub fn note(bytes: &[u8]) {
    let Ok(note) = Note::parse(bytes) else { return };
    assert_eq!(note.to_string().as_bytes(), bytes);
    if let Ok(signers) = note.verify(&keys()) {
        assert!((1..=2).contains(&signers.len()), "each key once");
    }
}

pub fn note_key(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(key) = text.parse::<NoteKey>() {
        assert_eq!(key.to_string(), text);
        assert_eq!(NoteKey::new(key.name(), key.algorithm(), key.public()), Ok(key));
    }
}

pub fn openings(bytes: &[u8]) {
    let Ok(openings) = Openings::parse(bytes) else { return };
    assert!(Openings::parse(&openings.to_bytes()).is_ok_and(|again| again == openings));
    for drawn in openings.drawn.iter().filter_map(|drawn| drawn.opened.as_ref()) {
        for (kind, fields) in [("issue", &drawn.fields), ("enrol", &drawn.enrolment.fields)] {
            for opening in fields {
                let _ = opening.verify(kind, Hash::of_empty_tree());
            }
        }
    }
}

pub fn checkpoint(bytes: &[u8]) {
    if let Ok(signed) = SignedCheckpoint::parse(bytes) {
        assert_eq!(signed.to_string().as_bytes(), bytes);
        let believed = signed.verify("log.example/2026", &keys());
        assert!(believed.is_err() || signed.checkpoint().origin() == "log.example/2026");
        let _ = signed.cosigners(&keys());
    }
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(head) = text.parse::<Checkpoint>() {
        assert_eq!(head.to_string(), text);
    }
}

pub fn cosignature(bytes: &[u8]) {
    let lines = WitnessAnswer::parse(200, "text/plain", bytes);
    let size = WitnessAnswer::parse(409, "text/x.tlog.size", bytes);
    assert!(lines.is_err() || size.is_err());
    if let Ok(WitnessAnswer::Refused(refusal)) = size {
        assert_eq!(refusal.body().as_bytes(), bytes);
    }
    if let Ok(WitnessAnswer::Cosigned(lines)) = lines {
        let written: String = lines.iter().map(|line| line.to_string() + "\n").collect();
        assert_eq!(written.as_bytes(), bytes);
    }
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(line) = text.parse::<NoteSignature>() {
        assert_eq!(line.to_string(), text);
    }
}

pub fn tile_path(bytes: &[u8]) {
    let Ok(path) = str::from_utf8(bytes) else { return };
    let (tile, bundle) = (path.parse::<Tile>(), path.parse::<Bundle>());
    assert!(tile.is_err() || bundle.is_err(), "a path is of one thing");
    if let Ok(tile) = tile {
        assert_eq!(tile.to_string(), path);
        assert_eq!(Tile::new(tile.level(), tile.index(), tile.width()), Some(tile));
    }
    if let Ok(bundle) = bundle {
        assert_eq!(bundle.to_string(), path);
    }
}

/// The first byte chooses the width.
pub fn entry_bundle(bytes: &[u8]) {
    let Some((width, content)) = bytes.split_first() else { return };
    let width = u16::from(*width) + 1;
    let bundle = Bundle::new(0, width).expect("every width from 1 to 256");
    if let Ok(entries) = bundle.decode(content) {
        assert_eq!(entries.len(), usize::from(width));
        assert_eq!(Bundle::encode(entries).as_deref(), Ok(content));
    }
    if let Ok(hashes) = decode_hashes(content, width) {
        assert_eq!(encode_hashes(&hashes), content);
    }
}

pub fn leaf(bytes: &[u8]) {
    let issuance = IssuanceLeaf::parse(bytes).map(|leaf| leaf.to_bytes());
    let registry = RegistryLeaf::parse(bytes).map(|leaf| leaf.to_bytes());
    assert!(issuance.is_err() || registry.is_err(), "a leaf is of one log");
    if let Ok(written) = issuance.or(registry) {
        assert_eq!(written.as_deref(), Ok(bytes));
    }
}

pub fn tlog_proof(bytes: &[u8]) {
    let Ok(proof) = TlogProof::parse(bytes) else { return };
    assert_eq!(proof.to_string().as_bytes(), bytes);
    let leaf = Hash::of_leaf(proof.extra().unwrap_or_default());
    let _ = proof.verify(leaf, "log.example/2026", &keys());
}

pub fn add_checkpoint(bytes: &[u8]) {
    let Ok(request) = AddCheckpoint::parse(bytes) else { return };
    assert_eq!(request.to_string().as_bytes(), bytes);
    let _ = request.check(&keys(), None);
    let _ = request.check(&keys(), Some((request.old(), Hash::of_empty_tree())));
}

/// Two numbers and hashes: verified as both kinds of proof, and a tree of that size is asked for its own.
pub fn merkle_proof(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first_chunk() else { return };
    let Some((second, rest)) = rest.split_first_chunk() else { return };
    let (first, second) = (u64::from_be_bytes(*first), u64::from_be_bytes(*second));
    let hashes: Vec<_> = rest.as_chunks().0.iter().copied().map(Hash::from_bytes).collect();
    let hash = hashes.first().copied().unwrap_or_else(Hash::of_empty_tree);
    let _ = verify_inclusion(hash, first, second, &hashes, hash);
    let grown = verify_consistency(first, hash, second, hash, &hashes);
    // Two trees of different sizes have different roots, but that of the empty tree is no root of another one.
    assert!(grown.is_err() || first == second || first == 0, "{first} {second}");

    let tiles = |tile: Tile| Some(vec![hash; tile.width().into()]);
    if let Ok(edge) = Edge::restore(second, tiles) {
        assert_eq!(edge.size(), second);
        let root = edge.root();
        if let Ok(proof) = inclusion_proof(first, second, tiles) {
            // Made of tiles that do not belong together the proof leads nowhere, but it has the right length.
            assert!(verify_inclusion(hash, first, second, &proof, root).is_ok() || proof.len() > 1);
        }
        if let Ok(proof) = consistency_proof(first, second, tiles) {
            assert!(proof.len() <= 63);
        }
    }
}
