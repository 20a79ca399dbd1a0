//! What `store::registrars`, `settings`, `throttles` and `sessions` promise.

use heteronym::{
    domain::{ambient::Timestamp, ids::RegistrarId},
    store::{
        StoreError, registrars,
        sessions::{self, Session},
        settings,
        throttles::{self, Failures},
    },
};

use super::{
    both::{Db, on_both_engines},
    world::{LATER, NOW, hash, leak, registrar},
};

on_both_engines! {
    an_office_is_found_and_its_name_is_its_own
    offices_are_listed_in_byte_order
    an_office_is_disabled_once
    a_setting_is_replaced_unless_it_is_set_once
    failures_count_up_until_they_are_forgotten
    old_failures_are_removed
    a_session_is_found_changed_and_ended
    every_session_of_an_account_ends_but_for_one
    old_sessions_are_removed
}

async fn an_office_is_found_and_its_name_is_its_own(db: Db) {
    let office = leak(registrar(1, "Mairie de L'Haÿ-les-Roses"));
    let found = || db.read(|tx| Box::pin(registrars::find(tx, office.id)));
    assert_eq!(found().await.unwrap(), None);
    db.write(|tx| Box::pin(registrars::insert(tx, office))).await.unwrap();
    assert_eq!(found().await.unwrap().as_ref(), Some(office));
    let namesake = leak(registrar(2, &office.name));
    let outcome = db.write(|tx| Box::pin(registrars::insert(tx, namesake))).await;
    assert!(matches!(outcome, Err(StoreError::Taken)), "{outcome:?}");
}

async fn offices_are_listed_in_byte_order(db: Db) {
    for office in leak([registrar(1, "École"), registrar(2, "mairie"), registrar(3, "Mairie de Zillisheim")]) {
        db.write(move |tx| Box::pin(registrars::insert(tx, office))).await.unwrap();
    }
    let list = db.read(|tx| Box::pin(registrars::list(tx))).await.unwrap();
    let names: Vec<_> = list.iter().map(|office| office.name.as_str()).collect();
    assert_eq!(names, ["Mairie de Zillisheim", "mairie", "École"]);
}

async fn an_office_is_disabled_once(db: Db) {
    let office = leak(registrar(1, "Mairie de Crolles"));
    db.write(|tx| Box::pin(registrars::insert(tx, office))).await.unwrap();
    let disable = |id| db.write(move |tx| Box::pin(registrars::disable(tx, id, NOW)));
    assert!(disable(office.id).await.unwrap());
    assert!(!disable(office.id).await.unwrap());
    assert!(!disable(RegistrarId::from_bytes([9; 16])).await.unwrap());
    let found = db.read(|tx| Box::pin(registrars::find(tx, office.id))).await.unwrap().unwrap();
    assert_eq!(found.disabled_at, Some(NOW));
}

async fn a_setting_is_replaced_unless_it_is_set_once(db: Db) {
    let find = |name| db.read(move |tx| Box::pin(settings::find(tx, name)));
    assert_eq!(find("epoch").await.unwrap(), None);
    for value in ["1", "2"] {
        db.write(move |tx| Box::pin(settings::put(tx, "epoch", value))).await.unwrap();
        assert_eq!(find("epoch").await.unwrap().as_deref(), Some(value));
    }
    let once = |value| db.write(move |tx| Box::pin(settings::put_once(tx, "origin", value)));
    once("first").await.unwrap();
    let outcome = once("second").await;
    assert!(matches!(outcome, Err(StoreError::Taken)), "{outcome:?}");
    assert_eq!(find("origin").await.unwrap().as_deref(), Some("first"));
}

async fn failures_count_up_until_they_are_forgotten(db: Db) {
    let tag = leak([5; 32]);
    let find = || db.read(|tx| Box::pin(throttles::find(tx, tag)));
    let fail = |now| db.write(move |tx| Box::pin(throttles::fail(tx, tag, now)));
    assert_eq!(find().await.unwrap(), Failures::default());
    assert_eq!(fail(NOW).await.unwrap(), 1);
    assert_eq!(fail(LATER).await.unwrap(), 2);
    assert_eq!(find().await.unwrap(), Failures { count: 2, last_at: LATER });
    db.write(|tx| Box::pin(throttles::clear(tx, tag))).await.unwrap();
    assert_eq!(find().await.unwrap(), Failures::default());
    db.write(|tx| Box::pin(throttles::clear(tx, tag))).await.unwrap();
}

async fn old_failures_are_removed(db: Db) {
    db.write(|tx| Box::pin(throttles::fail(tx, &[1; 32], NOW))).await.unwrap();
    db.write(|tx| Box::pin(throttles::fail(tx, &[2; 32], LATER))).await.unwrap();
    let remove = |most, before| db.write(move |tx| Box::pin(throttles::remove_old(tx, most, before)));
    assert_eq!(remove(9, NOW).await.unwrap(), 0);
    assert_eq!(remove(0, LATER).await.unwrap(), 0, "there were more");
    assert_eq!(remove(1, LATER).await.unwrap(), 1);
    assert_eq!(db.read(|tx| Box::pin(throttles::find(tx, &[2; 32]))).await.unwrap().count, 1);
}

fn session(token: &str, account: u8, remove_after: Timestamp) -> &'static Session {
    leak(Session {
        token_hash: hash(token),
        account_tag: [account; 32],
        sealed: token.as_bytes().to_vec(),
        remove_after,
    })
}

async fn a_session_is_found_changed_and_ended(db: Db) {
    let token = hash("a");
    let find = || db.read(move |tx| Box::pin(sessions::find(tx, token)));
    let update = || db.write(move |tx| Box::pin(sessions::update(tx, token, b"new")));
    let remove = || db.write(move |tx| Box::pin(sessions::remove(tx, token)));
    assert_eq!(find().await.unwrap(), None);
    assert!(!update().await.unwrap());
    let insert = || db.write(|tx| Box::pin(sessions::insert(tx, session("a", 1, LATER))));
    insert().await.unwrap();
    let outcome = insert().await;
    assert!(matches!(outcome, Err(StoreError::Taken)), "{outcome:?}");
    assert_eq!(find().await.unwrap().as_deref(), Some(b"a".as_slice()));
    assert!(update().await.unwrap());
    assert_eq!(find().await.unwrap().as_deref(), Some(b"new".as_slice()));
    assert!(remove().await.unwrap());
    assert!(!remove().await.unwrap());
    assert!(!update().await.unwrap(), "an ended session does not come back");
    assert_eq!(find().await.unwrap(), None);
}

async fn every_session_of_an_account_ends_but_for_one(db: Db) {
    for session in [session("a", 1, LATER), session("b", 1, LATER), session("c", 1, LATER), session("d", 2, LATER)] {
        db.write(move |tx| Box::pin(sessions::insert(tx, session))).await.unwrap();
    }
    let list = |account| db.read(move |tx| Box::pin(sessions::list(tx, account)));
    let mut own: Vec<_> = list(&[1; 32]).await.unwrap().into_iter().map(|(_, sealed)| sealed).collect();
    own.sort();
    assert_eq!(own, [b"a", b"b", b"c"]);

    let all_but = |except| db.write(move |tx| Box::pin(sessions::remove_all(tx, &[1; 32], except)));
    assert_eq!(all_but(Some(hash("b"))).await.unwrap(), 2);
    assert_eq!(list(&[1; 32]).await.unwrap(), [(hash("b"), b"b".to_vec())]);
    assert_eq!(all_but(None).await.unwrap(), 1);
    assert_eq!(list(&[2; 32]).await.unwrap().len(), 1, "another account's go on");
}

async fn old_sessions_are_removed(db: Db) {
    for session in [session("a", 1, NOW), session("b", 1, LATER)] {
        db.write(move |tx| Box::pin(sessions::insert(tx, session))).await.unwrap();
    }
    let remove = |now| db.write(move |tx| Box::pin(sessions::remove_old(tx, now)));
    assert_eq!(remove(Timestamp(NOW.0 - 1)).await.unwrap(), 0);
    assert_eq!(remove(NOW).await.unwrap(), 1);
    assert!(db.read(|tx| Box::pin(sessions::find(tx, hash("b")))).await.unwrap().is_some());
}
