//! `heteronym registrars`: the offices that enrol people, who works there, and to whom identities are sealed.

mod import;
mod keys;

use std::{io::Write, path::PathBuf};

use anyhow::{Context as _, bail};
use clap::Subcommand;

use super::{Place, Services, services};
use crate::{accounts::LoginName, custodian, proofing::Registrar, wire::sealed::CustodiansKey};

/// The offices that enrol people.
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
    /// Add an office.
    #[command(after_help = "Example:\n  heteronym registrars add 'Mairie de Voiron' --area cog:38563")]
    Add {
        /// As it stands on activation sheets.
        name: String,
        /// The area it serves: it can enrol the people who live there.
        #[arg(long, value_name = "CODE")]
        area: String,
    },
    /// Open an account for somebody who works in an office. The code is printed once.
    #[command(after_help = "Example:\n  heteronym registrars add-officer 'Mairie de Voiron'")]
    AddOfficer {
        /// The name of the office.
        office: String,
    },
    /// All offices with their officers.
    List,
    /// Close an office: none of its officers can act any more. Whom it enrolled stays enrolled.
    #[command(after_help = "Example:\n  heteronym registrars close 'Mairie de Voiron'")]
    Close {
        /// The name of the office.
        office: String,
    },
    /// Close the account of an officer: the next request is refused.
    #[command(after_help = "Example:\n  heteronym registrars close-officer 7K2MX-9QRTV")]
    CloseOfficer {
        /// As `list` shows it.
        sign_in_name: LoginName,
    },
    /// Take the public key that identities are sealed to, or show the one in use.
    ///
    /// The custodians make it (`heteronym custodian --help`) and end with the same custodians.json. Compare its fingerprint with theirs
    /// before you take it: whoever put another file in its place could read every name.
    #[command(after_help = "Examples:\n  heteronym registrars custodians-key custodians.json\n  \
        heteronym registrars custodians-key custodians.json --agreed \"3f2a 91c0 …all sixteen groups\"\n  \
        heteronym registrars custodians-key")]
    CustodiansKey {
        /// The custodians' public key; without it, the one in use is shown.
        file: Option<PathBuf>,
        /// The fingerprint that the custodians have told you.
        #[arg(long, value_name = "FINGERPRINT", requires = "file")]
        agreed: Option<String>,
    },
    /// Make the key with which an office signs, on the office's own machine. Needs no data directory.
    #[command(after_help = "Example:\n  heteronym registrars new-key voiron.key")]
    NewKey {
        /// Where the private key goes: a file that does not exist yet, readable by its owner alone.
        file: PathBuf,
    },
    /// The keys with which offices sign: list, accredit, withdraw.
    #[command(subcommand)]
    Keys(keys::Command),
    Import(import::Args),
}

const EXAMPLES: &str = "\
Examples:
  heteronym registrars custodians-key custodians.json
  heteronym registrars add 'Mairie de Voiron' --area cog:38563
  heteronym registrars add-officer 'Mairie de Voiron'
  heteronym registrars keys list
  heteronym registrars import people.csv --office 'Mairie de Voiron' --dry-run";

pub(super) async fn run(args: Args, out: &mut impl Write) -> anyhow::Result<()> {
    if let Command::NewKey { file } = &args.command {
        return keys::new(file, out);
    }
    let services = services::open(&args.place).await?;
    let done = execute(&services, args.command, out).await;
    services.close().await;
    done
}

async fn execute(services: &Services, command: Command, out: &mut impl Write) -> anyhow::Result<()> {
    let proofing = &services.proofing;
    match command {
        Command::Add { name, area } => {
            let office = proofing.add_office(&name, &area).await?;
            writeln!(out, "{} enrols the people of {}.", office.name, label(services, &office))?;
            writeln!(out, "Next: heteronym registrars add-officer '{}'", office.name)?;
        }
        Command::AddOfficer { office } => add_officer(services, &office, out).await?,
        Command::List => list(services, out).await?,
        Command::Close { office } => {
            let office = proofing.office_named(&office).await?;
            if !proofing.close_office(office.id).await? {
                bail!("{} was closed before", office.name);
            }
            writeln!(out, "{} enrols nobody any more, and its officers are signed out.", office.name)?;
        }
        Command::CloseOfficer { sign_in_name } => {
            if !proofing.close_officer(&sign_in_name).await? {
                bail!("the account {} was closed before", sign_in_name.grouped());
            }
            writeln!(out, "The account {} is closed.", sign_in_name.grouped())?;
        }
        Command::CustodiansKey { file: None, .. } => {
            let key = proofing.custodians_key().await?;
            let key = key.context("there is no custodians' key yet: `heteronym registrars custodians-key --help`")?;
            show(&key, out)?;
        }
        Command::CustodiansKey { file: Some(file), agreed } => {
            let key = custodian::read_key(&file)?;
            take(services, &key, agreed.as_deref(), &file, out).await?;
        }
        Command::NewKey { file } => keys::new(&file, out)?,
        Command::Keys(command) => keys::run(services, command, out).await?,
        Command::Import(args) => import::run(services, args, out).await?,
    }
    Ok(())
}

async fn add_officer(services: &Services, office: &str, out: &mut impl Write) -> anyhow::Result<()> {
    let office = services.proofing.office_named(office).await?;
    let officer = services.proofing.add_officer(office.id).await?;
    writeln!(out, "office           {}", office.name)?;
    writeln!(out, "sign-in name     {}", officer.login.grouped())?;
    writeln!(out, "activation code  {}", officer.code.grouped())?;
    writeln!(out, "to be used at    {}", services.activation_url(&officer.code))?;
    writeln!(out, "until            {}", officer.code_until)?;
    writeln!(out, "\nThe code is shown this once. Hand it to the officer and to nobody else.")?;
    Ok(())
}

async fn list(services: &Services, out: &mut impl Write) -> anyhow::Result<()> {
    let officers = services.proofing.officers().await?;
    for office in services.proofing.offices().await? {
        let state = if office.disabled_at.is_some() { " (closed)" } else { "" };
        writeln!(out, "{}{state}, for {}", office.name, label(services, &office))?;
        for officer in officers.iter().filter(|officer| officer.office == office.id) {
            writeln!(out, "  {}{}", officer.login.grouped(), if officer.is_open { "" } else { " (closed)" })?;
        }
    }
    Ok(())
}

/// What people call the area of an office, and its code.
fn label(services: &Services, office: &Registrar) -> String {
    let label = office.area.parse().map(|area| services.proofing.label(area));
    label.map_or_else(|_| office.area.clone(), |label| format!("{label} [{}]", office.area))
}

/// Takes a key whose fingerprint was compared; otherwise says what to compare.
async fn take(
    services: &Services,
    key: &CustodiansKey,
    agreed: Option<&str>,
    file: &std::path::Path,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let fingerprint = key.fingerprint().to_string();
    let Some(agreed) = agreed else {
        show(key, out)?;
        writeln!(
            out,
            "\nNothing is changed yet. Have the custodians tell you their fingerprint, on a line where you know"
        )?;
        writeln!(out, "their voices. If it is the same:")?;
        writeln!(out, "  heteronym registrars custodians-key {} --agreed \"{fingerprint}\"", file.display())?;
        return Ok(());
    };
    if bare(agreed) != bare(&fingerprint) {
        bail!(
            "the fingerprint given with --agreed is not that of {}, which is\n  {fingerprint}\nDo not take this file before the custodians agree",
            file.display()
        );
    }
    services.proofing.take_custodians_key(key).await?;
    show(key, out)?;
    writeln!(out, "\nFrom now on identities are sealed to these custodians.")?;
    Ok(())
}

fn show(key: &CustodiansKey, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "{} of {} custodians open a name. Epoch {}.", key.threshold(), key.custodians().len(), key.epoch())?;
    for custodian in key.custodians() {
        writeln!(out, "  {custodian}")?;
    }
    writeln!(out, "Fingerprint:\n  {}", key.fingerprint())
}

/// A fingerprint without what people put between its groups.
fn bare(fingerprint: &str) -> String {
    fingerprint.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
