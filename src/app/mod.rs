//! The composition root: services put together, the router on one screen, the command line.

mod data;
mod serve;
mod services;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub use self::{
    data::{DataDir, DataError},
    services::{Assembly, Services},
};
use crate::telemetry;

/// A trusted third party that knows you are real, so that a forum need not know who you are.
#[derive(Debug, Parser)]
#[command(name = "heteronym", version, propagate_version = true, after_help = EXAMPLES)]
pub struct Cli {
    /// What goes to the log, as `tracing` directives.
    #[arg(long, global = true, env = "HETERONYM_LOG", default_value = "info,sqlx=warn,hyper=warn")]
    log: String,
    /// Write the log as JSON lines.
    #[arg(long, global = true)]
    log_json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a provider.
    Serve(serve::Args),
}

/// Where an installation lives, for every command that works on one.
#[derive(Clone, Debug, clap::Args)]
pub struct Place {
    /// The data directory: database, keys, and what a restart has to remember.
    #[arg(long, env = "HETERONYM_DATA", default_value = "data")]
    data: PathBuf,
    /// The configuration file; without one, the defaults and the environment.
    #[arg(long, env = "HETERONYM_CONFIG")]
    config: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  heteronym demo                             look at everything in a minute
  heteronym init --data /var/lib/heteronym   make the keys of an installation
  heteronym serve --data /var/lib/heteronym --config /etc/heteronym.toml";

/// Runs the command line; what it returns is for the person at the terminal.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    let format = if cli.log_json { telemetry::LogFormat::Json } else { telemetry::LogFormat::Human };
    telemetry::start_log(format, &cli.log)?;
    match cli.command {
        Command::Serve(args) => serve::run(args).await,
    }
}
