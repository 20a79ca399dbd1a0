//! An audit from the number to the report; what cannot be checked; and how often a sample finds what is wrong.

use std::fs;

use data_encoding::BASE64URL_NOPAD;
use heteronym::{
    auditor::Outcome,
    wire::tlog::{
        leaf::{AuditCommit, AuditDraw, AuditId, NymAct},
        sample::odds,
    },
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{HOME, LogTown, Sampled, audit_at, check, commit, faults, file, named, now, people, said, token};

#[tokio::test]
async fn what_cannot_be_checked_is_neither_good_nor_bad() {
    let mut town = people();
    let enrol = town.enrol_of(1984, "");
    let nowhere = town.issue_of(token("", 1984, "FR", enrol));
    let mut sampled = Sampled::drawn(town, 300);
    let openings = sampled.openings();
    sampled.answer(&openings);
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    let town = &sampled.town;
    let good = (sampled.file(), openings.to_bytes());
    assert!(check(town, place, &good.0, &good.1).await.is_err(), "there is no registry");
    town.write(place);
    assert!(check(town, place, &good.0, &good.1).await.is_ok());
    let garbled = check(town, place, &good.0, b"{\"Jeanne\":1984}").await.unwrap_err().to_string();
    assert!(
        garbled.contains("openings.json: ") && !garbled.contains("Jeanne") && !garbled.contains("1984"),
        "{garbled}"
    );
    assert!(check(town, place, "{}", &good.1).await.is_err());
    // Without a table of areas the verdict says what it does not know, and what it knows all the same.
    let words = |name: &str| place.join(name).to_str().unwrap().to_owned();
    check(town, place, &good.0, &good.1).await.unwrap();
    let (sample, openings) = (words("sample.json"), words("openings.json"));
    let words = ["sample", "check", &sample, "--openings", &openings, "--mirror", place.to_str().unwrap()];
    let verdict = audit_at(now(town), &words).await.unwrap();
    named!(faults(&verdict), format!("sample.area 2026 {nowhere}"));
    let unchecked = verdict["not_checked"].to_string();
    assert!(unchecked.contains("of 9 tokens, whether the area holds that of the enrolment"), "{unchecked}");
}

#[tokio::test]
async fn a_number_is_drawn_shown_when_the_audit_stands_and_ends_with_a_report() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (sample, mirror, openings) = (path("sample.json"), path(""), path("openings.json"));
    let mut town = people();
    let (_, words) = said(&town, &["new", "--draws", "6", &sample]).await.unwrap();
    let read = || serde_json::from_slice::<Value>(&fs::read(&sample).unwrap()).unwrap();
    let text = |member: &str| read()[member].as_str().unwrap().to_owned();
    let (nonce, hash) = (text("nonce"), text("nonce_hash"));
    assert!(
        words.contains(&hash) && !words.contains(&nonce) && words.contains("10000 tokens wrong (1.0 %)"),
        "{words}"
    );
    assert!(said(&town, &["new", "--draws", "6", &sample]).await.is_err(), "the number is not written over");
    let bytes: [u8; 32] = BASE64URL_NOPAD.decode(nonce.as_bytes()).unwrap().try_into().unwrap();

    // Hidden, where nothing or something else stands in the registry.
    let show = ["nonce", sample.as_str(), "--mirror", mirror.as_str()];
    let commit = commit(&town, 6, bytes);
    let stands = town.registry.entries.len();
    for wrong in
        [None, Some(AuditCommit { draws: 5, ..commit.clone() }), Some(AuditCommit { size: 3, ..commit.clone() })]
    {
        town.registry.entries.truncate(stands);
        if let Some(wrong) = wrong {
            town.register(wrong);
        }
        town.write(directory.path());
        let (outcome, words) = said(&town, &show).await.unwrap();
        assert!(outcome == Outcome::Faults && !words.contains(&nonce) && words.contains("stays hidden"), "{words}");
        assert!(read()["registry"].is_null());
    }
    town.registry.entries.truncate(stands);
    town.register(commit.clone());
    town.write(directory.path());
    let (outcome, words) = said(&town, &show).await.unwrap();
    assert!(outcome == Outcome::Good && words.contains(&format!("number  {nonce}")), "{words}");
    assert!(words.contains("It draws 6 of 12 tokens in the first 24 leaves of log 2026."), "{words}");
    assert!(text("registry").contains("id.example/log/registry\n5\n"));
    let (_, words) = said(&town, &["nonce", &sample]).await.unwrap();
    assert!(words.contains("Not checked") && words.contains(&nonce), "{words}");

    let mut sampled = Sampled { town, nonce: bytes, draws: 6, commit: commit.clone() };
    sampled.town.register(AuditDraw { audit: commit.audit, nonce: bytes });
    let opened = sampled.openings();
    sampled.answer(&opened);
    sampled.town.write(directory.path());
    fs::write(&openings, opened.to_bytes()).unwrap();
    let report = path("report.json");
    let check = ["check", &sample, "--openings", &openings, "--mirror", &mirror];
    let (outcome, words) = said(&sampled.town, &[&check[..], &["--report", &report]].concat()).await.unwrap();
    assert_eq!(outcome, Outcome::Good, "{words}");
    let written = fs::read(&report).unwrap();
    assert!(
        said(&sampled.town, &[&check[..], &["--report", &report]].concat()).await.is_err(),
        "it is not written over"
    );
    assert!(words.contains(&format!("SHA-256  {}", BASE64URL_NOPAD.encode(&Sha256::digest(&written)))), "{words}");
    assert!(words.contains("opened   6\n     withheld 0\n     faults   0\n"), "{words}");
    let written: Value = serde_json::from_slice(&written).unwrap();
    assert!(!written["not_checked"].to_string().contains("whether the audit is still the one"));
}

#[tokio::test]
async fn an_audit_that_was_begun_anew_when_the_number_was_known_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (sample, mirror, openings) = (path("sample.json"), path(""), path("openings.json"));
    let mut begun = Sampled::begun(people(), 6);
    begun.town.write(directory.path());
    fs::write(&sample, begun.file()).unwrap();
    let (shown, words) = said(&begun.town, &["nonce", &sample, "--mirror", &mirror]).await.unwrap();
    assert_eq!(shown, Outcome::Good, "{words}");
    // Under another id, with every leaf as it should be, in another history.
    begun.commit.audit = AuditId::from_bytes([9; 16]);
    begun.town.registry.entries.pop();
    begun.town.register(begun.commit.clone());
    begun.town.register(AuditDraw { audit: begun.commit.audit, nonce: begun.nonce });
    let opened = begun.openings();
    begun.answer(&opened);
    begun.town.write(directory.path());
    fs::write(&openings, opened.to_bytes()).unwrap();
    let words = ["sample", "check", &sample, "--openings", &openings, "--mirror", &mirror];
    named!(faults(&audit_at(now(&begun.town), &words).await.unwrap()), "log.forked registry");
}

#[tokio::test]
async fn samples_find_what_is_wrong_as_often_as_the_odds_say() {
    let mut town = LogTown::new();
    let (people, wrong, draws, audits) = (400, 20, 30, 200);
    let enrol = town.enrol_of(1984, HOME);
    town.nym(NymAct::Create, 0);
    for number in 0..people {
        town.issue_of(token(if number % 20 == 7 { "Y18-39" } else { "Y_GE40" }, 1984, "", enrol));
    }
    let (directory, stands) = (tempfile::tempdir().unwrap(), town.registry.entries.len());
    town.write(directory.path());
    let (mut town, mut found) = (town, 0_u32);
    for number in 0..audits {
        town.registry.entries.truncate(stands);
        let nonce = Sha256::digest(u32::to_be_bytes(number)).into();
        let commit = commit(&town, draws, nonce);
        town.register(commit.clone());
        let mut sampled = Sampled { town, nonce, draws, commit };
        sampled.town.register(AuditDraw { audit: sampled.commit.audit, nonce });
        let openings = sampled.openings();
        sampled.answer(&openings);
        town = sampled.town;
        town.registry.write(directory.path(), &town.head(&town.registry));
        let verdict = check(&town, directory.path(), &file(draws, nonce), &openings.to_bytes()).await.unwrap();
        let faults = faults(&verdict);
        assert!(faults.iter().all(|fault| fault.starts_with("sample.bracket 2026 ")), "{faults:?}");
        found += u32::from(!faults.is_empty());
    }
    let expected = odds(people, wrong, draws.into());
    let deviation = (expected * (1.0 - expected) / f64::from(audits)).sqrt();
    let share = f64::from(found) / f64::from(audits);
    assert!((share - expected).abs() < 3.0 * deviation, "{share} found, {expected} expected");
}
