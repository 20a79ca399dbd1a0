//! Hashes of a Merkle tree (RFC 6962 §2.1, SHA-256).
//!
//! ```text
//! empty tree   SHA-256()
//! leaf         SHA-256(0x00 ‖ entry)
//! node         SHA-256(0x01 ‖ left ‖ right)
//! text         44 signs of base64 (RFC 4648 §4), padded, canonical
//! ```
//!
//! The first byte keeps a node from being taken for a leaf: without it, two leaves could be shown as one entry of 64 bytes.

use std::{fmt, str::FromStr};

use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use super::error::NoteError;

/// The hash of a leaf, of a node or of a tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; Self::LEN]);

impl Hash {
    pub const LEN: usize = 32;

    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    pub fn of_leaf(entry: &[u8]) -> Self {
        Self(Sha256::new().chain_update([0]).chain_update(entry).finalize().into())
    }

    pub fn of_children(left: Self, right: Self) -> Self {
        Self(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
    }

    pub fn of_empty_tree() -> Self {
        Self(Sha256::digest([]).into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = NoteError::Malformed("a hash is not 32 bytes of base64");
        // The length first: nothing is decoded that cannot be a hash.
        if text.len() != BASE64.encode_len(Self::LEN) {
            return Err(malformed);
        }
        let bytes = from_base64(text).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(malformed)
    }
}

/// The bytes of a base64 text in its one form. The library takes several padded texts in a row for one, too.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.as_bytes()).ok().filter(|bytes| BASE64.encode(bytes) == text)
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn hex(hash: Hash) -> String {
        HEXLOWER.encode(hash.as_bytes())
    }

    #[test]
    fn the_empty_tree_the_empty_leaf_and_a_node_hash_as_in_the_tests_of_certificate_transparency() {
        assert_eq!(hex(Hash::of_empty_tree()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(hex(Hash::of_leaf(b"")), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        let left = Hash::of_leaf(b"");
        let right = Hash::of_leaf(b"\0");
        assert_eq!(
            hex(Hash::of_children(left, right)),
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
        );
    }

    #[test]
    fn p5_two_leaves_are_never_one_entry_of_their_hashes() {
        let (left, right) = (Hash::of_leaf(b"a"), Hash::of_leaf(b"b"));
        let both = [left.as_bytes().as_slice(), right.as_bytes()].concat();
        assert_ne!(Hash::of_leaf(&both), Hash::of_children(left, right));
        assert_ne!(Hash::of_leaf(&[&[1], both.as_slice()].concat()), Hash::of_children(left, right));
    }

    #[test]
    fn a_hash_is_read_as_it_is_written_and_in_no_other_form() {
        let hash = Hash::of_leaf(b"entry");
        let text = hash.to_string();
        assert_eq!(text.parse(), Ok(hash));
        assert_eq!(format!("{hash:?}"), format!("Hash({text})"));
        // 32 bytes leave two bits over in the last sign, so that four texts could stand for the same bytes.
        let others = ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"];
        for wrong in others.into_iter().chain(["", "=", &text[1..], &format!("{text}\n"), &format!(" {}", &text[1..])])
        {
            assert!(wrong.parse::<Hash>().is_err(), "{wrong:?}");
        }
        let in_two = format!("{}{}", BASE64.encode(&hash.as_bytes()[..2]), BASE64.encode(&hash.as_bytes()[2..]));
        assert_eq!(in_two.len(), text.len());
        assert!(in_two.parse::<Hash>().is_err());
        let of_urls = Hash::from_bytes([0xfb; 32]).to_string().replace('+', "-").replace('/', "_");
        assert!(of_urls.parse::<Hash>().is_err());
    }
}
