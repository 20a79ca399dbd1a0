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
//!   checkpoint    origin, size and root as a note                      C2SP tlog-checkpoint
//!   cosignature   what a witness signs                                 C2SP tlog-cosignature
//!   witness       how it is asked to, and what it answers              C2SP tlog-witness
//!   tlog_proof    entry, proof and checkpoint in one text              C2SP tlog-proof
//!   leaf          what an entry says                                   specs/log.md §3
//!   owner         how people find their leaves                         specs/log.md §4
//!   commitment    what a leaf is bound to without saying it            specs/log.md §5
//!   slot          the place of a person in a sector                    specs/log.md §6
//!   sample        which leaves an audit draws, and how they are opened specs/log.md §13
//! ```
//!
//! Sizes are at most 2⁶² ([`MAX_SIZE`]), so that every proof has at most 63 hashes ([`MAX_PROOF`]) and every size fits
//! BIGINT. Not verified here: what an entry says, that a log is the one that it says, that there is only one of it.

mod bundle;
mod checkpoint;
pub mod commitment;
mod cosignature;
mod edge;
mod error;
mod hash;
pub mod leaf;
mod note;
pub mod owner;
mod proof;
pub mod sample;
pub mod slot;
mod tile;
mod tlog_proof;
mod tree;
mod witness;

pub use self::{
    bundle::{Bundle, MAX_ENTRY},
    checkpoint::{Checkpoint, SignedCheckpoint},
    edge::Edge,
    error::{InclusionError, NoteError, ProofError, TileError},
    hash::Hash,
    note::{Algorithm, MAX_NOTE, MAX_SIGNATURES, Note, NoteKey, NoteSignature, Verified},
    proof::{
        consistency_proof, inclusion_proof, root_at, tiles_of_consistency, tiles_of_inclusion, tiles_of_root,
        verify_consistency, verify_inclusion,
    },
    tile::{TILE_WIDTH, Tile, decode_hashes, encode_hashes},
    tlog_proof::{MAX_EXTRA, MAX_TLOG_PROOF, TlogProof},
    tree::{MAX_PROOF, MAX_SIZE},
    witness::{AddCheckpoint, MAX_ADD_CHECKPOINT, SIZE_TYPE, WitnessAnswer, WitnessRefusal},
};

#[cfg(test)]
mod tests;
