//! One face of the house as a browser sees it: where it is, what it is called, its texts, assets and form key.

use std::{fmt, sync::Arc, time::Duration};

use axum::http::{HeaderMap, HeaderValue, header, request::Parts};

use super::{assets::Assets, cookies, locale::Lang, texts::Texts};

/// Fills a buffer with randomness; handed in so that tests can seed it.
pub type Random = Box<dyn Fn(&mut [u8]) + Send + Sync>;

/// What a face says about itself.
pub struct SiteConfig {
    /// Shown in the header and in titles.
    pub name: String,
    /// `https://id.example.org`, or `http://` with a loopback host: the only address links and checks are built from.
    pub origin: String,
    /// Used when neither the reader nor the browser has a wish.
    pub default_lang: Lang,
    /// Keys the form tokens; 32 random bytes that live as long as the process or longer.
    pub form_key: [u8; 32],
    /// Set before the name of every cookie, because browsers do not tell ports apart. Empty, or letters, digits and `-`.
    pub cookie_prefix: String,
    pub texts: Texts,
    /// Files served under `/assets/` besides the shared ones: name and content.
    pub assets: &'static [(&'static str, &'static [u8])],
    pub random: Random,
}

/// A face at work. Every request carries it as an extension, so extractors need nothing of the router's state.
pub struct Site {
    name: String,
    origin: String,
    host: String,
    https: bool,
    default_lang: Lang,
    pub(super) form_key: [u8; 32],
    cookie_prefix: String,
    texts: Texts,
    assets: Assets,
    random: Random,
}

/// The address of a site is not `scheme://host[:port]`.
#[derive(Debug, thiserror::Error)]
#[error("the address {0:?} is not of the form https://host or https://host:port (no path, no slash at the end)")]
pub struct OriginError(String);

impl Site {
    pub fn new(config: SiteConfig) -> Result<Arc<Self>, OriginError> {
        let url = url::Url::parse(&config.origin).ok();
        let is_origin = url.as_ref().is_some_and(|url| url.origin().ascii_serialization() == config.origin);
        let host = config.origin.split_once("://").map(|(_, host)| host.to_owned());
        let (true, Some(host)) = (is_origin, host) else { return Err(OriginError(config.origin)) };
        Ok(Arc::new(Self {
            https: config.origin.starts_with("https://"),
            host,
            name: config.name,
            origin: config.origin,
            default_lang: config.default_lang,
            form_key: config.form_key,
            cookie_prefix: config.cookie_prefix,
            texts: config.texts,
            assets: Assets::new(config.assets),
            random: config.random,
        }))
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether browsers reach us over TLS.
    pub fn https(&self) -> bool {
        self.https
    }

    pub fn texts(&self) -> &Texts {
        &self.texts
    }

    pub fn default_lang(&self) -> Lang {
        self.default_lang
    }

    /// The name under which a cookie is kept: `__Host-` (no other host can set it) wherever there is TLS.
    pub fn cookie_name(&self, name: &str) -> String {
        let host = if self.https { "__Host-" } else { "" };
        format!("{host}{}{name}", self.cookie_prefix)
    }

    /// The cookie's value, unless it is absent, doubled or odd.
    pub fn cookie<'a>(&self, headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
        headers.contains_key(header::COOKIE).then(|| cookies::read(headers, &self.cookie_name(name)))?
    }

    /// `Set-Cookie` for this site; `None` when the value is not plain text.
    pub fn set_cookie(&self, name: &str, value: &str, lifetime: Option<Duration>) -> Option<HeaderValue> {
        cookies::write(&self.cookie_name(name), value, self.https, lifetime)
    }

    /// `Set-Cookie` that ends a cookie of this site.
    pub fn clear_cookie(&self, name: &str) -> Option<HeaderValue> {
        cookies::clear(&self.cookie_name(name), self.https)
    }

    /// The address of an asset, with its hash: `/assets/1a2b3c4d/style.css`.
    pub fn asset(&self, name: &str) -> &str {
        self.assets.address(name)
    }

    /// The reader's language.
    pub fn lang(&self, headers: &HeaderMap) -> Lang {
        Lang::of_request(headers, self.cookie(headers, LANG_COOKIE), self.default_lang)
    }

    pub(super) fn assets(&self) -> &Assets {
        &self.assets
    }

    pub(super) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.random)(&mut bytes);
        bytes
    }

    /// Whether a request names this site as its host, whatever the case.
    pub(super) fn is_host(&self, host: &str) -> bool {
        let default_port = if self.https { ":443" } else { ":80" };
        let same = |host: &str| host.eq_ignore_ascii_case(&self.host);
        same(host) || host.strip_suffix(default_port).is_some_and(same)
    }

    /// The site of a request that came through the shell.
    pub(super) fn of(parts: &Parts) -> Option<&Arc<Self>> {
        parts.extensions.get()
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Site({})", self.origin)
    }
}

pub(super) const LANG_COOKIE: &str = "lang";
/// The secret of a browser, before and after sign-in; see [`super::form`].
pub const BROWSER_COOKIE: &str = "browser";
/// The session's cookie; form tokens are bound to it, whoever sets it.
pub const SESSION_COOKIE: &str = "session";

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A site with fixed keys for the tests of this module's neighbours.
    pub(crate) fn site(origin: &str) -> Arc<Site> {
        Site::new(SiteConfig {
            name: "Test".to_owned(),
            origin: origin.to_owned(),
            default_lang: Lang::En,
            form_key: [7; 32],
            cookie_prefix: String::new(),
            texts: Texts::load(&[]).unwrap(),
            assets: &[("extra.css", b"a{}")],
            random: Box::new(|bytes| bytes.fill(9)),
        })
        .unwrap()
    }

    #[test]
    fn a_site_is_known_by_its_configured_host_only() {
        let site = site("https://id.example");
        assert!(site.is_host("ID.example") && site.is_host("id.example:443"));
        assert!(!site.is_host("id.example:80") && !site.is_host("id.example.evil") && !site.is_host(""));
        assert_eq!(site.cookie_name("session"), "__Host-session");
    }

    #[test]
    fn an_address_with_a_path_is_refused() {
        let base = |origin: &str| SiteConfig {
            name: String::new(),
            origin: origin.to_owned(),
            default_lang: Lang::En,
            form_key: [0; 32],
            cookie_prefix: String::new(),
            texts: Texts::load(&[]).unwrap(),
            assets: &[],
            random: Box::new(|_| ()),
        };
        for origin in ["https://a.example/", "https://a.example/x", "a.example", "https://A.example", "https://a:443"] {
            assert!(Site::new(base(origin)).is_err(), "{origin}");
        }
        assert!(Site::new(base("http://127.0.0.1:8401")).is_ok());
    }
}
