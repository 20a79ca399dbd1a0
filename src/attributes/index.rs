//! Everybody who is enrolled, in a few bytes each, and counts of those of whom the same may be told.
//!
//! A count of one combination of age, sex and roles ([`Criteria`]) is made for all areas at once, by one pass over
//! everybody; from then on each change of a row changes the counts that it touches, until the legal day ends. So an
//! answer costs one look-up, whoever enrols meanwhile.

use std::collections::HashMap;

use jiff::civil::Date;

use crate::domain::{
    age::BirthFacts,
    area::{AreaCode, Areas},
    bracket::AgeBracket,
    claim::Qualities,
    ids::PersonId,
    quality::{Facts, RoleKind, Sex},
};

/// What is shown of somebody, without the area. What is absent is not compared.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Criteria {
    pub(super) age_bracket: Option<AgeBracket>,
    pub(super) age_over_18: Option<bool>,
    pub(super) sex: Option<Sex>,
    pub(super) roles: Option<Roles>,
}

/// Kinds of role, one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Roles(u8);

/// One person, as compact as a million of them need.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Compact {
    pub(super) birth: BirthFacts,
    pub(super) sex: Sex,
    /// The place in [`Index::communes`].
    pub(super) commune: u32,
    /// The last day of each kind of role; long ago for none.
    until: [Date; RoleKind::ALL.len()],
}

pub(super) struct Index {
    pub(super) areas: &'static Areas,
    people: Vec<Entry>,
    places: HashMap<PersonId, u32>,
    /// Every commune that somebody lives in.
    communes: Vec<AreaCode>,
    commune_places: HashMap<AreaCode, u32>,
    tallies: HashMap<Criteria, Tally>,
    /// The legal day of the tallies.
    today: Date,
}

struct Entry {
    version: i64,
    /// None of somebody who departed.
    known: Option<Compact>,
}

/// How many people of one combination live in each area.
#[derive(Default)]
struct Tally {
    everywhere: u64,
    areas: HashMap<AreaCode, u64>,
}

impl Criteria {
    pub(super) fn of(shown: &Qualities) -> Self {
        Self {
            age_bracket: shown.age_bracket,
            age_over_18: shown.age_over_18,
            sex: shown.sex,
            roles: Roles::of(&shown.roles),
        }
    }

    fn holds_of(self, person: &Compact, today: Date) -> bool {
        self.age_bracket.is_none_or(|bracket| bracket.holds(person.birth.year(), today.year()))
            && self.age_over_18.is_none_or(|over| person.birth.over_18(today) == over)
            && self.sex.is_none_or(|sex| person.sex == sex)
            && self.roles.is_none_or(|roles| person.roles(today) == Some(roles))
    }
}

impl Roles {
    /// None when there is none.
    fn of(kinds: &[RoleKind]) -> Option<Self> {
        let bits = kinds.iter().fold(0, |bits, kind| bits | 1 << (*kind as u8));
        (bits != 0).then_some(Self(bits))
    }
}

impl Compact {
    /// The kinds held on this day, None when there is none.
    pub(super) fn roles(&self, today: Date) -> Option<Roles> {
        let held = RoleKind::ALL.iter().zip(self.until).filter(|(_, until)| today <= *until);
        let bits = held.fold(0, |bits, (kind, _)| bits | 1 << (*kind as u8));
        (bits != 0).then_some(Roles(bits))
    }
}

impl Index {
    pub(super) fn new(areas: &'static Areas) -> Self {
        Self {
            areas,
            people: Vec::new(),
            places: HashMap::new(),
            communes: Vec::new(),
            commune_places: HashMap::new(),
            tallies: HashMap::new(),
            today: Date::MIN,
        }
    }

    /// Whether this version of the person's row is still to be put in.
    pub(super) fn lacks(&self, person: PersonId, version: i64) -> bool {
        self.entry(person).is_none_or(|entry| entry.version < version)
    }

    /// Puts in a version of a person's row; None for somebody who is not to be counted.
    pub(super) fn put(&mut self, person: PersonId, version: i64, facts: Option<&Facts>) {
        if !self.lacks(person, version) {
            return;
        }
        let before = self.entry(person).and_then(|entry| entry.known);
        let known = facts.map(|facts| self.compact(facts));
        if before != known {
            self.recount(before, false);
            self.recount(known, true);
        }
        let entry = Entry { version, known };
        if let Some(place) = self.places.get(&person).and_then(|place| self.people.get_mut(*place as usize)) {
            *place = entry;
        } else {
            // Four thousand million people are not enrolled in one place.
            self.places.insert(person, u32::try_from(self.people.len()).unwrap_or(u32::MAX));
            self.people.push(entry);
        }
    }

    /// Whether [`Index::count`] needs no pass over everybody.
    pub(super) fn has_counted(&self, criteria: Criteria, today: Date) -> bool {
        self.today == today && self.tallies.contains_key(&criteria)
    }

    /// How many people there are of whom this is true on this day: who live in the area, if one is given.
    pub(super) fn count(&mut self, criteria: Criteria, area: Option<AreaCode>, today: Date) -> u64 {
        if self.today != today || self.tallies.len() >= MOST_TALLIES && !self.tallies.contains_key(&criteria) {
            self.tallies.clear();
            self.today = today;
        }
        if !self.tallies.contains_key(&criteria) {
            let tally = self.tally(criteria);
            self.tallies.insert(criteria, tally);
        }
        let Some(tally) = self.tallies.get(&criteria) else { return 0 };
        area.map_or(tally.everywhere, |area| tally.areas.get(&area).copied().unwrap_or(0))
    }

    /// Everybody who is to be counted.
    pub(super) fn present(&self) -> impl Iterator<Item = &Compact> {
        self.people.iter().filter_map(|entry| entry.known.as_ref())
    }

    pub(super) fn communes(&self) -> &[AreaCode] {
        &self.communes
    }

    fn tally(&self, criteria: Criteria) -> Tally {
        let mut communes = vec![0_u64; self.communes.len()];
        let mut tally = Tally::default();
        for person in self.present().filter(|person| criteria.holds_of(person, self.today)) {
            tally.everywhere += 1;
            if let Some(count) = communes.get_mut(person.commune as usize) {
                *count += 1;
            }
        }
        for (commune, count) in self.communes.iter().zip(communes) {
            for area in self.areas.chain(*commune) {
                *tally.areas.entry(area.code).or_default() += count;
            }
        }
        tally
    }

    /// Adds a person to the tallies, or takes them out.
    fn recount(&mut self, person: Option<Compact>, in_or_out: bool) {
        let Some(person) = person else { return };
        let step = |count: &mut u64| *count = if in_or_out { *count + 1 } else { count.saturating_sub(1) };
        let commune = self.communes.get(person.commune as usize);
        let areas = commune.map(|commune| self.areas.chain(*commune)).unwrap_or_default();
        let touched = self.tallies.iter_mut().filter(|(criteria, _)| criteria.holds_of(&person, self.today));
        for (_, tally) in touched {
            step(&mut tally.everywhere);
            for area in &areas {
                step(tally.areas.entry(area.code).or_default());
            }
        }
    }

    fn compact(&mut self, facts: &Facts) -> Compact {
        let last_day = |kind| facts.roles.iter().filter(|role| role.kind == kind).map(|role| role.until).max();
        let until = RoleKind::ALL.map(|kind| last_day(kind).unwrap_or(Date::MIN));
        let next = u32::try_from(self.communes.len()).unwrap_or(u32::MAX);
        let commune = *self.commune_places.entry(facts.commune).or_insert(next);
        if commune == next {
            self.communes.push(facts.commune);
        }
        Compact { birth: facts.birth, sex: facts.sex, commune, until }
    }

    fn entry(&self, person: PersonId) -> Option<&Entry> {
        self.people.get(*self.places.get(&person)? as usize)
    }
}

/// More combinations than are asked about in one day of one service.
const MOST_TALLIES: usize = 256;

#[cfg(test)]
mod tests {
    use jiff::{ToSpan, civil::date};
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;
    use crate::{
        attributes::{
            Terms, meter,
            terms::qualities,
            tests::{OFFICE, code, facts},
        },
        domain::{area::Level, bracket::BracketTable, claim::Quality, quality::Role},
    };

    /// What happens to the rows, and what is asked.
    #[derive(Clone)]
    enum Act {
        /// Enrols, moves, changes: the row of this person is now this; None when they departed.
        Put(u8, Option<Facts>),
        Days(i8),
        /// How many share what this one shows under these terms?
        Ask(Facts, Terms, Vec<Quality>),
        Meter(Terms, Vec<Quality>),
    }

    impl std::fmt::Debug for Act {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            let json = |facts: &Facts| serde_json::to_string(facts).unwrap();
            match self {
                Self::Put(person, facts) => write!(f, "Put({person}, {:?})", facts.as_ref().map(json)),
                Self::Days(days) => write!(f, "Days({days})"),
                Self::Ask(facts, terms, kinds) => write!(f, "Ask({}, {terms:?}, {kinds:?})", json(facts)),
                Self::Meter(terms, kinds) => write!(f, "Meter({terms:?}, {kinds:?})"),
            }
        }
    }

    fn somebody() -> impl Strategy<Value = Facts> {
        let births =
            [r#"{"y":2010}"#, r#"{"y":2009,"m":[2027,1,2]}"#, r#"{"y":2008,"m":[2026,12,30]}"#, r#"{"y":2008}"#];
        let births = births.into_iter().chain([r#"{"y":2001}"#, r#"{"y":1996}"#, r#"{"y":1947}"#, r#"{"y":1946}"#]);
        // Two of one intercommunal body, one across départements, an island in none, one that the table does not have.
        let communes = ["cog:38563", "cog:38133", "cog:38185", "cog:35236", "cog:29155", "cog:99999"];
        let role = (select(RoleKind::ALL.to_vec()), 27_i8..=31).prop_map(|(kind, day)| Role {
            kind,
            authority: OFFICE,
            until: date(2026, 12, day),
        });
        let parts =
            (select(births.collect::<Vec<_>>()), select(communes.to_vec()), select(Sex::ALL.to_vec()), vec(role, 0..3));
        parts.prop_map(|(birth, commune, sex, roles)| Facts { sex, roles, ..facts(birth, commune) })
    }

    fn terms() -> impl Strategy<Value = Terms> {
        let coarse = ["Y_LT18", "Y18-29", "Y30-79", "Y_GE80"].map(|bracket| bracket.parse().unwrap()).to_vec();
        (select(Level::ALL.to_vec()), proptest::option::of(Just(coarse)))
            .prop_map(|(residence_level, age_brackets)| Terms { residence_level, age_brackets })
    }

    fn act() -> impl Strategy<Value = Act> {
        let kinds = || proptest::sample::subsequence(Quality::ALL.to_vec(), 0..=5);
        prop_oneof![
            6 => (0_u8..12, proptest::option::weighted(0.8, somebody())).prop_map(|(person, facts)| Act::Put(person, facts)),
            1 => (-1_i8..4).prop_map(Act::Days),
            6 => (somebody(), terms(), kinds()).prop_map(|(facts, terms, kinds)| Act::Ask(facts, terms, kinds)),
            1 => (terms(), kinds()).prop_map(|(terms, kinds)| Act::Meter(terms, kinds)),
        ]
    }

    /// Of how many all that is shown is true, told one by one from what the same forum would be told of each.
    fn recount<'a>(people: impl Iterator<Item = &'a Facts>, shown: &Qualities, terms: &Terms, today: Date) -> u64 {
        let (areas, table) = (Areas::france(), BracketTable::default());
        let shares = |facts: &&Facts| {
            let told = qualities(facts, terms, areas, &table, today);
            shown.age_bracket.is_none_or(|bracket| told.age_bracket == Some(bracket))
                && shown.age_over_18.is_none_or(|over| told.age_over_18 == Some(over))
                && shown.sex.is_none_or(|sex| told.sex == Some(sex))
                && (shown.roles.is_empty() || told.roles == shown.roles)
                && shown.residence.is_none_or(|area| areas.contains(area, facts.commune))
        };
        people.filter(shares).count() as u64
    }

    /// How many there are, how many of them are in crowds below four, and the crowd of each, the smallest first.
    fn recounted_meter(people: &[Facts], terms: &Terms, kinds: &[Quality], today: Date) -> (u64, u64, Vec<u64>) {
        let kinds = kinds.iter().copied().collect();
        let shown = |facts| qualities(facts, terms, Areas::france(), &BracketTable::default(), today).only(&kinds);
        let mut crowds: Vec<u64> =
            people.iter().map(|facts| recount(people.iter(), &shown(facts), terms, today)).collect();
        crowds.sort_unstable();
        (crowds.len() as u64, crowds.iter().filter(|crowd| **crowd < 4).count() as u64, crowds)
    }

    proptest! {
        #[test]
        fn the_counts_are_those_of_a_recount_whatever_happens(acts in vec(act(), 1..60)) {
            let mut index = Index::new(Areas::france());
            let mut people: HashMap<u8, Facts> = HashMap::new();
            let mut today = date(2026, 12, 28);
            for (version, act) in (1..).zip(acts) {
                match act {
                    Act::Put(person, facts) => {
                        index.put(PersonId::from_bytes([person; 16]), version, facts.as_ref());
                        match facts {
                            Some(facts) => people.insert(person, facts),
                            None => people.remove(&person),
                        };
                    }
                    Act::Days(days) => today = today.saturating_add(i32::from(days).days()),
                    Act::Ask(facts, terms, kinds) => {
                        let told = qualities(&facts, &terms, Areas::france(), &BracketTable::default(), today);
                        let shown = told.only(&kinds.into_iter().collect());
                        let count = index.count(Criteria::of(&shown), shown.residence, today);
                        prop_assert_eq!(count, recount(people.values(), &shown, &terms, today));
                    }
                    Act::Meter(terms, kinds) => {
                        let table = crate::attributes::terms::table(&terms, &BracketTable::default());
                        let set = kinds.iter().copied().collect();
                        let meter = meter::measure(&index, &set, terms.residence_level, table.as_ref(), today);
                        let crowds = (1..=meter.people()).map(|place| meter.crowd_at(place)).collect();
                        let meter = (meter.people(), meter.in_crowds_below(4), crowds);
                        let people: Vec<Facts> = people.values().cloned().collect();
                        prop_assert_eq!(meter, recounted_meter(&people, &terms, &kinds, today));
                    }
                }
            }
        }

        #[test]
        fn a_coarser_level_never_tells_a_finer_area_nor_a_smaller_crowd(
            people in vec(somebody(), 1..20), finer in select(Level::ALL.to_vec()), coarser in select(Level::ALL.to_vec()),
        ) {
            prop_assume!(coarser <= finer);
            let mut index = Index::new(Areas::france());
            for (number, facts) in (0..).zip(&people) {
                index.put(PersonId::from_bytes([number; 16]), 1, Some(facts));
            }
            let (areas, today) = (Areas::france(), date(2026, 12, 28));
            for facts in &people {
                let fine = areas.at(finer, facts.commune).map(|area| area.code);
                let coarse = areas.at(coarser, facts.commune).map(|area| area.code);
                let mut count = |area| index.count(Criteria::default(), area, today);
                let (small, large) = (count(fine), count(coarse));
                prop_assert!(small >= 1 && (small <= large || !areas.contains(coarse.unwrap(), fine.unwrap())));
                prop_assert!(coarse.is_none_or(|area| areas.get(area).unwrap().level <= coarser));
            }
        }
    }

    #[test]
    fn an_older_version_of_a_row_changes_nothing() {
        let mut index = Index::new(Areas::france());
        let person = PersonId::from_bytes([1; 16]);
        index.put(person, 2, Some(&facts(r#"{"y":1990}"#, "cog:38563")));
        index.put(person, 1, None);
        let count = index.count(Criteria::default(), Some(code("FR-38")), date(2026, 12, 28));
        assert_eq!((count, index.lacks(person, 2), index.lacks(person, 3)), (1, false, true));
    }

    #[test]
    fn a_person_takes_no_more_room_than_a_million_of_them_allow() {
        assert!(size_of::<Entry>() <= 48, "{}", size_of::<Entry>());
    }
}
