//! The rules by which facts become qualities, on a frozen clock.

use std::{sync::Arc, time::Duration};

use jiff::civil::date;
use rand::rngs::StdRng;

use super::*;
use crate::{
    domain::{
        age::{BirthFacts, LeapDay},
        ambient::{Clock, FrozenClock, SeededEntropy, Timestamp},
        bracket::AgeBracket,
        ids::RegistrarId,
        quality::{Role, RoleKind, Sex},
    },
    keyring::Purpose,
    store::{persons::Person, registrars},
};

/// An instance of its own: a database, keys, a clock that stands still.
pub(crate) struct World {
    data: tempfile::TempDir,
    pub(crate) clock: Arc<FrozenClock>,
    pub(crate) store: Store,
    pub(crate) attributes: Attributes,
    rng: StdRng,
}

impl World {
    pub(crate) async fn new(now: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let now = at(now);
        let clock = Arc::new(FrozenClock::new(now));
        let ambient = Ambient::new(clock.clone(), Arc::new(SeededEntropy::new(7)));
        let mut rng = ambient.rng();
        let keys = data.path().join("keys");
        let algorithms: Vec<_> = serde_json::from_str(r#"["EdDSA"]"#).unwrap();
        let keyring = Keyring::create(&keys, Purpose::Service, &algorithms, None, &mut rng, now).unwrap();
        let store = Store::sqlite(&data.path().join("heteronym.db")).await.unwrap();
        let office = registrars::Registrar {
            id: OFFICE,
            name: "Mairie de Voiron".to_owned(),
            area: "cog:38563".to_owned(),
            created_on: now,
            disabled_at: None,
        };
        let added =
            store.write::<_, StoreError, _>(move |tx| Box::pin(async move { registrars::insert(tx, &office).await }));
        added.await.unwrap();
        let attributes = Self::node(&store, Arc::new(keyring), ambient);
        Self { data, clock, store, attributes, rng }
    }

    /// One more process over the same database.
    pub(crate) fn other_node(&self) -> Attributes {
        Self::node(&self.store, self.attributes.0.keyring.clone(), self.attributes.0.ambient.clone())
    }

    pub(crate) fn directory(&self) -> &std::path::Path {
        self.data.path()
    }

    pub(crate) fn ambient(&self) -> Ambient {
        self.attributes.0.ambient.clone()
    }

    pub(crate) fn keyring(&self) -> Arc<Keyring> {
        self.attributes.0.keyring.clone()
    }

    fn node(store: &Store, keyring: Arc<Keyring>, ambient: Ambient) -> Attributes {
        let calendar = LegalCalendar::new("Europe/Paris", LeapDay::default()).unwrap();
        Attributes::new(store.clone(), keyring, Areas::france(), calendar, BracketTable::default(), 11, ambient)
    }

    pub(crate) async fn enrol(&mut self, facts: &Facts) -> PersonId {
        let now = self.clock.now();
        let id = PersonId::generate(&mut self.rng);
        let person = Person {
            id,
            registrar_id: OFFICE,
            enrolled_on: now.day(),
            renew_by: now.plus(Duration::from_hours(10 * 365 * 24)).day(),
            departed_on: None,
            facts: self.attributes.seal_facts(id, facts),
            identity: Vec::new(),
            version: 1,
            changed_at: now,
        };
        let enrolled =
            self.store.write::<_, StoreError, _>(move |tx| Box::pin(async move { persons::insert(tx, &person).await }));
        enrolled.await.unwrap();
        id
    }

    pub(crate) async fn row(&self, person: PersonId) -> Person {
        let found =
            self.store.read::<_, StoreError, _>(move |tx| Box::pin(async move { persons::find(tx, person).await }));
        found.await.unwrap().unwrap()
    }

    /// Changes a row as the counter would, without telling this node.
    pub(crate) async fn change(&self, person: PersonId, change: impl FnOnce(&mut Person)) {
        let mut row = self.row(person).await;
        change(&mut row);
        row.changed_at = self.clock.now();
        let changed =
            self.store.write::<_, StoreError, _>(move |tx| Box::pin(async move { persons::update(tx, &row).await }));
        assert!(changed.await.unwrap());
    }

    pub(crate) async fn departs(&self, person: PersonId) {
        let today = self.clock.now().day();
        self.change(person, |row| row.departed_on = Some(today)).await;
    }

    pub(crate) async fn becomes(&self, person: PersonId, facts: &Facts) {
        let sealed = self.attributes.seal_facts(person, facts);
        self.change(person, |row| row.facts = sealed).await;
    }
}

pub(crate) const OFFICE: RegistrarId = RegistrarId::from_bytes([9; 16]);

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

pub(crate) fn code(text: &str) -> AreaCode {
    text.parse().unwrap()
}

/// Somebody whose birth is told by JSON: `{"y":1990}`, `{"y":2008,"m":[2026,5,17]}`.
pub(crate) fn facts(birth: &str, commune: &str) -> Facts {
    let birth: BirthFacts = serde_json::from_str(birth).unwrap();
    let partial_name = "Camille D.".parse().unwrap();
    Facts { birth, commune: code(commune), sex: Sex::NotKnown, partial_name, roles: Vec::new() }
}

pub(crate) fn terms(level: Level) -> Terms {
    Terms { residence_level: level, age_brackets: None }
}

fn brackets(text: &str) -> Vec<AgeBracket> {
    text.split(' ').map(|bracket| bracket.parse().unwrap()).collect()
}

#[tokio::test]
async fn facts_come_back_as_they_were_sealed_and_only_in_their_own_row() {
    let mut world = World::new("2026-03-01T12:00:00Z").await;
    let mut known = facts(r#"{"y":2010,"m":[2028,6,1]}"#, "cog:38563");
    known.grant(Role { kind: RoleKind::Agent, authority: OFFICE, until: date(2027, 1, 1) });
    let person = world.enrol(&known).await;
    assert!(world.attributes.facts(person).await.unwrap() == Some(known.clone()));
    let plain = facts(r#"{"y":1960}"#, "cog:1001");
    let (one, two) = (world.attributes.seal_facts(person, &known), world.attributes.seal_facts(person, &plain));
    assert_eq!(one.len(), two.len());
    assert!(world.attributes.open_facts(PersonId::from_bytes([1; 16]), &one).is_err());
}

#[tokio::test]
async fn who_departed_or_never_was_has_no_facts() {
    let mut world = World::new("2026-03-01T12:00:00Z").await;
    let person = world.enrol(&facts(r#"{"y":1990}"#, "cog:38563")).await;
    world.departs(person).await;
    assert!(world.attributes.facts(person).await.unwrap().is_none());
    assert!(world.attributes.facts(PersonId::from_bytes([1; 16])).await.unwrap().is_none());
}

#[tokio::test]
async fn a_change_elsewhere_is_seen_after_five_seconds_and_one_here_at_once() {
    let mut world = World::new("2026-03-01T12:00:00Z").await;
    let (voiron, grenoble) = (facts(r#"{"y":1990}"#, "cog:38563"), facts(r#"{"y":1990}"#, "cog:38185"));
    let person = world.enrol(&voiron).await;
    assert!(world.attributes.facts(person).await.unwrap() == Some(voiron.clone()));
    world.becomes(person, &grenoble).await;
    world.clock.advance(Duration::from_millis(4_999));
    assert!(world.attributes.facts(person).await.unwrap() == Some(voiron.clone()));
    world.clock.advance(Duration::from_millis(1));
    assert!(world.attributes.facts(person).await.unwrap() == Some(grenoble));
    world.becomes(person, &voiron).await;
    world.attributes.forget(person);
    assert!(world.attributes.facts(person).await.unwrap() == Some(voiron));
}

#[test]
fn facts_read_before_a_change_are_not_kept_after_it() {
    let cache = Cache::default();
    let (person, now) = (PersonId::from_bytes([1; 16]), Timestamp(10));
    let known = facts(r#"{"y":1990}"#, "cog:38563");
    let Err(before) = cache.find(person, now) else { panic!("nothing was kept") };
    cache.forget(person);
    cache.keep(person, &known, now, before);
    let Err(after) = cache.find(person, now) else { panic!("what was read before the change was kept") };
    cache.keep(person, &known, now, after);
    assert!(cache.find(person, now).is_ok());
    assert!(cache.find(person, Timestamp(9)).is_err());
}

#[tokio::test]
async fn brackets_change_on_1_january_of_the_legal_zone_and_majority_on_its_day() {
    let world = World::new("2026-12-31T22:59:59.999Z").await;
    let teenager = facts(r#"{"y":2009,"m":[2027,5,17]}"#, "cog:38563");
    let told = || {
        let told = world.attributes.qualities(&teenager, &terms(Level::Commune));
        let bracket = told.age_bracket.unwrap().to_string();
        (world.attributes.claims_as_of(), bracket, told.age_over_18.unwrap())
    };
    assert_eq!(told(), (2026, "Y_LT18".to_owned(), false));
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(told(), (2027, "Y18-24".to_owned(), false));
    world.clock.set(at("2027-05-16T21:59:59.999Z"));
    assert_eq!(told(), (2027, "Y18-24".to_owned(), false));
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(told(), (2027, "Y18-24".to_owned(), true));
}

#[tokio::test]
async fn what_is_unknown_or_no_longer_held_is_absent() {
    let world = World::new("2026-03-01T12:00:00Z").await;
    let mut known = facts(r#"{"y":1990}"#, "cog:99999");
    known.grant(Role { kind: RoleKind::Elected, authority: OFFICE, until: date(2026, 2, 28) });
    let told = world.attributes.qualities(&known, &terms(Level::Commune));
    assert!(told.residence.is_none() && told.sex.is_none() && told.roles.is_empty());
    known.grant(Role { kind: RoleKind::Elected, authority: OFFICE, until: date(2026, 3, 1) });
    known.sex = Sex::Female;
    let told = world.attributes.qualities(&known, &terms(Level::Commune));
    assert!(told.sex == Some(Sex::Female) && told.roles == [RoleKind::Elected]);
}

#[tokio::test]
async fn a_forum_gets_its_own_coarser_brackets_and_none_when_they_have_become_finer_than_the_published() {
    let world = World::new("2026-03-01T12:00:00Z").await;
    let known = facts(r#"{"y":1998}"#, "cog:38563");
    let with = |text| Terms { residence_level: Level::Country, age_brackets: Some(brackets(text)) };
    let told = |terms: &Terms| world.attributes.qualities(&known, terms).age_bracket.map(|b| b.to_string());
    assert_eq!(told(&with("Y_LT18 Y18-29 Y_GE30")).as_deref(), Some("Y18-29"));
    assert_eq!(told(&with("Y_LT18 Y18-34 Y_GE35")), None);
}

#[tokio::test]
async fn an_area_is_told_at_the_level_or_coarser_with_all_that_hold_it() {
    let world = World::new("2026-03-01T12:00:00Z").await;
    let ouessant = facts(r#"{"y":1990}"#, "cog:29155");
    let told = world.attributes.qualities(&ouessant, &terms(Level::Intercommunal));
    assert_eq!(told.residence, Some(code("FR-29")));
    let emitted = world.attributes.emittable(Level::Intercommunal, ouessant.commune);
    assert_eq!(emitted, ["FR-29", "FR-BRE", "FR"].map(code));
    assert_eq!(world.attributes.label(code("cog:38563")), "Voiron (Isère)");
    assert_eq!(world.attributes.label(code("cog:99999")), "cog:99999");
}
