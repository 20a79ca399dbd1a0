//! What the leaves come to: counts by month and kind, and what the registry says of keys, offices and forums at present.
//!
//! Worked out from the published leaves alone, as anybody can, and kept in memory: a later reading goes on where the last one
//! stopped. After a restart the logs are read once from their beginning.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    domain::log::LogName,
    store::{
        Store, StoreError,
        log::{self, Head},
    },
    wire::tlog::leaf::{
        AuditCommit, AuditId, AuditOpenings, AuditResult, Client, ClientAct, ClientId, Counts, Genesis, Hour, Issuance,
        IssuanceLeaf, Key, Month, Registrar, RegistrarAct, RegistrarId, Registry, RegistryLeaf,
    },
};

/// What was read so far of all logs.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    read: BTreeMap<LogName, u64>,
    /// By month of UTC.
    pub months: BTreeMap<Month, Monthly>,
    /// When the registry began.
    pub began: Option<Month>,
    /// As each is at present, in the order in which the registry first names them.
    pub keys: Vec<Key>,
    pub registrars: BTreeMap<RegistrarId, Registrar>,
    forums: BTreeSet<ClientId>,
    /// In the order in which they were begun.
    pub audits: Vec<Sampled>,
}

/// A sampled audit, as far as the registry tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sampled {
    pub began: Hour,
    pub commit: AuditCommit,
    pub drawn: bool,
    pub openings: Option<AuditOpenings>,
    pub result: Option<AuditResult>,
}

/// The leaves of one month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Monthly {
    pub counts: Counts,
    /// Enrolments by office.
    pub registrars: BTreeMap<RegistrarId, u64>,
}

/// The tally of one node. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Counting(Arc<Mutex<Tally>>);

impl Tally {
    /// Of how many leaves of a log these are the figures.
    pub fn read_of(&self, log: LogName) -> u64 {
        self.read.get(&log).copied().unwrap_or_default()
    }

    /// How many forums are registered and not disabled.
    pub fn forums(&self) -> usize {
        self.forums.len()
    }

    /// The newest months, at most so many, without a gap: one in which nothing was done is one of zeros.
    pub fn series(&self, most: usize) -> Vec<(Month, Counts)> {
        let mut series = Vec::new();
        let (mut month, last) = (self.months.keys().next().copied(), self.months.keys().next_back().copied());
        while let Some(one) = month.filter(|month| Some(*month) <= last) {
            series.push((one, self.months.get(&one).map(|monthly| monthly.counts).unwrap_or_default()));
            month = following(one);
        }
        series.split_off(series.len().saturating_sub(most))
    }

    /// What one leaf adds.
    fn take(&mut self, log: LogName, leaf: &[u8]) -> Result<(), StoreError> {
        if log == LogName::Registry {
            let leaf = RegistryLeaf::parse(leaf).map_err(|_| UNREADABLE)?;
            self.institution(leaf.hour, leaf.facts);
        } else {
            let leaf = IssuanceLeaf::parse(leaf).map_err(|_| UNREADABLE)?;
            self.months.entry(leaf.hour.month()).or_default().take(&leaf.facts);
        }
        Ok(())
    }

    fn institution(&mut self, hour: Hour, facts: Registry) {
        match facts {
            Registry::Genesis(Genesis { .. }) => self.began = Some(hour.month()),
            Registry::Key(key) => match self.keys.iter_mut().find(|known| known.kid == key.kid) {
                Some(known) => *known = key,
                None => self.keys.push(key),
            },
            Registry::Registrar(office) if office.act == RegistrarAct::Withdrawn => {
                self.registrars.remove(&office.id);
            }
            Registry::Registrar(office) => {
                self.registrars.insert(office.id, office);
            }
            Registry::Client(Client { id, act: ClientAct::Disabled, .. }) => {
                self.forums.remove(&id);
            }
            Registry::Client(Client { id, .. }) => {
                self.forums.insert(id);
            }
            Registry::AuditCommit(commit) => {
                self.audits.push(Sampled { began: hour, commit, drawn: false, openings: None, result: None });
            }
            Registry::AuditDraw(draw) => self.sampled(draw.audit, |audit| audit.drawn = true),
            Registry::AuditOpenings(openings) => {
                self.sampled(openings.audit, |audit| audit.openings = Some(openings.clone()));
            }
            Registry::AuditResult(result) => self.sampled(result.audit, |audit| audit.result = Some(result.clone())),
            _ => {}
        }
    }

    /// Notes a further step of an audit.
    fn sampled(&mut self, id: AuditId, step: impl FnOnce(&mut Sampled)) {
        if let Some(audit) = self.audits.iter_mut().rev().find(|audit| audit.commit.audit == id) {
            step(audit);
        }
    }
}

impl Monthly {
    fn take(&mut self, facts: &Issuance) {
        let counts = &mut self.counts;
        match facts {
            Issuance::Enrol(enrol) => {
                counts.enrol += 1;
                *self.registrars.entry(enrol.registrar).or_default() += 1;
            }
            Issuance::Nym(_) => counts.nym += 1,
            Issuance::Issue(_) => counts.issue += 1,
            Issuance::Revoke(_) => counts.revoke += 1,
            Issuance::Access(_) => counts.access += 1,
        }
    }
}

impl Counting {
    /// Reads on to these heads, but no more than so many batches of leaves, and says what was read by then.
    pub(super) async fn read(&self, store: &Store, heads: &[Head], mut batches: usize) -> Result<Tally, StoreError> {
        for head in heads {
            let name = head.log;
            loop {
                let from = self.tally().read_of(name);
                let to = head.size.min(from.saturating_add(BATCH));
                if from >= to || batches == 0 {
                    break;
                }
                batches -= 1;
                let leaves =
                    store.read::<_, StoreError, _>(move |tx| Box::pin(log::leaves(tx, name, from, to))).await?;
                self.advance(name, from, &leaves)?;
            }
        }
        Ok(self.tally().clone())
    }

    /// Whoever reads the same leaves at the same time adds them once.
    fn advance(&self, log: LogName, from: u64, leaves: &[Vec<u8>]) -> Result<(), StoreError> {
        let mut tally = self.tally();
        if tally.read_of(log) != from {
            return Ok(());
        }
        if leaves.is_empty() {
            return Err(StoreError::Corrupt("a log has fewer leaves than its head says"));
        }
        let mut next = from;
        for leaf in leaves {
            tally.take(log, leaf)?;
            next += 1;
            tally.read.insert(log, next);
        }
        Ok(())
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The month after; `None` after the last one that can be written.
pub(super) fn following(month: Month) -> Option<Month> {
    if month.month() < 12 { Month::new(month.year(), month.month() + 1) } else { Month::new(month.year() + 1, 1) }.ok()
}

const UNREADABLE: StoreError = StoreError::Corrupt("a leaf of a log does not read");
/// Leaves of one read.
const BATCH: u64 = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    #[test]
    fn after_december_comes_january() {
        assert_eq!(following(month("2026-11")), Some(month("2026-12")));
        assert_eq!(following(month("2026-12")), Some(month("2027-01")));
        assert_eq!(following(month("9999-12")), None);
    }

    #[test]
    fn months_follow_one_another_without_a_gap_and_the_newest_are_kept() {
        let mut tally = Tally::default();
        assert_eq!(tally.series(12), []);
        for (text, issue) in [("2026-11", 3), ("2027-02", 5)] {
            tally.months.entry(month(text)).or_default().counts.issue = issue;
        }
        let series = |most| -> Vec<_> {
            tally.series(most).into_iter().map(|(month, counts)| (month.to_string(), counts.issue)).collect()
        };
        let all = [("2026-11", 3), ("2026-12", 0), ("2027-01", 0), ("2027-02", 5)].map(|(m, n)| (m.to_owned(), n));
        assert_eq!(series(12), all);
        assert_eq!(series(2), all[2..]);
    }

    #[test]
    fn leaves_that_two_read_at_once_count_once() {
        let counting = Counting::default();
        let leaf = br#"{"v":1,"kind":"access","hour":"2026-11-30T20Z","purpose":"renewal","role":"officer","owner":"D82IUAsNAxSq8jbqEFBaag","commitment":"Yrn6t_WuSrm9FBggbRBbseqvYXOJcvID4wIb3PMQzXY"}"#.to_vec();
        let log: LogName = "2026".parse().unwrap();
        for _ in 0..2 {
            counting.advance(log, 0, std::slice::from_ref(&leaf)).unwrap();
        }
        let tally = counting.tally().clone();
        assert_eq!((tally.read_of(log), tally.months[&month("2026-11")].counts.access), (1, 1));
        counting.advance(log, 1, &[leaf]).unwrap();
        assert_eq!(counting.tally().months[&month("2026-11")].counts.access, 2);
        assert!(counting.advance(log, 2, &[b"{}".to_vec()]).is_err(), "what does not read is not passed over");
    }
}
