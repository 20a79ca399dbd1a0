//! Clients that register themselves at the same moment, on two nodes where the engine allows it.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use heteronym::{
    app::{Assembly, Services},
    clients::{AccessError, Clients, Registered},
    config::{Config, Registration},
    domain::{
        ambient::{Ambient, FrozenClock, SeededEntropy, Timestamp},
        secret::Token,
    },
    keyring::{Keyring, Purpose},
    store::Store,
    wire::jose::Algorithm,
};
use rand::{SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};

use super::{asked, with};
use crate::store::both::{Db, on_both_engines};

on_both_engines! {
    g14_of_ten_that_come_at_once_with_one_token_one_gets_in
    g13_of_ten_that_want_one_name_at_once_one_gets_it
    of_twenty_that_come_at_once_on_a_day_for_ten_ten_get_in
    of_ten_that_change_one_registration_at_once_none_is_lost_half_way
}

/// The registry of one node; `seed` keeps the ids of two apart.
fn node(store: Store, registration: Registration, seed: u64) -> Clients {
    let ambient = Ambient::new(Arc::new(FrozenClock::new(NOW)), Arc::new(SeededEntropy::new(seed)));
    let open = if registration == Registration::Open { "open" } else { "token" };
    let clients = format!("[clients]\nregistration = \"{open}\"\nopen_registrations_per_day = 10");
    let text = format!("[server]\nissuer = \"https://id.example\"\n{clients}");
    let config = Config::from_parts("test.toml", &text, []).unwrap();
    Services::assemble(Assembly { config, store, keyring: keyring(), ambient }).unwrap().clients
}

/// All nodes have the same keys.
fn keyring() -> Arc<Keyring> {
    static KEYS: OnceLock<(tempfile::TempDir, Arc<Keyring>)> = OnceLock::new();
    let (_directory, keyring) = KEYS.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let keys = directory.path().join("keys");
        let mut dice = StdRng::seed_from_u64(1);
        let keyring = Keyring::create(&keys, Purpose::Service, &[Algorithm::EdDSA], None, &mut dice, NOW).unwrap();
        (directory, Arc::new(keyring))
    });
    Arc::clone(keyring)
}

const NOW: Timestamp = Timestamp::from_seconds(1_781_517_600);

type Outcome = Result<Registered, AccessError>;

/// Registers `bodies` at once, every other one on another node, each with its token if there are any.
async fn register(db: &Db, tokens: &[Token], bodies: impl Iterator<Item = Value>) -> Vec<Outcome> {
    let registration = if tokens.is_empty() { Registration::Open } else { Registration::Token };
    let other = db.another_node().await;
    let nodes = [node(db.store.clone(), registration, 1), node(other.clone(), registration, 2)];
    let tries = bodies.enumerate().map(|(number, body)| {
        let (clients, token) = (nodes[number % 2].clone(), tokens.get(number).cloned());
        tokio::spawn(async move { clients.register_itself(token.as_ref(), body.to_string().as_bytes()).await })
    });
    let outcomes = futures_util::future::join_all(tries.collect::<Vec<_>>()).await;
    db.close_node(other).await;
    outcomes.into_iter().map(Result::unwrap).collect()
}

/// How many got in, when whoever did not was told this; and no more than these are there.
async fn got_in(db: &Db, outcomes: Vec<Outcome>, otherwise: &str) -> usize {
    let mut count = 0;
    for outcome in outcomes {
        match outcome {
            Ok(_) => count += 1,
            Err(error) => assert!(error.to_string().starts_with(otherwise), "{error}"),
        }
    }
    let kept = node(db.store.clone(), Registration::Open, 3).list().await.unwrap();
    assert_eq!(kept.len(), count);
    count
}

/// Initial access tokens.
async fn tokens(db: &Db, count: usize) -> Vec<Token> {
    let clients = node(db.store.clone(), Registration::Token, 4);
    let mut tokens = Vec::new();
    for _ in 0..count {
        tokens.push(clients.initial_access_token(Duration::from_hours(1)).await.unwrap());
    }
    tokens
}

fn forums(count: usize) -> impl Iterator<Item = Value> {
    (0..count).map(|number| asked(&format!("forum{number}.example")))
}

async fn g14_of_ten_that_come_at_once_with_one_token_one_gets_in(db: Db) {
    let one = tokens(&db, 1).await;
    let outcomes = register(&db, &vec![one[0].clone(); 10], forums(10)).await;
    assert_eq!(got_in(&db, outcomes, "the token is unknown, used, expired").await, 1);
}

async fn g13_of_ten_that_want_one_name_at_once_one_gets_it(db: Db) {
    let bodies = forums(10).map(|body| with(body, "client_name", json!("Budget participatif")));
    let outcomes = register(&db, &tokens(&db, 10).await, bodies).await;
    assert_eq!(got_in(&db, outcomes, "client_name is, or looks like, that of c_").await, 1);
}

async fn of_twenty_that_come_at_once_on_a_day_for_ten_ten_get_in(db: Db) {
    let outcomes = register(&db, &[], forums(20)).await;
    assert_eq!(got_in(&db, outcomes, "too many clients came today").await, 10);
}

async fn of_ten_that_change_one_registration_at_once_none_is_lost_half_way(db: Db) {
    let clients = node(db.store.clone(), Registration::Open, 1);
    let told = clients.register_itself(None, asked("forum.example").to_string().as_bytes()).await.unwrap();
    let id = told.client.id.to_string();
    let tries = (0..10).map(|number| {
        let (clients, id, token) = (clients.clone(), id.clone(), told.access.clone());
        let body = with(asked("forum.example"), "client_id", json!(id));
        let body = with(body, "policy_uri", json!(format!("https://forum.example/{number}")));
        tokio::spawn(async move { clients.replace(&id, token, body.to_string().as_bytes()).await.unwrap() })
    });
    futures_util::future::join_all(tries.collect::<Vec<_>>()).await.into_iter().for_each(|done| drop(done.unwrap()));
    let known = clients.registration(&id, told.access.clone()).await.unwrap().client;
    assert_eq!(known.version, 11);
}
