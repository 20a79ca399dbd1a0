//! An office with its officers on a database of whichever engine, and what people type there.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use heteronym::{
    app::{Assembly, Services},
    config::Config,
    custodian::ceremony::in_process,
    domain::{
        ambient::{Ambient, FrozenClock, SeededEntropy, Timestamp},
        ids::PersonId,
    },
    keyring::{Keyring, Purpose},
    proofing::{By, EnrolError, Enrolled, OfficeError, OfficeKey, Policy, Proofing, Registrar, Typed},
    store::{
        Store, StoreError, accounts,
        persons::{self, Person},
    },
    wire::{
        jose::Algorithm,
        sealed::{CustodiansKey, Share},
    },
};
use rand::{SeedableRng as _, rngs::StdRng};

use crate::store::both::Db;

/// 15 June 2026, 10:00 UTC.
pub(super) const NOW: Timestamp = Timestamp(1_781_517_600_000);

/// The town hall of Grenoble, which serves Isère, with a clock that stands still.
pub(super) struct Counter {
    pub(super) services: Services,
    pub(super) proofing: Proofing,
    pub(super) clock: Arc<FrozenClock>,
    pub(super) office: Registrar,
    /// With which the office signs.
    pub(super) office_key: Arc<OfficeKey>,
    pub(super) key: CustodiansKey,
    pub(super) shares: Vec<Share>,
    keyring: Arc<Keyring>,
    keys: tempfile::TempDir,
}

impl Counter {
    pub(super) async fn open(db: &Db) -> Self {
        Self::open_in(db, "Europe/Paris").await
    }

    /// In another legal zone; with the same keys, custodians and office if they are there.
    pub(super) async fn open_in(db: &Db, zone: &str) -> Self {
        let mut dice = StdRng::seed_from_u64(1);
        let keys = tempfile::tempdir().unwrap();
        let directory = keys.path().join("keys");
        let keyring = Keyring::create(&directory, Purpose::Service, &[Algorithm::EdDSA], None, &mut dice, NOW);
        let keyring = Arc::new(keyring.unwrap());
        let (key, shares) = in_process(3, 5, &mut dice).unwrap();
        let clock = Arc::new(FrozenClock::new(NOW));
        let services = assemble(db.store.clone(), keyring.clone(), &clock, zone, keys.path());
        let proofing = services.proofing.clone();
        proofing.take_custodians_key(&key).await.unwrap();
        let office = match proofing.add_office("Mairie de Grenoble", "FR-38").await {
            Err(OfficeError::NameTaken) => proofing.office_named("Mairie de Grenoble").await,
            added => added,
        };
        let (office, office_key) = (office.unwrap(), Arc::new(OfficeKey::generate().unwrap()));
        proofing.accredit(office.id, office_key.public()).await.unwrap();
        Self { services, proofing, clock, office, office_key, key, shares, keyring, keys }
    }

    /// The same service on another node, where the engine has such.
    pub(super) fn on(&self, store: Store) -> Proofing {
        assemble(store, self.keyring.clone(), &self.clock, "Europe/Paris", self.keys.path()).proofing
    }

    /// The same service by other rules.
    pub(super) fn by_rules(&self, policy: Policy) -> Proofing {
        let Services { store, keyring, accounts, attributes, owners, institutions, calendar, ambient, .. } =
            self.services.clone();
        Proofing::new(store, keyring, accounts, attributes, owners, institutions, calendar, ambient, policy)
    }

    pub(super) fn operator(&self) -> By {
        By::operator(self.office.id)
    }

    /// Somebody new who works in the office.
    pub(super) async fn officer(&self) -> By {
        let login = self.proofing.add_officer(self.office.id).await.unwrap().login.as_str().to_owned();
        let find = self
            .services
            .store
            .read::<_, StoreError, _>(|tx| Box::pin(async move { accounts::find_by_login(tx, &login).await }));
        By { office: self.office.id, officer: Some(find.await.unwrap().unwrap().id) }
    }

    pub(super) async fn enrol(&self, typed: &Typed) -> Result<Enrolled, EnrolError> {
        self.proofing.enrol(self.operator(), typed, &self.proofing.attempt(), &self.office_key).await
    }

    /// Everybody's row.
    pub(super) async fn people(&self) -> Vec<Person> {
        let read = self.services.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move {
                let mut people = Vec::new();
                for row in persons::page(tx, persons::FIRST, 10_000).await? {
                    people.extend(persons::find(tx, row.id).await?);
                }
                Ok(people)
            })
        });
        read.await.unwrap()
    }

    pub(super) async fn person(&self, id: PersonId) -> Person {
        let find =
            self.services.store.read::<_, StoreError, _>(|tx| Box::pin(async move { persons::find(tx, id).await }));
        find.await.unwrap().unwrap()
    }
}

/// A service with dice of its own.
fn assemble(store: Store, keyring: Arc<Keyring>, clock: &Arc<FrozenClock>, zone: &str, directory: &Path) -> Services {
    static SEED: AtomicU64 = AtomicU64::new(0);
    let entropy = SeededEntropy::new(SEED.fetch_add(1, Ordering::Relaxed));
    let ambient = Ambient::new(clock.clone(), Arc::new(entropy));
    let text = format!("[server]\nissuer = \"https://id.example\"\n[territory]\nzone = \"{zone}\"");
    let mut config = Config::from_parts("test.toml", &text, []).unwrap();
    config.log.rollback_file = directory.join("log-heads.txt");
    Services::assemble(Assembly { config, store, keyring, ambient }).unwrap()
}

/// Éléonore Lefèvre of Voiron, as her identity card has it.
pub(super) fn eleonore() -> Typed {
    Typed {
        family_name: "Lefèvre".into(),
        given_names: "Éléonore Marie".into(),
        birth_date: "02/03/1987".into(),
        sex: "f".into(),
        commune: "Voiron".into(),
        document_kind: "identity_card".into(),
        document_number: "12AB34567".into(),
        ..Typed::default()
    }
}

/// Somebody of this name, with a document like nobody else's.
pub(super) fn named(family: &str, given: &str, birth_date: &str) -> Typed {
    let number: u32 = [family, given, birth_date]
        .concat()
        .bytes()
        .fold(17, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    Typed {
        family_name: family.into(),
        given_names: given.into(),
        birth_date: birth_date.into(),
        document_number: format!("DOC{number}").into(),
        ..eleonore()
    }
}
