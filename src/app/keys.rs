//! `heteronym keys`: what there is, and the next ones.

use std::io::Write;

use clap::Subcommand;

use super::{DataDir, Place};
use crate::{config::Config, domain::ambient::Ambient, keyring::Role};

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
}

pub(super) fn run(args: &Args, out: &mut impl Write) -> anyhow::Result<()> {
    let ambient = Ambient::system();
    let data = DataDir::new(&args.place.data, Config::load(args.place.config.as_deref())?);
    let mut keyring = data.load_keys(&ambient)?;
    if let Command::Rotate { role } = args.command {
        keyring.rotate(role, &mut ambient.rng(), ambient.now())?;
        writeln!(out, "Made the next {role} key. A server that runs sees it when it starts again.")?;
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
