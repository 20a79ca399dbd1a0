//! The crowds of everybody at once: what a choice of claims would do to the people who are enrolled. These are the exact
//! figures.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::civil::Date;

use super::index::{Compact, Criteria, Index};
use crate::domain::{
    area::{AreaCode, Level},
    bracket::BracketTable,
    claim::Quality,
};

/// Every crowd with the number of people who are in it and in no larger one that shows less, the smallest first. It is
/// exact, and stays in this module: what strangers are told is made of it by [`super::figures`].
pub(super) struct Meter(Vec<(u64, u64)>);

impl Meter {
    pub(super) fn new(mut crowds: Vec<(u64, u64)>) -> Self {
        crowds.sort_unstable();
        Self(crowds)
    }

    /// Enrolled and not departed.
    pub(super) fn people(&self) -> u64 {
        self.0.iter().map(|(_, people)| people).sum()
    }

    /// Those of them whose crowd is below this size.
    pub(super) fn in_crowds_below(&self, smallest: u64) -> u64 {
        self.0.iter().filter(|(crowd, _)| *crowd < smallest).map(|(_, people)| people).sum()
    }

    /// The crowd of the person at this place (from 1), where all stand in a row by the size of their crowds; 0 when nobody
    /// stands there.
    pub(super) fn crowd_at(&self, place: u64) -> u64 {
        let mut counted = 0;
        let found = self.0.iter().find(|(_, people)| {
            counted += people;
            counted >= place
        });
        found.map_or(0, |(crowd, _)| *crowd)
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
    Meter::new(crowds(&groups))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_no_crowd() {
        let meter = Meter::new(Vec::new());
        assert_eq!((meter.people(), meter.in_crowds_below(11), meter.crowd_at(1)), (0, 0, 0));
    }

    #[test]
    fn a_place_is_one_of_people_not_of_groups() {
        let meter = Meter::new(vec![(20, 20), (1, 1), (2, 2), (3, 3)]);
        assert_eq!((meter.people(), meter.in_crowds_below(3)), (26, 3));
        assert_eq!([1, 2, 3, 4, 13, 26, 27].map(|place| meter.crowd_at(place)), [1, 2, 2, 3, 20, 20, 0]);
    }
}
