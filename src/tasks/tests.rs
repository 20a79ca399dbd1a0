//! What each kind of round does, and what it leaves.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use super::*;
use crate::{
    accounts::Accounts,
    attributes::tests::{World, facts},
    clients::{Clients, Outbound},
    consent::Consents,
    domain::{
        age::{LeapDay, LegalCalendar},
        ambient::Clock as _,
        bracket::BracketTable,
        ids::{AccountId, ClientId, ConsentId, FamilyId, GrantId, PersonId, PseudonymId, Sector},
        issuer::Issuer,
        secret::{Token, TokenHash},
    },
    provider::{Lifetimes, Parts, Provider},
    pseudonym::Pseudonyms,
    sampling,
    store::{Log, NewLeaf, clients as rows, consents, pseudonyms},
    transparency,
};

fn tasks(world: &World) -> Tasks {
    let clients = Clients::new(world.store.clone(), world.ambient(), Outbound::unused(), institutions(world));
    let (transparency, logout) = (transparency(world), logout(world, clients.clone()));
    let keys = Keys { keyring: world.keyring(), clients, rotate: true };
    Tasks {
        store: world.store.clone(),
        attributes: world.attributes.clone(),
        keys,
        logout,
        transparency,
        institutions: institutions(world),
        sampling: sampling(world),
        ambient: world.ambient(),
    }
}

/// With nobody who audits.
fn sampling(world: &World) -> Sampling {
    let policy = crate::accounts::Policy::default();
    let issuer = "https://id.example".parse().unwrap();
    let accounts = Accounts::new(world.store.clone(), world.keyring(), world.ambient(), policy, &issuer, "Test");
    Sampling::new(sampling::Parts {
        store: world.store.clone(),
        keyring: world.keyring(),
        accounts: accounts.unwrap(),
        attributes: world.attributes.clone(),
        owners: transparency::Owners::new(world.keyring(), world.ambient()),
        ambient: world.ambient(),
    })
}

fn institutions(world: &World) -> Institutions {
    let policy = transparency::policy(&BracketTable::default(), []).unwrap();
    Institutions::new(world.keyring(), world.ambient(), policy, "custodians_key")
}

/// Logs beside the database.
fn transparency(world: &World) -> Transparency {
    Transparency::new(transparency::Parts {
        store: world.store.clone(),
        keyring: world.keyring(),
        ambient: world.ambient(),
        calendar: LegalCalendar::new("Europe/Paris", LeapDay::default()).unwrap(),
        issuer: Issuer::try_from("https://id.example".to_owned()).unwrap(),
        rollback_file: world.directory().join("log-heads.txt"),
        policy: transparency::policy(&BracketTable::default(), []).unwrap(),
    })
}

/// With nobody to tell anything.
fn logout(world: &World, clients: Clients) -> Logout {
    let (store, keyring, ambient) = (world.store.clone(), world.keyring(), world.ambient());
    let owners = transparency::Owners::new(Arc::clone(&keyring), ambient.clone());
    let minute = Duration::from_mins(1);
    let provider = Provider::new(Parts {
        name: String::new(),
        mtls: None,
        issuer: Issuer::try_from("https://id.example".to_owned()).unwrap(),
        store: store.clone(),
        keyring: Arc::clone(&keyring),
        clients,
        pseudonyms: Pseudonyms::new(store.clone(), Arc::clone(&keyring), owners.clone(), ambient.clone()),
        consents: Consents::new(store, keyring, ambient.clone()),
        attributes: world.attributes.clone(),
        transparency: transparency(world),
        owners,
        institutions: institutions(world),
        lifetimes: Lifetimes {
            pushed: minute,
            code: minute,
            id_token: minute,
            access_token: minute,
            refresh: minute,
            refresh_race: minute,
        },
        ambient,
    });
    Logout::new(provider, Outbound::unused())
}

/// What a task removes now, now again, and after a while.
async fn rounds(world: &World, task: Task, later: Duration) -> [u64; 3] {
    let tasks = tasks(world);
    let round = async || tasks.once(task).await.unwrap();
    let (one, two) = (round().await, round().await);
    world.clock.advance(later);
    [one, two, round().await]
}

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn sessions_are_removed_when_they_cannot_be_valid_any_more() {
    let world = World::new("2026-03-01T12:00:00Z").await;
    let now = world.clock.now();
    let insert = world.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            for (name, remove_after) in [("ended", now), ("live", now.plus(HOUR))] {
                let token_hash = Token::presented(name).hash();
                let session = sessions::Session { token_hash, account_tag: [1; 32], sealed: vec![], remove_after };
                sessions::insert(tx, &session).await?;
            }
            Ok(())
        })
    });
    insert.await.unwrap();
    assert_eq!(rounds(&world, Task::Sessions, HOUR).await, [1, 0, 1]);
}

#[tokio::test]
async fn ceremonies_that_were_not_finished_are_removed() {
    let world = World::new("2026-03-01T12:00:00Z").await;
    let now = world.clock.now();
    let insert = world.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            accounts::insert_ceremony(tx, Token::presented("ended").hash(), b"", now).await?;
            accounts::insert_ceremony(tx, Token::presented("live").hash(), b"", now.plus(HOUR)).await
        })
    });
    insert.await.unwrap();
    assert_eq!(rounds(&world, Task::Ceremonies, HOUR).await, [1, 0, 1]);
}

#[tokio::test]
async fn wrong_guesses_are_remembered_the_longer_the_more_there_were() {
    let world = World::new("2026-03-01T12:00:00Z").await;
    let now = world.clock.now();
    let fail = world.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            for (name, times) in [(1, 10), (2, 11), (3, 99), (4, 100)] {
                for _ in 0..times {
                    throttles::fail(tx, &[name; 32], now).await?;
                }
            }
            Ok(())
        })
    });
    fail.await.unwrap();
    assert_eq!(rounds(&world, Task::Throttles, 24 * HOUR).await, [0, 0, 0]);
    assert_eq!(rounds(&world, Task::Throttles, HOUR).await, [0, 0, 1]);
    assert_eq!(rounds(&world, Task::Throttles, 29 * 24 * HOUR).await, [0, 0, 2]);
    assert_eq!(rounds(&world, Task::Throttles, 336 * 24 * HOUR).await, [0, 0, 1]);
}

#[tokio::test]
async fn grants_are_removed_but_not_under_a_refresh_token_that_can_still_be_used() {
    let mut world = World::new("2026-03-01T12:00:00Z").await;
    let now = world.clock.now();
    let person = world.enrol(&facts(r#"{"y":1990}"#, "cog:38563")).await;
    let insert = world.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            agree(tx, person, now).await?;
            redeem(tx, 1, now).await?;
            redeem(tx, 2, now).await?;
            let family = grants::Family {
                id: FamilyId::from_bytes([1; 16]),
                grant_id: GrantId::from_bytes([2; 16]),
                client_id: forum(),
                sealed: Vec::new(),
                remove_after: now.plus(HOUR),
            };
            grants::insert_family(tx, &family).await
        })
    });
    insert.await.unwrap();
    assert_eq!(rounds(&world, Task::Grants, HOUR).await, [1, 0, 1]);
}

#[tokio::test]
async fn d12_what_was_spent_is_forgotten_in_all_batches_and_not_while_it_could_come_again() {
    let world = World::new("2026-03-01T12:00:00Z").await;
    let now = world.clock.now();
    let spend = world.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            for number in 0..=BATCH {
                let mut tag = [0; 32];
                tag[..4].copy_from_slice(&number.to_be_bytes());
                assert!(spent::spend(tx, &tag, now.plus(Duration::from_secs(59))).await?);
            }
            Ok(())
        })
    });
    spend.await.unwrap();
    // Another node's clock may be two seconds behind: what it still takes has to be known.
    assert_eq!(rounds(&world, Task::Spent, Duration::from_secs(61)).await, [0, 0, 0]);
    assert_eq!(rounds(&world, Task::Spent, Duration::from_mins(2)).await, [0, 0, u64::from(BATCH) + 1]);
}

#[tokio::test]
async fn initial_access_tokens_are_removed_when_they_were_used_or_have_expired() {
    let world = World::new("2026-03-01T12:00:00Z").await;
    let now = world.clock.now();
    let insert = world.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            for number in 0..=BATCH {
                let hash = Token::presented(&number.to_string()).hash();
                rows::insert_registration_token(tx, hash, now, now.plus(HOUR)).await?;
            }
            let used = Token::presented("0").hash();
            assert!(rows::use_registration_token(tx, used, now).await?);
            Ok(())
        })
    });
    insert.await.unwrap();
    assert_eq!(rounds(&world, Task::RegistrationTokens, HOUR).await, [1, 0, u64::from(BATCH)]);
}

#[tokio::test]
async fn facts_are_settled_in_all_batches() {
    let mut world = World::new("2026-03-01T12:00:00Z").await;
    for _ in 0..501 {
        world.enrol(&facts(r#"{"y":2008,"m":[2026,3,2]}"#, "cog:38563")).await;
    }
    assert_eq!(rounds(&world, Task::Facts, 12 * HOUR).await, [0, 0, 501]);
    assert_eq!(tasks(&world).once(Task::Facts).await.unwrap(), 0);
}

#[tokio::test]
async fn reading_crowds_again_and_again_counts_nobody_twice() {
    let mut world = World::new("2026-03-01T12:00:00Z").await;
    let known = facts(r#"{"y":1990}"#, "cog:38563");
    world.enrol(&known).await;
    assert_eq!(rounds(&world, Task::Crowds, HOUR).await, [0, 0, 0]);
    let shown = crate::domain::claim::Qualities::default();
    assert_eq!(world.attributes.crowd(&shown).await.unwrap().people, 1);
}

#[tokio::test]
async fn the_last_heads_of_the_logs_are_remembered_in_time_and_once() {
    assert!(Task::Heads.interval().mul_f64(1.25) < Duration::from_secs(1));
    let world = World::new("2026-03-01T12:00:00Z").await;
    let tasks = tasks(&world);
    let log = async |bytes: &'static [u8]| {
        let leaf = NewLeaf { bytes: bytes.to_vec(), token: None, owner: None };
        world.store.write(|tx| Box::pin(async move { tx.log(Log::Registry, leaf) })).await.map(drop)
    };
    let remembered = async || tasks.once(Task::Heads).await.unwrap();
    let file = world.directory().join("log-heads.txt");
    log(b"one").await.unwrap();
    assert_eq!((remembered().await, remembered().await), (1, 0));
    let before = std::fs::read_to_string(&file).unwrap();
    log(b"two").await.unwrap();
    assert_eq!((remembered().await, remembered().await), (1, 0));
    assert_ne!(std::fs::read_to_string(&file).unwrap(), before);
}

#[tokio::test]
async fn the_work_ends_when_the_process_does() {
    let world = World::new("2026-03-01T12:00:00Z").await;
    let polled = AtomicU32::new(0);
    let shutdown = std::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        if polled.fetch_add(1, Ordering::SeqCst) > 3 { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    });
    tasks(&world).run(shutdown).await;
    assert!(polled.load(Ordering::SeqCst) > 3);
}

#[tokio::test]
async fn rounds_drift_apart_by_a_quarter_at_the_most() {
    let world = World::new("2026-03-01T12:00:00Z").await;
    let pauses: Vec<Duration> = (0..50).map(|_| tasks(&world).jittered(HOUR)).collect();
    assert!(pauses.iter().all(|pause| (HOUR * 3 / 4..=HOUR * 5 / 4).contains(pause)));
    assert!(pauses.iter().any(|pause| *pause < HOUR) && pauses.iter().any(|pause| *pause > HOUR));
}

#[tokio::test]
async fn keys_are_looked_at_often_enough_and_due_ones_made_early_enough() {
    assert!(Task::Keys.interval().mul_f64(1.25) + Duration::from_secs(2) <= crate::keyring::LIVE_WITHIN);
    assert!(Task::Keys.begins_at_once());
    let world = World::new("2026-03-01T12:00:00Z").await;
    assert_eq!(rounds(&world, Task::Rotation, Duration::from_hours(30 * 24 - 3)).await, [0, 0, 1]);
}

#[tokio::test]
async fn with_rotation_left_to_the_operator_keys_are_seen_and_none_is_made_or_deleted() {
    let world = World::new("2026-03-01T12:00:00Z").await;
    let mut tasks = tasks(&world);
    tasks.keys.rotate = false;
    world.clock.advance(400 * 24 * HOUR);
    assert_eq!(tasks.once(Task::Rotation).await.unwrap(), 0);
    world.keyring().rotate(crate::keyring::Role::Token, &mut world.ambient().rng(), world.clock.now()).unwrap();
    assert_eq!(tasks.once(Task::Keys).await.unwrap(), 0, "what this node made itself is no news");
    world.clock.advance(HOUR);
    assert_eq!(tasks.once(Task::Keys).await.unwrap(), 7, "its hour has come");
}

fn forum() -> ClientId {
    "c_forum".parse().unwrap()
}

const SESSION: TokenHash = TokenHash::from_bytes([1; 32]);
const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);
const CONSENT: ConsentId = ConsentId::from_bytes([1; 16]);

/// Everything that a code rests on.
async fn agree(tx: &mut Tx, person: PersonId, now: Timestamp) -> Result<(), StoreError> {
    let sector: Sector = "forum.example".parse().unwrap();
    rows::ensure_sector(tx, &sector, 1, now).await?;
    let client = rows::Client {
        id: forum(),
        sector: sector.clone(),
        metadata: "{}".to_owned(),
        secret_hash: None,
        registration_hash: None,
        version: 1,
        created_on: now,
        disabled_at: None,
    };
    rows::insert(tx, &client).await?;
    let holder = accounts::Holder::Citizen(person);
    let login = "login".to_owned();
    let account = accounts::Account { id: ACCOUNT, holder, login, created_on: now, disabled_at: None };
    accounts::insert(tx, &account).await?;
    let pseudonym = pseudonyms::Pseudonym {
        id: PseudonymId::from_bytes([1; 16]),
        person_id: person,
        sector,
        slot: 0,
        generation: 0,
        key_version: 1,
        sealed: Vec::new(),
        version: 1,
        retired_on: None,
    };
    pseudonyms::insert(tx, &pseudonym).await?;
    let consent = consents::Consent {
        id: CONSENT,
        person_id: person,
        pseudonym_id: pseudonym.id,
        client_id: forum(),
        sealed: Vec::new(),
        withdrawn: None,
    };
    consents::insert(tx, &consent).await?;
    let session = sessions::Session {
        token_hash: SESSION,
        account_tag: [1; 32],
        sealed: Vec::new(),
        remove_after: now.plus(Duration::from_hours(24)),
    };
    sessions::insert(tx, &session).await
}

/// Spends a code, of which nothing needs to be known after `now`; `number` tells codes apart.
async fn redeem(tx: &mut Tx, number: u8, now: Timestamp) -> Result<(), StoreError> {
    let redemption = grants::Redemption {
        id: GrantId::from_bytes([number; 16]),
        consent_id: CONSENT,
        client_id: forum(),
        account_id: ACCOUNT,
        session_tag: [1; 32],
        session: SESSION,
        sealed: Vec::new(),
        remove_after: now,
    };
    assert!(grants::redeem(tx, &redemption).await?);
    Ok(())
}
