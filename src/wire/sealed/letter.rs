//! A letter from one custodian to another during a ceremony: ECIES on ristretto255.
//!
//! ```text
//! R 32 bytes · ChaCha20-Poly1305 ciphertext, as long as the text · tag 16 bytes
//! ```
//!
//! The key is HKDF-SHA256 of r·(recipient's key), its info the label. A letter is secret but carries no sender's
//! signature: what it holds must be checked by what is published (a share against its commitments).

use std::fmt;

use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit, Nonce, Tag};
use curve25519_dalek::{RistrettoPoint, Scalar};
use rand::CryptoRng;
use zeroize::Zeroizing;

use super::{
    error::SealError,
    group::{encode, key, point, random_scalar, scalar},
};

/// The secret key of one custodian's letter box, made for one ceremony. Wiped when dropped.
pub struct LetterKey(Zeroizing<Scalar>);

impl LetterKey {
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(random_scalar(rng))
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        let secret = scalar(bytes).filter(|scalar| *scalar != Scalar::ZERO);
        secret.map(|secret| Self(Zeroizing::new(secret))).ok_or(SealError::Malformed("the letter key is not a scalar"))
    }

    pub fn expose(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The address to write to.
    pub fn public(&self) -> [u8; 32] {
        encode(&RistrettoPoint::mul_base(&self.0))
    }

    /// Reads a letter written to this key under this label.
    pub fn open(&self, letter: &Letter, label: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let malformed = SealError::Malformed("the letter is shorter than its header");
        let (r, rest) = letter.0.split_first_chunk::<32>().ok_or(malformed)?;
        let (text, tag) = rest.split_last_chunk::<16>().ok_or(SealError::Proof)?;
        let sender = point(r).ok_or(SealError::Malformed("R of the letter is not a point"))?;
        let mut text = Zeroizing::new(text.to_vec());
        let cipher = cipher(&(*self.0 * sender), r, &self.public(), label);
        let tag = Tag::from(*tag);
        let read = cipher.decrypt_inout_detached(&Nonce::default(), label, text.as_mut_slice().into(), &tag);
        read.map(|()| text).map_err(|_| SealError::Proof)
    }
}

impl fmt::Debug for LetterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LetterKey(…)")
    }
}

/// An encrypted text for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter(pub Vec<u8>);

impl Letter {
    /// Whether these bytes are the address of a letter box.
    pub fn can_be_written_to(address: &[u8; 32]) -> bool {
        point(address).is_some()
    }

    pub fn write(to: &[u8; 32], label: &[u8], text: &[u8], rng: &mut impl CryptoRng) -> Result<Self, SealError> {
        let recipient = point(to).ok_or(SealError::Malformed("the recipient's key is not a point"))?;
        let secret = random_scalar(rng);
        let r = encode(&RistrettoPoint::mul_base(&secret));
        let mut body = Zeroizing::new(text.to_vec());
        let cipher = cipher(&(*secret * recipient), &r, to, label);
        let tag = cipher.encrypt_inout_detached(&Nonce::default(), label, body.as_mut_slice().into());
        let tag = tag.map_err(|_| SealError::TooLong(text.len()))?;
        Ok(Self([r.as_slice(), &body, &tag].concat()))
    }
}

fn cipher(shared: &RistrettoPoint, r: &[u8; 32], to: &[u8; 32], label: &[u8]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new((&*key(shared, "heteronym/letter/v1/key", &[r, to, label])).into())
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn a_letter_is_read_by_its_recipient_alone_under_its_label_alone() {
        let mut rng = StdRng::seed_from_u64(1);
        let (mine, other) = (LetterKey::generate(&mut rng), LetterKey::generate(&mut rng));
        let letter = Letter::write(&mine.public(), b"from 1 to 2", b"a share", &mut rng).unwrap();
        assert_eq!(mine.open(&letter, b"from 1 to 2").unwrap().as_slice(), b"a share");
        assert_eq!(mine.open(&letter, b"from 3 to 2"), Err(SealError::Proof));
        assert_eq!(other.open(&letter, b"from 1 to 2"), Err(SealError::Proof));
        assert!(mine.open(&Letter(vec![0; 40]), b"").is_err());
    }

    #[test]
    fn a_letter_altered_anywhere_is_refused() {
        let mut rng = StdRng::seed_from_u64(2);
        let key = LetterKey::generate(&mut rng);
        let letter = Letter::write(&key.public(), b"label", b"share", &mut rng).unwrap();
        for bit in 0..letter.0.len() * 8 {
            let mut altered = letter.clone();
            altered.0[bit / 8] ^= 1 << (bit % 8);
            assert!(key.open(&altered, b"label").is_err(), "bit {bit}");
        }
    }
}
