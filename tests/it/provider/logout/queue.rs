//! What could not be told at once is told later: after a pause, after a restart, by one node of several.

use std::{sync::Arc, time::Duration};

use heteronym::{
    app::{Assembly, DataDir, Services},
    config::Config,
    domain::ambient::Ambient,
    provider::logout::{Logout, SCHEDULE},
};
use tokio::sync::watch;

use super::{House, Receiver, Say, eddsa};
use crate::{
    harness::{ISSUER, Service},
    store::both::{Place, on_postgres},
};

#[tokio::test]
async fn n5_a_forum_is_asked_again_by_the_schedule_and_then_given_up_and_counted() {
    let mut house = House::open().await;
    let told = house.forum("forum.example", eddsa()).await;
    told.receiver.now_says(Say::Status(500));
    house.session_ends().await;
    let tasks = house.service.services.tasks();
    let first = tasks.once(heteronym::tasks::Task::Logouts).await.unwrap();
    assert_eq!((first, told.receiver.count()), (1, 1), "at once");
    for (number, pause) in SCHEDULE.into_iter().enumerate() {
        house.service.clock.advance(pause.saturating_sub(Duration::from_millis(1)));
        assert_eq!((house.round().await, told.receiver.count()), (0, number + 1), "before its time");
        house.service.clock.advance(Duration::from_millis(1));
        assert_eq!((house.round().await, told.receiver.count()), (1, number + 2), "in its time");
    }
    let figures = house.service.services.logout.figures();
    assert_eq!((house.waiting().await.len(), figures.given_up(), figures.delivered()), (0, 1, 0));
    house.service.wait(100 * 3_600);
    assert_eq!((house.round().await, told.receiver.count()), (0, 6), "never again");
}

#[tokio::test]
async fn n5_what_a_forum_refuses_is_not_said_again_and_what_it_takes_is_counted() {
    for (status, given_up, delivered) in [(400, 1, 0), (200, 0, 1), (204, 0, 1)] {
        let mut house = House::open().await;
        let told = house.forum("forum.example", eddsa()).await;
        told.receiver.now_says(Say::Status(status));
        house.session_ends().await;
        house.round().await;
        let figures = house.service.services.logout.figures();
        assert_eq!((figures.given_up(), figures.delivered()), (given_up, delivered), "{status}");
        assert!(house.waiting().await.is_empty(), "{status}");
    }
}

#[tokio::test]
async fn n5_a_forum_that_is_away_for_a_while_hears_of_it_when_it_is_back() {
    let mut house = House::open().await;
    let told = house.forum("forum.example", eddsa()).await;
    told.receiver.now_says(Say::Status(503));
    house.sign_out().await;
    house.service.wait(10);
    house.round().await;
    told.receiver.now_says(Say::Status(200));
    house.service.wait(60);
    house.round().await;
    assert_eq!((told.receiver.count(), house.waiting().await.len()), (3, 0));
}

#[tokio::test]
async fn n5_a_forum_that_is_away_is_asked_once_a_round_however_much_it_is_to_be_told() {
    let mut house = House::open().await;
    let away = house.forum("away.example", eddsa()).await;
    let there = house.forum("there.example", eddsa()).await;
    away.receiver.now_says(Say::Status(500));
    house.session_ends().await;
    for _ in 0..11 {
        let session = house.citizen.begin_session(&house.service).await;
        house.browser.hold_session(session.token.expose());
        house.sign_in(&away.forum).await;
        house.service.services.accounts.sign_out(&session.signed_in).await.unwrap();
    }
    assert_eq!(house.round().await, 13);
    assert!((1..=8).contains(&away.receiver.count()), "{}: the rest waits with the first", away.receiver.count());
    assert_eq!((there.receiver.count(), house.waiting().await.len()), (1, 12));
    assert!(house.waiting().await.iter().all(|waiting| waiting.attempts == 1));
}

#[tokio::test]
async fn n5_a_round_is_not_held_up_by_a_forum_of_the_round_before() {
    let mut house = House::open().await;
    let slow = house.forum("slow.example", eddsa()).await;
    let (open, gate) = watch::channel(false);
    slow.receiver.now_says(Say::Held(gate));
    house.session_ends().await;
    let logout = house.service.services.logout.clone();
    let first = tokio::spawn(async move { logout.round().await });
    slow.receiver.has_taken(1).await;
    let session = house.citizen.begin_session(&house.service).await;
    house.browser.hold_session(session.token.expose());
    house.sign_in(&slow.forum).await;
    let quick = house.forum("quick.example", eddsa()).await;
    house.service.services.accounts.sign_out(&session.signed_in).await.unwrap();
    assert_eq!(house.round().await, 2);
    assert_eq!((quick.receiver.count(), slow.receiver.count()), (1, 1), "the slow one is asked one thing at a time");
    open.send(true).unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(house.waiting().await.len(), 1, "what was put off meanwhile");
    assert_eq!(house.waiting().await[0].attempts, 0, "that was no attempt");
}

#[tokio::test]
async fn what_was_queued_survives_the_end_of_the_process() {
    let mut house = House::open().await;
    let told = house.forum("forum.example", eddsa()).await;
    let id_token = house.id_token(&told).await;
    house.session_ends().await;
    assert_eq!(told.receiver.count(), 0, "the process ends before anybody is told");
    house.service.services.store.close().await;
    let ambient = house.service.services.ambient.clone();
    let again = started_again(house.service.dir.path(), ambient).await;
    assert_eq!(again.logout.round().await.unwrap(), 1);
    assert_eq!(told.receiver.count(), 1);
    let claims = super::part(&told.receiver.tokens()[0], 1);
    assert_eq!((&claims["sub"], &claims["sid"]), (&id_token["sub"], &id_token["sid"]));
    again.store.close().await;
}

/// The same service in a new process.
async fn started_again(directory: &std::path::Path, ambient: Ambient) -> Services {
    let text = format!("[server]\nissuer = \"{ISSUER}\"\n[outbound]\nallow = [\"127.0.0.1\"]");
    let data = DataDir::new(directory, Config::from_parts("test.toml", &text, []).unwrap());
    let keyring = Arc::new(data.load_keys(&ambient).unwrap());
    let store = data.open_store(&Ambient::system()).await.unwrap();
    Services::assemble(Assembly { config: data.config, store, keyring, ambient }).unwrap()
}

#[tokio::test]
async fn whoever_ends_while_telling_a_forum_loses_it_to_the_next_after_a_minute() {
    let mut house = House::open().await;
    let told = house.forum("forum.example", eddsa()).await;
    let (_never, gate) = watch::channel(false);
    told.receiver.now_says(Say::Held(gate));
    house.session_ends().await;
    let logout = house.service.services.logout.clone();
    let cut_short = tokio::spawn(async move { logout.round().await });
    told.receiver.has_taken(1).await;
    told.receiver.now_says(Say::Status(200));
    let other = another_node(&house.service);
    assert_eq!(other.round().await.unwrap(), 0, "somebody is at it");
    house.service.wait(60);
    assert_eq!(other.round().await.unwrap(), 1);
    assert_eq!((told.receiver.count(), house.waiting().await.len()), (2, 0));
    cut_short.abort();
}

/// A process of its own over the same database.
fn another_node(service: &Service) -> Logout {
    let config = &service.services.config;
    let outbound = heteronym::clients::Outbound::new(&config.outbound, &config.server.issuer).unwrap();
    Logout::new(service.services.provider.clone(), outbound)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_nodes_that_look_at_once_one_tells_the_forum() {
    on_postgres(async |db| {
        let Place::Postgres(options) = &db.place else { panic!("PostgreSQL alone has several nodes") };
        let storage = format!(
            "[storage]\nengine = \"postgres\"\nurl = \"{}\"\nallow_unprotected = true\nmax_connections = 8",
            options.url
        );
        let mut house = House::open_with(&storage).await;
        let allow = format!("{storage}\n[outbound]\nallow = [\"127.0.0.1\"]");
        let two = Service::start_at(ISSUER, &allow, 2).await;
        let mut receivers: Vec<Receiver> = Vec::new();
        for number in 0..5 {
            receivers.push(house.forum(&format!("forum{number}.example"), eddsa()).await.receiver);
        }
        house.session_ends().await;
        let rounds = [&house.service, &two].into_iter().cycle().take(8).map(|node| node.services.logout.round());
        for round in futures_util::future::join_all(rounds).await {
            round.unwrap();
        }
        assert_eq!(receivers.iter().map(Receiver::count).collect::<Vec<_>>(), [1; 5]);
        assert!(house.waiting().await.is_empty());
        house.service.services.store.close().await;
        two.services.store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_row_of_the_queue_tells_a_thief_neither_who_nor_where() {
    let mut house = House::open().await;
    let one = house.forum("one.example", eddsa()).await;
    let other = house.forum("a-forum-with-a-much-longer-name-than-the-other.example", eddsa()).await;
    let id_token = house.id_token(&one).await;
    house.session_ends().await;
    let rows = house.waiting().await;
    let [first, second] = rows.as_slice() else { panic!("{} rows", rows.len()) };
    assert_eq!(first.sealed.len(), second.sealed.len(), "not even which is which");
    let strange = [
        one.forum.id().as_bytes().to_vec(),
        other.forum.id().as_bytes().to_vec(),
        id_token["sub"].as_str().unwrap().as_bytes().to_vec(),
        id_token["sid"].as_str().unwrap().as_bytes().to_vec(),
        house.citizen.person.as_bytes().to_vec(),
        house.session.signed_in.tag().to_vec(),
    ];
    for strange in strange {
        let inside = |row: &heteronym::store::logouts::Delivery| {
            row.sealed.windows(strange.len()).any(|window| window == strange) || row.id.as_bytes().starts_with(&strange)
        };
        assert!(!rows.iter().any(inside));
    }
}
