//! `heteronym audit` against logs that were made for it: clean ones pass, and each planted fault is named.

mod command;
mod institutions;
mod issuance;
mod mirror;
mod sample;
mod site;
mod token;
mod trees;

use std::path::Path;

use clap::Parser;
use heteronym::auditor::{Args, AuditError, run};
use rand::{SeedableRng as _, rngs::StdRng};
use serde_json::Value;

use crate::harness::log::LogTown;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

/// The verdict as JSON, at this time.
pub(crate) async fn audit_at(now: i64, words: &[&str]) -> Result<Value, AuditError> {
    let mut out = Vec::new();
    let line = Line::try_parse_from([&["audit"], words, &["--json"]].concat()).unwrap();
    // The names of temporary directories come from it: another for each.
    let mut rng = StdRng::from_seed(fresh_seed());
    run(line.args, now, &mut rng, &mut out).await?;
    Ok(serde_json::from_slice(&out).unwrap())
}

fn fresh_seed() -> [u8; 32] {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut seed = [0; 32];
    seed[..4].copy_from_slice(&std::process::id().to_be_bytes());
    seed[8..16].copy_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    seed
}

/// The verdict on the logs of a town, in words.
async fn verdict_in_words(directory: &Path, now: i64) -> String {
    let mut out = Vec::new();
    let line = Line::try_parse_from(["audit", directory.to_str().unwrap()]).unwrap();
    run(line.args, now, &mut StdRng::from_seed(fresh_seed()), &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}

/// The faults of a verdict: check, log and leaf.
pub(crate) fn faults(verdict: &Value) -> Vec<String> {
    let of = |severity: &str| {
        let all = verdict["findings"].as_array().unwrap().iter();
        all.filter(move |finding| finding["severity"] == severity).map(brief).collect::<Vec<_>>()
    };
    let faults = of("fault");
    assert_eq!(verdict["outcome"], if faults.is_empty() { "good" } else { "faults" });
    faults
}

fn brief(finding: &Value) -> String {
    for said in ["expected", "found"] {
        assert!(!finding[said].as_str().unwrap().is_empty(), "{finding}");
    }
    let parts =
        ["check", "log", "leaf"].map(|part| finding[part].as_str().map_or(finding[part].to_string(), str::to_owned));
    parts.into_iter().filter(|part| part != "null").collect::<Vec<_>>().join(" ")
}

/// What an audit of a town's logs finds, half an hour into its present hour.
async fn found(town: &LogTown) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    town.write(directory.path());
    found_in(directory.path(), town).await
}

async fn found_in(directory: &Path, town: &LogTown) -> Vec<String> {
    faults(&audit_at(now(town), &[directory.to_str().unwrap()]).await.unwrap())
}

/// Half an hour into the present hour.
fn now(town: &LogTown) -> i64 {
    town.millis() + 30 * 60 * 1000
}

/// Names a fault, or several.
macro_rules! named {
    ($found:expr, $($fault:expr),* $(,)?) => {{
        let expected: Vec<String> = vec![$($fault.to_string()),*];
        assert_eq!($found, expected);
    }};
}
use named;
