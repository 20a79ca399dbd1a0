//! Sealing: threshold `ElGamal` on ristretto255 (RFC 9496), so that a name can be read by k of n custodians and nobody else.
//!
//! ```text
//! sealed              bytes        what
//!   version           0..1         0x01
//!   key               1..33        id of the custodians' key
//!   R                 33..65       r·G
//!   c, s              65..129      proof that the sealer knows r, bound to all the rest and to the label
//!   ciphertext        129..L-16    ChaCha20-Poly1305 of the padded text: 512 or 2,048 bytes
//!   tag               L-16..L
//!
//! partial decryption  bytes
//!   version           0..1         0x01
//!   custodian         1..3         index, big endian, from 1
//!   key               3..35        fingerprint of the custodians' key, hence its epoch
//!   sealed            35..67       SHA-256 of the sealed value
//!   case              67..99       the case it was given for
//!   D                 99..131      share·R
//!   c, s              131..195     proof that log_G(verification share) = log_R(D), bound to all the rest
//! ```
//!
//! The full text, with the labels of every hash, is `specs/sealing.md`. Not verified here: that the text inside is true,
//! that the case is public and lawful, that a custodian's name is who it says.

mod error;
mod group;
mod key;
mod letter;
mod partial;
mod seal;

pub use self::{
    error::{KeyError, OpenError, SealError},
    key::{Custodian, CustodiansKey, Fingerprint, KeyId, MAX_CUSTODIANS, valid_name},
    letter::{Letter, LetterKey},
    partial::{Case, PARTIAL_LEN, Partial, Share},
    seal::{Checked, MAX_TEXT, Sealed},
};

#[cfg(test)]
mod tests;
