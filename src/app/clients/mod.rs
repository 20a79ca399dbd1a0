//! `heteronym clients`: the forums that may ask.

mod add;
mod show;
mod update;

use std::{io::Write, time::Duration};

use anyhow::{Context as _, bail};
use clap::Subcommand;

use self::{add::Add, show::show, update::Update};
use super::{Place, Services, services};
use crate::{
    clients::Client,
    config::Registration,
    domain::{ids::ClientId, secret::Token},
    provider::discovery::path,
};

/// The forums that may ask.
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
    /// Register a forum. Its secret is printed once.
    Add(Box<Add>),
    /// Make an initial access token, with which one forum registers itself. It is printed once.
    Token {
        /// How long it can be used.
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=366))]
        days: u16,
    },
    /// All forums, a line each.
    List,
    /// One forum, with the values to give its software.
    Show { client_id: ClientId },
    /// Change what a forum registered. What is not said stays.
    Update(Box<Update>),
    /// Replace a secret: the old one is dead at once.
    RotateSecret { client_id: ClientId },
    /// End a forum's access for good.
    Disable { client_id: ClientId },
}

const EXAMPLES: &str = "\
Examples:
  heteronym clients add --name 'Budget participatif' --redirect-uri https://forum.example/auth/oidc/callback
  heteronym clients token --days 2           let one forum register itself
  heteronym clients show c_1a2b3c";

pub(super) async fn run(args: Args, out: &mut impl Write) -> anyhow::Result<()> {
    let services = services::open(&args.place).await?;
    let done = execute(&services, args.command, out).await;
    services.close().await;
    done
}

async fn execute(services: &Services, command: Command, out: &mut impl Write) -> anyhow::Result<()> {
    match command {
        Command::Add(add) => {
            let draft = add.draft(!services.config.server.issuer.is_https())?;
            let (client, secret) = services.clients.register(draft).await.map_err(add::told)?;
            show(services, &client, out).await?;
            secret.map_or(Ok(()), |secret| tell(&secret, out))?;
        }
        Command::Token { days } => token(services, days, out).await?,
        Command::List => list(services, out).await?,
        Command::Show { client_id } => show(services, &*find(services, &client_id).await?, out).await?,
        Command::RotateSecret { client_id } => {
            let client = find(services, &client_id).await?;
            let secret = services.clients.rotate_secret(&client_id).await?.with_context(|| {
                let method = client.metadata.token_endpoint_auth_method.as_str();
                format!("{client_id} has no secret: its software can keep none (authentication {method})")
            })?;
            tell(&secret, out)?;
        }
        Command::Update(update) => {
            let client = find(services, &update.client_id).await?;
            if client.is_disabled() {
                bail!("{} is disabled: register the forum anew with `heteronym clients add`", client.id);
            }
            let moved = update.moved;
            let draft = update.draft(&client, !services.config.server.issuer.is_https())?;
            let (client, secret) = services.clients.update(&client, &draft, moved).await.map_err(add::told)?;
            show(services, &client, out).await?;
            secret.map_or(Ok(()), |secret| tell(&secret, out))?;
        }
        Command::Disable { client_id } => {
            find(services, &client_id).await?;
            if !services.clients.disable(&client_id).await? {
                bail!("{client_id} is disabled already");
            }
            writeln!(out, "{client_id} gets nothing more.")?;
        }
    }
    Ok(())
}

fn tell(secret: &Token, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "client_secret   {}\n\nThe secret is shown this once.", secret.expose())
}

async fn token(services: &Services, days: u16, out: &mut impl Write) -> anyhow::Result<()> {
    if services.config.clients.registration == Registration::Off {
        bail!(
            "clients.registration is \"off\": set it to \"token\" first, or register the forum with `heteronym clients add`"
        );
    }
    let token = services.clients.initial_access_token(Duration::from_hours(24 * u64::from(days))).await?;
    writeln!(out, "initial access token   {}", token.expose())?;
    writeln!(out, "registration endpoint  {}", services.config.server.issuer.at(path::REGISTER))?;
    writeln!(out, "\nIt lets one forum register itself within {days} days. It is shown this once.")?;
    Ok(())
}

async fn list(services: &Services, out: &mut impl Write) -> anyhow::Result<()> {
    let clients = services.clients.list().await?;
    if clients.is_empty() {
        writeln!(out, "No forum is registered yet: `heteronym clients add --help`")?;
    }
    for client in clients {
        let state = if client.is_disabled() { " disabled" } else { "" };
        writeln!(out, "{:<26} {:<28} {}{state}", client.id, client.sector, client.metadata.client_name)?;
    }
    Ok(())
}

async fn find(services: &Services, id: &ClientId) -> anyhow::Result<std::sync::Arc<Client>> {
    let found = services.clients.find(id).await?;
    found.with_context(|| format!("{id} is unknown: `heteronym clients list` prints all"))
}
