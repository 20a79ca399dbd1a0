//! The check of every night: which log is still the one that was seen, and what becomes of a forum whose provider keeps two.

use std::time::Duration;

use clap::Parser;
use ed25519_dalek::SigningKey;
use heteronym::{
    app::{Cli, answer},
    forum::LogCheck,
    http::server::Limits,
    wire::tlog::{
        Algorithm, NoteKey, SignedCheckpoint,
        leaf::{Hour, KeyAct},
    },
};
use tokio::{net::TcpListener, sync::oneshot, time::sleep};

use super::{DAY, House, MINUTE, NOW, Stopped, ledger::YEAR, lise};

const HOUR: i64 = 60 * MINUTE;

impl House {
    /// Somebody signs in and leaves it at that.
    async fn visited(&self, sub: &str) {
        drop(self.signed_in(sub, lise()).await);
    }

    /// Others sign in elsewhere.
    fn others(&self, count: u64) {
        let mut script = self.provider.script();
        let first = 1_000 + script.ledger.logs[YEAR].len() as u64;
        for number in first..first + count {
            script.ledger.other(number, NOW);
        }
    }

    async fn check(&self) -> LogCheck {
        self.forum.check_log().await.unwrap()
    }

    /// What is found a day later.
    async fn broken(&self) -> Vec<(String, &'static str)> {
        self.advance(DAY);
        match self.check().await {
            LogCheck::Broken(breaks) => breaks,
            other => panic!("{other:?}"),
        }
    }

    async fn held(&self) {
        let check = self.check().await;
        assert!(check.held(), "{check:?}");
    }

    fn year(&self) -> String {
        self.provider.script().ledger.origin(YEAR)
    }

    /// The evidence that the page about the forum offers.
    async fn evidence(&self) -> String {
        let mut browser = self.browser();
        let about = browser.get("/about").await.text;
        let (_, path) = about.split_once("href=\"/log/evidence/").unwrap_or_else(|| panic!("no evidence in {about}"));
        browser.get(&format!("/log/evidence/{}", path.split('"').next().unwrap())).await.text
    }
}

async fn cannot_sign_in(house: &House) {
    let answer = house.browser().get("/sign-in").await;
    assert_eq!(answer.status, 503);
    assert!(answer.text.contains("not the one that this forum has seen before"), "{}", answer.text);
}

/// The two heads of the evidence, each with a signature of the log's key.
fn heads(evidence: &str, origin: &str) -> [SignedCheckpoint; 2] {
    let key = SigningKey::from_bytes(&[21; 32]);
    let key = NoteKey::new(origin, Algorithm::Ed25519, key.verifying_key().as_bytes()).unwrap();
    let (_, rest) = evidence.split_once("==== seen earlier ====\n").unwrap();
    let (earlier, later) = rest.split_once("\n==== seen later ====\n").unwrap();
    [earlier, later].map(|note| {
        let signed = SignedCheckpoint::parse(note.as_bytes()).unwrap();
        signed.verify(origin, std::slice::from_ref(&key)).unwrap();
        signed
    })
}

#[tokio::test]
async fn a_log_that_only_grows_holds_night_after_night() {
    let house = House::open().await;
    for night in 0..3 {
        house.visited(&format!("lise-{night}")).await;
        house.others(120 * night);
        house.visited(&format!("marc-{night}")).await;
        house.others(300);
        house.advance(DAY);
        house.held().await;
        assert!(!house.database().await.contains("log_heads."), "what held is not kept");
        house.provider.script().ledger.tell_key(
            &SigningKey::from_bytes(&[30; 32]),
            KeyAct::Announced,
            Hour::from_millis(NOW),
        );
    }
    let about = house.browser().get("/about").await.text;
    let size = house.provider.script().ledger.logs[YEAR].len();
    assert!(about.contains(&house.year()) && about.contains("Checked just now"), "{about}");
    let thousands = format!("{},{:03} entries", size / 1_000, size % 1_000);
    assert!(about.contains(&thousands), "{thousands} is not in {about}");
    house.visited("later").await;
    assert_eq!(house.browser().get("/about").await.text, about, "what is shown does not follow sign-ins");
}

#[tokio::test]
async fn a_log_that_is_shown_to_this_forum_alone_is_named_and_nobody_signs_in_until_the_operator_goes_on() {
    let house = House::open_with(|config| config.moderators = ["mod".to_owned()].into()).await;
    let mut moderator = house.signed_in("mod", lise()).await;
    house.held().await;
    house.others(10);
    // A token that only this forum ever sees: for everybody else the log goes on without it.
    let public = house.provider.script().ledger.clone();
    house.visited("nobody-whom-a-registrar-knows").await;
    house.provider.script().ledger = public;
    house.others(20);

    assert_eq!(house.broken().await, [(house.year(), "forked")]);
    cannot_sign_in(&house).await;
    assert!(moderator.get("/moderation").await.text.contains("The public log of Heteronym contradicts itself"));
    let about = house.browser().get("/about").await.text;
    assert!(about.contains("contradicts itself") && about.contains("no part of its past"), "{about}");
    let [earlier, later] = heads(&house.evidence().await, &house.year());
    assert_eq!((earlier.checkpoint().size(), later.checkpoint().size()), (17, 36));
    assert!(matches!(house.check().await, LogCheck::Broken(_)), "it stays so");

    let house = house.restarted().await;
    cannot_sign_in(&house).await;
    assert_eq!(house.forum.accept_log().await.unwrap(), [(house.year(), "forked")]);
    house.visited("lise").await;
    house.advance(DAY);
    house.held().await;
    let about = house.browser().get("/about").await.text;
    assert!(about.contains("the operator decided to go on") && !about.contains("contradicts itself"), "{about}");
    heads(&house.evidence().await, &house.year());
    assert!(house.forum.accept_log().await.unwrap().is_empty());
}

#[tokio::test]
async fn two_heads_of_one_size_are_named_at_the_second_sign_in() {
    let house = House::open().await;
    let public = house.provider.script().ledger.clone();
    house.visited("lise").await;
    house.provider.script().ledger = public;
    let mut browser = house.browser();
    let answer = house.tries(&mut browser, "marc", lise()).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    cannot_sign_in(&house).await;
    let [earlier, later] = heads(&house.evidence().await, &house.year());
    assert_eq!(earlier.checkpoint().size(), later.checkpoint().size());
    assert_ne!(earlier.checkpoint().root(), later.checkpoint().root());
    let stored = house.database().await;
    assert_eq!(stored.matches("members.sub=").count(), 1, "nothing was stored of who came second");
}

#[tokio::test]
async fn a_log_from_a_restored_backup_is_named() {
    let house = House::open().await;
    house.others(5);
    let backup = house.provider.script().ledger.clone();
    house.visited("lise").await;
    house.provider.script().ledger = backup;
    assert!(matches!(house.check().await, LogCheck::Held { .. }), "a head may be published a moment after its token");
    assert_eq!(house.broken().await, [(house.year(), "smaller")]);
    heads(&house.evidence().await, &house.year());
    cannot_sign_in(&house).await;
}

#[tokio::test]
async fn an_entry_that_is_changed_or_taken_out_is_named() {
    let changes: [fn(&mut Vec<Vec<u8>>); 2] =
        [|entries| drop(entries.remove(2)), |entries| entries[2] = b"changed".to_vec()];
    for change in changes {
        let house = House::open().await;
        house.visited("lise").await;
        house.held().await;
        change(house.provider.script().ledger.logs.get_mut(YEAR).unwrap());
        house.others(3);
        assert_eq!(house.broken().await, [(house.year(), "forked")]);
    }
}

#[tokio::test]
async fn tiles_that_do_not_lead_to_the_signed_head_are_named() {
    let house = House::open().await;
    house.visited("lise").await;
    house.held().await;
    house.others(3);
    house.provider.script().served = |path, mut content| {
        if path.contains("2026/tile/0/") {
            content[40] ^= 1;
        }
        content
    };
    assert_eq!(house.broken().await, [(house.year(), "tiles")]);
}

#[tokio::test]
async fn a_registry_whose_entries_are_not_those_of_its_head_is_named() {
    let house = House::open().await;
    let registry = house.provider.script().ledger.origin("registry");
    house.provider.script().served = |path, content| {
        if path.contains("registry/tile/entries/") {
            String::from_utf8(content).unwrap().replace("Y30-39", "Y30-38").into()
        } else {
            content
        }
    };
    assert_eq!(house.broken().await, [(registry, "entries")]);
}

#[tokio::test]
async fn a_registry_that_was_written_anew_is_named() {
    let house = House::open().await;
    house.held().await;
    let registry = house.provider.script().ledger.origin("registry");
    {
        let mut script = house.provider.script();
        let genesis = script.ledger.genesis(&script.issuer);
        script.ledger.logs.get_mut("registry").unwrap().clear();
        for hours in [1, 2] {
            script.ledger.registry(Hour::from_millis(NOW + hours * HOUR), genesis.clone());
        }
    }
    assert_eq!(house.broken().await, [(registry.clone(), "forked")]);
    heads(&house.evidence().await, &registry);
}

#[tokio::test]
async fn a_registry_of_another_issuer_is_named() {
    let house = House::open().await;
    let registry = house.provider.script().ledger.origin("registry");
    {
        let mut script = house.provider.script();
        let genesis = script.ledger.genesis("https://other.example");
        script.ledger.logs.get_mut("registry").unwrap().clear();
        script.ledger.registry(Hour::from_millis(NOW), genesis);
    }
    assert_eq!(house.broken().await, [(registry, "genesis")]);
}

#[tokio::test]
async fn a_log_that_cannot_be_reached_is_not_broken_and_is_said_to_be_unwatched_after_two_days() {
    let house = House::open().await;
    house.visited("lise").await;
    house.held().await;
    house.provider.script().down = true;
    house.advance(DAY);
    assert!(matches!(house.check().await, LogCheck::Unchecked(_)));
    let about = house.browser().get("/about").await.text;
    assert!(about.contains("could not be reached at the last check") && !about.contains("more than two days"));
    house.advance(DAY + 1);
    house.check().await;
    assert!(house.browser().get("/about").await.text.contains("For more than two days"));
    house.provider.script().down = false;
    house.held().await;
    assert!(!house.browser().get("/about").await.text.contains("last check"));
    house.visited("lise").await;
}

#[tokio::test]
async fn a_head_that_no_known_key_has_signed_is_not_believed_and_not_held_against_the_log() {
    let house = House::open().await;
    house.held().await;
    house.provider.script().ledger.keys = vec![SigningKey::from_bytes(&[22; 32])];
    assert!(matches!(house.check().await, LogCheck::Unchecked(_)));
    assert!(house.browser().get("/about").await.text.contains("signed by no key that this forum knows"));
    let too_large: fn(&str, Vec<u8>) -> Vec<u8> =
        |path, content| if path.ends_with("checkpoint") { vec![b'x'; 200_000] } else { content };
    house.provider.script().served = too_large;
    let check = house.check().await.to_string();
    assert!(check.contains("larger than"), "{check}");
}

#[tokio::test]
async fn a_key_that_takes_over_is_followed_and_the_one_before_it_is_given_up() {
    let house = House::open().await;
    let [old, new] = [21, 22].map(|seed| SigningKey::from_bytes(&[seed; 32]));
    house.visited("lise").await;
    {
        let ledger = &mut house.provider.script().ledger;
        ledger.tell_key(&new, KeyAct::Announced, Hour::from_millis(NOW));
        ledger.tell_key(&new, KeyAct::Active, Hour::from_millis(NOW));
        ledger.tell_key(&old, KeyAct::Retired, Hour::from_millis(NOW + DAY));
        ledger.keys = vec![old.clone(), new.clone()];
    }
    house.held().await;
    house.provider.script().ledger.keys = vec![new.clone()];
    house.visited("marc").await;
    house.advance(DAY);
    house.held().await;
    // The key that was retired turns up again.
    house.advance(2 * HOUR);
    house.provider.script().ledger.keys = vec![old.clone()];
    let answer = house.tries(&mut house.browser(), "marc", lise()).await;
    assert!(answer.text.contains("signed by no key"), "{}", answer.text);
    house.provider.script().ledger.keys = vec![new];
    house.visited("lise").await;
}

#[tokio::test]
async fn a_key_that_was_revoked_is_believed_no_more_even_by_the_settings() {
    let [old, new] = [21, 22].map(|seed| SigningKey::from_bytes(&[seed; 32]));
    let text = super::ledger::text(&old).parse().unwrap();
    let house = House::open_with(|config| config.log_keys = vec![text]).await;
    {
        let ledger = &mut house.provider.script().ledger;
        ledger.tell_key(&new, KeyAct::Active, Hour::from_millis(NOW));
        ledger.tell_key(&old, KeyAct::Revoked, Hour::from_millis(NOW));
        ledger.keys = vec![old, new];
    }
    house.held().await;
    let house = house.restarted().await;
    house.visited("lise").await;
    house.provider.script().ledger.keys.truncate(1);
    let answer = house.tries(&mut house.browser(), "lise", lise()).await;
    assert!(answer.text.contains("signed by no key"), "{}", answer.text);
}

#[tokio::test]
async fn the_log_of_a_year_that_has_ended_is_held_to_its_last_head_and_then_left_alone() {
    let house = House::open().await;
    house.visited("lise").await;
    house.held().await;
    house.visited("marc").await;
    {
        let ledger = &mut house.provider.script().ledger;
        ledger.end_year(Hour::from_millis(NOW));
        ledger.year = "2027".into();
        ledger.logs.insert("2027".into(), Vec::new());
        ledger.other(9, NOW);
    }
    house.advance(DAY);
    house.held().await;
    let stored = house.database().await;
    assert!(!stored.contains(&format!("log_checked.origin='{}'", house.year())), "{stored}");
    // Later it is pruned, and nobody asks for it.
    house.provider.script().ledger.logs.remove(YEAR);
    house.advance(DAY);
    house.held().await;
}

#[tokio::test]
async fn a_log_that_goes_on_after_its_end_is_named() {
    let house = House::open().await;
    house.held().await;
    house.provider.script().ledger.end_year(Hour::from_millis(NOW));
    house.visited("lise").await;
    assert_eq!(house.broken().await, [(house.year(), "grown")]);
}

#[tokio::test]
async fn a_forum_checks_the_log_when_it_starts_and_stops_in_the_middle_of_it() {
    let house = House::open().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let forum = house.forum.clone();
    let serving = tokio::spawn(async move {
        let stopped = async move { drop(stopped.await) };
        forum.serve(listener, Limits::default(), stopped).await;
    });
    while !house.browser().get("/about").await.text.contains("Checked just now") {
        sleep(Duration::from_millis(20)).await;
    }
    stop.send(()).unwrap();
    serving.await.unwrap();

    let house = House::open().await;
    house.provider.script().served = |_, content| {
        std::thread::sleep(Duration::from_millis(300));
        content
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let shortly = sleep(Duration::from_millis(100));
    tokio::time::timeout(Duration::from_secs(20), house.forum.serve(listener, Limits::default(), shortly))
        .await
        .unwrap();
}

#[tokio::test]
async fn the_operator_checks_the_log_and_goes_on_with_it_from_the_command_line() {
    let house = House::open().await;
    house.visited("lise").await;
    let Stopped { provider, directory } = house.stopped().await;
    let database = directory.path().join("forum.sqlite");
    let place = ["heteronym", "forum", "--issuer", &provider.issuer, "--client-id", "place"];
    let place =
        [&place[..], &["--base-url", "http://127.0.0.1:8401", "--database", database.to_str().unwrap()]].concat();
    let run = |errand: &'static str| {
        let cli = Cli::try_parse_from(place.iter().copied().chain([errand])).unwrap();
        async move {
            let mut out = Vec::new();
            let ended = answer(cli, &mut out).await;
            (ended.is_ok(), String::from_utf8(out).unwrap())
        }
    };
    let (fine, said) = run("--check-log").await;
    assert!(fine && said.contains("log/2026: 6 entries"), "{said}");
    let (fine, said) = run("--accept-log").await;
    assert!(fine && said.contains("nothing to accept"), "{said}");
    provider.script().ledger.logs.get_mut(YEAR).unwrap()[2] = b"changed".to_vec();
    provider.script().ledger.other(9, NOW);
    let (fine, said) = run("--check-log").await;
    assert!(!fine && said.contains("log/2026: forked"), "{said}");
    let (fine, said) = run("--accept-log").await;
    assert!(fine && said.contains("log/2026 (forked): the forum goes on"), "{said}");
    assert!(run("--check-log").await.0);
}

#[tokio::test]
async fn evidence_that_there_is_not_is_not_found() {
    let house = House::open().await;
    let mut browser = house.browser();
    assert_eq!(browser.get("/log/evidence/1").await.status, 404);
    assert_eq!(browser.get("/log/evidence/x").await.status, 400);
}
