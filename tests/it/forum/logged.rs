//! Which ID tokens the forum believes on account of the public log: each step of the proof, and what is kept of it.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use ed25519_dalek::SigningKey;
use heteronym::{
    forum::LogKey,
    wire::tlog::{
        Hash,
        leaf::{Hour, Issuance, IssuanceLeaf, Issue},
    },
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    DAY, House,
    browser::{Answer, Browser},
    ledger::{self, owner_of},
    lise,
    provider::{SUB, Script},
};

/// Signs in at a provider whose log or proof was spoiled, and expects a page that says so and nothing stored of the person.
async fn refused(spoil: impl FnOnce(&mut Script), says: &str) {
    let house = House::open().await;
    let (mut browser, answer) = tried(&house, spoil).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert!(answer.text.contains(says), "{says:?} is not in {}", answer.text);
    assert!(answer.text.contains("Nothing was stored"));
    assert!(!browser.get("/").await.text.contains("Sign out"));
    let stored = house.database().await;
    assert!(!["members.", "sessions.", "owners.", "Canary"].iter().any(|it| stored.contains(it)), "{stored}");
    assert_eq!(house.provider.script().userinfo_fetches, 0, "nothing more is asked about somebody who is not believed");
}

async fn tried(house: &House, spoil: impl FnOnce(&mut Script)) -> (Browser, Answer) {
    house.provider.script().userinfo = json!({"sub": SUB, "name": "Canary"});
    spoil(&mut house.provider.script());
    let mut browser = house.browser();
    let request = browser.get("/sign-in").await.leads_to();
    let answer = browser.get(&house.provider.agree(&request)).await;
    (browser, answer)
}

/// The leaf of the token, with another fact in it.
fn issue(leaf: IssuanceLeaf, change: fn(&mut Issue)) -> Vec<u8> {
    let Issuance::Issue(mut issue) = leaf.facts else { panic!("no leaf of a token") };
    change(&mut issue);
    IssuanceLeaf::new(leaf.hour, issue).to_bytes().unwrap()
}

/// Changes a line of the proof; `None` takes it away.
fn lines(answer: &mut Value, change: impl Fn(&str) -> Option<String>) {
    let proof = answer["tlog_proof"].as_str().unwrap();
    let (head, checkpoint) = proof.split_once("\n\n").unwrap();
    let head: Vec<String> = head.lines().filter_map(change).collect();
    answer["tlog_proof"] = format!("{}\n\n{checkpoint}", head.join("\n")).into();
}

/// The leaf of the token, so many hours later.
fn shifted(leaf: IssuanceLeaf, hours: i64) -> Vec<u8> {
    let hour = Hour::from_millis(leaf.hour.millis() + hours * 3_600_000);
    IssuanceLeaf { hour, ..leaf }.to_bytes().unwrap()
}

fn is_hash(line: &str) -> bool {
    line.parse::<Hash>().is_ok()
}

#[tokio::test]
async fn a_token_that_is_in_the_log_is_believed_and_no_secret_of_it_is_kept() {
    let house = House::open().await;
    let mut browser = house.signed_in("lise", lise()).await;
    assert!(browser.get("/").await.text.contains("Sign out"));
    let stored = house.database().await;
    let owner = HEXLOWER.encode(owner_of("lise").expose()).to_uppercase();
    assert!(stored.contains("owners.key=X'") && !stored.contains(&owner), "{stored}");
    assert!(!stored.contains(&BASE64URL_NOPAD.encode(owner_of("lise").expose())));
    assert!(stored.contains("log_heads.size=6"), "the head is kept for the check of the night");
}

#[tokio::test]
async fn a_token_without_proof_or_owner_is_refused() {
    refused(|it| it.answer = |answer| drop(answer.as_object_mut().unwrap().remove("tlog_proof")), "without proof")
        .await;
    refused(|it| it.answer = |answer| answer["tlog_proof"] = json!(null), "without proof").await;
    refused(|it| it.answer = |answer| drop(answer.as_object_mut().unwrap().remove("tlog_owner")), "without proof")
        .await;
}

#[tokio::test]
async fn a_proof_or_owner_that_cannot_be_read_is_refused() {
    let spoilt: [fn(&mut Value); 9] = [
        |answer| answer["tlog_proof"] = json!(""),
        |answer| answer["tlog_proof"] = json!(7),
        |answer| answer["tlog_proof"] = json!("x".repeat(60_000)),
        |answer| lines(answer, |line| (!line.starts_with("extra ")).then(|| line.to_owned())),
        |answer| lines(answer, |line| (!line.starts_with("index ")).then(|| line.to_owned())),
        |answer| answer["tlog_owner"] = json!("x"),
        |answer| answer["tlog_owner"]["key"] = json!("AAAA"),
        |answer| answer["tlog_owner"]["number"] = json!(-1),
        |answer| answer["tlog_owner"]["number"] = json!("0"),
    ];
    for answer in spoilt {
        refused(|it| it.answer = answer, "cannot be read").await;
    }
}

#[tokio::test]
async fn a_head_that_no_known_key_has_signed_is_refused() {
    refused(|it| it.ledger.keys = vec![SigningKey::from_bytes(&[22; 32])], "signed by no key").await;
    let without_signature = |answer: &mut Value| {
        let proof = answer["tlog_proof"].as_str().unwrap().to_owned();
        let (text, signature) = proof.trim_end().rsplit_once(' ').unwrap();
        let mut bytes = BASE64.decode(signature.as_bytes()).unwrap();
        bytes[20] ^= 1;
        answer["tlog_proof"] = format!("{text} {}\n", BASE64.encode(&bytes)).into();
    };
    refused(|it| it.answer = without_signature, "signed by no key").await;
}

#[tokio::test]
async fn a_proof_of_another_log_is_refused() {
    refused(|it| it.ledger.host = "other.example".into(), "of another log").await;
    refused(|it| it.ledger.host.push_str("/log/x"), "of another log").await;
    for name in ["registry", "2025", "2028", "hidden"] {
        let year = |it: &mut Script| {
            let entries = it.ledger.logs["2026"].clone();
            it.ledger.logs.insert(name.to_owned(), entries);
            // What the description shows is the log of this year; the token stands in another one.
            it.hidden = Some(name.to_owned());
        };
        refused(year, "of another log").await;
    }
}

#[tokio::test]
async fn p3_a_proof_that_does_not_lead_from_the_entry_to_the_head_is_refused() {
    let spoilt: [fn(&mut Value); 5] = [
        |answer| lines(answer, |line| Some(line.replace("index 5", "index 4"))),
        |answer| lines(answer, |line| (!is_hash(line)).then(|| line.to_owned())),
        |answer| lines(answer, |line| Some(if is_hash(line) { format!("{line}\n{line}") } else { line.to_owned() })),
        |answer| {
            let other = Hash::of_leaf(b"other").to_string();
            lines(answer, |line| Some(if is_hash(line) { other.clone() } else { line.to_owned() }));
        },
        |answer| {
            lines(answer, |line| {
                let entry = line.strip_prefix("extra ").map(|entry| BASE64.decode(entry.as_bytes()).unwrap());
                // It could still be read as an entry.
                let changed = entry.map(|entry| String::from_utf8(entry).unwrap().replace("standard-1", "standard-2"));
                Some(changed.map_or(line.to_owned(), |entry| format!("extra {}", BASE64.encode(entry.as_bytes()))))
            });
        },
    ];
    for answer in spoilt {
        refused(|it| it.answer = answer, "does not hold").await;
    }
    let too_many: fn(&mut Value) = |answer| {
        lines(answer, |line| Some(if is_hash(line) { [line; 64].join("\n") } else { line.to_owned() }));
    };
    refused(|it| it.answer = too_many, "cannot be read").await;
}

#[tokio::test]
async fn p5_a_node_of_the_tree_is_no_entry() {
    // The two hashes below a node, given out as an entry: with a prefix of its own, no leaf is a node.
    let node: fn(&mut Value) = |answer| {
        let hashes: Vec<Hash> =
            answer["tlog_proof"].as_str().unwrap().lines().filter_map(|it| it.parse().ok()).collect();
        let entry = [hashes[0].as_bytes().as_slice(), hashes[1].as_bytes()].concat();
        lines(answer, |line| {
            Some(if line.starts_with("extra ") { format!("extra {}", BASE64.encode(&entry)) } else { line.to_owned() })
        });
    };
    refused(|it| it.answer = node, "does not hold").await;
}

#[tokio::test]
async fn an_entry_that_is_not_one_of_a_token_is_refused() {
    let access = |leaf: IssuanceLeaf| {
        let facts = format!(
            r#"{{"v":1,"kind":"access","hour":"{}","purpose":"case","role":"officer","owner":"{}","commitment":"{}"}}"#,
            leaf.hour,
            BASE64URL_NOPAD.encode(leaf.facts.owner().as_bytes()),
            BASE64URL_NOPAD.encode(leaf.facts.commitment().as_bytes())
        );
        assert!(IssuanceLeaf::parse(facts.as_bytes()).is_ok(), "{facts}");
        facts.into_bytes()
    };
    refused(|it| it.entry = access, "of something else than a sign-in").await;
    refused(|it| it.entry = |_| b"{}".to_vec(), "of something else than a sign-in").await;
    let spaced = |leaf: IssuanceLeaf| [leaf.to_bytes().unwrap(), b" ".to_vec()].concat();
    refused(|it| it.entry = spaced, "of something else than a sign-in").await;
}

#[tokio::test]
async fn the_entry_of_another_token_is_refused() {
    let other = |leaf| issue(leaf, |issue| issue.token = Hash::of_leaf(b"another token"));
    refused(|it| it.entry = other, "that of another sign-in").await;
}

#[tokio::test]
async fn an_entry_that_names_another_key_is_refused() {
    refused(|it| it.entry = |leaf| issue(leaf, |issue| issue.kid = "other".parse().unwrap()), "another key").await;
}

#[tokio::test]
async fn an_entry_of_another_hour_is_refused_but_for_the_one_before_and_after() {
    refused(|it| it.entry = |leaf| shifted(leaf, -2), "another hour").await;
    refused(|it| it.entry = |leaf| shifted(leaf, 2), "another hour").await;
    for entry in [(|leaf| shifted(leaf, -1)) as fn(IssuanceLeaf) -> Vec<u8>, |leaf| shifted(leaf, 1)] {
        let (_, answer) = tried(&House::open().await, |it| it.entry = entry).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
    }
}

#[tokio::test]
async fn an_entry_in_the_name_of_somebody_else_is_refused() {
    let other = |leaf| issue(leaf, |issue| issue.owner = owner_of("other").tag(0));
    refused(|it| it.entry = other, "not stand in the name").await;
    refused(|it| it.answer = |answer| answer["tlog_owner"]["number"] = json!(1), "not stand in the name").await;
    let other: fn(&mut Value) =
        |answer| answer["tlog_owner"]["key"] = BASE64URL_NOPAD.encode(owner_of("other").expose()).into();
    refused(|it| it.answer = other, "not stand in the name").await;
}

#[tokio::test]
async fn a_member_whose_entries_change_their_owner_is_refused() {
    let house = House::open().await;
    drop(house.signed_in("lise", lise()).await);
    house.provider.script().owner = |_| "another".into();
    let mut browser = house.browser();
    let answer = house.tries(&mut browser, "lise", lise()).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains("in another name than those of your earlier sign-ins"), "{}", answer.text);
    house.provider.script().owner = str::to_owned;
    house.sign_in(&mut browser, "lise", lise()).await;
}

#[tokio::test]
async fn a_second_token_with_the_number_of_the_first_is_refused() {
    let house = House::open().await;
    drop(house.signed_in("lise", lise()).await);
    house.provider.script().numbers.clear();
    let answer = house.tries(&mut house.browser(), "lise", lise()).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains("the number of your last sign-in"), "{}", answer.text);
}

#[tokio::test]
async fn numbers_that_did_not_come_here_are_told_to_moderators_and_late_ones_are_not() {
    let house = House::open_with(|config| config.moderators = ["mod".to_owned()].into()).await;
    let mut moderator = house.signed_in("mod", lise()).await;
    drop(house.signed_in("lise", lise()).await);
    assert!(!moderator.get("/moderation").await.text.contains("did not come here"));
    house.provider.script().numbers.insert("lise".into(), 4);
    drop(house.signed_in("lise", lise()).await);
    assert!(moderator.get("/moderation").await.text.contains("3 tokens were made for members of this forum"));
    house.provider.script().numbers.insert("lise".into(), 2);
    drop(house.signed_in("lise", lise()).await);
    assert!(moderator.get("/moderation").await.text.contains("2 tokens were made for members of this forum"));
    assert!(!house.browser().get("/about").await.text.contains("did not come here"), "for moderators alone");
}

#[tokio::test]
async fn keys_of_the_log_are_those_of_the_settings_where_there_are_some() {
    let own = |seed| ledger::text(&SigningKey::from_bytes(&[seed; 32])).parse::<LogKey>().unwrap();
    let house = House::open_with(|config| config.log_keys = vec![own(22)]).await;
    let (_, answer) = tried(&house, |_| ()).await;
    assert!(answer.text.contains("signed by no key"), "the provider shows others, and signs with them");
    let house = House::open_with(|config| config.log_keys = vec![own(22), own(21)]).await;
    let (_, answer) = tried(&house, |_| ()).await;
    assert_eq!(answer.status, 303);
}

#[tokio::test]
async fn the_keys_that_were_shown_first_stay_after_a_restart_and_whatever_is_shown_later() {
    let house = House::open().await;
    drop(house.signed_in("lise", lise()).await);
    let house = house.restarted().await;
    {
        let mut script = house.provider.script();
        script.ledger.shown = vec![SigningKey::from_bytes(&[22; 32])];
        script.ledger.keys = script.ledger.shown.clone();
    }
    let answer = house.tries(&mut house.browser(), "lise", lise()).await;
    assert!(answer.text.contains("signed by no key"), "{}", answer.text);
}

#[tokio::test]
async fn a_provider_without_a_log_is_for_forums_that_ask_for_none() {
    let house = House::open().await;
    house.provider.script().has_log = false;
    let answer = house.browser().get("/sign-in").await;
    assert_eq!(answer.status, 502);
    assert!(answer.text.contains("shows no public log"), "{}", answer.text);
    let house = House::open_with(|config| config.require_log = false).await;
    house.provider.script().has_log = false;
    let (mut browser, answer) = tried(&house, |it| {
        it.answer = |answer| {
            answer.as_object_mut().unwrap().retain(|name, _| !name.starts_with("tlog"));
        };
    })
    .await;
    assert_eq!(answer.status, 303);
    assert!(!browser.get("/about").await.text.contains("public log"));
    assert!(!house.forum.check_log().await.unwrap().to_string().is_empty());
}

#[tokio::test]
async fn a_description_that_names_logs_elsewhere_is_refused() {
    let house = House::open().await;
    house.provider.script().ledger.year = "registry".into();
    let answer = house.browser().get("/sign-in").await;
    assert_eq!(answer.status, 502, "{}", answer.text);
}

#[tokio::test]
async fn a_member_sees_what_is_kept_and_the_fingerprint_of_their_own_token() {
    let house = House::open().await;
    let mut browser = house.signed_in("lise", lise()).await;
    let token = browser.cookies["place-hint"].clone();
    let hash = HEXLOWER.encode(&Sha256::digest(token.as_bytes()));
    let about = browser.get("/about").await.text;
    assert!(about.contains(&format!("{}/log/proof/{hash}", house.provider.issuer)), "{about}");
    assert!(about.contains(&format!("heteronym audit {}", house.provider.issuer)));
    assert!(about.contains("Not checked yet"), "a head that was only seen is not shown");
    let visitor = house.browser().get("/about").await.text;
    assert!(!visitor.contains(&hash) && visitor.contains("/log/proof/…"));
    let me = browser.get("/me").await.text;
    let stored = house.database().await;
    for column in ["key", "last"] {
        let value = stored.lines().find_map(|line| line.strip_prefix(&format!("owners.{column}=X'"))).unwrap();
        let value = HEXLOWER.decode(value.trim_end_matches('\'').to_lowercase().as_bytes()).unwrap();
        assert!(me.contains(&BASE64URL_NOPAD.encode(&value)), "{column}");
    }
    browser.get("/me/leave").await;
    browser.post("/me/leave", &[]).await;
    assert!(!house.database().await.contains("owners."), "it goes with the membership");
    house.advance(DAY);
    drop(house.signed_in("lise", lise()).await);
}
