//! Opening: each custodian's answer, its proof (Chaum–Pedersen), and their combination.

use std::{fmt, str::FromStr};

use curve25519_dalek::{RistrettoPoint, Scalar, traits::VartimeMultiscalarMul};
use data_encoding::BASE64URL_NOPAD;
use rand::CryptoRng;
use zeroize::Zeroizing;

use super::{
    error::{KeyError, OpenError},
    group::{challenge, digest, encode, interpolate, nonce, point, scalar},
    key::{Custodian, CustodiansKey, Fingerprint},
    seal::Checked,
};

/// The length of a partial decryption in bytes.
pub const PARTIAL_LEN: usize = 195;

/// One custodian's secret share. Wiped when dropped; prints nothing of itself.
pub struct Share {
    index: u16,
    secret: Zeroizing<Scalar>,
}

impl Share {
    /// Takes the 32 bytes of the share, and refuses it unless it is that of custodian `index` under this key.
    pub fn new(key: &CustodiansKey, index: u16, secret: &[u8; 32]) -> Result<Self, KeyError> {
        let secret = Zeroizing::new(scalar(secret).ok_or(KeyError::Share(index))?);
        let share = Self { index, secret };
        if share.belongs_to(key) { Ok(share) } else { Err(KeyError::Share(index)) }
    }

    pub fn index(&self) -> u16 {
        self.index
    }

    /// The secret itself, for the custodian's own file.
    pub fn expose(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.secret.to_bytes())
    }

    fn belongs_to(&self, key: &CustodiansKey) -> bool {
        key.custodian(self.index).is_some_and(|custodian| custodian.share == RistrettoPoint::mul_base(&self.secret))
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Share({}, …)", self.index)
    }
}

/// The case that an answer is given for: a hash of the public request, so that an answer serves that case alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Case([u8; 32]);

impl Case {
    /// From the bytes of the public `lift.request`.
    pub fn of(request: &[u8]) -> Self {
        Self(digest("heteronym/case/v1", &[request]))
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// One custodian's answer: share·R and the proof that it is just that. Parsed, not verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Partial {
    custodian: u16,
    key: Fingerprint,
    sealed: [u8; 32],
    case: Case,
    pub(super) point: RistrettoPoint,
    challenge: Scalar,
    response: Scalar,
}

impl Partial {
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, OpenError> {
        let malformed = OpenError::Malformed;
        let bytes: &[u8; PARTIAL_LEN] = bytes.try_into().map_err(|_| malformed("it is not 195 bytes long"))?;
        let (version, rest) = bytes.split_first().ok_or(malformed("it is empty"))?;
        let (custodian, rest) = rest.split_first_chunk().ok_or(malformed("no custodian"))?;
        let (fields, _) = rest.as_chunks::<32>();
        let [key, sealed, case, point_bytes, c, s] = fields else { return Err(malformed("fields are missing")) };
        if *version != VERSION {
            return Err(malformed("its version is unknown"));
        }
        Ok(Self {
            custodian: u16::from_be_bytes(*custodian),
            key: Fingerprint::from_bytes(*key),
            sealed: *sealed,
            case: Case(*case),
            point: point(point_bytes).ok_or(malformed("D is not a point"))?,
            challenge: scalar(c).ok_or(malformed("c is not a scalar"))?,
            response: scalar(s).ok_or(malformed("s is not a scalar"))?,
        })
    }

    pub fn to_bytes(&self) -> [u8; PARTIAL_LEN] {
        let parts: [&[u8]; 8] = [
            &[VERSION],
            &self.custodian.to_be_bytes(),
            self.key.as_bytes(),
            &self.sealed,
            &self.case.0,
            &encode(&self.point),
            self.challenge.as_bytes(),
            self.response.as_bytes(),
        ];
        let mut bytes = [0; PARTIAL_LEN];
        for (to, from) in bytes.iter_mut().zip(parts.concat()) {
            *to = from;
        }
        bytes
    }

    /// The index of the custodian who says to have given it.
    pub fn custodian(&self) -> u16 {
        self.custodian
    }

    /// The challenge of the proof for the commitments t·G and t·R.
    fn expected_challenge(
        &self,
        verification_share: &RistrettoPoint,
        r: &RistrettoPoint,
        on_base: &RistrettoPoint,
        on_r: &RistrettoPoint,
    ) -> Scalar {
        challenge(
            "heteronym/partial/v1/proof",
            &[
                self.key.as_bytes(),
                &self.custodian.to_be_bytes(),
                &encode(verification_share),
                &self.sealed,
                &self.case.0,
                &encode(r),
                &encode(&self.point),
                &encode(on_base),
                &encode(on_r),
            ],
        )
    }
}

impl fmt::Debug for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Partial({}, …)", self.custodian)
    }
}

/// base64url of the bytes.
impl fmt::Display for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.to_bytes()))
    }
}

impl FromStr for Partial {
    type Err = OpenError;

    fn from_str(text: &str) -> Result<Self, OpenError> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| OpenError::Malformed("it is not base64url"))?;
        Self::from_bytes(&bytes)
    }
}

impl Checked<'_> {
    /// A custodian's answer for one case.
    ///
    /// Refuses a share that is not one of the key's. That the case is public and granted is for the caller to know.
    pub fn partial(&self, share: &Share, case: &Case, rng: &mut impl CryptoRng) -> Result<Partial, OpenError> {
        if !share.belongs_to(self.key) {
            return Err(OpenError::Share);
        }
        let digest = self.sealed.digest();
        let t = nonce("heteronym/partial/v1/nonce", &share.secret, &[&digest, case.as_bytes()], rng);
        Ok(self.partial_with(share, case, &t))
    }

    /// Checks one answer. An error names the custodian.
    pub fn verify_partial(&self, partial: &Partial, case: &Case) -> Result<(), OpenError> {
        let custodian = self.key.custodian(partial.custodian).ok_or(OpenError::Stranger(partial.custodian))?;
        let who = custodian.to_string();
        if partial.key != self.key.fingerprint() {
            return Err(OpenError::OtherEpoch(who));
        }
        if partial.sealed != self.sealed.digest() {
            return Err(OpenError::OtherSealed(who));
        }
        if partial.case != *case {
            return Err(OpenError::OtherCase(who));
        }
        let (c, s) = (-partial.challenge, partial.response);
        let on_base = RistrettoPoint::vartime_double_scalar_mul_basepoint(&c, &custodian.share, &s);
        let on_r = RistrettoPoint::vartime_multiscalar_mul([c, s], [partial.point, *self.r()]);
        let expected = partial.expected_challenge(&custodian.share, self.r(), &on_base, &on_r);
        if expected == partial.challenge { Ok(()) } else { Err(OpenError::Proof(who)) }
    }

    /// Opens the sealed value with the answers of k custodians or more, all of which must be good.
    pub fn combine(&self, partials: &[Partial], case: &Case) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let mut seen = Vec::with_capacity(partials.len());
        for partial in partials {
            self.verify_partial(partial, case)?;
            if seen.contains(&partial.custodian) {
                let who = self.key.custodian(partial.custodian).map(Custodian::to_string);
                return Err(OpenError::Twice(who.unwrap_or_default()));
            }
            seen.push(partial.custodian);
        }
        let needed = self.key.threshold();
        let points: Vec<_> = partials.iter().take(usize::from(needed)).map(|p| (p.custodian, p.point)).collect();
        if points.len() < usize::from(needed) {
            return Err(OpenError::TooFew { got: partials.len(), needed });
        }
        self.open(&interpolate(0, &points))
    }

    pub(super) fn partial_with(&self, share: &Share, case: &Case, t: &Scalar) -> Partial {
        let verification_share = RistrettoPoint::mul_base(&share.secret);
        let mut partial = Partial {
            custodian: share.index,
            key: self.key.fingerprint(),
            sealed: self.sealed.digest(),
            case: *case,
            point: *share.secret * self.r(),
            challenge: Scalar::ZERO,
            response: Scalar::ZERO,
        };
        partial.challenge =
            partial.expected_challenge(&verification_share, self.r(), &RistrettoPoint::mul_base(t), &(t * self.r()));
        partial.response = t + partial.challenge * *share.secret;
        partial
    }
}

const VERSION: u8 = 1;
