//! Sampled audits in the registry: an auditor commits to a seed, draws from a later tree, has leaves opened, says what came
//! of it. In that order, once each.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::institutions::Fixed;
use crate::{
    auditor::finding::{At, Check, Findings},
    wire::tlog::{
        Hash,
        leaf::{AuditCommit, AuditDraw, AuditId, AuditOpening, AuditResult, REGISTRY},
    },
};

/// The audits that the registry names.
#[derive(Debug, Default)]
pub(in crate::auditor) struct Audits(BTreeMap<AuditId, Audit>);

#[derive(Debug)]
struct Audit {
    commit: AuditCommit,
    draw: Option<(u64, AuditDraw)>,
    opened: BTreeSet<u64>,
    ended: bool,
}

impl Audits {
    pub(super) fn commit(&mut self, index: u64, commit: AuditCommit, findings: &mut Findings) {
        if self.0.contains_key(&commit.audit) {
            findings.fault(Check::AuditSequence, At::leaf(REGISTRY, index), "a new audit", "one that has begun before");
            return;
        }
        self.0.insert(commit.audit, Audit { commit, draw: None, opened: BTreeSet::new(), ended: false });
    }

    pub(super) fn draw(&mut self, index: u64, draw: AuditDraw, findings: &mut Findings) {
        let at = At::leaf(REGISTRY, index);
        let Some(audit) = self.0.get_mut(&draw.audit).filter(|audit| audit.draw.is_none() && !audit.ended) else {
            let expected = "an audit that is committed to a seed and has not drawn";
            findings.fault(Check::AuditSequence, at, expected, "another draw");
            return;
        };
        let hash = Hash::from_bytes(Sha256::digest(draw.seed).into());
        if hash != audit.commit.seed_hash {
            let expected = format!("the seed whose SHA-256 was committed to, {}", audit.commit.seed_hash);
            findings.fault(Check::AuditDraw, at, expected, format!("one with {hash}"));
        }
        audit.draw = Some((index, draw));
    }

    pub(super) fn opening(&mut self, index: u64, opening: &AuditOpening, findings: &mut Findings) {
        let at = At::leaf(REGISTRY, index);
        let audit = self.0.get_mut(&opening.audit).filter(|audit| !audit.ended);
        let drawn = audit.and_then(|audit| Some((audit.draw.as_ref()?.1.size, &mut audit.opened)));
        let Some((size, opened)) = drawn else {
            findings.fault(Check::AuditSequence, at, "an audit that has drawn and not ended", "an opening without one");
            return;
        };
        if opening.index >= size || !opened.insert(opening.index) {
            let expected = format!("a leaf of the {size} that were drawn from, opened once");
            findings.fault(Check::AuditSequence, at, expected, format!("leaf {}", opening.index));
        }
    }

    pub(super) fn result(&mut self, index: u64, result: &AuditResult, findings: &mut Findings) {
        let at = At::leaf(REGISTRY, index);
        let Some(audit) = self.0.get_mut(&result.audit).filter(|audit| audit.draw.is_some() && !audit.ended) else {
            findings.fault(Check::AuditSequence, at, "an audit that has drawn and not ended", "a result without one");
            return;
        };
        audit.ended = true;
        if usize::try_from(result.opened).ok() != Some(audit.opened.len()) {
            let expected = format!("{} openings, as many as there are", audit.opened.len());
            findings.fault(Check::AuditSequence, at, expected, result.opened.to_string());
        }
        if u64::from(result.opened) + u64::from(result.withheld) > u64::from(audit.commit.draws) {
            let expected = format!("no more than the {} leaves that were to be drawn", audit.commit.draws);
            let found = format!("{} opened and {} withheld", result.opened, result.withheld);
            findings.fault(Check::AuditSequence, at, expected, found);
        }
        if result.faults > 0 {
            let found = format!("{} that the auditor {} reports", result.faults, audit.commit.auditor);
            findings.remark(Check::AuditSequence, at, "a sampled audit without faults", found);
        }
    }

    /// The trees of a log that audits drew from.
    pub(super) fn draws<'a>(&'a self, log: &'a str) -> impl Iterator<Item = Fixed> + 'a {
        let of_log = self.0.values().filter(move |audit| audit.commit.log.as_str() == log);
        of_log.filter_map(|audit| {
            let (by, draw) = audit.draw.as_ref()?;
            Some(Fixed { by: *by, check: Check::AuditDraw, size: draw.size, root: draw.root, is_final: false })
        })
    }

    /// How many have begun, and how many have ended.
    pub(in crate::auditor) fn count(&self) -> (usize, usize) {
        (self.0.len(), self.0.values().filter(|audit| audit.ended).count())
    }
}
