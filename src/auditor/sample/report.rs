//! The verdict on a sample, in words, and the same as JSON: the report. It says what came of it and nothing of anybody.

use std::fmt;

use serde::Serialize;

use crate::{
    auditor::verdict::{Verdict, counted},
    wire::tlog::{
        leaf::{AuditCommit, AuditId},
        sample::{odds, share},
    },
};

/// A check of a sample that came to an end.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    /// Of the sample and of the logs together.
    #[serde(flatten)]
    pub(super) verdict: Verdict,
    /// `None` (`null`) where the registry has no such audit.
    pub(super) sample: Option<Drawing>,
}

/// What was drawn, and what came of it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Drawing {
    pub(super) audit: AuditId,
    pub(super) auditor: String,
    pub(super) log: String,
    /// Leaves of the tree that was drawn from.
    pub(super) size: u64,
    /// Tokens among them.
    pub(super) population: u64,
    pub(super) drawn: u64,
    pub(super) opened: u64,
    pub(super) withheld: u64,
    /// Of what was opened, tokens with a fault; and faults of the draw itself.
    pub(super) faults: u64,
    /// The fewest wrong tokens of which a sample like this finds at least one with 95 % certainty.
    pub(super) certain: Option<Chance>,
    pub(super) odds: Vec<Chance>,
}

/// That so many wrong tokens are found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Chance {
    pub(super) wrong: u64,
    /// Of all tokens.
    pub(super) share: f64,
    /// That at least one of them is drawn.
    pub(super) probability: f64,
}

impl Drawing {
    /// Of an audit of which nothing is opened yet.
    pub(super) fn new(commit: &AuditCommit, population: u64) -> Self {
        let drawn = u64::from(commit.draws).min(population);
        Self {
            audit: commit.audit,
            auditor: commit.auditor.to_string(),
            log: commit.log.to_string(),
            size: commit.size,
            population,
            drawn,
            opened: 0,
            withheld: 0,
            faults: 0,
            certain: certain(population, drawn),
            odds: table(population, drawn),
        }
    }

    /// What is drawn from.
    pub(super) fn of(&self) -> String {
        let tokens = counted(self.population, "token", "tokens");
        format!("{tokens} in the first {} of log {}", counted(self.size, "leaf", "leaves"), self.log)
    }
}

impl Chance {
    fn of(wrong: u64, population: u64, drawn: u64) -> Self {
        Self { wrong, share: share(wrong, population), probability: odds(population, wrong, drawn) }
    }
}

/// The fewest wrong ones of which at least one is found with 95 % certainty.
fn certain(population: u64, drawn: u64) -> Option<Chance> {
    let (mut too_few, mut enough) = (0, population);
    if odds(population, enough, drawn) < CERTAIN {
        return None;
    }
    while enough - too_few > 1 {
        let middle = too_few + (enough - too_few) / 2;
        if odds(population, middle, drawn) < CERTAIN {
            too_few = middle;
        } else {
            enough = middle;
        }
    }
    Some(Chance::of(enough, population, drawn))
}

/// The chances where one in ten is wrong, one in a hundred, and one in a thousand.
pub(super) fn table(population: u64, drawn: u64) -> Vec<Chance> {
    let known = [10, 100, 1_000].into_iter().filter(|_| population > 0);
    known.map(|one_in| Chance::of(population.div_ceil(one_in), population, drawn)).collect()
}

impl fmt::Display for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wrong = counted(self.wrong, "token", "tokens");
        write!(f, "{wrong} wrong ({}): found with {}", percent(self.share), percent(self.probability))
    }
}

impl fmt::Display for Drawing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Sampled audit {}, by {}", self.audit, self.auditor)?;
        writeln!(f, "  - drawn from {}", self.of())?;
        writeln!(
            f,
            "  - {} drawn: {} opened, {} withheld, {} found",
            self.drawn,
            self.opened,
            self.withheld,
            counted(self.faults, "fault", "faults")
        )?;
        if let Some(certain) = &self.certain {
            let wrong = counted(certain.wrong, "wrong token", "wrong tokens");
            writeln!(
                f,
                "  - had there been {wrong} or more ({} of all), so many draws would have found one with 95 % certainty",
                percent(certain.share)
            )?;
        }
        writeln!(
            f,
            "\nThe odds of {} among {}",
            counted(self.drawn, "draw", "draws"),
            counted(self.population, "token", "tokens")
        )?;
        self.odds.iter().try_for_each(|chance| writeln!(f, "  - {chance}"))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(sample) = &self.sample {
            writeln!(f, "{sample}")?;
        }
        write!(f, "{}", self.verdict)
    }
}

/// Rounded down: what is not certain is never 100 %.
fn percent(share: f64) -> String {
    // A whole number of thousandths may be stored as slightly less.
    let thousandths = (share * 1_000.0 + 1e-6).floor();
    format!("{:.1} %", if share < 1.0 { thousandths.min(999.0) } else { thousandths } / 10.0)
}

const CERTAIN: f64 = 0.95;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_wrong_ones_are_those_that_are_just_found() {
        for (population, drawn) in [(1, 1), (20, 19), (20, 20), (400, 30), (1_000_000, 300), (1_000_000, 3_000)] {
            let Chance { wrong, probability, .. } = certain(population, drawn).unwrap();
            assert!(
                probability >= CERTAIN && odds(population, wrong - 1, drawn) < CERTAIN,
                "{population} {drawn}: {wrong}"
            );
        }
        assert_eq!(certain(0, 0), None);
        assert_eq!(certain(1_000_000, 3_000).unwrap().wrong, 997);
        assert_eq!(certain(400, 400).unwrap().wrong, 1);
    }

    #[test]
    fn odds_in_words_are_never_better_than_they_are() {
        let words: Vec<_> = table(1_000_000, 300).iter().map(ToString::to_string).collect();
        assert_eq!(
            words,
            [
                "100000 tokens wrong (10.0 %): found with 99.9 %",
                "10000 tokens wrong (1.0 %): found with 95.0 %",
                "1000 tokens wrong (0.1 %): found with 25.9 %",
            ]
        );
        assert_eq!(table(5, 5).last().unwrap().to_string(), "1 token wrong (20.0 %): found with 100.0 %");
        assert!(table(0, 0).is_empty());
    }
}
