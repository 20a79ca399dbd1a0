//! The ways in which what a grant rests on can end, and somebody with everything that can be asked for, so that each way
//! can be seen to end it.

use heteronym::{
    accounts::NewSession,
    clients::Draft,
    proofing::{By, Typed},
    store::{StoreError, accounts, consents, persons, pseudonyms},
    wire::jose::Algorithm,
};

use super::endings::{enrolled, retire};
use crate::harness::{Answer, Browser, Choices, Citizen, Forum, Request, Service, Tokens};

/// What is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// They left, or died.
    Person,
    Account,
    Client,
    /// Signed out.
    Session,
    /// All of them: the account was recovered at the counter.
    Sessions,
    Consent,
    Pseudonym,
    /// The key that signed was stolen.
    Key,
}

impl Gone {
    pub(super) const ALL: [Self; 8] = [
        Self::Person,
        Self::Account,
        Self::Client,
        Self::Session,
        Self::Sessions,
        Self::Consent,
        Self::Pseudonym,
        Self::Key,
    ];
    /// Those after which nothing that came of a grant is worth anything, whatever it was for.
    pub(super) const OF_EVERYTHING: [Self; 5] =
        [Self::Person, Self::Account, Self::Client, Self::Consent, Self::Pseudonym];

    /// Ends it as the service does.
    pub(super) async fn strike(self, service: &Service, house: &House) {
        let services = &service.services;
        match self {
            Self::Person => match &house.enrolled {
                Some((by, typed)) => {
                    let case = services.proofing.find(*by, typed).await.unwrap();
                    services.proofing.depart(*by, &case).await.unwrap();
                }
                None => self.mark(service, house).await,
            },
            Self::Account => {
                let (accounts, account) = (services.accounts.clone(), house.citizen.account.id);
                let disabled = services
                    .store
                    .write::<_, StoreError, _>(move |tx| Box::pin(async move { accounts.disable(tx, account).await }));
                assert!(disabled.await.unwrap());
            }
            Self::Client => assert!(services.clients.disable(&house.forum.client.id).await.unwrap()),
            Self::Session => {
                services.accounts.sign_out(&house.session.signed_in).await.unwrap();
            }
            Self::Sessions => {
                let (by, typed) = house.enrolled.as_ref().unwrap();
                let case = services.proofing.find(*by, typed).await.unwrap();
                services.proofing.reissue(*by, &case, true).await.unwrap();
            }
            Self::Consent => {
                let given = services.consents.of_person(house.citizen.person).await.unwrap();
                for consent in given.iter().filter(|consent| consent.withdrawn_on.is_none()) {
                    assert!(services.consents.withdraw(consent.id, house.citizen.person).await.unwrap());
                }
            }
            Self::Pseudonym => retire(service, &house.citizen).await,
            Self::Key => {
                let (keyring, ambient) = (&services.keyring, &services.ambient);
                let signer = keyring.signer(ALGORITHM, ambient.now()).unwrap();
                keyring.revoke(&[signer.kid()], &mut ambient.rng(), ambient.now()).unwrap();
            }
        }
    }

    /// Only writes in its own row that it is gone.
    pub(super) async fn mark(self, service: &Service, house: &House) {
        let (store, now) = (&service.services.store, service.services.ambient.now());
        let (person, account) = (house.citizen.person, house.citizen.account.id);
        let client = house.forum.client.id.clone();
        let consent = service.services.consents.of_person(person).await.unwrap().remove(0).id;
        let marked = store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                match self {
                    Self::Person => {
                        let mut row = persons::find(tx, person).await?.unwrap();
                        row.departed_on = Some(now.day());
                        persons::update(tx, &row).await
                    }
                    Self::Account => accounts::disable(tx, account, now).await,
                    Self::Client => heteronym::store::clients::disable(tx, &client, now).await,
                    Self::Consent => consents::withdraw(tx, consent, person, b"today").await,
                    Self::Pseudonym => {
                        let mut row = pseudonyms::of_person(tx, person).await?.remove(0);
                        row.retired_on = Some(now.day());
                        pseudonyms::update(tx, &row).await
                    }
                    Self::Session | Self::Sessions | Self::Key => panic!("{self:?} has no row to mark"),
                }
            })
        });
        assert!(marked.await.unwrap(), "{self:?}");
        service.services.attributes.forget(person);
    }
}

/// Somebody whom a forum knows, with tokens that outlive the session.
pub(super) struct House {
    pub(super) forum: Forum,
    pub(super) citizen: Citizen,
    pub(super) session: NewSession,
    pub(super) offline: Tokens,
    /// By whom they were enrolled at a counter, and with what; or they were written down without one.
    pub(super) enrolled: Option<(By, Typed)>,
}

impl House {
    /// At a forum of this host, which has an interface of its own.
    pub(super) async fn in_service(service: &Service, host: &str) -> Self {
        Self::of(service, host, service.arnaud().await, None).await
    }

    /// Somebody whom an office can find again.
    pub(super) async fn at_the_counter(service: &Service, host: &str) -> Self {
        let (by, typed, citizen, _) = enrolled(service).await;
        Self::of(service, host, citizen, Some((by, typed))).await
    }

    async fn of(service: &Service, host: &str, citizen: Citizen, enrolled: Option<(By, Typed)>) -> Self {
        let draft = Draft {
            scope: SCOPE.to_owned(),
            resources: vec![RESOURCE.to_owned()],
            id_token_alg: ALGORITHM,
            ..Draft::default()
        };
        let forum = service.register(host, draft).await;
        let session = citizen.begin_session(service).await;
        let mut browser = service.browser();
        browser.hold_session(session.token.expose());
        let request = forum.request(SCOPE);
        let answer = browser.authorize(&request, &Choices::all(&name_at(forum.redirect()))).await;
        let offline = forum.tokens(service, &request, &answer).await;
        Self { forum, citizen, session, offline, enrolled }
    }

    /// The browser in which they are signed in.
    pub(super) fn browser(&self, service: &Service) -> Browser {
        let mut browser = service.browser();
        browser.hold_session(self.session.token.expose());
        browser
    }

    /// A request that is answered with a code at once.
    pub(super) async fn answered(&self, service: &Service, scope: &str) -> (Request, Answer) {
        self.answer_to(service, self.forum.request(scope)).await
    }

    /// The same for the forum's own interface.
    pub(super) async fn answered_for_resource(&self, service: &Service, scope: &str) -> (Request, Answer) {
        self.answer_to(service, self.forum.request(scope).and("resource", RESOURCE)).await
    }

    async fn answer_to(&self, service: &Service, request: Request) -> (Request, Answer) {
        let reply = self.browser(service).get(&request.target()).await;
        (request, Answer::of(&reply))
    }
}

/// A name that nobody else has, for somebody at this address.
pub(super) fn name_at(address: &str) -> String {
    let host = address.trim_start_matches("https://").split('/').next().unwrap();
    let letters = host.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| match byte {
        b'0'..=b'9' => char::from(byte - b'0' + b'a'),
        letter => char::from(letter),
    });
    format!("Genêt {}", letters.take(20).collect::<String>())
}

pub(super) const SCOPE: &str = "openid profile age offline_access";
/// An interface of the forum's own.
pub(super) const RESOURCE: &str = "https://api.forum.example/v1";
pub(super) const ALGORITHM: Algorithm = Algorithm::EdDSA;
