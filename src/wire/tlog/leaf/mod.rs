//! The leaves of the public logs: what was done, by which institution, in which hour, and nothing of whom (`specs/log.md` §3).
//!
//! ```text
//! {"v":1,"kind":"issue","hour":"2026-11-30T20Z",…}      UTF-8, compact, the members of its kind in their order, at most 16 KiB
//! ```
//!
//! **A leaf has one spelling** (RFC 8259, without its freedoms): no blank, members once and in their order, none missing, none
//! unknown, escapes only where JSON asks for them, numbers in decimal. What is read is written again and compared, so two parsers never see
//! two things in one leaf, and its hash says all.
//!
//! Not verified here: signatures (but [`Enrol::is_signed_by`]), whether what is named exists, and the order of leaves.

pub(super) mod bytes;
mod enrol;
mod form;
mod issuance;
mod key;
mod registry;

use std::io::Write as _;

use serde::{Serialize, de::DeserializeOwned};

pub use bytes::{AuditId, OwnerTag, RegistrarId, Signature, SigningKeyId, SlotTag};
pub use enrol::RegistrarKey;
pub use form::{
    AlgorithmName, AreaCode, Bracket, BracketsVersion, ClientId, FieldValue, Host, Hour, InvalidForm, IssuerUrl, Kid,
    LogName, Month, Origin, REGISTRY, Sector, Text, Word,
};
pub use issuance::{Access, Enrol, Issuance, Issue, Nym, NymAct, Revoke};
pub use key::{NamedKey, PublicKey};
pub use registry::{
    Anchor, AuditCommit, AuditDraw, AuditOpenings, AuditResult, BracketTable, Client, ClientAct, Config, Counts,
    Custodians, Genesis, Key, KeyAct, Policy, Registrar, RegistrarAct, RegistrarCount, Registry, Stats,
};

/// One entry of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf<F> {
    pub hour: Hour,
    pub facts: F,
}

/// A leaf of the log of a legal year: of acts in somebody's name.
pub type IssuanceLeaf = Leaf<Issuance>;

/// A leaf of the log of institutions.
pub type RegistryLeaf = Leaf<Registry>;

/// The kinds of leaves of one log.
pub trait Facts: Sized {
    /// The member `kind`.
    fn kind(&self) -> &'static str;

    /// As a JSON object without version, kind and hour.
    fn to_json(&self) -> Result<Vec<u8>, LeafError>;

    /// Reads that object.
    fn from_json(kind: &str, members: &[u8]) -> Result<Self, LeafError>;
}

/// Why bytes are not a leaf, or a leaf cannot be written.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum LeafError {
    #[error("the leaf is longer than 16 KiB")]
    TooLong,
    #[error("the entry does not begin as a leaf of version 1 with its kind and hour")]
    Header,
    #[error("the leaf is of a kind that is not known in this log")]
    Kind,
    #[error("the members of the leaf are not those of its kind, or one is not of its form")]
    Members,
    #[error("the leaf is not in the one spelling that it has")]
    Spelling,
}

/// The longest leaf, in bytes.
pub const MAX_LEAF: usize = 16 * 1024;

impl<F: Facts> Leaf<F> {
    pub fn new(hour: Hour, facts: impl Into<F>) -> Self {
        Self { hour, facts: facts.into() }
    }

    pub fn kind(&self) -> &'static str {
        self.facts.kind()
    }

    /// The entry of the log.
    pub fn to_bytes(&self) -> Result<Vec<u8>, LeafError> {
        let members = self.facts.to_json()?;
        let members = members.strip_prefix(b"{").ok_or(LeafError::Members)?;
        let mut leaf = Vec::with_capacity(members.len() + HEADER);
        // Writing to memory does not fail.
        let _ = write!(leaf, r#"{BEGIN}{}{HOUR}{}","#, self.kind(), self.hour);
        leaf.extend_from_slice(members);
        if leaf.len() <= MAX_LEAF { Ok(leaf) } else { Err(LeafError::TooLong) }
    }

    /// Reads an entry, and refuses what [`Leaf::to_bytes`] does not write.
    pub fn parse(entry: &[u8]) -> Result<Self, LeafError> {
        if entry.len() > MAX_LEAF {
            return Err(LeafError::TooLong);
        }
        let (kind, hour, members) = header(entry).ok_or(LeafError::Header)?;
        let leaf = Self { hour, facts: F::from_json(kind, &[b"{", members.as_bytes()].concat())? };
        if leaf.to_bytes()? == entry { Ok(leaf) } else { Err(LeafError::Spelling) }
    }
}

/// Kind, hour, and the rest behind the comma.
fn header(entry: &[u8]) -> Option<(&str, Hour, &str)> {
    let rest = std::str::from_utf8(entry).ok()?.strip_prefix(BEGIN)?;
    let at = rest.find('"')?;
    let (kind, rest) = rest.split_at_checked(at)?;
    let (hour, members) = rest.strip_prefix(HOUR)?.split_once("\",")?;
    Some((kind, hour.parse().ok()?, members))
}

const BEGIN: &str = r#"{"v":1,"kind":""#;
const HOUR: &str = r#"","hour":""#;
/// Enough for version, kind and hour.
const HEADER: usize = 64;

/// Defines the kinds of one log: an enum, a variant for each.
macro_rules! kinds {
    ($(#[$doc:meta])* $log:ident { $($kind:literal $name:ident)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $log {
            $($name($name),)+
        }

        impl $log {
            /// Every `kind`.
            pub const KINDS: &'static [&'static str] = &[$($kind),+];
        }

        impl $crate::wire::tlog::leaf::Facts for $log {
            fn kind(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => $kind,)+
                }
            }

            fn to_json(&self) -> Result<Vec<u8>, $crate::wire::tlog::leaf::LeafError> {
                match self {
                    $(Self::$name(facts) => $crate::wire::tlog::leaf::write(facts),)+
                }
            }

            fn from_json(kind: &str, members: &[u8]) -> Result<Self, $crate::wire::tlog::leaf::LeafError> {
                match kind {
                    $($kind => $crate::wire::tlog::leaf::read(members).map(Self::$name),)+
                    _ => Err($crate::wire::tlog::leaf::LeafError::Kind),
                }
            }
        }

        $(
            impl From<$name> for $log {
                fn from(facts: $name) -> Self {
                    Self::$name(facts)
                }
            }
        )+
    };
}

use kinds;

/// The members of one kind.
trait Members: Serialize + DeserializeOwned {
    /// Whether they go together, each being of its form.
    fn are_consistent(&self) -> bool {
        true
    }
}

fn write(facts: &impl Members) -> Result<Vec<u8>, LeafError> {
    if !facts.are_consistent() {
        return Err(LeafError::Members);
    }
    serde_json::to_vec(facts).map_err(|_| LeafError::Members)
}

fn read<T: Members>(members: &[u8]) -> Result<T, LeafError> {
    serde_json::from_slice(members).ok().filter(T::are_consistent).ok_or(LeafError::Members)
}

#[cfg(test)]
mod tests;
