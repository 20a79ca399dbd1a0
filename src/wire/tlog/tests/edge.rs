//! The growing edge against the definitions.

use std::collections::HashMap;

use proptest::prelude::*;

use super::{grown, leaf, leaves, naive, *};

/// Every tile of a tree, also the partial ones, from the definitions.
fn tiles(leaves: &[Hash]) -> HashMap<Tile, Vec<Hash>> {
    let row = |tile: Tile| {
        let span = 256_usize.pow(tile.level().into());
        let first = usize::try_from(tile.index()).unwrap() * 256;
        let hash = |at: usize| naive::root(&leaves[at * span..(at + 1) * span]);
        (first..first + usize::from(tile.width())).map(hash).collect()
    };
    Tile::added(0, leaves.len() as u64).map(|tile| (tile, row(tile))).collect()
}

#[test]
fn roots_and_proofs_of_every_size_to_600_are_those_of_the_definitions() {
    let leaves = leaves(600);
    let mut edge = Edge::new();
    assert_eq!(edge.root(), Hash::of_empty_tree());
    for (before, leaf) in leaves.iter().enumerate() {
        edge.push(*leaf).unwrap();
        let now = &leaves[..=before];
        let root = naive::root(now);
        assert_eq!((edge.size(), edge.root()), (now.len() as u64, root));
        // Each index where sizes are small; where they are large, those around powers of two and the ends.
        let some = |index: &usize| now.len() < 80 || index.count_ones() < 2 || index + 3 > now.len();
        for index in (0..now.len()).filter(some) {
            let proof = edge.inclusion(index as u64).unwrap();
            assert_eq!(proof, naive::path(index, now), "{index} of {}", now.len());
            verify_inclusion(now[index], index as u64, now.len() as u64, &proof, root).unwrap();
        }
        for old in (0..=now.len()).filter(some) {
            let proof = edge.consistency(old as u64).unwrap();
            let expected = if old == 0 { Vec::new() } else { naive::proof(old, now) };
            assert_eq!(proof, expected, "{old} to {}", now.len());
            verify_consistency(old as u64, naive::root(&now[..old]), now.len() as u64, root, &proof).unwrap();
        }
        assert_eq!(edge.inclusion(now.len() as u64), None);
        assert_eq!(edge.consistency(now.len() as u64 + 1), None);
    }
}

#[test]
fn proofs_and_roots_made_of_tiles_are_those_of_the_edge_and_ask_only_for_the_tiles_they_name() {
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 600, 1000] {
        let edge = grown(size);
        let tiles = tiles(&leaves(size));
        let asked = std::cell::RefCell::new(Vec::new());
        let source = |tile| {
            asked.borrow_mut().push(tile);
            tiles.get(&tile).cloned()
        };
        let only = |named: Vec<Tile>| {
            let mut asked = asked.take();
            asked.sort_unstable();
            assert_eq!(asked, named);
        };
        assert_eq!(root_at(size, source), Ok(edge.root()));
        only(tiles_of_root(size).unwrap());
        for index in (0..size).step_by(37).chain(size.checked_sub(1)) {
            assert_eq!(inclusion_proof(index, size, source).ok(), edge.inclusion(index));
            only(tiles_of_inclusion(index, size).unwrap());
            assert_eq!(consistency_proof(index, size, source).ok(), edge.consistency(index));
            only(tiles_of_consistency(index, size).unwrap());
        }
        for (tile, hashes) in &tiles {
            assert_eq!(edge.tile(*tile).as_ref(), Some(hashes), "{tile}");
        }
    }
}

#[test]
fn a_missing_or_too_narrow_tile_is_named() {
    let wanted = Tile::new(0, 1, 44).unwrap();
    for answer in [None, Some(Vec::new()), Some(leaves(43))] {
        let source = |tile| if tile == wanted { answer.clone() } else { Some(leaves(256)) };
        assert_eq!(root_at(300, source), Err(ProofError::Missing(wanted)));
        assert_eq!(Edge::restore(300, source), Err(ProofError::Missing(wanted)));
        assert_eq!(inclusion_proof(299, 300, source), Err(ProofError::Missing(wanted)));
    }
}

#[test]
fn an_edge_restored_from_partial_tiles_is_the_one_that_grew() {
    for size in (0..600).chain([65535, 65536, 65537, 70_000]) {
        let mut edge = grown(size);
        let whole = edge.clone();
        edge.forget_before(size);
        let restored = Edge::restore(size, |tile| {
            assert!(!tile.is_full(), "what is full is not read");
            // The tree has grown since: the tile is wider now.
            let hashes = whole.tile(tile)?;
            Some(hashes.into_iter().chain([leaf(0)]).collect())
        });
        assert_eq!(restored.as_ref(), Ok(&edge), "{size}");
        assert_eq!(edge.root(), whole.root());
    }
}

#[test]
fn what_is_forgotten_before_an_index_is_not_needed_for_what_comes_after() {
    for (forgotten, size) in [(0, 5), (1, 1), (3, 9), (255, 600), (256, 600), (257, 257), (300, 1100), (512, 512)] {
        let (mut edge, whole) = (grown(forgotten), grown(size));
        edge.forget_before(forgotten);
        (forgotten..size).for_each(|index| edge.push(leaf(index)).unwrap());
        edge.forget_before(forgotten);
        assert_eq!(edge.root(), whole.root());
        for index in forgotten..size {
            assert_eq!(edge.inclusion(index), whole.inclusion(index), "{index}");
        }
        for old in forgotten..=size {
            assert_eq!(edge.consistency(old), whole.consistency(old), "{old}");
        }
        for tile in Tile::added(forgotten, size) {
            assert!(edge.tile(tile).is_some() && edge.tile(tile) == whole.tile(tile), "{tile}");
        }
    }
    let mut edge = grown(600);
    edge.forget_before(u64::MAX);
    assert_eq!(edge.root(), grown(600).root());
    assert_eq!((edge.inclusion(0), edge.inclusion(511)), (None, None));
    assert_eq!(edge.tile(Tile::new(0, 0, 256).unwrap()), None);
}

proptest! {
    #[test]
    fn trees_of_random_sizes_prove_random_leaves(size in 1_u64..3000, at in any::<prop::sample::Index>()) {
        let (leaves, edge) = (leaves(size), grown(size));
        let index = at.index(leaves.len());
        prop_assert_eq!(edge.root(), naive::root(&leaves));
        prop_assert_eq!(edge.inclusion(index as u64), Some(naive::path(index, &leaves)));
        prop_assert_eq!(edge.consistency(index as u64 + 1), Some(naive::proof(index + 1, &leaves)));
    }
}
