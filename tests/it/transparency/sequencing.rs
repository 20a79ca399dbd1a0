//! Who gets which number: one tree, whoever appends, without gap, fork or double.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use heteronym::{
    domain::log::LogName,
    store::{Log, NewLeaf, StoreError},
    wire::tlog::leaf::{Registry, RegistryLeaf},
};

use super::{House, audit, issue, leaf, log, name, proven, year};
use crate::store::both::{Db, on_both_engines};

on_both_engines! {
    every_leaf_comes_back_with_a_proof_that_verifies
    the_registry_begins_with_its_genesis_before_anything_is_issued
    leaves_of_one_commit_are_shuffled_and_those_of_the_registry_are_not
    p6_two_nodes_that_both_sequence_make_one_tree
    p6_the_first_leaves_of_all_by_two_nodes_at_once_begin_one_log
    p17_a_token_has_one_number_however_often_it_is_submitted
    p17_of_two_equal_ones_in_one_commit_one_is_taken_and_all_others_stay
    a_node_takes_up_what_another_has_appended_little_or_much
    work_of_both_logs_at_once_and_in_any_order_ends
    a_log_key_that_was_replaced_signs_beside_the_new_one
}

fn texts(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{prefix} {n}")).collect()
}

fn token(text: &str, number: u8) -> NewLeaf {
    NewLeaf { token: Some([number; 32]), owner: Some([number; 16]), ..leaf(text) }
}

async fn every_leaf_comes_back_with_a_proof_that_verifies(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    let mut indices = Vec::new();
    for round in ["a", "b", "c"] {
        indices.extend(issue(&db.store, &logs, texts(round, 200)).await);
    }
    assert_eq!(indices.iter().copied().collect::<BTreeSet<_>>(), (0..600).collect());
    let leaves = audit(&logs, year()).await;
    let all: Vec<_> = ["a", "b", "c"].into_iter().flat_map(|round| texts(round, 200)).collect();
    for (index, text) in indices.into_iter().zip(&all) {
        assert_eq!(leaves[usize::try_from(index).unwrap()], *text);
    }
    let clients = join_all((0..30).map(|n| {
        let store = db.store.clone();
        async move { log(&store, Log::Registry, vec![leaf(&format!("client {n}"))]).await.unwrap() }
    }));
    for (n, receipts) in clients.await.into_iter().enumerate() {
        proven(&logs, &receipts[0], &format!("client {n}"));
    }
    assert_eq!(audit(&logs, LogName::Registry).await.len(), 31);
}

async fn the_registry_begins_with_its_genesis_before_anything_is_issued(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    assert!(logs.heads().await.unwrap().is_empty());
    log(&db.store, Log::Issuance, vec![leaf("issued")]).await.unwrap();
    log(&db.store, Log::Registry, vec![leaf("client")]).await.unwrap();
    assert_eq!(audit(&logs, year()).await, ["issued"]);
    let registry = audit(&logs, LogName::Registry).await;
    assert_eq!((registry.len(), registry[1].as_str()), (2, "client"));
    let genesis = RegistryLeaf::parse(registry[0].as_bytes()).unwrap();
    assert_eq!(genesis.hour.to_string(), "2026-12-31T11Z");
    let Registry::Genesis(genesis) = genesis.facts else { panic!("{}", registry[0]) };
    assert_eq!((genesis.issuer.as_str(), genesis.origin.as_str()), ("https://id.example", "id.example/log/registry"));
    assert_eq!(genesis.log_keys.len(), 1);
    assert_eq!(genesis.log_keys[0].kid().as_str(), house.keyring.log().signing(super::at(super::NOON))[0].kid());
    assert_eq!(genesis.policy.brackets.version.as_str(), "standard-1");
    assert_eq!(logs.origin(year()), "id.example/log/2026");
}

async fn leaves_of_one_commit_are_shuffled_and_those_of_the_registry_are_not(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    let given = texts("leaf", 40);
    let leaves = || given.iter().map(|text| leaf(text)).collect();
    let issued = log(&db.store, Log::Issuance, leaves()).await.unwrap();
    for (receipt, text) in issued.iter().zip(&given) {
        proven(&logs, receipt, text);
    }
    log(&db.store, Log::Registry, leaves()).await.unwrap();
    let shuffled = audit(&logs, year()).await;
    assert_ne!(shuffled, given);
    assert_eq!(shuffled.iter().collect::<BTreeSet<_>>(), given.iter().collect());
    assert_eq!(audit(&logs, LogName::Registry).await[1..], given);
}

async fn p6_two_nodes_that_both_sequence_make_one_tree(db: Db) {
    let house = House::new();
    let (one, store) = (house.logs(&db.store), db.another_node().await);
    let two = house.logs(&store);
    let mut indices = Vec::new();
    for contenders in [2, 50, 50] {
        let half = contenders / 2;
        let (ours, theirs) = tokio::join!(
            issue(&db.store, &one, texts(&format!("one {contenders} {}", indices.len()), half)),
            issue(&store, &two, texts(&format!("two {contenders} {}", indices.len()), half)),
        );
        indices.extend(ours.into_iter().chain(theirs));
    }
    assert_eq!(indices.iter().copied().collect::<BTreeSet<_>>(), (0..102).collect());
    assert_eq!(audit(&one, year()).await.iter().collect::<BTreeSet<_>>().len(), 102);
    assert_eq!(audit(&two, year()).await.len(), 102);
    db.close_node(store).await;
}

async fn p6_the_first_leaves_of_all_by_two_nodes_at_once_begin_one_log(db: Db) {
    let house = House::new();
    let (one, store) = (house.logs(&db.store), db.another_node().await);
    let two = house.logs(&store);
    let (ours, theirs) = tokio::join!(issue(&db.store, &one, texts("one", 10)), issue(&store, &two, texts("two", 10)));
    assert_eq!(ours.into_iter().chain(theirs).collect::<BTreeSet<_>>(), (0..20).collect());
    assert_eq!(audit(&one, LogName::Registry).await.len(), 1, "one genesis");
    assert_eq!(audit(&two, year()).await.len(), 20);
    db.close_node(store).await;
}

async fn p17_a_token_has_one_number_however_often_it_is_submitted(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    log(&db.store, Log::Issuance, vec![token("first", 1)]).await.unwrap();
    for again in
        [token("again", 1), NewLeaf { owner: None, ..token("again", 1) }, NewLeaf { token: None, ..token("again", 1) }]
    {
        let refused = log(&db.store, Log::Issuance, vec![again, leaf("with it")]).await.err();
        assert!(matches!(refused, Some(StoreError::Taken)), "{refused:?}");
    }
    log(&db.store, Log::Issuance, vec![token("second", 2)]).await.unwrap();
    assert_eq!(audit(&logs, year()).await, ["first", "second"]);
}

async fn p17_of_two_equal_ones_in_one_commit_one_is_taken_and_all_others_stay(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    let works = (0..40_u8).map(|n| {
        let store = db.store.clone();
        let new = if n % 20 == 7 { token("the same", 7) } else { token(&format!("leaf {n}"), 100 + n) };
        async move { log(&store, Log::Issuance, vec![new]).await }
    });
    let done = join_all(works).await;
    let refused: Vec<_> = done.iter().filter_map(|done| done.as_ref().err()).collect();
    assert!(matches!(refused.as_slice(), [StoreError::Taken]), "{refused:?}");
    let leaves = audit(&logs, year()).await;
    assert_eq!(leaves.len(), 39);
    assert_eq!(leaves.iter().filter(|leaf| *leaf == "the same").count(), 1);
}

async fn a_node_takes_up_what_another_has_appended_little_or_much(db: Db) {
    let house = House::new();
    let (one, store) = (house.logs(&db.store), db.another_node().await);
    let two = house.logs(&store);
    for (round, count) in [1, 300, 5_000].into_iter().enumerate() {
        // The other node knows the log as it was.
        issue(&store, &two, texts(&format!("two {round}"), 1)).await;
        let leaves = texts(&format!("one {round}"), count);
        log(&db.store, Log::Issuance, leaves.iter().map(|text| leaf(text)).collect()).await.unwrap();
        issue(&store, &two, texts(&format!("two again {round}"), 1)).await;
    }
    let (ours, theirs) = (audit(&one, year()).await, audit(&two, year()).await);
    assert_eq!((ours.len(), ours), (5_307, theirs));
    db.close_node(store).await;
}

async fn work_of_both_logs_at_once_and_in_any_order_ends(db: Db) {
    let house = House::new();
    let (one, store) = (house.logs(&db.store), db.another_node().await);
    let _two = house.logs(&store);
    let works = (0..60).map(|n| {
        let store = if n % 2 == 0 { db.store.clone() } else { store.clone() };
        let order = if n % 3 == 0 { [Log::Registry, Log::Issuance] } else { [Log::Issuance, Log::Registry] };
        async move {
            let both = store.write::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    for log in order {
                        tx.log(log, leaf(&format!("{n}")))?;
                    }
                    Ok(())
                })
            });
            both.await.unwrap();
        }
    });
    join_all(works).await;
    assert_eq!(audit(&one, year()).await.len(), 60);
    assert_eq!(audit(&one, LogName::Registry).await.len(), 61);
    db.close_node(store).await;
}

async fn a_log_key_that_was_replaced_signs_beside_the_new_one(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    issue(&db.store, &logs, texts("before", 3)).await;
    let old = logs.keys(name("2026"));
    let mut rng = heteronym::domain::ambient::Ambient::system().rng();
    let now = house.clock.as_ref();
    let rotated =
        house.keyring.rotate(heteronym::keyring::Role::Log, &mut rng, heteronym::domain::ambient::Clock::now(now));
    rotated.unwrap();
    house.clock.advance(std::time::Duration::from_hours(9 * 24));
    house.keyring.refresh(heteronym::domain::ambient::Clock::now(now)).unwrap();
    log(&db.store, Log::Registry, vec![leaf("after")]).await.unwrap();
    let head = logs.head(LogName::Registry).await.unwrap().unwrap();
    let signed = heteronym::wire::tlog::SignedCheckpoint::parse(head.checkpoint.as_bytes()).unwrap();
    assert_eq!(signed.note().signatures().len(), 2);
    assert!(signed.verify(&logs.origin(LogName::Registry), &logs.keys(LogName::Registry)).is_ok());
    assert_eq!((old.len(), logs.keys(name("2026")).len()), (1, 2));
    assert_eq!(logs.verify().await.unwrap(), heteronym::transparency::Standing::Open);
}
