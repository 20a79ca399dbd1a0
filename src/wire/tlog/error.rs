//! What can be wrong with a proof, a tile and a note.

use super::{note::MAX_NOTE, tile::Tile, tree::MAX_SIZE};

/// A proof that cannot be made, or does not hold.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ProofError {
    #[error("a tree of {size} leaves has no leaf {index}")]
    Index { index: u64, size: u64 },
    #[error("a tree of {new} leaves has never had {old}")]
    Order { old: u64, new: u64 },
    #[error("a tree of {0} leaves is larger than {MAX_SIZE}, the largest that is possible here")]
    Size(u64),
    #[error("the proof has {got} hashes in place of {expected}")]
    Length { got: usize, expected: usize },
    #[error("the proof does not lead to the root")]
    Root,
    #[error("the hashes of {0} are missing")]
    Missing(Tile),
}

/// A path or the content of a tile or entry bundle that is not as C2SP tlog-tiles says.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum TileError {
    #[error("this is not the path of a tile or an entry bundle")]
    Path,
    #[error("the tile is not a sequence of {0} hashes")]
    Hashes(u16),
    #[error("the bundle is not a sequence of {0} entries")]
    Entries(u16),
    #[error("an entry of {0} bytes is too long")]
    EntryTooLong(usize),
}

/// A note that cannot be read, or must not be believed.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum NoteError {
    #[error("the note is malformed: {0}")]
    Malformed(&'static str),
    #[error("the note has {0} bytes: more than {MAX_NOTE} are not read")]
    TooLong(usize),
    #[error("this is not the key of a note: {0}")]
    Key(&'static str),
    #[error("no key that is trusted has signed the note")]
    Unsigned,
    #[error("the signature of {0} does not hold")]
    Signature(String),
    #[error("the checkpoint is of another log: {0}")]
    OtherLog(String),
}

/// Why an entry is not proven to stand in a log.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum InclusionError {
    #[error(transparent)]
    Checkpoint(#[from] NoteError),
    #[error(transparent)]
    Proof(#[from] ProofError),
}
