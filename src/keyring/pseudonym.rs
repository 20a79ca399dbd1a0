//! The master keys of pairwise subjects. What is derived from them is said in `specs/pseudonym.md`.

use std::fmt;

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

    /// The 32 bytes themselves, for the derivation of a sector's key and nothing else.
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
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
    use super::*;
    use crate::keyring::{Role, tests::versions};

    #[test]
    fn a_pseudonym_finds_the_version_that_it_was_made_with() {
        let keys = PseudonymKeys(versions(Role::Pseudonym, &[1, 2]));
        assert_eq!((keys.current().version(), keys.current().expose()), (2, &[2; 32]));
        assert_eq!(keys.version(1).unwrap().expose(), &[1; 32]);
        assert!(keys.version(3).is_none());
        assert_eq!(format!("{keys:?} {:?}", keys.current()), "PseudonymKeys(version 2 of 2) PseudonymKey(version 2)");
    }
}
