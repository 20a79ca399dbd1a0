//! What `store::log_secrets` promises: one secret a person, each number once, and nothing left after an erasure.

use heteronym::{
    domain::ids::{PersonId, PseudonymId},
    store::log_secrets,
};

use super::{
    both::{Db, on_both_engines},
    world::World,
};

on_both_engines! {
    a_person_has_one_secret_which_stays
    each_number_of_a_person_is_given_once
    the_newest_enrolment_counts
    each_number_of_a_pseudonym_is_given_once
    fifty_contenders_get_fifty_numbers_without_a_gap
    after_an_erasure_there_is_no_secret_and_no_number
}

async fn a_person_has_one_secret_which_stays(db: Db) {
    let world = World::add_to(&db).await;
    let person = world.person.id;
    let insert = |sealed: &'static [u8]| db.write(move |tx| Box::pin(log_secrets::insert(tx, person, sealed)));
    assert!(insert(b"first").await.unwrap());
    assert!(!insert(b"second").await.unwrap());
    let found = db.read(move |tx| Box::pin(log_secrets::find(tx, person))).await.unwrap();
    assert!(found.is_some_and(|found| found.sealed == b"first" && found.enrolment == 0));
    assert!(db.read(|tx| Box::pin(log_secrets::find(tx, STRANGER))).await.unwrap().is_none());
}

async fn each_number_of_a_person_is_given_once(db: Db) {
    let world = World::add_to(&db).await;
    let person = world.person.id;
    let count = || db.write(move |tx| Box::pin(log_secrets::count(tx, person)));
    assert_eq!(count().await.unwrap(), None, "there is no secret yet");
    db.write(move |tx| Box::pin(log_secrets::insert(tx, person, b"secret"))).await.unwrap();
    for n in 0..3 {
        assert_eq!(count().await.unwrap(), Some(n));
    }
    let counted = db.read(move |tx| Box::pin(log_secrets::counted(tx, person))).await.unwrap();
    assert_eq!(counted, Some(3));
}

async fn the_newest_enrolment_counts(db: Db) {
    let world = World::add_to(&db).await;
    let person = world.person.id;
    db.write(move |tx| Box::pin(log_secrets::insert(tx, person, b"secret"))).await.unwrap();
    let enrol = || db.write(move |tx| Box::pin(log_secrets::count_enrolment(tx, person)));
    assert_eq!(enrol().await.unwrap(), Some(0));
    assert_eq!(db.write(move |tx| Box::pin(log_secrets::count(tx, person))).await.unwrap(), Some(1));
    assert_eq!(enrol().await.unwrap(), Some(2));
    let found = db.read(move |tx| Box::pin(log_secrets::find(tx, person))).await.unwrap();
    assert!(found.is_some_and(|found| found.enrolment == 2));
}

async fn each_number_of_a_pseudonym_is_given_once(db: Db) {
    let world = World::add_to(&db).await;
    let pseudonym = world.pseudonym.id;
    for n in 0..3 {
        let count = db.write(move |tx| Box::pin(log_secrets::count_of_pseudonym(tx, pseudonym)));
        assert_eq!(count.await.unwrap(), Some(n));
    }
    let counted = db.read(move |tx| Box::pin(log_secrets::counted_of_pseudonym(tx, pseudonym))).await.unwrap();
    assert_eq!(counted, Some(3));
    let unknown = PseudonymId::from_bytes([9; 16]);
    let none = db.write(move |tx| Box::pin(log_secrets::count_of_pseudonym(tx, unknown))).await.unwrap();
    assert_eq!(none, None);
}

async fn fifty_contenders_get_fifty_numbers_without_a_gap(db: Db) {
    let world = World::add_to(&db).await;
    let pseudonym = world.pseudonym.id;
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let store = db.store.clone();
            tokio::spawn(async move {
                store.write(move |tx| Box::pin(log_secrets::count_of_pseudonym(tx, pseudonym))).await.unwrap().unwrap()
            })
        })
        .collect();
    let mut numbers = Vec::new();
    for task in tasks {
        numbers.push(task.await.unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..50).collect::<Vec<_>>());
}

async fn after_an_erasure_there_is_no_secret_and_no_number(db: Db) {
    let world = World::add_to(&db).await;
    let person = world.person.id;
    db.write(move |tx| Box::pin(log_secrets::insert(tx, person, b"secret"))).await.unwrap();
    let erase = || db.write(move |tx| Box::pin(log_secrets::erase(tx, person)));
    assert!(erase().await.unwrap());
    assert!(!erase().await.unwrap());
    assert!(db.read(move |tx| Box::pin(log_secrets::find(tx, person))).await.unwrap().is_none());
    assert_eq!(db.write(move |tx| Box::pin(log_secrets::count(tx, person))).await.unwrap(), None);
}

const STRANGER: PersonId = PersonId::from_bytes([9; 16]);
