//! The clock: what goes back signs nothing, and a year ends its log.

use std::{sync::Arc, time::Duration};

use heteronym::{
    domain::{
        ambient::{Clock as _, FrozenClock},
        log::LogName,
    },
    store::{Log, StoreError},
    transparency::{Standing, Transparency},
    wire::tlog::leaf::{Anchor, Registry, RegistryLeaf},
};

use super::{House, at, audit, issue, leaf, log, name, year};
use crate::store::both::{Db, Place, on_both_engines, on_postgres};

on_both_engines! {
    p10_a_clock_that_went_back_signs_nothing_until_it_is_right
    p10_the_time_of_a_head_never_goes_back
    the_running_log_is_anchored_once_a_day_by_all_nodes_together
    p13_the_log_of_a_year_ends_with_it_and_takes_nothing_more
    p13_a_year_that_was_left_out_and_one_that_ended_without_us_are_ended_once
}

fn refused(done: Result<impl Sized, StoreError>, reason: &str) {
    match done {
        Err(StoreError::Unavailable(said)) => assert!(said.contains(reason), "{said}"),
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("was not refused"),
    }
}

async fn p10_a_clock_that_went_back_signs_nothing_until_it_is_right(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    issue(&db.store, &logs, vec!["before".to_owned()]).await;
    let right = house.clock.now();
    house.clock.set(right.minus(Duration::from_millis(2_001)));
    for which in [Log::Issuance, Log::Registry] {
        refused(log(&db.store, which, vec![leaf("behind")]).await, "clock");
    }
    // A node that starts with such a clock knows the time of the heads only from the database.
    db.store.close().await;
    let store = db.place.open().await.unwrap();
    let logs = house.logs(&store);
    assert_eq!(logs.open().await.unwrap(), Standing::Open, "the logs are as they were");
    for which in [Log::Issuance, Log::Registry] {
        refused(log(&store, which, vec![leaf("behind")]).await, "clock");
    }
    house.clock.set(right.minus(Duration::from_secs(2)));
    issue(&store, &logs, vec!["within the tolerance".to_owned()]).await;
    house.clock.set(right.plus(Duration::from_secs(1)));
    issue(&store, &logs, vec!["after".to_owned()]).await;
    assert_eq!(audit(&logs, year()).await, ["before", "within the tolerance", "after"]);
    store.close().await;
}

async fn p10_the_time_of_a_head_never_goes_back(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    issue(&db.store, &logs, vec!["one".to_owned()]).await;
    let first = house.clock.now();
    // Two seconds at a time would walk back an hour otherwise.
    for n in 0..3 {
        house.clock.set(first.minus(Duration::from_millis(1_900)));
        issue(&db.store, &logs, vec![format!("behind {n}")]).await;
        assert_eq!(logs.head(year()).await.unwrap().unwrap().signed_at, first);
    }
    house.clock.set(first.minus(Duration::from_millis(2_100)));
    refused(log(&db.store, Log::Issuance, vec![leaf("behind")]).await, "clock");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p10_a_node_whose_clock_is_behind_the_other_nodes_head_signs_nothing() {
    on_postgres(async |db: Db| {
        let house = House::new();
        let store = db.another_node().await;
        let behind = Arc::new(FrozenClock::new(house.clock.now().minus(Duration::from_secs(3))));
        let (logs, late) = (house.logs(&db.store), house.logs_by(&store, &behind));
        issue(&store, &late, vec!["late, and nobody was earlier".to_owned()]).await;
        issue(&db.store, &logs, vec!["right".to_owned()]).await;
        refused(log(&store, Log::Issuance, vec![leaf("late")]).await, "clock");
        behind.advance(Duration::from_secs(1));
        issue(&store, &late, vec!["late, within the tolerance".to_owned()]).await;
        assert_eq!(audit(&logs, year()).await.len(), 3);
        db.close_node(store).await;
    })
    .await;
}

async fn the_running_log_is_anchored_once_a_day_by_all_nodes_together(db: Db) {
    let house = House::new();
    house.clock.set(at("2026-06-01T10:00:00Z"));
    let (one, store) = (house.logs(&db.store), db.another_node().await);
    let two = house.logs(&store);
    assert!(!one.anchor().await.unwrap(), "there is nothing to anchor");
    let mut sizes = Vec::new();
    for day in 0..3 {
        issue(&db.store, &one, (0..=day).map(|n| format!("{day} {n}")).collect()).await;
        sizes.push(one.head(year()).await.unwrap().unwrap());
        for _ in 0..3 {
            let (ours, theirs) = tokio::join!(one.anchor(), two.anchor());
            house.clock.advance(Duration::from_hours(2));
            assert_eq!(sizes.len() as u64, anchors(&one).await.len() as u64, "{ours:?} {theirs:?}");
        }
        house.clock.advance(Duration::from_hours(18));
    }
    for (anchor, head) in anchors(&one).await.iter().zip(&sizes) {
        assert_eq!(
            (anchor.log.as_str(), anchor.size, anchor.root, anchor.is_final),
            ("2026", head.size, head.root, false)
        );
    }
    db.close_node(store).await;
}

/// Of the registry, in their order.
async fn anchors(logs: &Transparency) -> Vec<Anchor> {
    let leaves = audit(logs, LogName::Registry).await;
    let facts = leaves.iter().map(|leaf| RegistryLeaf::parse(leaf.as_bytes()).unwrap().facts);
    facts.filter_map(|facts| if let Registry::Anchor(anchor) = facts { Some(anchor) } else { None }).collect()
}

async fn p13_the_log_of_a_year_ends_with_it_and_takes_nothing_more(db: Db) {
    let house = House::new();
    house.clock.set(at("2026-12-31T22:59:59.500Z"));
    let (logs, store) = (house.logs(&db.store), db.another_node().await);
    let behind = Arc::new(FrozenClock::new(house.clock.now()));
    let late = house.logs_by(&store, &behind);
    issue(&db.store, &logs, vec!["the last of 2026".to_owned()]).await;
    log(&store, Log::Issuance, vec![leaf("the very last")]).await.unwrap();
    let last = logs.head(year()).await.unwrap().unwrap();

    // Midnight in Paris.
    house.clock.set(at("2026-12-31T23:00:00Z"));
    issue(&db.store, &logs, vec!["the first of 2027".to_owned()]).await;
    assert_eq!(audit(&logs, name("2027")).await, ["the first of 2027"]);
    let frozen = logs.head(year()).await.unwrap().unwrap();
    assert_eq!((frozen.size, frozen.root, frozen.frozen_at), (last.size, last.root, Some(house.clock.now())));
    let [anchor] = anchors(&logs).await.try_into().unwrap();
    assert_eq!((anchor.log.as_str(), anchor.size, anchor.root, anchor.is_final), ("2026", 2, last.root, true));

    // Where it is still the old year the old log is known, and is over all the same.
    if matches!(db.place, Place::Postgres(_)) {
        refused(log(&store, Log::Issuance, vec![leaf("after the end")]).await, "no more leaves");
        // Also for who has only just come.
        let fresh = db.place.open().await.unwrap();
        house.logs_by(&fresh, &behind);
        refused(log(&fresh, Log::Issuance, vec![leaf("after the end")]).await, "no more leaves");
        fresh.close().await;
    }
    behind.set(house.clock.now());
    issue(&store, &late, vec!["the second of 2027".to_owned()]).await;
    assert_eq!(audit(&logs, year()).await.len(), 2);
    assert_eq!(audit(&logs, LogName::Registry).await.len(), 2, "anchored once");
    assert_eq!(logs.verify().await.unwrap(), Standing::Open);
    db.close_node(store).await;
}

async fn p13_a_year_that_was_left_out_and_one_that_ended_without_us_are_ended_once(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    issue(&db.store, &logs, vec!["2026".to_owned()]).await;
    house.clock.set(at("2029-06-01T00:00:00Z"));
    issue(&db.store, &logs, vec!["2029".to_owned()]).await;
    let names: Vec<_> = logs.heads().await.unwrap().iter().map(|head| head.log.to_string()).collect();
    assert_eq!(names, ["registry", "2026", "2029"]);
    assert_eq!(audit(&logs, LogName::Registry).await.len(), 2);
    assert_eq!(audit(&logs, name("2029")).await, ["2029"]);
}
