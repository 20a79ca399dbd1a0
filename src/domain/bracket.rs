//! Age brackets: what a forum learns in place of an age (`specs/claims.md`, `age_bracket`).
//!
//! The bracket is that of the age *reached in the calendar year*, so it changes on 1 January for everybody: one that
//! changed on a birthday would tell the birthday. The table of brackets is published under a version. A forum may ask
//! for a coarser table, whose brackets are neighbours of the published one run together, never for a finer one.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A range of ages, both ends included: `Y_LT18` (under 18), `Y30-39`, `Y_GE80` (80 and over).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgeBracket {
    youngest: u8,
    oldest: Option<u8>,
}

impl AgeBracket {
    pub const fn youngest(self) -> u8 {
        self.youngest
    }

    /// None when the bracket has no upper end.
    pub const fn oldest(self) -> Option<u8> {
        self.oldest
    }

    pub fn contains(self, age: u8) -> bool {
        self.youngest <= age && self.oldest.is_none_or(|oldest| age <= oldest)
    }

    /// Whether somebody born in that year is in this bracket in the calendar year `year`: by the age reached in it.
    pub fn holds(self, birth_year: i16, year: i16) -> bool {
        age_reached(birth_year, year).is_some_and(|age| self.contains(age))
    }

    /// The part after `age:` in the claim `groups`: `lt18`, `30-39`, `ge80`.
    pub fn group(self) -> String {
        self.to_string().trim_start_matches(['Y', '_']).to_ascii_lowercase()
    }
}

impl fmt::Display for AgeBracket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.youngest, self.oldest) {
            (0, Some(oldest)) => write!(f, "Y_LT{}", u16::from(oldest) + 1),
            (youngest, Some(oldest)) => write!(f, "Y{youngest}-{oldest}"),
            (youngest, None) => write!(f, "Y_GE{youngest}"),
        }
    }
}

impl FromStr for AgeBracket {
    type Err = BracketError;

    fn from_str(text: &str) -> Result<Self, BracketError> {
        let age = |digits: &str| digits.parse().ok().filter(|age| (1..=HIGHEST_AGE).contains(age));
        let read = || {
            if let Some(limit) = text.strip_prefix("Y_LT") {
                return age(limit).map(|limit: u8| Self { youngest: 0, oldest: Some(limit - 1) });
            }
            if let Some(youngest) = text.strip_prefix("Y_GE") {
                return age(youngest).map(|youngest| Self { youngest, oldest: None });
            }
            let (youngest, oldest) = text.strip_prefix('Y')?.split_once('-')?;
            let bracket = Self { youngest: age(youngest)?, oldest: Some(age(oldest)?) };
            bracket.oldest.is_some_and(|oldest| bracket.youngest <= oldest).then_some(bracket)
        };
        // One bracket has one spelling: no "Y030-039", no "Y+30-39".
        read().filter(|bracket| bracket.to_string() == text).ok_or(BracketError::NotABracket)
    }
}

impl TryFrom<String> for AgeBracket {
    type Error = BracketError;

    fn try_from(text: String) -> Result<Self, BracketError> {
        text.parse()
    }
}

impl From<AgeBracket> for String {
    fn from(bracket: AgeBracket) -> Self {
        bracket.to_string()
    }
}

/// A published table: every age is in exactly one of its brackets. As a document:
/// `{"version": "standard-1", "brackets": ["Y_LT18", "Y18-24", …, "Y_GE80"]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Document", into = "Document")]
pub struct BracketTable {
    version: String,
    brackets: Vec<AgeBracket>,
}

impl BracketTable {
    /// A table whose brackets follow each other from age 0 upwards.
    ///
    /// The version has 1 to 32 of `a-z`, `0-9`, `.` and `-`. A bracket spans at least five years: a narrower one would
    /// nearly tell the year of birth.
    pub fn new(version: &str, brackets: Vec<AgeBracket>) -> Result<Self, BracketError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
        if !(1..=32).contains(&version.len()) || !version.bytes().all(allowed) {
            return Err(BracketError::Version);
        }
        follow_each_other(&brackets)?;
        let narrow = |bracket: &&AgeBracket| bracket.oldest.is_some_and(|o| o - bracket.youngest + 1 < NARROWEST);
        match brackets.iter().find(narrow) {
            Some(bracket) => Err(BracketError::Narrow(*bracket)),
            None => Ok(Self { version: version.to_owned(), brackets }),
        }
    }

    pub fn version(&self) -> &str {
        &self.version
    }

    pub fn brackets(&self) -> &[AgeBracket] {
        &self.brackets
    }

    /// Every bracket that a forum may have asked for: each of this table, and each that neighbours run together make. One that
    /// holds every age says nothing, and has no spelling.
    pub fn runs(&self) -> impl Iterator<Item = AgeBracket> {
        let from = |(at, first): (usize, &AgeBracket)| {
            let youngest = first.youngest;
            self.brackets.iter().skip(at).map(move |last| AgeBracket { youngest, oldest: last.oldest })
        };
        self.brackets.iter().enumerate().flat_map(from).filter(|run| run.youngest > 0 || run.oldest.is_some())
    }

    /// The bracket of the age reached in the calendar year `year`. None before the year of birth.
    pub fn bracket(&self, birth_year: i16, year: i16) -> Option<AgeBracket> {
        let age = age_reached(birth_year, year)?;
        self.brackets.iter().copied().find(|bracket| bracket.contains(age))
    }

    /// The coarser table that a forum asks for: each of its brackets is one of this table, or several neighbours run
    /// together. It keeps this table's version, of which it tells no more.
    pub fn coarsen(&self, wanted: &[AgeBracket]) -> Result<Self, BracketError> {
        follow_each_other(wanted)?;
        let starts_here = |bracket: &AgeBracket| self.brackets.iter().any(|own| own.youngest == bracket.youngest);
        match wanted.iter().find(|bracket| !starts_here(bracket)) {
            Some(bracket) => Err(BracketError::Finer { bracket: *bracket, version: self.version.clone() }),
            None => Ok(Self { version: self.version.clone(), brackets: wanted.to_vec() }),
        }
    }
}

impl Default for BracketTable {
    /// `standard-1`: under 18, 18 to 24, 25 to 29, then tens, 80 and over.
    fn default() -> Self {
        let starts = [0, 18, 25, 30, 40, 50, 60, 70, 80];
        let ends = starts.iter().skip(1).map(|next| Some(next - 1)).chain([None]);
        let brackets = starts.iter().zip(ends).map(|(&youngest, oldest)| AgeBracket { youngest, oldest }).collect();
        Self { version: "standard-1".to_owned(), brackets }
    }
}

/// Why a bracket or a table of brackets was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BracketError {
    #[error("not an age bracket: write it as Y_LT18, Y30-39 or Y_GE80")]
    NotABracket,
    #[error("the version of a table of brackets has 1 to 32 of a-z, 0-9, '.' and '-'")]
    Version,
    #[error("the brackets leave out or repeat an age around {0}: begin with Y_LT…, end with Y_GE…, leave no gap")]
    Gap(u8),
    #[error("the bracket {0} spans less than {NARROWEST} years: join it with a neighbour")]
    Narrow(AgeBracket),
    #[error(
        "the bracket {bracket} would be finer than the published table {version}: begin it where one of that table begins"
    )]
    Finer { bracket: AgeBracket, version: String },
}

/// A table as it is written down.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: String,
    brackets: Vec<AgeBracket>,
}

impl TryFrom<Document> for BracketTable {
    type Error = BracketError;

    fn try_from(document: Document) -> Result<Self, BracketError> {
        Self::new(&document.version, document.brackets)
    }
}

impl From<BracketTable> for Document {
    fn from(table: BracketTable) -> Self {
        Self { version: table.version, brackets: table.brackets }
    }
}

/// Every age from 0 upwards is in exactly one bracket, and there are two at least.
fn follow_each_other(brackets: &[AgeBracket]) -> Result<(), BracketError> {
    let mut next = Some(0);
    for bracket in brackets {
        match next {
            Some(age) if age == bracket.youngest => next = bracket.oldest.map(|oldest| oldest + 1),
            _ => return Err(BracketError::Gap(bracket.youngest)),
        }
    }
    match (next, brackets.len()) {
        (None, 2..) => Ok(()),
        (age, _) => Err(BracketError::Gap(age.unwrap_or(0))),
    }
}

/// None before the year of birth. Whoever is over 255 is in the last bracket all the same.
fn age_reached(birth_year: i16, year: i16) -> Option<u8> {
    u8::try_from((i32::from(year) - i32::from(birth_year)).min(255)).ok()
}

const NARROWEST: u8 = 5;
const HIGHEST_AGE: u8 = 130;

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_set, prelude::*, sample::subsequence};

    use super::*;

    fn brackets(text: &str) -> Vec<AgeBracket> {
        text.split(' ').map(|bracket| bracket.parse().unwrap()).collect()
    }

    fn starting_at(starts: &[u8]) -> Vec<AgeBracket> {
        let ends = starts.iter().skip(1).map(|next| Some(next - 1)).chain([None]);
        starts.iter().zip(ends).map(|(&youngest, oldest)| AgeBracket { youngest, oldest }).collect()
    }

    #[test]
    fn what_a_forum_may_have_asked_for_is_every_run_of_neighbours() {
        let table = BracketTable::default();
        let runs: Vec<_> = table.runs().map(|run| run.to_string()).collect();
        assert_eq!((runs.len(), runs[0].as_str(), runs[43].as_str()), (44, "Y_LT18", "Y_GE80"));
        assert!(runs.iter().all(|run| run.parse::<AgeBracket>().is_ok()), "each has a spelling");
        assert!(["Y18-29", "Y_GE18", "Y_LT30", "Y30-39"].iter().all(|run| runs.contains(&(*run).to_owned())));
        assert!(!runs.contains(&"Y18-26".to_owned()));
    }

    #[test]
    fn the_standard_table_is_the_published_one() {
        let table = BracketTable::default();
        insta::assert_snapshot!(
            serde_json::to_string(&table).unwrap(),
            @r#"{"version":"standard-1","brackets":["Y_LT18","Y18-24","Y25-29","Y30-39","Y40-49","Y50-59","Y60-69","Y70-79","Y_GE80"]}"#
        );
        assert_eq!(BracketTable::new(&table.version, table.brackets.clone()), Ok(table));
    }

    #[test]
    fn the_public_reference_lists_the_standard_table() {
        let reference = include_str!("../../specs/claims.md");
        let table = BracketTable::default();
        assert!(reference.contains(&format!("The published table, version `{}`:", table.version())));
        let (_, after) = reference.split_once("| bracket | age reached in the year |").unwrap();
        let rows = after.lines().skip(2).map_while(|line| line.strip_prefix("| `")?.split_once('`'));
        let listed: Vec<AgeBracket> = rows.map(|(bracket, _)| bracket.parse().unwrap()).collect();
        assert_eq!(listed, table.brackets());
    }

    #[test]
    fn a_bracket_has_one_spelling() {
        for text in ["Y_LT18", "Y18-24", "Y_GE80", "Y30-30"] {
            assert_eq!(text.parse::<AgeBracket>().unwrap().to_string(), text);
        }
        let bad = [
            "", "Y", "30-39", "y30-39", "Y39-30", "Y030-39", "Y+30-39", "Y30-39 ", "Y0-17", "Y_LT0", "Y_GE0",
            "Y_GE131", "Y_LT999", "Y-1-4", "Y30–39",
        ];
        for text in bad {
            assert_eq!(text.parse::<AgeBracket>(), Err(BracketError::NotABracket), "{text}");
        }
    }

    #[test]
    fn groups_are_small_letters() {
        assert_eq!(
            ["Y_LT18", "Y30-39", "Y_GE80"].map(|b| b.parse::<AgeBracket>().unwrap().group()),
            ["lt18", "30-39", "ge80"]
        );
    }

    #[test]
    fn the_bracket_is_that_of_the_age_reached_in_the_year() {
        let bracket = |birth, year| BracketTable::default().bracket(birth, year).map(|b| b.to_string());
        assert_eq!(bracket(2008, 2025).as_deref(), Some("Y_LT18"));
        assert_eq!(bracket(2008, 2026).as_deref(), Some("Y18-24"));
        assert_eq!(bracket(1987, 2026).as_deref(), Some("Y30-39"));
        assert_eq!(bracket(1946, 2026).as_deref(), Some("Y_GE80"));
        assert_eq!(bracket(1, 2026).as_deref(), Some("Y_GE80"));
        assert_eq!(bracket(2026, 2026).as_deref(), Some("Y_LT18"));
        assert_eq!(bracket(2027, 2026), None);
        assert_eq!(bracket(i16::MIN, i16::MAX).as_deref(), Some("Y_GE80"));
    }

    #[test]
    fn a_table_leaves_no_age_out_and_no_age_twice() {
        let new = |text| BracketTable::new("t", brackets(text)).map(|_| ());
        assert_eq!(new("Y_LT18 Y_GE18"), Ok(()));
        for bad in [
            "Y_GE18",
            "Y_LT18",
            "Y_LT18 Y18-24",
            "Y18-24 Y_GE25",
            "Y_LT18 Y19-24 Y_GE25",
            "Y_LT18 Y17-24 Y_GE25",
            "Y_GE18 Y_LT18",
            "Y_LT18 Y_GE18 Y_GE18",
        ] {
            assert!(matches!(new(bad), Err(BracketError::Gap(_))), "{bad}");
        }
        assert_eq!(new("Y_LT18 Y18-21 Y_GE22"), Err(BracketError::Narrow("Y18-21".parse().unwrap())));
        for version in ["", "Standard", "a b", &"a".repeat(33)] {
            assert_eq!(BracketTable::new(version, brackets("Y_LT18 Y_GE18")), Err(BracketError::Version), "{version}");
        }
        assert!(serde_json::from_str::<BracketTable>(r#"{"version":"t","brackets":["Y_LT18"]}"#).is_err());
    }

    #[test]
    fn a_forum_may_ask_for_coarser_brackets_never_for_finer() {
        let table = BracketTable::default();
        let coarser = table.coarsen(&brackets("Y_LT18 Y18-29 Y30-59 Y_GE60")).unwrap();
        assert_eq!(
            (coarser.version(), coarser.bracket(1987, 2026).unwrap().to_string().as_str()),
            ("standard-1", "Y30-59")
        );
        assert_eq!(table.coarsen(table.brackets()).as_ref(), Ok(&table));
        let error = table.coarsen(&brackets("Y_LT18 Y18-34 Y_GE35")).unwrap_err();
        insta::assert_snapshot!(error, @"the bracket Y_GE35 would be finer than the published table standard-1: begin it where one of that table begins");
        assert!(matches!(table.coarsen(&brackets("Y18-24 Y_GE25")), Err(BracketError::Gap(18))));
        assert!(coarser.coarsen(table.brackets()).is_err());
    }

    proptest! {
        #[test]
        fn every_age_is_in_one_bracket_of_any_table(starts in btree_set(1_u8..=130, 1..8), age in 0_u8..=255) {
            let starts: Vec<u8> = [0].into_iter().chain(starts).collect();
            if let Ok(table) = BracketTable::new("t", starting_at(&starts)) {
                prop_assert_eq!(table.brackets().iter().filter(|bracket| bracket.contains(age)).count(), 1);
                let json = serde_json::to_string(&table).unwrap();
                prop_assert_eq!(serde_json::from_str::<BracketTable>(&json).unwrap(), table);
            }
        }

        #[test]
        fn a_coarser_bracket_holds_the_whole_published_one(
            kept in subsequence(vec![18_u8, 25, 30, 40, 50, 60, 70, 80], 1..=8), birth in 1900_i16..2026,
        ) {
            let table = BracketTable::default();
            let starts: Vec<u8> = [0].into_iter().chain(kept).collect();
            let coarse = table.coarsen(&starting_at(&starts)).unwrap().bracket(birth, 2026).unwrap();
            let fine = table.bracket(birth, 2026).unwrap();
            prop_assert!(coarse.holds(birth, 2026) && fine.holds(birth, 2026) && !fine.holds(2027, 2026));
            prop_assert!(coarse.contains(fine.youngest()) && coarse.contains(fine.oldest().unwrap_or(255)));
        }

        #[test]
        fn a_boundary_of_its_own_is_refused(start in 1_u8..=130) {
            let table = BracketTable::default();
            let own = table.brackets().iter().any(|bracket| bracket.youngest() == start);
            prop_assert_eq!(table.coarsen(&starting_at(&[0, start])).is_ok(), own);
        }
    }
}
