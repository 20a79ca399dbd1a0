//! What a witness signs (C2SP tlog-cosignature, Ed25519).
//!
//! ```text
//! signed      "cosignature/v1\n" · "time " · seconds since the epoch · "\n" · text of the checkpoint
//! signature   seconds since the epoch, u64 big endian · Ed25519 signature, 64 bytes
//! ```
//!
//! The statement is that at this time the witness knew no larger tree of this log. Not verified here: that the time is
//! not in the future, that one key does not serve under two names.

use super::note::NoteSignature;

/// Times go up to 2⁶³ − 1.
pub(super) const MAX_TIME: u64 = i64::MAX as u64;

/// The bytes under the signature.
pub(super) fn message(text: &str, time: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {time}\n{text}").into_bytes()
}

/// The bytes that stand in the note.
pub(super) fn encode(time: u64, signature: &[u8; 64]) -> Vec<u8> {
    [time.to_be_bytes().as_slice(), signature].concat()
}

/// The time and the signature, if the bytes have that form.
pub(super) fn decode(line: &NoteSignature) -> Option<(u64, &[u8; 64])> {
    let (time, signature) = line.bytes().split_first_chunk()?;
    let time = u64::from_be_bytes(*time);
    if time <= MAX_TIME { Some((time, signature.try_into().ok()?)) } else { None }
}
