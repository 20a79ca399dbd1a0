//! Proofs that are wrong in one place, each of which has to be refused.

use super::*;

/// Inclusion proofs to break: complete trees, ragged ones, one leaf, two tiles.
const INCLUSIONS: [(u64, u64); 12] =
    [(0, 1), (0, 2), (1, 2), (2, 3), (0, 8), (5, 8), (6, 7), (3, 7), (256, 257), (255, 256), (0, 600), (599, 600)];
/// Consistency proofs to break.
const CONSISTENCIES: [(u64, u64); 10] =
    [(1, 2), (1, 3), (2, 3), (3, 7), (4, 7), (6, 8), (4, 8), (255, 257), (256, 600), (599, 600)];

#[test]
fn p3_an_inclusion_proof_with_one_bit_changed_is_refused() {
    for (index, size) in INCLUSIONS {
        let (edge, leaf) = (grown(size), leaf(index));
        let (proof, root) = (edge.inclusion(index).unwrap(), edge.root());
        verify_inclusion(leaf, index, size, &proof, root).unwrap();
        for at in 0..proof.len() {
            for flipped in flips(proof[at]) {
                let mut broken = proof.clone();
                broken[at] = flipped;
                assert_eq!(verify_inclusion(leaf, index, size, &broken, root), Err(ProofError::Root));
            }
        }
        for flipped in flips(leaf) {
            assert_eq!(verify_inclusion(flipped, index, size, &proof, root), Err(ProofError::Root));
        }
        for flipped in flips(root) {
            assert_eq!(verify_inclusion(leaf, index, size, &proof, flipped), Err(ProofError::Root));
        }
    }
}

#[test]
fn p3_an_inclusion_proof_of_another_length_or_order_is_refused() {
    for (index, size) in INCLUSIONS {
        let (edge, leaf) = (grown(size), leaf(index));
        let (proof, root) = (edge.inclusion(index).unwrap(), edge.root());
        for (what, broken) in longer_shorter_swapped(&proof, root) {
            let refused = verify_inclusion(leaf, index, size, &broken, root);
            assert!(refused.is_err(), "{index} of {size}: {what}");
        }
        for length in [0, 62, 63, 64, 65, 1000] {
            let refused = verify_inclusion(leaf, index, size, &vec![root; length], root);
            assert!(refused.is_err() || length == 0 && size == 1, "{length} hashes");
        }
    }
}

#[test]
fn p3_an_inclusion_proof_for_another_leaf_index_or_size_is_refused() {
    for (index, size) in INCLUSIONS {
        let edge = grown(size);
        let (proof, root) = (edge.inclusion(index).unwrap(), edge.root());
        for other in (0..size + 3).chain([size * 2, index ^ 256, u64::MAX - 1, u64::MAX]).filter(|i| *i != index) {
            let wrong_index = verify_inclusion(leaf(index), other, size, &proof, root);
            assert!(wrong_index.is_err(), "{index} of {size} as {other}");
            assert!(verify_inclusion(leaf(other), index, size, &proof, root).is_err(), "leaf {other}");
            assert!(verify_inclusion(leaf(other), other, size, &proof, root).is_err(), "leaf and index {other}");
        }
        // A proof binds the size only as far as the shape of the path shows it; the signed head binds it wholly. A path
        // of the same shape under another size leads to the same root, any other is refused.
        for other in (0..2 * size + 3).filter(|n| *n != size).chain([MAX_SIZE + 1, u64::MAX]) {
            let holds = verify_inclusion(leaf(index), index, other, &proof, root).is_ok();
            assert_eq!(holds, shape(index, other).is_some_and(|other| Some(other) == shape(index, size)), "{other}");
        }
    }
    assert_eq!(
        verify_inclusion(leaf(0), 0, 0, &[], Hash::of_empty_tree()),
        Err(ProofError::Index { index: 0, size: 0 })
    );
}

#[test]
fn p4_a_consistency_proof_with_one_bit_changed_is_refused() {
    for (old, new) in CONSISTENCIES {
        let (of_old, edge) = (grown(old).root(), grown(new));
        let (proof, of_new) = (edge.consistency(old).unwrap(), edge.root());
        verify_consistency(old, of_old, new, of_new, &proof).unwrap();
        for at in 0..proof.len() {
            for flipped in flips(proof[at]) {
                let mut broken = proof.clone();
                broken[at] = flipped;
                assert_eq!(verify_consistency(old, of_old, new, of_new, &broken), Err(ProofError::Root));
            }
        }
        for (flipped_old, flipped_new) in flips(of_old).zip(flips(of_new)) {
            assert_eq!(verify_consistency(old, flipped_old, new, of_new, &proof), Err(ProofError::Root));
            assert_eq!(verify_consistency(old, of_old, new, flipped_new, &proof), Err(ProofError::Root));
        }
        assert_eq!(verify_consistency(old, of_new, new, of_old, &proof), Err(ProofError::Root));
    }
}

#[test]
fn p4_a_consistency_proof_of_another_length_order_or_size_is_refused() {
    for (old, new) in CONSISTENCIES {
        let (of_old, edge) = (grown(old).root(), grown(new));
        let (proof, of_new) = (edge.consistency(old).unwrap(), edge.root());
        for (what, broken) in longer_shorter_swapped(&proof, of_old) {
            assert!(verify_consistency(old, of_old, new, of_new, &broken).is_err(), "{old} to {new}: {what}");
        }
        for other in (0..new + 2).filter(|other| *other != old) {
            assert!(verify_consistency(other, of_old, new, of_new, &proof).is_err(), "{old} to {new} from {other}");
        }
        for shorter in 0..old {
            assert!(verify_consistency(old, of_old, shorter, of_new, &proof).is_err(), "{old} to {new} as {shorter}");
        }
    }
}

#[test]
fn p4_a_tree_does_not_shrink_and_out_of_the_empty_one_grows_every_tree_with_an_empty_proof() {
    let (three, five) = (grown(3).root(), grown(5).root());
    let empty = Hash::of_empty_tree();
    assert_eq!(verify_consistency(5, five, 3, three, &[]), Err(ProofError::Order { old: 5, new: 3 }));
    assert_eq!(verify_consistency(1, leaf(0), 0, empty, &[]), Err(ProofError::Order { old: 1, new: 0 }));
    verify_consistency(0, empty, 3, three, &[]).unwrap();
    verify_consistency(0, empty, 0, empty, &[]).unwrap();
    verify_consistency(3, three, 3, three, &[]).unwrap();
    let too_long = Err(ProofError::Length { got: 1, expected: 0 });
    assert_eq!(verify_consistency(0, empty, 3, three, &[three]), too_long);
    assert_eq!(verify_consistency(0, empty, 0, empty, &[empty]), too_long);
    assert_eq!(verify_consistency(3, three, 3, three, &[three]), too_long);
    for (old, of_old, new, of_new) in [(0, three, 3, three), (0, empty, 0, three), (0, three, 0, three)] {
        assert_eq!(verify_consistency(old, of_old, new, of_new, &[]), Err(ProofError::Root), "{old} to {new}");
    }
    assert_eq!(verify_consistency(3, three, 3, five, &[]), Err(ProofError::Root));
    assert!(verify_consistency(1, leaf(0), 2, leaf(0), &[]).is_err());
    let beyond = MAX_SIZE + 1;
    assert_eq!(verify_consistency(0, empty, beyond, three, &[]), Err(ProofError::Size(beyond)));
}

#[test]
fn p5_a_node_is_not_proven_as_a_leaf_nor_a_leaf_as_a_node() {
    let (edge, leaves) = (grown(8), leaves(8));
    let node = Hash::of_children(leaves[0], leaves[1]);
    let above = &edge.inclusion(0).unwrap()[1..];
    // As entry 0 of a tree of half the size, the node has a path to the same root: only its prefix tells it from a leaf.
    verify_inclusion(node, 0, 4, above, edge.root()).unwrap();
    let children = [leaves[0].as_bytes().as_slice(), leaves[1].as_bytes()].concat();
    for entry in [children.clone(), [&[1], children.as_slice()].concat(), [&[0], children.as_slice()].concat()] {
        assert_ne!(Hash::of_leaf(&entry), node);
        assert_eq!(verify_inclusion(Hash::of_leaf(&entry), 0, 4, above, edge.root()), Err(ProofError::Root));
    }
}

#[test]
fn no_proof_of_the_largest_tree_is_longer_than_63_hashes() {
    let source = |tile: Tile| Some(vec![Hash::of_empty_tree(); tile.width().into()]);
    for index in [0, 1, MAX_SIZE / 2, MAX_SIZE - 1] {
        assert!(inclusion_proof(index, MAX_SIZE, source).unwrap().len() <= MAX_PROOF);
        assert!(consistency_proof(index, MAX_SIZE, source).unwrap().len() <= MAX_PROOF);
        assert!(consistency_proof(index, MAX_SIZE - 1, source).unwrap().len() <= MAX_PROOF);
    }
    assert_eq!(consistency_proof(MAX_SIZE - 1, MAX_SIZE, source).unwrap().len(), MAX_PROOF);
    assert_eq!(inclusion_proof(0, MAX_SIZE + 1, source), Err(ProofError::Size(MAX_SIZE + 1)));
    assert_eq!(root_at(u64::MAX, source), Err(ProofError::Size(u64::MAX)));
    assert!(tiles_of_root(u64::MAX).is_err() && tiles_of_inclusion(0, u64::MAX).is_err());
    assert!(tiles_of_consistency(0, u64::MAX).is_err() && Edge::restore(u64::MAX, source).is_err());
    let mut full = Edge::restore(MAX_SIZE, source).unwrap();
    assert_eq!(full.push(leaf(0)), Err(ProofError::Size(MAX_SIZE + 1)));
    assert_eq!(full.size(), MAX_SIZE);
}

/// The same hash with each of its bits changed.
fn flips(hash: Hash) -> impl Iterator<Item = Hash> {
    (0..256).map(move |bit| {
        let mut bytes = *hash.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        Hash::from_bytes(bytes)
    })
}

fn longer_shorter_swapped(proof: &[Hash], other: Hash) -> Vec<(String, Vec<Hash>)> {
    let mut broken = Vec::new();
    for at in 0..=proof.len() {
        broken.push((format!("one more at {at}"), [&proof[..at], &[other], &proof[at..]].concat()));
    }
    for at in 0..proof.len() {
        broken.push((format!("without {at}"), [&proof[..at], &proof[at + 1..]].concat()));
        broken.push((format!("{at} twice"), [&proof[..=at], &proof[at..]].concat()));
        if at > 0 {
            let mut swapped = proof.to_vec();
            swapped.swap(at - 1, at);
            broken.push((format!("{at} swapped"), swapped));
        }
    }
    broken
}

/// On which side the sibling stands at each step from a leaf to the root: all that a path says of the size.
fn shape(index: u64, size: u64) -> Option<Vec<bool>> {
    if index >= size || size > MAX_SIZE {
        return None;
    }
    let (mut first, mut end, mut sides) = (0, size, Vec::new());
    while end - first > 1 {
        let middle = first + (end - first).next_power_of_two() / 2;
        sides.push(index < middle);
        if index < middle { end = middle } else { first = middle }
    }
    Some(sides)
}
