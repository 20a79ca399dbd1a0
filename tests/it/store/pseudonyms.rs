//! What `store::pseudonyms` promises: one person, one voice; a name that was taken goes to nobody else.

use heteronym::{
    domain::ids::{PersonId, PseudonymId, Sector},
    store::{
        StoreError, clients, persons,
        pseudonyms::{self, Pseudonym},
    },
};

use super::{
    both::{Db, on_both_engines},
    world::{NOW, World, leak, person, pseudonym},
};

on_both_engines! {
    a_pseudonym_is_found_as_written
    a_person_gets_as_many_places_as_the_sector_grants
    a_retired_pseudonym_keeps_its_place
    a_pseudonym_is_changed_by_whoever_read_it_last
    pseudonyms_are_listed_by_sector_and_slot
    a_name_is_its_owners_for_ever
    a_name_is_taken_per_sector
}

async fn a_pseudonym_is_found_as_written(db: Db) {
    let world = World::add_to(&db).await;
    let found = db.read(move |tx| Box::pin(pseudonyms::find(tx, world.pseudonym.id))).await.unwrap();
    assert!(found.as_ref() == Some(world.pseudonym));
    let unknown = PseudonymId::from_bytes([9; 16]);
    assert!(db.read(move |tx| Box::pin(pseudonyms::find(tx, unknown))).await.unwrap().is_none());
}

async fn a_person_gets_as_many_places_as_the_sector_grants(db: Db) {
    let world = World::add_to(&db).await;
    let insert = |n, person, sector, slot| {
        let row = leak(pseudonym(n, person, sector, slot));
        db.write(move |tx| Box::pin(pseudonyms::insert(tx, row)))
    };
    let outcome = insert(2, world.person.id, world.sector, 0).await;
    assert!(matches!(outcome, Err(StoreError::Taken)), "the person has it: {outcome:?}");
    insert(2, world.person.id, world.sector, 1).await.unwrap();
    for slot in [2, 3, u32::MAX] {
        let outcome = insert(3, world.person.id, world.sector, slot).await;
        assert!(matches!(outcome, Err(StoreError::Refused)), "beyond the policy: {outcome:?}");
    }
    let outcome = insert(3, world.person.id, leak("other.example".parse().unwrap()), 0).await;
    assert!(matches!(outcome, Err(StoreError::Refused)), "no such sector: {outcome:?}");
    let outcome = insert(3, PersonId::from_bytes([9; 16]), world.sector, 0).await;
    assert!(matches!(outcome, Err(StoreError::Refused)), "no such person: {outcome:?}");

    let neighbour = leak(person(2));
    db.write(|tx| Box::pin(persons::insert(tx, neighbour))).await.unwrap();
    insert(3, neighbour.id, world.sector, 0).await.unwrap();
}

async fn a_retired_pseudonym_keeps_its_place(db: Db) {
    let world = World::add_to(&db).await;
    let retired = leak(Pseudonym { retired_on: Some(NOW), ..world.pseudonym.clone() });
    assert!(db.write(|tx| Box::pin(pseudonyms::update(tx, retired))).await.unwrap());
    let another = leak(pseudonym(2, world.person.id, world.sector, 0));
    let outcome = db.write(|tx| Box::pin(pseudonyms::insert(tx, another))).await;
    assert!(matches!(outcome, Err(StoreError::Taken)), "{outcome:?}");
}

async fn a_pseudonym_is_changed_by_whoever_read_it_last(db: Db) {
    let world = World::add_to(&db).await;
    let renamed =
        leak(Pseudonym { sealed: b"another name".to_vec(), retired_on: Some(NOW.month()), ..world.pseudonym.clone() });
    let update = || db.write(|tx| Box::pin(pseudonyms::update(tx, renamed)));
    assert!(update().await.unwrap());
    assert!(!update().await.unwrap());
    let found = db.read(|tx| Box::pin(pseudonyms::find(tx, renamed.id))).await.unwrap();
    assert!(found == Some(Pseudonym { version: 2, ..renamed.clone() }));
    let revived = leak(Pseudonym { version: 2, retired_on: None, ..renamed.clone() });
    assert!(db.write(|tx| Box::pin(pseudonyms::update(tx, revived))).await.unwrap());
    let found = db.read(|tx| Box::pin(pseudonyms::find(tx, renamed.id))).await.unwrap();
    assert!(found == Some(Pseudonym { version: 3, ..revived.clone() }));
}

async fn pseudonyms_are_listed_by_sector_and_slot(db: Db) {
    let world = World::add_to(&db).await;
    let (dash, dot) = (leak("a-b.example".parse::<Sector>().unwrap()), leak("a.example".parse::<Sector>().unwrap()));
    for (n, sector, slot) in [(2, dot, 0), (3, dash, 0), (4, world.sector, 1)] {
        let row = leak(pseudonym(n, world.person.id, sector, slot));
        db.write(move |tx| Box::pin(clients::ensure_sector(tx, sector, 1, NOW))).await.unwrap();
        db.write(move |tx| Box::pin(pseudonyms::insert(tx, row))).await.unwrap();
    }
    let first_bytes = |list: Vec<Pseudonym>| list.iter().map(|row| row.id.as_bytes()[0]).collect::<Vec<_>>();
    let all = db.read(move |tx| Box::pin(pseudonyms::of_person(tx, world.person.id))).await.unwrap();
    assert_eq!(first_bytes(all), [3, 2, 1, 4]);
    let here = db.read(move |tx| Box::pin(pseudonyms::in_sector(tx, world.person.id, world.sector))).await.unwrap();
    assert_eq!(first_bytes(here), [1, 4]);
    let none = db.read(|tx| Box::pin(pseudonyms::of_person(tx, PersonId::from_bytes([9; 16])))).await.unwrap();
    assert!(none.is_empty());
}

async fn a_name_is_its_owners_for_ever(db: Db) {
    let world = World::add_to(&db).await;
    let owner = world.pseudonym.id;
    let other = leak(pseudonym(2, world.person.id, world.sector, 1));
    db.write(|tx| Box::pin(pseudonyms::insert(tx, other))).await.unwrap();
    let tag = leak([3; 32]);
    let take = |who| db.write(move |tx| Box::pin(pseudonyms::take_name(tx, world.sector, tag, who)));
    let free = |who| db.read(move |tx| Box::pin(pseudonyms::name_is_free(tx, world.sector, tag, who)));
    let release = |who| db.write(move |tx| Box::pin(pseudonyms::release_names(tx, who, NOW)));

    assert!(free(None).await.unwrap());
    assert!(take(owner).await.unwrap());
    assert!(take(owner).await.unwrap(), "again");
    assert!(!take(other.id).await.unwrap());
    assert_eq!(
        (free(None).await.unwrap(), free(Some(owner)).await.unwrap(), free(Some(other.id)).await.unwrap()),
        (false, true, false)
    );

    assert_eq!(release(other.id).await.unwrap(), 0);
    assert_eq!(release(owner).await.unwrap(), 1);
    assert_eq!(release(owner).await.unwrap(), 0, "released already");
    assert!(!take(other.id).await.unwrap(), "a released name is never given to somebody else");
    assert!(!free(None).await.unwrap());
    assert!(take(owner).await.unwrap(), "its owner takes it up again");
    assert_eq!(release(owner).await.unwrap(), 1);
}

async fn a_name_is_taken_per_sector(db: Db) {
    let world = World::add_to(&db).await;
    let sector = leak("other.example".parse::<Sector>().unwrap());
    let elsewhere = leak(pseudonym(2, world.person.id, sector, 0));
    db.write(move |tx| Box::pin(clients::ensure_sector(tx, sector, 1, NOW))).await.unwrap();
    db.write(|tx| Box::pin(pseudonyms::insert(tx, elsewhere))).await.unwrap();
    let take = |sector, who| db.write(move |tx| Box::pin(pseudonyms::take_name(tx, sector, &[3; 32], who)));
    assert!(take(world.sector, world.pseudonym.id).await.unwrap());
    assert!(take(sector, elsewhere.id).await.unwrap());
    let outcome = take(sector, PseudonymId::from_bytes([9; 16])).await;
    assert!(matches!(outcome, Ok(false)), "somebody has it: {outcome:?}");
    let nobody =
        db.write(|tx| Box::pin(pseudonyms::take_name(tx, sector, &[4; 32], PseudonymId::from_bytes([9; 16])))).await;
    assert!(matches!(nobody, Err(StoreError::Refused)), "{nobody:?}");
}
