//! How a log asks a witness for its cosignature (C2SP tlog-witness, `add-checkpoint`).
//!
//! ```text
//! request   "old " · size that the witness has cosigned last, decimal without leading zeros · "\n"
//!           up to 63 times: hash of the consistency proof, base64 · "\n"
//!           "\n" · signed checkpoint
//! answer    200   cosignature lines, 1 to 32
//!           400   old is larger than the checkpoint, or the request is malformed
//!           403   no key of the log has signed
//!           404   the witness does not know this log
//!           409   old is not what the witness has cosigned last, or the same size has another root; the body is that size,
//!                 decimal, and "\n", its type text/x.tlog.size
//!           422   the proof does not hold, or stands where there is nothing to prove
//! ```
//!
//! Not verified here: that the state of a witness is read and written in one piece, without which two requests at once
//! make it sign a fork.

use std::fmt;

use super::{
    checkpoint::{Checkpoint, SignedCheckpoint},
    error::NoteError,
    hash::Hash,
    note::{MAX_NOTE, MAX_SIGNATURES, NoteKey, NoteSignature, lines},
    proof::verify_consistency,
    tile::number,
    tlog_proof::{hashes, head_and_checkpoint},
    tree::{MAX_PROOF, MAX_SIZE},
};

/// The longest request that is read: the lines of the proof and the checkpoint.
pub const MAX_ADD_CHECKPOINT: usize = 4096 + MAX_NOTE;
/// The type of the body of a 409.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// A head that a witness is asked to cosign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    old: u64,
    proof: Vec<Hash>,
    checkpoint: SignedCheckpoint,
}

impl AddCheckpoint {
    /// The proof leads from the tree of the old size to that of the checkpoint.
    pub fn new(old: u64, proof: Vec<Hash>, checkpoint: SignedCheckpoint) -> Result<Self, NoteError> {
        if proof.len() > MAX_PROOF {
            return Err(NoteError::Malformed("the proof has too many hashes"));
        }
        Ok(Self { old, proof, checkpoint })
    }

    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_ADD_CHECKPOINT {
            return Err(NoteError::TooLong(bytes.len()));
        }
        let text = str::from_utf8(bytes).map_err(|_| NoteError::Malformed("it is not UTF-8"))?;
        let (mut head, checkpoint) = head_and_checkpoint(text)?;
        let old = head.next().and_then(|line| number(line.strip_prefix("old ")?));
        let old = old.ok_or(NoteError::Malformed("the old size is missing or no number"))?;
        Self::new(old, hashes(head)?, SignedCheckpoint::parse(checkpoint.as_bytes())?)
    }

    pub fn old(&self) -> u64 {
        self.old
    }

    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }

    /// The head, by whose origin a witness finds keys and state. Not believed before [`Self::check`].
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// What a witness cosigns that knows this log by these keys, and of it the size and root that it has cosigned last.
    pub fn check(&self, keys: &[NoteKey], last: Option<(u64, Hash)>) -> Result<&Checkpoint, WitnessRefusal> {
        let origin = self.checkpoint.checkpoint().origin();
        let head = self.checkpoint.verify(origin, keys).map_err(|_| WitnessRefusal::Unsigned)?;
        let (size, root) = last.unwrap_or((0, Hash::of_empty_tree()));
        if self.old > head.size() {
            return Err(WitnessRefusal::Malformed);
        }
        if self.old != size || self.old == head.size() && root != head.root() {
            return Err(WitnessRefusal::Conflict(size));
        }
        verify_consistency(size, root, head.size(), head.root(), &self.proof)
            .map_err(|_| WitnessRefusal::Inconsistent)?;
        Ok(head)
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// Why a witness does not cosign.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum WitnessRefusal {
    #[error("the request is malformed, or its old size is larger than that of its checkpoint")]
    Malformed,
    #[error("no key of the log has signed the checkpoint")]
    Unsigned,
    #[error("the witness does not know this log")]
    UnknownLog,
    #[error("the witness has cosigned another head, of size {0}")]
    Conflict(u64),
    #[error("the checkpoint is not shown to have grown out of the one that the witness has cosigned")]
    Inconsistent,
}

impl WitnessRefusal {
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unsigned => 403,
            Self::UnknownLog => 404,
            Self::Conflict(_) => 409,
            Self::Inconsistent => 422,
        }
    }

    /// The body of the answer: of a 409 the size, with the type [`SIZE_TYPE`], else a sentence.
    pub fn body(self) -> String {
        match self {
            Self::Conflict(size) => format!("{size}\n"),
            _ => format!("{self}\n"),
        }
    }
}

/// What a witness has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WitnessAnswer {
    /// Signature lines, of which those of keys that are trusted count: [`SignedCheckpoint::add_cosignatures`].
    Cosigned(Vec<NoteSignature>),
    Refused(WitnessRefusal),
}

impl WitnessAnswer {
    /// Reads an answer; `content_type` without parameters. A status that the specification does not name is an error.
    pub fn parse(status: u16, content_type: &str, body: &[u8]) -> Result<Self, NoteError> {
        match status {
            200 => cosignatures(body).map(Self::Cosigned),
            400 => Ok(Self::Refused(WitnessRefusal::Malformed)),
            403 => Ok(Self::Refused(WitnessRefusal::Unsigned)),
            404 => Ok(Self::Refused(WitnessRefusal::UnknownLog)),
            409 if content_type.eq_ignore_ascii_case(SIZE_TYPE) => {
                Ok(Self::Refused(WitnessRefusal::Conflict(size(body)?)))
            }
            422 => Ok(Self::Refused(WitnessRefusal::Inconsistent)),
            _ => Err(NoteError::Malformed("this is no answer of a witness")),
        }
    }
}

fn cosignatures(body: &[u8]) -> Result<Vec<NoteSignature>, NoteError> {
    if body.len() > MAX_NOTE {
        return Err(NoteError::TooLong(body.len()));
    }
    let text = str::from_utf8(body).map_err(|_| NoteError::Malformed("it is not UTF-8"))?;
    let read = lines(text)?.take(MAX_SIGNATURES + 1).map(str::parse).collect::<Result<Vec<_>, _>>()?;
    match read.len() {
        0 => Err(NoteError::Malformed("it has no signature")),
        1..=MAX_SIGNATURES => Ok(read),
        _ => Err(NoteError::Malformed("it has too many signatures")),
    }
}

fn size(body: &[u8]) -> Result<u64, NoteError> {
    let text = str::from_utf8(body).ok().and_then(|body| body.strip_suffix('\n'));
    let size = text.and_then(number).filter(|size| *size <= MAX_SIZE);
    size.ok_or(NoteError::Malformed("the size is no number"))
}
