//! What the leaves come to: held against the counts that the service publishes, and against what is possible at all.

use std::collections::BTreeMap;

use super::{acts::Acts, institutions::Institutions};
use crate::{
    auditor::{
        finding::{At, Check, Findings},
        verdict::counted,
    },
    wire::tlog::leaf::{REGISTRY, RegistrarId},
};

/// How many people live in an area, by its code: in place of what the registry says.
pub(in crate::auditor) type Areas = BTreeMap<String, u64>;

impl Acts<'_> {
    /// At the end of the last log: whether the sums can be true.
    pub(in crate::auditor) fn end(&self, institutions: &Institutions, areas: Option<&Areas>, findings: &mut Findings) {
        if self.is_whole() {
            self.check_stats(institutions, findings);
            self.check_pseudonyms(institutions, findings);
        }
        self.check_population(institutions, areas, findings);
    }

    /// The counts that the registry publishes are those of the leaves.
    fn check_stats(&self, institutions: &Institutions, findings: &mut Findings) {
        let nothing = super::acts::Counted::default();
        for (month, parts) in &institutions.stats {
            let counted = self.totals.months.get(month).unwrap_or(&nothing);
            let Some((index, first)) = parts.first() else { continue };
            let at = At::leaf(REGISTRY, *index);
            if first.counts != counted.counts {
                let expected = format!("the counts of the leaves of {month}, {}", in_words(&counted.counts));
                findings.fault(Check::StatsCounts, at, expected, in_words(&first.counts));
            }
            // Some offices are still to come where a part is missing.
            if parts.len() < usize::try_from(first.parts).unwrap_or(usize::MAX) {
                continue;
            }
            let said = parts.iter().flat_map(|(_, stats)| &stats.registrars);
            let said: BTreeMap<RegistrarId, u64> = said.map(|of| (of.registrar, of.enrolments)).collect();
            let offices = said.keys().chain(counted.registrars.keys());
            let of = |counts: &BTreeMap<_, _>, office| counts.get(office).copied().unwrap_or_default();
            for office in offices.collect::<std::collections::BTreeSet<_>>() {
                let (leaves, published) = (of(&counted.registrars, office), of(&said, office));
                if leaves != published {
                    let expected = format!("{leaves} enrolments by office {office} in {month}, as there are leaves");
                    findings.fault(Check::StatsCounts, at, expected, published.to_string());
                }
            }
        }
    }

    /// No more voices than people can have, and no more tokens than pseudonyms ask for.
    fn check_pseudonyms(&self, institutions: &Institutions, findings: &mut Findings) {
        let totals = &self.totals;
        let each: u64 = institutions.voices.values().map(|voices| u64::from(*voices)).sum();
        let most = totals.enrolments.saturating_mul(each);
        if totals.most_live > most {
            let expected = format!(
                "at most {most} live pseudonyms: {} enrolments, and {each} places in the sectors of the registry",
                totals.enrolments
            );
            findings.fault(Check::TotalPseudonyms, At::NOWHERE, expected, totals.most_live.to_string());
        }
        let months = u64::try_from(totals.months.len()).unwrap_or(u64::MAX);
        let usual = totals.most_live.saturating_mul(months).saturating_mul(TOKENS_A_MONTH);
        if totals.issuances > usual {
            let expected = format!("at most {usual} tokens, {TOKENS_A_MONTH} a month for each pseudonym");
            findings.remark(Check::TotalIssuances, At::NOWHERE, expected, totals.issuances.to_string());
        }
    }

    /// No office enrols more people than live in its area.
    fn check_population(&self, institutions: &Institutions, areas: Option<&Areas>, findings: &mut Findings) {
        let mut enrolled: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for (office, count) in &self.totals.enrolled {
            let Some((_, said)) = institutions.registrars.get(office).and_then(|history| history.last()) else {
                continue;
            };
            let area = said.area.as_str();
            let population = areas.and_then(|areas| areas.get(area).copied()).unwrap_or(said.population);
            let (sum, people) = enrolled.entry(area).or_default();
            *sum += count;
            *people = population.max(*people);
        }
        for (area, (count, population)) in enrolled {
            if count > population {
                let expected = format!("at most {population} enrolments in {area}, where so many people live");
                findings.fault(Check::EnrolPopulation, At::NOWHERE, expected, count.to_string());
            }
        }
    }

    /// The counts of everything, in words.
    pub(in crate::auditor) fn summary(&self) -> String {
        let totals = &self.totals;
        format!(
            "{}, of which {} in force, {}, {}",
            counted(totals.enrolments, "enrolment", "enrolments"),
            totals.enrolled.values().sum::<u64>(),
            counted(totals.live, "live pseudonym", "live pseudonyms"),
            counted(totals.issuances, "token", "tokens"),
        )
    }
}

fn in_words(counts: &crate::wire::tlog::leaf::Counts) -> String {
    let crate::wire::tlog::leaf::Counts { enrol, nym, issue, revoke, access } = counts;
    format!("{enrol} enrol, {nym} nym, {issue} issue, {revoke} revoke, {access} access")
}

/// One for every hour of a month: beyond it, somebody should ask what signs in so often.
const TOKENS_A_MONTH: u64 = 31 * 24;
