//! Our trees, tiles and notes read by checkers of other hands: the crates `tlog_tiles` and `signed_note`, ported from Go.
//!
//! `tlog_tiles` prints paths in the form of the Go checksum database, with the height: `tile/8/0/000`.

use proptest::prelude::*;
use signed_note::{StandardSigner, StandardVerifier, VerifierList};
use tlog_tiles::{HashReader, TileHashReader, TileReader};

use super::{vectors::notes, *};

/// Serves the tiles of an edge that has forgotten nothing.
struct Tiles(Edge);

impl TileReader for Tiles {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        Ok(tiles.iter().map(|tile| encode_hashes(&self.0.tile(ours(tile)).unwrap())).collect())
    }

    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

fn ours(tile: &tlog_tiles::Tile) -> Tile {
    Tile::new(tile.level(), tile.level_index(), u16::try_from(tile.width()).unwrap()).unwrap()
}

fn theirs(hash: Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(*hash.as_bytes())
}

fn list(hashes: &[Hash]) -> Vec<tlog_tiles::Hash> {
    hashes.iter().copied().map(theirs).collect()
}

/// What the other checker makes of our tiles, each of which it proves to belong to the root first.
fn check(size: u64, index: u64, old: u64) {
    let tiles = Tiles(grown(size));
    let root = theirs(tiles.0.root());
    let reader = TileHashReader::new(size, root, &tiles);
    assert_eq!(tlog_tiles::tree_hash(size, &reader).unwrap(), root);
    let first = tlog_tiles::stored_hash_index(0, index);
    assert_eq!(reader.read_hashes(&[first]).unwrap(), [theirs(leaf(index))]);

    let proof = list(&tiles.0.inclusion(index).unwrap());
    assert_eq!(tlog_tiles::prove_record(size, index, &reader).unwrap(), proof);
    tlog_tiles::check_record(&proof, size, root, index, theirs(leaf(index))).unwrap();
    let proof = list(&tiles.0.consistency(old).unwrap());
    assert_eq!(tlog_tiles::prove_tree(size, old, &reader).unwrap(), proof);
    tlog_tiles::check_tree(&proof, size, root, old, theirs(grown(old).root())).unwrap();
}

fn verifiers(keys: &[NoteKey]) -> VerifierList {
    let verifier = |key: &NoteKey| Box::new(StandardVerifier::new(&key.to_string()).unwrap()) as Box<_>;
    VerifierList::new(keys.iter().map(verifier).collect())
}

fn believed_elsewhere(note: &[u8], keys: &[NoteKey]) -> bool {
    signed_note::Note::from_bytes(note).is_ok_and(|note| note.verify(&verifiers(keys)).is_ok())
}

#[test]
fn another_checker_finds_our_proofs_at_the_edges_of_tiles() {
    for size in [1, 2, 3, 255, 256, 257, 511, 512, 513, 65_536, 65_537] {
        for index in [0, size / 2, size - 1] {
            check(size, index, index + 1);
        }
    }
}

#[test]
fn another_checker_names_the_same_tiles_when_a_tree_grows() {
    for (old, new) in [(0, 1), (0, 256), (1, 255), (255, 256), (256, 257), (0, 70_000), (65_535, 65_537), (300, 300)] {
        let expected: Vec<_> = tlog_tiles::Tile::new_tiles(8, old, new).iter().map(ours).collect();
        assert_eq!(Tile::added(old, new).collect::<Vec<_>>(), expected, "{old} to {new}");
    }
}

#[test]
fn another_checker_believes_the_notes_that_we_sign_and_we_those_that_it_signs() {
    let (keys, ours) = head(7);
    assert!(believed_elsewhere(ours.to_string().as_bytes(), &keys));
    let read = tlog_tiles::Checkpoint::from_bytes(ours.note().text().as_bytes()).unwrap();
    assert_eq!((read.origin(), read.size(), *read.hash()), (ORIGIN, 7, theirs(grown(7).root())));

    let private = [&[1], [1; 32].as_slice()].concat();
    let private = data_encoding::BASE64.encode(&private);
    let signer = StandardSigner::new(&format!("PRIVATE+KEY+{ORIGIN}+{:08x}+{private}", keys[0].id())).unwrap();
    let mut theirs = signed_note::Note::new(ours.note().text().as_bytes(), &[]).unwrap();
    theirs.add_sigs(&[&signer]).unwrap();
    assert_eq!(theirs.to_bytes(), ours.to_string().into_bytes());
}

#[test]
fn what_we_believe_of_a_changed_note_another_checker_believes_too() {
    let signed = &notes()["two signers"];
    let keys = &signed.keys()[..1];
    let mut believed = 0;
    for changed in mutations(&signed.note) {
        if Note::parse(&changed).is_ok_and(|note| note.verify(keys).is_ok()) {
            believed += 1;
            assert!(believed_elsewhere(&changed, keys), "{:?}", String::from_utf8_lossy(&changed));
        }
    }
    assert!(believed > 0, "the line of a signer whose key we do not know may change");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn another_checker_finds_our_proofs_in_trees_of_random_sizes(
        (size, index) in (1_u64..2000).prop_flat_map(|size| (Just(size), 0..size)),
    ) {
        check(size, index, index + 1);
    }

    #[test]
    fn another_checker_prints_our_tiles_with_the_same_path(level in 0_u8..8, index: u64, width in 1_u16..=256) {
        let index = index >> (10 + 8 * u32::from(level)).min(63);
        if let Some(tile) = Tile::new(level, index, width) {
            let path = tile.to_string();
            let theirs = tlog_tiles::Tile::new(8, level, index, width.into(), false);
            prop_assert_eq!(path.replacen("tile/", "tile/8/", 1), theirs.path());
            prop_assert_eq!(path.parse(), Ok(tile));
            let bundle = Bundle::new(index, width).unwrap();
            prop_assert_eq!(bundle.to_string().parse(), Ok(bundle));
        }
    }

    /// Only levels of which a tree of ours has every index, and widths on which the other one does not panic.
    #[test]
    fn p1_of_paths_that_look_right_another_checker_reads_those_that_we_read(
        path in r"tile/0?[0-1]/(x[0-9]{3}/|x000/|[0-9]{3}/){0,3}[0-9]{3}(\.p/(0?[1-9]{1,2}|1[0-9]{2}|2[0-4][0-9]))?",
    ) {
        let theirs = tlog_tiles::Tile::from_path(&path.replacen("tile/", "tile/8/", 1)).ok();
        let read = path.parse::<Tile>().ok();
        prop_assert_eq!(read, theirs.as_ref().map(ours));
        prop_assert!(read.is_none_or(|tile| tile.to_string() == path));
    }

    #[test]
    fn another_checker_reads_the_heads_that_we_read(text in "[a-z.]{0,8}\n(0|[1-9][0-9]{0,19})\n[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\n(x?\n){0,2}") {
        if let Ok(head) = text.parse::<Checkpoint>() {
            let theirs = tlog_tiles::Checkpoint::from_bytes(text.as_bytes()).unwrap();
            prop_assert_eq!((head.origin(), head.size()), (theirs.origin(), theirs.size()));
            prop_assert_eq!(head.to_string(), text);
        }
    }
}
