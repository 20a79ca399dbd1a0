//! Signed notes (C2SP signed-note) and their keys.
//!
//! ```text
//! note        text, ending in a newline · newline · signature lines
//! signature   "— " · name of the key · " " · base64(id of the key, u32 big endian · signature) · "\n"
//! key         name · "+" · id, 8 hexadecimal digits · "+" · base64(algorithm byte · public key)
//! id          SHA-256(name ‖ 0x0A ‖ algorithm byte ‖ public key), the first 4 bytes
//! ```
//!
//! UTF-8 without control characters but the newline; at most 128 KiB and 32 signatures. Algorithms: Ed25519 (0x01) and
//! the Ed25519 cosignature of a witness (0x04), verified strictly; signatures of other keys are read and ignored. Nobody
//! may use a text before its signature is verified. Not verified here: what the text says.

use std::{fmt, str::FromStr};

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use super::{
    cosignature::{self, MAX_TIME},
    error::NoteError,
    hash::from_base64,
};

/// The longest note that is read: room for 16 signatures that resist quantum computers, of up to 5 kB each.
pub const MAX_NOTE: usize = 128 * 1024;
/// The most signatures that are read.
pub const MAX_SIGNATURES: usize = 32;
/// The longest name of a key, as C2SP tlog-cosignature limits it.
pub(super) const MAX_NAME: usize = 255;

/// A text with its signatures, none of which is believed before [`Note::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// A note without signatures.
    pub fn new(text: String) -> Result<Self, NoteError> {
        if text.len() > MAX_NOTE {
            return Err(NoteError::TooLong(text.len()));
        }
        if !text.ends_with('\n') {
            return Err(NoteError::Malformed("the text does not end with a newline"));
        }
        printable(&text)?;
        Ok(Self { text, signatures: Vec::new() })
    }

    /// Reads a note with at least one signature.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE {
            return Err(NoteError::TooLong(bytes.len()));
        }
        let note = str::from_utf8(bytes).map_err(|_| NoteError::Malformed("it is not UTF-8"))?;
        // The last empty line: the newline before it ends the text.
        let no_line = NoteError::Malformed("no empty line stands before the signatures");
        let empty = note.rfind("\n\n").ok_or(no_line)? + 1;
        let (text, signatures) = (note.get(..empty), note.get(empty + 1..));
        let mut note = Self::new(text.unwrap_or_default().to_owned())?;
        for signature in lines(signatures.unwrap_or_default())? {
            note.push(signature.parse()?)?;
        }
        if note.signatures.is_empty() { Err(NoteError::Malformed("it has no signature")) } else { Ok(note) }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature line that was made elsewhere.
    pub fn push(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        if self.signatures.len() >= MAX_SIGNATURES {
            return Err(NoteError::Malformed("it has too many signatures"));
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// As [`Self::push`], in place of what the same key has signed before.
    pub(super) fn replace(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        self.signatures.retain(|old| (&old.name, old.id) != (&signature.name, signature.id));
        self.push(signature)
    }

    /// The time of the latest cosignature of a key that holds.
    pub(super) fn time_of(&self, key: &NoteKey) -> Option<u64> {
        self.signatures.iter().filter_map(|signature| key.check(&self.text, signature)?.time).max()
    }

    /// Which of these keys have signed, each once, with the latest of its cosignatures. Signatures of other keys are
    /// ignored; one signature of these keys that does not hold spoils the note, and so does none at all.
    pub fn verify<'k>(&self, keys: &'k [NoteKey]) -> Result<Vec<Verified<'k>>, NoteError> {
        let verified = self.signers(keys)?;
        if verified.is_empty() { Err(NoteError::Unsigned) } else { Ok(verified) }
    }

    /// As [`Self::verify`], where no signature of these keys is also an answer.
    pub(super) fn signers<'k>(&self, keys: &'k [NoteKey]) -> Result<Vec<Verified<'k>>, NoteError> {
        let mut signers: Vec<Verified<'k>> = Vec::new();
        for signature in &self.signatures {
            // Several keys of the same name and id are never accidental, but one of them may be the right one.
            let mut known = keys.iter().filter(|key| key.name == signature.name && key.id == signature.id).peekable();
            if known.peek().is_none() {
                continue;
            }
            let failed = || NoteError::Signature(signature.name.clone());
            let new = known.find_map(|key| key.check(&self.text, signature)).ok_or_else(failed)?;
            match signers.iter_mut().find(|old| old.key == new.key) {
                Some(old) => old.time = old.time.max(new.time),
                None => signers.push(new),
            }
        }
        Ok(signers)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    id: u32,
    bytes: Vec<u8>,
}

impl NoteSignature {
    /// Signs a text with the private key of an Ed25519 key, which `sign` alone holds.
    pub fn sign(key: &NoteKey, text: &str, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Result<Self, NoteError> {
        if key.algorithm != Algorithm::Ed25519 {
            return Err(NoteError::Key("it signs only with a time"));
        }
        Ok(Self { name: key.name.clone(), id: key.id, bytes: sign(text.as_bytes()).to_vec() })
    }

    /// Signs the text of a checkpoint as a witness, at a time in seconds since the epoch.
    pub fn cosign(
        key: &NoteKey,
        text: &str,
        time: u64,
        sign: impl FnOnce(&[u8]) -> [u8; 64],
    ) -> Result<Self, NoteError> {
        if key.algorithm != Algorithm::Cosignature {
            return Err(NoteError::Key("it is not that of a witness"));
        }
        if time > MAX_TIME {
            return Err(NoteError::Malformed("the time is too far away"));
        }
        let signature = sign(&cosignature::message(text, time));
        Ok(Self { name: key.name.clone(), id: key.id, bytes: cosignature::encode(time, &signature) })
    }

    /// The name of the key that is said to have signed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of that key.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What follows the id.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "— {} {}", self.name, BASE64.encode(&[self.id.to_be_bytes().as_slice(), &self.bytes].concat()))
    }
}

impl FromStr for NoteSignature {
    type Err = NoteError;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let malformed = NoteError::Malformed("a signature line is not “— name base64”");
        let (name, encoded) = line.strip_prefix("— ").and_then(|rest| rest.split_once(' ')).ok_or(malformed.clone())?;
        let decoded = from_base64(encoded);
        let decoded = decoded.as_deref().and_then(|bytes| bytes.split_first_chunk());
        match decoded {
            Some((id, bytes)) if valid_name(name) && !bytes.is_empty() => {
                Ok(Self { name: name.to_owned(), id: u32::from_be_bytes(*id), bytes: bytes.to_vec() })
            }
            _ => Err(malformed),
        }
    }
}

/// A signature that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified<'k> {
    pub key: &'k NoteKey,
    /// When a witness has cosigned, in seconds since the epoch.
    pub time: Option<u64>,
}

/// How a key signs. Its byte stands in the key's text and in its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519 over the text.
    Ed25519 = 0x01,
    /// Ed25519 over the text with a time (C2SP tlog-cosignature).
    Cosignature = 0x04,
}

/// The public key of a log or of a witness, under its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteKey {
    name: String,
    algorithm: Algorithm,
    key: VerifyingKey,
    id: u32,
}

impl NoteKey {
    pub fn new(name: &str, algorithm: Algorithm, public: &[u8; 32]) -> Result<Self, NoteError> {
        if !valid_name(name) {
            return Err(NoteError::Key("its name is empty, too long or holds a space, a plus or a control character"));
        }
        let key = VerifyingKey::from_bytes(public).ok().filter(|key| !key.is_weak());
        let key = key.ok_or(NoteError::Key("it is not an Ed25519 public key"))?;
        let hashed = Sha256::new().chain_update(name).chain_update([b'\n', algorithm as u8]).chain_update(public);
        let [a, b, c, d, ..]: [u8; 32] = hashed.finalize().into();
        Ok(Self { name: name.to_owned(), algorithm, key, id: u32::from_be_bytes([a, b, c, d]) })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub fn id(&self) -> u32 {
        self.id
    }

    pub fn public(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// The signature of a text, if it is this key's and holds.
    pub(super) fn check(&self, text: &str, signature: &NoteSignature) -> Option<Verified<'_>> {
        if (self.name.as_str(), self.id) != (signature.name.as_str(), signature.id) {
            return None;
        }
        let (time, message, bytes) = match self.algorithm {
            Algorithm::Ed25519 => (None, text.as_bytes().to_vec(), signature.bytes.as_slice().try_into().ok()?),
            Algorithm::Cosignature => {
                let (time, bytes) = cosignature::decode(signature)?;
                (Some(time), cosignature::message(text, time), bytes)
            }
        };
        let holds = self.key.verify_strict(&message, &Signature::from_bytes(bytes)).is_ok();
        holds.then_some(Verified { key: self, time })
    }
}

impl fmt::Display for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = BASE64.encode(&[&[self.algorithm as u8], self.key.as_bytes().as_slice()].concat());
        write!(f, "{}+{:08x}+{encoded}", self.name, self.id)
    }
}

impl FromStr for NoteKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = NoteError::Key("it is not “name+id+base64”");
        // A name has no plus, but base64 may.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(malformed);
        };
        if encoded.len() != BASE64.encode_len(33) {
            return Err(malformed);
        }
        let decoded = BASE64.decode(encoded.as_bytes()).map_err(|_| malformed.clone())?;
        let (algorithm, public) = decoded.split_first().ok_or(malformed.clone())?;
        let algorithm = match algorithm {
            0x01 => Algorithm::Ed25519,
            0x04 => Algorithm::Cosignature,
            _ => return Err(NoteError::Key("its algorithm is neither Ed25519 nor the Ed25519 cosignature")),
        };
        let key = Self::new(name, algorithm, public.try_into().map_err(|_| malformed.clone())?)?;
        if id == HEXLOWER.encode(&key.id.to_be_bytes()) { Ok(key) } else { Err(NoteError::Key("its id is another's")) }
    }
}

/// Whether this can be the name of a key.
fn valid_name(name: &str) -> bool {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    (1..=MAX_NAME).contains(&name.len()) && !name.contains(forbidden)
}

/// Nothing below U+0020 but newlines.
fn printable(text: &str) -> Result<(), NoteError> {
    let control = text.bytes().any(|byte| byte < 0x20 && byte != b'\n');
    if control { Err(NoteError::Malformed("it has a control character")) } else { Ok(()) }
}

/// Lines that each end with a newline.
pub(super) fn lines(text: &str) -> Result<impl Iterator<Item = &str>, NoteError> {
    let ended = text.is_empty() || text.ends_with('\n');
    if ended { Ok(text.split_terminator('\n')) } else { Err(NoteError::Malformed("the last line has no end")) }
}
