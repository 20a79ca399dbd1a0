//! People who are enrolled and have an account, without the counter.

use std::time::Duration;

use heteronym::{
    accounts::{Account, Holder, InviteCode, NewSession, Purpose},
    domain::{
        age::BirthFacts,
        ambient::Timestamp,
        authentication::Method,
        ids::{PersonId, RegistrarId},
        quality::{Facts, Sex},
    },
    store::{StoreError, accounts, log_secrets, persons, registrars},
};
use jiff::civil::Date;
use rand::Rng as _;

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
        let office = registrars::Registrar {
            id: OFFICE,
            name: "Mairie de Voiron".to_owned(),
            area: "cog:38563".to_owned(),
            created_on: now.day(),
            disabled_at: None,
        };
        let owners = self.services.owners.clone();
        let enrolled = self.services.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                if registrars::find(tx, office.id).await?.is_none() {
                    registrars::insert(tx, &office).await?;
                }
                persons::insert(tx, &row).await?;
                let (_owner, secret) = owners.newcomer(row.id);
                owners.welcome(tx, row.id, &secret).await?;
                log_secrets::count_enrolment(tx, row.id).await?;
                accounts::insert(tx, &stored).await
            })
        });
        enrolled.await.unwrap();
        self.services.attributes.forget(person);
        Citizen { person, account }
    }
}
