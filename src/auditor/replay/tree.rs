//! The tiles of a log in a mirror.

use crate::{
    auditor::{
        finding::{At, Check, Findings},
        mirror::{Mirror, MirrorError},
    },
    wire::tlog::{Bundle, Hash, MAX_ENTRY, ProofError, TILE_WIDTH, Tile, TileError, decode_hashes, root_at},
};

/// A log of this size in a mirror.
#[derive(Clone, Copy, Debug)]
pub(in crate::auditor) struct Tree<'a> {
    pub(in crate::auditor) mirror: &'a Mirror,
    pub(in crate::auditor) log: &'a str,
    pub(in crate::auditor) size: u64,
}

/// A tile or bundle that cannot be used.
#[derive(Debug)]
pub(in crate::auditor) enum Broken {
    Missing(String),
    Malformed(String, TileError),
}

impl Tree<'_> {
    /// The hashes of a tile.
    pub(in crate::auditor) fn hashes(&self, tile: Tile) -> Result<Result<Vec<Hash>, Broken>, MirrorError> {
        let path = tile.to_string();
        let Some(bytes) = self.mirror.read(&format!("{}/{path}", self.log), MOST_OF_A_TILE)? else {
            return Ok(Err(Broken::Missing(path)));
        };
        Ok(decode_hashes(&bytes, tile.width()).map_err(|error| Broken::Malformed(path, error)))
    }

    /// What becomes of the entries of a bundle.
    pub(in crate::auditor) fn entries<T>(
        &self,
        bundle: Bundle,
        of: impl FnOnce(&[&[u8]]) -> T,
    ) -> Result<Result<T, Broken>, MirrorError> {
        let path = bundle.to_string();
        let Some(bytes) = self.mirror.read(&format!("{}/{path}", self.log), MOST_OF_A_BUNDLE)? else {
            return Ok(Err(Broken::Missing(path)));
        };
        Ok(bundle.decode(&bytes).map(|entries| of(&entries)).map_err(|error| Broken::Malformed(path, error)))
    }

    /// The root of the tree as it was at an earlier size.
    pub(in crate::auditor) fn root_at(&self, size: u64) -> Result<Hash, ProofError> {
        root_at(size, |tile| self.wide(tile))
    }

    /// A tile as the present tree has it, which may be wider than asked for.
    pub(in crate::auditor) fn wide(&self, tile: Tile) -> Option<Vec<Hash>> {
        let now = Tile::in_tree(tile.level(), tile.index(), self.size)?;
        self.hashes(now).ok()?.ok()
    }
}

impl Broken {
    pub(in crate::auditor) fn report(&self, at: At<'_>, findings: &mut Findings) {
        match self {
            Self::Missing(path) => findings.fault(Check::TileMissing, at, path, "nothing"),
            Self::Malformed(path, error) => findings.fault(Check::TileForm, at, path, error.to_string()),
        }
    }
}

/// 256 hashes.
pub(in crate::auditor) const MOST_OF_A_TILE: usize = TILE_WIDTH as usize * Hash::LEN;
/// 256 entries, each with its length.
pub(in crate::auditor) const MOST_OF_A_BUNDLE: usize = TILE_WIDTH as usize * (2 + MAX_ENTRY);
