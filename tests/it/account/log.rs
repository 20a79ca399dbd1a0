//! Everything that was done in a person's name: on their page, and found by themselves in a copy of the logs.

use std::path::Path;

use axum::http::{StatusCode, header};
use heteronym::{
    accounts::Holder,
    store::{Log, NewLeaf, StoreError, log_secrets},
    wire::tlog::{
        Hash, TlogProof,
        leaf::{Access, Hour, IssuanceLeaf},
    },
};
use serde_json::Value;

use super::{House, assert_says, assert_silent, staff};
use crate::harness::{Browser, Citizen, Service};

/// What the page says of somebody who signed in to one forum twice.
const LINES: [&str; 3] = ["You took a pseudonym", "A token was issued for", "Forum of forum.example"];

#[tokio::test]
async fn everything_that_was_done_in_somebodys_name_is_on_their_page_with_its_proof() {
    let mut house = House::open().await;
    let page = house.browser.get("/account/log").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header(header::CACHE_CONTROL), Some("no-store"));
    assert_says(&page, &LINES);
    assert_says(&page, &["15 June 2026, 10:00–10:59 UTC"]);
    assert_silent(&page, &["The service knows nothing of this one"]);
    let text = page.text();
    let proofs: Vec<&str> =
        text.split("href=\"/log/proof/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(proofs.len(), text.matches("<tr><td").count(), "each line has its proof");
    assert!(proofs.iter().any(|proof| proof.len() == 32) && proofs.iter().any(|proof| proof.len() == 64));
    for proof in proofs {
        let reply = house.service.browser().get(&format!("/log/proof/{proof}")).await;
        let proof = TlogProof::parse(&reply.body).unwrap();
        let log = house.service.services.transparency.issuance_log().unwrap();
        let logs = &house.service.services.transparency;
        let entry = Hash::of_leaf(proof.extra().unwrap());
        proof.verify(entry, &logs.origin(log), &logs.keys(log)).unwrap();
    }
    assert!(house.browser.get("/account").await.text().contains("href=\"/account/log\""));
}

#[tokio::test]
async fn nobody_else_sees_any_of_it() {
    let house = House::open().await;
    let other = house.service.arnaud().await;
    let mut browser = house.service.browser();
    assert_eq!(
        browser.get("/account/log").await.status,
        StatusCode::SEE_OTHER,
        "who is not signed in is sent to do so"
    );
    browser.sign_in(&house.service, &other).await;
    let page = browser.get("/account/log").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_silent(&page, &LINES);
    let office = staff(&house.service, Holder::Auditor).await;
    let mut browser = house.service.browser();
    browser.sign_in(&house.service, &office).await;
    assert_eq!(browser.get("/account/log").await.status, StatusCode::FORBIDDEN);
}

/// Logs an access to a person's record under this number, without counting it.
async fn access(service: &Service, citizen: &Citizen, number: u64) {
    let (owners, person) = (service.services.owners.clone(), citizen.person);
    let hour = Hour::from_millis(service.services.ambient.now().0);
    let logged = service.services.store.write_logged::<_, StoreError, _>(move |tx| {
        let owners = owners.clone();
        Box::pin(async move {
            let owner = owners.find(tx, person).await?.unwrap().secret().person().tag(number);
            let commitment = Hash::from_bytes([9; 32]);
            let (purpose, role) = ("curiosity".parse().unwrap(), "officer".parse().unwrap());
            let leaf = IssuanceLeaf::new(hour, Access { purpose, role, owner, commitment });
            let owner = Some(*owner.as_bytes());
            tx.log(Log::Issuance, NewLeaf { bytes: leaf.to_bytes().unwrap(), token: None, owner }).map(drop)
        })
    });
    logged.await.unwrap();
}

/// How many leaves the service counts under the person's own key.
async fn counted(service: &Service, citizen: &Citizen) -> u64 {
    let person = citizen.person;
    let counted = service.services.store.read::<_, StoreError, _>(move |tx| Box::pin(log_secrets::counted(tx, person)));
    counted.await.unwrap().unwrap()
}

#[tokio::test]
async fn a_leaf_that_was_not_counted_is_an_alarm_and_a_number_that_is_missing_is_named() {
    let mut house = House::open().await;
    let next = counted(&house.service, &house.citizen).await;
    access(&house.service, &house.citizen, next).await;
    let page = house.browser.get("/account/log").await;
    assert_says(
        &page,
        &["Somebody of the staff opened your record (curiosity)", "The service knows nothing of this one"],
    );
    let gap = format!("Entry number {} of your record is in no log", next + 1);
    assert_silent(&page, &[&gap]);
    let person = house.citizen.person;
    for number in [next, next + 1] {
        let count =
            house.service.services.store.write::<_, StoreError, _>(move |tx| Box::pin(log_secrets::count(tx, person)));
        assert_eq!(count.await.unwrap(), Some(number));
    }
    let page = house.browser.get("/account/log").await;
    assert_says(&page, &[&gap]);
    assert_silent(&page, &["The service knows nothing of this one"]);
}

/// The file of somebody, made an hour after what it is about.
async fn secret(house: &mut House) -> Value {
    house.service.wait(3_600);
    let mut browser = house.service.browser();
    browser.sign_in(&house.service, &house.citizen).await;
    let reply = asked(&mut browser).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"));
    let name = "attachment; filename=\"heteronym-log-secret.json\"";
    assert_eq!(reply.header(header::CONTENT_DISPOSITION), Some(name));
    reply.json()
}

async fn asked(browser: &mut Browser) -> crate::harness::Reply {
    let page = browser.get("/account/log").await;
    browser.post_form(&page, "/account/log/secret", &[]).await
}

#[tokio::test]
async fn the_secret_is_handed_out_by_a_form_after_a_fresh_sign_in_only() {
    let mut house = House::open().await;
    house.service.wait(301);
    let reply = asked(&mut house.browser).await;
    assert_eq!((reply.status, reply.body.len()), (StatusCode::SEE_OTHER, 0));
    assert!(reply.location().unwrap().starts_with("/sign-in?return="));
    assert_eq!(house.browser.get("/account/log/secret").await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(house.browser.post("/account/log/secret", &[]).await.status, StatusCode::FORBIDDEN, "of another site");
    let file = secret(&mut house).await;
    assert_eq!(file["pseudonyms"][0]["sector"], "forum.example");
    assert_eq!(file["hour"], "2026-06-15T11Z");
}

/// What an audit in somebody's own name finds.
async fn found(house: &House, mirror: &Path, file: &Value) -> (Vec<String>, Value) {
    let path = mirror.join("mine.json");
    std::fs::write(&path, file.to_string()).unwrap();
    let words = ["mine", path.to_str().unwrap(), "--mirror", mirror.to_str().unwrap()];
    let verdict = house.service.audited(&words).await;
    let findings = verdict["findings"].as_array().unwrap().iter();
    let named = findings.map(|finding| {
        let text = |member: &str| finding[member].as_str().unwrap().to_owned();
        format!("{} {}", text("severity"), text("check"))
    });
    let mut named: Vec<_> = named.collect();
    named.sort();
    named.dedup();
    (named, verdict)
}

#[tokio::test]
async fn whoever_has_the_secret_finds_everything_in_a_copy_of_the_logs() {
    let mut house = House::open().await;
    let file = secret(&mut house).await;
    let mirror = tempfile::tempdir().unwrap();
    house.service.copy_logs(mirror.path()).await;
    let (faults, verdict) = found(&house, mirror.path(), &file).await;
    assert_eq!(faults, Vec::<String>::new(), "{verdict}");
    let told = verdict["checked"].to_string();
    for there in [
        "`enrol` for yourself, number 0",
        "`nym` for yourself, number 1",
        "`issue` for forum.example, place 0, generation 0, number 0",
    ] {
        assert!(told.contains(there), "{told}");
    }
}

#[tokio::test]
async fn what_the_file_does_not_know_of_and_what_the_logs_do_not_have_are_faults() {
    let mut house = House::open().await;
    let file = secret(&mut house).await;
    let mirror = tempfile::tempdir().unwrap();
    house.service.copy_logs(mirror.path()).await;
    let changed = |pointer: &str, change: &dyn Fn(&Value) -> Value| {
        let mut file = file.clone();
        let value = file.pointer_mut(pointer).unwrap();
        *value = change(value);
        file
    };
    let more = |value: &Value| Value::from(value.as_u64().unwrap() + 1);
    let less = |value: &Value| Value::from(value.as_u64().unwrap() - 1);
    let other = |value: &Value| Value::from(value.as_str().unwrap().chars().rev().collect::<String>());
    for (planted, named) in [
        (changed("/leaves", &more), vec!["fault mine.missing"]),
        (changed("/pseudonyms/0/leaves", &more), vec!["fault mine.missing"]),
        (changed("/leaves", &less), vec!["fault mine.unknown"]),
        (changed("/pseudonyms/0/leaves", &less), vec!["fault mine.unknown"]),
        (changed("/pseudonyms", &|_| Value::Array(Vec::new())), vec!["fault mine.slot", "fault mine.unlisted"]),
        (changed("/pseudonyms/0/slot_proof", &other), vec!["fault mine.slot"]),
        (changed("/person", &|_| Value::from("A".repeat(22))), vec!["fault mine.slot"]),
    ] {
        let (faults, verdict) = found(&house, mirror.path(), &planted).await;
        assert_eq!(faults, named, "{verdict}");
        assert_eq!(verdict["outcome"], "faults");
    }
    // Made since then, it is for the person to judge.
    let mut old = changed("/hour", &|_| Value::from("2026-06-15T10Z"));
    old["pseudonyms"] = Value::Array(Vec::new());
    let (faults, verdict) = found(&house, mirror.path(), &old).await;
    assert_eq!(faults, ["remark mine.slot", "remark mine.unlisted"], "{verdict}");
}
