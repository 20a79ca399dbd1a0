//! What an audit finds: a fault or a remark, each under the name of its check, with its place, what was expected and what
//! was found, in words.

use std::{collections::BTreeMap, fmt};

use serde::{Serialize, Serializer};

/// Defines the checks with their names: `specs/log.md`, "Auditing", says what each is.
macro_rules! checks {
    ($($check:ident $name:literal)+) => {
        /// A check that can fail.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Check {
            $($check),+
        }

        impl Check {
            pub const ALL: &'static [Self] = &[$(Self::$check),+];

            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$check => $name),+
                }
            }
        }
    };
}

checks! {
    Discovery "discovery"
    CheckpointForm "checkpoint.form"
    CheckpointOrigin "checkpoint.origin"
    CheckpointSignature "checkpoint.signature"
    CheckpointPinned "checkpoint.pinned-key"
    CheckpointQuorum "checkpoint.quorum"
    LogMissing "log.missing"
    LogRolledBack "log.rolled-back"
    LogForked "log.forked"
    LogFrozen "log.frozen"
    TileMissing "tile.missing"
    TileForm "tile.form"
    TileHash "tile.hash"
    EntryHash "entry.hash"
    TreeRoot "tree.root"
    LeafForm "leaf.form"
    LeafBackdated "leaf.backdated"
    LeafFuture "leaf.future"
    LeafYear "leaf.year"
    Genesis "genesis"
    KeyOrder "key.order"
    RegistrarOrder "registrar.order"
    ClientOrder "client.order"
    ClientSector "client.sector"
    Brackets "config.brackets"
    Custodians "custodians.order"
    AnchorOrder "anchor.order"
    AnchorRoot "anchor.root"
    StatsForm "stats.form"
    StatsCounts "stats.counts"
    AuditSequence "audit.sequence"
    AuditDraw "audit.draw"
    OwnerRepeated "owner.repeated"
    EnrolRegistrar "enrol.registrar"
    EnrolSignature "enrol.signature"
    EnrolIdentity "enrol.identity"
    EnrolPopulation "enrol.population"
    SlotSecondVoice "slot.second-voice"
    SlotRetired "slot.retired"
    IssueKey "issue.key"
    IssueBrackets "issue.brackets"
    IssueToken "issue.token"
    RevokeEnrol "revoke.enrol"
    TotalPseudonyms "total.pseudonyms"
    TotalIssuances "total.issuances"
    TokenForm "token.form"
    TokenSignature "token.signature"
    TokenKey "token.key"
    TokenProof "token.proof"
    TokenUnlogged "token.unlogged"
    TokenLeaf "token.leaf"
    TokenOwner "token.owner"
    MineMissing "mine.missing"
    MineUnknown "mine.unknown"
    MineUnlisted "mine.unlisted"
    MineSlot "mine.slot"
    SampleSequence "sample.sequence"
    SampleDraw "sample.draw"
    SampleWithheld "sample.withheld"
    SampleOpening "sample.opening"
    SampleEnrolment "sample.enrolment"
    SampleBirthYear "sample.birth-year"
    SampleBracket "sample.bracket"
    SampleArea "sample.area"
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Whether somebody has to answer for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A rule of the log is broken.
    Fault,
    /// Allowed, but somebody should look.
    Remark,
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub check: Check,
    pub severity: Severity,
    /// The log, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// The index of the leaf, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaf: Option<u64>,
    pub expected: String,
    pub found: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] ", self.check)?;
        match (&self.log, self.leaf) {
            (Some(log), Some(leaf)) => write!(f, "log {log}, leaf {leaf}: ")?,
            (Some(log), None) => write!(f, "log {log}: ")?,
            _ => {}
        }
        write!(f, "expected {}; found {}", self.expected, self.found)
    }
}

/// Where something was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    pub(super) log: Option<&'a str>,
    pub(super) leaf: Option<u64>,
}

impl<'a> At<'a> {
    pub(super) const NOWHERE: Self = Self { log: None, leaf: None };

    pub(super) const fn log(log: &'a str) -> Self {
        Self { log: Some(log), leaf: None }
    }

    pub(super) const fn leaf(log: &'a str, leaf: u64) -> Self {
        Self { log: Some(log), leaf: Some(leaf) }
    }
}

/// All that was found. Of a check that fails again and again, the first findings are kept and the others counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    kept: Vec<Finding>,
    counts: BTreeMap<(Check, bool), u64>,
}

impl Findings {
    pub(super) fn fault(&mut self, check: Check, at: At<'_>, expected: impl Into<String>, found: impl Into<String>) {
        self.add(Severity::Fault, check, at, expected.into(), found.into());
    }

    pub(super) fn remark(&mut self, check: Check, at: At<'_>, expected: impl Into<String>, found: impl Into<String>) {
        self.add(Severity::Remark, check, at, expected.into(), found.into());
    }

    fn add(&mut self, severity: Severity, check: Check, at: At<'_>, expected: String, found: String) {
        let count = self.counts.entry((check, severity == Severity::Fault)).or_default();
        *count += 1;
        if *count <= MOST_OF_A_KIND {
            let log = at.log.map(str::to_owned);
            self.kept.push(Finding { check, severity, log, leaf: at.leaf, expected, found });
        }
    }

    /// How many faults there are, with those that were not kept.
    pub(super) fn faults(&self) -> u64 {
        self.counts.iter().filter(|((_, fault), _)| *fault).map(|(_, count)| count).sum()
    }

    pub(super) fn all(&self) -> &[Finding] {
        &self.kept
    }

    /// How many findings were not kept.
    pub(super) fn dropped(&self) -> u64 {
        self.counts.values().map(|count| count.saturating_sub(MOST_OF_A_KIND)).sum()
    }
}

const MOST_OF_A_KIND: u64 = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_fails_again_and_again_is_counted_and_not_listed_without_end() {
        let mut findings = Findings::default();
        for leaf in 0..60 {
            findings.fault(Check::LeafForm, At::leaf("2026", leaf), "a leaf", "something else");
        }
        findings.remark(Check::EnrolIdentity, At::NOWHERE, "a new identity", "an old one");
        assert_eq!((findings.faults(), findings.all().len(), findings.dropped()), (60, 51, 10));
        assert_eq!(
            findings.all()[0].to_string(),
            "[leaf.form] log 2026, leaf 0: expected a leaf; found something else"
        );
        assert_eq!(findings.all().last().map(|last| last.severity), Some(Severity::Remark));
    }

    #[test]
    fn no_two_checks_have_one_name() {
        let names: std::collections::BTreeSet<_> = Check::ALL.iter().map(|check| check.name()).collect();
        assert_eq!(names.len(), Check::ALL.len());
    }
}
