//! The sealed value: what is kept of a name.

use std::{fmt, str::FromStr};

use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit, Nonce, Tag};
use curve25519_dalek::{RistrettoPoint, Scalar};
use data_encoding::BASE64URL_NOPAD;
use rand::CryptoRng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{
    error::{OpenError, SealError},
    group::{challenge, encode, key, nonce, point, random_scalar, scalar},
    key::{CustodiansKey, KeyId},
};

/// The longest text that can be sealed, in bytes.
pub const MAX_TEXT: usize = SIZES[1] - 2;

/// A text sealed to the custodians, bound to a label. Parsed, but not yet verified: see [`Sealed::verify`].
///
/// Its length tells only whether the text had more than 510 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    bytes: Vec<u8>,
    key: KeyId,
    r: RistrettoPoint,
    challenge: Scalar,
    response: Scalar,
}

impl Sealed {
    /// Seals `text` so that any k of the key's custodians, and nobody else, can read it.
    ///
    /// The label is not secret and not part of the value: whoever verifies or opens it must bring the same one.
    pub fn seal(key: &CustodiansKey, label: &[u8], text: &[u8], rng: &mut impl CryptoRng) -> Result<Self, SealError> {
        let r = random_scalar(rng);
        let t = nonce("heteronym/seal/v1/nonce", &r, &[key.id().as_bytes(), label], rng);
        Self::seal_with(key, label, text, &r, &t)
    }

    /// Parses the bytes; refuses every encoding but the canonical one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        let malformed = SealError::Malformed;
        if !SIZES.iter().any(|size| bytes.len() == HEADER + size + TAG) {
            return Err(malformed("its length is none of the possible ones"));
        }
        let field = |from: usize, to: usize| bytes.get(from..to).unwrap_or_default();
        if field(0, 1) != [VERSION] {
            return Err(malformed("its version is unknown"));
        }
        let key = field(1, 33).try_into().map_err(|_| malformed("no key id"))?;
        let r = point(field(33, 65)).ok_or(malformed("R is not a point"))?;
        let challenge = scalar(field(65, 97)).ok_or(malformed("c is not a scalar"))?;
        let response = scalar(field(97, 129)).ok_or(malformed("s is not a scalar"))?;
        Ok(Self { bytes: bytes.to_vec(), key: KeyId::from_bytes(key), r, challenge, response })
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The key it was sealed to.
    pub fn key(&self) -> KeyId {
        self.key
    }

    /// SHA-256 of the bytes: what the public log holds of it.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.bytes).into()
    }

    /// Checks that it was sealed to this key, under this label, by somebody who knew the text's key: without this proof a
    /// custodian could be made to open, under a harmless label, what was copied from another person's.
    pub fn verify<'a>(&'a self, key: &'a CustodiansKey, label: &[u8]) -> Result<Checked<'a>, SealError> {
        if self.key != key.id() {
            return Err(SealError::OtherKey);
        }
        let commitment = RistrettoPoint::vartime_double_scalar_mul_basepoint(&-self.challenge, &self.r, &self.response);
        let expected = proof_challenge(key, label, &self.r, &commitment, self.ciphertext());
        if expected != self.challenge {
            return Err(SealError::Proof);
        }
        Ok(Checked { sealed: self, key, label: label.to_vec() })
    }

    pub(super) fn seal_with(
        key: &CustodiansKey,
        label: &[u8],
        text: &[u8],
        r: &Scalar,
        t: &Scalar,
    ) -> Result<Self, SealError> {
        let mut padded = pad(text)?;
        let point = RistrettoPoint::mul_base(r);
        let tag = encrypt(&(r * key.group_point()), key.id(), &point, label, &mut padded)?;
        let ciphertext = [padded.as_slice(), &tag].concat();
        let challenge = proof_challenge(key, label, &point, &RistrettoPoint::mul_base(t), &ciphertext);
        let response = t + challenge * r;
        let id = key.id();
        let parts: [&[u8]; 6] =
            [&[VERSION], id.as_bytes(), &encode(&point), challenge.as_bytes(), response.as_bytes(), &ciphertext];
        Ok(Self { bytes: parts.concat(), key: id, r: point, challenge, response })
    }

    fn ciphertext(&self) -> &[u8] {
        self.bytes.get(HEADER..).unwrap_or_default()
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

/// base64url of the bytes.
impl fmt::Display for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.bytes))
    }
}

impl FromStr for Sealed {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, SealError> {
        if text.len() > (HEADER + MAX_TEXT + 2 + TAG).div_ceil(3) * 4 {
            return Err(SealError::Malformed("it is too long"));
        }
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| SealError::Malformed("it is not base64url"))?;
        Self::from_bytes(&bytes)
    }
}

/// A sealed value whose proof holds for a key and a label: the only thing that custodians answer for.
pub struct Checked<'a> {
    pub(super) sealed: &'a Sealed,
    pub(super) key: &'a CustodiansKey,
    label: Vec<u8>,
}

impl Checked<'_> {
    pub(super) fn r(&self) -> &RistrettoPoint {
        &self.sealed.r
    }

    /// Decrypts with the shared point r·Y.
    pub(super) fn open(&self, shared: &RistrettoPoint) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (text, tag) = self.sealed.ciphertext().split_last_chunk::<TAG>().ok_or(OpenError::Empty)?;
        let mut text = Zeroizing::new(text.to_vec());
        let aad = associated(self.sealed.key, self.r(), &self.label);
        let cipher = cipher(shared, self.sealed.key, self.r(), &self.label);
        let tag = Tag::from(*tag);
        let decrypted = cipher.decrypt_inout_detached(&Nonce::default(), &aad, text.as_mut_slice().into(), &tag);
        decrypted.map_err(|_| OpenError::Empty)?;
        unpad(&text).ok_or(OpenError::Empty)
    }
}

impl fmt::Debug for Checked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Checked(…)")
    }
}

fn encrypt(
    shared: &RistrettoPoint,
    id: KeyId,
    r: &RistrettoPoint,
    label: &[u8],
    text: &mut [u8],
) -> Result<[u8; TAG], SealError> {
    let aad = associated(id, r, label);
    let cipher = cipher(shared, id, r, label);
    // The key serves once, so the nonce may be constant.
    let tag = cipher.encrypt_inout_detached(&Nonce::default(), &aad, text.into());
    tag.map(Into::into).map_err(|_| SealError::TooLong(text.len()))
}

fn cipher(shared: &RistrettoPoint, id: KeyId, r: &RistrettoPoint, label: &[u8]) -> ChaCha20Poly1305 {
    let key = key(shared, "heteronym/seal/v1/key", &[id.as_bytes(), &encode(r), label]);
    ChaCha20Poly1305::new((&*key).into())
}

fn associated(id: KeyId, r: &RistrettoPoint, label: &[u8]) -> Vec<u8> {
    [&[VERSION], id.as_bytes().as_slice(), &encode(r), label].concat()
}

fn proof_challenge(
    key: &CustodiansKey,
    label: &[u8],
    r: &RistrettoPoint,
    commitment: &RistrettoPoint,
    ciphertext: &[u8],
) -> Scalar {
    let id = key.id();
    challenge("heteronym/seal/v1/proof", &[id.as_bytes(), label, &encode(r), &encode(commitment), ciphertext])
}

/// Length (two bytes, big endian), text, zeros up to one of the sizes. Allocated once, so that no copy is left behind.
fn pad(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let too_long = SealError::TooLong(text.len());
    let size = SIZES.into_iter().find(|size| text.len() + 2 <= *size).ok_or(SealError::TooLong(text.len()))?;
    let length = u16::try_from(text.len()).map_err(|_| too_long)?;
    let mut padded = Zeroizing::new(Vec::with_capacity(size));
    padded.extend_from_slice(&length.to_be_bytes());
    padded.extend_from_slice(text);
    padded.resize(size, 0);
    Ok(padded)
}

fn unpad(padded: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (length, rest) = padded.split_first_chunk::<2>()?;
    let (text, zeros) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    zeros.iter().all(|byte| *byte == 0).then(|| Zeroizing::new(text.to_vec()))
}

const VERSION: u8 = 1;
const HEADER: usize = 129;
const TAG: usize = 16;
/// Sizes of the padded text: nearly everybody's identity fits the first, anybody's the second.
const SIZES: [usize; 2] = [512, 2048];
