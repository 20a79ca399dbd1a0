//! `heteronym auditors`: who may have leaves of the public log opened (`specs/log.md` §13).

use std::io::Write;

use anyhow::bail;
use clap::Subcommand;

use super::{Place, Services, services};
use crate::accounts::LoginName;

/// Those outside who may have leaves of the public log opened: a sample that nobody can choose.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open an account for an auditor. The code is printed once.
    #[command(after_help = "Example:\n  heteronym auditors add --name 'La Gazette de Voiron'")]
    Add {
        /// As the public registry will tell of the audits.
        #[arg(long)]
        name: String,
    },
    /// All auditors.
    List,
    /// Close the account of an auditor: the next request is refused. Audits that were begun stay in the registry.
    #[command(after_help = "Example:\n  heteronym auditors disable 7K2MX-9QRTV")]
    Disable {
        /// As `list` shows it.
        sign_in_name: LoginName,
    },
}

const EXAMPLES: &str = "\
Examples:
  heteronym auditors add --name 'La Gazette de Voiron'
  heteronym auditors list
  heteronym auditors disable 7K2MX-9QRTV

The auditor signs in, and goes on at /audit with what `heteronym audit sample new` prints.";

pub(super) async fn run(args: Args, out: &mut impl Write) -> anyhow::Result<()> {
    let services = services::open(&args.place).await?;
    let done = execute(&services, args.command, out).await;
    services.close().await;
    done
}

async fn execute(services: &Services, command: Command, out: &mut impl Write) -> anyhow::Result<()> {
    match command {
        Command::Add { name } => {
            let auditor = services.sampling.add_auditor(&name).await?;
            writeln!(out, "auditor          {}", auditor.name)?;
            writeln!(out, "sign-in name     {}", auditor.login.grouped())?;
            writeln!(out, "activation code  {}", auditor.code.grouped())?;
            writeln!(out, "to be used at    {}", services.activation_url(&auditor.code))?;
            writeln!(out, "until            {}", auditor.code_until)?;
            writeln!(out, "\nThe code is shown this once. Hand it to the auditor and to nobody else.")?;
        }
        Command::List => {
            for auditor in services.sampling.auditors().await? {
                let login: LoginName = auditor.login.parse()?;
                let state = if auditor.is_open { "" } else { " (disabled)" };
                writeln!(out, "{}{state}\n  {}", auditor.name, login.grouped())?;
            }
        }
        Command::Disable { sign_in_name } => {
            if !services.sampling.disable_auditor(&sign_in_name).await? {
                bail!("the account {} was disabled before", sign_in_name.grouped());
            }
            writeln!(out, "The account {} is disabled.", sign_in_name.grouped())?;
        }
    }
    Ok(())
}
