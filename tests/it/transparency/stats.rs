//! The counts of each month: published once, when it is over, by whichever node comes first.

use std::time::Duration;

use heteronym::{
    domain::log::LogName,
    store::{Log, NewLeaf, Store},
    wire::tlog::leaf::{Access, Hour, Issuance, IssuanceLeaf, OwnerTag, Registry, RegistryLeaf, Stats},
};

use super::{House, at, audit, log};
use crate::store::both::{Db, on_both_engines};

on_both_engines! {
    the_counts_of_a_month_are_published_once_it_is_over_and_what_it_began_is_committed
    of_two_nodes_one_publishes_each_month_and_no_month_is_left_out
    without_a_leaf_in_anybodys_name_there_is_nothing_to_publish
}

/// Of an hour as `2026-12-31T11Z`.
fn opened(hour: &str, number: u8) -> NewLeaf {
    let access = Access {
        purpose: "renewal".parse().unwrap(),
        role: "officer".parse().unwrap(),
        owner: OwnerTag::from_bytes([number; 16]),
        commitment: heteronym::wire::tlog::Hash::from_bytes([number; 32]),
    };
    let leaf = IssuanceLeaf::new(hour.parse::<Hour>().unwrap(), Issuance::from(access));
    NewLeaf { bytes: leaf.to_bytes().unwrap(), token: None, owner: Some([number; 16]) }
}

async fn open_records(store: &Store, hour: &str, numbers: std::ops::Range<u8>) {
    log(store, Log::Issuance, numbers.map(|number| opened(hour, number)).collect()).await.unwrap();
}

/// What the registry has published, as month and records opened.
async fn published(logs: &heteronym::transparency::Transparency) -> Vec<(String, u64)> {
    let leaves = audit(logs, LogName::Registry).await;
    let stats = leaves.iter().filter_map(|leaf| match RegistryLeaf::parse(leaf.as_bytes()).unwrap().facts {
        Registry::Stats(Stats { month, counts, part: 1, parts: 1, registrars }) => {
            assert_eq!((counts.enrol, counts.nym, counts.issue, counts.revoke, registrars.len()), (0, 0, 0, 0, 0));
            Some((month.to_string(), counts.access))
        }
        _ => None,
    });
    stats.collect()
}

async fn the_counts_of_a_month_are_published_once_it_is_over_and_what_it_began_is_committed(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    open_records(&db.store, "2026-12-31T11Z", 0..3).await;
    assert_eq!(logs.publish_counts().await.unwrap(), 0, "the month is not over");
    house.clock.set(at("2027-01-01T01:59:59Z"));
    // Begun in the last hour of the month.
    open_records(&db.store, "2026-12-31T23Z", 3..4).await;
    assert_eq!(logs.publish_counts().await.unwrap(), 0, "what was begun in it may still come");
    house.clock.advance(Duration::from_secs(1));
    open_records(&db.store, "2027-01-01T02Z", 4..5).await;
    assert_eq!(logs.publish_counts().await.unwrap(), 1);
    assert_eq!(published(&logs).await, [("2026-12".to_owned(), 4)]);
    assert_eq!(logs.publish_counts().await.unwrap(), 0, "it is said once");
}

async fn of_two_nodes_one_publishes_each_month_and_no_month_is_left_out(db: Db) {
    let house = House::new();
    let node = db.another_node().await;
    let (one, other) = (house.logs(&db.store), house.logs(&node));
    open_records(&db.store, "2026-12-31T11Z", 0..3).await;
    house.clock.set(at("2027-03-05T00:00:00Z"));
    open_records(&node, "2027-03-05T00Z", 3..5).await;
    let (first, second) = tokio::join!(one.publish_counts(), other.publish_counts());
    assert_eq!(first.unwrap() + second.unwrap(), 3);
    let mut months = published(&one).await;
    months.sort();
    assert_eq!(months, [("2026-12", 3), ("2027-01", 0), ("2027-02", 0)].map(|(month, n)| (month.to_owned(), n)));
    // A restart counts again, and says nothing again.
    assert_eq!(house.logs(&node).publish_counts().await.unwrap(), 0);
    db.close_node(node).await;
}

async fn without_a_leaf_in_anybodys_name_there_is_nothing_to_publish(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    house.clock.set(at("2027-03-05T00:00:00Z"));
    assert_eq!(logs.publish_counts().await.unwrap(), 0);
    assert_eq!(logs.heads().await.unwrap(), [], "and no log begins for it");
}
