//! What `store::persons` promises.

use heteronym::{
    domain::{
        ambient::Timestamp,
        ids::{PersonId, RegistrarId},
    },
    store::{
        StoreError,
        persons::{self, FactsRow, Person},
    },
};

use super::{
    both::{Db, on_both_engines},
    world::{DAY, LATER, NOW, World, leak, person},
};

on_both_engines! {
    a_person_is_found_as_written
    a_person_is_enrolled_by_an_office_that_is_there_and_once
    two_officers_cannot_overwrite_each_other
    what_changed_since_is_told_in_pages
    everybody_is_told_in_pages_with_facts_alone
    sealing_facts_again_changes_nothing_else
    a_twin_tag_is_one_persons_and_an_alike_tag_is_anybodys
}

async fn a_person_is_found_as_written(db: Db) {
    let world = World::add_to(&db).await;
    let found = db.read(move |tx| Box::pin(persons::find(tx, world.person.id))).await.unwrap();
    assert!(found.as_ref() == Some(world.person));
    let gone = leak(Person { departed_on: Some(DAY), facts: vec![], identity: vec![0; 70_000], ..person(2) });
    db.write(|tx| Box::pin(persons::insert(tx, gone))).await.unwrap();
    assert!(db.read(|tx| Box::pin(persons::find(tx, gone.id))).await.unwrap().as_ref() == Some(gone));
    let unknown = PersonId::from_bytes([9; 16]);
    assert!(db.read(move |tx| Box::pin(persons::find(tx, unknown))).await.unwrap().is_none());
}

async fn a_person_is_enrolled_by_an_office_that_is_there_and_once(db: Db) {
    World::add_to(&db).await;
    let outcome = db.write(|tx| Box::pin(persons::insert(tx, leak(person(1))))).await;
    assert!(matches!(outcome, Err(StoreError::Taken)), "{outcome:?}");
    let nowhere = leak(Person { registrar_id: RegistrarId::from_bytes([99; 16]), ..person(2) });
    let outcome = db.write(|tx| Box::pin(persons::insert(tx, nowhere))).await;
    assert!(matches!(outcome, Err(StoreError::Refused)), "{outcome:?}");
}

async fn two_officers_cannot_overwrite_each_other(db: Db) {
    let world = World::add_to(&db).await;
    let moved = leak(Person {
        renew_by: Timestamp(DAY.0 + 2 * 86_400_000),
        departed_on: Some(DAY),
        facts: b"new facts".to_vec(),
        identity: b"new identity".to_vec(),
        changed_at: LATER.minute(),
        ..world.person.clone()
    });
    let update = || db.write(|tx| Box::pin(persons::update(tx, moved)));
    assert!(update().await.unwrap());
    assert!(!update().await.unwrap(), "the row has the next version");
    let found = db.read(|tx| Box::pin(persons::find(tx, moved.id))).await.unwrap();
    assert!(found == Some(Person { version: 2, ..moved.clone() }));
    assert!(!db.write(|tx| Box::pin(persons::update(tx, leak(person(9))))).await.unwrap(), "unknown");
}

async fn what_changed_since_is_told_in_pages(db: Db) {
    World::add_to(&db).await;
    for (n, changed_at) in [(2, minutes(2)), (3, minutes(1)), (4, minutes(1))] {
        let row = leak(Person { changed_at, ..person(n) });
        db.write(move |tx| Box::pin(persons::insert(tx, row))).await.unwrap();
    }
    let page = |since, after, most| {
        let changed = db.read(move |tx| Box::pin(persons::changed_since(tx, since, after, most)));
        async { numbers(&changed.await.unwrap()) }
    };
    let id = |n| PersonId::from_bytes([n; 16]);
    assert_eq!(page(NOW, persons::FIRST, 9).await, [1, 3, 4, 2], "the minute of that time and all after it");
    assert_eq!(page(NOW, persons::FIRST, 2).await, [1, 3]);
    assert_eq!(page(minutes(1), id(3), 2).await, [4, 2]);
    assert_eq!(page(minutes(1), persons::FIRST, 9).await, [3, 4, 2]);
    assert!(page(minutes(2), id(2), 9).await.is_empty());
    let found = db.read(move |tx| Box::pin(persons::find(tx, id(2)))).await.unwrap().unwrap();
    assert_eq!(found.changed_at, minutes(2).minute());
}

/// So many minutes after [`NOW`].
fn minutes(count: i64) -> Timestamp {
    Timestamp(NOW.0 + count * 60_000)
}

async fn everybody_is_told_in_pages_with_facts_alone(db: Db) {
    let world = World::add_to(&db).await;
    let gone = leak(Person { departed_on: Some(DAY), ..person(2) });
    db.write(|tx| Box::pin(persons::insert(tx, gone))).await.unwrap();
    let page = |after, most| db.read(move |tx| Box::pin(persons::page(tx, after, most)));
    let all = page(persons::FIRST, 9).await.unwrap();
    assert_eq!(numbers(&all), [1, 2]);
    assert_eq!((all[0].departed, all[1].departed), (false, true));
    assert_eq!((&all[0].facts, all[0].version, all[0].changed_at), (&world.person.facts, 1, NOW.minute()));
    assert_eq!(numbers(&page(persons::FIRST, 1).await.unwrap()), [1]);
    assert_eq!(numbers(&page(world.person.id, 1).await.unwrap()), [2]);
}

async fn sealing_facts_again_changes_nothing_else(db: Db) {
    let world = World::add_to(&db).await;
    let reseal = |version| db.write(move |tx| Box::pin(persons::reseal(tx, world.person.id, version, b"sealed anew")));
    assert!(!reseal(2).await.unwrap(), "somebody changed the row meanwhile");
    assert!(reseal(1).await.unwrap());
    let found = db.read(move |tx| Box::pin(persons::find(tx, world.person.id))).await.unwrap();
    assert!(found == Some(Person { facts: b"sealed anew".to_vec(), ..world.person.clone() }));
}

fn numbers(rows: &[FactsRow]) -> Vec<u8> {
    rows.iter().map(|row| row.id.as_bytes()[0]).collect()
}

async fn a_twin_tag_is_one_persons_and_an_alike_tag_is_anybodys(db: Db) {
    let first = World::add_to(&db).await.person.id;
    let second = leak(person(2));
    db.write(|tx| Box::pin(persons::insert(tx, second))).await.unwrap();
    let (twin, alike) = (leak([1; 32]), leak([2; 32]));

    assert_eq!(db.read(|tx| Box::pin(persons::find_twin(tx, twin))).await.unwrap(), None);
    db.write(move |tx| Box::pin(persons::insert_twin(tx, twin, first))).await.unwrap();
    assert_eq!(db.read(|tx| Box::pin(persons::find_twin(tx, twin))).await.unwrap(), Some(first));
    for id in [first, second.id] {
        let outcome = db.write(move |tx| Box::pin(persons::insert_twin(tx, twin, id))).await;
        assert!(matches!(outcome, Err(StoreError::Taken)), "{outcome:?}");
    }

    for id in [first, second.id, second.id] {
        db.write(move |tx| Box::pin(persons::insert_alike(tx, alike, id))).await.unwrap();
    }
    assert_eq!(db.read(|tx| Box::pin(persons::count_alike(tx, alike))).await.unwrap(), 2);

    let (free, nobody) = (leak([3; 32]), PersonId::from_bytes([9; 16]));
    let outcome = db.write(move |tx| Box::pin(persons::insert_twin(tx, free, nobody))).await;
    assert!(matches!(outcome, Err(StoreError::Refused)), "{outcome:?}");
}
