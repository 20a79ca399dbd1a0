//! The crowds of everybody at once: what a choice of claims would do to the people who are enrolled.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::civil::Date;

use super::index::{Compact, Criteria, Index};
use crate::domain::{
    area::{AreaCode, Level},
    bracket::BracketTable,
    claim::Quality,
};

/// How large crowds would be, person by person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meter {
    /// Enrolled and not departed.
    pub people: u64,
    /// Those of them whose crowd is below `territory.smallest_crowd`.
    pub in_small_crowds: u64,
    /// Half of the people are in a crowd of this size or a smaller one; 0 when nobody is enrolled.
    pub median_crowd: u64,
}

impl Meter {
    /// The share of people in small crowds, in per cent, rounded up: a few are never told as none.
    pub fn percent_in_small_crowds(&self) -> u64 {
        (self.in_small_crowds * 100).div_ceil(self.people.max(1))
    }
}

/// What would be shown of one person.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Shown {
    criteria: Criteria,
    area: Option<AreaCode>,
}

/// Which members of [`Shown`] are present.
type Mask = [bool; 5];

impl Shown {
    fn mask(&self) -> Mask {
        let Criteria { age_bracket, age_over_18, sex, roles } = self.criteria;
        [age_bracket.is_some(), age_over_18.is_some(), sex.is_some(), roles.is_some(), self.area.is_some()]
    }

    /// Only these members; None when one of them is absent.
    fn only(&self, mask: Mask) -> Option<Self> {
        let all_present = mask.iter().zip(self.mask()).all(|(wanted, present)| present || !wanted);
        let Criteria { age_bracket, age_over_18, sex, roles } = self.criteria;
        let [has_bracket, has_over_18, has_sex, has_roles, has_area] = mask;
        let criteria = Criteria {
            age_bracket: age_bracket.filter(|_| has_bracket),
            age_over_18: age_over_18.filter(|_| has_over_18),
            sex: sex.filter(|_| has_sex),
            roles: roles.filter(|_| has_roles),
        };
        all_present.then_some(Self { criteria, area: self.area.filter(|_| has_area) })
    }
}

/// Measures every crowd. Who shows less than others (no role, sex unknown) is in the crowd of all who could show the same,
/// as [`Index::count`] counts.
pub(super) fn measure(
    index: &Index,
    kinds: &BTreeSet<Quality>,
    level: Level,
    table: Option<&BracketTable>,
    today: Date,
    smallest: u64,
) -> Meter {
    let areas: Vec<Option<AreaCode>> =
        index.communes().iter().map(|commune| index.areas.at(level, *commune).map(|area| area.code)).collect();
    let asked = |quality| kinds.contains(&quality);
    let shown = |person: &Compact| Shown {
        criteria: Criteria {
            age_bracket: table
                .filter(|_| asked(Quality::AgeBracket))
                .and_then(|table| table.bracket(person.birth.year(), today.year())),
            age_over_18: asked(Quality::AgeOver18).then(|| person.birth.over_18(today)),
            sex: Some(person.sex).filter(|sex| asked(Quality::Sex) && !sex.is_unknown()),
            roles: person.roles(today).filter(|_| asked(Quality::Roles)),
        },
        area: areas.get(person.commune as usize).copied().flatten().filter(|_| asked(Quality::Residence)),
    };
    let mut groups: HashMap<Shown, u64> = HashMap::new();
    for person in index.present() {
        *groups.entry(shown(person)).or_default() += 1;
    }
    summary(crowds(&groups), smallest)
}

/// The crowd of each group, and how many people are in the group.
fn crowds(groups: &HashMap<Shown, u64>) -> Vec<(u64, u64)> {
    let masks: HashSet<Mask> = groups.keys().map(Shown::mask).collect();
    let mut crowds = Vec::with_capacity(groups.len());
    for mask in masks {
        let mut sharing: HashMap<Shown, u64> = HashMap::new();
        for (shown, people) in groups {
            if let Some(shown) = shown.only(mask) {
                *sharing.entry(shown).or_default() += people;
            }
        }
        let of_mask = groups.iter().filter(|(shown, _)| shown.mask() == mask);
        crowds.extend(of_mask.map(|(shown, people)| (sharing.get(shown).copied().unwrap_or(0), *people)));
    }
    crowds
}

fn summary(mut crowds: Vec<(u64, u64)>, smallest: u64) -> Meter {
    crowds.sort_unstable();
    let people: u64 = crowds.iter().map(|(_, people)| people).sum();
    let small = crowds.iter().filter(|(crowd, _)| *crowd < smallest);
    let mut counted = 0;
    let median = crowds.iter().find(|(_, people_here)| {
        counted += people_here;
        counted * 2 >= people
    });
    Meter {
        people,
        in_small_crowds: small.map(|(_, people)| people).sum(),
        median_crowd: median.map_or(0, |(crowd, _)| *crowd),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_no_crowd() {
        let meter = summary(Vec::new(), 11);
        assert_eq!(meter, Meter { people: 0, in_small_crowds: 0, median_crowd: 0 });
        assert_eq!(meter.percent_in_small_crowds(), 0);
    }

    #[test]
    fn the_median_is_that_of_people_not_of_groups() {
        let meter = summary(vec![(20, 20), (1, 1), (2, 2), (3, 3)], 3);
        assert_eq!(meter, Meter { people: 26, in_small_crowds: 3, median_crowd: 20 });
        assert_eq!(summary(vec![(5, 5), (6, 6)], 3).median_crowd, 6);
        assert_eq!(summary(vec![(5, 5), (5, 5)], 3).median_crowd, 5);
    }
}
