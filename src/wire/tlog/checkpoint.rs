//! Heads of logs as signed notes (C2SP tlog-checkpoint).
//!
//! ```text
//! origin, 1 to 255 bytes · "\n"
//! size, decimal without leading zeros · "\n"
//! root, base64 · "\n"
//! up to 16 further lines, none empty: opaque, 4 KiB with all that stands before
//! ```
//!
//! A head of size 0 has the hash of the empty tree. Not verified here: that the head goes with any other.

use std::{fmt, str::FromStr};

use super::{
    error::NoteError,
    hash::Hash,
    note::{Algorithm, MAX_NAME, Note, NoteKey, NoteSignature, Verified, lines},
    tile::number,
    tree::MAX_SIZE,
};

const MAX_TEXT: usize = 4096;
const MAX_EXTENSIONS: usize = 16;

/// The head of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    extensions: Vec<String>,
}

impl Checkpoint {
    /// A head without extension lines.
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Self, NoteError> {
        Self { origin: origin.to_owned(), size, root, extensions: Vec::new() }.checked()
    }

    /// Which log this is.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn root(&self) -> Hash {
        self.root
    }

    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    fn checked(self) -> Result<Self, NoteError> {
        let printable = |line: &str| !line.is_empty() && !line.bytes().any(|byte| byte < 0x20);
        if !printable(&self.origin) || self.origin.len() > MAX_NAME {
            return Err(NoteError::Malformed("the origin is empty, too long or holds a control character"));
        }
        if self.size > MAX_SIZE {
            return Err(NoteError::Malformed("the size is too large"));
        }
        if self.size == 0 && self.root != Hash::of_empty_tree() {
            return Err(NoteError::Malformed("the root is not that of the empty tree"));
        }
        if self.extensions.len() > MAX_EXTENSIONS || !self.extensions.iter().all(|line| printable(line)) {
            return Err(NoteError::Malformed("the extension lines are too many, or one is empty"));
        }
        Ok(self)
    }
}

/// The text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root)?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Checkpoint {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > MAX_TEXT {
            return Err(NoteError::Malformed("the text of the checkpoint is too long"));
        }
        let mut lines = lines(text)?;
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(NoteError::Malformed("the checkpoint has fewer than three lines"));
        };
        let size = number(size).ok_or(NoteError::Malformed("the size is no number"))?;
        let extensions = lines.map(str::to_owned).collect();
        Self { origin: origin.to_owned(), size, root: root.parse()?, extensions }.checked()
    }
}

/// A head with its signatures, none of which is believed before [`SignedCheckpoint::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Signs a head with the first of the log's keys; [`Self::push`] adds those of others.
    pub fn sign(
        checkpoint: Checkpoint,
        key: &NoteKey,
        sign: impl FnOnce(&[u8]) -> [u8; 64],
    ) -> Result<Self, NoteError> {
        let mut note = Note::new(checkpoint.to_string())?;
        note.push(NoteSignature::sign(key, note.text(), sign)?)?;
        Ok(Self { checkpoint, note })
    }

    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let note = Note::parse(bytes)?;
        Ok(Self { checkpoint: note.text().parse()?, note })
    }

    /// What is said to be the head. Not believed before [`Self::verify`].
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Adds a signature line of another key of the log or of a witness.
    pub fn push(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        self.note.push(signature)
    }

    /// Whether this is the head of the log with this origin, signed by one of its keys. Keys of witnesses do not count.
    pub fn verify(&self, origin: &str, keys: &[NoteKey]) -> Result<&Checkpoint, NoteError> {
        if self.checkpoint.origin != origin {
            return Err(NoteError::OtherLog(self.checkpoint.origin.clone()));
        }
        let signers = self.note.signers(keys)?;
        let by_log = signers.iter().any(|signer| signer.key.algorithm() == Algorithm::Ed25519);
        if by_log { Ok(&self.checkpoint) } else { Err(NoteError::Unsigned) }
    }

    /// Takes over, from the answer of a witness, the signatures of these witnesses that hold, each in place of an older one
    /// of the same key; tells whose. What else stands there is left out, so that nobody can spoil the note.
    pub fn add_cosignatures<'k>(
        &mut self,
        lines: Vec<NoteSignature>,
        witnesses: &'k [NoteKey],
    ) -> Result<Vec<Verified<'k>>, NoteError> {
        let mut added = Vec::new();
        for line in lines {
            let new = witnesses.iter().find_map(|key| key.check(self.note.text(), &line));
            if let Some(new) = new.filter(|new| new.time.is_some() && new.time > self.note.time_of(new.key)) {
                self.note.replace(line)?;
                added.push(new);
            }
        }
        Ok(added)
    }

    /// Which of these witnesses have cosigned, each once and with its latest time; perhaps none.
    pub fn cosigners<'k>(&self, witnesses: &'k [NoteKey]) -> Result<Vec<Verified<'k>>, NoteError> {
        let mut signers = self.note.signers(witnesses)?;
        signers.retain(|signer| signer.key.algorithm() == Algorithm::Cosignature);
        Ok(signers)
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}
