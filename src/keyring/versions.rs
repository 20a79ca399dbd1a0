//! The versions of a symmetric key, side by side: the newest that has taken over seals, all of them open.

use std::{fmt, sync::Arc};

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::key::{Key, Material};
use crate::domain::ambient::Timestamp;

/// At least one version, oldest first, as of one moment.
pub(super) struct Versions {
    keys: Vec<Version>,
    /// Where the one that seals stands in `keys`.
    current: usize,
}

/// 32 secret bytes with their number.
pub(super) struct Version {
    pub(super) number: u32,
    activates: Timestamp,
    master: Zeroizing<[u8; 32]>,
}

impl Version {
    pub(super) fn expose(&self) -> &[u8; 32] {
        &self.master
    }

    /// A key for one purpose.
    pub(super) fn derive(&self, info: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        derive(&self.master, info)
    }
}

/// A key for one purpose: HKDF-SHA256 without salt (RFC 5869), the purpose as `info`.
#[expect(
    clippy::expect_used,
    reason = "fails only beyond 255 × 32 bytes, and a key that was not derived must not be used"
)]
pub(super) fn derive(master: &[u8; 32], info: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let hkdf = Hkdf::<Sha256>::new(None, master);
    hkdf.expand_multi_info(info, key.as_mut()).expect("32 bytes are within the limit of HKDF");
    key
}

impl Versions {
    /// `None` when there are none.
    pub(super) fn new<'a>(keys: impl Iterator<Item = &'a Arc<Key>>, now: Timestamp) -> Option<Self> {
        let mut keys: Vec<_> = keys.filter_map(|key| version(key)).collect();
        keys.sort_by_key(|version| version.number);
        let current = keys.iter().rposition(|version| version.activates <= now).unwrap_or(0);
        (!keys.is_empty()).then_some(Self { keys, current })
    }

    /// The version that seals.
    pub(super) fn current(&self) -> &Version {
        self.keys.get(self.current).unwrap_or_else(|| self.oldest())
    }

    #[expect(clippy::indexing_slicing, reason = "there is at least one version")]
    pub(super) fn oldest(&self) -> &Version {
        &self.keys[0]
    }

    pub(super) fn number(&self, number: u32) -> Option<&Version> {
        self.keys.iter().find(|version| version.number == number)
    }
}

impl fmt::Debug for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {} of {}", self.current().number, self.keys.len())
    }
}

fn version(key: &Key) -> Option<Version> {
    match &key.material {
        Material::Master(master) => {
            Some(Version { number: key.dates.version, activates: key.dates.activates, master: master.clone() })
        }
        Material::Signer(_) | Material::Log(_) => None,
    }
}

/// HMAC-SHA256 (RFC 2104).
#[expect(clippy::expect_used, reason = "a tag without its key must not be made")]
pub(super) fn hmac(key: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

/// A length prefix of 4 bytes, big-endian: makes a concatenation of parts unambiguous.
pub(super) fn length(part: &[u8]) -> [u8; 4] {
    u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes()
}
