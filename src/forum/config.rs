//! What a forum is set up with: the provider's five values, its own address and boards.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use serde::Deserialize;
use url::{Host, Url};

use super::{log::LogKey, rules::Rule};

/// A forum's settings; the same names in a TOML file.
///
/// ```toml
/// issuer = "https://heteronym.example"
/// client_id = "place-de-la-mairie"
/// base_url = "https://forum.example"
/// scopes = ["openid", "profile", "age", "residence"]
///
/// [[boards]]
/// slug = "budget"
/// title = "Budget participatif"
/// start = { all = [{ residence = ["FR-38"] }, { age = 18 }] }
/// reply = "anyone"
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The provider, exactly as its discovery document names itself.
    pub issuer: String,
    /// The name by which the provider shows itself to people on the sign-in button.
    #[serde(default = "default_provider_name")]
    pub provider_name: String,
    pub client_id: String,
    /// Absent for a public client, which then has its code verifier alone.
    #[serde(default)]
    pub client_secret: Option<ClientSecret>,
    /// Where browsers reach this forum, without a slash at the end. Links are built from it, never from a request.
    pub base_url: String,
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    #[serde(default = "default_database")]
    pub database: PathBuf,
    /// The word from which this forum's cookies are named: cookies are not isolated by port, so two forums on one host
    /// need two words.
    #[serde(default = "default_cookie")]
    pub cookie: String,
    #[serde(default = "default_title")]
    pub title: String,
    #[serde(default)]
    pub tagline: String,
    /// What is asked of the provider; `openid` is added when missing.
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    /// The `claims` parameter (OpenID Connect Core 1.0 §5.5), sent as it stands: how a forum asks for a granularity.
    #[serde(default)]
    pub claims: Option<serde_json::Value>,
    /// The one algorithm in which ID tokens are accepted.
    #[serde(default)]
    pub signing_algorithm: SigningAlgorithm,
    /// The `sub` of each moderator. While there is none, the first is who claims the code printed at the start.
    #[serde(default)]
    pub moderators: BTreeSet<String>,
    #[serde(default = "default_boards")]
    pub boards: Vec<Board>,
    /// What people call the areas that rules name by code.
    #[serde(default)]
    pub areas: BTreeMap<String, String>,
    /// Whether an ID token has to stand in the provider's public log to be believed. `false` is for providers other than
    /// Heteronym, which keep no such log: whatever their keys have signed is then believed, and a token that was made in
    /// secret is one like any other.
    #[serde(default = "default_require_log")]
    pub require_log: bool,
    /// The keys of the log, as `https://…/.well-known/openid-configuration` shows them under `tlog`, in base64. When
    /// empty, those that the provider shows first are believed from then on. The forum follows their successors.
    #[serde(default)]
    pub log_keys: Vec<LogKey>,
    #[serde(default)]
    pub outbound: Outbound,
}

/// A place for topics.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// Its part of the address: lower-case letters, digits and hyphens.
    pub slug: String,
    pub title: String,
    #[serde(default)]
    pub intro: String,
    /// Who may start a topic.
    #[serde(default)]
    pub start: Rule,
    /// Who may answer, and vote in a poll that says nothing else.
    #[serde(default)]
    pub reply: Rule,
}

/// How the forum reaches the provider.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outbound {
    /// A PEM file of certificate authorities to trust beside the usual ones: for test set-ups.
    #[serde(default)]
    pub extra_ca: Option<PathBuf>,
}

/// JWS algorithms with a public key (RFC 7518 §3.1, RFC 8037 §3.1); those with a shared secret are not here on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum SigningAlgorithm {
    #[default]
    #[serde(rename = "EdDSA")]
    EdDsa,
    #[serde(rename = "ES256")]
    Es256,
    #[serde(rename = "PS256")]
    Ps256,
    #[serde(rename = "RS256")]
    Rs256,
}

/// A client secret that cannot print itself.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub struct ClientSecret(zeroize::Zeroizing<String>);

impl ClientSecret {
    pub fn new(secret: String) -> Self {
        Self(zeroize::Zeroizing::new(secret))
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for ClientSecret {
    fn from(secret: String) -> Self {
        Self::new(secret)
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

/// A setting that cannot work, with the field, the reason and the remedy.
#[derive(Debug, thiserror::Error)]
#[error("forum setting `{field}`: {reason}")]
pub struct ConfigError {
    pub field: String,
    pub reason: String,
}

impl Config {
    /// The least there is to say; everything else has its default.
    pub fn new(issuer: impl Into<String>, client_id: impl Into<String>, base_url: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            provider_name: default_provider_name(),
            client_id: client_id.into(),
            client_secret: None,
            base_url: base_url.into(),
            listen: default_listen(),
            database: default_database(),
            cookie: default_cookie(),
            title: default_title(),
            tagline: String::new(),
            scopes: default_scopes(),
            claims: None,
            signing_algorithm: SigningAlgorithm::default(),
            moderators: BTreeSet::new(),
            boards: default_boards(),
            areas: BTreeMap::new(),
            require_log: default_require_log(),
            log_keys: Vec::new(),
            outbound: Outbound::default(),
        }
    }

    /// The redirect URI to register at the provider.
    pub fn redirect_uri(&self) -> String {
        format!("{}/callback", self.base_url)
    }

    /// The post-logout redirect URI to register at the provider.
    pub fn post_logout_redirect_uri(&self) -> String {
        format!("{}/signed-out", self.base_url)
    }

    /// The back-channel logout URI to register at the provider, with `backchannel_logout_session_required`.
    pub fn backchannel_logout_uri(&self) -> String {
        format!("{}/back-channel-logout", self.base_url)
    }

    /// Says what cannot work, before anything is opened.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_url("issuer", &self.issuer)?;
        check_url("base_url", &self.base_url)?;
        if self.base_url.ends_with('/') {
            return Err(fault("base_url", "leave out the slash at the end"));
        }
        if self.client_id.is_empty() {
            return Err(fault("client_id", "is empty: `heteronym clients add` prints it"));
        }
        if !is_slug(&self.cookie) {
            return Err(fault("cookie", "write lower-case letters, digits and hyphens, at most 40"));
        }
        if !self.require_log && !self.log_keys.is_empty() {
            return Err(fault("log_keys", "are of no use while `require_log` is false"));
        }
        let mut seen = BTreeSet::new();
        for board in &self.boards {
            let name = format!("boards.{}", board.slug);
            if !is_slug(&board.slug) {
                return Err(fault(&name, "write the slug in lower-case letters, digits and hyphens, at most 40"));
            }
            if !seen.insert(&board.slug) {
                return Err(fault(&name, "two boards have this slug"));
            }
            board.start.validate().map_err(|reason| fault(&format!("{name}.start"), &reason))?;
            board.reply.validate().map_err(|reason| fault(&format!("{name}.reply"), &reason))?;
        }
        Ok(())
    }

    /// Whether browsers reach the forum over TLS, so that cookies are `Secure`.
    pub fn is_https(&self) -> bool {
        self.base_url.starts_with("https://")
    }

    pub(super) fn board(&self, slug: &str) -> Option<&Board> {
        self.boards.iter().find(|board| board.slug == slug)
    }
}

/// Plain http only on this machine: elsewhere codes and claims would travel in clear.
fn check_url(field: &str, text: &str) -> Result<(), ConfigError> {
    let url = Url::parse(text).map_err(|error| fault(field, &format!("is no address ({error})")))?;
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(fault(field, "has a query, a fragment or a user name: give scheme, host and path alone"));
    }
    let plain_is_safe = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if plain_is_safe => Ok(()),
        "http" => Err(fault(field, "uses http: write https (http is accepted for localhost alone)")),
        scheme => Err(fault(field, &format!("uses {scheme}: write https"))),
    }
}

fn fault(field: &str, reason: &str) -> ConfigError {
    ConfigError { field: field.to_owned(), reason: reason.to_owned() }
}

fn is_slug(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
}

fn default_provider_name() -> String {
    "Heteronym".to_owned()
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8401))
}

fn default_database() -> PathBuf {
    PathBuf::from("forum.sqlite")
}

fn default_cookie() -> String {
    "forum".to_owned()
}

fn default_title() -> String {
    "Forum".to_owned()
}

const fn default_require_log() -> bool {
    true
}

fn default_boards() -> Vec<Board> {
    vec![Board {
        slug: "forum".to_owned(),
        title: "Forum".to_owned(),
        intro: String::new(),
        start: Rule::Anyone,
        reply: Rule::Anyone,
    }]
}

fn default_scopes() -> Vec<String> {
    ["openid", "profile", "age", "residence"].map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config::new("https://heteronym.example", "place", "https://forum.example")
    }

    #[test]
    fn a_config_reads_from_toml_and_refuses_a_key_it_does_not_know() {
        let text = r#"
            issuer = "http://localhost:8400"
            client_id = "place"
            client_secret = "s3cret"
            base_url = "http://127.0.0.1:8401"
            signing_algorithm = "ES256"
            log_keys = ["11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="]
            claims = { userinfo = { residence = { essential = true } } }
            [[boards]]
            slug = "budget"
            title = "Budget"
            start = { all = [{ residence = ["FR-38"] }, { age = 18 }] }
        "#;
        let read: Config = toml::from_str(text).unwrap();
        assert!(read.validate().is_ok());
        assert_eq!(read.boards[0].reply, Rule::Anyone);
        assert!(read.require_log && read.log_keys.len() == 1);
        assert!(!format!("{read:?}").contains("s3cret"));
        assert!(toml::from_str::<Config>(&text.replace("11q", "11")).is_err(), "a key that is none");
        assert!(toml::from_str::<Config>(&format!("colour = \"red\"\n{text}")).is_err());
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for (issuer, fine) in [
            ("http://localhost:8400", true),
            ("http://127.0.0.1:8400", true),
            ("http://[::1]:8400", true),
            ("https://heteronym.example/tenant", true),
            ("http://heteronym.example", false),
            ("http://127.0.0.1.evil.example", false),
            ("ftp://heteronym.example", false),
            ("https://heteronym.example?x=1", false),
            ("https://user@heteronym.example", false),
            ("heteronym", false),
        ] {
            let read = Config { issuer: issuer.into(), ..config() };
            assert_eq!(read.validate().is_ok(), fine, "{issuer}");
        }
    }

    #[test]
    fn each_fault_names_its_field() {
        let board = |slug: &str, start| Board {
            slug: slug.into(),
            title: String::new(),
            intro: String::new(),
            start,
            reply: Rule::Anyone,
        };
        let key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".parse().unwrap();
        let faults: [(Config, &str); 6] = [
            (Config { base_url: "https://forum.example/".into(), ..config() }, "base_url"),
            (Config { client_id: String::new(), ..config() }, "client_id"),
            (Config { cookie: "Forum 1".into(), ..config() }, "cookie"),
            (Config { require_log: false, log_keys: vec![key], ..config() }, "log_keys"),
            (Config { boards: vec![board("a", Rule::Anyone), board("a", Rule::Anyone)], ..config() }, "boards.a"),
            (Config { boards: vec![board("b", Rule::Age(0))], ..config() }, "boards.b.start"),
        ];
        for (read, field) in faults {
            assert_eq!(read.validate().unwrap_err().field, field);
        }
    }
}
