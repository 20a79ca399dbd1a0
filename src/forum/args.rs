//! `heteronym forum`: the command line of a forum that runs by itself.

use std::{net::SocketAddr, path::PathBuf};

use super::config::{ClientSecret, Config, ConfigError};

/// Run a reference forum: a relying party with its own database.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// TOML file with the forum's settings; flags and variables come before what it says
    #[arg(long, env = "HETERONYM_FORUM_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The provider, exactly as its discovery document names itself
    #[arg(long, env = "HETERONYM_FORUM_ISSUER", value_name = "URL")]
    issuer: Option<String>,
    /// The name under which the provider knows this forum
    #[arg(long, env = "HETERONYM_FORUM_CLIENT_ID", value_name = "ID")]
    client_id: Option<String>,
    /// The secret that goes with it; leave out for a public client (better in the variable than on the command line)
    #[arg(long, env = "HETERONYM_FORUM_CLIENT_SECRET", value_name = "SECRET", hide_env_values = true)]
    client_secret: Option<ClientSecret>,
    /// Where browsers reach this forum, without a slash at the end
    #[arg(long, env = "HETERONYM_FORUM_BASE_URL", value_name = "URL")]
    base_url: Option<String>,
    /// The address and port to listen on
    #[arg(long, env = "HETERONYM_FORUM_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The forum's own SQLite file, made when missing
    #[arg(long, env = "HETERONYM_FORUM_DATABASE", value_name = "FILE")]
    database: Option<PathBuf>,
    /// What the forum is called
    #[arg(long, env = "HETERONYM_FORUM_TITLE", value_name = "TEXT")]
    title: Option<String>,
    /// The word from which its cookies are named: another one for each forum on one host
    #[arg(long, env = "HETERONYM_FORUM_COOKIE", value_name = "WORD")]
    cookie: Option<String>,
    /// Check the provider's public log now, say what came of it, and end; the forum must not be running
    #[arg(long, conflicts_with = "accept_log")]
    check_log: bool,
    /// Go on with the log as it is, though it is not the one that was seen before; the forum must not be running
    #[arg(long)]
    accept_log: bool,
}

/// What the command is run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    Serve,
    CheckLog,
    AcceptLog,
}

/// The command line and its file do not add up to a forum.
#[derive(Debug, thiserror::Error)]
pub enum ArgsError {
    #[error("cannot read {path}: {error}", path = .0.display(), error = .1)]
    Unreadable(PathBuf, std::io::Error),
    #[error("{path}: {error}", path = .0.display(), error = .1)]
    Syntax(PathBuf, toml::de::Error),
    #[error("`{0}` is missing: give it in the file, as --{flag}, or as HETERONYM_FORUM_{variable}",
        flag = .0.replace('_', "-"), variable = .0.to_uppercase())]
    Missing(&'static str),
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl Args {
    pub const fn errand(&self) -> Errand {
        match self {
            Self { check_log: true, .. } => Errand::CheckLog,
            Self { accept_log: true, .. } => Errand::AcceptLog,
            _ => Errand::Serve,
        }
    }

    /// The settings: flags and environment first, then the file, then the defaults; checked.
    pub fn load(self) -> Result<Config, ArgsError> {
        let mut table = match &self.config {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| ArgsError::Unreadable(path.clone(), error))?;
                toml::from_str(&text).map_err(|error| ArgsError::Syntax(path.clone(), error))?
            }
            None => toml::Table::new(),
        };
        for (key, value) in [
            ("issuer", self.issuer),
            ("client_id", self.client_id),
            ("base_url", self.base_url),
            ("title", self.title),
            ("cookie", self.cookie),
            ("listen", self.listen.map(|listen| listen.to_string())),
        ] {
            if let Some(value) = value {
                table.insert(key.to_owned(), toml::Value::String(value));
            }
        }
        for key in ["issuer", "client_id", "base_url"] {
            if !table.contains_key(key) {
                return Err(ArgsError::Missing(key));
            }
        }
        let mut config: Config = table
            .try_into()
            .map_err(|error| ArgsError::Syntax(self.config.unwrap_or_else(|| PathBuf::from("command line")), error))?;
        config.database = self.database.unwrap_or(config.database);
        config.client_secret = self.client_secret.or(config.client_secret);
        config.validate()?;
        Ok(config)
    }
}

const EXAMPLES: &str = "Examples:
  A forum beside a provider on this machine:
    heteronym forum --issuer http://localhost:8400 --client-id place --base-url http://127.0.0.1:8401

  A forum with boards and rules, from a file:
    heteronym forum --config place.toml

  Is the public log still the one that the forum has seen? (every night without asking)
    heteronym forum --config place.toml --check-log

  place.toml:
    issuer = \"https://heteronym.example\"
    client_id = \"place\"
    base_url = \"https://place.example\"
    title = \"Place de la Mairie\"
    scopes = [\"openid\", \"profile\", \"age\", \"residence\"]

    [[boards]]
    slug = \"budget\"
    title = \"Budget participatif\"
    start = { all = [{ residence = [\"FR-38\"] }, { age = 18 }] }
    reply = \"anyone\"

Register at the provider: the redirect URI BASE_URL/callback, the post-logout redirect URI BASE_URL/signed-out,
ID tokens signed with EdDSA. The first start prints a code with which the first moderator is made.";

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn load(line: &[&str]) -> Result<Config, ArgsError> {
        Line::try_parse_from([&["forum"], line].concat()).unwrap().args.load()
    }

    #[test]
    fn three_flags_make_a_forum() {
        let config =
            load(&["--issuer", "http://localhost:8400", "--client-id", "place", "--base-url", "http://127.0.0.1:8401"])
                .unwrap();
        assert_eq!((config.issuer.as_str(), config.listen.port()), ("http://localhost:8400", 8401));
    }

    #[test]
    fn an_errand_about_the_log_is_run_in_place_of_the_forum_and_one_at_a_time() {
        let errand = |line: &[&str]| Line::try_parse_from([&["forum"], line].concat()).map(|line| line.args.errand());
        assert_eq!(errand(&[]).unwrap(), Errand::Serve);
        assert_eq!(errand(&["--check-log"]).unwrap(), Errand::CheckLog);
        assert_eq!(errand(&["--accept-log"]).unwrap(), Errand::AcceptLog);
        assert!(errand(&["--accept-log", "--check-log"]).is_err());
    }

    #[test]
    fn a_flag_comes_before_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("forum.toml");
        let text =
            "issuer = \"https://a.example\"\nclient_id = \"a\"\nbase_url = \"https://f.example\"\ntitle = \"T\"\n";
        std::fs::write(&path, text).unwrap();
        let config = load(&["--config", path.to_str().unwrap(), "--client-id", "b"]).unwrap();
        assert_eq!((config.client_id.as_str(), config.title.as_str()), ("b", "T"));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        assert!(load(&[]).unwrap_err().to_string().contains("--issuer"));
        let line = ["--issuer", "http://far.example", "--client-id", "b", "--base-url", "https://f.example"];
        assert!(load(&line).unwrap_err().to_string().contains("`issuer`"));
        assert!(load(&["--config", "/nowhere.toml"]).unwrap_err().to_string().contains("/nowhere.toml"));
    }
}
