//! From facts to qualities: brackets in place of birth, areas in place of a commune, and how many people share them.
//!
//! What leaves this module are domain types at the fineness that a forum is registered for and a citizen agreed to
//! ([`Terms`]); the facts themselves stay in sealed rows and in this process.

mod cache;
mod crowd;
mod figures;
mod index;
mod meter;
mod row;
mod settle;
mod standing;
mod terms;

use std::sync::Arc;

use jiff::civil::Date;

use self::{cache::Cache, crowd::Crowds, figures::Told};
pub use self::{
    crowd::{Crowd, Offer, Proposal},
    figures::{CrowdSize, Figures},
    row::{open_facts, seal_facts},
    settle::Settled,
    standing::Standing,
    terms::Terms,
};
use crate::{
    domain::{
        age::LegalCalendar,
        ambient::{Ambient, Timestamp},
        area::{AreaCode, Areas, Level},
        bracket::BracketTable,
        claim::Qualities,
        ids::PersonId,
        quality::Facts,
    },
    keyring::Keyring,
    store::{Store, StoreError, persons},
};

/// Tells what may be told of a person. Cheap to clone.
#[derive(Clone)]
pub struct Attributes(Arc<Inner>);

struct Inner {
    store: Store,
    keyring: Arc<Keyring>,
    areas: &'static Areas,
    calendar: LegalCalendar,
    table: BracketTable,
    smallest_crowd: u64,
    ambient: Ambient,
    cache: Cache,
    crowds: Crowds,
    told: tokio::sync::Mutex<Told>,
}

impl Attributes {
    /// `areas` are read once for the life of the process: [`Areas::france`], or a leaked table from a file.
    pub fn new(
        store: Store,
        keyring: Arc<Keyring>,
        areas: &'static Areas,
        calendar: LegalCalendar,
        table: BracketTable,
        smallest_crowd: u64,
        ambient: Ambient,
    ) -> Self {
        let (cache, crowds, told) = (Cache::default(), Crowds::new(areas), tokio::sync::Mutex::default());
        Self(Arc::new(Inner { store, keyring, areas, calendar, table, smallest_crowd, ambient, cache, crowds, told }))
    }

    /// What is known of an enrolled person; None of one who departed or never was. A change made on another node is
    /// seen after five seconds at most, one made on this node at once, see [`Attributes::forget`].
    pub async fn facts(&self, person: PersonId) -> Result<Option<Facts>, StoreError> {
        let now = self.0.ambient.now();
        let changes = match self.0.cache.find(person, now) {
            Ok(facts) => return Ok(Some(facts)),
            Err(changes) => changes,
        };
        let found =
            self.0.store.read::<_, StoreError, _>(move |tx| Box::pin(async move { persons::find(tx, person).await }));
        let Some(row) = found.await?.filter(|row| row.departed_on.is_none()) else { return Ok(None) };
        let facts = self.open_facts(person, &row.facts)?;
        self.0.cache.keep(person, &facts, now, changes);
        Ok(Some(facts))
    }

    /// To be called after a change of this person's row was committed on this node.
    pub fn forget(&self, person: PersonId) {
        self.0.cache.forget(person);
        self.0.crowds.changed();
    }

    /// Seals facts for the person's row, as [`seal_facts`].
    pub fn seal_facts(&self, person: PersonId, facts: &Facts) -> Vec<u8> {
        seal_facts(&self.0.keyring.vault(), person, facts, &mut self.0.ambient.rng())
    }

    /// Opens facts of the person's row, as [`open_facts`].
    pub fn open_facts(&self, person: PersonId, sealed: &[u8]) -> Result<Facts, StoreError> {
        open_facts(&self.0.keyring.vault(), person, sealed)
    }

    /// The qualities of a person on the present legal day, as fine as the terms allow. Roles are those held today; what
    /// is unknown is absent.
    pub fn qualities(&self, facts: &Facts, terms: &Terms) -> Qualities {
        terms::qualities(facts, terms, self.0.areas, &self.0.table, self.today())
    }

    /// The legal year in which the qualities are true: the claim `claims_as_of`.
    pub fn claims_as_of(&self) -> i16 {
        self.today().year()
    }

    /// The present legal day.
    pub fn today(&self) -> Date {
        self.legal_day(self.0.ambient.now())
    }

    /// The legal day of a moment.
    pub fn legal_day(&self, at: Timestamp) -> Date {
        self.0.calendar.today(at)
    }

    /// What people call an area: the claim `residence_label`. The code itself when the table does not have it.
    pub fn label(&self, area: AreaCode) -> String {
        self.0.areas.label(area).unwrap_or_else(|| area.to_string())
    }

    /// Every area that may be told of an inhabitant of the commune who agreed to this level, the finest first: what
    /// the claim `groups` holds.
    pub fn emittable(&self, agreed: Level, commune: AreaCode) -> Vec<AreaCode> {
        self.0.areas.emittable(agreed, commune).into_iter().map(|area| area.code).collect()
    }

    /// The table of areas, for pages that let a commune be chosen.
    pub fn areas(&self) -> &'static Areas {
        self.0.areas
    }

    /// The published table of brackets.
    pub fn brackets(&self) -> &BracketTable {
        &self.0.table
    }

    /// Fewer people than this who share what is shown are too few: `territory.smallest_crowd`.
    pub fn smallest_crowd(&self) -> u64 {
        self.0.smallest_crowd
    }
}

#[cfg(test)]
pub(crate) mod tests;
