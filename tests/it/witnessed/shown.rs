//! Heads that are shown to witnesses, published with their cosignatures, and waited for.

use std::time::{Duration, Instant};

use heteronym::transparency::witnesses::Witnesses;

use super::{Asking, Post, Provider, proves, refused};
use crate::witness::{Tower, foreign::Litewitness};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_new_head_is_published_with_the_cosignatures_of_all_witnesses() {
    let directory = tempfile::tempdir().unwrap();
    let provider = Provider::open(directory.path()).await;
    let (one, other) = (Post::of(&provider, 1).await, Post::of(&provider, 2).await);
    let keys = [one.tower.key(), other.tower.key()];
    let asking = Asking::begin(&provider.witnesses(&[&one, &other], 0)).await;
    for size in 1..=3 {
        provider.append(&format!("leaf {size}")).await.unwrap();
        provider.publishes(&keys, (size, 2)).await;
    }
    assert!(one.tower.get("/logs").await.body.contains("id.example/log/registry 1 "), "the registry too");
    asking.end().await;
    provider.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_quorum_the_proof_of_a_leaf_is_that_of_a_head_which_enough_have_cosigned() {
    let directory = tempfile::tempdir().unwrap();
    let provider = Provider::open(directory.path()).await;
    let (one, other) = (Post::of(&provider, 1).await, Post::of(&provider, 2).await);
    let keys = [one.tower.key(), other.tower.key()];
    let asking = Asking::begin(&provider.witnesses(&[&one, &other], 2)).await;
    for number in 0..300_u32 {
        let leaf = format!("leaf {number}");
        let placed = provider.append(&leaf).await.unwrap();
        if number % 60 == 0 {
            proves(&provider, &provider.logs.witnessed(&placed).await.unwrap(), &leaf, &keys, 2);
        }
    }
    // Many at once share a head.
    let waiting = (0..20).map(|number| {
        let provider = &provider;
        let keys = &keys;
        async move {
            let leaf = format!("at once {number}");
            let placed = provider.append(&leaf).await.unwrap();
            proves(provider, &provider.logs.witnessed(&placed).await.unwrap(), &leaf, keys, 2);
        }
    });
    let begun = Instant::now();
    futures_util::future::join_all(waiting).await;
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    asking.end().await;
    provider.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_too_few_witnesses_answer_nothing_is_given_out_and_afterwards_it_is_again() {
    let directory = tempfile::tempdir().unwrap();
    let provider = Provider::open(directory.path()).await;
    let (one, other) = (Post::of(&provider, 1).await, Post::of(&provider, 2).await);
    let keys = [one.tower.key(), other.tower.key()];
    let asking = Asking::begin(&provider.witnesses(&[&one, &other], 2)).await;
    let first = provider.append("first").await.unwrap();
    provider.logs.witnessed(&first).await.unwrap();

    let address = other.url.strip_prefix("http://").unwrap().to_owned();
    let tower = other.end().await.restart().await;
    let begun = Instant::now();
    let second = provider.append("second").await.unwrap();
    let refused = provider.logs.witnessed(&second).await.unwrap_err().to_string();
    assert!(refused.contains("too few witnesses"), "{refused}");
    assert!((4..8).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    assert_eq!(provider.published(&keys).await, (1, 2), "nor is it published");

    let other = Post::serve(tower, &address).await;
    provider.publishes(&keys, (2, 2)).await;
    proves(&provider, &provider.logs.witnessed(&second).await.unwrap(), "second", &keys, 2);
    asking.end().await;
    drop((one, other));
    provider.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_witness_keeps_nobody_from_the_newest_head_for_longer_than_a_minute() {
    let directory = tempfile::tempdir().unwrap();
    let provider = Provider::open(directory.path()).await;
    let witness = Post::of(&provider, 1).await;
    let keys = [witness.tower.key()];
    let asking = Asking::begin(&provider.witnesses(&[&witness], 0)).await;
    provider.append("one").await.unwrap();
    provider.publishes(&keys, (1, 1)).await;
    witness.end().await;
    provider.append("two").await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(provider.published(&keys).await, (1, 1));
    provider.clock.advance(Duration::from_secs(61));
    assert_eq!(provider.published(&keys).await, (2, 0));
    asking.end().await;
    provider.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witness_that_does_not_know_the_log_or_signs_with_another_key_counts_for_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let provider = Provider::open(directory.path()).await;
    let good = Post::of(&provider, 1).await;
    let ignorant = Post::serve(Tower::with_seed(2).await, "127.0.0.1:0").await;
    // The key of one, at the address of another.
    let mut impostor = Post::of(&provider, 3).await;
    let other = Post::of(&provider, 4).await;
    impostor.url = other.url.clone();
    let keys = [good.tower.key(), ignorant.tower.key(), impostor.tower.key(), other.tower.key()];
    let asking = Asking::begin(&provider.witnesses(&[&good, &ignorant, &impostor], 0)).await;
    provider.append("one").await.unwrap();
    provider.publishes(&keys, (1, 1)).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(provider.published(&keys).await, (1, 1));
    assert!(provider.append("two").await.is_ok());
    asking.end().await;
    provider.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witness_of_others_cosigns_beside_ours() {
    let directory = tempfile::tempdir().unwrap();
    let provider = Provider::open(directory.path()).await;
    let logs = ["registry", "2026"].map(|name| provider.logs.keys(name.parse().unwrap()).remove(0));
    let Some(theirs) = Litewitness::start(&logs).await else { return };
    let ours = Post::of(&provider, 1).await;
    let keys = [ours.tower.key(), theirs.key()];
    let mut settings = Provider::settings(&[&ours], 2);
    settings.witnesses.push(format!("{} {}", theirs.key(), theirs.url()).parse().unwrap());
    let witnesses = Witnesses::new(provider.logs.clone(), settings).unwrap();
    let asking = Asking::begin(&witnesses).await;
    for number in 0..5 {
        let leaf = format!("leaf {number}");
        let placed = provider.append(&leaf).await.unwrap();
        proves(&provider, &provider.logs.witnessed(&placed).await.unwrap(), &leaf, &keys, 2);
    }
    asking.end().await;
    provider.close().await;
}

#[tokio::test]
async fn a_witness_named_twice_or_a_quorum_larger_than_all_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let provider = Provider::open(directory.path()).await;
    let witness = Post::of(&provider, 1).await;
    assert!(refused(&provider, Provider::settings(&[&witness, &witness], 2)).to_string().contains("twice"));
    let quorum = refused(&provider, Provider::settings(&[&witness], 2)).to_string();
    assert_eq!(quorum, "log.quorum is 2, and log.witnesses names 1");
}
