//! People who are enrolled and have an account, without the counter: an office of the tests signs for all of them.

use std::{sync::LazyLock, time::Duration};

use heteronym::{
    accounts::{Account, Holder, InviteCode, NewSession, Purpose},
    domain::{
        age::BirthFacts,
        ambient::Timestamp,
        authentication::Method,
        ids::{PersonId, RegistrarId},
        quality::{Facts, Sex},
    },
    proofing::OfficeKey,
    store::{StoreError, Tx, accounts, persons, registrars},
    transparency::{Institutions, Owner},
    wire::tlog::{
        Hash,
        commitment::Fields,
        leaf::{self, Enrol, Hour, Month, RegistrarAct, Signature},
    },
};
use jiff::{civil::Date, tz::TimeZone};
use rand::Rng as _;
use sha2::{Digest as _, Sha256};

use super::Service;

/// A person with an account.
#[derive(Clone)]
pub(crate) struct Citizen {
    pub(crate) person: PersonId,
    pub(crate) account: Account,
}

/// Facts of somebody born on this day who lives in this commune.
pub(crate) fn facts_of(service: &Service, birth: Date, commune: &str, partial_name: &str) -> Facts {
    Facts {
        birth: BirthFacts::new(birth, &service.services.calendar, service.services.ambient.now()).unwrap(),
        commune: commune.parse().unwrap(),
        sex: Sex::NotKnown,
        partial_name: partial_name.parse().unwrap(),
        roles: Vec::new(),
    }
}

/// The office that enrolled everybody.
const OFFICE: RegistrarId = RegistrarId::from_bytes([7; 16]);
const AREA: &str = "cog:38563";
/// The key with which it signs, in every service of this process.
static OFFICE_KEY: LazyLock<OfficeKey> = LazyLock::new(|| OfficeKey::generate().unwrap());

impl Citizen {
    pub(crate) async fn begin_session(&self, service: &Service) -> NewSession {
        service.begin_session(&self.account).await
    }
}

impl Service {
    /// A code for the account of this citizen, as on the sheet of the counter.
    pub(crate) async fn invite(&self, citizen: &Citizen, purpose: Purpose) -> InviteCode {
        let code = InviteCode::generate(&mut self.services.ambient.rng());
        let (hash, id, today) = (code.hash(), citizen.account.id, self.services.ambient.now().day());
        let written = self.services.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let until = today.plus(Duration::from_hours(30 * 24));
                accounts::insert_invite(tx, hash, id, purpose, today, until).await
            })
        });
        written.await.unwrap();
        code
    }

    /// As after a sign-in with a key of the device.
    pub(crate) async fn begin_session(&self, account: &Account) -> NewSession {
        let begin = self.services.accounts.begin(Method::DeviceKey, "Firefox", None);
        let (accounts, account) = (self.services.accounts.clone(), account.clone());
        let session = self.services.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move { accounts.begin_session(tx, &account, &begin).await })
        });
        session.await.unwrap()
    }

    /// Arnaud, 39 this year, of Voiron in Isère.
    pub(crate) async fn arnaud(&self) -> Citizen {
        self.enrol(&facts_of(self, Date::constant(1987, 3, 2), "cog:38563", "Arnaud R.")).await
    }

    pub(crate) async fn enrol(&self, facts: &Facts) -> Citizen {
        let mut rng = self.services.ambient.rng();
        let mut identity = vec![0; 600];
        rng.fill_bytes(&mut identity);
        self.enrol_as(PersonId::generate(&mut rng), facts, identity).await
    }

    /// With the identity as it was sealed to the custodians.
    pub(crate) async fn enrol_as(&self, person: PersonId, facts: &Facts, identity: Vec<u8>) -> Citizen {
        let now = self.services.ambient.now();
        let row = persons::Person {
            id: person,
            registrar_id: OFFICE,
            enrolled_on: now.day(),
            renew_by: Timestamp(now.day().0 + 5 * 365 * 86_400_000),
            departed_on: None,
            facts: self.services.attributes.seal_facts(person, facts),
            identity,
            version: 1,
            changed_at: now,
        };
        let account = self.services.accounts.prepare(Holder::Citizen(person));
        let stored = account.clone();
        let (owner, secret) = self.services.owners.newcomer(person);
        let (hour, leaf) = (Hour::from_millis(now.0), signed(&owner, facts, &row));
        let (owners, institutions) = (self.services.owners.clone(), self.services.institutions.clone());
        let population = self.services.attributes.areas().get(AREA.parse().unwrap()).unwrap().population;
        let enrolled = self.services.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                accredit(tx, &institutions, population, now).await?;
                persons::insert(tx, &row).await?;
                owners.welcome(tx, row.id, &secret).await?;
                assert!(owners.enrol(tx, row.id, hour, leaf).await?, "another leaf was first");
                accounts::insert(tx, &stored).await
            })
        });
        enrolled.await.unwrap();
        self.services.attributes.forget(person);
        Citizen { person, account }
    }
}

/// The leaf of somebody's enrolment, signed by the office.
fn signed(owner: &Owner, facts: &Facts, row: &persons::Person) -> Enrol {
    let fields = Fields::Enrol { birth_year: Some(facts.birth.year()), area: facts.commune.as_str() };
    let renew_by = TimeZone::UTC.to_datetime(jiff::Timestamp::from_millisecond(row.renew_by.0).unwrap());
    let mut leaf = Enrol {
        registrar: leaf::RegistrarId::from_bytes(*OFFICE.as_bytes()),
        level: "document-in-person".parse().unwrap(),
        expires: Month::new(renew_by.year(), renew_by.month()).unwrap(),
        identity: Hash::from_bytes(Sha256::digest(&row.identity).into()),
        owner: owner.enrolment(),
        commitment: owner.commit(fields, owner.enrolment()).unwrap().root(),
        key: OFFICE_KEY.public().id(),
        signature: Signature::from_bytes([0; 64]),
    };
    leaf.signature = OFFICE_KEY.sign(&leaf.message(Hour::from_millis(row.changed_at.0))).unwrap();
    leaf
}

/// Sees to it that the office is there, with its key, and stands in the registry.
async fn accredit(tx: &mut Tx, registry: &Institutions, population: u64, now: Timestamp) -> Result<(), StoreError> {
    let key = OFFICE_KEY.public();
    if registrars::find(tx, OFFICE).await?.is_some() {
        assert!(registrars::use_key(tx, OFFICE, key.id()).await?.is_some(), "the office of the tests cannot sign");
        return Ok(());
    }
    let (name, area) = ("Mairie de Voiron".to_owned(), AREA.to_owned());
    let office = registrars::Registrar { id: OFFICE, name, area, created_on: now.day(), disabled_at: None };
    registrars::insert(tx, &office).await?;
    registrars::insert_key(tx, OFFICE, key, now).await?;
    registrars::accredit_key(tx, key.id(), now).await?;
    let said = leaf::Registrar {
        id: leaf::RegistrarId::from_bytes(*OFFICE.as_bytes()),
        name: office.name.parse().unwrap(),
        area: AREA.parse().unwrap(),
        population,
        act: RegistrarAct::Accredited,
        keys: vec![key.clone()],
    };
    registry.say(tx, &format!("registrar:{}", OFFICE.encode()), |_| said.clone().into()).await.map(drop)
}
