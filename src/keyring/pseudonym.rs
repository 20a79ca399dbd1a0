//! The master keys of pairwise subjects. What is derived from them is said in `specs/pseudonym.md`.

use std::fmt;

use zeroize::Zeroizing;

use super::versions::{Version, Versions};

/// The master keys in all their versions: a pseudonym keeps the version that it was made with.
pub struct PseudonymKeys(pub(super) Versions);

/// One version.
pub struct PseudonymKey<'a>(&'a Version);

impl PseudonymKeys {
    /// The version for new pseudonyms.
    pub fn current(&self) -> PseudonymKey<'_> {
        PseudonymKey(self.0.current())
    }

    pub fn version(&self, version: u32) -> Option<PseudonymKey<'_>> {
        self.0.number(version).map(PseudonymKey)
    }
}

impl PseudonymKey<'_> {
    pub const fn version(&self) -> u32 {
        self.0.number
    }

    /// HKDF-SHA256 of the master key, without salt, with this `info` (RFC 5869): 32 bytes.
    pub fn derive(&self, info: &[u8]) -> Zeroizing<[u8; 32]> {
        self.0.derive(&[info])
    }
}

impl fmt::Debug for PseudonymKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PseudonymKeys({:?})", self.0)
    }
}

impl fmt::Debug for PseudonymKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PseudonymKey(version {})", self.0.number)
    }
}

#[cfg(test)]
mod tests {
    use hkdf::Hkdf;
    use sha2::Sha256;

    use super::*;
    use crate::keyring::{Role, tests::versions};

    #[test]
    fn each_version_derives_by_plain_hkdf_from_its_own_master_key() {
        let keys = PseudonymKeys(versions(Role::Pseudonym, &[1, 2]));
        assert_eq!(keys.current().version(), 2);
        for number in [1, 2] {
            let mut expected = [0; 32];
            // The test keys are 32 times their number.
            Hkdf::<Sha256>::new(None, &[u8::try_from(number).unwrap(); 32])
                .expand(b"sector/v1x", &mut expected)
                .unwrap();
            assert_eq!(*keys.version(number).unwrap().derive(b"sector/v1x"), expected);
        }
        assert!(keys.version(3).is_none());
        assert_eq!(format!("{keys:?} {:?}", keys.current()), "PseudonymKeys(version 2 of 2) PseudonymKey(version 2)");
    }
}
