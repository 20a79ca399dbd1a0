//! Configuration: one TOML file over embedded defaults, each key also from the environment.
//!
//! `default.toml` is the documentation. A key that is not in it is refused by name, wherever it comes from.

mod accounts;
mod clients;
mod keys;
mod log;
mod outbound;
mod server;
mod storage;
mod territory;
mod tokens;

use std::{ffi::OsString, path::Path, time::Duration};

use serde::{Deserialize, Deserializer};
use toml::{Table, Value};

pub use self::{
    accounts::{Accounts, WorkstationKeys},
    clients::{Clients, Registration},
    keys::Keys,
    log::Log,
    outbound::Outbound,
    server::{Language, MtlsUrl, Server},
    storage::{Engine, Storage},
    territory::Territory,
    tokens::Tokens,
};

/// The whole configuration, checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: Server,
    pub storage: Storage,
    pub keys: Keys,
    pub log: Log,
    pub territory: Territory,
    pub accounts: Accounts,
    pub tokens: Tokens,
    pub clients: Clients,
    pub outbound: Outbound,
}

/// Why a configuration is refused; each names the key and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration file {0}: {1}")]
    Read(String, String),
    #[error("the configuration file {0} is not TOML: {1}")]
    Syntax(String, String),
    #[error("there is no setting {0}: `heteronym check --defaults` prints all that there are")]
    Unknown(String),
    #[error("the setting {0} in the environment is not text")]
    NotText(String),
    #[error("the configuration does not hold: {0}")]
    Invalid(String),
}

/// The embedded defaults with their documentation.
pub const DEFAULTS: &str = include_str!("default.toml");

impl Config {
    /// From a file, when given, and the environment of this process.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let text = file.map(|file| {
            let shown = file.display().to_string();
            std::fs::read_to_string(file).map_err(|error| ConfigError::Read(shown, error.to_string()))
        });
        let name = file.map_or_else(String::new, |file| file.display().to_string());
        Self::from_parts(&name, text.transpose()?.as_deref().unwrap_or_default(), std::env::vars_os())
    }

    /// From the text of a file and an environment.
    pub fn from_parts(
        name: &str,
        text: &str,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let mut table = parse("default.toml", DEFAULTS)?;
        overlay(&mut table, parse(name, text)?)?;
        for (key, value) in environment {
            let Some(path) = key.to_str().and_then(|key| key.strip_prefix(PREFIX)) else { continue };
            let Some((section, key)) = path.split_once('_') else { continue };
            set(&mut table, &section.to_lowercase(), &key.to_lowercase(), &value)?;
        }
        let config: Self = Value::Table(table)
            .try_into()
            .map_err(|error: toml::de::Error| ConfigError::Invalid(error.message().to_owned()))?;
        config.server.check().map_err(|reason| ConfigError::Invalid(reason.to_owned()))?;
        Ok(config)
    }
}

fn parse(name: &str, text: &str) -> Result<Table, ConfigError> {
    text.parse().map_err(|error: toml::de::Error| ConfigError::Syntax(name.to_owned(), error.to_string()))
}

/// Replaces defaults by what the file says, refusing what no default knows.
fn overlay(table: &mut Table, file: Table) -> Result<(), ConfigError> {
    for (section, keys) in file {
        let known = table.get_mut(&section).and_then(Value::as_table_mut);
        let (Some(known), Value::Table(keys)) = (known, keys) else { return Err(ConfigError::Unknown(section)) };
        for (key, value) in keys {
            let slot = known.get_mut(&key).ok_or_else(|| ConfigError::Unknown(format!("{section}.{key}")))?;
            *slot = value;
        }
    }
    Ok(())
}

/// Sets one key from text, in the type that its default has. Variables of no known section belong to somebody else.
fn set(table: &mut Table, section: &str, key: &str, value: &OsString) -> Result<(), ConfigError> {
    let Some(known) = table.get_mut(section).and_then(Value::as_table_mut) else { return Ok(()) };
    let name = format!("{section}.{key}");
    let slot = known.get_mut(key).ok_or_else(|| ConfigError::Unknown(name.clone()))?;
    let text = value.to_str().ok_or_else(|| ConfigError::NotText(name.clone()))?;
    let invalid = |what: &str| ConfigError::Invalid(format!("{name} is not {what}"));
    *slot = match slot {
        Value::Integer(_) => Value::Integer(text.parse().map_err(|_| invalid("a whole number"))?),
        Value::Boolean(_) => Value::Boolean(text.parse().map_err(|_| invalid("true or false"))?),
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
        }
        _ => Value::String(text.to_owned()),
    };
    Ok(())
}

/// Reads whole seconds.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_secs)
}

const PREFIX: &str = "HETERONYM_";

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let environment = environment.iter().map(|(key, value)| (OsString::from(key), OsString::from(value)));
        Config::from_parts("test.toml", text, environment).map_err(|error| error.to_string())
    }

    const ISSUER: (&str, &str) = ("HETERONYM_SERVER_ISSUER", "https://id.example");

    #[test]
    fn the_defaults_hold_once_the_issuer_is_said() {
        let config = load("", &[ISSUER]).unwrap();
        assert_eq!(config.tokens.code_lifetime, Duration::from_mins(1));
        assert_eq!(config.server.issuer.as_str(), "https://id.example");
        assert!(load("", &[]).unwrap_err().contains("server.issuer"));
    }

    #[test]
    fn the_environment_wins_over_the_file_and_both_over_the_defaults() {
        let text = "[server]\nissuer = 'https://id.example'\nname = 'A'\n[tokens]\ncode_lifetime = 30";
        let config =
            load(text, &[("HETERONYM_SERVER_NAME", "B"), ("HETERONYM_OUTBOUND_ALLOW", "a.test, b.test")]).unwrap();
        assert_eq!(config.server.name, "B");
        assert_eq!(config.tokens.code_lifetime, Duration::from_secs(30));
        assert_eq!(config.outbound.allow, ["a.test", "b.test"]);
    }

    #[test]
    fn a_key_that_does_not_exist_is_refused_by_name() {
        assert!(load("[server]\nissuers = 'x'", &[ISSUER]).unwrap_err().contains("server.issuers"));
        assert!(load("[servers]\nissuer = 'x'", &[ISSUER]).unwrap_err().contains("servers"));
        assert!(load("", &[ISSUER, ("HETERONYM_TOKENS_CODE_LIFE", "1")]).unwrap_err().contains("tokens.code_life"));
        assert!(load("", &[ISSUER, ("HETERONYM_TEST_POSTGRES", "1")]).is_ok(), "no section of ours");
    }

    #[test]
    fn values_of_the_wrong_kind_are_refused_by_name() {
        let error = load("", &[ISSUER, ("HETERONYM_TOKENS_CODE_LIFETIME", "soon")]).unwrap_err();
        assert!(error.contains("tokens.code_lifetime is not a whole number"), "{error}");
        let error = load("", &[ISSUER, ("HETERONYM_CLIENTS_REGISTRATION", "yes")]).unwrap_err();
        assert!(error.contains("unknown variant `yes`, expected one of `off`, `token`, `open`"), "{error}");
        let error = load("[tokens]\ncode_lifetime = 61", &[ISSUER]).unwrap_err();
        assert!(error.contains("code_lifetime"), "{error}");
    }

    #[test]
    fn an_issuer_is_https_or_loopback_without_anything_after_it() {
        for good in ["https://id.example", "http://localhost:8400", "http://127.0.0.1:1"] {
            assert!(load("", &[("HETERONYM_SERVER_ISSUER", good)]).is_ok(), "{good}");
        }
        for bad in [
            "http://id.example",
            "https://id.example/",
            "https://id.example?x",
            "id.example",
            "https://ID.example",
            "https://id.example/a",
        ] {
            assert!(load("", &[("HETERONYM_SERVER_ISSUER", bad)]).is_err(), "{bad}");
        }
    }
}
