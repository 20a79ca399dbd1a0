//! Both sides together: the auditor's program draws, the service opens, and the program holds what was opened to the logs.

use std::path::Path;

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use super::{House, hash};
use crate::harness::Service;

impl House {
    /// One audit of everything, by the program and the service; what the program finds at its end.
    async fn audited(&self, directory: &Path) -> Value {
        let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
        let (file, openings, report) = (path("sample.json"), path("openings.json"), path("report.json"));
        self.say(&["sample", "new", "--draws", "3000", &file]).await;
        let sample: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let bytes = |name: &str| -> [u8; 32] {
            BASE64URL_NOPAD.decode(sample[name].as_str().unwrap().as_bytes()).unwrap().try_into().unwrap()
        };
        let (sampling, auditor) = (self.sampling(), self.auditor.id);
        sampling.begin(auditor, &self.log().to_string(), 3_000, bytes("nonce_hash")).await.unwrap();
        let begun = directory.join("begun");
        self.service.copy_logs(&begun).await;
        let shown = self.say(&["sample", "nonce", &file, "--mirror", begun.to_str().unwrap()]).await;
        assert!(shown.contains(sample["nonce"].as_str().unwrap()), "{shown}");
        sampling.reveal(auditor, bytes("nonce")).await.unwrap();
        sampling.open(usize::MAX).await.unwrap();
        std::fs::write(&openings, sampling.file(auditor).await.unwrap().unwrap()).unwrap();
        let opened = directory.join("opened");
        self.service.copy_logs(&opened).await;
        let opened = opened.to_str().unwrap();
        let words =
            ["sample", "check", &file, "--openings", &openings, "--mirror", opened, "--report", &report, "--json"];
        self.say(&words).await;
        let report = std::fs::read(&report).unwrap();
        let verdict: Value = serde_json::from_slice(&report).unwrap();
        let faults = u32::try_from(verdict["faults"].as_u64().unwrap()).unwrap();
        sampling.conclude(auditor, faults, hash(&report)).await.unwrap();
        verdict
    }

    async fn say(&self, words: &[&str]) -> String {
        self.service.said(words).await
    }
}

/// What the checks of the sample found, by name.
fn found(verdict: &Value) -> Vec<String> {
    let findings = verdict["findings"].as_array().unwrap().iter();
    let checks = findings.map(|finding| finding["check"].as_str().unwrap().to_owned());
    let mut checks: Vec<_> = checks.filter(|check| check.starts_with("sample.")).collect();
    checks.sort();
    checks
}

async fn house() -> House {
    let house = House::around(Service::start().await).await;
    for (family, date) in [("Lefèvre", "02/03/1987"), ("Moreau", "14/05/1991"), ("Garnier", "11/11/1955")] {
        house.newcomer(family, date).await;
    }
    house
}

#[tokio::test]
async fn what_an_honest_service_opens_is_good_and_its_logs_are_as_well() {
    let (house, directory) = (house().await, tempfile::tempdir().unwrap());
    let verdict = house.audited(directory.path()).await;
    assert_eq!((found(&verdict), verdict["faults"].as_u64()), (Vec::new(), Some(0)), "{verdict:#}");
    assert_eq!(
        (verdict["sample"]["opened"].as_u64(), verdict["sample"]["withheld"].as_u64()),
        (Some(3), Some(0)),
        "{verdict:#}"
    );
    let after = tempfile::tempdir().unwrap();
    house.service.copy_logs(after.path()).await;
    let whole = house.service.audited(&[after.path().to_str().unwrap()]).await;
    let faults = whole["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] == "fault");
    assert_eq!(faults.count(), 0, "the steps of the audit stand as they should: {whole:#}");
}

#[tokio::test]
async fn a_token_with_a_wrong_bracket_or_year_is_named_and_one_that_cannot_be_opened_has_failed() {
    let (house, directory) = (house().await, tempfile::tempdir().unwrap());
    let liar = house.newcomer("Faure", "01/01/1970").await;
    house.issue(&liar, 1, "Y18-24", 1970, "").await;
    house.issue(&liar, 2, "Y50-59", 1971, "").await;
    house.issue(&liar, 3, "Y51-58", 1970, "").await;
    let verdict = house.audited(directory.path()).await;
    assert_eq!(found(&verdict), ["sample.birth-year", "sample.bracket", "sample.withheld"], "{verdict:#}");
    assert_eq!(verdict["sample"]["withheld"].as_u64(), Some(1));
    for value in ["Y18-24", "1971", "cog:38563"] {
        assert!(!verdict.to_string().contains(value), "the report says nothing of anybody: {value}");
    }
}
