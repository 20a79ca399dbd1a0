//! `heteronym demo`: what a newcomer starts, stops, and starts again.

use std::{fs, net::SocketAddr, path::Path, process::Command};

use heteronym::{
    accounts::LoginName,
    store::{Store, StoreError, accounts, persons},
};
use serde_json::Value;

use super::{Installation, Running, Said, free, heteronym};

struct Demo {
    running: Running,
    addresses: [SocketAddr; 3],
    jwks: String,
    guide: Value,
}

fn command(data: &Path, addresses: &[SocketAddr; 3]) -> Command {
    let [listen, forum, second] = addresses.map(|address| address.to_string());
    let arguments = ["demo", "--listen", &listen, "--forum", &forum, "--second-forum", &second, "--data"];
    let mut command = heteronym(&arguments);
    command.arg(data).env("HETERONYM_LOG", "warn,heteronym::tasks=debug");
    command
}

impl Demo {
    fn start(house: &Installation, addresses: [SocketAddr; 3]) -> Self {
        let mut running = Running::start(&mut command(&house.data(), &addresses), &house.path("log"));
        let [provider, forums @ ..] = addresses;
        let host = format!("localhost:{}", provider.port());
        let discovery = running.get(provider, &host, "/.well-known/openid-configuration");
        let discovery: Value = serde_json::from_str(&discovery).unwrap();
        assert_eq!(discovery["issuer"], format!("http://{host}"));
        let jwks = running.get(provider, &host, "/jwks.json");
        for forum in forums {
            let home = running.get(forum, &forum.to_string(), "/");
            assert!(home.contains("Heteronym"), "{home}");
        }
        running.wait_for("round of a task", |said| said.contains("round done").then_some(()));
        let guide = serde_json::from_slice(&fs::read(house.data().join("demo.json")).unwrap()).unwrap();
        Self { running, addresses, jwks, guide }
    }

    /// What the newcomer is told is what there is.
    fn check_guide(&self) {
        let issuer = format!("http://localhost:{}", self.addresses[0].port());
        assert_eq!(self.guide["issuer"], issuer);
        let forums: Vec<_> = self.guide["forums"].as_array().unwrap().iter().map(|forum| &forum["url"]).collect();
        assert_eq!(forums, [&format!("http://{}", self.addresses[1]), &format!("http://{}", self.addresses[2])]);
        let people = self.guide["people"].as_array().unwrap();
        assert_eq!(people.len(), 3);
        let staff = [&self.guide["registrar"], &self.guide["auditor"]];
        let said = self.running.said();
        for person in people.iter().chain(staff) {
            let code = person["activation_code"].as_str().unwrap();
            assert_eq!(person["activation_url"], format!("{issuer}/activate#{code}"));
        }
        for person in people {
            assert!(said.contains(person["activation_url"].as_str().unwrap()), "{said}");
        }
        let custodians = self.guide["custodians"].as_array().unwrap();
        assert_eq!(custodians.len(), 5);
        assert!(custodians.iter().all(|file| Path::new(file.as_str().unwrap()).exists()));
    }
}

/// How many people there are, and whether those whom the guide names are among them.
async fn people(house: &Installation, guide: &Value) -> usize {
    let store = Store::sqlite(&house.data().join("heteronym.db")).await.unwrap();
    for person in guide["people"].as_array().unwrap() {
        let login: LoginName = person["login"].as_str().unwrap().parse().unwrap();
        let find = store
            .read::<_, StoreError, _>(|tx| Box::pin(async move { accounts::find_by_login(tx, login.as_str()).await }));
        assert!(find.await.unwrap().is_some(), "somebody of the guide is not there");
    }
    let page = store.read::<_, StoreError, _>(|tx| Box::pin(persons::page(tx, persons::FIRST, 10_000)));
    let count = page.await.unwrap().len();
    store.close().await;
    count
}

#[tokio::test]
async fn a_demonstration_is_started_stopped_and_started_again_with_the_same_keys_and_people() {
    let house = Installation { dir: tempfile::tempdir().unwrap() };
    let addresses = free();
    let first = Demo::start(&house, addresses);
    first.check_guide();

    let second = Said::of(&mut command(&house.data(), &free())).refused();
    assert!(second.contains("another process has the database open: end it first"), "{second}");
    let second = Said::of(&mut command(&house.path("other"), &addresses)).refused();
    assert!(second.contains("is something else there?"), "{second}");
    assert!(!house.path("other").exists(), "nothing is begun that cannot be finished");

    let (jwks, guide) = (first.jwks.clone(), first.guide.clone());
    assert!(first.running.end().success());
    let log = fs::read_to_string(house.path("log")).unwrap();
    assert!(!log.contains("WARN") && !log.contains("ERROR") && !log.contains("panicked"), "{log}");
    let before = people(&house, &guide).await;
    assert!(before >= 3);

    let again = Demo::start(&house, addresses);
    again.check_guide();
    assert_eq!(again.jwks, jwks, "the same keys");
    assert_eq!(again.guide["people"], guide["people"]);
    let secrets = |guide: &Value| -> Vec<Value> {
        guide["forums"].as_array().unwrap().iter().map(|forum| forum["client_secret"].clone()).collect()
    };
    assert_eq!(secrets(&again.guide), secrets(&guide), "the forums go on as they were");
    assert!(again.running.end().success());
    assert!(people(&house, &guide).await >= before, "neighbours who had no time to come are still welcome");

    let moved = Said::of(&mut command(&house.data(), &free())).refused();
    assert!(moved.contains("give the same addresses"), "{moved}");
    let real = house.run(&["serve"]).refused();
    assert!(real.contains("these keys were made for a demonstration"), "{real}");
}
