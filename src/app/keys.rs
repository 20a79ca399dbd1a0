//! `heteronym keys`: what there is, the next ones, and what to do when one was stolen.

use std::io::Write;

use anyhow::bail;
use clap::Subcommand;

use super::{DataDir, Place};
use crate::{
    clients::Client,
    config::Config,
    domain::ambient::{Ambient, Timestamp},
    keyring::{KeyInfo, KeyState, Keyring, LIVE_WITHIN, Role},
    wire::jose::Algorithm,
};

/// The private keys of an installation. A server that runs sees every change within ten seconds.
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
    /// Every key of every role, with its state and its dates.
    List,
    /// Make the next key of a role: it is published first, and signs or seals after the hours of the policy.
    #[command(after_help = ROTATE_EXAMPLES)]
    Rotate {
        /// issuer, vault, pseudonym, token or log.
        role: Role,
        /// Let it take over in ten seconds, when every node knows it. Relying parties fetch the keys once more.
        #[arg(long)]
        now: bool,
    },
    /// Make the first signing key of a further algorithm, so that clients can be registered for it.
    Add {
        /// RS256, PS256, ES256 or `EdDSA`.
        algorithm: Algorithm,
    },
    /// End the use of an active key: another takes over in ten seconds, and what this one signed still verifies.
    #[command(after_help = RETIRE_EXAMPLES)]
    Retire {
        /// Its kid or its name, as `keys list` shows them.
        #[arg(value_name = "KID")]
        key: String,
    },
    /// Take stolen keys away: within ten seconds no node publishes or believes them, and another one signs.
    #[command(after_help = REVOKE_EXAMPLES)]
    Revoke {
        /// Their kids or names, as `keys list` shows them.
        #[arg(value_name = "KID", required = true)]
        keys: Vec<String>,
        /// Really: what they signed or sealed is refused from then on, and they never come back.
        #[arg(long)]
        yes: bool,
    },
    /// Delete signing and token keys that nothing needs any more. The service does it by itself, unless keys.rotate is false.
    Purge,
}

const EXAMPLES: &str = "\
Examples:
  heteronym keys list
  heteronym keys rotate issuer               the next signing keys, a day before they sign
  heteronym keys revoke issuer-eddsa-3 --yes a signing key was stolen: see also keys/README.md";

const ROTATE_EXAMPLES: &str = "\
Examples:
  heteronym keys rotate token                the service does this by itself every 30 days
  heteronym keys rotate issuer --now         without waiting for the caches of relying parties";

const RETIRE_EXAMPLES: &str = "\
Examples:
  heteronym keys retire issuer-rs256-2       its tokens verify for as long as the policy says";

const REVOKE_EXAMPLES: &str = "\
Examples:
  heteronym keys revoke issuer-eddsa-3 --yes
  heteronym keys revoke issuer-eddsa-3 issuer-es256-3 issuer-rs256-3 token-7 --yes    the whole directory was read";

pub(super) async fn run(args: Args, out: &mut impl Write) -> anyhow::Result<()> {
    let ambient = Ambient::system();
    let data = DataDir::new(&args.place.data, Config::load(args.place.config.as_deref())?);
    let keyring = data.load_keys(&ambient)?;
    let (mut rng, now) = (ambient.rng(), ambient.now());
    match args.command {
        Command::List => {}
        Command::Rotate { role, now: at_once } => {
            let made =
                if at_once { keyring.rotate_now(role, &mut rng, now)? } else { keyring.rotate(role, &mut rng, now)? };
            tell_made(&made, &keyring, role, now, out)?;
        }
        Command::Add { algorithm } => {
            let made = keyring.add_algorithm(algorithm, &mut rng, now)?;
            if made.is_empty() {
                bail!("there is a key of {algorithm} already: `heteronym keys rotate issuer` makes the next one");
            }
            tell_made(&made, &keyring, Role::Issuer, now, out)?;
        }
        Command::Retire { key } => {
            let made = keyring.retire(&key, &mut rng, now)?;
            writeln!(out, "The key {key} is used for {} more seconds at the most.", LIVE_WITHIN.as_secs())?;
            for made in &made {
                writeln!(out, "{} takes over on {}.", made.name(), date(made.activates))?;
            }
        }
        Command::Revoke { keys, yes } => {
            if !yes {
                bail!(
                    "what {} signed or sealed will be refused for ever: add --yes if that is meant, or see `heteronym keys retire`",
                    keys.join(", ")
                );
            }
            revoke(&keys, &keyring, &data, &ambient, out).await?;
        }
        Command::Purge => {
            let deleted = keyring.purge(now)?;
            writeln!(out, "Deleted {deleted} keys that nothing needed any more.")?;
        }
    }
    list(&keyring.keys(ambient.now()), out)
}

fn tell_made(
    made: &[KeyInfo],
    keyring: &Keyring,
    role: Role,
    now: Timestamp,
    out: &mut impl Write,
) -> std::io::Result<()> {
    if made.is_empty() {
        let waiting = keyring.keys(now).into_iter().filter(|key| key.role == role && key.state == KeyState::Next);
        for key in waiting {
            writeln!(out, "{} waits already, and takes over on {}.", key.name(), date(key.activates))?;
        }
    }
    for key in made {
        writeln!(out, "{} takes over on {}.", key.name(), date(key.activates))?;
    }
    Ok(())
}

/// Revokes first, so that nothing that may fail holds it up; then says what is left to do.
async fn revoke(
    keys: &[String],
    keyring: &Keyring,
    data: &DataDir,
    ambient: &Ambient,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let named: Vec<_> = keys.iter().map(String::as_str).collect();
    let made = keyring.revoke(&named, &mut ambient.rng(), ambient.now())?;
    let now = ambient.now();
    let known = keyring.keys(now);
    let revoked: Vec<_> = known.iter().filter(|key| keys.contains(&key.kid) || keys.contains(&key.name())).collect();
    for key in &revoked {
        writeln!(out, "{} is revoked: no node believes it in {} seconds.", key.name(), LIVE_WITHIN.as_secs())?;
    }
    for key in &made {
        writeln!(out, "{} has taken over.", key.name())?;
    }
    let beside =
        known.iter().filter(|key| matches!(key.role, Role::Issuer | Role::Token | Role::Log) && !made.contains(key));
    let beside = beside.filter(|key| !matches!(key.state, KeyState::Revoked | KeyState::Expired));
    let beside: Vec<_> = beside.map(KeyInfo::name).collect();
    if !beside.is_empty() {
        writeln!(out, "If the whole directory was read, revoke these as well: {}.", beside.join(" "))?;
    }
    let algorithms: Vec<_> = revoked.iter().filter_map(|key| key.algorithm).collect();
    for role in revoked.iter().map(|key| key.role).collect::<std::collections::BTreeSet<_>>() {
        writeln!(out, "What theft of it means: {}.", keyring.policy().of(role).theft)?;
    }
    if !algorithms.is_empty() {
        tell_clients(&algorithms, data, ambient, out).await?;
    }
    writeln!(out)?;
    Ok(())
}

/// Whom the operator has to tell: whoever verifies ID tokens of this algorithm, and may have the revoked key in a cache.
async fn tell_clients(
    algorithms: &[Algorithm],
    data: &DataDir,
    ambient: &Ambient,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let store = match data.open_store(ambient).await {
        Ok(store) => store,
        Err(error) => {
            writeln!(
                out,
                "Tell the clients whose ID tokens it signed. The log of the service names them, and so does"
            )?;
            writeln!(out, "`heteronym clients list`; the database cannot be asked from here now ({error}).")?;
            return Ok(());
        }
    };
    let clients = Client::all(&store).await;
    store.close().await;
    let signed = |client: &Client| client.metadata.signed_by_us().any(|algorithm| algorithms.contains(&algorithm));
    let clients: Vec<_> = clients?.into_iter().filter(|client| signed(client) && !client.is_disabled()).collect();
    if clients.is_empty() {
        writeln!(out, "No client has ID tokens of its algorithm: nobody has to be told.")?;
        return Ok(());
    }
    writeln!(
        out,
        "Tell these clients to fetch the keys again and to end the sessions that they began with its tokens:"
    )?;
    for client in clients {
        writeln!(
            out,
            "  {}  {}  {}",
            client.id, client.metadata.id_token_signed_response_alg, client.metadata.client_name
        )?;
    }
    Ok(())
}

fn list(keys: &[KeyInfo], out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(
        out,
        "{:<10} {:<9} {:>7} {:<8} {:<43} {:<20} {:<20} {:<20} ENDS",
        "ROLE", "ALGORITHM", "VERSION", "STATE", "KID", "CREATED", "ACTIVATES", "RETIRES"
    )?;
    for key in keys {
        writeln!(
            out,
            "{:<10} {:<9} {:>7} {:<8} {:<43} {:<20} {:<20} {:<20} {}",
            key.role.as_str(),
            key.algorithm.map_or("-", Algorithm::as_str),
            key.version,
            key.state,
            key.kid,
            date(key.created),
            date(key.activates),
            key.retires.map_or_else(unknown, date),
            key.ends.map_or_else(unknown, date),
        )?;
    }
    Ok(())
}

fn unknown() -> String {
    "-".to_owned()
}

/// To the second: what the files say is finer.
fn date(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.seconds()).map_or_else(|_| "never".to_owned(), |at| at.to_string())
}
