//! The trail of what is done with accounts: every act a line, and nobody's name in any.
//!
//! Read in a process of its own: in one with other tests a line may be thought to interest nobody.

use std::{collections::HashMap, time::Duration};

use heteronym::{
    accounts::{Grounds, Policy, SignedIn},
    telemetry::{self, LogFormat},
};

use super::{House, MINE, authenticator::Authenticator};
use crate::harness::{Log, passes_alone};

const GOOD: &str = "quatre tortues bleues rament";

/// The lines of the trail, with a number for each tag in the order in which they come.
fn trail(log: &str) -> String {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let lines = log.lines().filter_map(|line| line.split_once(" audit: ")).map(|(_, line)| {
        let (before, rest) = line.split_once("actor=\"").unwrap();
        let (tag, after) = rest.split_once('"').unwrap();
        if tag == "-" {
            return line.replace('"', "");
        }
        assert!(tag.len() == 16 && tag.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");
        let next = numbers.len() + 1;
        let number = numbers.entry(tag).or_insert(next);
        format!("{before}actor=#{number}{after}").replace('"', "")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whatever a sign-in of some time ago no longer allows.
async fn refused_now(house: &House, signed_in: &SignedIn) {
    let stale = Grounds::Session(signed_in.clone());
    assert!(house.accounts.start_passkey(&stale, MINE).await.is_err());
    assert!(house.accounts.set_passphrase(stale, GOOD, "Firefox · Linux", None).await.is_err());
    assert!(house.accounts.remove_passphrase(signed_in).await.is_err());
    assert!(house.accounts.new_paper_codes(signed_in).await.is_err());
    assert!(house.accounts.open_export(signed_in).is_err());
}

#[test]
fn every_act_with_an_account_is_noted_and_names_nobody() {
    passes_alone("accounts::audit::every_act_with_an_account_leaves_a_line_that_names_nobody");
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
async fn every_act_with_an_account_leaves_a_line_that_names_nobody() {
    let log = Log::default();
    let sink = log.clone();
    let subscriber = telemetry::subscriber(LogFormat::Human, "trace", move || sink.clone()).unwrap();
    let guard = tracing::subscriber::set_default(subscriber);
    let typed = live().await;
    drop(guard);

    let text = log.text();
    insta::assert_snapshot!(trail(&text), @r"
    act=activate with=passphrase actor=#1 outcome=unfit
    act=activate with=passphrase actor=#1 outcome=done
    act=open with=code actor=- outcome=refused
    act=open with=code actor=- outcome=mistyped
    act=activate with=passphrase actor=#1 outcome=refused
    act=sign in with=passphrase actor=#1 outcome=refused
    act=sign in with=passphrase actor=- outcome=refused
    act=sign in with=passphrase actor=#1 outcome=done
    act=add with=passkey actor=#1 outcome=done
    act=make with=recovery codes actor=#1 outcome=done
    act=remove with=passphrase actor=#1 outcome=done
    act=add with=passkey actor=- outcome=unfit
    act=remove with=passkey actor=#1 outcome=not there
    act=take along with=everything actor=#1 outcome=done
    act=add with=passkey actor=#1 outcome=signed in too long ago
    act=add with=passphrase actor=#1 outcome=signed in too long ago
    act=remove with=passphrase actor=#1 outcome=signed in too long ago
    act=make with=recovery codes actor=#1 outcome=signed in too long ago
    act=take along with=everything actor=#1 outcome=signed in too long ago
    act=sign in with=passkey actor=#1 outcome=done
    act=sign out with=all other sessions actor=#1 outcome=done
    act=sign out with=this session actor=#1 outcome=done
    act=disable with=- actor=#2 outcome=done
    act=sign in with=passkey actor=#2 outcome=refused
    ");
    for secret in typed {
        assert!(!text.contains(&secret), "{secret}");
    }
}

/// What happens to an account between its first code and its end. Returns what was typed.
async fn live() -> Vec<String> {
    let house = House::new().await;
    let (account, code) = house.invite(house.citizen().await).await;
    let grounds = Grounds::Code(house.open(&code).await);
    assert!(house.accounts.set_passphrase(grounds.clone(), "tortues", "Firefox · Linux", None).await.is_err(), "short");
    house.accounts.set_passphrase(grounds.clone(), GOOD, "Firefox · Linux", None).await.unwrap();
    assert!(house.accounts.open_code(&code.grouped()).await.is_err(), "spent");
    assert!(house.accounts.open_code("tortues").await.is_err(), "no code");
    assert!(house.accounts.set_passphrase(grounds, GOOD, "", None).await.is_err(), "opened before, spent meanwhile");
    let sign_in = async |login: &str, passphrase| {
        house.accounts.sign_in_with_passphrase(login, passphrase, "Firefox · Linux", None).await
    };
    assert!(sign_in(&account.login, "cinq tortues vertes nagent").await.is_err());
    assert!(sign_in("0123456789", GOOD).await.is_err(), "nobody");
    let session = sign_in(&account.login, GOOD).await.unwrap();
    let mut phone = Authenticator::phone();
    let session = house.register(&mut phone, &Grounds::Session(session.signed_in)).await.unwrap();
    let codes = house.accounts.new_paper_codes(&session.signed_in).await.unwrap();
    house.accounts.remove_passphrase(&session.signed_in).await.unwrap();
    assert!(house.accounts.finish_passkey("{}", "", MINE, "Firefox · Linux", None).await.is_err(), "no answer");
    assert!(house.accounts.remove_passkey(&session.signed_in, "no name").await.is_err());
    house.accounts.open_export(&session.signed_in).unwrap();
    house.wait(Policy::default().fresh_sign_in + Duration::from_secs(1));
    refused_now(&house, &session.signed_in).await;
    let elsewhere = house.sign_in(&mut phone).await.unwrap();
    house.accounts.end_other_sessions(&elsewhere.signed_in).await.unwrap();
    house.accounts.sign_out(&elsewhere.signed_in).await.unwrap();
    house.wait(Duration::from_hours(24));
    let (accounts, id) = (house.accounts.clone(), account.id);
    house.write(move |tx| Box::pin(async move { accounts.disable(tx, id).await })).await;
    assert!(house.sign_in(&mut phone).await.is_err());
    let typed = [account.login.clone(), code.canonical(), code.grouped(), codes[0].grouped(), GOOD.to_owned()];
    typed.into_iter().chain(["Firefox".to_owned(), "tortues".to_owned()]).collect()
}
