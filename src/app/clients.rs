//! `heteronym clients`: the forums that may ask.

use std::{collections::BTreeSet, io::Write};

use anyhow::{Context as _, bail};
use clap::{Subcommand, ValueEnum};

use super::{Place, Services, services};
use crate::{
    clients::{ClaimsIn, Client, Draft},
    domain::{area::Level, bracket::AgeBracket, claim::Quality, ids::ClientId},
    web,
    wire::{
        jose::Algorithm,
        oauth::{ApplicationType, AuthMethod},
    },
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
    /// All forums, a line each.
    List,
    /// One forum, with the values to give its software.
    Show { client_id: ClientId },
    /// Replace a secret: the old one is dead at once.
    RotateSecret { client_id: ClientId },
    /// End a forum's access for good.
    Disable { client_id: ClientId },
}

#[derive(Debug, clap::Args)]
#[expect(clippy::doc_markdown, reason = "these comments are read at a terminal")]
struct Add {
    /// The forum's name, as citizens read it before they agree.
    #[arg(long)]
    name: String,
    /// Where answers go: an https address, byte for byte. May be given several times.
    #[arg(long = "redirect-uri", required = true)]
    redirect_uris: Vec<String>,
    /// Where the browser may return after signing out.
    #[arg(long = "post-logout-redirect-uri")]
    post_logout_redirect_uris: Vec<String>,
    /// A name of your choice for the `client_id`: c_ and 1 to 62 of a-z, 0-9, _ and -.
    #[arg(long)]
    client_id: Option<ClientId>,
    /// What it may ask for.
    #[arg(long, default_value = "openid profile age residence")]
    scope: String,
    /// How fine a residence it asks for: country, region, departement, epci or commune.
    #[arg(long, default_value = "departement")]
    residence: Level,
    /// Coarser age brackets than the published ones, such as Y_LT18,Y18-49,Y_GE50.
    #[arg(long, value_delimiter = ',')]
    age_brackets: Vec<AgeBracket>,
    /// Qualities without which nobody gets in, such as age_over_18. Citizens cannot decline these one by one.
    #[arg(long, value_delimiter = ',')]
    required: Vec<Quality>,
    /// Heteronyms that each person may have: 1 is one person, one voice. Cannot be changed later.
    #[arg(long, default_value_t = 1)]
    heteronyms: u8,
    /// How it authenticates; `none` is for software that can keep no secret.
    #[arg(long, value_enum, default_value_t = Method::ClientSecretBasic)]
    auth_method: Method,
    /// The signature of its ID tokens: RS256, PS256, ES256 or EdDSA.
    #[arg(long, default_value = "RS256")]
    algorithm: Algorithm,
    /// Put the claims into the ID token as well, for software that reads only that.
    #[arg(long)]
    claims_in_id_token: bool,
    /// A native application, which may use http on 127.0.0.1 with any port. Its pseudonyms belong to its client_id.
    #[arg(long)]
    native: bool,
    /// The host that pseudonyms belong to, when the redirect URIs have several; or a sector to join.
    #[arg(long)]
    sector: Option<String>,
    /// Share pseudonyms with the clients that have this sector already: all of them will know each member by the same sub.
    /// Their operators have to agree to it, and members have to be told.
    #[arg(long)]
    join_sector: bool,
    #[arg(long)]
    client_uri: Option<String>,
    #[arg(long)]
    policy_uri: Option<String>,
    #[arg(long)]
    tos_uri: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Method {
    #[value(name = "client_secret_basic")]
    ClientSecretBasic,
    #[value(name = "client_secret_post")]
    ClientSecretPost,
    #[value(name = "none")]
    None,
}

const EXAMPLES: &str = "\
Examples:
  heteronym clients add --name 'Budget participatif' --redirect-uri https://forum.example/auth/oidc/callback
  heteronym clients add --name 'Conseil des jeunes' --redirect-uri https://jeunes.example/cb --required residence \\
      --residence commune --age-brackets Y_LT18,Y18-24,Y_GE25 --algorithm EdDSA
  heteronym clients add --name 'Wiki du budget' --redirect-uri https://wiki.example/cb --sector forum.example --join-sector
  heteronym clients show c_1a2b3c";

pub(super) async fn run(args: Args, out: &mut impl Write) -> anyhow::Result<()> {
    let services = services::open(&args.place).await?;
    let done = execute(&services, args.command, out).await;
    services.store.close().await;
    done
}

async fn execute(services: &Services, command: Command, out: &mut impl Write) -> anyhow::Result<()> {
    match command {
        Command::Add(add) => {
            let (client, secret) = services.clients.register(add.draft(services)).await?;
            show(services, &client, out).await?;
            if let Some(secret) = secret {
                writeln!(out, "client_secret   {}\n\nThe secret is shown this once.", secret.expose())?;
            }
        }
        Command::List => list(services, out).await?,
        Command::Show { client_id } => show(services, &*find(services, &client_id).await?, out).await?,
        Command::RotateSecret { client_id } => {
            let client = find(services, &client_id).await?;
            let secret = services.clients.rotate_secret(&client_id).await?.with_context(|| {
                let method = client.metadata.token_endpoint_auth_method.as_str();
                format!("{client_id} has no secret: its software can keep none (authentication {method})")
            })?;
            writeln!(out, "client_secret   {}\n\nThe secret is shown this once.", secret.expose())?;
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

/// The five settings of forum software, and what was registered.
async fn show(services: &Services, client: &Client, out: &mut impl Write) -> anyhow::Result<()> {
    let metadata = &client.metadata;
    writeln!(out, "{}{}", metadata.client_name, if client.is_disabled() { " (disabled)" } else { "" })?;
    writeln!(out, "issuer          {}", services.config.server.issuer)?;
    writeln!(out, "client_id       {}", client.id)?;
    writeln!(out, "scope           {}", metadata.scope)?;
    writeln!(out, "algorithm       {}", metadata.id_token_signed_response_alg)?;
    writeln!(out, "authentication  {}", metadata.token_endpoint_auth_method.as_str())?;
    writeln!(out, "sector          {}", client.sector)?;
    for other in services.clients.sharing(client).await? {
        writeln!(out, "same members    {}", other.told())?;
    }
    writeln!(out, "residence       {}", metadata.residence_level)?;
    for uri in &metadata.redirect_uris {
        writeln!(out, "redirect_uri    {uri}")?;
    }
    for uri in &metadata.post_logout_redirect_uris {
        writeln!(out, "after sign-out  {uri}")?;
    }
    writeln!(out, "what to paste   {}?client_id={}", services.config.server.issuer.at(web::paths::CONNECT), client.id)?;
    Ok(())
}

impl Add {
    fn draft(self: Box<Self>, services: &Services) -> Draft {
        Draft {
            id: self.client_id,
            name: self.name,
            client_uri: self.client_uri,
            policy_uri: self.policy_uri,
            tos_uri: self.tos_uri,
            application_type: if self.native { ApplicationType::Native } else { ApplicationType::Web },
            redirect_uris: self.redirect_uris,
            post_logout_redirect_uris: self.post_logout_redirect_uris,
            auth_method: match self.auth_method {
                Method::ClientSecretBasic => AuthMethod::ClientSecretBasic,
                Method::ClientSecretPost => AuthMethod::ClientSecretPost,
                Method::None => AuthMethod::None,
            },
            id_token_alg: self.algorithm,
            scope: self.scope,
            residence_level: self.residence,
            age_brackets: (!self.age_brackets.is_empty()).then_some(self.age_brackets),
            required: self.required.into_iter().collect::<BTreeSet<_>>(),
            id_token_claims: if self.claims_in_id_token { ClaimsIn::All } else { ClaimsIn::Userinfo },
            heteronyms_per_person: self.heteronyms,
            sector: self.sector,
            join_sector: self.join_sector,
            local: !services.config.server.issuer.is_https(),
            ..Draft::default()
        }
    }
}
