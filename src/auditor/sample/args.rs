//! `heteronym audit sample`: its command line.

use std::path::PathBuf;

use crate::{
    auditor::{args::Place, heads::LogKey},
    wire::tlog::sample::MAX_DRAWS,
};

#[derive(Clone, Debug, clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub(in crate::auditor) enum Command {
    /// First: draw a number, which stays with you until the audit stands in the registry
    New(NewArgs),
    /// Second: see that the audit stands in the registry as you asked for it, and show the number
    Nonce(NonceArgs),
    /// Third: check what was opened against the logs
    Check(CheckArgs),
}

#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::auditor) struct NewArgs {
    /// How many tokens are to be opened: 300 find what is wrong with one in a hundred, 3000 with one in a thousand
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_DRAWS)))]
    pub(super) draws: u32,
    /// Where your number is kept; a file that is there already is left alone
    #[arg(default_value = "sample.json")]
    pub(super) file: PathBuf,
}

#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::auditor) struct NonceArgs {
    /// The file with your number, made by `sample new`; what you saw of the registry is noted in it
    pub(super) file: PathBuf,
    /// The service's address: the number is not shown unless the audit stands in its registry, drawn from a tree that holds
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A directory with its logs
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    mirror: Option<PathBuf>,
    /// The log's public key as you know it from elsewhere
    #[arg(long, value_name = "KEY")]
    log_key: Vec<LogKey>,
    /// Further certificate authorities, as PEM
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::auditor) struct CheckArgs {
    /// The file with your number, made by `sample new`
    pub(super) file: PathBuf,
    /// What the service opened to you: it is about people, keep it to yourself and delete it in the end
    #[arg(long, value_name = "OPENINGS")]
    pub(super) openings: PathBuf,
    #[command(flatten)]
    pub(super) place: Place,
    /// Which area lies in which: a table with the columns `code` and `parent`, tabs between; without it, that is not checked
    #[arg(long, value_name = "FILE")]
    pub(super) areas: Option<PathBuf>,
    /// Write the report, which says nothing of anybody, as JSON; a file that is there already is left alone
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
    /// Show the report in place of the verdict in words
    #[arg(long)]
    pub(super) json: bool,
}

impl NonceArgs {
    /// Where the logs are, if that was said.
    pub(super) fn place(&self) -> Option<Place> {
        let Self { url, mirror, log_key, ca, .. } = self.clone();
        (url.is_some() || mirror.is_some()).then_some(Place { url, mirror, log_key, ca })
    }
}

const EXAMPLES: &str = "\
Examples:
  heteronym audit sample new --draws 300
  heteronym audit sample nonce sample.json --url https://id.example
  heteronym audit sample check sample.json --openings openings.json --url https://id.example --report report.json

What is drawn follows from your number and from one of the service, and neither of you knows that of the other when it chooses.
`new` says what to enter on the service's page, and so does each step.";
