//! ristretto255 (RFC 9496): strict encodings, challenges (Fiat–Shamir), Lagrange coefficients.
//!
//! Points and scalars go in and out as 32 bytes; non-canonical encodings and the identity are refused (§4.3.1).

use curve25519_dalek::{RistrettoPoint, Scalar, ristretto::CompressedRistretto, traits::IsIdentity};
use hkdf::Hkdf;
use rand::CryptoRng;
use sha2::{Digest, Sha256, Sha512};
use zeroize::{Zeroize, Zeroizing};

/// A point other than the identity, from its canonical encoding.
pub(super) fn point(bytes: &[u8]) -> Option<RistrettoPoint> {
    let point = CompressedRistretto::from_slice(bytes).ok()?.decompress()?;
    (!point.is_identity()).then_some(point)
}

/// A scalar below the group order, from its canonical encoding (32 bytes, little endian).
pub(super) fn scalar(bytes: &[u8]) -> Option<Scalar> {
    Scalar::from_canonical_bytes(bytes.try_into().ok()?).into_option()
}

pub(super) fn encode(point: &RistrettoPoint) -> [u8; 32] {
    point.compress().to_bytes()
}

/// A uniformly random scalar.
pub(super) fn random_scalar(rng: &mut impl CryptoRng) -> Zeroizing<Scalar> {
    let mut wide = Zeroizing::new([0; 64]);
    rng.fill_bytes(wide.as_mut());
    Zeroizing::new(Scalar::from_bytes_mod_order_wide(&wide))
}

/// The nonce of a proof, out of the secret, the statement and fresh randomness together, so that a poor generator alone
/// does not give the secret away.
pub(super) fn nonce(domain: &str, secret: &Scalar, statement: &[&[u8]], rng: &mut impl CryptoRng) -> Zeroizing<Scalar> {
    let mut fresh = Zeroizing::new([0; 32]);
    rng.fill_bytes(fresh.as_mut());
    let secret = Zeroizing::new(secret.to_bytes());
    let mut hash = prefixed::<Sha512>(domain, &[secret.as_ref(), fresh.as_ref()]);
    for part in statement {
        absorb(&mut hash, part);
    }
    let mut wide: [u8; 64] = hash.finalize().into();
    let nonce = Scalar::from_bytes_mod_order_wide(&wide);
    wide.zeroize();
    Zeroizing::new(nonce)
}

/// SHA-512 of the domain and the parts, each behind its length, modulo the group order.
pub(super) fn challenge(domain: &str, parts: &[&[u8]]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&prefixed::<Sha512>(domain, parts).finalize().into())
}

/// SHA-256 of the domain and the parts, each behind its length.
pub(super) fn digest(domain: &str, parts: &[&[u8]]) -> [u8; 32] {
    prefixed::<Sha256>(domain, parts).finalize().into()
}

/// 32 bytes of HKDF-SHA256 (RFC 5869) from a shared point; `info` is the domain and the parts, each behind its length.
pub(super) fn key(shared: &RistrettoPoint, domain: &str, parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let secret = Zeroizing::new(encode(shared));
    let mut info = Vec::new();
    for part in [domain.as_bytes()].iter().chain(parts) {
        info.extend_from_slice(&length(part));
        info.extend_from_slice(part);
    }
    let mut key = Zeroizing::new([0; 32]);
    let expanded = Hkdf::<Sha256>::new(None, secret.as_ref()).expand(&info, key.as_mut());
    debug_assert!(expanded.is_ok(), "32 bytes are fewer than 255 blocks");
    key
}

/// The coefficient of `index` when the polynomial through `indices` is evaluated at `x`.
///
/// `indices` are distinct and hold `index`, so that no denominator is zero.
pub(super) fn lagrange(x: u16, index: u16, indices: &[u16]) -> Scalar {
    let (mut over, mut under) = (Scalar::ONE, Scalar::ONE);
    for &other in indices.iter().filter(|&&other| other != index) {
        over *= Scalar::from(x) - Scalar::from(other);
        under *= Scalar::from(index) - Scalar::from(other);
    }
    over * under.invert()
}

/// The point at `x` of the polynomial through the given points.
pub(super) fn interpolate(x: u16, points: &[(u16, RistrettoPoint)]) -> RistrettoPoint {
    let indices: Vec<u16> = points.iter().map(|(index, _)| *index).collect();
    points.iter().map(|(index, point)| lagrange(x, *index, &indices) * point).sum()
}

fn prefixed<H: Digest>(domain: &str, parts: &[&[u8]]) -> H {
    let mut hash = H::new();
    absorb(&mut hash, domain.as_bytes());
    for part in parts {
        absorb(&mut hash, part);
    }
    hash
}

fn absorb(hash: &mut impl Digest, part: &[u8]) {
    hash.update(length(part));
    hash.update(part);
}

fn length(part: &[u8]) -> [u8; 4] {
    u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT as G;
    use data_encoding::HEXLOWER;

    use super::*;

    #[test]
    fn the_identity_and_encodings_that_rfc_9496_calls_bad_are_refused() {
        assert!(point(&[0; 32]).is_none(), "identity");
        // RFC 9496, appendix A.2: non-canonical field element, negative field element, non-square x².
        for bad in [
            "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
        ] {
            assert!(point(&HEXLOWER.decode(bad.as_bytes()).unwrap()).is_none(), "{bad}");
        }
        assert!(point(&encode(&G)).is_some());
        assert!(point(&encode(&G)[..31]).is_none());
    }

    #[test]
    fn a_scalar_of_the_order_or_more_is_refused() {
        // ℓ = 2^252 + 27742317777372353535851937790883648493, little endian.
        let order = HEXLOWER.decode(b"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
        assert!(scalar(&order).is_none());
        assert!(scalar(&(-Scalar::ONE).to_bytes()).is_some());
    }

    #[test]
    fn parts_cannot_be_shifted_into_one_another() {
        assert_ne!(digest("d", &[b"ab", b"c"]), digest("d", &[b"a", b"bc"]));
        assert_ne!(challenge("d", &[b"ab"]), challenge("da", &[b"b"]));
    }

    #[test]
    fn interpolation_finds_the_constant_term() {
        let at = |x: u64| (Scalar::from(7u64) + Scalar::from(3u64) * Scalar::from(x)) * G;
        assert_eq!(interpolate(0, &[(2, at(2)), (5, at(5))]), Scalar::from(7u64) * G);
    }
}
