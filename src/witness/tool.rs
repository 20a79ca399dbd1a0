//! `heteronym witness`: the command line of a witness, and its settings.

use std::{
    fs,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use rand::CryptoRng;
use serde::Deserialize;

use super::{Clock, OpenError, StoreError, TrustError, Witness, routes::time, trust::Trust};
use crate::wire::tlog::NoteError;

/// Run a witness: it sees that public logs only ever grow, and signs that it has seen it.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// TOML file with `data`, `listen` and `trusted_proxies`; flags and variables come before what it says
    #[arg(long, global = true, env = "HETERONYM_WITNESS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The directory of the witness: its key and its memory
    #[arg(long, global = true, env = "HETERONYM_WITNESS_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// The address and port to listen on; a proxy in front ends TLS
    #[arg(long, env = "HETERONYM_WITNESS_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What is done in place of serving.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Make the key and the memory of a new witness, and print its verifier key
    Init {
        /// What its cosignatures name it: a URL without scheme, such as witness.example/w1. It never changes.
        #[arg(long)]
        name: String,
    },
    /// The logs that are witnessed
    #[command(subcommand)]
    Logs(Logs),
}

/// The logs that are witnessed.
#[derive(Clone, Debug, Subcommand)]
pub enum Logs {
    /// Trust a log's key; a witness that runs sees it at once
    Add(Named),
    /// No longer trust a key; what was cosigned is not forgotten
    Remove(Named),
    /// Every key that is trusted, and every log with the newest head that was cosigned
    List,
}

/// A log's key.
#[derive(clap::Args, Clone, Debug)]
pub struct Named {
    /// The verifier key of the log: name+id+base64
    vkey: String,
    /// The origin of the log, where its key is named otherwise
    #[arg(long, conflicts_with = "issuer")]
    origin: Option<String>,
    /// Every log of the issuer: ISSUER/log/NAME, whichever NAME this key has; a Heteronym provider begins one each year
    #[arg(long)]
    issuer: bool,
}

/// Where a witness lives and listens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default = "default_data")]
    pub data: PathBuf,
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Proxies whose `X-Forwarded-For` is believed when connections are counted.
    #[serde(default)]
    pub trusted_proxies: Vec<IpAddr>,
}

/// A command cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    #[error("cannot read {0}: {1}")]
    Unreadable(PathBuf, io::Error),
    #[error("{0}: {1}")]
    Syntax(PathBuf, toml::de::Error),
    #[error("the directory {0}: {1}")]
    Directory(PathBuf, io::Error),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error(transparent)]
    Key(#[from] NoteError),
    #[error("{0} was not trusted with this key: `heteronym witness logs list` shows what is")]
    NotTrusted(String),
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

impl Args {
    /// The settings (flags and environment first, then the file, then the defaults), and what is asked; serving if nothing.
    pub fn load(self) -> Result<(Config, Option<Command>), ToolError> {
        let mut config = match &self.config {
            Some(path) => {
                let text = fs::read_to_string(path).map_err(|error| ToolError::Unreadable(path.clone(), error))?;
                toml::from_str(&text).map_err(|error| ToolError::Syntax(path.clone(), error))?
            }
            None => Config { data: default_data(), listen: default_listen(), trusted_proxies: Vec::new() },
        };
        config.data = self.data.unwrap_or(config.data);
        config.listen = self.listen.unwrap_or(config.listen);
        Ok((config, self.command))
    }
}

/// Carries out what is not serving.
pub async fn run(
    command: &Command,
    config: &Config,
    clock: Clock,
    rng: &mut impl CryptoRng,
    out: &mut impl Write,
) -> Result<(), ToolError> {
    match command {
        Command::Init { name } => init(&config.data, name, clock, rng, out).await,
        Command::Logs(logs) => {
            let witness = Witness::open(&config.data, clock).await?;
            let done = witness.logs(logs, out).await;
            witness.close().await;
            done
        }
    }
}

async fn init(
    data: &Path,
    name: &str,
    clock: Clock,
    rng: &mut impl CryptoRng,
    out: &mut impl Write,
) -> Result<(), ToolError> {
    let fail = |error| ToolError::Directory(data.to_owned(), error);
    fs::create_dir_all(data).map_err(fail)?;
    fs::set_permissions(data, fs::Permissions::from_mode(0o700)).map_err(fail)?;
    let witness = Witness::create(data, name, clock, rng).await?;
    let key = witness.verifier_key();
    witness.close().await;
    writeln!(out, "{key}")?;
    writeln!(out, "This is the witness's verifier key, for the operators of logs; they also need its address.")?;
    writeln!(out, "Back up the whole of {}: the key without its memory must never sign again.", data.display())?;
    writeln!(out, "Next: heteronym witness logs add VKEY, then heteronym witness.")?;
    Ok(())
}

impl Witness {
    async fn logs(&self, logs: &Logs, out: &mut impl Write) -> Result<(), ToolError> {
        let store = &self.0.store;
        match logs {
            Logs::Add(named) => {
                let trust = named.trust()?;
                let new = store.trust(&trust, self.seconds()).await?;
                writeln!(out, "{trust} {} with this key.", if new { "is trusted" } else { "was trusted already" })?;
            }
            Logs::Remove(named) => {
                let trust = named.trust()?;
                if !store.distrust(&trust).await? {
                    return Err(ToolError::NotTrusted(trust.to_string()));
                }
                writeln!(out, "{trust} is no longer trusted with this key.")?;
            }
            Logs::List => self.list(out).await?,
        }
        Ok(())
    }

    async fn list(&self, out: &mut impl Write) -> Result<(), ToolError> {
        let store = &self.0.store;
        writeln!(out, "Trusted:")?;
        for trust in store.trusted().await? {
            writeln!(out, "  {trust} with {}", trust.key()?)?;
        }
        writeln!(out, "Cosigned:")?;
        for known in store.all_known().await? {
            let at = time(known.cosigned_at);
            writeln!(out, "  {} size {} root {} at {at}", known.origin, known.size, known.root)?;
            for fork in store.forks(&known.origin).await? {
                writeln!(out, "    THE LOG HAS ALSO SIGNED, which proves that it has two histories:")?;
                fork.lines().try_for_each(|line| writeln!(out, "      {line}"))?;
            }
        }
        Ok(())
    }
}

impl Named {
    fn trust(&self) -> Result<Trust, TrustError> {
        let key = self.vkey.parse()?;
        if self.issuer { Trust::of_issuer(&key) } else { Trust::of_log(&key, self.origin.as_deref()) }
    }
}

fn default_data() -> PathBuf {
    PathBuf::from("witness")
}

/// The port that witnesses of others have by default.
fn default_listen() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 7380))
}

const EXAMPLES: &str = "Examples:
  A new witness of a Heteronym provider, whose operator gives the verifier key of one of its logs:
    heteronym witness init --data /var/lib/witness --name witness.example/w1
    heteronym witness logs add --data /var/lib/witness --issuer 'id.example/log/registry+1a2b3c4d+AU…'
    heteronym witness --data /var/lib/witness --listen 127.0.0.1:7380

  A log of another kind:
    heteronym witness logs add 'sofa.example/log+5e6f7a8b+AX…'

The provider's operator adds the verifier key that `init` prints, and the address, to log.witnesses. A proxy in front of
the witness ends TLS. GET /logs shows what it has cosigned.";

#[cfg(test)]
mod tests {
    use clap::Parser;
    use ed25519_dalek::SigningKey;
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;
    use crate::wire::tlog::{Algorithm, NoteKey};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn key(name: &str) -> String {
        let public = SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes();
        NoteKey::new(name, Algorithm::Ed25519, &public).unwrap().to_string()
    }

    async fn say(data: &Path, line: &[&str]) -> Result<String, ToolError> {
        let line = Line::try_parse_from([&["witness", "--data", data.to_str().unwrap()], line].concat()).unwrap();
        let (config, command) = line.args.load()?;
        let mut out = Vec::new();
        let clock = Clock::new(|| 1_781_517_600_000);
        run(&command.unwrap(), &config, clock, &mut StdRng::seed_from_u64(1), &mut out).await?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[tokio::test]
    async fn a_witness_is_made_once_and_told_which_logs_it_is_for() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("w");
        let said = say(&data, &["init", "--name", "witness.example/w1"]).await.unwrap();
        let vkey: NoteKey = said.lines().next().unwrap().parse().unwrap();
        assert_eq!((vkey.name(), vkey.algorithm()), ("witness.example/w1", Algorithm::Cosignature));
        assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
        let again = say(&data, &["init", "--name", "witness.example/w1"]).await.unwrap_err();
        assert!(again.to_string().ends_with("exists already: a witness keeps its key for life"), "{again}");

        let (issuer, log) = (key("id.example/log/registry"), key("sofa.example/log"));
        let said = say(&data, &["logs", "add", "--issuer", &issuer]).await.unwrap();
        assert_eq!(said, "id.example/log/* is trusted with this key.\n");
        assert!(say(&data, &["logs", "add", &log]).await.unwrap().contains("is trusted"));
        assert!(say(&data, &["logs", "add", &log]).await.unwrap().contains("was trusted already"));
        assert!(say(&data, &["logs", "add", "--issuer", &log]).await.is_err(), "it names no issuer");
        let listed = say(&data, &["logs", "list"]).await.unwrap();
        assert!(listed.contains(&format!("  sofa.example/log with {log}\n")), "{listed}");
        assert!(listed.contains("  id.example/log/* with "), "{listed}");
        assert!(say(&data, &["logs", "remove", &log]).await.unwrap().contains("no longer"));
        assert!(matches!(say(&data, &["logs", "remove", &log]).await, Err(ToolError::NotTrusted(_))));
        assert!(!say(&data, &["logs", "list"]).await.unwrap().contains("sofa.example"));
    }

    #[tokio::test]
    async fn a_name_that_no_cosignature_can_have_is_refused_before_anything_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("w");
        assert!(say(&data, &["init", "--name", "two words"]).await.is_err());
        assert!(fs::read_dir(&data).unwrap().next().is_none());
    }

    #[tokio::test]
    async fn a_key_without_its_memory_does_not_open() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("w");
        say(&data, &["init", "--name", "witness.example/w1"]).await.unwrap();
        fs::remove_file(data.join("witness.db")).unwrap();
        let refused = say(&data, &["logs", "list"]).await.unwrap_err().to_string();
        assert!(refused.contains("a witness without its memory must not sign"), "{refused}");
    }

    #[test]
    fn flags_come_before_the_file_and_an_unknown_setting_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("witness.toml");
        fs::write(&path, "data = '/a'\nlisten = '127.0.0.1:1'\n").unwrap();
        let line = ["witness", "--config", path.to_str().unwrap(), "--data", "/b"];
        let (config, command) = Line::try_parse_from(line).unwrap().args.load().unwrap();
        assert_eq!((config.data, config.listen.port()), (PathBuf::from("/b"), 1));
        assert!(command.is_none(), "it serves");
        fs::write(&path, "date = '/a'\n").unwrap();
        assert!(Line::try_parse_from(line).unwrap().args.load().is_err());
    }
}
