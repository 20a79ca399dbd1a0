//! The composition root: services put together, the router on one screen, the command line.

mod auditors;
mod clients;
mod data;
mod demo;
mod init;
mod keys;
mod listeners;
mod registrars;
mod serve;
mod services;

use std::{io::Write, path::PathBuf, process::ExitCode};

use anyhow::bail;
use clap::{Parser, Subcommand};

pub use self::{
    data::{DataDir, DataError},
    services::{Assembly, Services},
};
use crate::{
    auditor::{self, AuditError, Outcome},
    custodian,
    domain::ambient::Ambient,
    forum, telemetry, witness,
};

/// A trusted third party that knows you are real, so that a forum need not know who you are.
#[derive(Debug, Parser)]
#[command(name = "heteronym", version, propagate_version = true, after_help = EXAMPLES)]
pub struct Cli {
    /// What goes to the log, as `tracing` directives; a demonstration logs warnings only.
    #[arg(long, global = true, env = "HETERONYM_LOG", value_name = "DIRECTIVES")]
    log: Option<String>,
    /// Write the log as JSON lines.
    #[arg(long, global = true)]
    log_json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Init(init::Init),
    Serve(serve::Args),
    Check(init::Check),
    Doctor(init::Doctor),
    Keys(keys::Args),
    Clients(clients::Args),
    Registrars(registrars::Args),
    Auditors(auditors::Args),
    Forum(Box<forum::Args>),
    Audit(Box<auditor::Args>),
    /// A custodian's own tool: make the key that names are sealed to.
    #[command(subcommand)]
    Custodian(custodian::Command),
    Witness(witness::Args),
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
  heteronym serve --data /var/lib/heteronym --config /etc/heteronym.toml
  heteronym audit https://id.example         check the public logs of a service from outside";

/// Runs the command line; what it returns is for the person at the terminal.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    let format = if cli.log_json { telemetry::LogFormat::Json } else { telemetry::LogFormat::Human };
    let usual =
        if matches!(cli.command, Command::Demo(_) | Command::Audit(_)) { "warn" } else { "info,sqlx=warn,hyper=warn" };
    telemetry::start_log(format, cli.log.as_deref().unwrap_or(usual))?;
    answer(cli, &mut std::io::stdout()).await
}

/// The same without the log, and with what it prints going wherever the caller says.
pub async fn answer(cli: Cli, out: &mut impl Write) -> anyhow::Result<()> {
    match cli.command {
        Command::Demo(args) => demo::run(args).await,
        Command::Init(args) => init::init(args, out).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Check(args) => init::check(&args, out),
        Command::Doctor(args) => init::doctor(args, out).await,
        Command::Keys(args) => keys::run(args, out).await,
        Command::Clients(args) => clients::run(args, out).await,
        Command::Registrars(args) => registrars::run(args, out).await,
        Command::Auditors(args) => auditors::run(args, out).await,
        Command::Forum(args) => serve::forum(*args, out).await,
        Command::Audit(args) => audit(*args, out).await,
        Command::Custodian(command) => Ok(custodian::run(&command, &mut Ambient::system().rng(), out)?),
        Command::Witness(args) => serve::witness(args, out).await,
    }
}

async fn audit(args: auditor::Args, out: &mut impl Write) -> anyhow::Result<()> {
    let ambient = Ambient::system();
    match auditor::run(args, ambient.now().0, &mut ambient.rng(), out).await? {
        Outcome::Good => Ok(()),
        Outcome::Faults => bail!("not everything is as it should be: see the faults above"),
    }
}

/// How the program ends after an error. What could not be checked is neither good nor bad: 2, as for arguments that nobody
/// can follow.
pub fn exit_code(error: &anyhow::Error) -> ExitCode {
    if error.is::<AuditError>() { ExitCode::from(2) } else { ExitCode::FAILURE }
}
