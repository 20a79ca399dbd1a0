//! Passphrases: one answer to everything that is wrong, and a wait that grows.

use std::time::Duration;

use heteronym::{
    accounts::{Error, Grounds, Holder, NewSession, PassphraseFault, Policy},
    domain::authentication::Method,
};

use super::{House, authenticator::Authenticator};

const GOOD: &str = "quatre tortues bleues rament";

impl House {
    async fn try_passphrase(&self, login: &str, passphrase: &str) -> Result<NewSession, Error> {
        self.accounts.sign_in_with_passphrase(login, passphrase, "Firefox · Linux", None).await
    }
}

#[tokio::test]
async fn a_passphrase_opens_its_account_however_name_and_spaces_are_typed() {
    let house = House::new().await;
    let (account, first) = house.account_knowing(GOOD).await;
    assert_eq!(first.signed_in.method, Method::Passphrase);
    let login = account.login.to_lowercase();
    let session =
        house.try_passphrase(&format!("{}-{}", &login[..5], &login[5..]), "quatre\u{a0}tortues bleues rament").await;
    assert_eq!(session.unwrap().signed_in.account, account.id);
}

#[tokio::test]
async fn r56_unknown_disabled_without_passphrase_and_wrong_are_one_answer() {
    let house = House::new().await;
    let (account, _) = house.account_knowing(GOOD).await;
    let (disabled, _) = house.account_knowing(GOOD).await;
    let (keyed, _) = house.account_with(house.citizen().await, &mut Authenticator::key()).await;
    let (accounts, id) = (house.accounts.clone(), disabled.id);
    house.write(move |tx| Box::pin(async move { accounts.disable(tx, id).await })).await;
    for (login, passphrase) in [
        (account.login.as_str(), "quatre tortues vertes rament"),
        (disabled.login.as_str(), GOOD),
        (keyed.login.as_str(), GOOD),
        ("0000000000", GOOD),
        ("no such name", GOOD),
        ("", ""),
    ] {
        assert!(matches!(house.try_passphrase(login, passphrase).await, Err(Error::SignIn)), "{login:?}");
    }
}

#[tokio::test]
async fn a_passphrase_that_everybody_uses_is_refused_and_the_code_stays_good() {
    let house = House::new().await;
    let (account, code) = house.invite(house.citizen().await).await;
    let grounds = Grounds::Code(house.open(&code).await);
    for (text, fault) in [
        ("motdepasse2024", PassphraseFault::Common),
        ("identité de grenoble", PassphraseFault::Common),
        (&format!("{}{}", account.login, account.login), PassphraseFault::Common),
        ("court", PassphraseFault::Short { found: 5 }),
    ] {
        let refused = house.accounts.set_passphrase(grounds.clone(), text, "", None).await;
        assert!(matches!(refused, Err(Error::Passphrase(found)) if found == fault), "{text}");
    }
    house.accounts.set_passphrase(grounds, GOOD, "", None).await.unwrap();
}

#[tokio::test]
async fn r55_ten_wrong_ones_are_free_then_each_waits_longer_and_a_right_one_clears_the_count() {
    let house = House::new().await;
    let (account, _) = house.account_knowing(GOOD).await;
    for _ in 0..9 {
        assert!(matches!(house.try_passphrase(&account.login, "wrong").await, Err(Error::SignIn)));
    }
    house.try_passphrase(&account.login, GOOD).await.expect("the tenth may be right");
    for _ in 0..10 {
        assert!(matches!(house.try_passphrase(&account.login, "wrong").await, Err(Error::SignIn)));
    }
    for wait in [1, 2, 4, 8] {
        let early = house.try_passphrase(&account.login, GOOD).await;
        assert!(matches!(early, Err(Error::Wait(left)) if left == Duration::from_secs(wait)), "also for the right one");
        house.wait(Duration::from_secs(wait));
        assert!(matches!(house.try_passphrase(&account.login, "wrong").await, Err(Error::SignIn)));
    }
    house.wait(Duration::from_secs(16));
    house.try_passphrase(&account.login, GOOD).await.unwrap();
}

#[tokio::test]
async fn r56_a_name_that_nobody_has_waits_like_one_that_somebody_has() {
    let house = House::new().await;
    for _ in 0..10 {
        assert!(matches!(house.try_passphrase("0000000000", "wrong").await, Err(Error::SignIn)));
    }
    assert!(matches!(house.try_passphrase("0000000000", "wrong").await, Err(Error::Wait(_))));
}

#[tokio::test]
async fn h14_guesses_by_many_at_once_do_not_slip_through_together() {
    let house = House::new().await;
    let (account, _) = house.account_knowing(GOOD).await;
    let guesses: Vec<_> = (0..40)
        .map(|_| {
            let (accounts, login) = (house.accounts.clone(), account.login.clone());
            tokio::spawn(async move { accounts.sign_in_with_passphrase(&login, "wrong", "", None).await })
        })
        .collect();
    let mut tried = 0;
    for guess in guesses {
        tried += usize::from(matches!(guess.await.unwrap(), Err(Error::SignIn | Error::Busy)));
    }
    assert_eq!(tried, 10);
}

#[tokio::test]
async fn h14_a_hundred_wrong_ones_close_the_passphrase_and_nothing_else() {
    let house = House::new().await;
    let mut key = Authenticator::key();
    let (account, session) = house.account_with(house.citizen().await, &mut key).await;
    let me = session.signed_in;
    house.accounts.set_passphrase(Grounds::Session(me.clone()), GOOD, "", Some(&me)).await.unwrap();
    for _ in 0..100 {
        house.wait(Duration::from_mins(15));
        assert!(matches!(house.try_passphrase(&account.login, "wrong").await, Err(Error::SignIn)));
    }
    house.wait(Duration::from_hours(1_000));
    assert!(matches!(house.try_passphrase(&account.login, GOOD).await, Err(Error::Closed)));
    let session = house.sign_in(&mut key).await.expect("the owner's passkey still opens");
    let me = session.signed_in;
    let new = "cinq hérons gris attendent";
    house.accounts.set_passphrase(Grounds::Session(me.clone()), new, "", Some(&me)).await.unwrap();
    house.try_passphrase(&account.login, new).await.expect("and sets another");
}

#[tokio::test]
async fn r54_a_new_passphrase_ends_the_other_sessions_and_the_old_one() {
    let house = House::new().await;
    let (account, first) = house.account_knowing(GOOD).await;
    let thief = house.try_passphrase(&account.login, GOOD).await.unwrap();
    let new = "cinq hérons gris attendent";
    let me = first.signed_in.clone();
    let mine = house.accounts.set_passphrase(Grounds::Session(me.clone()), new, "", Some(&me)).await.unwrap();
    assert!(house.is_live(&mine).await);
    assert!(!house.is_live(&thief).await && !house.is_live(&first).await);
    assert!(matches!(house.try_passphrase(&account.login, GOOD).await, Err(Error::SignIn)));
    assert!(matches!(house.accounts.remove_passphrase(&mine.signed_in).await, Err(Error::LastOne)));
}

#[tokio::test]
async fn staff_sign_in_with_a_passphrase_only_where_the_policy_lets_them() {
    let house = House::with(Policy { staff_passphrases: true, ..Policy::default() }).await;
    let (account, code) = house.invite(Holder::Auditor).await;
    let grounds = Grounds::Code(house.open(&code).await);
    house.accounts.set_passphrase(grounds, GOOD, "", None).await.unwrap();
    house.try_passphrase(&account.login, GOOD).await.unwrap();
}
