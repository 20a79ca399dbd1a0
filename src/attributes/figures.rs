//! What strangers are told of the crowds: enough to choose by what to ask for, too little to find out about one person.
//!
//! Whoever may ask for any choice of qualities, again and again, could subtract what is told before somebody's enrolment
//! from what is told after it. Hence (`specs/connect.md`, "The meter"):
//!
//! - Below [`FEWEST`] people nothing is told, so that one more or less moves any share by little.
//! - A choice is measured once a legal day and told unchanged until it ends, on any number of questions.
//! - The share is rounded to [`STEP`] per cent up or down by a draw, and the crowd told is that of somebody drawn from the
//!   middle of all. So the figures move by a step from day to day when nobody enrolled, and a step says nothing. The draw
//!   is a keyed hash of the day and the choice: the same on every node and after every restart, so that asking elsewhere
//!   gives no second one to take the average of.
//!
//! The number of choices kept is bounded, and so is the work: what is beyond the bound waits for the next day.

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
};

use jiff::civil::Date;
use serde::Serialize;

use super::{Attributes, Terms, meter::Meter};
use crate::{
    domain::{area::Level, bracket::AgeBracket, claim::Quality},
    store::StoreError,
};

/// How large crowds would be, roughly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Of a hundred people, how many would be in a crowd below `territory.smallest_crowd`: a multiple of ten.
    pub small: u64,
    /// The crowd of somebody in the middle.
    pub typical: CrowdSize,
}

/// To one significant digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrowdSize {
    /// Fewer than this.
    Below(u64),
    About(u64),
}

/// What was told on one day.
#[derive(Default)]
pub(super) struct Told {
    day: Date,
    of: HashMap<Choice, Option<Figures>>,
}

/// What is asked for; choices that show the same are the same.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
struct Choice {
    kinds: BTreeSet<Quality>,
    level: Option<Level>,
    brackets: Option<Vec<AgeBracket>>,
}

/// Two numbers from 0 to 1, without 1.
#[derive(Clone, Copy)]
struct Draw(f64, f64);

impl Attributes {
    /// The crowds of all enrolled people if a forum asked for these qualities. None while too few are enrolled, or when too
    /// many choices were asked about today.
    pub async fn figures(&self, kinds: &BTreeSet<Quality>, terms: &Terms) -> Result<Option<Figures>, StoreError> {
        let choice = Choice::of(kinds, terms);
        let today = self.today();
        // Held while it is measured: strangers wait for one another, and for nobody else.
        let mut told = self.0.told.lock().await;
        if told.day != today {
            *told = Told { day: today, of: HashMap::new() };
        }
        if let Some(figures) = told.of.get(&choice) {
            return Ok(*figures);
        }
        if told.of.len() >= MOST_CHOICES {
            return Ok(None);
        }
        let meter = self.measure(kinds, terms).await?;
        let figures = figures(&meter, self.smallest_crowd(), self.draw(&choice, today));
        told.of.insert(choice, figures);
        Ok(figures)
    }

    fn draw(&self, choice: &Choice, today: Date) -> Draw {
        let bytes = serde_json::to_vec(&(today.to_string(), choice)).unwrap_or_default();
        let tag = self.0.keyring.vault().tag("crowd-figures", &bytes);
        let part = |range: Range<usize>| {
            let bytes = tag.get(range).and_then(|part| part.try_into().ok()).unwrap_or_default();
            f64::from(u32::from_be_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
        };
        Draw(part(0..4), part(4..8))
    }
}

impl Choice {
    fn of(kinds: &BTreeSet<Quality>, terms: &Terms) -> Self {
        Self {
            kinds: kinds.clone(),
            level: Some(terms.residence_level).filter(|_| kinds.contains(&Quality::Residence)),
            brackets: terms.age_brackets.clone().filter(|_| kinds.contains(&Quality::AgeBracket)),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "shares of people: far below 2^52, never negative, and rough on purpose"
)]
fn figures(meter: &Meter, smallest: u64, draw: Draw) -> Option<Figures> {
    let people = meter.people();
    if people < FEWEST {
        return None;
    }
    let share = meter.in_crowds_below(smallest) as f64 * 100.0 / people as f64;
    let small = ((share / STEP + draw.0).floor() * STEP) as u64;
    let place = (people as f64 * (MIDDLE.start + draw.1 * (MIDDLE.end - MIDDLE.start))).ceil() as u64;
    let crowd = meter.crowd_at(place);
    let typical =
        if crowd < smallest { CrowdSize::Below(smallest) } else { CrowdSize::About(one_significant_digit(crowd)) };
    Some(Figures { small: small.min(100), typical })
}

/// Rounded down.
fn one_significant_digit(number: u64) -> u64 {
    let unit = 10_u64.pow(number.checked_ilog10().unwrap_or(0));
    number / unit * unit
}

/// With fewer people than this nothing is told. One enrolment moves at most itself and the ten whose crowd it fills up.
const FEWEST: u64 = 500;
/// Per cent.
const STEP: f64 = 10.0;
/// Whose crowd is told, of all people in a row by the size of their crowds.
const MIDDLE: Range<f64> = 0.4..0.6;
/// All that the page offers and what many forums registered besides.
const MOST_CHOICES: usize = 512;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::{
        attributes::tests::{OFFICE, World, facts, terms},
        domain::{
            ids::PersonId,
            quality::{Facts, Role, RoleKind, Sex},
        },
        store::persons::{self, Person},
    };

    /// A town with its suburbs and a few hamlets; most people are of an age, some of every other.
    async fn town(world: &World) {
        let communes = ["cog:38563", "cog:38563", "cog:38185", "cog:69123", "cog:35236", "cog:29155", "cog:38001"];
        let rows = (0..600_u16).map(|number| {
            let born = if number % 3 == 0 { 1_940 + number / 3 % 65 } else { 1_985 + number % 4 };
            let commune = communes[usize::from(number % 29 / 5 + number % 7 / 6)];
            let sex = Sex::ALL[usize::from(number % 4)];
            let until = jiff::civil::date(2027, 1, 1);
            let role = Role { kind: RoleKind::ALL[usize::from(number % 3)], authority: OFFICE, until };
            let roles = if number % 11 == 0 { vec![role] } else { Vec::new() };
            let known = Facts { sex, roles, ..facts(&format!(r#"{{"y":{born}}}"#), commune) };
            let [high, low] = number.to_be_bytes();
            row(world, PersonId::from_bytes([7, high, low, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), &known)
        });
        insert(world, rows.collect()).await;
    }

    fn row(world: &World, id: PersonId, facts: &Facts) -> Person {
        let now = world.ambient().now();
        Person {
            id,
            registrar_id: OFFICE,
            enrolled_on: now.day(),
            renew_by: now.day(),
            departed_on: None,
            facts: world.attributes.seal_facts(id, facts),
            identity: Vec::new(),
            version: 1,
            changed_at: now,
        }
    }

    async fn insert(world: &World, rows: Vec<Person>) {
        let added = world.store.write::<_, StoreError, _>(move |tx| {
            let rows = rows.clone();
            Box::pin(async move {
                for row in &rows {
                    persons::insert(tx, row).await?;
                }
                Ok(())
            })
        });
        added.await.unwrap();
        world.clock.advance(Duration::from_secs(2));
    }

    /// Every choice of qualities, at every level.
    fn choices() -> Vec<(BTreeSet<Quality>, Terms)> {
        let sets = (1_u8..32).map(|bits| {
            let is_in = |(place, _): &(usize, &Quality)| bits & 1 << place != 0;
            Quality::ALL.iter().enumerate().filter(is_in).map(|(_, quality)| *quality).collect::<BTreeSet<_>>()
        });
        sets.flat_map(|set| Level::ALL.map(|level| (set.clone(), terms(level)))).collect()
    }

    async fn all(attributes: &Attributes) -> Vec<Option<Figures>> {
        let mut told = Vec::new();
        for (kinds, terms) in choices() {
            told.push(attributes.figures(&kinds, &terms).await.unwrap());
        }
        told
    }

    /// Somebody whom a stranger would notice, were the figures exact: alone in a commune, with a role.
    fn conspicuous() -> Facts {
        let until = jiff::civil::date(2027, 1, 1);
        let role = Role { kind: RoleKind::Elected, authority: OFFICE, until };
        Facts { roles: vec![role], ..facts(r#"{"y":1930}"#, "cog:38133") }
    }

    const NEWCOMER: PersonId = PersonId::from_bytes([9; 16]);

    #[tokio::test]
    async fn a_stranger_who_asks_for_everything_before_and_after_one_enrolment_sees_only_rounding() {
        let world = World::new("2026-03-01T09:00:00Z").await;
        town(&world).await;
        let before = all(&world.attributes).await;
        assert!(before.iter().all(Option::is_some));
        insert(&world, vec![row(&world, NEWCOMER, &conspicuous())]).await;
        assert_eq!(
            all(&world.attributes).await,
            before,
            "on the node that was asked before, nothing moves until the day ends"
        );
        // A node that was not asked yet measures the newcomer with the same draw.
        let elsewhere = all(&world.other_node()).await;
        let moved = before.iter().zip(&elsewhere).filter(|(before, after)| before != after).count();
        for (before, after) in before.iter().zip(&elsewhere) {
            let (before, after) = (before.unwrap(), after.unwrap());
            assert!(before.small.abs_diff(after.small) <= 10, "{before:?} {after:?}");
        }
        // The next day moves more of them, although nobody enrolled: what moves tells nothing.
        world.clock.advance(Duration::from_hours(24));
        let next_day = all(&world.other_node()).await;
        let moved_by_itself = elsewhere.iter().zip(&next_day).filter(|(before, after)| before != after).count();
        assert!(moved * 3 < moved_by_itself, "{moved} by the newcomer, {moved_by_itself} by themselves");
    }

    #[tokio::test]
    async fn nothing_is_told_of_a_few_people_and_no_more_than_so_many_choices_a_day() {
        let world = World::new("2026-03-01T09:00:00Z").await;
        insert(&world, vec![row(&world, NEWCOMER, &conspicuous())]).await;
        let kinds = BTreeSet::from([Quality::Residence]);
        assert_eq!(world.attributes.figures(&kinds, &terms(Level::Country)).await.unwrap(), None);
        for youngest in 0..MOST_CHOICES + 5 {
            let brackets = vec![format!("Y_LT{}", youngest % 120 + 5).parse().unwrap(); youngest / 120 + 1];
            let terms = Terms { age_brackets: Some(brackets), ..terms(Level::Country) };
            world.attributes.figures(&BTreeSet::from([Quality::AgeBracket]), &terms).await.unwrap();
        }
        assert_eq!(world.attributes.0.told.lock().await.of.len(), MOST_CHOICES);
    }

    #[test]
    fn a_size_has_one_digit_that_counts() {
        assert_eq!([0, 9, 10, 19, 99, 100, 3_472].map(one_significant_digit), [0, 9, 10, 10, 90, 100, 3_000]);
    }

    proptest! {
        #[test]
        fn whoever_enrols_moves_the_share_by_a_step_at_most(
            sizes in vec(1_u64..40, 60..200), into in any::<prop::sample::Index>(), draw in (0.0..1.0, 0.0..1.0),
        ) {
            let told = |sizes: &[u64]| {
                let meter = Meter::new(sizes.iter().map(|size| (*size, *size)).collect());
                figures(&meter, 11, Draw(draw.0, draw.1))
            };
            let mut more = sizes.clone();
            more[into.index(sizes.len())] += 1;
            if let (Some(before), Some(after)) = (told(&sizes), told(&more)) {
                prop_assert!(before.small.abs_diff(after.small) <= 10);
                prop_assert!(before.small % 10 == 0 && before.small <= 100);
            }
        }
    }
}
