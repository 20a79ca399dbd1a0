//! The leaves of the log of institutions: keys, offices, forums and rules, all in clear.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    AlgorithmName, AreaCode, AuditId, Bracket, BracketsVersion, ClientId, Host, Hour, IssuerUrl, Kid, LogName, Members,
    Month, NamedKey, Origin, PublicKey, REGISTRY, RegistrarId, RegistrarKey, Sector, Text, Word, bytes, kinds,
};
use crate::wire::{
    jose::Algorithm,
    tlog::{Hash, sample::MAX_DRAWS},
};

kinds! {
    /// What the log of institutions knows.
    Registry {
        "genesis" Genesis
        "key" Key
        "registrar" Registrar
        "client" Client
        "config" Config
        "custodians" Custodians
        "anchor" Anchor
        "stats" Stats
        "audit.commit" AuditCommit
        "audit.draw" AuditDraw
        "audit.openings" AuditOpenings
        "audit.result" AuditResult
    }
}

/// The first leaf: whose log this is, and under which keys it begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    pub issuer: IssuerUrl,
    pub origin: Origin,
    pub log_keys: Vec<NamedKey>,
    /// For slot tags: never another one.
    pub vrf_key: NamedKey,
    pub policy: Policy,
}

/// The published rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub brackets: BracketTable,
    /// Everything else, by name: `smallest-crowd`, `zone`.
    pub settings: BTreeMap<Word, Text>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BracketTable {
    pub version: BracketsVersion,
    /// From the youngest upwards.
    pub brackets: Vec<Bracket>,
}

/// A key of the provider enters another part of its life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    pub role: Word,
    pub kid: Kid,
    pub algorithm: AlgorithmName,
    /// While it is to come or in use; `None` (`null`) when it ends.
    pub public: Option<PublicKey>,
    pub act: KeyAct,
    /// When it takes over, or took over.
    pub not_before: Hour,
    /// When it is believed no more, if that is known.
    pub not_after: Option<Hour>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyAct {
    /// Is to take over.
    Announced,
    /// Has taken over.
    Active,
    /// Another one has taken over.
    Retired,
    /// Taken away in an emergency.
    Revoked,
}

/// An office that enrols people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registrar {
    pub id: RegistrarId,
    pub name: Text,
    pub area: AreaCode,
    /// Of the area.
    pub population: u64,
    pub act: RegistrarAct,
    /// Those that count from now on: none, when it is withdrawn.
    pub keys: Vec<RegistrarKey>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegistrarAct {
    Accredited,
    Changed,
    Withdrawn,
}

/// A forum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    pub id: ClientId,
    pub name: Text,
    pub sector: Sector,
    /// Where it is.
    pub hosts: Vec<Host>,
    /// How many voices a person has in the sector.
    pub heteronyms_per_person: u32,
    pub act: ClientAct,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientAct {
    Registered,
    Changed,
    /// For good.
    Disabled,
}

/// The published rules have changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub policy: Policy,
}

/// Names are sealed to this key from now on (`specs/sealing.md` §3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Custodians {
    #[serde(with = "bytes::hash")]
    pub id: Hash,
    #[serde(with = "bytes::array")]
    pub group_key: [u8; 32],
    pub epoch: u32,
    pub threshold: u16,
    /// How many they are.
    pub custodians: u16,
    #[serde(with = "bytes::hash")]
    pub fingerprint: Hash,
}

/// The head of another log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    pub log: LogName,
    pub size: u64,
    #[serde(with = "bytes::hash")]
    pub root: Hash,
    /// Whether that log is frozen from now on.
    #[serde(rename = "final")]
    pub is_final: bool,
}

/// What was done in a month. Where there are many offices, several leaves say it, and each repeats the counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stats {
    pub month: Month,
    /// Leaves of the issuance log by kind.
    pub counts: Counts,
    /// From 1 to `parts`.
    pub part: u32,
    pub parts: u32,
    /// In the order of their ids.
    pub registrars: Vec<RegistrarCount>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    pub enrol: u64,
    pub nym: u64,
    pub issue: u64,
    pub revoke: u64,
    pub access: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrarCount {
    pub registrar: RegistrarId,
    pub enrolments: u64,
}

/// Somebody outside will have leaves opened that nobody can choose: the tree that is drawn from is fixed, and so is a number that its
/// owner does not show yet (`specs/log.md` §13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditCommit {
    /// Drawn by the provider when it has seen `nonce_hash`: its share of the chance.
    pub audit: AuditId,
    pub auditor: Text,
    pub log: LogName,
    pub size: u64,
    #[serde(with = "bytes::hash")]
    pub root: Hash,
    /// How many leaves are drawn.
    pub draws: u32,
    /// SHA-256 of the nonce: the auditor's share.
    #[serde(with = "bytes::hash")]
    pub nonce_hash: Hash,
}

/// The number that was committed to: from here on everybody knows what is drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditDraw {
    pub audit: AuditId,
    #[serde(with = "bytes::array")]
    pub nonce: [u8; 32],
}

/// What was drawn has been opened, to the auditor alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditOpenings {
    pub audit: AuditId,
    pub opened: u32,
    /// Not opened: the salts of a person who is gone are gone too.
    pub withheld: u32,
    /// SHA-256 of the file that the auditor gets ([`Openings`](crate::wire::tlog::sample::Openings)).
    #[serde(with = "bytes::hash")]
    pub openings: Hash,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditResult {
    pub audit: AuditId,
    pub opened: u32,
    pub withheld: u32,
    pub faults: u32,
    /// SHA-256 of the auditor's report.
    #[serde(with = "bytes::hash")]
    pub report: Hash,
}

impl KeyAct {
    /// Its place in the life of a key, which only goes forward.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Announced => 0,
            Self::Active => 1,
            Self::Retired => 2,
            Self::Revoked => 3,
        }
    }
}

impl Members for Genesis {
    fn are_consistent(&self) -> bool {
        let is_ed25519 = |key: &PublicKey| matches!(key, PublicKey::Signature(key) if key.fits(Algorithm::EdDSA));
        let signs = |key: &NamedKey| key.is_named_rightly() && is_ed25519(key.public());
        let vrf = matches!(self.vrf_key.public(), PublicKey::Slot(_)) && self.vrf_key.is_named_rightly();
        !self.log_keys.is_empty() && self.log_keys.iter().all(signs) && vrf && self.policy.is_consistent()
    }
}

impl Members for Key {
    fn are_consistent(&self) -> bool {
        let shown = matches!(self.act, KeyAct::Announced | KeyAct::Active) == self.public.is_some();
        let named = self.public.as_ref().is_none_or(|key| key.kid() == self.kid.as_str());
        shown && named && self.not_after.is_none_or(|end| self.not_before <= end)
    }
}

impl Members for Registrar {
    fn are_consistent(&self) -> bool {
        let ids: BTreeSet<_> = self.keys.iter().map(RegistrarKey::id).collect();
        ids.len() == self.keys.len() && (self.act != RegistrarAct::Withdrawn || ids.is_empty())
    }
}

impl Members for Client {
    fn are_consistent(&self) -> bool {
        self.heteronyms_per_person > 0
    }
}

impl Members for Config {
    fn are_consistent(&self) -> bool {
        self.policy.is_consistent()
    }
}

impl Members for Custodians {
    fn are_consistent(&self) -> bool {
        (2..=self.custodians).contains(&self.threshold) && self.custodians <= 64
    }
}

impl Members for Anchor {
    fn are_consistent(&self) -> bool {
        self.log.as_str() != REGISTRY
    }
}

impl Members for Stats {
    fn are_consistent(&self) -> bool {
        let in_order = self.registrars.is_sorted_by(|one, next| one.registrar < next.registrar);
        in_order && (1..=self.parts).contains(&self.part)
    }
}

impl Members for AuditCommit {
    fn are_consistent(&self) -> bool {
        self.size > 0 && (1..=MAX_DRAWS).contains(&self.draws) && self.log.as_str() != REGISTRY
    }
}

impl Members for AuditDraw {}

impl Members for AuditOpenings {
    fn are_consistent(&self) -> bool {
        counts_drawn(self.opened, self.withheld)
    }
}

impl Members for AuditResult {
    fn are_consistent(&self) -> bool {
        counts_drawn(self.opened, self.withheld)
    }
}

/// Something was drawn, and no more than may be.
fn counts_drawn(opened: u32, withheld: u32) -> bool {
    opened.checked_add(withheld).is_some_and(|drawn| (1..=MAX_DRAWS).contains(&drawn))
}

impl Policy {
    fn is_consistent(&self) -> bool {
        !self.brackets.brackets.is_empty()
    }
}
