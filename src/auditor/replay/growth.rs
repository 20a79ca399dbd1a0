//! The tree that grows out of the entries, held against the tiles and the root that the log publishes.
//!
//! Where an entry and its hash in a tile disagree, two trees grow on, one of each: the root tells which of them was signed,
//! and so what was edited.

use super::Tree;
use crate::{
    auditor::{
        finding::{At, Check, Findings},
        mirror::MirrorError,
    },
    wire::tlog::{Edge, Hash, TILE_WIDTH, Tile},
};

/// The tree so far.
#[derive(Default)]
pub(super) struct Growth {
    of_entries: Edge,
    /// Since the first hash that is not that of its entry.
    of_tiles: Option<Edge>,
    differing: Vec<Differing>,
    /// A tile was not there, or not as it should be.
    pub(super) broken: bool,
}

struct Differing {
    index: u64,
    of_entry: Hash,
    of_tile: Hash,
}

impl Growth {
    /// The next leaf: the hash of the entry, and that in the tile.
    pub(super) fn push(&mut self, index: u64, of_entry: Hash, of_tile: Option<Hash>) {
        if let Some(of_tile) = of_tile.filter(|of_tile| *of_tile != of_entry) {
            if self.of_tiles.is_none() {
                self.of_tiles = Some(self.of_entries.clone());
            }
            if self.differing.len() < MOST_DIFFERING {
                self.differing.push(Differing { index, of_entry, of_tile });
            }
        }
        // An edge refuses nothing that has an index.
        let _ = self.of_entries.push(of_entry);
        if let Some(of_tiles) = &mut self.of_tiles {
            let _ = of_tiles.push(of_tile.unwrap_or(of_entry));
        }
    }

    /// Holds the tiles above that have just become full against those published, and forgets what lies before.
    pub(super) fn compare_full_tiles(&mut self, tree: &Tree<'_>, findings: &mut Findings) -> Result<(), MirrorError> {
        let size = self.of_entries.size();
        let width = u64::from(TILE_WIDTH);
        if !size.is_multiple_of(width) {
            return Ok(());
        }
        let (mut level, mut count) = (1, size / width);
        while count.is_multiple_of(width)
            && let Some(tile) = Tile::new(level, count / width - 1, TILE_WIDTH)
        {
            self.compare(tile, tree, findings)?;
            (level, count) = (level + 1, count / width);
        }
        self.of_entries.forget_before(size);
        if let Some(of_tiles) = &mut self.of_tiles {
            of_tiles.forget_before(size);
        }
        Ok(())
    }

    /// Holds what is left against what is published: partial tiles, the root. Whether all of it was as it should be.
    pub(super) fn end(mut self, tree: &Tree<'_>, root: Hash, findings: &mut Findings) -> Result<bool, MirrorError> {
        for tile in (1..=LAST_LEVEL).filter_map(|level| Tile::partial(level, tree.size)) {
            self.compare(tile, tree, findings)?;
        }
        let by_entries = self.of_entries.root();
        let by_tiles = self.of_tiles.as_ref().map(Edge::root);
        for Differing { index, of_entry, of_tile } in &self.differing {
            let at = At::leaf(tree.log, *index);
            if by_entries == root {
                let expected = format!("the hash of the entry, {of_entry}, in the tile");
                findings.fault(Check::TileHash, at, expected, format!("{of_tile}: the tile was edited"));
            } else {
                let expected = format!("the entry whose hash is in the tile, {of_tile}");
                findings.fault(Check::EntryHash, at, expected, format!("{of_entry}: the entry was edited"));
            }
        }
        if by_entries != root && by_tiles != Some(root) {
            let expected = format!("the root that is signed, {root}");
            findings.fault(
                Check::TreeRoot,
                At::log(tree.log),
                expected,
                format!("the root {by_entries} of the entries"),
            );
        }
        Ok(!self.broken && self.differing.is_empty() && by_entries == root)
    }

    fn compare(&mut self, tile: Tile, tree: &Tree<'_>, findings: &mut Findings) -> Result<(), MirrorError> {
        let published = match tree.hashes(tile)? {
            Ok(published) => published,
            Err(broken) => {
                broken.report(At::log(tree.log), findings);
                self.broken = true;
                return Ok(());
            }
        };
        let of_tiles = self.of_tiles.as_ref().and_then(|edge| edge.tile(tile));
        let of_entries = self.of_entries.tile(tile).unwrap_or_default();
        if published != of_entries && of_tiles.as_ref() != Some(&published) {
            self.broken = true;
            let place = of_entries.iter().zip(&published).position(|(of_entry, of_tile)| of_entry != of_tile);
            let expected = format!("the hashes of the subtrees in {tile}");
            let found = format!("another hash at place {}: the tile was edited", place.unwrap_or_default());
            findings.fault(Check::TileHash, At::log(tree.log), expected, found);
        }
        Ok(())
    }
}

/// So many are remembered: where all differ, the others say nothing new.
const MOST_DIFFERING: usize = 1000;
/// No tree of 2⁶² leaves has tiles above it.
const LAST_LEVEL: u8 = 7;
