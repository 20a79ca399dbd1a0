//! The program itself: how it ends, and what it says where.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use heteronym::{auditor::Check, wire::tlog::leaf::NymAct};

use crate::harness::log::LogTown;

fn audit(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heteronym"));
    command.arg("audit").args(words).stdin(Stdio::null()).output().unwrap()
}

fn said(output: &[u8]) -> String {
    String::from_utf8(output.to_vec()).unwrap()
}

#[test]
fn it_ends_with_0_1_or_2() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().to_str().unwrap();
    let mut town = LogTown::new().live(3);
    town.write(directory.path());
    let good = audit(&[place]);
    assert_eq!(good.status.code(), Some(0), "{}", said(&good.stdout));
    assert!(said(&good.stdout).ends_with("\nVerdict: no fault was found.\n") && good.stderr.is_empty());
    town.nym(NymAct::Create, 0);
    town.write(directory.path());
    let faulty = audit(&[place]);
    assert_eq!(faulty.status.code(), Some(1), "{}", said(&faulty.stdout));
    assert!(said(&faulty.stdout).ends_with("\nVerdict: 1 fault was found.\n"));
    assert!(said(&faulty.stderr).starts_with("heteronym: "));
    for words in [
        &["no-such-directory"][..],
        &[],
        &["http://127.0.0.1:1"],
        &[place, "--log-key", "x"],
        &["sample", "nonce", "no-such-file"],
    ] {
        let unable = audit(words);
        assert_eq!(unable.status.code(), Some(2), "{words:?}: {}", said(&unable.stderr));
        assert!(unable.stdout.is_empty() && !unable.stderr.is_empty());
    }
}

#[test]
fn json_is_one_document_and_help_has_examples() {
    let directory = tempfile::tempdir().unwrap();
    LogTown::new().live(1).write(directory.path());
    let output = audit(&[directory.path().to_str().unwrap(), "--json"]);
    let verdict: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdict["outcome"], "good");
    let sample = |step| ["sample", step, "--help"];
    for words in [&["--help"][..], &["token", "--help"], &sample("new"), &sample("nonce"), &sample("check")] {
        assert!(said(&audit(words).stdout).contains("Examples:\n  heteronym audit "));
    }
}

#[test]
fn every_check_is_described_where_auditors_look_it_up() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("specs/log.md")).unwrap();
    for check in Check::ALL {
        assert!(page.contains(&format!("`{check}`")), "{check} is not in specs/log.md");
    }
}
