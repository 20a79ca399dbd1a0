//! A caller that goes away at any await point loses no acknowledged write and leaves none half done.
//!
//! A disconnecting client drops its handler's future. With sqlx 0.9 on PostgreSQL, a future dropped between BEGIN and its
//! answer leaves the transaction open on a pooled connection (issues 4385 and 4393), and what others write there next
//! vanishes or is committed together with the half that was left. Two guards keep the store from it: writing work runs
//! in a task of its own, and a connection is rolled back before it is used again.
//!
//! That these cases see the fault was tried by taking the guards away. Without the task and the ROLLBACK, on PostgreSQL,
//! `whoever_stays_loses_nothing_to_whoever_leaves` finds a pair of which one half is there, and
//! `a_transaction_that_was_left_open_is_nobody_elses` finds what was left committed by somebody else. With either guard
//! alone both pass.

use std::{future::Future, pin::pin, task::Poll, time::Duration};

use heteronym::store::{PostgresOptions, Store, StoreError, Tx, settings};
use tokio::task::JoinSet;

use super::{
    both::{Db, Place, on_both_engines},
    world::leak,
};

on_both_engines! {
    whoever_stays_loses_nothing_to_whoever_leaves
    a_transaction_that_was_left_open_is_nobody_elses
    a_dropped_read_leaves_its_connection_usable
}

/// More await points than any of the futures has.
const MOST_POLLS: usize = 24;
/// Callers at once, every second of which leaves.
const CALLERS: usize = 24;

/// Drops `future` after it was pending for the `polls`-th time. What it answered, if it answered before.
async fn drop_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut pending = 0;
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending if pending == polls => Poll::Ready(None),
        Poll::Pending => {
            pending += 1;
            Poll::Pending
        }
    })
    .await
}

/// The same database through two connections only, so that everybody comes after somebody who left.
async fn narrow(db: &Db) -> Store {
    match &db.place {
        Place::Sqlite(_) => db.store.clone(),
        Place::Postgres(options) => {
            Store::postgres(&PostgresOptions { max_connections: 2, ..options.clone() }).await.unwrap()
        }
    }
}

/// Two rows that are written together or not at all.
async fn pair(tx: &mut Tx, name: &str) -> Result<(), StoreError> {
    settings::put_once(tx, &format!("{name} one"), "x").await?;
    tokio::task::yield_now().await;
    settings::put_once(tx, &format!("{name} two"), "x").await
}

/// How many rows of the pair are there.
async fn rows_of(db: &Db, name: &'static str) -> usize {
    let mut rows = 0;
    for half in ["one", "two"] {
        let name: &str = format!("{name} {half}").leak();
        rows += usize::from(db.read(|tx| Box::pin(settings::find(tx, name))).await.unwrap().is_some());
    }
    rows
}

async fn whoever_stays_loses_nothing_to_whoever_leaves(db: Db) {
    let store = narrow(&db).await;
    let mut acknowledged = Vec::new();
    let mut left = Vec::new();
    for polls in 0..MOST_POLLS {
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            let store = store.clone();
            let name: &'static str = format!("{polls} {caller}").leak();
            callers.spawn(async move {
                let write = store.write::<_, StoreError, _>(move |tx| Box::pin(pair(tx, name)));
                let polls = if caller % 2 == 0 { polls } else { usize::MAX };
                (name, drop_after(polls, write).await)
            });
        }
        for (name, answer) in callers.join_all().await {
            match answer {
                Some(answer) => {
                    answer.unwrap_or_else(|error| panic!("{name}: {error}"));
                    acknowledged.push(name);
                }
                None => left.push(name),
            }
        }
    }
    assert!(acknowledged.len() >= MOST_POLLS * CALLERS / 2);
    assert!(!left.is_empty(), "somebody left in the middle");
    // Closing waits for the work that goes on without its caller.
    db.close_node(store).await;
    db.write(|tx| Box::pin(settings::put(tx, "the last in the queue", "x"))).await.unwrap();
    for name in acknowledged {
        assert_eq!(rows_of(&db, name).await, 2, "{name} was acknowledged");
    }
    for name in left {
        assert_ne!(rows_of(&db, name).await, 1, "{name} is half done");
    }
}

/// The worst of work: it never ends, and its caller leaves it in the middle.
async fn a_transaction_that_was_left_open_is_nobody_elses(db: Db) {
    let store = narrow(&db).await;
    let stuck = store.write::<(), StoreError, _>(|tx| {
        Box::pin(async move {
            settings::put(tx, "left", "x").await?;
            // As a handler that is dropped while it waits for something else.
            tokio::time::sleep(Duration::from_millis(300)).await;
            Err(StoreError::Refused)
        })
    });
    let gone = tokio::time::timeout(Duration::from_millis(100), stuck).await;
    assert!(gone.is_err(), "it was left in the middle");
    for n in 0..8 {
        let name: &str = leak(format!("after {n}"));
        store.write::<_, StoreError, _>(|tx| Box::pin(settings::put(tx, name, "x"))).await.unwrap();
    }
    db.close_node(store).await;
    for n in 0..8 {
        let name: &str = leak(format!("after {n}"));
        assert!(db.read(|tx| Box::pin(settings::find(tx, name))).await.unwrap().is_some(), "{name}");
    }
    assert_eq!(db.read(|tx| Box::pin(settings::find(tx, "left"))).await.unwrap(), None);
}

async fn a_dropped_read_leaves_its_connection_usable(db: Db) {
    let store = narrow(&db).await;
    db.write(|tx| Box::pin(settings::put(tx, "a", "x"))).await.unwrap();
    for polls in 0..MOST_POLLS {
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            let store = store.clone();
            callers.spawn(async move {
                let read = store.read::<_, StoreError, _>(|tx| Box::pin(settings::find(tx, "a")));
                let polls = if caller % 2 == 0 { polls } else { usize::MAX };
                drop_after(polls, read).await
            });
        }
        for answer in callers.join_all().await.into_iter().flatten() {
            assert_eq!(answer.unwrap().as_deref(), Some("x"));
        }
        store.write::<_, StoreError, _>(|tx| Box::pin(settings::put(tx, "b", "x"))).await.unwrap();
    }
    db.close_node(store).await;
}
