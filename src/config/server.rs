//! `[server]`: who we are, where we listen, what a stranger may use.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Deserializer, de::Error};
use url::Url;

use super::seconds;
use crate::domain::issuer::Issuer;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub issuer: Issuer,
    pub listen: SocketAddr,
    /// Empty, as the key: a proxy in front ends TLS.
    pub tls_certificate: PathBuf,
    pub tls_key: PathBuf,
    #[serde(deserialize_with = "mtls_listen")]
    pub mtls_listen: Option<SocketAddr>,
    #[serde(deserialize_with = "mtls_url")]
    pub mtls_url: Option<MtlsUrl>,
    /// Empty: no certificate is taken for more than itself.
    pub client_ca: PathBuf,
    #[serde(deserialize_with = "operations_listen")]
    pub operations_listen: Option<SocketAddr>,
    pub trusted_proxies: Vec<IpAddr>,
    pub name: String,
    pub language: Language,
    pub max_connections: usize,
    pub max_connections_per_address: usize,
    #[serde(deserialize_with = "seconds")]
    pub header_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    pub request_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    pub idle_timeout: Duration,
}

/// Language of a page when the browser asks for neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    Fr,
    En,
}

/// The origin under which clients reach the listener that asks for certificates: the base of the endpoints in
/// `mtls_endpoint_aliases` (RFC 8705 §5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MtlsUrl(Url);

impl MtlsUrl {
    /// The address of a path of ours. `path` begins with a slash.
    pub fn at(&self, path: &str) -> String {
        [&self.origin(), path].concat()
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

impl Server {
    /// The files of TLS as they are written here: the certificate and its key.
    pub fn tls(&self) -> Option<(&Path, &Path)> {
        (!is_empty(&self.tls_certificate)).then_some((&self.tls_certificate, &self.tls_key))
    }

    /// The file of the authorities that clients have their certificates from.
    pub fn client_ca(&self) -> Option<&Path> {
        (!is_empty(&self.client_ca)).then_some(&self.client_ca)
    }

    /// Settings that hold each by itself and not together.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let tls = match (is_empty(&self.tls_certificate), is_empty(&self.tls_key)) {
            (false, true) => return Err("server.tls_certificate is set without server.tls_key: give both, or none"),
            (true, false) => return Err("server.tls_key is set without server.tls_certificate: give both, or none"),
            (empty, _) => !empty,
        };
        if tls && !self.issuer.is_https() {
            return Err("server.tls_certificate is set, and server.issuer is http: make the issuer https");
        }
        match (&self.mtls_listen, &self.mtls_url) {
            (None, None) if is_empty(&self.client_ca) => Ok(()),
            (None, None) => {
                Err("server.client_ca is set without server.mtls_listen, where clients show certificates: \
                                 set that as well, or neither")
            }
            (Some(_), None) => Err("server.mtls_listen is set without server.mtls_url: give the address under which \
                                    clients reach it"),
            (None, Some(_)) => Err("server.mtls_url is set without server.mtls_listen: give both, or none"),
            (Some(_), Some(_)) if !tls => Err("server.mtls_listen is set without server.tls_certificate and \
                                               server.tls_key: whoever asks for a client's certificate ends TLS"),
            (Some(_), Some(url)) if url.origin() == self.issuer.origin() => {
                Err("server.mtls_url is the issuer's address, whose browsers would be asked for certificates: give it \
                     another host or port")
            }
            (Some(_), Some(_)) => Ok(()),
        }
    }
}

fn is_empty(path: &Path) -> bool {
    path.as_os_str().is_empty()
}

fn operations_listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    given(deserializer, |text| text.parse().map_err(|_| "operations_listen is not an address"))
}

fn mtls_listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    given(deserializer, |text| text.parse().map_err(|_| "mtls_listen is not an address such as 0.0.0.0:8444"))
}

fn mtls_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<MtlsUrl>, D::Error> {
    given(deserializer, |text| match Url::parse(text) {
        Ok(url) if url.scheme() == "https" && url.origin().ascii_serialization() == text => Ok(MtlsUrl(url)),
        _ => Err(
            "mtls_url is not of the form https://host or https://host:port, lower-case and without a slash at the end",
        ),
    })
}

/// Nothing is what the empty text stands for.
fn given<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { parse(&text).map(Some).map_err(D::Error::custom) }
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    fn load(lines: &str) -> Result<Config, String> {
        let text = format!("[server]\nissuer = 'https://id.example'\n{lines}");
        Config::from_parts("test.toml", &text, []).map_err(|error| error.to_string())
    }

    #[test]
    fn without_tls_settings_a_proxy_ends_tls() {
        let server = load("").unwrap().server;
        assert!(server.tls().is_none() && server.mtls_listen.is_none() && server.mtls_url.is_none());
    }

    #[test]
    fn tls_settings_that_do_not_go_together_are_refused_by_name_with_the_remedy() {
        let tls = "tls_certificate = 'a'\ntls_key = 'b'\n";
        let mtls = "mtls_listen = '127.0.0.1:8444'\nmtls_url = 'https://mtls.id.example'\n";
        assert!(load(tls).unwrap().server.tls().is_some());
        assert!(load(&[tls, mtls, "client_ca = 'c'"].concat()).is_ok());
        for (lines, says) in [
            ("tls_certificate = 'a'", "server.tls_certificate is set without server.tls_key"),
            ("tls_key = 'a'", "server.tls_key is set without server.tls_certificate"),
            (mtls, "server.mtls_listen is set without server.tls_certificate and server.tls_key"),
            ("client_ca = 'c'", "server.client_ca is set without server.mtls_listen"),
            (&format!("{tls}mtls_listen = '127.0.0.1:8444'"), "server.mtls_listen is set without server.mtls_url"),
            (&format!("{tls}mtls_url = 'https://a.example'"), "server.mtls_url is set without server.mtls_listen"),
            (&format!("{tls}{}", mtls.replace("mtls.id", "id")), "server.mtls_url is the issuer's address"),
            (&format!("{tls}{}", mtls.replace("https:", "http:")), "mtls_url is not of the form"),
            (&format!("{tls}{}", mtls.replace(".example", ".example/")), "mtls_url is not of the form"),
            (&format!("{tls}{}", mtls.replace(":8444", "")), "mtls_listen is not an address"),
        ] {
            let refused = load(lines).unwrap_err();
            assert!(refused.contains(says), "{lines}: {refused}");
        }
        let issuer = "[server]\nissuer = 'http://localhost:8400'\n";
        let refused = Config::from_parts("test.toml", &[issuer, tls].concat(), []).unwrap_err().to_string();
        assert!(refused.contains("server.issuer is http"), "{refused}");
    }

    #[test]
    fn an_mtls_url_tells_its_endpoints_and_its_host() {
        let tls = "tls_certificate = 'a'\ntls_key = 'b'\nmtls_listen = '[::1]:8444'\n";
        let url = |url: &str| load(&format!("{tls}mtls_url = '{url}'")).unwrap().server.mtls_url.unwrap();
        let same_host = url("https://id.example:8444");
        assert_eq!(
            (same_host.at("/token").as_str(), same_host.host()),
            ("https://id.example:8444/token", "id.example")
        );
        let other_host = url("https://mtls.id.example");
        assert_eq!((other_host.host(), other_host.origin().as_str()), ("mtls.id.example", "https://mtls.id.example"));
    }
}
