//! Keys that change while others work with them: between a signature and its record, and while the registry speaks of them.

use std::{collections::BTreeSet, sync::Arc};

use heteronym::{
    domain::{
        area::Level,
        authentication::Method,
        bracket::BracketTable,
        claim::Qualities,
        ids::{ConsentId, GrantId},
        log::LogName,
        secret::Token,
    },
    issuance::{Draft, Issuance, IssueError, Lifetimes, Prepared, Terms, Ticket},
    keyring::{Keyring, Role},
    transparency::Institutions,
    wire::{
        jose::{Algorithm, JwkSet, KeySet, Typ, Verifier, half_hash},
        tlog::{
            Hash, TlogProof,
            leaf::{Issuance as Kinds, IssuanceLeaf, KeyAct, Registry, RegistryLeaf},
        },
    },
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::harness::{Choices, Citizen, Forum, ISSUER, Service, facts_of};

const SCOPE: &str = "openid offline_access";
const API: &str = "https://api.example";

/// A forum with a member who comes back.
struct Visit {
    service: Service,
    forum: Forum,
    citizen: Citizen,
    refresh_token: String,
}

impl Visit {
    async fn begin() -> Self {
        let service = Service::start().await;
        let (forum, citizen) = (service.forum("forum.example", SCOPE).await, service.arnaud().await);
        let tokens = service.sign_in(&forum, &citizen, SCOPE, &Choices::all("Genêt")).await;
        Self { service, forum, citizen, refresh_token: tokens.refresh_token.unwrap() }
    }

    fn issuance(&self) -> Issuance {
        let services = &self.service.services;
        Issuance::new(
            ISSUER,
            Arc::clone(&services.keyring),
            services.attributes.clone(),
            (services.owners.clone(), services.institutions.clone()),
            services.ambient.clone(),
            Lifetimes { id_token: 300, access_token: 300 },
        )
    }

    /// An ID token and an access token that is one as well, signed and not recorded.
    async fn prepare(&self) -> Prepared {
        let (services, person) = (&self.service.services, self.citizen.person);
        let id = services.pseudonyms.of_person(person).await.unwrap()[0].id;
        let (heteronym, owner) = services.pseudonyms.find_owned(id).await.unwrap().unwrap();
        let (now, mut rng) = (services.ambient.now(), services.ambient.rng());
        let terms = Terms {
            grant: GrantId::generate(&mut rng),
            consent: ConsentId::generate(&mut rng),
            client: self.forum.id().parse().unwrap(),
            person,
            account: self.citizen.account.id,
            pseudonym: id,
            scope: SCOPE.parse().unwrap(),
            release: BTreeSet::new(),
            names: false,
            residence_level: Level::Department,
            age_brackets: None,
            shown: Qualities::default(),
            auth_time: now,
            auth_time_asked: false,
            acr: Method::DeviceKey.acr(),
            amr: Vec::new(),
            sid: "sid".to_owned(),
            claims: None,
            resource: Some(API.to_owned()),
            binding: None,
        };
        let draft = Draft {
            terms: &terms,
            subject: &services.pseudonyms.subject(&heteronym).unwrap(),
            shown: &heteronym.shown,
            facts: &facts_of(&self.service, jiff::civil::date(1987, 3, 2), "cog:38563", "Arnaud R."),
            heteronyms_per_person: 1,
            algorithm: Algorithm::EdDSA,
            claims_in_id_token: false,
            nonce: None,
            now,
        };
        self.issuance().prepare(&draft, Arc::new(owner), heteronym.voice()).unwrap()
    }

    async fn record(&self, prepared: Prepared) -> Result<Ticket, IssueError> {
        let shown = Token::presented(&self.refresh_token).hash();
        let recorded = self
            .service
            .services
            .store
            .write_logged::<_, IssueError, _>(move |tx| Box::pin(async move { prepared.renew(tx, shown).await }));
        recorded.await
    }

    /// The `kid` of the key that signs.
    fn active(&self) -> String {
        let services = &self.service.services;
        services.keyring.signer(Algorithm::EdDSA, services.ambient.now()).unwrap().kid().to_owned()
    }

    /// As the operator's command does it, in a process of its own; then this one looks.
    fn command(&self, what: impl FnOnce(&Keyring)) {
        let services = &self.service.services;
        let directory = self.service.dir.path().join(&services.config.keys.directory);
        let now = services.ambient.now();
        what(&Keyring::load(&directory, None, now).unwrap());
        services.keyring.refresh(now).unwrap();
    }

    /// Both tokens verify with the keys that are published now, the log has that very ID token, and the registry its key. The `kid`.
    async fn issued(&self, ticket: Ticket) -> String {
        let services = &self.service.services;
        let issued = self.issuance().release(ticket, &services.transparency).await.unwrap();
        let keys = KeySet::new(&JwkSet::parse(services.keyring.jwks(services.ambient.now()).as_bytes()).unwrap());
        let verify = |typ, audience, token: &str| {
            let verifier = Verifier::new(typ, ISSUER, audience);
            verifier.verify::<Value>(token, &keys, services.ambient.now().seconds()).unwrap()
        };
        let claims = verify(Typ::Jwt, self.forum.id(), &issued.id_token);
        assert_eq!(claims.claims["at_hash"], half_hash(Algorithm::EdDSA, &issued.access_token));
        verify(Typ::AccessToken, API, &issued.access_token);
        let proof = TlogProof::parse(issued.tlog_proof.as_bytes()).unwrap();
        let Kinds::Issue(leaf) = IssuanceLeaf::parse(proof.extra().unwrap()).unwrap().facts else { panic!() };
        assert_eq!(leaf.token, Hash::from_bytes(Sha256::digest(&issued.id_token).into()));
        let kid = leaf.kid.to_string();
        assert!(self.said(&kid).await.iter().any(|act| matches!(act, KeyAct::Active | KeyAct::Retired)));
        kid
    }

    /// What the registry says of a key.
    async fn said(&self, kid: &str) -> Vec<KeyAct> {
        let entries = self.service.entries(LogName::Registry).await;
        let acts = entries.iter().filter_map(|entry| match RegistryLeaf::parse(entry).unwrap().facts {
            Registry::Key(key) if key.kid.as_str() == kid => Some(key.act),
            _ => None,
        });
        acts.collect()
    }
}

#[tokio::test]
async fn v4_what_a_key_signed_that_was_revoked_before_the_record_is_signed_again_by_its_successor() {
    let visit = Visit::begin().await;
    let stolen = visit.active();
    let prepared = visit.prepare().await;
    let (now, mut rng) = (visit.service.services.ambient.now(), visit.service.services.ambient.rng());
    visit.command(|keyring| drop(keyring.revoke(&[&stolen], &mut rng, now).unwrap()));
    let ticket = visit.record(prepared).await.unwrap();
    let kid = visit.issued(ticket).await;
    assert_eq!(kid, visit.active());
    assert_ne!(kid, stolen);
}

#[tokio::test]
async fn v3_what_a_key_signed_that_was_retired_before_the_record_is_issued() {
    let visit = Visit::begin().await;
    let before = visit.active();
    let prepared = visit.prepare().await;
    let (now, mut rng) = (visit.service.services.ambient.now(), visit.service.services.ambient.rng());
    visit.command(|keyring| drop(keyring.retire(&before, &mut rng, now).unwrap()));
    visit.service.wait(60);
    assert_ne!(visit.active(), before);
    let ticket = visit.record(prepared).await.unwrap();
    assert_eq!(visit.issued(ticket).await, before);
}

#[tokio::test]
async fn v4_a_key_that_is_revoked_while_it_waits_is_said_to_be_revoked() {
    let visit = Visit::begin().await;
    let services = &visit.service.services;
    let (now, mut rng) = (services.ambient.now(), services.ambient.rng());
    let waits = services.keyring.rotate(Role::Log, &mut rng, now).unwrap()[0].kid.clone();
    services.institutions.round(&services.store).await.unwrap();
    visit.command(|keyring| drop(keyring.revoke(&[&waits], &mut rng, now).unwrap()));
    services.institutions.round(&services.store).await.unwrap();
    assert_eq!(visit.said(&waits).await, [KeyAct::Announced, KeyAct::Revoked]);
}

/// Several nodes look at the directory of the keys in their own time.
#[tokio::test]
async fn v4_a_node_that_has_not_looked_does_not_call_active_what_another_said_to_be_revoked() {
    let visit = Visit::begin().await;
    let services = &visit.service.services;
    let (now, mut rng) = (services.ambient.now(), services.ambient.rng());
    let directory = visit.service.dir.path().join(&services.config.keys.directory);
    let policy = heteronym::transparency::policy(&BracketTable::default(), []).unwrap();
    let keyring = Arc::new(Keyring::load(&directory, None, now).unwrap());
    let other = Institutions::new(keyring, services.ambient.clone(), policy, "custodians");
    let stolen = visit.active();
    services.institutions.round(&services.store).await.unwrap();
    visit.command(|keyring| drop(keyring.revoke(&[&stolen], &mut rng, now).unwrap()));
    services.institutions.round(&services.store).await.unwrap();
    other.round(&services.store).await.unwrap();
    services.institutions.round(&services.store).await.unwrap();
    assert_eq!(visit.said(&stolen).await, [KeyAct::Active, KeyAct::Revoked]);
}

/// What is said of a key comes from one look at the directory, whoever exchanges it meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn v3_the_registry_can_be_told_of_keys_while_they_change() {
    let service = Arc::new(Service::start().await);
    let changing = Arc::clone(&service);
    let changing = tokio::task::spawn_blocking(move || {
        let services = &changing.services;
        let (now, mut rng) = (services.ambient.now(), services.ambient.rng());
        for _ in 0..CHANGES {
            let active = services.keyring.signer(Algorithm::EdDSA, now).unwrap().kid().to_owned();
            services.keyring.revoke(&[&active], &mut rng, now).unwrap();
        }
    });
    while !changing.is_finished() {
        service.services.institutions.round(&service.services.store).await.unwrap();
    }
    changing.await.unwrap();
}

/// Enough that some of them come while the registry is being told.
const CHANGES: usize = 100;
