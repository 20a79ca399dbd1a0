//! Redirect URIs: strict at registration, byte for byte afterwards (RFC 9700 §2.1, §4.1.3).
//!
//! Registered is the canonical spelling alone: `https`, or for a native client `http` to `127.0.0.1` or `[::1]` (RFC
//! 8252 §7.3). What a request presents is compared as bytes; only the port of a native client's loopback address is free.
//! Limit: 2,000 bytes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use url::Url;

use super::values::UnknownValue;

/// `application_type` (OpenID Connect Dynamic Client Registration §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    #[default]
    Web,
    Native,
}

impl ApplicationType {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Native => "native",
        }
    }
}

impl FromStr for ApplicationType {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        let known = [Self::Web, Self::Native].into_iter().find(|application| application.as_str() == text);
        known.ok_or(UnknownValue("application_type"))
    }
}

/// A redirect URI as registered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RedirectUri {
    text: String,
    /// RFC 8252 §7.3: the native client's operating system chooses the port.
    any_port: bool,
}

/// Why a redirect URI cannot be registered, and what to do.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum RedirectUriError {
    #[error("the redirect URI is longer than 2,000 bytes")]
    TooLong,
    #[error("the redirect URI is not an absolute URI")]
    NotAUri,
    #[error("the redirect URI begins with {0}: use https (native clients may use http://127.0.0.1 or http://[::1])")]
    Scheme(String),
    #[error("the redirect URI contains {0}, which is not allowed there")]
    Contains(&'static str),
    #[error("the redirect URI is not in canonical spelling: register {0}")]
    NotCanonical(String),
}

impl RedirectUri {
    /// Checks a URI that somebody wants to register.
    pub fn register(text: &str, application: ApplicationType) -> Result<Self, RedirectUriError> {
        let url = canonical(text)?;
        let loopback = LOOPBACK.iter().any(|host| url.host_str() == Some(*host));
        match (url.scheme(), application) {
            ("https", _) => Ok(Self { text: text.to_owned(), any_port: false }),
            ("http", ApplicationType::Native) if loopback => Ok(Self { text: text.to_owned(), any_port: true }),
            (scheme, _) => Err(RedirectUriError::Scheme(scheme.chars().take(20).collect())),
        }
    }

    /// Checks a URI of a web client on the provider's own machine: also `http` to a loopback address, with its port.
    /// For demonstrations and tests, when the issuer itself is on a loopback address.
    pub fn register_local(text: &str) -> Result<Self, RedirectUriError> {
        let url = canonical(text)?;
        let loopback = url.host_str().is_some_and(|host| LOOPBACK.contains(&host) || host == "localhost");
        if url.scheme() == "http" && loopback {
            return Ok(Self { text: text.to_owned(), any_port: false });
        }
        Self::register(text, ApplicationType::Web)
    }

    /// Takes back from the registry what was checked when it went in.
    pub fn registered(text: String, application: ApplicationType) -> Self {
        let any_port = application == ApplicationType::Native && text.starts_with("http:");
        Self { text, any_port }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Compares a presented URI byte for byte, and gives the only thing that an answer may be sent to.
    pub fn prove(&self, presented: &str) -> Option<ProvenRedirect> {
        let same = presented == self.text
            || self.any_port && without_port(presented).is_some_and(|it| Some(it) == without_port(&self.text));
        same.then(|| ProvenRedirect(presented.to_owned()))
    }

    /// The URI itself, for a request that may leave it out because only one is registered.
    pub fn proven(&self) -> ProvenRedirect {
        ProvenRedirect(self.text.clone())
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A redirect URI that a request presented and that was found registered. Can be read back only from values that this
/// server sealed itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProvenRedirect(String);

impl ProvenRedirect {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Scheme, host and port: the source expression that lets a form lead there (CSP `form-action`).
    pub fn origin(&self) -> &str {
        let after_scheme = self.0.find("://").map_or(0, |at| at + 3);
        let rest = self.0.get(after_scheme..).unwrap_or_default();
        let length = rest.find(['/', '?']).unwrap_or(rest.len());
        self.0.get(..after_scheme + length).unwrap_or_default()
    }

    /// Host and port, as people read where they are led.
    pub fn authority(&self) -> &str {
        self.origin().split_once("://").map_or(self.origin(), |(_, authority)| authority)
    }
}

/// Parses a URI and insists that it is written as the parser would write it: so no `..`, no upper-case host, no
/// backslash, tab or other character that some other parser might read differently.
fn canonical(text: &str) -> Result<Url, RedirectUriError> {
    if text.len() > MAX_LENGTH {
        return Err(RedirectUriError::TooLong);
    }
    if let Some((_, what)) = FORBIDDEN.iter().find(|(part, _)| text.to_ascii_lowercase().contains(part)) {
        return Err(RedirectUriError::Contains(what));
    }
    if text.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(RedirectUriError::Contains("a space, a control character or a letter outside ASCII"));
    }
    let url = Url::parse(text).map_err(|_| RedirectUriError::NotAUri)?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(RedirectUriError::NotAUri)?;
    if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
        return Err(RedirectUriError::Contains("user information or @"));
    }
    if host.ends_with('.') || host.contains("..") || host.contains('%') {
        return Err(RedirectUriError::Contains("a host with an empty label or a percent sign"));
    }
    if url.path().split('/').any(|segment| segment.starts_with("..")) {
        return Err(RedirectUriError::Contains("a path segment that begins with .."));
    }
    if url.query_pairs().any(|(name, _)| ANSWERED.contains(&name.as_ref())) {
        return Err(RedirectUriError::Contains("a query parameter that the answer itself carries"));
    }
    if url.as_str() != text && url.as_str().strip_suffix('/') != Some(text) {
        return Err(RedirectUriError::NotCanonical(url.into()));
    }
    Ok(url)
}

/// A loopback address with its port cut out: what comes before it, and what after.
fn without_port(text: &str) -> Option<(&str, &str)> {
    let host =
        LOOPBACK.iter().find_map(|host| text.strip_prefix("http://")?.strip_prefix(host).map(|rest| (*host, rest)));
    let (host, rest) = host?;
    let Some(port_and_path) = rest.strip_prefix(':') else {
        return (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((host, rest));
    };
    let digits = port_and_path.find(['/', '?']).unwrap_or(port_and_path.len());
    let (port, path) = port_and_path.split_at_checked(digits)?;
    let plain = port.bytes().all(|digit| digit.is_ascii_digit()) && !port.starts_with('0');
    (plain && port.parse::<u16>().is_ok()).then_some((host, path))
}

const MAX_LENGTH: usize = 2_000;
const LOOPBACK: [&str; 2] = ["127.0.0.1", "[::1]"];
/// Parameters that [`super::AuthorizationResponse`] appends.
const ANSWERED: [&str; 6] = ["code", "state", "iss", "error", "error_description", "session_state"];
const FORBIDDEN: [(&str, &str); 8] = [
    ("#", "a fragment"),
    ("*", "a wildcard"),
    ("\\", "a backslash"),
    ("%2f", "an encoded slash"),
    ("%5c", "an encoded backslash"),
    ("%2e", "an encoded dot"),
    ("%0", "an encoded control character"),
    ("%1", "an encoded control character"),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn web(text: &str) -> Result<RedirectUri, RedirectUriError> {
        RedirectUri::register(text, ApplicationType::Web)
    }

    fn native(text: &str) -> Result<RedirectUri, RedirectUriError> {
        RedirectUri::register(text, ApplicationType::Native)
    }

    #[test]
    fn a_plain_https_address_is_registered_also_with_a_query_or_a_port() {
        for good in [
            "https://forum.example/cb",
            "https://forum.example",
            "https://forum.example:8443/cb?a=b&c=%20d",
            "https://xn--caf-dma.example/cb",
            "https://forum.example/.well-known/cb",
            "https://[2001:db8::1]/cb",
        ] {
            assert_eq!(web(good).map(|uri| uri.text), Ok(good.to_owned()));
        }
    }

    #[test]
    fn r4_http_is_for_the_loopback_of_native_clients() {
        for text in ["http://127.0.0.1/cb", "http://[::1]:5000/cb"] {
            assert!(native(text).is_ok());
            assert_eq!(web(text), Err(RedirectUriError::Scheme("http".to_owned())));
            assert!(RedirectUri::register_local(text).is_ok());
        }
        for text in
            ["http://forum.example/cb", "http://localhost/cb", "http://127.0.0.2/cb", "http://127.0.0.1.evil.example/"]
        {
            assert!(native(text).is_err(), "{text}");
        }
        assert!(RedirectUri::register_local("http://localhost:8401/cb").is_ok());
        assert!(RedirectUri::register_local("http://forum.example/cb").is_err());
        assert!(native("https://forum.example/app").is_ok());
    }

    #[test]
    fn g12_what_another_parser_could_read_differently_is_not_registered() {
        let long = format!("https://forum.example/{}", "a".repeat(2_000));
        let bad = [
            "https://forum.example/cb#f",
            "https://forum.example/cb#",
            "https://*.example/cb",
            "https://forum.example/*",
            "https://u@forum.example/cb",
            "https://u:p@forum.example/cb",
            "https://forum.example@evil.example/cb",
            "https://forum.example/@cb",
            "https://@forum.example/",
            "https://forum.example/../cb",
            "https://forum.example/./cb",
            "https://forum.example/%2e%2e/cb",
            "https://forum.example/..;/cb",
            "https://forum.example/a%2Fb",
            "https://forum.example\\@evil.example",
            "https:/\\evil.example",
            "https://forum.example\\cb",
            "https://forum.example/a\tb",
            "https://forum.example/a\r\nb",
            "https://forum.example/a\0b",
            " https://forum.example/",
            "https://forum.example/%00",
            "https://forum.example/%0d%0aSet-Cookie:x",
            "https://forum.example/%1b",
            "https://forum.example./cb",
            "https://forum..example/cb",
            "https://xn--/cb",
            "https://café.example/cb",
            "HTTPS://forum.example/cb",
            "https://Forum.example/cb",
            "https://forum.example:443/cb",
            "https:forum.example/cb",
            "https:///forum.example/cb",
            "//forum.example/cb",
            "/cb",
            "forum.example/cb",
            "",
            "https://",
            "https://?x",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "blob:https://forum.example/x",
            "com.example.app:/cb",
            "urn:ietf:wg:oauth:2.0:oob",
            "https://0x7f.1/cb",
            "https://2130706433/",
            "https://forum.example/cb?code=x",
            "https://forum.example/cb?a=b&%73tate=x",
            &long,
        ];
        for text in bad {
            assert!(web(text).is_err(), "{text}");
            assert!(native(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_refusal_says_what_to_write_instead() {
        let error = web("https://Forum.example:443/a/../cb").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the redirect URI is not in canonical spelling: register https://forum.example/cb"
        );
    }

    #[test]
    fn a2_to_a12_nothing_but_the_registered_bytes_is_proven() {
        let uri = web("https://forum.example/cb?x=1").unwrap();
        assert_eq!(uri.prove("https://forum.example/cb?x=1").unwrap(), uri.proven());
        let other = [
            "https://forum.example/cb?x=1/",
            "https://forum.example/cb/?x=1",
            "https://forum.example/cb?x=1#f",
            "https://forum.example/CB?x=1",
            "https://FORUM.example/cb?x=1",
            "https://forum.example/a/../cb?x=1",
            "https://forum.example/./cb?x=1",
            "https://forum.example/%63b?x=1",
            "https://forum.example:443/cb?x=1",
            "https://forum.example@evil.example/cb?x=1",
            "https://forum.example.evil.example/cb?x=1",
            "https://forum.example/cb?x=1&y=2",
            "https://forum.example/cb?X=1",
            "http://forum.example/cb?x=1",
            "https://forum.example/cb?x=1\0",
            "https://forum.example/cb?x=1 ",
            "javascript:alert(1)",
            "",
        ];
        for presented in other {
            assert_eq!(uri.prove(presented), None, "{presented}");
        }
    }

    #[test]
    fn r1_only_the_port_of_a_native_loopback_address_is_free() {
        for registered in ["http://127.0.0.1/cb", "http://127.0.0.1:7000/cb"] {
            let uri = native(registered).unwrap();
            for good in ["http://127.0.0.1/cb", "http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb"] {
                assert_eq!(uri.prove(good).unwrap().as_str(), good);
            }
            let other = [
                "http://127.0.0.1:65536/cb",
                "http://127.0.0.1:0/cb",
                "http://127.0.0.1:080/cb",
                "http://127.0.0.1:/cb",
                "http://127.0.0.1:+1/cb",
                "http://127.0.0.1:1@evil.example/cb",
                "http://127.0.0.1:1/cb?x",
                "http://127.0.0.1:1/CB",
                "http://127.0.0.1.evil.example/cb",
                "http://[::1]:1/cb",
                "http://localhost:1/cb",
                "https://127.0.0.1:1/cb",
                "http://127.0.0.1:1\\cb",
                "http://127.0.0.1:1",
                "http://127.0.0.1#/cb",
            ];
            for presented in other {
                assert_eq!(uri.prove(presented), None, "{presented}");
            }
        }
        assert!(native("http://[::1]/cb").unwrap().prove("http://[::1]:9/cb").is_some());
        let local = RedirectUri::register_local("http://127.0.0.1:8401/cb").unwrap();
        assert_eq!(local.prove("http://127.0.0.1:8402/cb"), None);
        let again = RedirectUri::registered("http://127.0.0.1/cb".to_owned(), ApplicationType::Native);
        assert!(again.prove("http://127.0.0.1:9/cb").is_some());
    }

    #[test]
    fn the_origin_is_scheme_host_and_port() {
        let origin = |text: &str| RedirectUri::register_local(text).unwrap().proven().origin().to_owned();
        assert_eq!(origin("https://forum.example/cb?x=https://y/"), "https://forum.example");
        assert_eq!(origin("https://forum.example"), "https://forum.example");
        assert_eq!(origin("http://127.0.0.1:8401/cb"), "http://127.0.0.1:8401");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_a_registered_one_proves_itself(text in ".{0,60}", path in "[a-z./?=&%;@-]{0,20}") {
            for text in [text, format!("https://forum.example/{path}"), format!("http://127.0.0.1:{path}")] {
                for application in [ApplicationType::Web, ApplicationType::Native] {
                    if let Ok(uri) = RedirectUri::register(&text, application) {
                        prop_assert!(uri.prove(&text).is_some());
                        prop_assert!(text.starts_with(uri.proven().origin()));
                    }
                }
                let _ = RedirectUri::register_local(&text);
            }
        }
    }
}
