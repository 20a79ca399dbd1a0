//! The issuer identifier: the address of this provider, and the first claim of every token.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

/// The issuer identifier (OpenID Connect Discovery §3): compared byte for byte everywhere, so held in one spelling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Issuer(String);

impl Issuer {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of a path of ours. `path` begins with a slash.
    pub fn at(&self, path: &str) -> String {
        [self.0.as_str(), path].concat()
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        self.url().map_or_else(String::new, |url| url.origin().ascii_serialization())
    }

    pub fn host(&self) -> String {
        self.url().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Cookies may be marked `Secure` and carry the `__Host-` prefix.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }

    fn url(&self) -> Option<Url> {
        Url::parse(&self.0).ok()
    }
}

impl TryFrom<String> for Issuer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.is_empty() {
            return Err(
                "server.issuer is not set: give the address that browsers use, such as https://id.example".into()
            );
        }
        let wrong = |why: &str| format!("server.issuer {why}");
        let url = Url::parse(&text).map_err(|_| wrong("is not an absolute URL"))?;
        let loopback = url.host_str().is_some_and(|host| ["localhost", "127.0.0.1", "[::1]"].contains(&host));
        if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
            return Err(wrong("is not https (http is accepted on localhost only)"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err(wrong("has a path, a query, a fragment or user information: give scheme, host and port alone"));
        }
        if text.ends_with('/') || url.as_str().trim_end_matches('/') != text {
            return Err(wrong("is not in canonical spelling: lower-case host, no slash at the end"));
        }
        Ok(Self(text))
    }
}

impl From<Issuer> for String {
    fn from(issuer: Issuer) -> Self {
        issuer.0
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
