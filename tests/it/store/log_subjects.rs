//! What `store::log_subjects` promises: what has not changed is said once, whoever tries.

use heteronym::store::log_subjects;

use super::both::{Db, on_both_engines};

on_both_engines! {
    what_is_said_is_new_once_and_again_when_it_has_changed
    of_fifty_who_say_the_same_one_is_told_that_it_is_new
}

async fn what_is_said_is_new_once_and_again_when_it_has_changed(db: Db) {
    let say = |said: &'static [u8; 32]| db.write(move |tx| Box::pin(log_subjects::say(tx, "key:a", said)));
    let known = || db.read(|tx| Box::pin(log_subjects::is_known(tx, "key:a")));
    assert!(!known().await.unwrap());
    assert!(say(&[1; 32]).await.unwrap());
    assert!(known().await.unwrap());
    assert!(!say(&[1; 32]).await.unwrap());
    assert!(say(&[2; 32]).await.unwrap());
    assert!(say(&[1; 32]).await.unwrap(), "back to what it was is a change");
}

async fn of_fifty_who_say_the_same_one_is_told_that_it_is_new(db: Db) {
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let store = db.store.clone();
            tokio::spawn(
                async move { store.write(|tx| Box::pin(log_subjects::say(tx, "key:a", &[1; 32]))).await.unwrap() },
            )
        })
        .collect();
    let mut new = 0;
    for task in tasks {
        new += u32::from(task.await.unwrap());
    }
    assert_eq!(new, 1);
}
