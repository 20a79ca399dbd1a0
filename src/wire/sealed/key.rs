//! The custodians' public key: who they are, how many must agree, and against what each answer is checked.

use std::fmt;

use curve25519_dalek::RistrettoPoint;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};

use super::{
    error::KeyError,
    group::{digest, encode, interpolate, point},
};

/// More custodians than any authority would gather; a bound for what is read from a file.
pub const MAX_CUSTODIANS: u16 = 64;

/// The public key of n custodians of whom any k can open what was sealed to it.
///
/// A value of this type is consistent: every verification share lies on one polynomial of degree k − 1 whose constant
/// term belongs to the group key. The file form is JSON (`specs/sealing.md`, "The custodians' key").
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "KeyFile", into = "KeyFile")]
pub struct CustodiansKey {
    group: RistrettoPoint,
    threshold: u16,
    epoch: u32,
    custodians: Vec<Custodian>,
}

/// One custodian as the public key shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Custodian {
    /// From 1.
    pub index: u16,
    /// The person or office, as it will be named in public.
    pub name: String,
    pub(super) share: RistrettoPoint,
}

impl Custodian {
    /// share·G, against which the custodian's answers are checked.
    pub fn verification_share(&self) -> [u8; 32] {
        encode(&self.share)
    }
}

impl fmt::Display for Custodian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.index, self.name)
    }
}

impl CustodiansKey {
    /// `custodians` in the order of their indices from 1: name, verification share.
    pub fn new(
        group: &[u8],
        threshold: u16,
        epoch: u32,
        custodians: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<Self, KeyError> {
        let group = point(group).ok_or_else(|| KeyError::Point("the group key".to_owned()))?;
        let custodians: Vec<Custodian> = (1..)
            .zip(custodians.into_iter().take(usize::from(MAX_CUSTODIANS) + 1))
            .map(|(index, (name, share))| {
                let share = point(&share).ok_or_else(|| KeyError::Point(format!("the share of custodian {index}")))?;
                valid_name(&name).then_some(Custodian { index, name, share }).ok_or(KeyError::Name(index))
            })
            .collect::<Result<_, _>>()?;
        let count = custodians.len();
        if threshold < 2 || usize::from(threshold) > count || count > usize::from(MAX_CUSTODIANS) {
            return Err(KeyError::Threshold { threshold, custodians: count, max: MAX_CUSTODIANS });
        }
        let key = Self { group, threshold, epoch, custodians };
        key.consistent()?;
        Ok(key)
    }

    /// Names the group key, and stays the same when custodians refresh or re-share it: a sealed value points to it.
    pub fn id(&self) -> KeyId {
        KeyId(digest("heteronym/custodians-id/v1", &[&encode(&self.group)]))
    }

    /// Names everything in the file: what custodians read to one another, and what an answer is bound to.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut parts = vec![
            encode(&self.group).to_vec(),
            self.threshold.to_be_bytes().to_vec(),
            self.epoch.to_be_bytes().to_vec(),
            (u16::try_from(self.custodians.len()).unwrap_or(u16::MAX)).to_be_bytes().to_vec(),
        ];
        for custodian in &self.custodians {
            parts.push(custodian.verification_share().to_vec());
            parts.push(custodian.name.clone().into_bytes());
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        Fingerprint(digest("heteronym/custodians-fingerprint/v1", &parts))
    }

    /// How many must agree.
    pub fn threshold(&self) -> u16 {
        self.threshold
    }

    /// Zero at the first ceremony, one more at each refresh or re-sharing.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    pub fn custodians(&self) -> &[Custodian] {
        &self.custodians
    }

    pub fn custodian(&self, index: u16) -> Option<&Custodian> {
        self.custodians.iter().find(|custodian| custodian.index == index)
    }

    /// The 32 bytes of the group public key.
    pub fn group_key(&self) -> [u8; 32] {
        encode(&self.group)
    }

    pub(super) fn group_point(&self) -> &RistrettoPoint {
        &self.group
    }

    /// The first k shares determine the polynomial; the group key and every other share must lie on it, and its degree
    /// must not be lower than the file says, or fewer than k could open.
    fn consistent(&self) -> Result<(), KeyError> {
        let (base, rest) = self.custodians.split_at(usize::from(self.threshold));
        let base: Vec<_> = base.iter().map(|custodian| (custodian.index, custodian.share)).collect();
        if interpolate(0, &base) != self.group {
            return Err(KeyError::Inconsistent(1));
        }
        if base.split_last().is_some_and(|(_, fewer)| interpolate(0, fewer) == self.group) {
            return Err(KeyError::Degree(self.threshold));
        }
        match rest.iter().find(|custodian| interpolate(custodian.index, &base) != custodian.share) {
            Some(custodian) => Err(KeyError::Inconsistent(custodian.index)),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for CustodiansKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { threshold, epoch, custodians, .. } = self;
        write!(f, "CustodiansKey({} of {}, epoch {epoch}, {})", threshold, custodians.len(), self.id())
    }
}

/// A hash shown as base64url.
macro_rules! hashes {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub(super) [u8; 32]);

        impl $name {
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    )+};
}

hashes! {
    /// SHA-256 of the group key.
    KeyId;
    /// SHA-256 of everything in a custodians' key.
    Fingerprint;
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

/// Sixteen groups of four hexadecimal digits: to be read out on the telephone.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, group) in self.0.chunks(2).enumerate() {
            write!(f, "{}{}", if i == 0 { "" } else { " " }, HEXLOWER.encode(group))?;
        }
        Ok(())
    }
}

/// Whether this can be the name of a custodian: it is shown on paper, on terminals and in the public log.
pub fn valid_name(name: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || " -'’.,()&/".contains(c);
    !name.trim().is_empty() && name.chars().count() <= 80 && name.chars().all(allowed)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    #[serde(rename = "type")]
    kind: String,
    group_key: String,
    threshold: u16,
    epoch: u32,
    custodians: Vec<CustodianFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CustodianFile {
    index: u16,
    name: String,
    verification_share: String,
}

impl TryFrom<KeyFile> for CustodiansKey {
    type Error = KeyError;

    fn try_from(file: KeyFile) -> Result<Self, KeyError> {
        let count = file.custodians.len();
        if file.kind != KIND {
            return Err(KeyError::Kind(KIND));
        }
        if !(1..).zip(&file.custodians).all(|(index, custodian)| custodian.index == index) {
            return Err(KeyError::Order(count));
        }
        let decoded = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).unwrap_or_default();
        let custodians = file.custodians.into_iter().map(|c| (c.name, decoded(&c.verification_share)));
        Self::new(&decoded(&file.group_key), file.threshold, file.epoch, custodians)
    }
}

impl From<CustodiansKey> for KeyFile {
    fn from(key: CustodiansKey) -> Self {
        let custodians = key.custodians.iter().map(|c| CustodianFile {
            index: c.index,
            name: c.name.clone(),
            verification_share: BASE64URL_NOPAD.encode(&c.verification_share()),
        });
        Self {
            kind: KIND.to_owned(),
            group_key: BASE64URL_NOPAD.encode(&key.group_key()),
            threshold: key.threshold,
            epoch: key.epoch,
            custodians: custodians.collect(),
        }
    }
}

const KIND: &str = "heteronym/custodians/v1";
