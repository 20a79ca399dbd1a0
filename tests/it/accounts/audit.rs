//! The trail of what is done with accounts: every act a line, and nobody's name in any.
//!
//! Read in a process of its own: in one with other tests a line may be thought to interest nobody.

use std::{
    collections::HashMap,
    io,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use heteronym::{
    accounts::Grounds,
    telemetry::{self, LogFormat},
};

use super::{House, authenticator::Authenticator};

const GOOD: &str = "quatre tortues bleues rament";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The lines of the trail, with a number for each tag in the order in which they come.
    fn trail(&self) -> String {
        let text = self.text();
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let lines = text.lines().filter_map(|line| line.split_once(" audit: ")).map(|(_, line)| {
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
}

#[test]
fn every_act_with_an_account_is_noted_and_names_nobody() {
    let child = "accounts::audit::every_act_with_an_account_leaves_a_line_that_names_nobody";
    let child = Command::new(std::env::current_exe().unwrap()).args(["--exact", child, "--ignored"]).output().unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
async fn every_act_with_an_account_leaves_a_line_that_names_nobody() {
    let (log, house) = (Log::default(), House::new().await);
    let sink = log.clone();
    let subscriber = telemetry::subscriber(LogFormat::Human, "trace", move || sink.clone()).unwrap();
    let guard = tracing::subscriber::set_default(subscriber);
    let (account, code) = house.invite(house.citizen().await).await;
    let grounds = Grounds::Code(house.open(&code).await);
    house.accounts.set_passphrase(grounds.clone(), GOOD, "Firefox · Linux", None).await.unwrap();
    assert!(house.accounts.open_code(&code.grouped()).await.is_err(), "spent");
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
    let elsewhere = house.sign_in(&mut phone).await.unwrap();
    house.accounts.end_other_sessions(&elsewhere.signed_in).await.unwrap();
    house.accounts.sign_out(&elsewhere.signed_in).await.unwrap();
    house.wait(Duration::from_hours(24));
    let (accounts, id) = (house.accounts.clone(), account.id);
    house.write(move |tx| Box::pin(async move { accounts.disable(tx, id).await })).await;
    assert!(house.sign_in(&mut phone).await.is_err());
    drop(guard);

    insta::assert_snapshot!(log.trail(), @r"
    act=activate with=passphrase actor=#1 outcome=done
    act=open with=code actor=- outcome=refused
    act=activate with=passphrase actor=#1 outcome=refused
    act=sign in with=passphrase actor=#1 outcome=refused
    act=sign in with=passphrase actor=- outcome=refused
    act=sign in with=passphrase actor=#1 outcome=done
    act=add with=passkey actor=#1 outcome=done
    act=make with=recovery codes actor=#1 outcome=done
    act=remove with=passphrase actor=#1 outcome=done
    act=sign in with=passkey actor=#1 outcome=done
    act=sign out with=all other sessions actor=#1 outcome=done
    act=sign out with=this session actor=#1 outcome=done
    act=disable with=- actor=#2 outcome=done
    act=sign in with=passkey actor=#2 outcome=refused
    ");
    let text = log.text();
    let typed = [account.login.clone(), code.canonical(), code.grouped(), codes[0].grouped(), GOOD.to_owned()];
    for secret in typed.into_iter().chain(["Firefox".to_owned(), "tortues".to_owned()]) {
        assert!(!text.contains(&secret), "{secret}");
    }
}
