//! `heteronym audit`: anybody checks the public logs from outside, without an account and without believing the service.
//!
//! It shares nothing with what writes the logs but the wire: the forms of leaves and tiles, the hashes, the proofs
//! (`wire::tlog`). What each rule is stands in `specs/log.md`, "Auditing", and is worked out here anew from the leaves.
//!
//! An audit fetches into a directory what is not there yet ([`sync`]), then reads that directory from the first leaf to the last
//! ([`replay`]): so a mirror is also the evidence, and whoever has it comes to the same verdict offline.

mod areas;
mod args;
mod audit;
mod error;
mod fetch;
mod finding;
mod heads;
mod judge;
mod mine;
mod mirror;
mod replay;
mod sample;
mod source;
mod sync;
mod token;
mod verdict;

use std::io::Write;

use rand::CryptoRng;

use self::args::Asked;
pub use self::{
    args::Args,
    error::AuditError,
    fetch::FetchError,
    finding::{Check, Finding, Severity},
    mirror::MirrorError,
    verdict::{LogChecked, Outcome, Verdict},
};

/// Audits; the verdict goes to `out`. `now` in milliseconds since 1970.
pub async fn run(args: Args, now: i64, rng: &mut impl CryptoRng, out: &mut impl Write) -> Result<Outcome, AuditError> {
    let (verdict, json) = match args.asked() {
        Asked::Logs(target, options) => (audit::run(&target, &options, now, rng).await?, options.json),
        Asked::Token(args) => (token::run(&args, now, rng).await?, args.json),
        Asked::Mine(args) => (mine::run(&args, now, rng).await?, args.json),
        Asked::Sample(command) => return sample::run(&command, now, rng, out).await,
    };
    if json {
        serde_json::to_writer_pretty(&mut *out, &verdict).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        write!(out, "{verdict}")?;
    }
    Ok(verdict.outcome)
}
