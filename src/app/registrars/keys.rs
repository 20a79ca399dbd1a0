//! `heteronym registrars keys` and `new-key`: the keys with which offices sign their enrolments.
//!
//! A private key is made on the office's machine and stays there; this service has the public ones.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use super::{Services, bare};
use crate::{
    proofing::{KeyState, OfficeKey, OfficeKeyLine, Registrar, fingerprint},
    wire::tlog::leaf::RegistrarKey,
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The keys of an office, or of all, with what has become of them.
    #[command(after_help = "Example:\n  heteronym registrars keys list 'Mairie de Voiron'")]
    List {
        /// The name of the office.
        office: Option<String>,
    },
    /// Let what this key signs count, after the office has read its fingerprint to you on a line where you know the voice.
    #[command(
        after_help = "Examples:\n  heteronym registrars keys accredit 'Mairie de Voiron' \"3f2a 91c0 …all eight groups\"\n  \
        heteronym registrars keys accredit 'Mairie de Voiron' BKq…the public key of new-key"
    )]
    Accredit {
        /// The name of the office.
        office: String,
        /// The fingerprint of a key that waits, or the public key that `new-key` printed.
        key: String,
    },
    /// Let nothing count any more that this key signs. What it has signed stays.
    #[command(after_help = "Example:\n  heteronym registrars keys withdraw \"3f2a 91c0 …all eight groups\"")]
    Withdraw {
        /// As `keys list` shows it.
        fingerprint: String,
    },
}

pub(super) async fn run(services: &Services, command: Command, out: &mut impl Write) -> anyhow::Result<()> {
    let proofing = &services.proofing;
    match command {
        Command::List { office } => list(services, office.as_deref(), out).await?,
        Command::Accredit { office, key } => {
            let office = proofing.office_named(&office).await?;
            let fingerprint = match public(&key) {
                Some(key) => {
                    proofing.accredit(office.id, &key).await?;
                    fingerprint(&key)
                }
                None => accredit_waiting(services, &office, &key).await?,
            };
            writeln!(out, "What {} signs with this key counts from now on:\n  {fingerprint}", office.name)?;
            writeln!(out, "If the office has not read this fingerprint to you, withdraw the key now.")?;
        }
        Command::Withdraw { fingerprint } => {
            let (office, key) = find(services, &fingerprint).await?;
            if !proofing.withdraw_key(key.id).await? {
                bail!("this key was withdrawn before");
            }
            writeln!(out, "Nothing counts any more that {} signs with this key:\n  {}", office.name, key.fingerprint)?;
        }
    }
    Ok(())
}

/// Makes a key on the machine where this runs, which needs nothing else of the service.
pub(super) fn new(file: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    let key = OfficeKey::generate()?;
    let text = key.to_pem()?;
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let mut written = created.with_context(|| format!("cannot write {}", file.display()))?;
    let done = written.write_all(text.as_bytes()).and_then(|()| written.sync_all());
    done.with_context(|| format!("cannot write {}", file.display()))?;
    writeln!(out, "public key   {}", BASE64URL_NOPAD.encode(key.public().point()))?;
    writeln!(out, "fingerprint  {}", fingerprint(key.public()))?;
    writeln!(
        out,
        "\nSend the public key to the operator of the service, and read the fingerprint to them on the telephone."
    )?;
    writeln!(out, "{} holds the private key: it stays with the office, and nobody else needs it.", file.display())?;
    Ok(())
}

/// Reads the private key of an office.
pub(super) fn read(file: &Path) -> anyhow::Result<OfficeKey> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    OfficeKey::from_pem(&Zeroizing::new(text)).with_context(|| file.display().to_string())
}

async fn list(services: &Services, only: Option<&str>, out: &mut impl Write) -> anyhow::Result<()> {
    let proofing = &services.proofing;
    let offices = match only {
        Some(name) => vec![proofing.office_named(name).await?],
        None => proofing.offices().await?,
    };
    for office in offices {
        writeln!(out, "{}", office.name)?;
        for key in proofing.keys(office.id).await? {
            writeln!(out, "  {}  {}", key.fingerprint, word(key.state))?;
        }
    }
    Ok(())
}

async fn accredit_waiting(services: &Services, office: &Registrar, fingerprint: &str) -> anyhow::Result<String> {
    let (owner, key) = find(services, fingerprint).await?;
    if owner.id != office.id {
        bail!("this is a key of {}", owner.name);
    }
    if !services.proofing.accredit_key(key.id).await? {
        bail!("this key {}", if key.state == KeyState::Withdrawn { "was withdrawn" } else { "counts already" });
    }
    Ok(key.fingerprint)
}

/// The key with this fingerprint, whole: the first groups alone are too easily those of another.
async fn find(services: &Services, fingerprint: &str) -> anyhow::Result<(Registrar, OfficeKeyLine)> {
    for office in services.proofing.offices().await? {
        let keys = services.proofing.keys(office.id).await?;
        if let Some(key) = keys.into_iter().find(|key| bare(&key.fingerprint) == bare(fingerprint)) {
            return Ok((office, key));
        }
    }
    bail!("no key has this fingerprint: `heteronym registrars keys list` shows all")
}

fn public(text: &str) -> Option<RegistrarKey> {
    RegistrarKey::new(&BASE64URL_NOPAD.decode(text.trim().as_bytes()).ok()?).ok()
}

const fn word(state: KeyState) -> &'static str {
    match state {
        KeyState::Waiting => "waits to be accredited",
        KeyState::Accredited => "counts",
        KeyState::Withdrawn => "withdrawn",
    }
}
