//! The rules of the issuance logs: one live voice for each place, no token and no owner tag twice, every enrolment vouched for,
//! every token under a key and a table that counted in its hour.
//!
//! What is known goes on from year to year: a pseudonym of last year is retired in this one.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    Hours, Read,
    institutions::{Institutions, Unvouched},
    keys::ISSUER,
};
use crate::{
    auditor::finding::{At, Check, Findings},
    wire::tlog::{
        Hash,
        leaf::{
            BracketsVersion, Counts, Enrol, Hour, Issuance, Issue, Leaf, Month, Nym, NymAct, OwnerTag, RegistrarId,
            Revoke, SlotTag,
        },
    },
};

/// What a thread has found out about a leaf alone: whether an office vouches for the enrolment.
pub(in crate::auditor) type Vouched = Result<(), Unvouched>;

/// The issuance logs as read so far.
pub(in crate::auditor) struct Acts<'a> {
    institutions: &'a Institutions,
    /// The logs that were read, the earliest first.
    logs: Vec<String>,
    hours: Hours,
    /// Whether nothing before what was read is missing: an act may refer to what is not there else.
    whole: bool,
    owners: HashMap<OwnerTag, Spot>,
    tokens: HashMap<Prefix, Spot>,
    identities: HashSet<Prefix>,
    slots: HashMap<SlotTag, NymAct>,
    enrolments: HashMap<OwnerTag, Enrolment>,
    pub(super) totals: Totals,
}

/// Counts over everything that was read.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) months: BTreeMap<Month, Counted>,
    /// Enrolments that were not revoked.
    pub(super) enrolled: BTreeMap<RegistrarId, u64>,
    pub(super) enrolments: u64,
    pub(super) live: u64,
    pub(super) most_live: u64,
    pub(super) issuances: u64,
}

/// What was done in a month.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) counts: Counts,
    pub(super) registrars: BTreeMap<RegistrarId, u64>,
}

struct Enrolment {
    registrar: RegistrarId,
    revoked: bool,
}

/// A log, by its place in the list, and a leaf.
#[derive(Clone, Copy)]
struct Spot {
    log: u16,
    leaf: u64,
}

/// The first half of a hash: nobody makes two hashes that agree in it without work for 2⁶⁴ others.
type Prefix = [u8; 16];

impl<'a> Acts<'a> {
    /// `whole`: no earlier log is missing.
    pub(in crate::auditor) fn new(institutions: &'a Institutions, whole: bool) -> Self {
        Self {
            institutions,
            logs: Vec::new(),
            hours: Hours::new(i64::MAX),
            whole,
            owners: HashMap::new(),
            tokens: HashMap::new(),
            identities: HashSet::new(),
            slots: HashMap::new(),
            enrolments: HashMap::new(),
            totals: Totals::default(),
        }
    }

    /// What can be found out about a leaf alone.
    pub(in crate::auditor) fn prepare(institutions: &Institutions, leaf: &Leaf<Issuance>) -> Vouched {
        match &leaf.facts {
            Issuance::Enrol(enrol) => institutions.vouch(enrol, leaf.hour),
            _ => Ok(()),
        }
    }

    /// The log of the next year, whose head was fetched at this time.
    pub(in crate::auditor) fn begin(&mut self, log: &str, fetched: i64) {
        self.logs.push(log.to_owned());
        self.hours = Hours::new(fetched);
    }

    pub(in crate::auditor) fn hours(&self) -> &Hours {
        &self.hours
    }

    /// Leaves after this point may refer to some that could not be read.
    pub(in crate::auditor) fn lose(&mut self) {
        self.whole = false;
    }

    pub(in crate::auditor) fn is_whole(&self) -> bool {
        self.whole
    }

    /// The next leaf of the log that was begun last.
    pub(in crate::auditor) fn take(&mut self, index: u64, read: Read<Issuance, Vouched>, findings: &mut Findings) {
        let log = self.logs.last().cloned().unwrap_or_default();
        let at = At::leaf(&log, index);
        let (leaf, vouched) = match read {
            Ok(read) => read,
            Err(error) => {
                findings.fault(Check::LeafForm, at, "a leaf in its one spelling", error.to_string());
                return;
            }
        };
        let hour = leaf.hour;
        self.hours.take(hour, at, findings);
        check_year(&log, hour, at, findings);
        let spot = Spot { log: u16::try_from(self.logs.len() - 1).unwrap_or(u16::MAX), leaf: index };
        self.owner(leaf.facts.owner(), spot, at, findings);
        let month = self.totals.months.entry(hour.month()).or_default();
        match leaf.facts {
            Issuance::Enrol(enrol) => {
                month.counts.enrol += 1;
                *month.registrars.entry(enrol.registrar).or_default() += 1;
                self.enrol(&enrol, vouched, hour, at, findings);
            }
            Issuance::Nym(nym) => {
                month.counts.nym += 1;
                self.nym(&nym, at, findings);
            }
            Issuance::Issue(issue) => {
                month.counts.issue += 1;
                self.issue(&issue, hour, spot, at, findings);
            }
            Issuance::Revoke(revoke) => {
                month.counts.revoke += 1;
                self.revoke(&revoke, at, findings);
            }
            Issuance::Access(_) => month.counts.access += 1,
        }
    }

    fn owner(&mut self, owner: OwnerTag, spot: Spot, at: At<'_>, findings: &mut Findings) {
        if let Some(before) = self.owners.insert(owner, spot) {
            findings.fault(Check::OwnerRepeated, at, "an owner tag that never was", self.seen_at(before));
        }
    }

    fn enrol(&mut self, enrol: &Enrol, vouched: Vouched, hour: Hour, at: At<'_>, findings: &mut Findings) {
        if let Err(Unvouched { check, expected, found }) = vouched {
            findings.fault(check, at, expected, found);
        }
        if enrol.expires < hour.month() {
            let expected = format!("an enrolment that ends in {} or later", hour.month());
            findings.fault(Check::EnrolRegistrar, at, expected, enrol.expires.to_string());
        }
        if !self.identities.insert(prefix(&enrol.identity)) {
            let found = "the same sealed identity a second time";
            findings.remark(Check::EnrolIdentity, at, "an identity sealed for this enrolment", found);
        }
        self.totals.enrolments += 1;
        *self.totals.enrolled.entry(enrol.registrar).or_default() += 1;
        self.enrolments.insert(enrol.owner, Enrolment { registrar: enrol.registrar, revoked: false });
    }

    fn nym(&mut self, nym: &Nym, at: At<'_>, findings: &mut Findings) {
        let before = self.slots.insert(nym.slot, nym.act);
        match (nym.act, before) {
            (NymAct::Create, Some(NymAct::Create)) => {
                let found = "a second one beside it: two voices of one person";
                findings.fault(Check::SlotSecondVoice, at, "no live pseudonym in the place", found);
            }
            (NymAct::Create, _) => self.totals.live += 1,
            (NymAct::Retire, Some(NymAct::Create)) => self.totals.live = self.totals.live.saturating_sub(1),
            (NymAct::Retire, Some(NymAct::Retire)) => {
                findings.fault(Check::SlotRetired, at, "a live pseudonym to retire", "one that was retired before");
            }
            (NymAct::Retire, None) if self.whole => {
                findings.fault(Check::SlotRetired, at, "a live pseudonym to retire", "a place that nobody took");
            }
            (NymAct::Retire, None) => {}
        }
        self.totals.most_live = self.totals.most_live.max(self.totals.live);
    }

    fn issue(&mut self, issue: &Issue, hour: Hour, spot: Spot, at: At<'_>, findings: &mut Findings) {
        self.totals.issuances += 1;
        if let Some(before) = self.tokens.insert(prefix(&issue.token), spot) {
            findings.fault(Check::IssueToken, at, "a token that never was", self.seen_at(before));
        }
        if let Err(found) = self.institutions.keys.signs(ISSUER, issue.kid.as_str(), hour) {
            let expected = format!("a key of the provider that signs tokens in {hour}");
            findings.fault(Check::IssueKey, at, expected, format!("{found} ({})", issue.kid));
        }
        self.brackets(&issue.brackets, hour, at, findings);
        if self.whole && self.slots.is_empty() {
            let found = "a token before any pseudonym was made";
            findings.fault(Check::TotalIssuances, at, "tokens of pseudonyms that the log knows", found);
        }
    }

    fn brackets(&self, version: &BracketsVersion, hour: Hour, at: At<'_>, findings: &mut Findings) {
        let expected = || format!("a table of brackets that is published in {hour}");
        match self.institutions.brackets_since(version) {
            Some(since) if since <= hour => {}
            Some(since) => {
                findings.fault(Check::IssueBrackets, at, expected(), format!("{version}, published in {since}"));
            }
            None => findings.fault(Check::IssueBrackets, at, expected(), format!("{version}, which never was")),
        }
    }

    fn revoke(&mut self, revoke: &Revoke, at: At<'_>, findings: &mut Findings) {
        match self.enrolments.get_mut(&revoke.enrol) {
            Some(Enrolment { revoked: true, .. }) => {
                findings.fault(Check::RevokeEnrol, at, "an enrolment that counts", "one that was revoked before");
            }
            Some(enrolment) => {
                enrolment.revoked = true;
                if let Some(count) = self.totals.enrolled.get_mut(&enrolment.registrar) {
                    *count = count.saturating_sub(1);
                }
            }
            None if self.whole => {
                findings.fault(Check::RevokeEnrol, at, "the owner tag of an enrolment", "one that no enrolment has");
            }
            None => {}
        }
    }

    fn seen_at(&self, spot: Spot) -> String {
        let log = self.logs.get(usize::from(spot.log)).map_or("?", String::as_str);
        format!("the one of leaf {} of log {log}", spot.leaf)
    }
}

/// Whether the hour lies in the legal year that the log is named after, wherever that begins.
fn check_year(log: &str, hour: Hour, at: At<'_>, findings: &mut Findings) {
    let Ok(year) = log.parse::<u32>() else { return };
    let first = |year: u32| format!("{year:04}-01-01T00Z").parse::<Hour>().map_or(u32::MAX, Hour::count);
    if !(first(year).saturating_sub(DAY)..first(year + 1).saturating_add(DAY)).contains(&hour.count()) {
        findings.fault(Check::LeafYear, at, format!("an hour of {log}"), hour.to_string());
    }
}

fn prefix(hash: &Hash) -> Prefix {
    let mut prefix = [0; 16];
    prefix.iter_mut().zip(hash.as_bytes()).for_each(|(to, from)| *to = *from);
    prefix
}

/// Hours by which a legal time zone can differ from UTC, and a few.
const DAY: u32 = 24;
