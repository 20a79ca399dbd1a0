//! `cargo bench --bench audit`: how long `heteronym audit` takes over logs of a hundred thousand leaves.
//!
//! The logs are synthetic, made by the town of the tests; what is timed is the program itself, reading from a directory. A
//! third of the leaves are enrolments, each with a signature on P-256 to verify: a real log has fewer.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a measurement, with the harness of the tests, of which it uses a part"
)]

#[path = "../../tests/it/harness/log.rs"]
mod log;

use std::{
    process::{Command, ExitCode},
    time::Instant,
};

use self::log::{LogTown, files};

fn main() -> ExitCode {
    if !std::env::args().any(|arg| arg == "--bench" || arg == "--quick") {
        // `cargo test --all-targets` comes by here, with a program that is not optimised.
        eprintln!("measuring is for `cargo bench`");
        return ExitCode::SUCCESS;
    }
    let people = if std::env::args().any(|arg| arg == "--quick") { 3_400 } else { 34_000 };
    let directory = tempfile::tempdir().unwrap();
    let mut town = LogTown::new();
    // Early enough that the last leaf is not of the future: fifty people an hour.
    town.hour = "2026-01-02T00Z".parse::<heteronym::wire::tlog::leaf::Hour>().unwrap().count().into();
    town.registry.entries.clear();
    let mut town = town.founded();
    town.register(town.office.says(heteronym::wire::tlog::leaf::RegistrarAct::Changed, 1_000_000));
    let town = town.live(people);
    town.write(directory.path());
    let leaves = town.registry.len() + town.issuance.len();
    let bytes: u64 = files(directory.path()).iter().map(|path| path.metadata().unwrap().len()).sum();
    let begun = Instant::now();
    let audited = Command::new(env!("CARGO_BIN_EXE_heteronym")).arg("audit").arg(directory.path()).output().unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    if audited.status.code() != Some(0) {
        eprintln!("{}{}", String::from_utf8_lossy(&audited.stdout), String::from_utf8_lossy(&audited.stderr));
        return ExitCode::FAILURE;
    }
    println!("| leaves | MB | seconds | leaves a second |\n|---|---|---|---|");
    println!("| {leaves} | {:.1} | {seconds:.2} | {:.0} |", bytes as f64 / 1e6, leaves as f64 / seconds);
    ExitCode::SUCCESS
}
