//! Sampled audits in the registry (`specs/log.md` §13): an auditor commits to a number while the tree is fixed, shows it, has what is
//! drawn opened, and says what came of it. In that order, once each.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::institutions::Fixed;
use crate::{
    auditor::finding::{At, Check, Findings},
    wire::tlog::{
        Hash,
        leaf::{AuditCommit, AuditDraw, AuditId, AuditOpenings, AuditResult, Hour, REGISTRY},
    },
};

/// The audits that the registry names.
#[derive(Debug, Default)]
pub(in crate::auditor) struct Audits(BTreeMap<AuditId, Audit>);

/// One of them, as far as it has come.
#[derive(Debug)]
pub(in crate::auditor) struct Audit {
    /// Index of the leaf that began it, and its hour.
    pub(in crate::auditor) begun: u64,
    pub(in crate::auditor) hour: Hour,
    pub(in crate::auditor) commit: AuditCommit,
    pub(in crate::auditor) nonce: Option<[u8; 32]>,
    pub(in crate::auditor) openings: Option<AuditOpenings>,
    ended: bool,
}

impl Audits {
    pub(super) fn commit(&mut self, index: u64, commit: AuditCommit, hour: Hour, findings: &mut Findings) {
        if self.0.contains_key(&commit.audit) {
            findings.fault(Check::AuditSequence, At::leaf(REGISTRY, index), "a new audit", "one that has begun before");
            return;
        }
        let audit = Audit { begun: index, hour, commit, nonce: None, openings: None, ended: false };
        self.0.insert(audit.commit.audit, audit);
    }

    pub(super) fn draw(&mut self, index: u64, draw: &AuditDraw, findings: &mut Findings) {
        let at = At::leaf(REGISTRY, index);
        let Some(audit) = self.0.get_mut(&draw.audit).filter(|audit| audit.nonce.is_none()) else {
            let expected = "an audit that is committed to a number and has not drawn";
            findings.fault(Check::AuditSequence, at, expected, "another draw");
            return;
        };
        let hash = Hash::from_bytes(Sha256::digest(draw.nonce).into());
        if hash != audit.commit.nonce_hash {
            let expected = format!("the number whose SHA-256 was committed to, {}", audit.commit.nonce_hash);
            findings.fault(Check::AuditDraw, at, expected, format!("one with {hash}"));
        }
        audit.nonce = Some(draw.nonce);
    }

    pub(super) fn openings(&mut self, index: u64, openings: AuditOpenings, findings: &mut Findings) {
        let at = At::leaf(REGISTRY, index);
        let audit = self.0.get_mut(&openings.audit).filter(|audit| audit.nonce.is_some() && audit.openings.is_none());
        let Some(audit) = audit else {
            let expected = "an audit that has drawn and not been answered";
            findings.fault(Check::AuditSequence, at, expected, "openings without one");
            return;
        };
        let drawn = u64::from(openings.opened) + u64::from(openings.withheld);
        if drawn > u64::from(audit.commit.draws) {
            let expected = format!("no more than the {} leaves that were to be drawn", audit.commit.draws);
            findings.fault(Check::AuditSequence, at, expected, drawn.to_string());
        }
        audit.openings = Some(openings);
    }

    pub(super) fn result(&mut self, index: u64, result: &AuditResult, findings: &mut Findings) {
        let at = At::leaf(REGISTRY, index);
        let audit = self.0.get_mut(&result.audit);
        let Some(Audit { ended: ended @ false, openings: Some(openings), commit, .. }) = audit else {
            let expected = "an audit that was answered and has not ended";
            findings.fault(Check::AuditSequence, at, expected, "a result without one");
            return;
        };
        *ended = true;
        let AuditResult { opened, withheld, faults, .. } = result;
        if (*opened, *withheld) != (openings.opened, openings.withheld) {
            let expected = format!("{} opened and {} withheld", openings.opened, openings.withheld);
            findings.fault(Check::AuditSequence, at, expected, format!("{opened} opened and {withheld} withheld"));
        }
        if *faults > 0 || *withheld > 0 {
            let found = format!("{faults} faults and {withheld} withheld, as the auditor {} reports", commit.auditor);
            findings.remark(Check::AuditSequence, at, "a sampled audit without faults, in which all was opened", found);
        }
    }

    /// At the end of the registry: who saw what would be drawn, and went no further, may have looked for a better draw.
    pub(super) fn end(&self, findings: &mut Findings) {
        for audit in self.0.values().filter(|audit| audit.openings.is_none()) {
            let found = match audit.nonce {
                None => "one that has not drawn",
                Some(_) => "one that has drawn and was not answered",
            };
            let found = format!("{found}, by {}", audit.commit.auditor);
            let at = At::leaf(REGISTRY, audit.begun);
            findings.remark(Check::AuditSequence, at, "a sampled audit that came to its openings", found);
        }
    }

    /// The trees of a log that audits draw from.
    pub(super) fn trees<'a>(&'a self, log: &'a str) -> impl Iterator<Item = Fixed> + 'a {
        let of_log = self.0.values().filter(move |audit| audit.commit.log.as_str() == log);
        of_log.map(|Audit { begun, commit: AuditCommit { size, root, .. }, .. }| Fixed {
            by: *begun,
            check: Check::AuditDraw,
            size: *size,
            root: *root,
            is_final: false,
        })
    }

    /// The audit that is committed to this number. Of several the first counts: a later one would leave the choice to whoever sees the
    /// number and what each of them would draw.
    pub(in crate::auditor) fn first_with(&self, nonce_hash: Hash) -> Option<&Audit> {
        let with = self.0.values().filter(|audit| audit.commit.nonce_hash == nonce_hash);
        with.min_by_key(|audit| audit.begun)
    }

    /// How many have begun, and how many have ended.
    pub(in crate::auditor) fn count(&self) -> (usize, usize) {
        (self.0.len(), self.0.values().filter(|audit| audit.ended).count())
    }
}
