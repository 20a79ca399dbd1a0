//! A proof that something stands in a log, for whoever is offline (C2SP tlog-proof).
//!
//! ```text
//! "c2sp.org/tlog-proof@v1\n"
//! "extra " · base64 · "\n"          may be missing; at most 64 KiB before encoding
//! "index " · decimal without leading zeros · "\n"
//! up to 63 times: hash, base64 · "\n"
//! "\n" · signed checkpoint
//! ```
//!
//! `extra` is under no signature: whoever takes the entry from there hashes it and verifies that hash. Not verified here:
//! that enough witnesses have cosigned.

use std::{fmt, str::FromStr};

use data_encoding::BASE64;

use super::{
    checkpoint::{Checkpoint, SignedCheckpoint},
    error::{InclusionError, NoteError},
    hash::{Hash, from_base64},
    note::{MAX_NOTE, NoteKey},
    proof::verify_inclusion,
    tile::number,
    tree::MAX_PROOF,
};

/// The longest `extra`: an entry of any length that a bundle can hold.
pub const MAX_EXTRA: usize = 64 * 1024;
/// The longest text that is read: `extra` in base64, the lines of the proof, the checkpoint.
pub const MAX_TLOG_PROOF: usize = MAX_EXTRA / 3 * 4 + 4096 + MAX_NOTE;

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// A proof of inclusion that brings its checkpoint, none of which is believed before [`TlogProof::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    extra: Option<Vec<u8>>,
    index: u64,
    hashes: Vec<Hash>,
    checkpoint: SignedCheckpoint,
}

impl TlogProof {
    /// The proof that the entry at this index is in the tree of the checkpoint.
    pub fn new(
        extra: Option<Vec<u8>>,
        index: u64,
        hashes: Vec<Hash>,
        checkpoint: SignedCheckpoint,
    ) -> Result<Self, NoteError> {
        if extra.as_ref().is_some_and(|extra| extra.len() > MAX_EXTRA) {
            return Err(NoteError::Malformed("the extra data is too long"));
        }
        if hashes.len() > MAX_PROOF {
            return Err(NoteError::Malformed("the proof has too many hashes"));
        }
        if index >= checkpoint.checkpoint().size() {
            return Err(NoteError::Malformed("the index is not in the tree of the checkpoint"));
        }
        Ok(Self { extra, index, hashes, checkpoint })
    }

    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_TLOG_PROOF {
            return Err(NoteError::TooLong(bytes.len()));
        }
        let text = str::from_utf8(bytes).map_err(|_| NoteError::Malformed("it is not UTF-8"))?;
        let (head, checkpoint) = head_and_checkpoint(text)?;
        let mut head = head.peekable();
        if head.next() != Some(FIRST_LINE) {
            return Err(NoteError::Malformed("the first line is not that of a proof"));
        }
        let extra = head.next_if(|line| line.starts_with("extra ")).and_then(|line| line.strip_prefix("extra "));
        let not_base64 = NoteError::Malformed("the extra data is not base64");
        let extra = extra.map(|extra| from_base64(extra).ok_or(not_base64)).transpose()?;
        let index = head.next().and_then(|line| number(line.strip_prefix("index ")?));
        let index = index.ok_or(NoteError::Malformed("the index is missing or no number"))?;
        Self::new(extra, index, hashes(head)?, SignedCheckpoint::parse(checkpoint.as_bytes())?)
    }

    /// What the maker of the proof has added. Nobody has signed it.
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    pub fn index(&self) -> u64 {
        self.index
    }

    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The checkpoint, for its cosignatures. Not believed before [`Self::verify`].
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// Whether an entry with this hash stands at the index in the log with this origin, by one of the log's keys.
    pub fn verify(&self, leaf: Hash, origin: &str, keys: &[NoteKey]) -> Result<&Checkpoint, InclusionError> {
        let head = self.checkpoint.verify(origin, keys)?;
        verify_inclusion(leaf, self.index, head.size(), &self.hashes, head.root())?;
        Ok(head)
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for TlogProof {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text.as_bytes())
    }
}

/// The lines before the first empty line, and the checkpoint after it.
pub(super) fn head_and_checkpoint(text: &str) -> Result<(impl Iterator<Item = &str>, &str), NoteError> {
    let (head, checkpoint) =
        text.split_once("\n\n").ok_or(NoteError::Malformed("no empty line stands before the checkpoint"))?;
    Ok((head.split('\n'), checkpoint))
}

/// The lines of a proof, one hash each.
pub(super) fn hashes<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<Hash>, NoteError> {
    // One more than allowed tells that there are too many.
    let hashes = lines.take(MAX_PROOF + 1).map(str::parse).collect::<Result<Vec<_>, _>>()?;
    if hashes.len() > MAX_PROOF { Err(NoteError::Malformed("the proof has too many hashes")) } else { Ok(hashes) }
}
