//! Activation codes and recovery codes: each opens once, in time, for one.

use std::time::Duration;

use heteronym::accounts::{CodeFault, Error, Grounds, OpenedKind, Purpose};

use super::{House, MINE, authenticator::Authenticator};

const GOOD: &str = "quatre tortues bleues rament";

#[tokio::test]
async fn l5_a_code_opens_exactly_once() {
    let house = House::new().await;
    let (account, code) = house.invite(house.citizen().await).await;
    let opened = house.open(&code).await;
    assert_eq!((opened.kind, opened.login.as_str()), (OpenedKind::Activation, account.login.as_str()));
    house.open(&code).await;
    house.register(&mut Authenticator::key(), &Grounds::Code(opened.clone())).await.expect("looking spends nothing");
    assert!(matches!(house.accounts.open_code(&code.grouped()).await, Err(Error::Code)));
    let late = house.register(&mut Authenticator::key(), &Grounds::Code(opened.clone())).await;
    assert!(matches!(late, Err(Error::Code)), "opened before, spent meanwhile");
    let late = house.accounts.set_passphrase(Grounds::Code(opened), GOOD, "", None).await;
    assert!(matches!(late, Err(Error::Code)));
}

#[tokio::test]
async fn l5_a_code_that_is_over_replaced_unknown_or_mistyped_opens_nothing() {
    let house = House::new().await;
    let (account, first) = house.invite(house.citizen().await).await;
    let second = house.issue(&account, Purpose::Activate).await;
    assert!(matches!(house.accounts.open_code(&first.grouped()).await, Err(Error::Code)), "replaced");
    let unknown = house.accounts.new_code();
    assert!(matches!(house.accounts.open_code(&unknown.grouped()).await, Err(Error::Code)));
    let typed = second.grouped();
    let wrong = typed.replacen(char::is_alphanumeric, if typed.starts_with('7') { "8" } else { "7" }, 1);
    assert!(matches!(house.accounts.open_code(&wrong).await, Err(Error::CodeFault(CodeFault::Check))));
    house.open(&second).await;
    house.wait(Duration::from_hours(30 * 24 + 14));
    house.open(&second).await;
    house.wait(Duration::from_hours(1));
    assert!(matches!(house.accounts.open_code(&second.grouped()).await, Err(Error::Code)), "over");
}

#[tokio::test]
async fn i14_of_two_registrations_at_once_with_one_code_one_wins() {
    let house = House::new().await;
    let (_, code) = house.invite(house.citizen().await).await;
    let grounds = Grounds::Code(house.open(&code).await);
    let mut answers = Vec::new();
    for _ in 0..8 {
        let options = house.accounts.start_passkey(&grounds, MINE).await.unwrap();
        answers.push(Authenticator::key().create(&options, super::ISSUER));
    }
    let attempts = answers.into_iter().map(|answer| {
        let accounts = house.accounts.clone();
        tokio::spawn(async move { accounts.finish_passkey(&answer.to_string(), "", MINE, "", None).await })
    });
    let mut winners = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        match attempt.await.unwrap() {
            Ok(session) => winners.push(session),
            Err(error) => assert!(matches!(error, Error::Code), "{error}"),
        }
    }
    assert_eq!(winners.len(), 1);
    let authenticators = house.accounts.authenticators(&winners[0].signed_in).await.unwrap();
    assert_eq!((authenticators.passkeys.len(), authenticators.has_passphrase), (1, false));
}

#[tokio::test]
async fn of_a_passkey_and_a_passphrase_at_once_with_one_code_one_wins() {
    let house = House::new().await;
    let (_, code) = house.invite(house.citizen().await).await;
    let grounds = Grounds::Code(house.open(&code).await);
    let options = house.accounts.start_passkey(&grounds, MINE).await.unwrap();
    let answer = Authenticator::key().create(&options, super::ISSUER).to_string();
    let (passkey, passphrase) = tokio::join!(
        house.accounts.finish_passkey(&answer, "", MINE, "", None),
        house.accounts.set_passphrase(grounds, GOOD, "", None),
    );
    assert_ne!(passkey.is_ok(), passphrase.is_ok());
}

#[tokio::test]
async fn recovery_at_the_counter_ends_what_was_before_and_keeps_the_account() {
    let house = House::new().await;
    let (mut lost, mut new) = (Authenticator::key(), Authenticator::key());
    let (account, session) = house.account_with(house.citizen().await, &mut lost).await;
    let codes = house.accounts.new_paper_codes(&session.signed_in).await.unwrap();
    let grounds = Grounds::Session(session.signed_in.clone());
    let session = house.accounts.set_passphrase(grounds, GOOD, "", Some(&session.signed_in)).await.unwrap();
    let code = house.issue(&account, Purpose::Recover).await;
    assert!(!house.is_live(&session).await, "sessions end at the counter already");
    house.sign_in(&mut lost).await.expect("until the new device is there, the old one opens");
    let opened = house.open(&code).await;
    assert_eq!(opened.kind, OpenedKind::Counter);
    let recovered = house.register(&mut new, &Grounds::Code(opened)).await.unwrap();
    assert_eq!(recovered.signed_in.holder, account.holder, "the same person, so the same pseudonyms");
    assert!(matches!(house.sign_in(&mut lost).await, Err(Error::SignIn)));
    let passphrase = house.accounts.sign_in_with_passphrase(&account.login, GOOD, "", None).await;
    assert!(matches!(passphrase, Err(Error::SignIn)));
    assert!(matches!(house.accounts.open_code(&codes[0].grouped()).await, Err(Error::Code)), "the paper is void");
    house.sign_in(&mut new).await.unwrap();
}

#[tokio::test]
async fn a_paper_code_adds_one_way_in_and_each_works_once() {
    let house = House::new().await;
    let (mut old, mut new) = (Authenticator::key(), Authenticator::key());
    let (account, session) = house.account_with(house.citizen().await, &mut old).await;
    let codes = house.accounts.new_paper_codes(&session.signed_in).await.unwrap();
    assert_eq!(codes.len(), 10);
    let opened = house.accounts.open_code(&codes[3].grouped().to_lowercase()).await.unwrap();
    assert_eq!(opened.kind, OpenedKind::Paper);
    let recovered = house.register(&mut new, &Grounds::Code(opened)).await.unwrap();
    assert_eq!(recovered.signed_in.account, account.id);
    assert!(!house.is_live(&session).await, "whoever found the telephone is signed out");
    assert!(matches!(house.accounts.open_code(&codes[3].grouped()).await, Err(Error::Code)), "once");
    assert_eq!(house.accounts.authenticators(&recovered.signed_in).await.unwrap().paper_codes, 9);
    for device in [&mut old, &mut new] {
        house.sign_in(device).await.unwrap();
    }
    let renewed = house.accounts.new_paper_codes(&recovered.signed_in).await.unwrap();
    assert!(matches!(house.accounts.open_code(&codes[4].grouped()).await, Err(Error::Code)), "the old paper is void");
    house.accounts.open_code(&renewed[0].grouped()).await.unwrap();
}

#[tokio::test]
async fn r59_sensitive_acts_ask_for_a_recent_sign_in() {
    let house = House::new().await;
    let mut key = Authenticator::key();
    let (_, session) = house.account_with(house.citizen().await, &mut key).await;
    let me = session.signed_in;
    house.wait(Duration::from_secs(301));
    let grounds = Grounds::Session(me.clone());
    assert!(matches!(house.accounts.start_passkey(&grounds, MINE).await, Err(Error::Stale)));
    assert!(matches!(house.accounts.set_passphrase(grounds, GOOD, "", Some(&me)).await, Err(Error::Stale)));
    assert!(matches!(house.accounts.new_paper_codes(&me).await, Err(Error::Stale)));
    assert!(matches!(house.accounts.remove_passphrase(&me).await, Err(Error::Stale)));
    assert!(matches!(house.accounts.remove_passkey(&me, "AAAA").await, Err(Error::Stale)));
    let again = house.sign_in(&mut key).await.unwrap();
    house.accounts.new_paper_codes(&again.signed_in).await.unwrap();
}

#[tokio::test]
async fn h12_an_act_of_a_session_that_ended_meanwhile_is_refused() {
    let house = House::new().await;
    let (_, session) = house.account_with(house.citizen().await, &mut Authenticator::key()).await;
    let me = session.signed_in;
    let grounds = Grounds::Session(me.clone());
    let options = house.accounts.start_passkey(&grounds, MINE).await.unwrap();
    house.accounts.sign_out(&me).await.unwrap();
    let answer = Authenticator::key().create(&options, super::ISSUER);
    assert!(matches!(house.finish(&answer, &grounds).await, Err(Error::SignedOut)));
    assert!(matches!(house.accounts.new_paper_codes(&me).await, Err(Error::SignedOut)));
}
