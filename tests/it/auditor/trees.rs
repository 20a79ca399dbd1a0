//! Trees that are not what was signed: edited tiles and entries, removed leaves, other heads.

use std::fs;

use heteronym::wire::tlog::{Bundle, Hash, SignedCheckpoint};

use super::{found_in, named};
use crate::harness::log::{LogTown, ed25519};

/// A town with more than one tile of tokens, in a directory.
fn written() -> (LogTown, tempfile::TempDir) {
    let town = LogTown::new().live(100);
    let directory = tempfile::tempdir().unwrap();
    town.write(directory.path());
    (town, directory)
}

#[tokio::test]
async fn an_edited_tile_is_named_by_its_leaf() {
    let (town, directory) = written();
    let path = directory.path().join("2026/tile/0/000");
    let mut tile = fs::read(&path).unwrap();
    tile[7 * Hash::LEN] ^= 1;
    fs::write(&path, tile).unwrap();
    named!(found_in(directory.path(), &town).await, "tile.hash 2026 7");
}

#[tokio::test]
async fn an_edited_tile_above_the_leaves_is_named() {
    let (town, directory) = written();
    let path = directory.path().join("2026/tile/1/000.p/1");
    fs::write(&path, [7; Hash::LEN]).unwrap();
    let found = found_in(directory.path(), &town).await;
    assert!(found.contains(&"tile.hash 2026".to_owned()), "{found:?}");
}

#[tokio::test]
async fn an_edited_entry_is_named_by_its_leaf() {
    let (town, directory) = written();
    let path = directory.path().join("2026/tile/entries/000");
    let mut entries = town.issuance.entries[..256].to_vec();
    let edited = String::from_utf8(entries[1].clone()).unwrap().replace("create", "retire");
    entries[1] = edited.into_bytes();
    let bundle = Bundle::encode(entries.iter().map(Vec::as_slice)).unwrap();
    fs::write(&path, bundle).unwrap();
    let found = found_in(directory.path(), &town).await;
    assert!(found.contains(&"entry.hash 2026 1".to_owned()), "{found:?}");
}

#[tokio::test]
async fn a_removed_leaf_is_named() {
    let (town, directory) = written();
    let mut entries = town.issuance.entries[..256].to_vec();
    entries.remove(100);
    let bundle = Bundle::encode(entries.iter().map(Vec::as_slice)).unwrap();
    fs::write(directory.path().join("2026/tile/entries/000"), bundle).unwrap();
    named!(found_in(directory.path(), &town).await, "tile.form 2026 0");
    // Without its hash in the tiles, and with a later one in its place.
    let mut less = town.issuance.clone();
    less.entries.remove(100);
    let head = town.head(&town.issuance);
    let directory = tempfile::tempdir().unwrap();
    town.write(directory.path());
    fs::remove_dir_all(directory.path().join("2026")).unwrap();
    less.write(directory.path(), &head);
    let found = found_in(directory.path(), &town).await;
    assert!(found.iter().any(|fault| fault.starts_with("tile.missing 2026")), "{found:?}");
    let (town, directory) = written();
    let mut other = town.issuance.clone();
    other.entries.remove(100);
    other.entries.push(other.entries[20].clone());
    other.write(directory.path(), &town.head(&town.issuance));
    let found = found_in(directory.path(), &town).await;
    assert!(found.contains(&"tree.root 2026".to_owned()), "{found:?}");
}

#[tokio::test]
async fn a_tile_that_is_not_there_is_named() {
    let (town, directory) = written();
    fs::remove_file(directory.path().join("2026/tile/0/001.p/44")).unwrap();
    let found = found_in(directory.path(), &town).await;
    named!(found, "tile.missing 2026 256");
    fs::remove_file(directory.path().join("2026/tile/entries/000")).unwrap();
    let found = found_in(directory.path(), &town).await;
    assert!(found.contains(&"tile.missing 2026 0".to_owned()), "{found:?}");
}

#[tokio::test]
async fn p5_two_leaves_that_are_shown_as_one_entry_of_their_hashes_are_named() {
    let mut town = LogTown::new().live(1);
    town.issuance.entries.truncate(2);
    let head = town.head(&town.issuance);
    let hashes: Vec<u8> = town.issuance.entries.iter().flat_map(|entry| *Hash::of_leaf(entry).as_bytes()).collect();
    let directory = tempfile::tempdir().unwrap();
    town.issuance.entries = vec![hashes];
    town.registry.entries.pop();
    town.write(directory.path());
    // The head of a tree of two leaves with one of one leaf for its content: the root would be the same without the prefixes.
    let one = SignedCheckpoint::parse(
        town.head(&town.issuance)
            .to_string()
            .replace(&town.issuance.edge().root().to_string(), &head.checkpoint().root().to_string())
            .as_bytes(),
    );
    fs::write(directory.path().join("2026/checkpoint"), one.unwrap().to_string()).unwrap();
    let found = found_in(directory.path(), &town).await;
    for fault in ["leaf.form 2026 0", "tree.root 2026", "checkpoint.signature 2026"] {
        assert!(found.contains(&fault.to_owned()), "{found:?}");
    }
}

#[tokio::test]
async fn a_head_by_another_key_of_another_log_or_of_no_form_is_named() {
    let (town, directory) = written();
    let head = |text: &str| fs::write(directory.path().join("2026/checkpoint"), text).unwrap();
    head(&town.head_by(&town.issuance, &ed25519(9)).to_string());
    named!(found_in(directory.path(), &town).await, "checkpoint.signature 2026");
    let mut other = town.issuance.clone();
    other.name = "2025".to_owned();
    head(&town.head(&other).to_string());
    named!(found_in(directory.path(), &town).await, "checkpoint.origin 2026");
    head("hello\n");
    named!(found_in(directory.path(), &town).await, "checkpoint.form 2026");
    fs::remove_file(directory.path().join("2026/checkpoint")).unwrap();
    named!(found_in(directory.path(), &town).await, "log.missing 2026");
}
