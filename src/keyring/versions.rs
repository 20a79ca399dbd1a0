//! The versions of a symmetric key, side by side: the newest that has taken over seals, all of them open.

use std::{fmt, time::Duration};

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::armour::KeyFile;
use crate::domain::ambient::Timestamp;

/// At least one version, oldest first.
pub(super) struct Versions {
    keys: Vec<Version>,
    /// Where the one that seals stands in `keys`.
    current: usize,
}

/// 32 secret bytes with their number.
#[derive(Clone)]
pub(super) struct Version {
    pub(super) number: u32,
    created: Timestamp,
    activates: Timestamp,
    master: Zeroizing<[u8; 32]>,
}

impl Version {
    pub(super) fn expose(&self) -> &[u8; 32] {
        &self.master
    }

    /// A key for one purpose: HKDF-SHA256 without salt (RFC 5869), the purpose as `info`.
    #[expect(
        clippy::expect_used,
        reason = "fails only beyond 255 × 32 bytes, and a key that was not derived must not be used"
    )]
    pub(super) fn derive(&self, info: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        let hkdf = Hkdf::<Sha256>::new(None, self.master.as_ref());
        hkdf.expand_multi_info(info, key.as_mut()).expect("32 bytes are within the limit of HKDF");
        key
    }
}

impl Versions {
    /// `None` when there are no files, or one that is not 32 bytes long.
    pub(super) fn new<'a>(files: impl Iterator<Item = &'a KeyFile>, now: Timestamp) -> Option<Self> {
        let mut keys = files.map(version).collect::<Option<Vec<_>>>()?;
        keys.sort_by_key(|version| version.number);
        let mut versions = Self { current: 0, keys };
        versions.select(now);
        (!versions.keys.is_empty()).then_some(versions)
    }

    pub(super) fn add(&mut self, file: &KeyFile, now: Timestamp) {
        self.keys.extend(version(file));
        self.select(now);
    }

    fn select(&mut self, now: Timestamp) {
        self.current = self.keys.iter().rposition(|version| version.activates <= now).unwrap_or(0);
    }

    /// The version that seals.
    pub(super) fn current(&self) -> &Version {
        self.keys.get(self.current).unwrap_or_else(|| self.oldest())
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "there is at least one version from the beginning, and none is taken away but older ones"
    )]
    pub(super) fn oldest(&self) -> &Version {
        &self.keys[0]
    }

    pub(super) fn number(&self, number: u32) -> Option<&Version> {
        self.keys.iter().find(|version| version.number == number)
    }

    pub(super) fn has_next(&self, now: Timestamp) -> bool {
        self.keys.iter().any(|version| version.activates > now)
    }

    pub(super) fn next_version(&self) -> u32 {
        self.keys.iter().map(|version| version.number).max().unwrap_or(0).saturating_add(1)
    }

    pub(super) fn newest_created(&self) -> Timestamp {
        self.keys.iter().map(|version| version.created).max().unwrap_or_default()
    }

    /// Takes away the versions whose successor took over more than `keep` ago, and says their numbers.
    pub(super) fn remove_superseded(&mut self, now: Timestamp, keep: Duration) -> impl Iterator<Item = u32> {
        let over =
            self.keys.windows(2).take_while(|pair| pair.iter().skip(1).all(|next| next.activates.plus(keep) <= now));
        let over = over.count();
        let removed: Vec<_> = self.keys.drain(..over).map(|version| version.number).collect();
        self.select(now);
        removed.into_iter()
    }
}

impl fmt::Debug for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {} of {}", self.current().number, self.keys.len())
    }
}

fn version(file: &KeyFile) -> Option<Version> {
    let master = <[u8; 32]>::try_from(file.material.as_slice()).ok().map(Zeroizing::new)?;
    Some(Version { number: file.version, created: file.created, activates: file.activates, master })
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
