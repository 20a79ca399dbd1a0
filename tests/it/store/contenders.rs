//! Two and fifty contenders, on two nodes where the engine allows it: one wins, the others get the documented answer.

use std::{fmt::Debug, future::Future, sync::Arc};

use heteronym::{
    domain::ids::{ConsentId, GrantId, PersonId, PseudonymId},
    store::{
        Store, StoreError,
        accounts::{self, Purpose},
        clients, consents,
        consents::Consent,
        grants::{self, Redemption},
        persons::{self, Person},
        pseudonyms::{self, Pseudonym},
        settings, throttles,
    },
};
use tokio::{sync::Barrier, task::JoinSet};

use super::{
    both::{Db, on_both_engines},
    world::{DAY, LATER, NOW, World, hash, leak, passkey, person, pseudonym},
};

on_both_engines! {
    a_code_has_one_redeemer
    a_refresh_token_has_one_user
    an_initial_access_token_has_one_user
    an_invite_has_one_user
    a_recovery_code_has_one_user
    a_ceremony_has_one_user
    a_name_has_one_owner
    a_place_has_one_pseudonym
    a_twin_tag_has_one_person
    a_pseudonym_gets_one_live_consent
    a_version_has_one_successor
    a_setting_that_is_set_once_is_set_by_one
    a_sector_gets_one_policy
    every_failure_counts
    one_passkey_is_left_when_all_are_removed_at_once
    a_passkey_or_the_passphrase_is_left_when_both_are_removed_at_once
    nothing_that_was_redeemed_around_a_withdrawal_lives_on
    nothing_that_was_refreshed_around_a_revocation_lives_on
}

/// How many contend, and how often.
const CONTESTS: [(usize, usize); 2] = [(2, 12), (50, 2)];

/// Starts `work` for every contender at the same moment. Contenders with odd numbers are on another node on PostgreSQL.
async fn contend<T, W, F>(db: &Db, contenders: usize, work: W) -> Vec<T>
where
    W: Fn(Store, usize) -> F,
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let other = db.another_node().await;
    let nodes = [db.store.clone(), other.clone()];
    let start = Arc::new(Barrier::new(contenders));
    let mut tasks = JoinSet::new();
    for number in 0..contenders {
        let (start, future) = (start.clone(), work(nodes[number % 2].clone(), number));
        tasks.spawn(async move {
            start.wait().await;
            future.await
        });
    }
    let outcomes = tasks.join_all().await;
    db.close_node(other).await;
    outcomes
}

/// Exactly one outcome is `won`, and every other one is `lost`.
fn one_wins<T: Debug>(outcomes: &[T], won: impl Fn(&T) -> bool, lost: impl Fn(&T) -> bool) {
    assert_eq!(outcomes.iter().filter(|outcome| won(outcome)).count(), 1, "{outcomes:?}");
    let odd: Vec<_> = outcomes.iter().filter(|outcome| !won(outcome) && !lost(outcome)).collect();
    assert!(odd.is_empty(), "{odd:?}");
}

fn taken<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Taken))
}

fn tag(round: usize, contenders: usize) -> &'static [u8; 32] {
    let mut tag = [0; 32];
    tag[0] = u8::try_from(round).unwrap();
    tag[1] = u8::try_from(contenders).unwrap();
    leak(tag)
}

/// An identifier's bytes, another for each contest and contender.
fn id(contenders: usize, round: usize, number: usize) -> [u8; 16] {
    let mut id = [0xee; 16];
    id[..3].copy_from_slice(&[contenders, round, number].map(|part| u8::try_from(part).unwrap()));
    id
}

fn contests() -> impl Iterator<Item = (usize, usize)> {
    CONTESTS.into_iter().flat_map(|(contenders, rounds)| (0..rounds).map(move |round| (contenders, round)))
}

async fn a_code_has_one_redeemer(db: Db) {
    let world = World::add_to(&db).await;
    for (contenders, round) in contests() {
        let id = GrantId::from_bytes(id(contenders, round, 0));
        let redemption = leak(Redemption { id, ..world.redemption(1).clone() });
        let outcomes = contend(&db, contenders, |store, _| async move {
            store.write::<_, StoreError, _>(|tx| Box::pin(grants::redeem(tx, redemption))).await
        })
        .await;
        one_wins(&outcomes, |outcome| matches!(outcome, Ok(true)), taken);
    }
}

async fn refresh_token(db: &Db, world: World, n: u8, token: &'static str) {
    let redemption = world.redemption(n);
    let family = world.family(n, redemption);
    db.write(move |tx| {
        Box::pin(async move {
            assert!(grants::redeem(tx, redemption).await?);
            grants::insert_family(tx, family).await?;
            grants::insert_refresh_token(tx, hash(token), family.id).await
        })
    })
    .await
    .unwrap();
}

async fn an_initial_access_token_has_one_user(db: Db) {
    for (contenders, round) in contests() {
        let token: &str = format!("{contenders} {round}").leak();
        db.write(|tx| Box::pin(clients::insert_registration_token(tx, hash(token), NOW, LATER))).await.unwrap();
        let outcomes = contend(&db, contenders, |store, _| async move {
            store
                .write::<_, StoreError, _>(move |tx| Box::pin(clients::use_registration_token(tx, hash(token), NOW)))
                .await
        })
        .await;
        one_wins(&outcomes, |outcome| matches!(outcome, Ok(true)), |outcome| matches!(outcome, Ok(false)));
    }
}

async fn a_refresh_token_has_one_user(db: Db) {
    let world = World::add_to(&db).await;
    for (n, (contenders, round)) in (1..).zip(contests()) {
        let token: &str = format!("{contenders} {round}").leak();
        refresh_token(&db, world, n, token).await;
        let outcomes = contend(&db, contenders, |store, _| async move {
            store
                .write::<_, StoreError, _>(move |tx| Box::pin(grants::use_refresh_token(tx, hash(token), b"now")))
                .await
        })
        .await;
        one_wins(&outcomes, |outcome| matches!(outcome, Ok(true)), |outcome| matches!(outcome, Ok(false)));
    }
}

async fn an_invite_has_one_user(db: Db) {
    let account = World::add_to(&db).await.account.id;
    for (contenders, round) in contests() {
        let code = hash(&format!("{contenders} {round}"));
        db.write(move |tx| Box::pin(accounts::insert_invite(tx, code, account, Purpose::Activate, NOW, LATER)))
            .await
            .unwrap();
        let outcomes = contend(&db, contenders, |store, _| async move {
            store.write::<_, StoreError, _>(move |tx| Box::pin(accounts::use_invite(tx, code, NOW))).await
        })
        .await;
        one_wins(&outcomes, |outcome| matches!(outcome, Ok(Some(_))), |outcome| matches!(outcome, Ok(None)));
    }
}

async fn a_recovery_code_has_one_user(db: Db) {
    let account = World::add_to(&db).await.account.id;
    for (contenders, round) in contests() {
        let code = hash(&format!("{contenders} {round}"));
        db.write(move |tx| Box::pin(accounts::insert_recovery_code(tx, code, account, NOW))).await.unwrap();
        let outcomes = contend(&db, contenders, |store, _| async move {
            store.write::<_, StoreError, _>(move |tx| Box::pin(accounts::use_recovery_code(tx, code, NOW))).await
        })
        .await;
        one_wins(&outcomes, |outcome| matches!(outcome, Ok(Some(_))), |outcome| matches!(outcome, Ok(None)));
    }
}

async fn a_ceremony_has_one_user(db: Db) {
    for (contenders, round) in contests() {
        let ceremony = hash(&format!("{contenders} {round}"));
        db.write(move |tx| Box::pin(accounts::insert_ceremony(tx, ceremony, b"state", LATER))).await.unwrap();
        let outcomes = contend(&db, contenders, |store, _| async move {
            store.write::<_, StoreError, _>(move |tx| Box::pin(accounts::use_ceremony(tx, ceremony, NOW))).await
        })
        .await;
        one_wins(&outcomes, |outcome| matches!(outcome, Ok(Some(_))), |outcome| matches!(outcome, Ok(None)));
    }
}

/// Fifty people, each with a pseudonym in the sector.
async fn a_crowd(db: &Db, world: World) -> &'static [Pseudonym] {
    let crowd: Vec<Pseudonym> =
        (100..150).map(|n| pseudonym(n, PersonId::from_bytes([n; 16]), world.sector, 0)).collect();
    let crowd = leak(crowd);
    db.write(move |tx| {
        Box::pin(async move {
            for row in crowd {
                persons::insert(tx, &Person { id: row.person_id, ..person(1) }).await?;
                pseudonyms::insert(tx, row).await?;
            }
            Ok(())
        })
    })
    .await
    .unwrap();
    crowd
}

async fn a_name_has_one_owner(db: Db) {
    let world = World::add_to(&db).await;
    let crowd = a_crowd(&db, world).await;
    for (contenders, round) in contests() {
        let name = tag(round, contenders);
        let outcomes = contend(&db, contenders, |store, number| async move {
            let owner = crowd[number].id;
            store
                .write::<_, StoreError, _>(move |tx| Box::pin(pseudonyms::take_name(tx, world.sector, name, owner)))
                .await
        })
        .await;
        one_wins(&outcomes, |outcome| matches!(outcome, Ok(true)), |outcome| matches!(outcome, Ok(false)));
    }
}

async fn a_place_has_one_pseudonym(db: Db) {
    let world = World::add_to(&db).await;
    for (contenders, round) in contests() {
        let owner = leak(Person { id: PersonId::from_bytes(id(contenders, round, 0)), ..person(1) });
        db.write(|tx| Box::pin(persons::insert(tx, owner))).await.unwrap();
        let outcomes = contend(&db, contenders, |store, number| async move {
            let id = PseudonymId::from_bytes(id(contenders, round, number));
            let row = leak(Pseudonym { id, ..pseudonym(1, owner.id, world.sector, 0) });
            store.write::<_, StoreError, _>(move |tx| Box::pin(pseudonyms::insert(tx, row))).await
        })
        .await;
        one_wins(&outcomes, Result::is_ok, taken);
    }
}

async fn a_twin_tag_has_one_person(db: Db) {
    let world = World::add_to(&db).await;
    let crowd = a_crowd(&db, world).await;
    for (contenders, round) in contests() {
        let twin = tag(round, contenders);
        let outcomes = contend(&db, contenders, |store, number| async move {
            let person = crowd[number].person_id;
            store.write::<_, StoreError, _>(move |tx| Box::pin(persons::insert_twin(tx, twin, person))).await
        })
        .await;
        one_wins(&outcomes, Result::is_ok, taken);
    }
}

async fn a_pseudonym_gets_one_live_consent(db: Db) {
    let world = World::add_to(&db).await;
    for (contenders, round) in contests() {
        db.write(move |tx| {
            Box::pin(async move {
                if let Some(live) = consents::live(tx, world.pseudonym.id, &world.client.id).await? {
                    assert!(consents::withdraw(tx, live.id, world.person.id, b"day").await?);
                }
                Ok(())
            })
        })
        .await
        .unwrap();
        let outcomes = contend(&db, contenders, |store, number| async move {
            let id = ConsentId::from_bytes(id(contenders, round, number));
            let row = leak(Consent { id, ..world.consent.clone() });
            store.write::<_, StoreError, _>(move |tx| Box::pin(consents::insert(tx, row))).await
        })
        .await;
        one_wins(&outcomes, Result::is_ok, taken);
    }
}

async fn a_version_has_one_successor(db: Db) {
    let world = World::add_to(&db).await;
    for (version, (contenders, _)) in (1..).zip(contests()) {
        let changed = leak(Person { version, ..world.person.clone() });
        let outcomes = contend(&db, contenders, |store, _| async move {
            store.write::<_, StoreError, _>(|tx| Box::pin(persons::update(tx, changed))).await
        })
        .await;
        one_wins(&outcomes, |outcome| matches!(outcome, Ok(true)), |outcome| matches!(outcome, Ok(false)));
    }
}

async fn a_setting_that_is_set_once_is_set_by_one(db: Db) {
    for (contenders, round) in contests() {
        let name: &str = format!("{contenders} {round}").leak();
        let outcomes = contend(&db, contenders, |store, _| async move {
            store.write::<_, StoreError, _>(move |tx| Box::pin(settings::put_once(tx, name, "x"))).await
        })
        .await;
        one_wins(&outcomes, Result::is_ok, taken);
    }
}

async fn a_sector_gets_one_policy(db: Db) {
    for (contenders, round) in contests() {
        let sector = leak(format!("s{contenders}-{round}.example").parse().unwrap());
        let policies = contend(&db, contenders, |store, number| async move {
            let wished = i64::try_from(number + 1).unwrap();
            store
                .write::<_, StoreError, _>(move |tx| {
                    Box::pin(async move {
                        clients::ensure_sector(tx, sector, wished, NOW).await?;
                        clients::heteronyms_per_person(tx, sector).await
                    })
                })
                .await
                .unwrap()
        })
        .await;
        assert!(policies.iter().all(|policy| *policy == policies[0]), "{policies:?}");
    }
}

async fn every_failure_counts(db: Db) {
    for (contenders, round) in contests() {
        let tag = tag(round, contenders);
        let mut counts = contend(&db, contenders, |store, _| async move {
            store.write::<_, StoreError, _>(|tx| Box::pin(throttles::fail(tx, tag, NOW))).await.unwrap()
        })
        .await;
        counts.sort_unstable();
        assert!(counts.into_iter().eq(1..=i64::try_from(contenders).unwrap()));
    }
}

async fn one_passkey_is_left_when_all_are_removed_at_once(db: Db) {
    let account = World::add_to(&db).await.account.id;
    for (contenders, _) in contests() {
        db.write(move |tx| {
            Box::pin(async move {
                accounts::remove_passkeys(tx, account).await?;
                for n in 0..contenders {
                    accounts::insert_passkey(tx, &passkey(u8::try_from(n).unwrap(), account)).await?;
                }
                Ok(())
            })
        })
        .await
        .unwrap();
        let removed = contend(&db, contenders, |store, number| async move {
            let credential = leak(passkey(u8::try_from(number).unwrap(), account).credential);
            store
                .write::<_, StoreError, _>(move |tx| Box::pin(accounts::remove_passkey(tx, account, credential)))
                .await
                .unwrap()
        })
        .await;
        assert_eq!(removed.iter().filter(|removed| !**removed).count(), 1);
        let left = db.read(move |tx| Box::pin(accounts::passkeys(tx, account))).await.unwrap();
        assert_eq!(left.len(), 1);
    }
}

async fn a_passkey_or_the_passphrase_is_left_when_both_are_removed_at_once(db: Db) {
    let account = World::add_to(&db).await.account.id;
    let key = leak(passkey(1, account));
    for (contenders, _) in contests() {
        db.write(move |tx| {
            Box::pin(async move {
                accounts::remove_passkeys(tx, account).await?;
                accounts::insert_passkey(tx, key).await?;
                accounts::put_passphrase(tx, account, b"hash", NOW).await
            })
        })
        .await
        .unwrap();
        let removed = contend(&db, contenders, |store, number| async move {
            store
                .write::<_, StoreError, _>(move |tx| {
                    Box::pin(async move {
                        if number % 2 == 0 {
                            accounts::remove_passkey(tx, account, &key.credential).await
                        } else {
                            accounts::remove_passphrase(tx, account, false).await
                        }
                    })
                })
                .await
        })
        .await;
        one_wins(&removed, |outcome| matches!(outcome, Ok(true)), |outcome| matches!(outcome, Ok(false)));
    }
}

/// Redemptions before the withdrawal succeed and die with it; those after it do not succeed.
async fn nothing_that_was_redeemed_around_a_withdrawal_lives_on(db: Db) {
    let world = World::add_to(&db).await;
    for (contenders, round) in contests() {
        let consent = leak(Consent { id: ConsentId::from_bytes(id(contenders, round, 0)), ..world.consent.clone() });
        let person = world.person.id;
        db.write(move |tx| {
            Box::pin(async move {
                if let Some(live) = consents::live(tx, world.pseudonym.id, &world.client.id).await? {
                    consents::withdraw(tx, live.id, person, b"day").await?;
                }
                consents::insert(tx, consent).await
            })
        })
        .await
        .unwrap();
        let redeemed = contend(&db, contenders, |store, number| async move {
            if number == contenders / 2 {
                let withdraw = store.write::<_, StoreError, _>(move |tx| {
                    Box::pin(async move {
                        assert!(consents::withdraw(tx, consent.id, person, b"day").await?);
                        grants::revoke_by_consent(tx, consent.id, DAY).await
                    })
                });
                withdraw.await.unwrap();
                return None;
            }
            let id = GrantId::from_bytes(id(contenders, round, number));
            let redemption = leak(Redemption { id, consent_id: consent.id, ..world.redemption(1).clone() });
            let redeem = store.write::<_, StoreError, _>(|tx| Box::pin(grants::redeem(tx, redemption)));
            redeem.await.unwrap().then_some(id)
        })
        .await;
        for id in redeemed.into_iter().flatten() {
            let grant = db.read(move |tx| Box::pin(grants::find(tx, id))).await.unwrap();
            assert!(grant.unwrap().dead);
        }
    }
}

async fn nothing_that_was_refreshed_around_a_revocation_lives_on(db: Db) {
    let world = World::add_to(&db).await;
    for (n, (contenders, round)) in (1..).zip(contests()) {
        let first: &str = format!("{contenders} {round}").leak();
        refresh_token(&db, world, n, first).await;
        let family = world.family(n, world.redemption(n)).id;
        let grant = world.redemption(n).id;
        let next = contend(&db, contenders, |store, number| async move {
            if number == contenders / 2 {
                let revoke = store.write::<_, StoreError, _>(move |tx| Box::pin(grants::revoke(tx, grant, NOW)));
                assert!(revoke.await.unwrap());
                return None;
            }
            let next: &str = format!("{first} {number}").leak();
            let refresh = store.write::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    let spent = grants::use_refresh_token(tx, hash(first), b"now").await?;
                    if spent {
                        grants::insert_refresh_token(tx, hash(next), family).await?;
                    }
                    Ok(spent)
                })
            });
            refresh.await.unwrap().then_some(next)
        })
        .await;
        let next: Vec<_> = next.into_iter().flatten().collect();
        assert!(next.len() <= 1);
        for token in next {
            let found = db.read(move |tx| Box::pin(grants::find_refresh_token(tx, hash(token)))).await.unwrap();
            assert!(found.unwrap().dead);
            let spent = db.write(move |tx| Box::pin(grants::use_refresh_token(tx, hash(token), b"later"))).await;
            assert!(!spent.unwrap());
        }
    }
}
