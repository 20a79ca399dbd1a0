//! The place of a person in a sector, as a tag that anybody can count and nobody can compute but the provider (`specs/log.md` §6).
//!
//! ```text
//! input = "slot/v1" ‖ lp(person, 16 bytes) ‖ lp(sector) ‖ u32 slot              lp and u32 big-endian
//! tag   = the output of ECVRF-RISTRETTO255-SHA512 (C2SP vrf-r255, RFC 9381 §5): 64 bytes
//! proof = 80 bytes                                                              RFC 9381 §5.5
//! ```
//!
//! There is one tag for each input (RFC 9381 §3.1, full uniqueness): a provider cannot give a person two in one place, whatever it keeps.
//! With the proof the person checks that the tag in their leaf is that of their own number. Not verified here: that a person has one number only.

use std::{fmt, str::FromStr};

use data_encoding::BASE64URL_NOPAD;
use vrf_r255::{Proof, PublicKey};

use super::{
    leaf::{InvalidForm, SlotTag},
    owner::lp,
};

/// The public key of slot tags: a point of ristretto255 other than the identity (RFC 9496 §4.3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SlotKey(PublicKey);

/// That a tag is the one of an input: Γ, c and s.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SlotProof([u8; 80]);

/// The proof is not one for this person, sector and slot under this key.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the proof is not one for this place")]
pub struct NotThisSlot;

/// What the tag is computed of.
pub fn input(person: &[u8; 16], sector: &str, slot: u32) -> Vec<u8> {
    [DOMAIN, &lp(person), &lp(sector.as_bytes()), &slot.to_be_bytes()].concat()
}

impl SlotKey {
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, InvalidForm> {
        PublicKey::from_bytes(bytes).map(Self).ok_or(InvalidForm("a point of ristretto255"))
    }

    pub fn to_bytes(self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The tag of this place, if the proof is one for it.
    pub fn verify(self, person: &[u8; 16], sector: &str, slot: u32, proof: &SlotProof) -> Result<SlotTag, NotThisSlot> {
        let proof = Proof::from_bytes(proof.0).ok_or(NotThisSlot)?;
        let output: Option<[u8; 64]> = self.0.verify(&input(person, sector, slot), &proof).into();
        output.map(SlotTag::from_bytes).ok_or(NotThisSlot)
    }
}

impl fmt::Display for SlotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.to_bytes()))
    }
}

impl fmt::Debug for SlotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SlotKey({self})")
    }
}

impl FromStr for SlotKey {
    type Err = InvalidForm;

    fn from_str(text: &str) -> Result<Self, InvalidForm> {
        let invalid = InvalidForm("a point of ristretto255 in base64url");
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| invalid)?;
        Self::from_bytes(bytes.try_into().map_err(|_| invalid)?)
    }
}

impl SlotProof {
    pub const fn from_bytes(bytes: [u8; 80]) -> Self {
        Self(bytes)
    }

    pub const fn as_bytes(&self) -> &[u8; 80] {
        &self.0
    }
}

/// It proves where somebody is.
impl fmt::Debug for SlotProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SlotProof(…)")
    }
}

const DOMAIN: &[u8] = b"slot/v1";

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap()
    }

    fn secret() -> vrf_r255::SecretKey {
        Option::from(vrf_r255::SecretKey::from_bytes(bytes(SECRET))).unwrap()
    }

    fn proof(person: &[u8; 16], sector: &str, slot: u32) -> SlotProof {
        SlotProof::from_bytes(secret().prove(&input(person, sector, slot)).to_bytes())
    }

    /// The test vector of C2SP vrf-r255.
    const SECRET: &str = "3431c2b03533e280b23232e280b34e2c3132c2b03238e280b23131e280b34500";
    const PUBLIC: &str = "54136cd90d99fbd1d4e855d9556efea87ba0337f2a6ce22028d0f5726fcb854e";
    const ALPHA: &str = "633273702e6f72672f7672662d72323535";
    const PI: &str = "0a97d961262fb549b4175c5117860f42ae44a123f93c476c439eddd1c0cff9265c805525233e2284dbed45e593b8eea31d5ca9734d72bcbba9738d5237f955f3b2422351149d1312503b6441a47c940c";
    const BETA: &str = "dd653f0879b48c3ef69e13551239bec4cbcc1c18fe8894de2e9e1c790e18273603bf1c6c25d7a797aeff3c43fd32b974d3fcbd4bcce916007097922a3ea3a794";

    #[test]
    fn the_published_vector_of_the_suite_holds() {
        let alpha = HEXLOWER.decode(ALPHA.as_bytes()).unwrap();
        assert_eq!(secret().prove(&alpha).to_bytes(), bytes::<80>(PI));
        let key = SlotKey::from_bytes(bytes(PUBLIC)).unwrap();
        let proof = Proof::from_bytes(bytes(PI)).unwrap();
        assert_eq!(Option::from(key.0.verify(&alpha, &proof)), Some(bytes::<64>(BETA)));
    }

    #[test]
    fn a_tag_is_of_its_person_sector_and_slot_alone() {
        let key = SlotKey::from_bytes(bytes(PUBLIC)).unwrap();
        let (person, good) = ([1; 16], proof(&[1; 16], "a.example", 0));
        let tag = key.verify(&person, "a.example", 0, &good).unwrap();
        assert_eq!(key.verify(&person, "a.example", 0, &good), Ok(tag), "always the same");
        for (person, sector, slot) in [([2; 16], "a.example", 0), (person, "b.example", 0), (person, "a.example", 1)] {
            assert_eq!(key.verify(&person, sector, slot, &good), Err(NotThisSlot));
            assert_ne!(key.verify(&person, sector, slot, &proof(&person, sector, slot)), Ok(tag));
        }
        let other =
            SlotKey::from_bytes(bytes("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")).unwrap();
        assert_eq!(other.verify(&person, "a.example", 0, &good), Err(NotThisSlot));
    }

    #[test]
    fn any_bit_that_is_changed_breaks_a_proof() {
        let key = SlotKey::from_bytes(bytes(PUBLIC)).unwrap();
        let good = proof(&[1; 16], "a.example", 0);
        for bit in 0..640 {
            let mut changed = *good.as_bytes();
            changed[bit / 8] ^= 1 << (bit % 8);
            let changed = SlotProof::from_bytes(changed);
            assert_eq!(key.verify(&[1; 16], "a.example", 0, &changed), Err(NotThisSlot), "{bit}");
        }
    }

    #[test]
    fn the_identity_and_what_is_no_point_are_no_key() {
        assert!(SlotKey::from_bytes([0; 32]).is_err() && SlotKey::from_bytes([0xff; 32]).is_err());
        let key = SlotKey::from_bytes(bytes(PUBLIC)).unwrap();
        assert_eq!(key.to_string().parse(), Ok(key));
        assert!("".parse::<SlotKey>().is_err());
    }
}
