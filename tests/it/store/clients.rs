//! What `store::clients` and `store::consents` promise.

use heteronym::{
    domain::ids::{ClientId, ConsentId, PersonId, Sector},
    store::{
        StoreError,
        clients::{self, Client},
        consents::{self, Consent},
    },
};

use super::{
    both::{Db, on_both_engines},
    world::{LATER, NOW, World, client, consent, hash, leak, pseudonym},
};

on_both_engines! {
    a_client_is_found_and_listed_as_written
    a_client_belongs_to_a_sector_that_is_there_and_its_id_is_its_own
    the_clients_of_a_sector_are_listed_without_those_of_others
    a_client_is_changed_by_whoever_read_it_last
    a_client_is_disabled_once
    a_sector_keeps_the_policy_it_began_with
    a_policy_has_bounds
    an_initial_access_token_is_spent_once_and_before_it_expires
    initial_access_tokens_that_let_nobody_in_any_more_are_removed_so_many_at_a_time
    a_pseudonym_has_one_live_consent_for_a_client
    a_consent_is_withdrawn_once_and_by_its_person
    a_consent_is_replaced_while_it_is_live_and_by_whoever_read_it_last
    the_consents_of_a_person_are_theirs_alone
}

async fn a_client_is_found_and_listed_as_written(db: Db) {
    let world = World::add_to(&db).await;
    let public = leak(Client { secret_hash: None, ..client("c_a-public", world.sector) });
    db.write(|tx| Box::pin(clients::insert(tx, public))).await.unwrap();
    for expected in [world.client, public] {
        let found = db.read(|tx| Box::pin(clients::find(tx, &expected.id))).await.unwrap();
        assert_eq!(found.as_ref(), Some(expected));
    }
    let unknown = leak("c_unknown".parse::<ClientId>().unwrap());
    assert_eq!(db.read(|tx| Box::pin(clients::find(tx, unknown))).await.unwrap(), None);
    let list = db.read(|tx| Box::pin(clients::list(tx))).await.unwrap();
    assert_eq!(list, [public.clone(), world.client.clone()]);
}

async fn a_client_belongs_to_a_sector_that_is_there_and_its_id_is_its_own(db: Db) {
    let world = World::add_to(&db).await;
    let outcome = db.write(move |tx| Box::pin(clients::insert(tx, world.client))).await;
    assert!(matches!(outcome, Err(StoreError::Taken)), "{outcome:?}");
    let stray = leak(client("c_stray", &"other.example".parse().unwrap()));
    let outcome = db.write(|tx| Box::pin(clients::insert(tx, stray))).await;
    assert!(matches!(outcome, Err(StoreError::Refused)), "{outcome:?}");
}

async fn the_clients_of_a_sector_are_listed_without_those_of_others(db: Db) {
    let world = World::add_to(&db).await;
    let other = leak("other.example".parse::<Sector>().unwrap());
    let (sister, stranger) = (leak(client("c_a-sister", world.sector)), leak(client("c_b-stranger", other)));
    db.write(move |tx| Box::pin(clients::ensure_sector(tx, other, 1, NOW))).await.unwrap();
    db.write(move |tx| Box::pin(clients::insert(tx, sister))).await.unwrap();
    db.write(move |tx| Box::pin(clients::insert(tx, stranger))).await.unwrap();
    let of = |sector| db.read(move |tx| Box::pin(clients::of_sector(tx, sector)));
    assert_eq!(of(world.sector).await.unwrap(), [sister.clone(), world.client.clone()]);
    assert_eq!(of(other).await.unwrap(), std::slice::from_ref(stranger));
    assert_eq!(of(leak("nowhere.example".parse().unwrap())).await.unwrap(), []);
}

async fn a_client_is_changed_by_whoever_read_it_last(db: Db) {
    let world = World::add_to(&db).await;
    let changed = leak(Client {
        metadata: "{}".to_owned(),
        secret_hash: Some(hash("another")),
        sector: "not.taken.over".parse().unwrap(),
        ..world.client.clone()
    });
    let update = || db.write(|tx| Box::pin(clients::update(tx, changed)));
    assert!(update().await.unwrap());
    assert!(!update().await.unwrap());
    let found = db.read(|tx| Box::pin(clients::find(tx, &changed.id))).await.unwrap().unwrap();
    assert_eq!(found, Client { version: 2, sector: world.sector.clone(), ..changed.clone() });
}

async fn a_client_is_disabled_once(db: Db) {
    let world = World::add_to(&db).await;
    let disable = || db.write(move |tx| Box::pin(clients::disable(tx, &world.client.id, NOW)));
    assert!(disable().await.unwrap());
    assert!(!disable().await.unwrap());
    let found = db.read(|tx| Box::pin(clients::find(tx, &world.client.id))).await.unwrap().unwrap();
    assert_eq!((found.disabled_at, found.version), (Some(NOW), 2));
    let stale = db.write(move |tx| Box::pin(clients::update(tx, world.client))).await.unwrap();
    assert!(!stale, "whoever read it before it was disabled changes nothing");
}

async fn a_sector_keeps_the_policy_it_began_with(db: Db) {
    let sector = leak("sector.example:8443".parse::<Sector>().unwrap());
    let policy = || db.read(|tx| Box::pin(clients::heteronyms_per_person(tx, sector)));
    assert_eq!(policy().await.unwrap(), None);
    for heteronyms in [3, 5] {
        db.write(move |tx| Box::pin(clients::ensure_sector(tx, sector, heteronyms, NOW))).await.unwrap();
        assert_eq!(policy().await.unwrap(), Some(3));
    }
}

async fn a_policy_has_bounds(db: Db) {
    let sector = leak("sector.example".parse::<Sector>().unwrap());
    for heteronyms in [-1, 0, 101] {
        let outcome = db.write(move |tx| Box::pin(clients::ensure_sector(tx, sector, heteronyms, NOW))).await;
        assert!(matches!(outcome, Err(StoreError::Refused)), "{heteronyms}: {outcome:?}");
    }
}

async fn an_initial_access_token_is_spent_once_and_before_it_expires(db: Db) {
    for token in ["first", "second"] {
        db.write(move |tx| Box::pin(clients::insert_registration_token(tx, hash(token), NOW, LATER))).await.unwrap();
    }
    let live = |token, now| db.read(move |tx| Box::pin(clients::registration_token_is_live(tx, hash(token), now)));
    let spend = |token, now| db.write(move |tx| Box::pin(clients::use_registration_token(tx, hash(token), now)));
    assert!(live("first", NOW).await.unwrap() && live("first", NOW).await.unwrap(), "looking spends nothing");
    assert!(spend("first", NOW).await.unwrap());
    assert!(!spend("first", NOW).await.unwrap());
    assert!(!live("first", NOW).await.unwrap());
    assert!(!live("second", LATER).await.unwrap() && !spend("second", LATER).await.unwrap(), "it has expired");
    assert!(!live("unknown", NOW).await.unwrap() && !spend("unknown", NOW).await.unwrap());
}

async fn initial_access_tokens_that_let_nobody_in_any_more_are_removed_so_many_at_a_time(db: Db) {
    for (token, expires_at) in [("used", LATER), ("live", LATER), ("expired", NOW), ("expired too", NOW)] {
        db.write(move |tx| Box::pin(clients::insert_registration_token(tx, hash(token), NOW, expires_at)))
            .await
            .unwrap();
    }
    assert!(db.write(|tx| Box::pin(clients::use_registration_token(tx, hash("used"), NOW))).await.unwrap());
    let remove = |now| db.write(move |tx| Box::pin(clients::remove_old_registration_tokens(tx, now, 2)));
    assert_eq!([remove(NOW).await.unwrap(), remove(NOW).await.unwrap(), remove(NOW).await.unwrap()], [2, 1, 0]);
    let live = |now| db.read(move |tx| Box::pin(clients::registration_token_is_live(tx, hash("live"), now)));
    assert!(live(NOW).await.unwrap());
    assert_eq!(remove(LATER).await.unwrap(), 1, "it has expired");
}

async fn a_pseudonym_has_one_live_consent_for_a_client(db: Db) {
    let world = World::add_to(&db).await;
    let found = db.read(move |tx| Box::pin(consents::find(tx, world.consent.id))).await.unwrap();
    assert!(found.as_ref() == Some(world.consent));
    let live = || db.read(move |tx| Box::pin(consents::live(tx, world.pseudonym.id, &world.client.id)));
    assert!(live().await.unwrap().as_ref() == Some(world.consent));

    let second = leak(consent(2, world.pseudonym, world.client));
    let insert = || db.write(|tx| Box::pin(consents::insert(tx, second)));
    let outcome = insert().await;
    assert!(matches!(outcome, Err(StoreError::Taken)), "{outcome:?}");
    db.write(move |tx| Box::pin(consents::withdraw(tx, world.consent.id, world.person.id, b"day"))).await.unwrap();
    assert!(live().await.unwrap().is_none());
    let of_pseudonym = || db.read(move |tx| Box::pin(consents::live_of_pseudonym(tx, world.pseudonym.id)));
    assert!(of_pseudonym().await.unwrap().is_empty());
    insert().await.unwrap();
    assert!(live().await.unwrap().as_ref() == Some(second));
    assert!(of_pseudonym().await.unwrap() == [second.clone()], "what was withdrawn is not among them");

    let nowhere = leak(consent(3, world.pseudonym, &client("c_unknown", world.sector)));
    let nobody = leak(consent(4, &pseudonym(9, world.person.id, world.sector, 1), world.client));
    for refused in [nowhere, nobody] {
        let outcome = db.write(move |tx| Box::pin(consents::insert(tx, refused))).await;
        assert!(matches!(outcome, Err(StoreError::Refused)), "{outcome:?}");
    }
}

async fn a_consent_is_withdrawn_once_and_by_its_person(db: Db) {
    let world = World::add_to(&db).await;
    let withdraw = |id, person| db.write(move |tx| Box::pin(consents::withdraw(tx, id, person, b"day")));
    assert!(!withdraw(world.consent.id, PersonId::from_bytes([9; 16])).await.unwrap());
    assert!(!withdraw(ConsentId::from_bytes([9; 16]), world.person.id).await.unwrap());
    assert!(withdraw(world.consent.id, world.person.id).await.unwrap());
    assert!(!withdraw(world.consent.id, world.person.id).await.unwrap());
    let found = db.read(move |tx| Box::pin(consents::find(tx, world.consent.id))).await.unwrap();
    assert!(found == Some(Consent { withdrawn: Some(b"day".to_vec()), ..world.consent.clone() }));
}

async fn a_consent_is_replaced_while_it_is_live_and_by_whoever_read_it_last(db: Db) {
    let world = World::add_to(&db).await;
    let replace = |before: &'static Consent, sealed: &'static [u8]| {
        db.write(move |tx| Box::pin(consents::replace(tx, before, sealed)))
    };
    assert!(replace(world.consent, b"first").await.unwrap());
    assert!(!replace(world.consent, b"second").await.unwrap(), "it was read before");
    let found = db.read(move |tx| Box::pin(consents::find(tx, world.consent.id))).await.unwrap().unwrap();
    let first = Consent { sealed: b"first".to_vec(), ..world.consent.clone() };
    assert!(found == first);
    db.write(move |tx| Box::pin(consents::withdraw(tx, world.consent.id, world.person.id, b"day"))).await.unwrap();
    assert!(!replace(leak(first), b"third").await.unwrap());
}

async fn the_consents_of_a_person_are_theirs_alone(db: Db) {
    let world = World::add_to(&db).await;
    for n in [2, 3] {
        let other = leak(client(&format!("c_forum-{n}"), world.sector));
        let later = leak(consent(n, world.pseudonym, other));
        db.write(|tx| Box::pin(clients::insert(tx, other))).await.unwrap();
        db.write(|tx| Box::pin(consents::insert(tx, later))).await.unwrap();
    }
    let of = |person| {
        let all = db.read(move |tx| Box::pin(consents::of_person(tx, person)));
        async { all.await.unwrap().iter().map(|consent| consent.id.as_bytes()[0]).collect::<Vec<_>>() }
    };
    assert_eq!(of(world.person.id).await, [1, 2, 3]);
    assert!(of(PersonId::from_bytes([9; 16])).await.is_empty());
}
