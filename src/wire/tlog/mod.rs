//! Transparency logs: Merkle trees (RFC 6962 §2.1, RFC 9162 §2.1) cut into tiles, signed heads, proofs and witnesses (C2SP).
//!
//! ```text
//! file            what                                                 specification
//!   hash          leaves, nodes, the empty tree                        RFC 6962 §2.1
//!   edge          a growing tree, of which only the right edge is kept
//!   proof         inclusion and consistency, made and verified         RFC 9162 §2.1.3, §2.1.4
//!   tile          256 hashes of one level, and its path                C2SP tlog-tiles
//!   bundle        up to 256 entries, and its path                      C2SP tlog-tiles
//!   note          a text with signatures, and their keys               C2SP signed-note
//!   cosignature   what a witness signs                                 C2SP tlog-cosignature
//!   checkpoint    origin, size and root as a note                      C2SP tlog-checkpoint
//! ```
//!
//! Sizes are at most 2⁶² ([`MAX_SIZE`]), so that every proof has at most 63 hashes ([`MAX_PROOF`]) and every size fits
//! BIGINT. Not verified here: what an entry says, that a log is the one that it says, that there is only one of it.

mod bundle;
mod checkpoint;
mod cosignature;
mod edge;
mod error;
mod hash;
mod note;
mod proof;
mod tile;
mod tree;

pub use self::{
    bundle::{Bundle, MAX_ENTRY},
    checkpoint::{Checkpoint, SignedCheckpoint},
    edge::Edge,
    error::{NoteError, ProofError, TileError},
    hash::Hash,
    note::{Algorithm, MAX_NOTE, MAX_SIGNATURES, Note, NoteKey, NoteSignature, Verified},
    proof::{
        consistency_proof, inclusion_proof, root_at, tiles_of_consistency, tiles_of_inclusion, tiles_of_root,
        verify_consistency, verify_inclusion,
    },
    tile::{TILE_WIDTH, Tile, decode_hashes, encode_hashes},
    tree::{MAX_PROOF, MAX_SIZE},
};

#[cfg(test)]
mod tests;
