//! The database, on both engines.

use heteronym::{
    domain::{ambient::Timestamp, secret::Token},
    store::{Store, StoreError, accounts, settings, statements, throttles},
};

async fn sqlite() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::sqlite(&dir.path().join("heteronym.db")).await.unwrap();
    (dir, store)
}

#[tokio::test]
async fn every_statement_is_understood() {
    let (_dir, store) = sqlite().await;
    for statement in statements() {
        store.prepare(&statement).await.unwrap_or_else(|error| panic!("{}: {error}", statement.name));
    }
}

#[tokio::test]
async fn work_that_fails_leaves_nothing_and_its_neighbours_stay() {
    let (_dir, store) = sqlite().await;
    let mut tasks = Vec::new();
    for n in 0..50_u32 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            store
                .write(move |tx| {
                    Box::pin(async move {
                        settings::put(tx, &format!("n{n}"), "x").await?;
                        if n % 2 == 0 { Err(StoreError::Refused) } else { Ok(()) }
                    })
                })
                .await
                .is_ok()
        }));
    }
    for (n, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.await.unwrap(), n % 2 == 1);
        let found: Result<_, StoreError> =
            store.read(move |tx| Box::pin(async move { settings::find(tx, &format!("n{n}")).await })).await;
        assert_eq!(found.unwrap().is_some(), n % 2 == 1, "n{n}");
    }
}

#[tokio::test]
async fn a_second_opening_of_the_same_file_is_refused() {
    let (dir, _store) = sqlite().await;
    let second = Store::sqlite(&dir.path().join("heteronym.db")).await;
    assert!(second.is_err_and(|error| error.to_string().contains("another process")));
}

#[tokio::test]
async fn a_ceremony_is_used_once_and_failures_count_up() {
    let (_dir, store) = sqlite().await;
    let id = Token::presented("ceremony").hash();
    let outcome: Result<_, StoreError> = store
        .write(move |tx| {
            Box::pin(async move {
                accounts::insert_ceremony(tx, id, b"state", Timestamp(100)).await?;
                let first = accounts::use_ceremony(tx, id, Timestamp(50)).await?;
                let second = accounts::use_ceremony(tx, id, Timestamp(50)).await?;
                let one = throttles::fail(tx, &[1; 32], Timestamp(1)).await?;
                let two = throttles::fail(tx, &[1; 32], Timestamp(2)).await?;
                Ok((first, second, one, two))
            })
        })
        .await;
    assert_eq!(outcome.unwrap(), (Some(b"state".to_vec()), None, 1, 2));
}
