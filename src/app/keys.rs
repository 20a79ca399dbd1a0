//! `heteronym keys`: what there is, and the next ones.

use std::io::Write;

use anyhow::bail;
use clap::Subcommand;

use super::{DataDir, Place};
use crate::{config::Config, domain::ambient::Ambient, keyring::Role, wire::jose::Algorithm};

/// The private keys of an installation.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The signing keys with their state.
    List,
    /// Make the next key of a role; signing keys are published first and sign later.
    Rotate {
        /// issuer, vault, pseudonym or token.
        role: Role,
    },
    /// Make the first signing key of a further algorithm, so that clients can be registered for it.
    Add {
        /// RS256, PS256, ES256 or `EdDSA`.
        algorithm: Algorithm,
    },
    /// Delete signing and token keys that nothing needs any more.
    Purge,
}

pub(super) fn run(args: &Args, out: &mut impl Write) -> anyhow::Result<()> {
    let ambient = Ambient::system();
    let data = DataDir::new(&args.place.data, Config::load(args.place.config.as_deref())?);
    let mut keyring = data.load_keys(&ambient)?;
    match args.command {
        Command::List => {}
        Command::Rotate { role } => {
            keyring.rotate(role, &mut ambient.rng(), ambient.now())?;
            writeln!(out, "Made the next {role} key. {RESTART}")?;
        }
        Command::Add { algorithm } => {
            if keyring.issuer_keys(ambient.now()).any(|(key, _)| key.signer().algorithm() == algorithm) {
                bail!("there is a key of {algorithm} already: `heteronym keys rotate issuer` makes the next one");
            }
            keyring.add_algorithm(algorithm, &mut ambient.rng(), ambient.now())?;
            writeln!(out, "Made the first {algorithm} key. {RESTART}")?;
        }
        Command::Purge => {
            let deleted = keyring.purge(ambient.now())?;
            writeln!(out, "Deleted {deleted} keys that nothing needed any more.")?;
        }
    }
    for (key, state) in keyring.issuer_keys(ambient.now()) {
        writeln!(
            out,
            "{:<6} {:<8} {}",
            key.signer().algorithm(),
            format!("{state:?}").to_lowercase(),
            key.signer().kid()
        )?;
    }
    Ok(())
}

const RESTART: &str =
    "A server that runs sees it when it starts again: do that soon, so that it is published before it is used.";
