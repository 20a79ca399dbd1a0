//! What `store::grants` promises: a code is redeemed once, and only while everything that it rests on stands.

use futures_util::future::BoxFuture;
use heteronym::{
    domain::{
        ambient::Timestamp,
        ids::{AccountId, ConsentId, FamilyId, GrantId, PersonId},
    },
    store::{
        StoreError, Tx, accounts, clients, consents,
        grants::{self, Family, Redemption},
        persons::{self, Person},
        pseudonyms::{self, Pseudonym},
    },
};

use super::{
    both::{Db, on_both_engines},
    world::{DAY, LATER, NOW, World, account, hash, leak},
};

on_both_engines! {
    a_code_is_redeemed_once
    a_code_is_not_redeemed_once_anything_it_rests_on_is_gone
    a_code_of_another_consent_client_or_account_or_of_an_ended_session_is_not_redeemed
    a_grant_and_its_refresh_tokens_die_with_anything_they_rest_on
    a_refresh_token_is_spent_once
    a_grant_is_revoked_with_its_families
    a_consent_takes_its_grants_with_it
    a_person_takes_their_grants_with_them
    a_session_takes_its_grants_with_it_but_for_those_that_may_go_on
    a_token_belongs_to_a_family_and_a_family_to_a_grant
    old_grants_are_removed_with_their_families_once_those_expired
    old_grants_are_removed_by_the_batch
}

/// Everything that a grant rests on.
#[derive(Clone, Copy, Debug)]
enum Pillar {
    Consent,
    Client,
    Person,
    Pseudonym,
    Account,
}

const PILLARS: [Pillar; 5] = [Pillar::Consent, Pillar::Client, Pillar::Person, Pillar::Pseudonym, Pillar::Account];

impl Pillar {
    async fn remove(self, tx: &mut Tx, world: World) -> Result<bool, StoreError> {
        match self {
            Self::Consent => consents::withdraw(tx, world.consent.id, world.person.id, b"day").await,
            Self::Client => clients::disable(tx, &world.client.id, NOW).await,
            Self::Person => persons::update(tx, &Person { departed_on: Some(DAY), ..world.person.clone() }).await,
            Self::Pseudonym => {
                pseudonyms::update(tx, &Pseudonym { retired_on: Some(DAY), ..world.pseudonym.clone() }).await
            }
            Self::Account => accounts::disable(tx, world.account.id, NOW).await,
        }
    }
}

/// What was seen inside a transaction that was then rolled back.
enum Seen<T> {
    Inside(T),
    Failed(StoreError),
}

impl<T> From<StoreError> for Seen<T> {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// Removes a pillar, looks, and puts it back by rolling back.
async fn without<T, F>(db: &Db, world: World, pillar: Pillar, look: F) -> T
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, StoreError>> + Clone + Send + Sync + 'static,
    T: Send + 'static,
{
    let seen = db
        .store
        .write::<(), Seen<T>, _>(move |tx| {
            Box::pin(async move {
                assert!(pillar.remove(tx, world).await?, "{pillar:?}");
                Err(Seen::Inside(look(tx).await?))
            })
        })
        .await;
    match seen {
        Err(Seen::Inside(seen)) => seen,
        Err(Seen::Failed(error)) => panic!("{pillar:?}: {error}"),
        Ok(()) => unreachable!("the work ends with what it saw"),
    }
}

async fn redeem(db: &Db, redemption: &'static Redemption) -> Result<bool, StoreError> {
    db.write(move |tx| Box::pin(grants::redeem(tx, redemption))).await
}

/// A redeemed grant with a family and its first token.
async fn refreshable(db: &Db, world: World, n: u8, token: &'static str) -> (&'static Redemption, &'static Family) {
    let redemption = world.redemption(n);
    let family = world.family(n, redemption);
    assert!(redeem(db, redemption).await.unwrap());
    db.write(move |tx| {
        Box::pin(async move {
            grants::insert_family(tx, family).await?;
            grants::insert_refresh_token(tx, hash(token), family.id).await
        })
    })
    .await
    .unwrap();
    (redemption, family)
}

async fn dead(db: &Db, id: GrantId) -> bool {
    db.read(move |tx| Box::pin(grants::find(tx, id))).await.unwrap().unwrap().dead
}

async fn token_dead(db: &Db, token: &'static str) -> bool {
    db.read(move |tx| Box::pin(grants::find_refresh_token(tx, hash(token)))).await.unwrap().unwrap().dead
}

async fn a_code_is_redeemed_once(db: Db) {
    let world = World::add_to(&db).await;
    let redemption = world.redemption(1);
    let find = || db.read(move |tx| Box::pin(grants::find(tx, redemption.id)));
    assert!(find().await.unwrap().is_none());
    assert!(redeem(&db, redemption).await.unwrap());
    for _ in 0..2 {
        let outcome = redeem(&db, redemption).await;
        assert!(matches!(outcome, Err(StoreError::Taken)), "{outcome:?}");
    }
    let grant = find().await.unwrap().unwrap();
    assert_eq!((grant.consent_id, &grant.client_id), (world.consent.id, &world.client.id));
    assert_eq!((grant.sealed, grant.dead), (redemption.sealed.clone(), false));
}

async fn a_code_is_not_redeemed_once_anything_it_rests_on_is_gone(db: Db) {
    let world = World::add_to(&db).await;
    let redemption = world.redemption(1);
    for pillar in PILLARS {
        let (redeemed, found) = without(&db, world, pillar, move |tx| {
            Box::pin(async move {
                let redeemed = grants::redeem(tx, redemption).await?;
                Ok((redeemed, grants::find(tx, redemption.id).await?.is_some()))
            })
        })
        .await;
        assert!(!redeemed && !found, "{pillar:?}");
    }
    assert!(redeem(&db, redemption).await.unwrap(), "the code itself is not spent by that");
}

async fn a_code_of_another_consent_client_or_account_or_of_an_ended_session_is_not_redeemed(db: Db) {
    let world = World::add_to(&db).await;
    let stranger = leak(account(2, accounts::Holder::Auditor));
    let other = leak(super::world::client("c_other", world.sector));
    db.write(|tx| Box::pin(accounts::insert(tx, stranger))).await.unwrap();
    db.write(|tx| Box::pin(clients::insert(tx, other))).await.unwrap();
    let good = world.redemption(1);
    let wrong = [
        Redemption { consent_id: ConsentId::from_bytes([9; 16]), ..good.clone() },
        Redemption { client_id: other.id.clone(), ..good.clone() },
        Redemption { client_id: "c_unknown".parse().unwrap(), ..good.clone() },
        Redemption { session: hash("ended"), ..good.clone() },
        Redemption { account_id: stranger.id, ..good.clone() },
        Redemption { account_id: AccountId::from_bytes([9; 16]), ..good.clone() },
    ];
    for redemption in leak(wrong) {
        assert!(!redeem(&db, redemption).await.unwrap());
    }
    assert!(redeem(&db, good).await.unwrap());
}

async fn a_grant_and_its_refresh_tokens_die_with_anything_they_rest_on(db: Db) {
    let world = World::add_to(&db).await;
    let (redemption, family) = refreshable(&db, world, 1, "token").await;
    assert!(!dead(&db, redemption.id).await);
    let token = db.read(|tx| Box::pin(grants::find_refresh_token(tx, hash("token")))).await.unwrap().unwrap();
    assert!(!token.dead && token.used.is_none());
    assert_eq!((token.family.id, token.family.grant_id), (family.id, redemption.id));
    assert_eq!((&token.family.client_id, token.family.remove_after), (&world.client.id, family.remove_after));
    assert_eq!(token.family.sealed, family.sealed);
    for pillar in PILLARS {
        let (grant, token, spent) = without(&db, world, pillar, move |tx| {
            Box::pin(async move {
                let grant = grants::find(tx, redemption.id).await?.map(|grant| grant.dead);
                let token = grants::find_refresh_token(tx, hash("token")).await?.map(|token| token.dead);
                Ok((grant, token, grants::use_refresh_token(tx, hash("token"), b"now").await?))
            })
        })
        .await;
        assert_eq!((grant, token, spent), (Some(true), Some(true), false), "{pillar:?}");
    }
    assert!(db.write(|tx| Box::pin(grants::use_refresh_token(tx, hash("token"), b"now"))).await.unwrap());
}

async fn a_refresh_token_is_spent_once(db: Db) {
    let world = World::add_to(&db).await;
    refreshable(&db, world, 1, "token").await;
    let spend = |token| db.write(move |tx| Box::pin(grants::use_refresh_token(tx, hash(token), b"later")));
    assert!(spend("token").await.unwrap());
    assert!(!spend("token").await.unwrap());
    assert!(!spend("unknown").await.unwrap());
    let found = |token| db.read(move |tx| Box::pin(grants::find_refresh_token(tx, hash(token))));
    assert_eq!(found("token").await.unwrap().unwrap().used.as_deref(), Some(b"later".as_slice()));
    assert!(found("unknown").await.unwrap().is_none());
}

async fn a_grant_is_revoked_with_its_families(db: Db) {
    let world = World::add_to(&db).await;
    let (redemption, _) = refreshable(&db, world, 1, "token").await;
    let (other, _) = refreshable(&db, world, 2, "other").await;
    let revoke = |id| db.write(move |tx| Box::pin(grants::revoke(tx, id, NOW)));
    assert!(revoke(redemption.id).await.unwrap());
    assert!(!revoke(redemption.id).await.unwrap());
    assert!(!revoke(GrantId::from_bytes([9; 16])).await.unwrap());
    assert!(dead(&db, redemption.id).await && token_dead(&db, "token").await);
    assert!(!db.write(|tx| Box::pin(grants::use_refresh_token(tx, hash("token"), b"now"))).await.unwrap());
    assert!(!dead(&db, other.id).await && !token_dead(&db, "other").await);
}

async fn a_consent_takes_its_grants_with_it(db: Db) {
    let world = World::add_to(&db).await;
    let (first, _) = refreshable(&db, world, 1, "token").await;
    let second = world.redemption(2);
    assert!(redeem(&db, second).await.unwrap());
    let mut listed = db.read(move |tx| Box::pin(grants::by_consent(tx, world.consent.id))).await.unwrap();
    listed.sort();
    assert_eq!(listed, [(first.id, first.sealed.clone()), (second.id, second.sealed.clone())]);

    let revoke = || db.write(move |tx| Box::pin(grants::revoke_by_consent(tx, world.consent.id, NOW)));
    assert_eq!(revoke().await.unwrap(), 2);
    assert_eq!(revoke().await.unwrap(), 0);
    assert!(dead(&db, first.id).await && dead(&db, second.id).await && token_dead(&db, "token").await);
}

async fn a_person_takes_their_grants_with_them(db: Db) {
    let world = World::add_to(&db).await;
    let (redemption, _) = refreshable(&db, world, 1, "token").await;
    let revoke = |person| db.write(move |tx| Box::pin(grants::revoke_by_person(tx, person, NOW)));
    assert_eq!(revoke(PersonId::from_bytes([9; 16])).await.unwrap(), 0);
    assert!(!dead(&db, redemption.id).await && !token_dead(&db, "token").await);
    assert_eq!(revoke(world.person.id).await.unwrap(), 1);
    assert_eq!(revoke(world.person.id).await.unwrap(), 0);
    assert!(dead(&db, redemption.id).await && token_dead(&db, "token").await);
}

async fn a_session_takes_its_grants_with_it_but_for_those_that_may_go_on(db: Db) {
    let world = World::add_to(&db).await;
    let (offline, _) = refreshable(&db, world, 1, "token").await;
    let online = world.redemption(2);
    let elsewhere = leak(Redemption { session_tag: [8; 32], ..world.redemption(3).clone() });
    for redemption in [online, elsewhere] {
        assert!(redeem(&db, redemption).await.unwrap());
    }
    let revoke = || db.write(|tx| Box::pin(grants::revoke_by_session(tx, &[7; 32], NOW)));
    assert_eq!(revoke().await.unwrap(), 1);
    assert_eq!(revoke().await.unwrap(), 0);
    assert!(dead(&db, online.id).await);
    assert!(!dead(&db, offline.id).await && !dead(&db, elsewhere.id).await);
}

async fn a_token_belongs_to_a_family_and_a_family_to_a_grant(db: Db) {
    let world = World::add_to(&db).await;
    let (redemption, family) = refreshable(&db, world, 1, "token").await;
    let insert = |token, family| db.write(move |tx| Box::pin(grants::insert_refresh_token(tx, hash(token), family)));
    let outcome = insert("token", family.id).await;
    assert!(matches!(outcome, Err(StoreError::Taken)), "{outcome:?}");
    let outcome = insert("orphan", FamilyId::from_bytes([9; 16])).await;
    assert!(matches!(outcome, Err(StoreError::Refused)), "{outcome:?}");
    insert("next", family.id).await.unwrap();

    let again = leak(world.family(1, redemption).clone());
    let outcome = db.write(|tx| Box::pin(grants::insert_family(tx, again))).await;
    assert!(matches!(outcome, Err(StoreError::Taken)), "{outcome:?}");
    let orphan = world.family(2, world.redemption(9));
    let outcome = db.write(move |tx| Box::pin(grants::insert_family(tx, orphan))).await;
    assert!(matches!(outcome, Err(StoreError::Refused)), "{outcome:?}");
}

async fn old_grants_are_removed_with_their_families_once_those_expired(db: Db) {
    let world = World::add_to(&db).await;
    let (_, family) = refreshable(&db, world, 1, "token").await;
    assert!(redeem(&db, world.redemption(2)).await.unwrap());
    let remove = |now| db.write(move |tx| Box::pin(grants::remove_old(tx, now, 9)));
    assert_eq!(remove(Timestamp(LATER.0 - 1)).await.unwrap(), 0);
    assert_eq!(remove(LATER).await.unwrap(), 1, "the one without a family");
    assert!(!token_dead(&db, "token").await);
    assert_eq!(remove(Timestamp(family.remove_after.0 - 1)).await.unwrap(), 0);
    assert_eq!(remove(family.remove_after).await.unwrap(), 1);
    assert!(db.read(|tx| Box::pin(grants::find_refresh_token(tx, hash("token")))).await.unwrap().is_none());
}

async fn old_grants_are_removed_by_the_batch(db: Db) {
    let world = World::add_to(&db).await;
    for n in 1..=5 {
        assert!(redeem(&db, world.redemption(n)).await.unwrap());
    }
    let remove = || db.write(move |tx| Box::pin(grants::remove_old(tx, LATER, 2)));
    let mut removed = Vec::new();
    for _ in 0..4 {
        removed.push(remove().await.unwrap());
    }
    assert_eq!(removed, [2, 2, 1, 0]);
}
