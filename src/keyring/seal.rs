//! Sealed bytes: XChaCha20-Poly1305 under a key for one purpose, with a random nonce of 192 bits.
//!
//! ```text
//! 1 byte    form, 0x01
//! 4 bytes   version of the key, big-endian
//! 24 bytes  nonce
//! n bytes   ciphertext
//! 16 bytes  tag                    associated data: form ‖ version ‖ what the caller binds it to
//! ```

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use rand::CryptoRng;
use zeroize::Zeroizing;

use super::versions::{Version, Versions};

/// Not a value sealed here for this purpose and these circumstances. One answer for every reason: which it was would
/// help only who tries.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the value was not sealed here for this purpose")]
pub struct OpenError;

/// Seals under the current version, with the key that `info` names.
pub(super) fn seal(
    versions: &Versions,
    info: &[&[u8]],
    bound_to: &[&[u8]],
    plaintext: &[u8],
    rng: &mut impl CryptoRng,
) -> Vec<u8> {
    let version = versions.current();
    let mut nonce = [0; NONCE];
    rng.fill_bytes(&mut nonce);
    let header = header(version);
    let aad = [&header[..], &bound_to.concat()].concat();
    let payload = Payload { msg: plaintext, aad: &aad };
    let ciphertext = encrypt(&version.derive(info), &nonce, payload);
    [&header[..], &nonce, &ciphertext].concat()
}

/// Opens what [`seal`] sealed, under whichever version it says.
pub(super) fn open(
    versions: &Versions,
    info: &[&[u8]],
    bound_to: &[&[u8]],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (header, rest) = sealed.split_first_chunk::<HEADER>().ok_or(OpenError)?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>().ok_or(OpenError)?;
    let [FORM, number @ ..] = *header else { return Err(OpenError) };
    let version = versions.number(u32::from_be_bytes(number)).ok_or(OpenError)?;
    let aad = [&header[..], &bound_to.concat()].concat();
    decrypt(&version.derive(info), nonce, Payload { msg: ciphertext, aad: &aad }).ok_or(OpenError)
}

#[expect(clippy::expect_used, reason = "fails only beyond 256 GiB, and what could not be sealed must not go out")]
pub(super) fn encrypt(key: &[u8; 32], nonce: &[u8; NONCE], payload: Payload<'_, '_>) -> Vec<u8> {
    XChaCha20Poly1305::new(&(*key).into())
        .encrypt(&XNonce::from(*nonce), payload)
        .expect("a text below 256 GiB is sealed")
}

pub(super) fn decrypt(key: &[u8; 32], nonce: &[u8; NONCE], payload: Payload<'_, '_>) -> Option<Zeroizing<Vec<u8>>> {
    XChaCha20Poly1305::new(&(*key).into()).decrypt(&XNonce::from(*nonce), payload).ok().map(Zeroizing::new)
}

fn header(version: &Version) -> [u8; HEADER] {
    let [a, b, c, d] = version.number.to_be_bytes();
    [FORM, a, b, c, d]
}

const FORM: u8 = 1;
const HEADER: usize = 5;
pub(super) const NONCE: usize = 24;
/// What sealing adds, in bytes.
pub(super) const OVERHEAD: usize = HEADER + NONCE + 16;
