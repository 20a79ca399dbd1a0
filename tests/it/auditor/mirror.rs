//! A mirror remembers: what was audited once is not rolled back, not rewritten, and anybody can check it again.

use std::{fs, path::Path};

use heteronym::wire::tlog::leaf::NymAct;
use serde_json::Value;

use super::{audit_at, faults, found_in, named, now, verdict_in_words};
use crate::harness::log::{LogTown, files};

/// An audit of a directory into a mirror.
async fn mirrored(town: &LogTown, mirror: &Path) -> Value {
    let directory = tempfile::tempdir().unwrap();
    town.write(directory.path());
    let words = [directory.path().to_str().unwrap(), "--mirror", mirror.to_str().unwrap()];
    audit_at(now(town), &words).await.unwrap()
}

#[tokio::test]
async fn a_log_that_grows_continues_what_the_last_audit_saw() {
    let mirror = tempfile::tempdir().unwrap();
    let mut town = LogTown::new().live(90);
    let first = mirrored(&town, mirror.path()).await;
    named!(faults(&first),);
    assert!(first["not_checked"].to_string().contains("rolled back"));
    town.hour += 1;
    let mut town = town.live(0);
    for place in 100..200 {
        town.enrol();
        town.nym(NymAct::Create, place);
    }
    let second = mirrored(&town, mirror.path()).await;
    named!(faults(&second),);
    assert!(second["checked"].to_string().contains("log 2026: continues the 270 leaves of the last audit"), "{second}");
    assert!(!second["not_checked"].to_string().contains("rolled back"));
}

#[tokio::test]
async fn p8_a_restored_backup_is_named_with_both_heads() {
    let mirror = tempfile::tempdir().unwrap();
    let mut town = LogTown::new().live(90);
    named!(faults(&mirrored(&town, mirror.path()).await),);
    town.issuance.entries.truncate(200);
    let verdict = mirrored(&town, mirror.path()).await;
    named!(faults(&verdict), "log.rolled-back 2026");
    let finding = &verdict["findings"][0];
    assert!(finding["expected"].as_str().unwrap().contains("id.example/log/2026\n270\n"), "{finding}");
    assert!(finding["found"].as_str().unwrap().contains("id.example/log/2026\n200\n"), "{finding}");
    // The evidence is kept, and so is what was seen before.
    let refused = fs::read_to_string(mirror.path().join("2026/refused-200")).unwrap();
    assert!(finding["found"].as_str().unwrap().contains(&refused));
    let kept = fs::read_to_string(mirror.path().join("2026/checkpoint")).unwrap();
    assert!(kept.contains("\n270\n"));
}

#[tokio::test]
async fn a_log_that_was_written_anew_is_named_with_both_heads() {
    let mirror = tempfile::tempdir().unwrap();
    let mut town = LogTown::new().live(90);
    named!(faults(&mirrored(&town, mirror.path()).await),);
    // Leaf 200 never was; the log is longer than before, and every signature holds.
    town.issuance.entries.remove(200);
    town.registry.entries.pop();
    let mut town = town.live(0);
    for place in 300..330 {
        town.enrol();
        town.nym(NymAct::Create, place);
    }
    let verdict = mirrored(&town, mirror.path()).await;
    let found = faults(&verdict);
    assert!(
        found.contains(&"log.forked 2026".to_owned()) && found.contains(&"log.forked registry".to_owned()),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_log_of_the_same_size_and_another_root_is_a_fork() {
    let mirror = tempfile::tempdir().unwrap();
    let town = LogTown::new().live(2);
    named!(faults(&mirrored(&town, mirror.path()).await),);
    let mut other = LogTown::new().live(2);
    other.office = town.office;
    other.registry = town.registry;
    let verdict = mirrored(&other, mirror.path()).await;
    assert!(faults(&verdict).contains(&"log.forked 2026".to_owned()), "{verdict}");
}

#[tokio::test]
async fn a_mirror_whose_memory_is_damaged_says_so() {
    let mirror = tempfile::tempdir().unwrap();
    let town = LogTown::new().live(2);
    named!(faults(&mirrored(&town, mirror.path()).await),);
    fs::write(mirror.path().join("2026/verified"), "hello\n").unwrap();
    let error = audit_at(now(&town), &[mirror.path().to_str().unwrap()]).await.unwrap_err();
    assert!(error.to_string().contains("2026/verified does not read"), "{error}");
}

#[tokio::test]
async fn a_mirror_is_the_bundle_that_gives_the_same_verdict_again() {
    let mirror = tempfile::tempdir().unwrap();
    let mut town = LogTown::new().live(100);
    town.nym(NymAct::Create, 1);
    let verdict = mirrored(&town, mirror.path()).await;
    named!(faults(&verdict), "slot.second-voice 2026 300");
    let bundle: Value = serde_json::from_slice(&fs::read(mirror.path().join("verdict.json")).unwrap()).unwrap();
    assert_eq!(bundle, verdict);
    named!(found_in(mirror.path(), &town).await, "slot.second-voice 2026 300");
    assert!(files(mirror.path()).iter().all(|path| path.extension().is_none_or(|extension| extension != "half")));
}

#[tokio::test]
async fn the_verdict_says_in_words_what_was_checked_and_what_was_not() {
    let mut town = LogTown::new().live(1);
    town.nym(NymAct::Create, 0);
    let directory = tempfile::tempdir().unwrap();
    town.write(directory.path());
    let words = verdict_in_words(directory.path(), now(&town)).await;
    let words = words.replace(directory.path().to_str().unwrap(), "DIR");
    // Signatures of offices are random, and so are the roots above them.
    let words = words.replace(&town.registry.edge().root().to_string(), "ROOT");
    let words = words.replace(&town.issuance.edge().root().to_string(), "ROOT");
    insta::assert_snapshot!(words, @r#"
    Audit of DIR, 2026-11-30T08Z

    Checked
      - log registry: 5 leaves from 2026-11-30T08Z to 2026-11-30T08Z, root ROOT
      - log 2026: 4 leaves from 2026-11-30T08Z to 2026-11-30T08Z, root ROOT
      - log 2026: 1 earlier head that the registry fixes
      - every entry and every tile up to the root, and every leaf by the rules of its log
      - acts: 1 enrolment, of which 1 in force, 1 live pseudonym, 1 token
      - institutions: 1 office, 1 forum, 0 keys of custodians, 0 months of published counts, 0 sampled audits, 0 ended

    Not checked
      - log registry: whether it was rolled back or rewritten since an earlier audit: keep a mirror (--mirror) to see it
      - log 2026: whether it was rolled back or rewritten since an earlier audit: keep a mirror (--mirror) to see it
      - whether the log's keys are those of the service: none was given with --log-key, so they were taken on trust from the log itself (iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=)
      - whether everybody is shown the same logs: name witnesses with --witness, or compare the roots above
      - whether an enrolled person exists, and is enrolled once: the offices answer for it, and only they see papers
      - whether what a token says is true: a leaf only commits to it, and its owner or a sampled audit can have it opened
      - whether a place is the right person's: its tag can be proven to that person alone
      - whether every token is in the log: each forum sees it for its own, and refuses those without proof

    Faults
      - [slot.second-voice] log 2026, leaf 3: expected no live pseudonym in the place; found a second one beside it: two voices of one person

    Verdict: 1 fault was found.
    "#);
}

#[tokio::test]
async fn the_verdict_as_json_has_these_members() {
    let mut town = LogTown::new().live(1);
    town.nym(NymAct::Create, 0);
    let directory = tempfile::tempdir().unwrap();
    town.write(directory.path());
    let mut verdict = audit_at(now(&town), &[directory.path().to_str().unwrap()]).await.unwrap();
    verdict["audited"] = "DIR".into();
    // Its eight sentences stand in the test above.
    assert_eq!(verdict["not_checked"].as_array().unwrap().len(), 8);
    verdict["not_checked"] = "as in words".into();
    for log in [0, 1] {
        verdict["logs"][log]["root"] = "ROOT".into();
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&verdict).unwrap(), @r#"
    {
      "audited": "DIR",
      "checked": [
        "log 2026: 1 earlier head that the registry fixes",
        "every entry and every tile up to the root, and every leaf by the rules of its log",
        "acts: 1 enrolment, of which 1 in force, 1 live pseudonym, 1 token",
        "institutions: 1 office, 1 forum, 0 keys of custodians, 0 months of published counts, 0 sampled audits, 0 ended"
      ],
      "faults": 1,
      "findings": [
        {
          "check": "slot.second-voice",
          "expected": "no live pseudonym in the place",
          "found": "a second one beside it: two voices of one person",
          "leaf": 3,
          "log": "2026",
          "severity": "fault"
        }
      ],
      "hour": "2026-11-30T08Z",
      "logs": [
        {
          "first_hour": "2026-11-30T08Z",
          "last_hour": "2026-11-30T08Z",
          "leaves": 5,
          "log": "registry",
          "origin": "id.example/log/registry",
          "root": "ROOT",
          "witnesses": []
        },
        {
          "first_hour": "2026-11-30T08Z",
          "last_hour": "2026-11-30T08Z",
          "leaves": 4,
          "log": "2026",
          "origin": "id.example/log/2026",
          "root": "ROOT",
          "witnesses": []
        }
      ],
      "more_findings": 0,
      "not_checked": "as in words",
      "outcome": "faults"
    }
    "#);
}
