//! The audit as it stands in the registry, and what it draws from: a tree that the log had then, all of it.

use super::{
    file::Sample,
    logs::{Logs, Population},
    opened::Checker,
    report::Drawing,
};
use crate::{
    auditor::{
        error::AuditError,
        finding::{At, Check, Findings},
        mirror::Mirror,
        replay::{Tree, audits::Audit, institutions::Institutions},
        sync::head,
        verdict::counted,
    },
    wire::tlog::{
        SignedCheckpoint,
        leaf::{Issuance, Leaf, REGISTRY},
        sample::{Openings, Seed},
    },
};

/// An audit whose draw is known.
pub(super) struct Begun<'a> {
    pub(super) audit: &'a Audit,
    pub(super) population: Population,
}

impl<'a> Begun<'a> {
    /// Finds the audit that is committed to the number. `None`, with a fault, where it is not known what it draws from.
    pub(super) fn find(
        sample: &Sample,
        mirror: &Mirror,
        institutions: &'a Institutions,
        logs: &Logs<'_>,
        findings: &mut Findings,
    ) -> Result<Option<Self>, AuditError> {
        continues(sample, mirror, findings)?;
        let Some(audit) = institutions.audits.first_with(sample.nonce_hash()) else {
            let expected = "a leaf `audit.commit` with the hash of the auditor's number";
            findings.fault(Check::SampleSequence, At::log(REGISTRY), expected, "none");
            return Ok(None);
        };
        let (at, commit) = (At::leaf(REGISTRY, audit.begun), &audit.commit);
        if commit.draws != sample.draws {
            let expected = counted(sample.draws.into(), "draw", "draws");
            findings.fault(Check::SampleSequence, at, expected, commit.draws.to_string());
        }
        let expected = "a tree that the log had";
        let Some(tree) = logs.tree(commit.log.as_str()) else {
            findings.fault(Check::SampleDraw, at, expected, format!("log {}, which is not there", commit.log));
            return Ok(None);
        };
        if commit.size > tree.size || tree.root_at(commit.size) != Ok(commit.root) {
            findings.fault(Check::SampleDraw, at, expected, "one that is not the beginning of the log");
            return Ok(None);
        }
        let Some(population) = Population::of(logs, commit.log.as_str(), commit.size)? else {
            findings.fault(Check::SampleDraw, at, expected, "a log that cannot be read whole");
            return Ok(None);
        };
        if population.count() == 0 {
            findings.fault(Check::SampleDraw, at, "a tree with tokens", "one without");
        }
        // What began in the hour before may be logged after the audit began.
        if population.beyond().is_some_and(|hour| hour.count() + 1 < audit.hour.count()) {
            let expected = format!("the tree that the log had in {}", audit.hour);
            findings.fault(Check::SampleDraw, at, expected, "an earlier one: older tokens were left out");
        }
        Ok(Some(Self { audit, population }))
    }

    /// Whether what is drawn was opened, and whether what was opened holds.
    pub(super) fn check(
        &self,
        sample: &Sample,
        openings: &Openings,
        logs: &Logs<'_>,
        checker: &mut Checker<'_>,
        findings: &mut Findings,
    ) -> Result<Drawing, AuditError> {
        let (commit, log) = (&self.audit.commit, self.audit.commit.log.as_str());
        let mut drawing = Drawing::new(commit, self.population.count());
        let drawn = self.drawn(sample);
        self.order(&drawn, openings, findings);
        for given in openings.drawn.iter().filter(|given| drawn.contains(&given.index)) {
            let at = At::leaf(log, given.index);
            let Some(opened) = &given.opened else {
                drawing.withheld += 1;
                let found = "nothing: the person was erased, or something is hidden";
                findings.fault(Check::SampleWithheld, at, "what the token is bound to", found);
                continue;
            };
            let Some(Leaf { hour, facts: Issuance::Issue(token) }) = logs.leaf(log, given.index)? else { continue };
            drawing.opened += 1;
            let before = findings.faults();
            checker.check(at, &Leaf { hour, facts: token }, opened, findings)?;
            drawing.faults += u64::from(findings.faults() > before);
        }
        let of_audit = |check| matches!(check, Check::SampleSequence | Check::SampleDraw);
        drawing.faults += findings.all().iter().filter(|finding| of_audit(finding.check)).count() as u64;
        Ok(drawing)
    }

    /// The indices in the log, in the order in which they are drawn.
    fn drawn(&self, sample: &Sample) -> Vec<u64> {
        let seed = Seed::of(&self.audit.commit, &sample.nonce);
        let numbers = seed.draw(self.audit.commit.draws, self.population.count());
        numbers.into_iter().filter_map(|number| self.population.index(number)).collect()
    }

    /// What was given is what is drawn, in that order.
    fn order(&self, drawn: &[u64], openings: &Openings, findings: &mut Findings) {
        let mut given = openings.drawn.iter().map(|given| given.index);
        let at = At::leaf(REGISTRY, self.audit.begun);
        for (number, index) in (1..).zip(drawn) {
            let found = match given.next() {
                Some(other) if other == *index => continue,
                Some(other) => format!("leaf {other}"),
                None => "no more".to_owned(),
            };
            let expected = format!("leaf {index} of log {} as number {number} of the draw", self.audit.commit.log);
            findings.fault(Check::SampleDraw, at, expected, found);
            return;
        }
        let more = given.count() as u64;
        if more > 0 {
            let expected = format!("no more than {}", counted(drawn.len() as u64, "token", "tokens"));
            findings.fault(Check::SampleDraw, at, expected, format!("{more} more"));
        }
    }
}

/// Whether the registry continues the head under which the number was shown.
fn continues(sample: &Sample, mirror: &Mirror, findings: &mut Findings) -> Result<(), AuditError> {
    let (Some(old), Some(now)) = (&sample.registry, head_of(mirror)?) else { return Ok(()) };
    let (before, size) = (old.checkpoint(), now.checkpoint().size());
    let tree = Tree { mirror, log: REGISTRY, size };
    let (check, found) = if size < before.size() {
        (Check::LogRolledBack, format!("a smaller one:\n{now}"))
    } else if tree.root_at(before.size()) != Ok(before.root()) {
        (Check::LogForked, format!("one that does not contain it:\n{now}"))
    } else {
        return Ok(());
    };
    let expected = format!("a log that continues the one in which the number was shown:\n{old}");
    findings.fault(check, At::log(REGISTRY), expected, found);
    Ok(())
}

/// The signed head of the registry in a mirror.
pub(super) fn head_of(mirror: &Mirror) -> Result<Option<SignedCheckpoint>, AuditError> {
    Ok(head(mirror, REGISTRY)?.and_then(|bytes| SignedCheckpoint::parse(&bytes).ok()))
}
