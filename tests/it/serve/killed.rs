//! A service that is killed at any moment has lost nothing that it acknowledged over HTTP: a code that was redeemed stays
//! spent, and what was given for it stays good.
//!
//! Codes are sealed, self-contained values. A redemption that was forgotten would not be missed; it could be done again.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use data_encoding::BASE64;
use heteronym::{clients::Draft, wire::jose::Algorithm};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::Value;

use super::{Addresses, Answer, Served, exchange, get, host};
use crate::harness::{Choices, Forum};

/// How often it is killed, and how many redeem meanwhile.
const ROUNDS: u32 = 5;
const WORKERS: usize = 4;

/// Somebody who is signed in, has agreed, and whose forum redeems code after code.
#[derive(Clone)]
struct Driver {
    address: SocketAddr,
    forum: Forum,
    session: String,
}

/// A redemption that was answered.
struct Redeemed {
    form: String,
    access_token: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_service_acknowledged_over_http_is_there() {
    let at = Addresses::free();
    let service = at.prepare().await;
    let draft = Draft { scope: "openid profile age".to_owned(), id_token_alg: Algorithm::EdDSA, ..Draft::default() };
    let forum = service.register("forum.example", draft).await;
    let citizen = service.arnaud().await;
    let session = citizen.begin_session(&service).await.token.expose().to_owned();
    let mut browser = service.browser();
    browser.hold_session(&session);
    let agreed = browser.authorize(&forum.request("openid profile age"), &Choices::all("Genêt")).await;
    assert!(!agreed.code().is_empty());
    service.services.store.close().await;
    let driver = Driver { address: at.public, forum, session };
    let directory = service.dir.path().to_owned();
    tokio::task::spawn_blocking(move || kill_again_and_again(&directory, at, &driver)).await.unwrap();
}

fn kill_again_and_again(directory: &Path, at: Addresses, driver: &Driver) {
    let mut rng = StdRng::seed_from_u64(20);
    for round in 0..ROUNDS {
        let mut served = Served::start(directory, at);
        let pause = Duration::from_millis(rng.random_range(50..900));
        let acknowledged = driver.redeem_until_killed(&mut served, pause);
        assert!(!acknowledged.is_empty(), "round {round}: something was redeemed in {pause:?}");
        drop(served);
        let _served = Served::start(directory, at);
        for redeemed in &acknowledged {
            let told = driver.userinfo(&redeemed.access_token).unwrap();
            assert_eq!(told.status, 200, "round {round}: what was given is good\n{}\n{}", told.head, told.body);
            let again = driver.post_token(&redeemed.form).unwrap();
            assert_eq!(again.status, 400, "round {round}: a spent code stays spent\n{}", again.body);
            assert_eq!(serde_json::from_str::<Value>(&again.body).unwrap()["error"], "invalid_grant");
        }
    }
}

impl Driver {
    /// Redeems codes from all sides, and kills the service this long after the first answer.
    fn redeem_until_killed(&self, served: &mut Served, pause: Duration) -> Vec<Redeemed> {
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let dead = Arc::new(AtomicBool::new(false));
        std::thread::scope(|scope| {
            for _ in 0..WORKERS {
                let (acknowledged, dead) = (Arc::clone(&acknowledged), Arc::clone(&dead));
                scope.spawn(move || {
                    while !dead.load(Ordering::Relaxed) {
                        // No answer, or half of one, is the kill.
                        if let Some(redeemed) = self.redeem() {
                            acknowledged.lock().unwrap().push(redeemed);
                        }
                    }
                });
            }
            while acknowledged.lock().unwrap().is_empty() {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(pause);
            served.child.kill().unwrap();
            served.child.wait().unwrap();
            dead.store(true, Ordering::Relaxed);
        });
        std::mem::take(&mut *acknowledged.lock().unwrap())
    }

    fn redeem(&self) -> Option<Redeemed> {
        let request = self.forum.request("openid profile age");
        let sent = self.authorize(&request.target())?;
        let location = sent.header("location").unwrap_or_else(|| panic!("{}\n{}", sent.head, sent.body));
        let (_, query) = location.split_once('?').unwrap();
        let (_, code) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code").unwrap();
        let fields = request.redemption(&code, self.forum.redirect());
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let answer = self.post_token(&form)?;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let tokens: Value = serde_json::from_str(&answer.body).unwrap();
        Some(Redeemed { form, access_token: tokens["access_token"].as_str().unwrap().to_owned() })
    }

    fn authorize(&self, target: &str) -> Option<Answer> {
        self.ask("GET", target, &format!("Cookie: session={}\r\n", self.session), "")
    }

    fn userinfo(&self, access_token: &str) -> Option<Answer> {
        self.ask("GET", "/userinfo", &format!("Authorization: Bearer {access_token}\r\n"), "")
    }

    fn post_token(&self, form: &str) -> Option<Answer> {
        let secret = self.forum.secret.as_ref().unwrap().expose();
        let basic = BASE64.encode(format!("{}:{secret}", self.forum.id()).as_bytes());
        let headers = format!(
            "Authorization: Basic {basic}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
            form.len()
        );
        self.ask("POST", "/token", &headers, form)
    }

    fn ask(&self, method: &str, target: &str, headers: &str, body: &str) -> Option<Answer> {
        let host = host(self.address);
        let request = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n{body}");
        exchange(self.address, &request)
    }
}

#[tokio::test]
async fn a_service_on_the_keys_of_a_demonstration_does_not_start() {
    use heteronym::{domain::ambient::Ambient, keyring};
    let at = Addresses::free();
    let service = at.prepare().await;
    service.services.store.close().await;
    let (keys, ambient) = (service.dir.path().join("keys"), Ambient::system());
    std::fs::remove_dir_all(&keys).unwrap();
    let purpose = keyring::Purpose::Demo;
    keyring::Keyring::create(&keys, purpose, &[Algorithm::EdDSA], None, &mut ambient.rng(), ambient.now()).unwrap();
    let ended = super::spawn(service.dir.path()).wait().unwrap();
    let log = std::fs::read_to_string(service.dir.path().join("serve.log")).unwrap();
    assert_eq!(ended.code(), Some(1));
    assert!(log.contains("heteronym: these keys were made for a demonstration"), "{log}");
    assert!(get(at.public, "/").is_none());
}
