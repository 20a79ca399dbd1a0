//! What `store::logouts` promises: who was given something in a session, and a queue in which each row is one caller's.

use futures_util::future::join_all;
use heteronym::{
    domain::{ambient::Timestamp, ids::DeliveryId},
    store::{
        StoreError, Tx, grants,
        logouts::{self, Delivery},
    },
};

use super::{
    both::{Db, on_both_engines},
    world::{LATER, NOW, World, leak},
};

on_both_engines! {
    a_forum_is_named_once_for_a_session_however_often_it_was_given_something
    what_was_revoked_is_named_as_over_and_still_named
    nobody_is_named_for_a_session_or_consent_in_which_nothing_was_given
    what_is_due_comes_in_its_order_and_no_more_than_asked_for
    of_all_who_read_a_row_one_claims_it
    whoever_lost_a_claim_changes_nothing_any_more
}

fn delivery(n: u8, due_at: Timestamp) -> &'static Delivery {
    leak(Delivery { id: DeliveryId::from_bytes([n; 16]), sealed: vec![n; 40], attempts: 0, due_at })
}

async fn insert(db: &Db, deliveries: &'static [&'static Delivery]) {
    let insert = db.write(move |tx| {
        Box::pin(async move {
            for delivery in deliveries {
                logouts::insert(tx, delivery).await?;
            }
            Ok(())
        })
    });
    insert.await.unwrap();
}

async fn due(db: &Db, now: Timestamp, most: u32) -> Vec<u8> {
    let due = db.read(move |tx| Box::pin(async move { logouts::due(tx, now, most).await })).await.unwrap();
    due.iter().map(|delivery| delivery.id.as_bytes()[0]).collect()
}

async fn redeem(tx: &mut Tx, world: World, n: u8) -> Result<(), StoreError> {
    assert!(grants::redeem(tx, world.redemption(n)).await?);
    Ok(())
}

async fn a_forum_is_named_once_for_a_session_however_often_it_was_given_something(db: Db) {
    let world = World::add_to(&db).await;
    let redeemed = db.write(move |tx| {
        Box::pin(async move {
            redeem(tx, world, 1).await?;
            redeem(tx, world, 2).await?;
            let by_session = logouts::of_session(tx, &[7; 32]).await?;
            Ok((by_session, logouts::of_consent(tx, world.consent.id).await?))
        })
    });
    let (by_session, by_consent) = redeemed.await.unwrap();
    for named in [by_session, by_consent] {
        let [only] = named.as_slice() else { panic!("{} named", named.len()) };
        assert_eq!((&only.client_id, only.pseudonym_id), (&world.client.id, world.pseudonym.id));
        assert_eq!((only.session_tag, only.live, &only.metadata), ([7; 32], true, &world.client.metadata));
    }
}

async fn what_was_revoked_is_named_as_over_and_still_named(db: Db) {
    let world = World::add_to(&db).await;
    let named = db.write(move |tx| {
        Box::pin(async move {
            redeem(tx, world, 1).await?;
            redeem(tx, world, 2).await?;
            grants::revoke(tx, world.redemption(1).id, NOW).await?;
            let one_of_two = logouts::of_session(tx, &[7; 32]).await?;
            grants::revoke_by_session(tx, &[7; 32], NOW).await?;
            Ok((one_of_two, logouts::of_session(tx, &[7; 32]).await?))
        })
    });
    let (one_of_two, all) = named.await.unwrap();
    assert_eq!((one_of_two.len(), one_of_two[0].live), (1, true));
    assert_eq!((all.len(), all[0].live), (1, false));
}

async fn nobody_is_named_for_a_session_or_consent_in_which_nothing_was_given(db: Db) {
    let world = World::add_to(&db).await;
    let named = db.write(move |tx| {
        Box::pin(async move {
            let nothing_given = logouts::of_consent(tx, world.consent.id).await?.len();
            redeem(tx, world, 1).await?;
            Ok((nothing_given, logouts::of_session(tx, &[8; 32]).await?.len()))
        })
    });
    assert_eq!(named.await.unwrap(), (0, 0));
}

async fn what_is_due_comes_in_its_order_and_no_more_than_asked_for(db: Db) {
    let second = Timestamp(NOW.0 - 1);
    let first = Timestamp(NOW.0 - 2);
    insert(&db, leak([delivery(1, NOW), delivery(2, first), delivery(3, second), delivery(4, LATER)])).await;
    assert_eq!(due(&db, NOW, 10).await, [2, 3, 1]);
    assert_eq!(due(&db, NOW, 2).await, [2, 3]);
    assert_eq!(due(&db, first, 10).await, [2]);
}

async fn of_all_who_read_a_row_one_claims_it(db: Db) {
    let row = delivery(1, NOW);
    insert(&db, leak([row])).await;
    let other = db.another_node().await;
    let claims = (0..10).map(|n| {
        let node = if n % 2 == 0 { &db.store } else { &other };
        node.write::<_, StoreError, _>(move |tx| Box::pin(async move { logouts::claim(tx, row, LATER).await }))
    });
    let won = join_all(claims).await.into_iter().filter(|claimed| *claimed.as_ref().unwrap()).count();
    assert_eq!((won, due(&db, NOW, 10).await.len()), (1, 0), "and it is due to nobody else");
    assert_eq!(due(&db, LATER, 10).await, [1], "until its claim ends");
    db.close_node(other).await;
}

async fn whoever_lost_a_claim_changes_nothing_any_more(db: Db) {
    let row = delivery(1, NOW);
    insert(&db, leak([row])).await;
    let later_still = Timestamp(LATER.0 + 60_000);
    let lost = db.write(move |tx| {
        Box::pin(async move {
            logouts::claim(tx, row, LATER).await?;
            let again = logouts::due(tx, LATER, 1).await?.remove(0);
            assert!(logouts::claim(tx, &again, later_still).await?, "by the next, after the first claim ended");
            let postponed = logouts::postpone(tx, row.id, LATER, 1, NOW).await?;
            Ok((postponed, logouts::remove(tx, row.id, LATER).await?))
        })
    });
    assert_eq!(lost.await.unwrap(), (false, false));
    let kept = db.write(move |tx| {
        Box::pin(async move {
            assert!(logouts::postpone(tx, row.id, later_still, 3, NOW).await?);
            let kept = logouts::due(tx, NOW, 1).await?.remove(0);
            Ok((kept.attempts, kept.sealed == row.sealed, logouts::remove(tx, row.id, NOW).await?))
        })
    });
    assert_eq!(kept.await.unwrap(), (3, true, true));
    assert_eq!(due(&db, later_still, 10).await, Vec::<u8>::new());
}
