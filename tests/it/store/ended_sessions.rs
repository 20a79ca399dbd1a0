//! A session that ends while a code is redeemed in it: one waits for the other, so that no grant outlives it unseen.

use std::{sync::Arc, time::Duration};

use heteronym::store::{StoreError, grants, sessions};
use tokio::sync::Notify;

use super::{
    both::{Db, on_both_engines},
    world::{DAY, World, hash},
};

on_both_engines! {
    s11_a_grant_that_is_being_written_dies_with_the_session_that_ends_at_that_moment
    s11_a_code_of_a_session_that_is_ending_at_that_moment_is_not_redeemed
}

/// Time enough for whoever does not wait.
const PAUSE: Duration = Duration::from_millis(300);

async fn s11_a_grant_that_is_being_written_dies_with_the_session_that_ends_at_that_moment(db: Db) {
    let world = World::add_to(&db).await;
    let (store, other, redemption) = (db.store.clone(), db.another_node().await, world.redemption(1));
    let written = Arc::new(Notify::new());
    let says = written.clone();
    let redeem = tokio::spawn(async move {
        let redeem = store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let redeemed = grants::redeem(tx, redemption).await?;
                says.notify_one();
                tokio::time::sleep(PAUSE).await;
                Ok(redeemed)
            })
        });
        redeem.await.unwrap()
    });
    written.notified().await;
    let end = other.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            assert!(sessions::remove(tx, redemption.session).await?);
            grants::revoke_by_session(tx, &redemption.session_tag, DAY).await
        })
    });
    assert_eq!(end.await.unwrap(), 1, "the end of the session finds the grant");
    assert!(redeem.await.unwrap());
    let id = redemption.id;
    assert!(db.read(move |tx| Box::pin(grants::find(tx, id))).await.unwrap().unwrap().dead);
    db.close_node(other).await;
}

async fn s11_a_code_of_a_session_that_is_ending_at_that_moment_is_not_redeemed(db: Db) {
    let world = World::add_to(&db).await;
    let (store, other, redemption) = (db.store.clone(), db.another_node().await, world.redemption(1));
    let removed = Arc::new(Notify::new());
    let says = removed.clone();
    let end = tokio::spawn(async move {
        let end = store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let removed = sessions::remove(tx, hash("session")).await?;
                says.notify_one();
                tokio::time::sleep(PAUSE).await;
                Ok(removed)
            })
        });
        end.await.unwrap()
    });
    removed.notified().await;
    let redeem = other.write::<_, StoreError, _>(move |tx| Box::pin(grants::redeem(tx, redemption)));
    assert!(!redeem.await.unwrap());
    assert!(end.await.unwrap());
    db.close_node(other).await;
}
