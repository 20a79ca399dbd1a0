//! Sampled audits, on both engines and over HTTP: what an auditor gets opened, what nobody else does, and what stays.

mod audits;
mod checked;
mod opening;
mod page;

use std::sync::Arc;

use heteronym::{
    accounts::Account,
    domain::log::LogName,
    proofing::{By, Typed},
    sampling::Sampling,
    store::{StoreError, accounts, persons},
    transparency::{Token, TokenFacts},
    wire::tlog::{
        Bundle, Hash,
        leaf::{Issuance, IssuanceLeaf, Registry, RegistryLeaf},
        sample::Openings,
    },
};
use sha2::{Digest as _, Sha256};

use crate::{
    harness::{Choices, Citizen, Counter, Forum, ISSUER, Service},
    store::both::{Db, Place},
};

const SCOPE: &str = "openid profile age residence";
const AUDITOR: &str = "La Gazette de Voiron";
const NONCE: [u8; 32] = [9; 32];

/// A provider with an office that enrols, a forum, and an auditor.
struct House {
    service: Service,
    counter: Counter,
    forum: Forum,
    auditor: Account,
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A service on this database, where the engine has several nodes; else on one of its own.
async fn node(db: &Db, seed: u64) -> Service {
    let storage = match &db.place {
        Place::Sqlite(_) => String::new(),
        Place::Postgres(options) => format!(
            "[storage]\nengine = \"postgres\"\nurl = \"{}\"\nallow_unprotected = true\nmax_connections = 8",
            options.url
        ),
    };
    Service::start_at(ISSUER, &storage, seed).await
}

impl House {
    async fn open(db: &Db) -> Self {
        Self::around(node(db, 1).await).await
    }

    async fn around(service: Service) -> Self {
        service.custodians().await;
        let counter = service.counter("Maison du Voironnais", "FR-38").await;
        let forum = service.forum("forum.example", SCOPE).await;
        let login = service.services.sampling.add_auditor(AUDITOR).await.unwrap().login;
        let find = service.services.store.read::<_, StoreError, _>(move |tx| {
            Box::pin(async move { accounts::find_by_login(tx, login.as_str()).await })
        });
        let auditor = find.await.unwrap().unwrap();
        Self { service, counter, forum, auditor }
    }

    fn sampling(&self) -> &Sampling {
        &self.service.services.sampling
    }

    fn typed(family: &str, birth_date: &str) -> Typed {
        Typed {
            family_name: family.to_owned().into(),
            given_names: "Jeanne".to_owned().into(),
            birth_date: birth_date.to_owned().into(),
            sex: "f".to_owned().into(),
            commune: "Voiron".to_owned().into(),
            document_kind: "identity_card".to_owned().into(),
            // Nobody else was born on that day.
            document_number: format!("DOC{}", birth_date.replace('/', "")).into(),
            ..Typed::default()
        }
    }

    /// Somebody of Voiron whom the office enrols, and whom the forum knows: one token is issued.
    async fn newcomer(&self, family: &str, birth_date: &str) -> Citizen {
        let (proofing, by) = (&self.service.services.proofing, By::operator(self.counter.office.id));
        let typed = Self::typed(family, birth_date);
        let enrolled = proofing.enrol(by, &typed, &proofing.attempt(), &self.counter.key).await.unwrap();
        let person = enrolled.person;
        let find = self
            .service
            .services
            .store
            .read::<_, StoreError, _>(move |tx| Box::pin(accounts::find_by_person(tx, person)));
        let citizen = Citizen { person, account: find.await.unwrap().unwrap() };
        let choices = Choices::all(&format!("Voix {family}")).at("departement");
        self.service.sign_in(&self.forum, &citizen, SCOPE, &choices).await;
        citizen
    }

    /// A token whose leaf is bound to whatever a test wants.
    async fn issue(&self, citizen: &Citizen, number: u64, bracket: &str, birth_year: i16, area: &str) {
        let services = &self.service.services;
        let signed = self.acts().await.into_iter().find_map(|act| match act {
            Issuance::Issue(issue) => Some(issue.kid.to_string()),
            _ => None,
        });
        let voice = services.pseudonyms.of_person(citizen.person).await.unwrap()[0].voice();
        let token = Arc::new(Token {
            hash: hash(&number.to_be_bytes()),
            kid: signed.unwrap(),
            told: TokenFacts {
                brackets: "standard-1".to_owned(),
                bracket: bracket.to_owned(),
                area: area.to_owned(),
                birth_year: Some(birth_year),
                now: services.ambient.now(),
            },
        });
        let (owners, person) = (services.owners.clone(), citizen.person);
        let issued = services.store.write_logged::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let owner = owners.find(tx, person).await?.unwrap();
                owners.issue(tx, &owner, &voice, &token).await.map(|logged| logged.is_some())
            })
        });
        assert!(issued.await.unwrap());
    }

    /// What the service has on record, changed past the counter.
    async fn change(&self, citizen: &Citizen, birth_year: i16, commune: &str) {
        let (attributes, person) = (self.service.services.attributes.clone(), citizen.person);
        let commune = commune.parse().unwrap();
        let changed = self.service.services.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let mut row = persons::find(tx, person).await?.unwrap();
                let mut facts = attributes.open_facts(person, &row.facts)?;
                facts.birth = serde_json::from_str(&format!("{{\"y\":{birth_year}}}")).unwrap();
                facts.commune = commune;
                row.facts = attributes.seal_facts(person, &facts);
                persons::update(tx, &row).await
            })
        });
        assert!(changed.await.unwrap());
        self.service.services.attributes.forget(citizen.person);
    }

    fn log(&self) -> LogName {
        self.service.services.transparency.issuance_log().unwrap()
    }

    async fn begin(&self, draws: u32) {
        let log = self.log().to_string();
        self.sampling().begin(self.auditor.id, &log, draws, hash(&NONCE)).await.unwrap();
    }

    /// From the commitment to the openings, of everything that there is.
    async fn opened(&self) -> Openings {
        self.begin(3_000).await;
        self.sampling().reveal(self.auditor.id, NONCE).await.unwrap();
        self.sampling().open(usize::MAX).await.unwrap();
        Openings::parse(&self.sampling().file(self.auditor.id).await.unwrap().unwrap()).unwrap()
    }

    async fn entries(&self, log: LogName) -> Vec<Vec<u8>> {
        let transparency = &self.service.services.transparency;
        let size = transparency.head(log).await.unwrap().unwrap().size;
        let mut entries = Vec::new();
        for index in 0..size.div_ceil(256) {
            let bundle = Bundle::in_tree(index, size).unwrap();
            let bytes = transparency.entries(log, bundle).await.unwrap().unwrap();
            entries.extend(bundle.decode(&bytes).unwrap().into_iter().map(<[u8]>::to_vec));
        }
        entries
    }

    /// The steps of audits, as the registry has them.
    async fn steps(&self) -> Vec<Registry> {
        let leaves = self.entries(LogName::Registry).await;
        let facts = leaves.iter().map(|leaf| RegistryLeaf::parse(leaf).unwrap().facts);
        facts
            .filter(|fact| {
                matches!(
                    fact,
                    Registry::AuditCommit(_)
                        | Registry::AuditDraw(_)
                        | Registry::AuditOpenings(_)
                        | Registry::AuditResult(_)
                )
            })
            .collect()
    }

    /// The acts of the issuance log.
    async fn acts(&self) -> Vec<Issuance> {
        let entries = self.entries(self.log()).await;
        entries.iter().map(|entry| IssuanceLeaf::parse(entry).unwrap().facts).collect()
    }

    /// How many people were told that an auditor opened something of theirs.
    async fn told(&self) -> usize {
        let acts = self.acts().await;
        let told = |act: &&Issuance| {
            matches!(act, Issuance::Access(access)
                if access.purpose.as_str() == "audit" && access.role.as_str() == "auditor")
        };
        acts.iter().filter(told).count()
    }

    async fn close(self) {
        self.service.services.store.close().await;
    }
}

/// The values of a leaf that was opened, after each was checked against the log. `None` where it was withheld.
fn values(acts: &[Issuance], openings: &Openings, index: u64) -> Option<[String; 6]> {
    let drawn = openings.drawn.iter().find(|drawn| drawn.index == index).unwrap();
    let opened = drawn.opened.as_ref()?;
    let act = |index: u64| &acts[usize::try_from(index).unwrap()];
    let (Issuance::Issue(issue), Issuance::Enrol(enrol)) = (act(index), act(opened.enrolment.index)) else {
        panic!("what is opened is a token and an enrolment")
    };
    let all = [("issue", issue.commitment, &opened.fields), ("enrol", enrol.commitment, &opened.enrolment.fields)];
    let mut values = Vec::new();
    for (kind, commitment, fields) in all {
        for (place, field) in (0..).zip(fields) {
            assert_eq!((field.index, field.verify(kind, commitment)), (place, Ok(())), "{kind} {}", field.name);
            values.push(field.value.as_str().to_owned());
        }
    }
    assert_eq!(values[3], enrol.owner.to_string(), "the enrolment is the one that the token names");
    Some(values.try_into().unwrap())
}

/// The tokens of the log, in its order.
fn tokens(acts: &[Issuance]) -> Vec<u64> {
    let tokens = (0..).zip(acts).filter(|(_, act)| matches!(act, Issuance::Issue(_)));
    tokens.map(|(index, _)| index).collect()
}

/// Where the token of [`House::issue`] stands.
fn planted(acts: &[Issuance], number: u64) -> u64 {
    let wanted = Hash::from_bytes(hash(&number.to_be_bytes()));
    let place = acts.iter().position(|act| matches!(act, Issuance::Issue(issue) if issue.token == wanted));
    u64::try_from(place.unwrap()).unwrap()
}
