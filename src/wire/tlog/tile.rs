//! Tiles of a tree and their paths (C2SP tlog-tiles, "Merkle Tree").
//!
//! ```text
//! path      tile/<L>/<N>[.p/<W>]
//!   L       level, 0 to 7 here (no tree of at most 2⁶² leaves has a higher one), no leading zero
//!   N       index in groups of three digits, each but the last with an "x" before: 1234067 is x001/x234/067
//!   W       width of a partial tile, 1 to 255, no leading zero
//! content   width · 32 bytes: the hashes of the complete subtrees of 256^L leaves, from left to right
//! ```
//!
//! One tile has one path. Not verified here: that the hashes belong to any tree.

use std::{fmt, str::FromStr};

use super::{
    error::TileError,
    hash::Hash,
    tree::{MAX_SIZE, Node},
};

/// Hashes in a full tile, entries in a full bundle.
pub const TILE_WIDTH: u16 = 256;
/// Levels of tiles that a tree of at most [`MAX_SIZE`] leaves can have.
pub(super) const LEVELS: u8 = 8;
/// A tile stands for 8 levels of the tree.
const HEIGHT: u32 = 8;

/// A row of at most 256 hashes at one level of tiles. Lies within a tree of at most [`MAX_SIZE`] leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

impl Tile {
    /// The tile with this many hashes, 1 to 256, if a tree can have it.
    pub fn new(level: u8, index: u64, width: u16) -> Option<Self> {
        let end = index.checked_mul(TILE_WIDTH.into())?.checked_add(width.into())?;
        let most = MAX_SIZE.checked_shr(u32::from(level).checked_mul(HEIGHT)?)?;
        let possible = (1..=TILE_WIDTH).contains(&width) && end <= most;
        possible.then_some(Self { level, index, width })
    }

    /// The tile at this place as wide as a tree of this size has it.
    pub fn in_tree(level: u8, index: u64, size: u64) -> Option<Self> {
        let hashes = size.checked_shr(u32::from(level).checked_mul(HEIGHT)?)?;
        let width = hashes.checked_sub(index.checked_mul(TILE_WIDTH.into())?)?.min(TILE_WIDTH.into());
        Self::new(level, index, u16::try_from(width).ok()?)
    }

    /// The rightmost tile of a level in a tree of this size, if it is partial.
    pub fn partial(level: u8, size: u64) -> Option<Self> {
        let hashes = size.checked_shr(u32::from(level).checked_mul(HEIGHT)?)?;
        Self::new(level, hashes / u64::from(TILE_WIDTH), u16::try_from(hashes % u64::from(TILE_WIDTH)).ok()?)
    }

    /// The tiles that a tree of `old` leaves has not and one of `new` leaves has, level by level: those that have become
    /// full, and the partial ones.
    pub fn added(old: u64, new: u64) -> impl Iterator<Item = Self> {
        (0..LEVELS).flat_map(move |level| {
            let shift = u32::from(level) * HEIGHT;
            let (before, after) = (old >> shift, new >> shift);
            let indices = before / u64::from(TILE_WIDTH)..after.div_ceil(TILE_WIDTH.into());
            let grown = if before < after { indices } else { 0..0 };
            grown.filter_map(move |index| Self::in_tree(level, index, new))
        })
    }

    pub fn level(&self) -> u8 {
        self.level
    }

    pub fn index(&self) -> u64 {
        self.index
    }

    pub fn width(&self) -> u16 {
        self.width
    }

    pub fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The full tile that this one is, or is about to become.
    #[must_use]
    pub fn filled(self) -> Self {
        Self { width: TILE_WIDTH, ..self }
    }

    /// The height of the subtrees whose hashes stand in the tile.
    pub(super) fn height(self) -> u32 {
        u32::from(self.level) * HEIGHT
    }

    /// The index of the first of these subtrees.
    pub(super) fn first(self) -> u64 {
        self.index * u64::from(TILE_WIDTH)
    }

    /// The tile of a tree of this size that a complete subtree is computed from, and which of its hashes.
    pub(super) fn of_node(node: Node, size: u64) -> Option<(Self, std::ops::Range<usize>)> {
        let within = node.height % HEIGHT;
        let level = u8::try_from(node.height / HEIGHT).ok()?;
        let tile = Self::in_tree(level, node.index >> (HEIGHT - within), size)?;
        let start = usize::try_from((node.index << within) - tile.first()).ok()?;
        Some((tile, start..start + (1 << within)))
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/{}", self.level, Place { index: self.index, width: self.width })
    }
}

impl FromStr for Tile {
    type Err = TileError;

    fn from_str(path: &str) -> Result<Self, Self::Err> {
        let (level, place) = path.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or(TileError::Path)?;
        let level = number(level).and_then(|level| u8::try_from(level).ok()).ok_or(TileError::Path)?;
        let place: Place = place.parse()?;
        Self::new(level, place.index, place.width).ok_or(TileError::Path)
    }
}

/// Index and width as they stand in the path of a tile or a bundle.
pub(super) struct Place {
    pub(super) index: u64,
    pub(super) width: u16,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = std::iter::successors(Some(self.index), |rest| Some(rest / 1000).filter(|rest| *rest > 0));
        let groups: Vec<_> = groups.map(|rest| rest % 1000).collect();
        for (after, group) in groups.iter().enumerate().rev() {
            let more = if after > 0 { ("x", "/") } else { ("", "") };
            write!(f, "{}{group:03}{}", more.0, more.1)?;
        }
        if self.width < TILE_WIDTH { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

impl FromStr for Place {
    type Err = TileError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (index, width) = match text.split_once(".p/") {
            None => (text, Some(TILE_WIDTH)),
            Some((index, width)) => {
                let width = number(width).and_then(|width| u16::try_from(width).ok());
                (index, width.filter(|width| (1..TILE_WIDTH).contains(width)))
            }
        };
        let (index, width) = group_by_group(index).zip(width).ok_or(TileError::Path)?;
        Ok(Self { index, width })
    }
}

/// An index in groups of three digits. The first group of several is not zero: it would be a second path of the same tile.
fn group_by_group(text: &str) -> Option<u64> {
    let (before, last) = text.rsplit_once('/').map_or((None, text), |(before, last)| (Some(before), last));
    let mut index = 0_u64;
    for group in before.into_iter().flat_map(|before| before.split('/')) {
        let group = group.strip_prefix('x').and_then(three_digits)?;
        if index == 0 && group == 0 {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(group)?;
    }
    index.checked_mul(1000)?.checked_add(three_digits(last)?)
}

fn three_digits(group: &str) -> Option<u64> {
    let digits = group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit());
    if digits { group.parse().ok() } else { None }
}

/// A decimal number with no sign, no leading zero and nothing around it.
pub(super) fn number(text: &str) -> Option<u64> {
    let plain = text == "0" || !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// The content of a tile.
pub fn encode_hashes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// The hashes of a tile of this width, and nothing after them.
pub fn decode_hashes(bytes: &[u8], width: u16) -> Result<Vec<Hash>, TileError> {
    let (hashes, rest) = bytes.as_chunks::<{ Hash::LEN }>();
    if hashes.len() != usize::from(width) || !rest.is_empty() {
        return Err(TileError::Hashes(width));
    }
    Ok(hashes.iter().copied().map(Hash::from_bytes).collect())
}
