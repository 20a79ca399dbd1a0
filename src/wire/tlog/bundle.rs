//! Entry bundles and their paths (C2SP tlog-tiles, "Log entries").
//!
//! ```text
//! path      tile/entries/<N>[.p/<W>]     N and W as in the path of a tile
//! content   width times: length, u16 big endian · entry
//! ```
//!
//! An entry has at most 65,535 bytes. Not verified here: that the entries hash to the leaves of any tree.

use std::{fmt, str::FromStr};

use super::{
    error::TileError,
    tile::{Place, Tile},
};

/// The longest entry that a bundle can hold.
pub const MAX_ENTRY: usize = u16::MAX as usize;

/// A row of at most 256 entries. Its hashes are the tile of level 0 with the same index and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bundle(Tile);

impl Bundle {
    /// The bundle with this many entries, 1 to 256, if a log can have it.
    pub fn new(index: u64, width: u16) -> Option<Self> {
        Tile::new(0, index, width).map(Self)
    }

    /// The bundle at this place as wide as a log of this size has it.
    pub fn in_tree(index: u64, size: u64) -> Option<Self> {
        Tile::in_tree(0, index, size).map(Self)
    }

    /// The tile of the hashes of these entries.
    pub fn tile(&self) -> Tile {
        self.0
    }

    pub fn index(&self) -> u64 {
        self.0.index()
    }

    pub fn width(&self) -> u16 {
        self.0.width()
    }

    /// The index in the log of the first entry.
    pub fn first(&self) -> u64 {
        self.0.first()
    }

    /// The bytes of these entries, as long as each has a length that can be written.
    pub fn encode<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, TileError> {
        let mut bytes = Vec::new();
        for entry in entries {
            let length = u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLong(entry.len()))?;
            bytes.extend(length.to_be_bytes());
            bytes.extend(entry);
        }
        Ok(bytes)
    }

    /// The entries of this bundle, and nothing after them.
    pub fn decode<'a>(&self, bytes: &'a [u8]) -> Result<Vec<&'a [u8]>, TileError> {
        let (mut entries, mut rest) = (Vec::new(), bytes);
        let malformed = TileError::Entries(self.width());
        for _ in 0..self.width() {
            let (length, after) = rest.split_first_chunk().ok_or(malformed)?;
            let (entry, after) = after.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(malformed)?;
            entries.push(entry);
            rest = after;
        }
        if rest.is_empty() { Ok(entries) } else { Err(malformed) }
    }
}

impl fmt::Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/entries/{}", Place { index: self.index(), width: self.width() })
    }
}

impl FromStr for Bundle {
    type Err = TileError;

    fn from_str(path: &str) -> Result<Self, Self::Err> {
        let place: Place = path.strip_prefix("tile/entries/").ok_or(TileError::Path)?.parse()?;
        Self::new(place.index, place.width).ok_or(TileError::Path)
    }
}
