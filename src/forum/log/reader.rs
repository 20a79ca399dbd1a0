//! A log as it is read from outside: its head, its tiles and its entries (C2SP tlog-tiles).
//!
//! What is fetched is bounded by what it can be at most. Nothing of it is believed here but the signature of the head: whoever
//! asks for tiles and entries computes the root from them.

use std::collections::BTreeMap;

use super::{Head, LogKey, note_keys};
use crate::{
    forum::oidc::{FetchError, Fetcher},
    wire::tlog::{
        Bundle, Hash, MAX_NOTE, NoteError, SignedCheckpoint, TILE_WIDTH, Tile, TileError, decode_hashes, leaf::MAX_LEAF,
    },
};

/// One log at one of its heads.
pub(super) struct Reader<'a> {
    fetcher: &'a Fetcher,
    /// Where it is, without a slash at the end.
    address: String,
    /// The size of the head.
    size: u64,
    tiles: BTreeMap<Tile, Vec<Hash>>,
}

/// The log could not be looked at: which says nothing of it.
#[derive(Debug, thiserror::Error)]
pub(in crate::forum) enum Trouble {
    #[error("{0}: {1}")]
    Fetch(String, FetchError),
    #[error("{0}: the answer has the status {1}")]
    Status(String, u16),
    #[error("{0}: {1}")]
    Note(String, NoteError),
    #[error("{0}: {1}")]
    Tile(String, TileError),
    #[error("the head of {0} is older than one that was seen a moment ago")]
    Behind(String),
    #[error("the provider's description cannot be had: {0}")]
    Description(String),
}

impl Trouble {
    /// The word by which the page finds its sentence.
    pub(in crate::forum) const fn as_str(&self) -> &'static str {
        match self {
            Self::Fetch(..) | Self::Status(..) | Self::Behind(_) | Self::Description(_) => "unreachable",
            Self::Note(..) => "unsigned",
            Self::Tile(..) => "unreadable",
        }
    }
}

impl<'a> Reader<'a> {
    /// Reads the log at this address, and its head, which one of these keys must have signed.
    pub(super) async fn open(
        fetcher: &'a Fetcher,
        address: String,
        origin: &str,
        keys: &[LogKey],
    ) -> Result<(Self, Head), Trouble> {
        let mut reader = Self { fetcher, address, size: 0, tiles: BTreeMap::new() };
        let (path, note) = reader.fetch("checkpoint", MAX_NOTE).await?;
        let failed = |error| Trouble::Note(path.clone(), error);
        let signed = SignedCheckpoint::parse(&note).map_err(failed)?;
        signed.verify(origin, &note_keys(origin, keys)).map_err(failed)?;
        let head = Head::of(&signed);
        reader.size = head.size;
        Ok((reader, head))
    }

    /// Reads the log as it was at a size that is known from elsewhere.
    pub(super) fn at(fetcher: &'a Fetcher, address: String, size: u64) -> Self {
        Self { fetcher, address, size, tiles: BTreeMap::new() }
    }

    /// Fetches the tiles of which these are parts or the whole, and forgets those of the leaves that are not among them.
    pub(super) async fn load(&mut self, tiles: impl IntoIterator<Item = Tile>) -> Result<(), Trouble> {
        let tiles: Vec<Tile> = tiles.into_iter().filter_map(|tile| self.whole(tile)).collect();
        self.tiles.retain(|tile, _| tile.level() > 0 || tiles.contains(tile));
        for tile in tiles {
            if !self.tiles.contains_key(&tile) {
                let hashes = self.fetch_tile(tile).await?;
                self.tiles.insert(tile, hashes);
            }
        }
        Ok(())
    }

    /// The hashes of a tile that was loaded, perhaps more than were asked for.
    pub(super) fn tile(&self, tile: Tile) -> Option<Vec<Hash>> {
        self.tiles.get(&self.whole(tile)?).cloned()
    }

    /// The entries of a bundle, as the log has them at its head.
    pub(super) async fn entries(&self, index: u64) -> Result<Vec<Vec<u8>>, Trouble> {
        let path = |index| format!("{}/tile/entries/{index}", self.address);
        let bundle = Bundle::in_tree(index, self.size).ok_or(Trouble::Tile(path(index), TileError::Path))?;
        let (path, bytes) = self.fetch(&bundle.to_string(), MAX_BUNDLE).await?;
        let entries = bundle.decode(&bytes).map_err(|error| Trouble::Tile(path, error))?;
        Ok(entries.into_iter().map(<[u8]>::to_vec).collect())
    }

    /// The same tile, as wide as the log has it at its head.
    fn whole(&self, tile: Tile) -> Option<Tile> {
        Tile::in_tree(tile.level(), tile.index(), self.size)
    }

    async fn fetch_tile(&self, tile: Tile) -> Result<Vec<Hash>, Trouble> {
        let (path, bytes) = self.fetch(&tile.to_string(), usize::from(TILE_WIDTH) * Hash::LEN).await?;
        decode_hashes(&bytes, tile.width()).map_err(|error| Trouble::Tile(path, error))
    }

    async fn fetch(&self, path: &str, most: usize) -> Result<(String, Vec<u8>), Trouble> {
        let address = format!("{}/{path}", self.address);
        match self.fetcher.get(&address, most).await {
            Ok((200, body)) => Ok((address, body)),
            Ok((status, _)) => Err(Trouble::Status(address, status)),
            Err(error) => Err(Trouble::Fetch(address, error)),
        }
    }
}

/// A full bundle of the longest leaves, each with its length before it.
const MAX_BUNDLE: usize = TILE_WIDTH as usize * (MAX_LEAF + 2);
