//! The key that makes slot tags (`specs/log.md` §6). There is one, for as long as the installation lives: with another one everybody's place
//! would have another tag, and nobody could count voices any more.

use std::fmt;

use curve25519_dalek::Scalar;
use vrf_r255::{PublicKey as VrfPublic, SecretKey};
use zeroize::Zeroizing;

use super::versions::{Versions, derive};
use crate::wire::tlog::{
    leaf::{PublicKey, SlotTag},
    slot::{SlotKey, SlotProof, input},
};

/// Makes the tag of a place, and the proof that it is the one.
pub struct VrfKey {
    /// Little-endian, below the group's order.
    scalar: Zeroizing<[u8; 32]>,
    public: SlotKey,
}

impl VrfKey {
    /// The oldest version, whatever else lies in the directory.
    pub(super) fn new(versions: &Versions) -> Option<Self> {
        Self::from_master(versions.oldest().expose())
    }

    /// The scalar is 64 derived bytes modulo the order, since few keys of 32 bytes are below it. `None` when it is zero, which nobody will see.
    pub(super) fn from_master(master: &[u8; 32]) -> Option<Self> {
        let halves = [b"vrf/v1/0", b"vrf/v1/1"].map(|info| derive(master, &[info]));
        let mut wide = Zeroizing::new([0; 64]);
        wide.iter_mut().zip(halves.iter().flat_map(|half| half.iter())).for_each(|(to, from)| *to = *from);
        let scalar = Zeroizing::new(Scalar::from_bytes_mod_order_wide(&wide).to_bytes());
        let secret: Option<SecretKey> = SecretKey::from_bytes(*scalar).into();
        let public = SlotKey::from_bytes(VrfPublic::from(secret?).to_bytes()).ok()?;
        Some(Self { scalar, public })
    }

    /// The tag of a person's place in a sector, always the same, and the proof of it. The copies of the scalar that the library makes
    /// on the stack are not wiped.
    pub fn slot(&self, person: &[u8; 16], sector: &str, slot: u32) -> (SlotTag, SlotProof) {
        let proof = SlotProof::from_bytes(self.secret().prove(&input(person, sector, slot)).to_bytes());
        (self.checked(person, sector, slot, &proof), proof)
    }

    pub const fn public(&self) -> SlotKey {
        self.public
    }

    /// As in the registry log.
    pub fn kid(&self) -> String {
        PublicKey::Slot(self.public).kid()
    }

    #[expect(clippy::expect_used, reason = "the same bytes were a key when this was made, and no tag may be made up")]
    fn secret(&self) -> SecretKey {
        Option::from(SecretKey::from_bytes(*self.scalar)).expect("the scalar is one of a key")
    }

    #[expect(clippy::expect_used, reason = "a proof that was just made holds, and no tag may be made up")]
    fn checked(&self, person: &[u8; 16], sector: &str, slot: u32, proof: &SlotProof) -> SlotTag {
        self.public.verify(person, sector, slot, proof).expect("the proof that was just made holds")
    }
}

impl fmt::Debug for VrfKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VrfKey({})", self.public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::{Role, tests::versions};

    fn key(numbers: &[u32]) -> VrfKey {
        VrfKey::new(&versions(Role::Vrf, numbers)).unwrap()
    }

    #[test]
    fn a_tag_is_always_the_same_and_everybody_can_check_it() {
        let key = key(&[1]);
        let (tag, proof) = key.slot(&[1; 16], "a.example", 0);
        assert_eq!(key.slot(&[1; 16], "a.example", 0), (tag, proof));
        assert_eq!(key.public().verify(&[1; 16], "a.example", 0, &proof), Ok(tag));
        for (person, sector, slot) in [([2; 16], "a.example", 0), ([1; 16], "b.example", 0), ([1; 16], "a.example", 1)]
        {
            assert_ne!(key.slot(&person, sector, slot).0, tag);
        }
    }

    #[test]
    fn a_later_version_changes_no_tag() {
        let place = |key: &VrfKey| key.slot(&[1; 16], "a.example", 0).0;
        assert_eq!(place(&key(&[1, 2])), place(&key(&[1])));
        assert_ne!(place(&key(&[2])), place(&key(&[1])));
    }

    #[test]
    fn it_shows_its_public_part_alone() {
        let key = key(&[1]);
        assert_eq!(format!("{key:?}"), format!("VrfKey({})", key.public()));
    }
}
