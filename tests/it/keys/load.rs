//! Rotation while forums sign people in: relying parties that keep the JWKS for an hour, as they are told they may.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use heteronym::{
    clients::Draft,
    domain::ambient::Timestamp,
    keyring::{KeyState, Keyring},
    tasks::{Task, Tasks},
    wire::jose::{Algorithm, JwkSet, KeySet, Refusal, Typ, Verifier},
};
use serde_json::Value;

use crate::harness::{Choices, Citizen, Forum, ISSUER, Service};

const SCOPE: &str = "openid offline_access";
/// The `max-age` of the JWKS.
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const ALGORITHMS: [Algorithm; 2] = [Algorithm::EdDSA, Algorithm::ES256];

/// Forum software with a member, that asks for token after token.
struct Party {
    forum: Forum,
    refresh_token: String,
    keys: KeySet,
    fetched: Timestamp,
    /// Token and when it was signed.
    signed: Vec<(String, Timestamp)>,
    fetched_for_a_kid: usize,
}

impl Party {
    async fn begin(service: &Service, forum: &Forum, citizen: &Citizen) -> Self {
        let tokens = service.sign_in(forum, citizen, SCOPE, &Choices::all("Genêt")).await;
        let mut party = Self {
            forum: forum.clone(),
            refresh_token: tokens.refresh_token.unwrap(),
            keys: KeySet::default(),
            fetched: Timestamp(0),
            signed: Vec::new(),
            fetched_for_a_kid: 0,
        };
        party.fetch(service).await;
        party.take(service, tokens.id_token).await;
        party
    }

    async fn fetch(&mut self, service: &Service) {
        self.fetched = service.services.ambient.now();
        self.keys = KeySet::new(&JwkSet::parse(&service.browser().get("/jwks.json").await.body).unwrap());
    }

    /// Gets a token, and verifies it with the keys that it has from before.
    async fn work(mut self, service: Arc<Service>) -> Self {
        if service.services.ambient.now().since(self.fetched) >= HOUR {
            self.fetch(&service).await;
        }
        let reply = self.forum.refresh(&service, &self.refresh_token).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let reply = reply.json();
        self.refresh_token = reply["refresh_token"].as_str().unwrap().to_owned();
        self.take(&service, reply["id_token"].as_str().unwrap().to_owned()).await;
        self
    }

    async fn take(&mut self, service: &Service, token: String) {
        let now = service.services.ambient.now();
        if self.verify(&token, now) == Err(Refusal::Key) {
            self.fetched_for_a_kid += 1;
            self.fetch(service).await;
        }
        assert_eq!(self.verify(&token, now), Ok(()), "with keys fetched at {:?}, now {now:?}", self.fetched);
        self.signed.push((token, now));
    }

    /// Of the signature: a clock that moves on meanwhile lets tokens expire, which says nothing of keys.
    fn verify(&self, token: &str, now: Timestamp) -> Result<(), Refusal> {
        let verifier = Verifier::new(Typ::Jwt, ISSUER, self.forum.id()).may_have_expired().max_lifetime(i64::MAX);
        verifier.leeway(3_600).verify::<Value>(token, &self.keys, now.seconds()).map(drop)
    }
}

struct House {
    service: Arc<Service>,
    tasks: Tasks,
    citizen: Citizen,
    forums: Vec<Forum>,
    parties: Vec<Party>,
}

impl House {
    async fn build() -> Self {
        let service = Arc::new(Service::start().await);
        let (tasks, citizen) = (service.services.tasks(), service.arnaud().await);
        let mut forums = Vec::new();
        for algorithm in ALGORITHMS {
            let host = format!("{}.example", algorithm.as_str().to_lowercase());
            let draft = Draft { scope: SCOPE.to_owned(), id_token_alg: algorithm, ..Draft::default() };
            forums.push(service.register(&host, draft).await);
        }
        Self { service, tasks, citizen, forums, parties: Vec::new() }
    }

    /// Two parties of each forum; everybody signs in anew, for a refresh token lives for 30 days.
    async fn open_parties(&mut self) {
        self.parties.clear();
        for forum in self.forums.iter().flat_map(|forum| [forum, forum]) {
            self.parties.push(Party::begin(&self.service, forum, &self.citizen).await);
            self.service.clock.advance(Duration::from_secs(700));
        }
    }

    /// The clock moves on, the node does its work on keys and all parties theirs, at once.
    async fn step(&mut self, span: Duration) {
        let work = std::mem::take(&mut self.parties).into_iter().map(|party| party.work(Arc::clone(&self.service)));
        let working: Vec<_> = work.map(tokio::spawn).collect();
        self.service.clock.advance(span);
        for task in [Task::Rotation, Task::Keys] {
            self.tasks.once(task).await.unwrap();
        }
        self.parties = join_all(working).await.into_iter().map(Result::unwrap).collect();
    }

    async fn until(&mut self, end: Timestamp, span: Duration) {
        while self.service.services.ambient.now() < end {
            self.step(span).await;
        }
    }

    fn refetches(&self) -> usize {
        self.parties.iter().map(|party| party.fetched_for_a_kid).sum()
    }

    fn states(&self) -> Vec<(u32, KeyState)> {
        let services = &self.service.services;
        let keys = services.keyring.keys(services.ambient.now()).into_iter();
        keys.filter(|key| key.algorithm == Some(Algorithm::EdDSA)).map(|key| (key.version, key.state)).collect()
    }

    /// As the operator's command does it, in a process of its own.
    fn command(&self) -> Keyring {
        let services = &self.service.services;
        let directory = self.service.dir.path().join(&services.config.keys.directory);
        Keyring::load(&directory, None, services.ambient.now()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn v3_a_rotation_by_schedule_under_load_fails_no_validation_and_needs_no_refetch() {
    let mut house = House::build().await;
    let begun = house.service.services.ambient.now();
    house.service.clock.advance(DAY * 88);
    house.open_parties().await;
    assert_eq!(house.states(), [(1, KeyState::Active)]);
    let day = |days: u32| begun.plus(DAY * days);
    house.until(day(89), Duration::from_mins(20)).await;
    assert_eq!(house.states(), [(1, KeyState::Active), (2, KeyState::Next)]);
    house.until(day(90).plus(2 * HOUR), Duration::from_mins(20)).await;
    assert_eq!(house.states(), [(1, KeyState::Retired), (2, KeyState::Active)]);
    assert_eq!(house.refetches(), 0);
    assert!(house.parties.iter().all(|party| party.signed.len() > 80), "under load");
    let early: Vec<_> = house.parties.iter().map(|party| party.signed[0].clone()).collect();

    house.service.clock.set(day(120).minus(6 * HOUR));
    house.open_parties().await;
    for (party, (token, at)) in house.parties.iter().zip(&early) {
        assert_eq!(party.verify(token, *at), Ok(()), "what a retired key signed verifies with the keys of today");
    }
    house.until(day(120).plus(HOUR), Duration::from_mins(20)).await;
    assert_eq!(house.states(), [(2, KeyState::Active)], "the old one has expired, and its file is deleted");
    assert_eq!(house.refetches(), 0);
    for (party, (token, at)) in house.parties.iter_mut().zip(&early) {
        party.fetch(&house.service).await;
        assert_eq!(party.verify(token, *at), Err(Refusal::Key));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn v3_after_a_rotation_at_once_or_a_revocation_one_refetch_is_enough_for_each_client() {
    let mut house = House::build().await;
    house.open_parties().await;
    let minutes = Duration::from_mins(3);
    for (done, expected) in [(0, 4), (1, 8), (2, 12)] {
        for _ in 0..3 {
            house.step(minutes).await;
        }
        let (command, services) = (house.command(), house.service.services.clone());
        let (now, mut rng) = (services.ambient.now(), services.ambient.rng());
        let working = std::mem::take(&mut house.parties).into_iter();
        let service = Arc::clone(&house.service);
        let working: Vec<_> = working.map(|party| tokio::spawn(party.work(Arc::clone(&service)))).collect();
        let active = ALGORITHMS.map(|algorithm| services.keyring.signer(algorithm, now).unwrap().kid().to_owned());
        match done {
            0 => drop(command.rotate_now(heteronym::keyring::Role::Issuer, &mut rng, now).unwrap()),
            1 => active.iter().for_each(|kid| drop(command.retire(kid, &mut rng, now).unwrap())),
            _ => drop(command.revoke(&[&active[0], &active[1]], &mut rng, now).unwrap()),
        }
        house.tasks.once(Task::Keys).await.unwrap();
        house.parties = join_all(working).await.into_iter().map(Result::unwrap).collect();
        for _ in 0..3 {
            house.step(Duration::from_secs(20)).await;
        }
        assert_eq!(house.refetches(), expected, "{:?}", house.states());
    }
    assert_eq!(house.states()[3], (4, KeyState::Active), "{:?}", house.states());
}
