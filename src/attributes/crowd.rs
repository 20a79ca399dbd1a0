//! How many people share what is about to be shown, and what to show instead when they are too few.
//!
//! The counts come from an [`Index`] in memory, built from the sealed rows when it is first needed and kept current by
//! what changed since, on whichever node. A citizen waits for it only on a page that asks for consent.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    task::spawn_blocking,
};

use super::{
    Attributes, Terms,
    index::{Criteria, Index},
    meter::{self, Meter},
    open_facts, terms,
};
use crate::{
    domain::{
        ambient::Timestamp,
        area::{AreaCode, Areas, Level},
        claim::{Qualities, Quality},
        ids::PersonId,
        quality::Facts,
    },
    store::{StoreError, persons},
};

/// The people of whom the same is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// Enrolled and not departed, of whom everything is true that is shown; whoever asks is among them.
    pub people: u64,
    /// How many live in the area shown, enrolled or not; None when no area is shown.
    pub population: Option<u64>,
    /// Whether they are not below `territory.smallest_crowd`.
    pub enough: bool,
}

/// An area that may be told, and the crowd when it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    pub level: Level,
    pub area: AreaCode,
    pub crowd: Crowd,
}

/// What the page that asks for consent proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The finest first; none when no residence is asked for or known.
    pub offers: Vec<Offer>,
    /// The level to be preselected; the citizen may overrule.
    pub level: Option<Level>,
    /// Who shares all that is asked for, at that level.
    pub crowd: Crowd,
}

/// The index, and how far it has read.
pub(super) struct Crowds {
    /// Held for one look-up, for one pass over everybody, or for as long as rows are read.
    state: Arc<Mutex<State>>,
    /// A row was changed on this node: it is read at the next question, however soon.
    changed: AtomicBool,
}

struct State {
    index: Index,
    /// Every change committed a while before this time is in the index.
    read_until: Timestamp,
    asked_at: Option<Timestamp>,
}

impl Crowds {
    pub(super) fn new(areas: &'static Areas) -> Self {
        let state = State { index: Index::new(areas), read_until: Timestamp(i64::MIN), asked_at: None };
        Self { state: Arc::new(Mutex::new(state)), changed: AtomicBool::new(false) }
    }

    pub(super) fn changed(&self) {
        self.changed.store(true, Ordering::Release);
    }
}

impl Attributes {
    /// How many people share what is about to be shown. What another node changed counts after one second.
    pub async fn crowd(&self, shown: &Qualities) -> Result<Crowd, StoreError> {
        let state = self.current().await?;
        self.count(state, shown).await.map(|(crowd, _)| crowd)
    }

    /// The areas that may be told together with the other qualities that are asked for. Preselected is the finest whose
    /// crowd is large enough, or the coarsest; what the citizen chose `before` comes first only where it is no more
    /// telling than that.
    pub async fn propose(
        &self,
        facts: &Facts,
        terms: &Terms,
        asked: &BTreeSet<Quality>,
        before: Option<Level>,
    ) -> Result<Proposal, StoreError> {
        let mut state = self.current().await?;
        let mut offers: Vec<Offer> = Vec::new();
        for level in Level::ALL.into_iter().rev().filter(|level| *level <= terms.residence_level) {
            let terms = Terms { residence_level: level, ..terms.clone() };
            let shown = self.qualities(facts, &terms).only(asked);
            let known = |area: &AreaCode| offers.iter().any(|offer| offer.area == *area);
            let Some(area) = shown.residence.filter(|area| !known(area)) else { continue };
            let (crowd, unlocked) = self.count(state, &shown).await?;
            state = unlocked;
            offers.push(Offer { level, area, crowd });
        }
        let Some(offer) = preselected(&offers, before) else {
            let (crowd, _) = self.count(state, &self.qualities(facts, terms).only(asked)).await?;
            return Ok(Proposal { offers, level: None, crowd });
        };
        Ok(Proposal { level: Some(offer.level), crowd: offer.crowd, offers })
    }

    /// The exact crowds of all enrolled people when these qualities are shown: for [`super::figures`], which tells less.
    pub(super) async fn measure(&self, kinds: &BTreeSet<Quality>, terms: &Terms) -> Result<Meter, StoreError> {
        let state = self.current().await?;
        let (kinds, level, today) = (kinds.clone(), terms.residence_level, self.today());
        let table = terms::table(terms, self.brackets());
        let measure = move || meter::measure(&state.index, &kinds, level, table.as_ref(), today);
        spawn_blocking(measure).await.map_err(|_| STOPPING)
    }

    /// Reads what changed, so that nobody has to wait for it: for the start of the process. The first time it opens
    /// every row.
    pub async fn read_crowds(&self) -> Result<(), StoreError> {
        self.current().await.map(drop)
    }

    async fn count(&self, mut state: Locked, shown: &Qualities) -> Result<(Crowd, Locked), StoreError> {
        let (criteria, area, today) = (Criteria::of(shown), shown.residence, self.today());
        // A pass over a million people takes too long to do between other people's requests.
        if !state.index.has_counted(criteria, today) {
            let count = move || {
                state.index.count(criteria, area, today);
                state
            };
            state = spawn_blocking(count).await.map_err(|_| STOPPING)?;
        }
        let people = state.index.count(criteria, area, today);
        let population = area.map(|area| self.areas().get(area).map_or(0, |area| area.population));
        Ok((Crowd { people, population, enough: people >= self.smallest_crowd() }, state))
    }

    /// The index with all changes that are to be seen now.
    async fn current(&self) -> Result<Locked, StoreError> {
        let mut state = self.0.crowds.state.clone().lock_owned().await;
        let now = self.0.ambient.now();
        let changed_here = self.0.crowds.changed.swap(false, Ordering::AcqRel);
        let recent = |asked: Timestamp| asked <= now && now.since(asked) < BETWEEN_READINGS;
        if changed_here || !state.asked_at.is_some_and(recent) {
            self.read_changes(&mut state).await.inspect_err(|_| {
                self.0.crowds.changed();
            })?;
            state.asked_at = Some(now);
            state.read_until = now;
        }
        Ok(state)
    }

    /// Reads page by page. A caller who gives up in the middle leaves the pages read so far.
    async fn read_changes(&self, state: &mut State) -> Result<(), StoreError> {
        let mut since = state.read_until.minus(OVERLAP);
        let mut after = persons::FIRST;
        loop {
            let page = self.0.store.read::<_, StoreError, _>(move |tx| {
                Box::pin(async move { persons::changed_since(tx, since, after, PAGE).await })
            });
            let mut rows = page.await?;
            let is_last = rows.len() < PAGE as usize;
            if let Some(last) = rows.last() {
                (since, after) = (last.changed_at, last.id);
            }
            rows.retain(|row| state.index.lacks(row.id, row.version));
            for (person, version, facts) in self.opened(rows).await? {
                state.index.put(person, version, facts.as_ref());
            }
            if is_last {
                return Ok(());
            }
            state.read_until = since;
        }
    }

    /// Opens rows away from the threads that serve requests.
    async fn opened(&self, rows: Vec<persons::FactsRow>) -> Result<Vec<(PersonId, i64, Option<Facts>)>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let keyring = self.0.keyring.clone();
        let open = move |row: persons::FactsRow| {
            let facts = (!row.departed).then(|| open_facts(&keyring.vault(), row.id, &row.facts).ok()).flatten();
            if facts.is_none() && !row.departed {
                // One broken row must not take every page that asks for consent down: it makes a crowd smaller.
                tracing::error!("a person's facts do not open: the person is left out of every crowd");
            }
            (row.id, row.version, facts)
        };
        spawn_blocking(move || rows.into_iter().map(open).collect()).await.map_err(|_| STOPPING)
    }
}

/// Of areas from the finest to the coarsest.
fn preselected(offers: &[Offer], before: Option<Level>) -> Option<Offer> {
    let proposed = offers.iter().position(|offer| offer.crowd.enough).or(offers.len().checked_sub(1))?;
    // Where the same area stands for several levels, it is offered at the finest of them.
    let chosen = before.and_then(|before| offers.iter().rposition(|offer| offer.level >= before));
    let kept =
        chosen.filter(|chosen| *chosen >= proposed || offers.get(*chosen).is_some_and(|offer| offer.crowd.enough));
    offers.get(kept.unwrap_or(proposed)).copied()
}

type Locked = OwnedMutexGuard<State>;

/// At most this often the database is asked what changed.
const BETWEEN_READINGS: Duration = Duration::from_secs(1);
/// A change is read although its time lies this much back: clocks of nodes differ, and a transaction takes its time.
const OVERLAP: Duration = Duration::from_secs(20);
const PAGE: u32 = 2_000;
const STOPPING: StoreError = StoreError::Unavailable("shutting down");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        attributes::tests::{World, code, facts, terms},
        domain::quality::Sex,
    };

    const VOIRON: &str = "cog:38563";
    const GRENOBLE: &str = "cog:38185";
    const LYON: &str = "cog:69123";
    const BORN_1990: &str = r#"{"y":1990}"#;

    async fn people(attributes: &Attributes, known: &Facts, level: Level) -> u64 {
        attributes.crowd(&attributes.qualities(known, &terms(level))).await.unwrap().people
    }

    #[tokio::test]
    async fn who_asks_is_counted_who_departed_is_not_and_who_moved_is_counted_there() {
        let mut world = World::new("2026-03-01T12:00:00Z").await;
        let (here, there) = (facts(BORN_1990, VOIRON), facts(BORN_1990, GRENOBLE));
        let one = world.enrol(&here).await;
        let crowd = world.attributes.crowd(&world.attributes.qualities(&here, &terms(Level::Commune))).await.unwrap();
        assert_eq!((crowd.people, crowd.enough), (1, false));
        assert_eq!(crowd.population, world.attributes.areas().get(code(VOIRON)).map(|area| area.population));
        let two = world.enrol(&here).await;
        world.clock.advance(BETWEEN_READINGS);
        assert_eq!(people(&world.attributes, &here, Level::Commune).await, 2);
        world.becomes(two, &there).await;
        world.clock.advance(BETWEEN_READINGS);
        assert_eq!(people(&world.attributes, &here, Level::Commune).await, 1);
        assert_eq!(people(&world.attributes, &there, Level::Commune).await, 1);
        assert_eq!(people(&world.attributes, &there, Level::Department).await, 2);
        world.departs(one).await;
        world.attributes.forget(one);
        assert_eq!(people(&world.attributes, &here, Level::Commune).await, 0);
        assert_eq!(people(&world.attributes, &there, Level::Department).await, 1);
    }

    #[tokio::test]
    async fn what_another_node_enrolled_late_appears_although_its_clock_is_behind() {
        let mut world = World::new("2026-03-01T12:00:00Z").await;
        let known = facts(BORN_1990, VOIRON);
        assert_eq!(people(&world.attributes, &known, Level::Commune).await, 0);
        world.clock.set(Timestamp(world.attributes.0.ambient.now().0 - 2_000));
        world.enrol(&known).await;
        world.clock.advance(Duration::from_secs(3));
        assert_eq!(people(&world.attributes, &known, Level::Commune).await, 1);
        assert_eq!(people(&world.other_node(), &known, Level::Commune).await, 1);
    }

    #[tokio::test]
    async fn a_second_passes_before_the_rows_are_read_again() {
        let mut world = World::new("2026-03-01T12:00:00Z").await;
        let known = facts(BORN_1990, VOIRON);
        world.attributes.read_crowds().await.unwrap();
        world.enrol(&known).await;
        world.clock.advance(Duration::from_millis(999));
        assert_eq!(people(&world.attributes, &known, Level::Commune).await, 0);
        world.clock.advance(Duration::from_millis(1));
        assert_eq!(people(&world.attributes, &known, Level::Commune).await, 1);
    }

    #[tokio::test]
    async fn what_is_not_shown_is_not_compared() {
        let mut world = World::new("2026-03-01T12:00:00Z").await;
        let woman = Facts { sex: Sex::Female, ..facts(BORN_1990, VOIRON) };
        let man = Facts { sex: Sex::Male, ..facts(r#"{"y":1950}"#, VOIRON) };
        world.enrol(&woman).await;
        world.enrol(&man).await;
        let shown = world.attributes.qualities(&woman, &terms(Level::Commune));
        for (kinds, people) in [
            (vec![], 2),
            (vec![Quality::Residence], 2),
            (vec![Quality::Residence, Quality::AgeOver18], 2),
            (vec![Quality::Sex], 1),
            (vec![Quality::AgeBracket], 1),
        ] {
            let told = shown.only(&kinds.iter().copied().collect());
            assert_eq!(world.attributes.crowd(&told).await.unwrap().people, people, "{kinds:?}");
        }
    }

    #[tokio::test]
    async fn a_row_that_does_not_open_is_in_no_crowd_and_breaks_none() {
        let mut world = World::new("2026-03-01T12:00:00Z").await;
        let known = facts(BORN_1990, VOIRON);
        let broken = world.enrol(&known).await;
        world.enrol(&known).await;
        world.change(broken, |row| row.facts = b"broken".to_vec()).await;
        assert_eq!(people(&world.attributes, &known, Level::Commune).await, 1);
    }

    #[tokio::test]
    async fn a_coarser_area_is_proposed_until_enough_people_share_it() {
        let mut world = World::new("2026-03-01T12:00:00Z").await;
        let known = facts(BORN_1990, VOIRON);
        for (commune, people) in [(VOIRON, 4), (GRENOBLE, 6), (LYON, 1)] {
            for _ in 0..people {
                world.enrol(&facts(BORN_1990, commune)).await;
            }
        }
        let all = Quality::ALL.into();
        let proposal = world.attributes.propose(&known, &terms(Level::Commune), &all, None).await.unwrap();
        let offered = proposal.offers.iter().map(|offer| (offer.level, offer.crowd.people, offer.crowd.enough));
        let expected = [
            (Level::Commune, 4, false),
            (Level::Intercommunal, 4, false),
            (Level::Department, 10, false),
            (Level::Region, 11, true),
            (Level::Country, 11, true),
        ];
        assert!(offered.eq(expected), "{:?}", proposal.offers);
        assert_eq!((proposal.level, proposal.crowd.people), (Some(Level::Region), 11));
        let proposal = world.attributes.propose(&known, &terms(Level::Region), &all, None).await.unwrap();
        assert_eq!((proposal.level, proposal.offers.len()), (Some(Level::Region), 2), "none finer than registered");
    }

    #[tokio::test]
    async fn the_level_chosen_before_is_proposed_again_unless_it_would_be_too_telling() {
        let mut world = World::new("2026-03-01T12:00:00Z").await;
        for (commune, people) in [(VOIRON, 1), (GRENOBLE, 11)] {
            for _ in 0..people {
                world.enrol(&facts(BORN_1990, commune)).await;
            }
        }
        let all = Quality::ALL.into();
        for (commune, before, proposed) in [
            (GRENOBLE, Level::Commune, Level::Commune),
            (GRENOBLE, Level::Region, Level::Region),
            (VOIRON, Level::Commune, Level::Department),
            (VOIRON, Level::Country, Level::Country),
        ] {
            let known = facts(BORN_1990, commune);
            let terms = terms(Level::Commune);
            let proposal = world.attributes.propose(&known, &terms, &all, Some(before)).await.unwrap();
            assert_eq!(proposal.level, Some(proposed), "{commune} {before}");
        }
        let coarser = terms(Level::Department);
        let known = facts(BORN_1990, GRENOBLE);
        let proposal = world.attributes.propose(&known, &coarser, &all, Some(Level::Commune)).await.unwrap();
        assert_eq!(proposal.level, Some(Level::Department), "a forum that asks for less now is told less");
    }

    #[tokio::test]
    async fn the_country_is_proposed_when_nothing_is_enough_and_nothing_when_no_area_is_shown() {
        let mut world = World::new("2026-03-01T12:00:00Z").await;
        let known = facts(BORN_1990, VOIRON);
        world.enrol(&known).await;
        let terms = terms(Level::Commune);
        let proposal = world.attributes.propose(&known, &terms, &Quality::ALL.into(), None).await.unwrap();
        assert_eq!((proposal.level, proposal.crowd.people), (Some(Level::Country), 1));
        let age = [Quality::AgeBracket].into();
        let proposal = world.attributes.propose(&known, &terms, &age, Some(Level::Commune)).await.unwrap();
        assert!(proposal.level.is_none() && proposal.offers.is_empty());
        assert!(!proposal.crowd.enough && proposal.crowd.population.is_none());
    }

    #[tokio::test]
    async fn the_meter_counts_how_many_would_be_in_a_small_crowd() {
        let mut world = World::new("2026-03-01T12:00:00Z").await;
        for (commune, people) in [(VOIRON, 12), (LYON, 2)] {
            for _ in 0..people {
                world.enrol(&facts(BORN_1990, commune)).await;
            }
        }
        let kinds = [Quality::Residence, Quality::AgeBracket].into();
        let meter = world.attributes.measure(&kinds, &terms(Level::Department)).await.unwrap();
        assert_eq!((meter.people(), meter.in_crowds_below(11), meter.crowd_at(7)), (14, 2, 12));
        let meter = world.attributes.measure(&kinds, &terms(Level::Region)).await.unwrap();
        assert_eq!((meter.people(), meter.in_crowds_below(11), meter.crowd_at(7)), (14, 0, 14));
    }
}
