//! What the tests of this module share: a service over a fresh database, with a clock that they set.

use std::{sync::Arc, time::Duration};

use super::*;
use crate::{
    domain::{
        ambient::{FrozenClock, SeededEntropy},
        authentication::Method,
        secret::Token,
    },
    keyring,
    store::{accounts as rows, registrars},
};

/// 1 March 2026, 09:00:30 UTC.
pub(super) const NOON: Timestamp = Timestamp(1_772_355_630_000);

pub(super) struct House {
    pub(super) accounts: Accounts,
    pub(super) clock: Arc<FrozenClock>,
    pub(super) store: Store,
    _dir: tempfile::TempDir,
}

pub(super) async fn house() -> House {
    house_with(Policy::default()).await
}

pub(super) async fn house_with(policy: Policy) -> House {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(FrozenClock::new(NOON));
    let ambient = Ambient::new(clock.clone(), Arc::new(SeededEntropy::new(7)));
    let store = Store::sqlite(&dir.path().join("heteronym.db")).await.unwrap();
    let purpose = keyring::Purpose::Demo;
    let keyring =
        Keyring::create(&dir.path().join("keys"), purpose, &["EdDSA".parse().unwrap()], None, &mut ambient.rng(), NOON)
            .unwrap();
    let accounts = Accounts::new(
        store.clone(),
        Arc::new(keyring),
        ambient,
        policy,
        &"http://localhost:8400".parse().unwrap(),
        "Test",
    )
    .unwrap();
    House { accounts, clock, store, _dir: dir }
}

impl House {
    pub(super) async fn open_account(&self, holder: Holder) -> Account {
        let account = self.accounts.prepare(holder);
        let row = account.clone();
        let insert =
            self.store.write::<_, StoreError, _>(move |tx| Box::pin(async move { rows::insert(tx, &row).await }));
        insert.await.unwrap();
        account
    }

    pub(super) async fn sign_in_somehow(&self, account: &Account, instead_of: Option<&SignedIn>) -> NewSession {
        let begin = self.accounts.begin(Method::DeviceKey, "Firefox", instead_of);
        let (accounts, account) = (self.accounts.clone(), account.clone());
        let session = self.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move { accounts.begin_session(tx, &account, &begin).await })
        });
        session.await.unwrap()
    }

    async fn who(&self, session: &NewSession) -> Option<SignedIn> {
        self.accounts.session(session.token.expose()).await.unwrap()
    }

    fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

#[tokio::test]
async fn a_session_tells_who_is_there_until_it_is_signed_out() {
    let house = house().await;
    let account = house.open_account(Holder::Auditor).await;
    let session = house.sign_in_somehow(&account, None).await;
    let signed_in = house.who(&session).await.unwrap();
    assert_eq!((signed_in.account, signed_in.holder), (account.id, Holder::Auditor));
    assert_eq!((signed_in.method, signed_in.auth_time), (Method::DeviceKey, NOON));
    for stranger in ["", "x", Token::presented(&"A".repeat(43)).expose(), &"A".repeat(8_192)] {
        assert_eq!(house.accounts.session(stranger).await.unwrap(), None);
    }
    house.accounts.sign_out(&signed_in).await.unwrap();
    assert_eq!(house.who(&session).await, None);
    assert_eq!(format!("{session:?}"), "NewSession { token: Token(…), signed_in: SignedIn(…) }");
}

#[tokio::test]
async fn a_session_ends_when_idle_and_in_any_case_after_its_lifetime() {
    let house = house().await;
    let account = house.open_account(Holder::Administrator).await;
    let idle = house.sign_in_somehow(&account, None).await;
    house.wait(15 * 60 - 30);
    assert!(house.who(&idle).await.is_some());
    house.wait(15 * 60 + 1);
    assert_eq!(house.who(&idle).await, None, "15 minutes without a request");
    house.clock.set(NOON);
    assert_eq!(house.who(&idle).await, None, "it is gone, not asleep");

    let busy = house.sign_in_somehow(&account, None).await;
    for _ in 0..12 * 6 {
        house.wait(600);
        assert!(house.who(&busy).await.is_some());
    }
    house.wait(1);
    assert_eq!(house.who(&busy).await, None, "12 hours in all");
}

#[tokio::test]
async fn a_second_sign_in_ends_the_session_before_and_keeps_its_name() {
    let house = house().await;
    let account = house.open_account(Holder::Auditor).await;
    let first = house.sign_in_somehow(&account, None).await;
    house.wait(1);
    let second = house.sign_in_somehow(&account, Some(&first.signed_in)).await;
    assert_eq!(house.who(&first).await, None);
    assert_eq!(house.who(&second).await.unwrap().tag(), first.signed_in.tag());
    let other = house.open_account(Holder::Custodian).await;
    let third = house.sign_in_somehow(&other, Some(&second.signed_in)).await;
    assert_eq!(house.who(&second).await, None);
    assert_ne!(third.signed_in.tag(), first.signed_in.tag());
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all_others() {
    let house = house().await;
    let account = house.open_account(Holder::Auditor).await;
    let stranger = house.sign_in_somehow(&house.open_account(Holder::Custodian).await, None).await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        house.wait(60);
        sessions.push(house.sign_in_somehow(&account, None).await);
    }
    let me = &sessions[0].signed_in;
    let listed = house.accounts.sessions(me).await.unwrap();
    assert_eq!(listed.iter().map(|one| one.current).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(listed[1].id, sessions[2].signed_in.session, "the latest of the others");
    assert!(!house.accounts.end_session(me, &stranger.signed_in.session.encode()).await.unwrap());
    assert!(house.accounts.end_session(me, &listed[1].id.encode()).await.unwrap());
    assert_eq!(house.who(&sessions[2]).await, None);
    house.accounts.end_other_sessions(me).await.unwrap();
    assert_eq!(house.who(&sessions[1]).await, None);
    assert!(house.who(&sessions[0]).await.is_some() && house.who(&stranger).await.is_some());
}

#[tokio::test]
async fn a_session_dies_with_its_account() {
    let house = house().await;
    let account = house.open_account(Holder::Auditor).await;
    let session = house.sign_in_somehow(&account, None).await;
    let (accounts, id) = (house.accounts.clone(), account.id);
    let disable = |by_row: bool| {
        let accounts = accounts.clone();
        house.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(
                async move { if by_row { rows::disable(tx, id, NOON).await } else { accounts.disable(tx, id).await } },
            )
        })
    };
    assert!(disable(true).await.unwrap());
    assert_eq!(house.who(&session).await, None, "even when only the row says so");
    assert!(!disable(false).await.unwrap());
    assert!(house.accounts.sessions(&session.signed_in).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_session_row_opens_only_under_its_own_token() {
    let house = house().await;
    let account = house.open_account(Holder::Auditor).await;
    let (mine, theirs) = (house.sign_in_somehow(&account, None).await, house.sign_in_somehow(&account, None).await);
    let (from, to) = (mine.token.hash(), theirs.token.hash());
    let swap = house.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let sealed = crate::store::sessions::find(tx, from).await?.unwrap();
            crate::store::sessions::update(tx, to, &sealed).await
        })
    });
    assert!(swap.await.unwrap());
    assert_eq!(house.who(&theirs).await, None);
}

#[tokio::test]
async fn a_registrars_office_is_told_of_its_officers_only() {
    let house = house().await;
    let office = registrars_office(&house).await;
    let officer = house.sign_in_somehow(&house.open_account(Holder::Officer(office)).await, None).await;
    assert_eq!((officer.signed_in.office(), officer.signed_in.person()), (Some(office), None));
    assert!(!officer.signed_in.is_administrator());
}

pub(super) async fn registrars_office(house: &House) -> crate::domain::ids::RegistrarId {
    let id = crate::domain::ids::RegistrarId::from_bytes([3; 16]);
    let registrar = registrars::Registrar {
        id,
        name: "Mairie".into(),
        area: "cog:38563".into(),
        created_on: NOON.day(),
        disabled_at: None,
    };
    let insert = house
        .store
        .write::<_, StoreError, _>(move |tx| Box::pin(async move { registrars::insert(tx, &registrar).await }));
    insert.await.unwrap();
    id
}
