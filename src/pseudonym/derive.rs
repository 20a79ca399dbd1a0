//! The pairwise subject of a person in a sector (OpenID Connect Core §8.1; HKDF: RFC 5869; HMAC: RFC 2104).
//!
//! ```text
//! lp(x)    = length of x in bytes as u32, big-endian ‖ x
//! K_sector = HKDF-SHA256(ikm = master key (32 bytes), salt = none, info = "sector/v1" ‖ lp(sector), 32 bytes)
//! sub      = base64url(HMAC-SHA256(K_sector, "sub/v1" ‖ lp(person, 16 bytes)
//!                                            ‖ lp(slot, u32 big-endian) ‖ lp(generation, u32 big-endian)))
//! ```
//!
//! Pure: it knows neither the versions of the master key nor whether the slot is the person's. `specs/pseudonym.md`,
//! "Derivation", gives the reasons; `tests/vectors/pseudonym.json` the vectors.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{
    domain::ids::{PersonId, Sector},
    keyring::PseudonymKey,
};

/// The key of one sector under one version of the master key. Wiped when dropped; worth caching, for it saves half the work.
pub struct SectorKey(Zeroizing<[u8; 32]>);

impl SectorKey {
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "HKDF-SHA256 gives up to 8,160 bytes (RFC 5869 §2.3), and 32 are asked for"
    )]
    pub fn derive(master: &[u8; 32], sector: &Sector) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, master).expand(&info(sector), key.as_mut()).expect("32 bytes are not too many");
        Self(key)
    }

    /// From one version of the keyring's master key.
    pub fn of(master: &PseudonymKey<'_>, sector: &Sector) -> Self {
        Self::derive(master.expose(), sector)
    }

    /// The subject of a person's slot. `generation` grows only when the subject itself must change.
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "HMAC takes a key of any length (RFC 2104 §2)")]
    pub fn subject(&self, person: PersonId, slot: u32, generation: u32) -> Subject {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_ref()).expect("any length of key is good");
        mac.update(&message(person, slot, generation));
        Subject(BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for SectorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SectorKey(…)")
    }
}

/// A `sub`: 43 characters of base64url. It goes into tokens and nowhere else: no row, no log, no `Debug`.
#[derive(Clone)]
pub struct Subject(String);

impl Subject {
    /// One that says of itself that it is nobody's: no key gives it but by a chance of 2⁻²⁵⁶.
    pub fn example() -> Self {
        Self(EXAMPLE.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a client presented this subject; in constant time, because whoever asks may be guessing.
    pub fn is(&self, presented: &str) -> bool {
        self.0.as_bytes().ct_eq(presented.as_bytes()).into()
    }
}

impl PartialEq for Subject {
    fn eq(&self, other: &Self) -> bool {
        self.is(&other.0)
    }
}

impl Eq for Subject {}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject(…)")
    }
}

fn info(sector: &Sector) -> Vec<u8> {
    let mut info = b"sector/v1".to_vec();
    push(&mut info, sector.as_str().as_bytes());
    info
}

fn message(person: PersonId, slot: u32, generation: u32) -> Vec<u8> {
    let mut message = b"sub/v1".to_vec();
    push(&mut message, person.as_bytes());
    push(&mut message, &slot.to_be_bytes());
    push(&mut message, &generation.to_be_bytes());
    message
}

/// As long as a subject, of the same characters.
const EXAMPLE: &str = "EXAMPLE-not-the-sub-of-anybody-EXAMPLE-only";

/// Appends `lp(part)`. A part is a sector of at most 259 bytes, an id or a number, so its length always fits.
pub(super) fn push(out: &mut Vec<u8>, part: &[u8]) {
    out.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(part);
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use data_encoding::HEXLOWER;
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Vectors {
        vectors: Vec<Vector>,
    }

    #[derive(Deserialize)]
    struct Vector {
        master: String,
        sector: Sector,
        person: String,
        slot: u32,
        generation: u32,
        sector_key: String,
        sub: String,
    }

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap()
    }

    fn subject(master: [u8; 32], sector: &str, person: [u8; 16], slot: u32, generation: u32) -> Subject {
        let key = SectorKey::derive(&master, &sector.parse().unwrap());
        key.subject(PersonId::from_bytes(person), slot, generation)
    }

    #[test]
    fn the_published_vectors_of_an_independent_implementation_come_out() {
        let Vectors { vectors } = serde_json::from_str(include_str!("../../tests/vectors/pseudonym.json")).unwrap();
        assert!(vectors.len() >= 12);
        for (at, vector) in vectors.iter().enumerate() {
            let key = SectorKey::derive(&bytes(&vector.master), &vector.sector);
            assert_eq!(*key.0, bytes(&vector.sector_key), "vector {at}");
            let subject = key.subject(PersonId::from_bytes(bytes(&vector.person)), vector.slot, vector.generation);
            assert_eq!(subject.as_str(), vector.sub, "vector {at}");
        }
        let subs: HashSet<_> = vectors.iter().map(|vector| &vector.sub).collect();
        assert_eq!(subs.len(), vectors.len());
    }

    #[test]
    fn the_bytes_to_hash_are_those_of_the_specification() {
        let message = message(PersonId::from_bytes([0xaa; 16]), 1, 0x0203);
        let expected =
            [b"sub/v1", &[0, 0, 0, 16][..], &[0xaa; 16], &[0, 0, 0, 4, 0, 0, 0, 1], &[0, 0, 0, 4, 0, 0, 2, 3]];
        assert_eq!(message, expected.concat());
    }

    #[test]
    fn a_subject_and_a_sector_key_print_nothing() {
        let key = SectorKey::derive(&[1; 32], &"forum.example".parse().unwrap());
        let subject = key.subject(PersonId::from_bytes([2; 16]), 0, 0);
        assert_eq!(format!("{key:?} {subject:?}"), "SectorKey(…) Subject(…)");
    }

    #[test]
    fn a_subject_is_43_characters_and_no_client_id() {
        let subject = subject([1; 32], "forum.example", [2; 16], 0, 0);
        assert_eq!(subject.as_str().len(), 43);
        assert!(subject.as_str().parse::<crate::domain::ids::ClientId>().is_err());
        assert!(subject.is(subject.as_str()) && !subject.is("") && !subject.is(&subject.as_str()[..42]));
    }

    prop_compose! {
        fn inputs()(
            master in any::<[u8; 32]>(),
            sector in "[a-z]{1,8}(-?[a-z0-9]){0,5}([.][a-z]{2,6}){0,3}(:[1-9][0-9]{0,3})?",
            person in any::<[u8; 16]>(),
            slot in prop_oneof![0_u32..3, any::<u32>()],
            generation in prop_oneof![0_u32..3, any::<u32>()],
        ) -> ([u8; 32], String, [u8; 16], u32, u32) {
            (master, sector, person, slot, generation)
        }
    }

    proptest! {
            #[test]
            fn equal_inputs_and_only_they_give_equal_subjects(one in inputs(), other in inputs(), mix in any::<[bool; 5]>()) {
                let mixed = (
                    if mix[0] { other.0 } else { one.0 },
                    if mix[1] { other.1 } else { one.1.clone() },
                    if mix[2] { other.2 } else { one.2 },
                    if mix[3] { other.3 } else { one.3 },
                    if mix[4] { other.4 } else { one.4 },
                );
                let first = subject(one.0, &one.1, one.2, one.3, one.4);
                let second = subject(mixed.0, &mixed.1, mixed.2, mixed.3, mixed.4);
                prop_assert_eq!(one == mixed, first == second);
            }

            #[test]
            fn the_framing_is_injective(
                one in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..6), 0..5),
                other in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..6), 0..5),
            ) {
                let frame = |parts: &[Vec<u8>]| {
                    let mut out = Vec::new();
                    for part in parts {
     push(&mut out, part);
    }
                    out
                };
                prop_assert_eq!(one == other, frame(&one) == frame(&other));
                let mut rest = frame(&one);
                for part in &one {
                    let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
                    prop_assert_eq!(&rest[4..4 + length], part.as_slice());
                    rest.drain(..4 + length);
                }
                prop_assert!(rest.is_empty());
            }

            #[test]
            fn two_forums_see_nothing_equal(one in inputs(), sector in "[a-z]{3,12}\\.example", slots in 1_u32..4) {
                prop_assume!(one.1 != sector);
                let mut seen = HashSet::new();
                for sector in [&one.1, &sector] {
                    for slot in 0..slots {
                        let subject = subject(one.0, sector, one.2, slot, 0);
                        let windows: HashSet<_> = subject.as_str().as_bytes().windows(8).map(<[u8]>::to_vec).collect();
                        prop_assert!(seen.is_disjoint(&windows));
                        seen.extend(windows);
                    }
                }
            }
        }
}
