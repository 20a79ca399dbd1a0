//! Clients that register themselves at the same moment, on two nodes where the engine allows it.

use std::{sync::Arc, time::Duration};

use heteronym::{
    clients::{AccessError, Admission, Clients, Outbound, Registered},
    config::{self, Registration},
    domain::{
        ambient::{Ambient, FrozenClock, SeededEntropy, Timestamp},
        secret::Token,
    },
    store::Store,
};
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
    let ambient = Ambient::new(
        Arc::new(FrozenClock::new(Timestamp::from_seconds(1_781_517_600))),
        Arc::new(SeededEntropy::new(seed)),
    );
    let issuer = "https://id.example".to_owned().try_into().unwrap();
    let outbound = Outbound::new(&config::Outbound { allow: Vec::new(), extra_ca: "".into() }, &issuer).unwrap();
    let admission = Admission { registration, per_day: 10, provider: "Heteronym".to_owned(), local: false };
    Clients::new(store, ambient, outbound).admitting(admission)
}

type Outcome = Result<Registered, AccessError>;

/// Registers `bodies` at once, every other one on another node.
async fn register(
    db: &Db,
    registration: Registration,
    token: Option<&Token>,
    bodies: impl Iterator<Item = Value>,
) -> Vec<Outcome> {
    let other = db.another_node().await;
    let nodes = [node(db.store.clone(), registration, 1), node(other.clone(), registration, 2)];
    let tries = bodies.enumerate().map(|(number, body)| {
        let (clients, token) = (nodes[number % 2].clone(), token.cloned());
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

fn forums(count: usize) -> impl Iterator<Item = Value> {
    (0..count).map(|number| asked(&format!("forum{number}.example")))
}

async fn g14_of_ten_that_come_at_once_with_one_token_one_gets_in(db: Db) {
    let clients = node(db.store.clone(), Registration::Token, 4);
    let token = clients.initial_access_token(Duration::from_hours(1)).await.unwrap();
    let outcomes = register(&db, Registration::Token, Some(&token), forums(10)).await;
    assert_eq!(got_in(&db, outcomes, "the token is unknown, used, expired").await, 1);
}

async fn g13_of_ten_that_want_one_name_at_once_one_gets_it(db: Db) {
    let bodies = forums(10).map(|body| with(body, "client_name", json!("Budget participatif")));
    let outcomes = register(&db, Registration::Open, None, bodies).await;
    assert_eq!(got_in(&db, outcomes, "client_name is, or looks like, that of c_").await, 1);
}

async fn of_twenty_that_come_at_once_on_a_day_for_ten_ten_get_in(db: Db) {
    let outcomes = register(&db, Registration::Open, None, forums(20)).await;
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
