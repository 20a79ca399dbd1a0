//! The addresses of a registration, by who goes there: a reader who follows a link, every browser that signs in or out, or
//! this server itself.
//!
//! All are https and in canonical spelling, so that no two parsers lead to two places; on a provider that is on a loopback
//! address itself, `http` will do for browsers. Where this server goes, the guard of [`Outbound`] decides. Our own origin is
//! nobody's address: a browser sent there, or a request of ours to ourselves, would act with rights that the client lacks.

use url::Url;

use super::{Outbound, OutboundError, RegistrationError};
use crate::wire::oauth::{ApplicationType, RedirectUri};

/// What decides of an address.
#[derive(Clone, Copy)]
pub(super) struct Addresses<'a> {
    pub(super) outbound: &'a Outbound,
    /// The issuer is on a loopback address: so may be the client.
    pub(super) local: bool,
}

impl Addresses<'_> {
    /// Those that browsers are sent back to, whose bytes are compared ever after (RFC 9700 §4.1.3).
    pub(super) fn redirects(
        self,
        member: &'static str,
        given: &[String],
        application: ApplicationType,
    ) -> Result<Vec<String>, RegistrationError> {
        let least = usize::from(member == "redirect_uris");
        if !(least..=MOST).contains(&given.len()) {
            return Err(RegistrationError::HowMany(member, if least == 1 { "1 to 20" } else { "at most 20" }));
        }
        given.iter().map(|uri| self.redirect(member, uri, application)).collect()
    }

    fn redirect(
        self,
        member: &'static str,
        uri: &str,
        application: ApplicationType,
    ) -> Result<String, RegistrationError> {
        let checked = if self.local && application == ApplicationType::Web {
            RedirectUri::register_local(uri)
        } else {
            RedirectUri::register(uri, application)
        };
        let checked = checked.map_err(|why| {
            let shown = uri.chars().take(MOST_SHOWN).collect();
            RegistrationError::RedirectUri(member, shown, why)
        })?;
        self.not_ours(member, checked.as_str()).map(|()| checked.as_str().to_owned())
    }

    /// A page that people may look at.
    pub(super) fn shown(self, member: &'static str, given: Option<&str>) -> Result<Option<String>, RegistrationError> {
        given.map(|address| self.parse(member, address).map(|_| address.to_owned())).transpose()
    }

    /// Where browsers are sent with parameters: no fragment swallows them.
    pub(super) fn visited(
        self,
        member: &'static str,
        given: Option<&str>,
    ) -> Result<Option<String>, RegistrationError> {
        let Some(address) = given else { return Ok(None) };
        self.without_fragment(member, address)?;
        self.not_ours(member, address)?;
        Ok(Some(address.to_owned()))
    }

    /// The same as a link in a list of many, which stays short enough to be sent.
    pub(super) fn linked(self, member: &'static str, given: Option<&str>) -> Result<Option<String>, RegistrationError> {
        let address = self.visited(member, given)?;
        if address.as_ref().is_some_and(|address| address.len() > MAX_LINK) {
            return Err(RegistrationError::TooLong(member, MAX_LINK));
        }
        Ok(address)
    }

    /// Where browsers are sent, at the origin of a redirect URI (OpenID Connect Front-Channel Logout §2): every browser goes there.
    pub(super) fn at_home(
        self,
        member: &'static str,
        given: Option<&str>,
        redirects: &[String],
    ) -> Result<Option<String>, RegistrationError> {
        let Some(address) = self.visited(member, given)? else { return Ok(None) };
        if is_at(&address, redirects) { Ok(Some(address)) } else { Err(RegistrationError::NotAtHome(member)) }
    }

    /// What this server asks or tells something. The host is looked up when it does, not here.
    pub(super) fn fetched(
        self,
        member: &'static str,
        given: Option<&str>,
    ) -> Result<Option<String>, RegistrationError> {
        let Some(address) = given else { return Ok(None) };
        self.outbound.check(address).map_err(|why| RegistrationError::Outbound(member, why))?;
        Ok(Some(address.to_owned()))
    }

    /// Where request objects are; a fragment tells apart versions of one (OpenID Connect Core §6.2).
    pub(super) fn request_uris(self, given: &[String]) -> Result<Vec<String>, RegistrationError> {
        const MEMBER: &str = "request_uris";
        if given.len() > MOST {
            return Err(RegistrationError::HowMany(MEMBER, "at most 20"));
        }
        for address in given {
            let fetched = address.split_once('#').map_or(address.as_str(), |(fetched, _)| fetched);
            self.parse(MEMBER, address)?;
            self.fetched(MEMBER, Some(fetched))?;
        }
        Ok(given.to_vec())
    }

    /// Protected resources (RFC 8707 §2): absolute, without a fragment. They are names, and nobody goes there.
    pub(super) fn resources(self, given: &[String]) -> Result<Vec<String>, RegistrationError> {
        if given.len() > MOST {
            return Err(RegistrationError::HowMany("resources", "at most 20"));
        }
        for address in given {
            self.without_fragment("resources", address)?;
        }
        Ok(given.to_vec())
    }

    fn without_fragment(self, member: &'static str, address: &str) -> Result<(), RegistrationError> {
        let url = self.parse(member, address)?;
        if url.fragment().is_some() { Err(RegistrationError::Fragment(member)) } else { Ok(()) }
    }

    fn parse(self, member: &'static str, address: &str) -> Result<Url, RegistrationError> {
        let url = Url::parse(address).map_err(|_| RegistrationError::Address(member))?;
        let protected = url.scheme() == "https" || (self.local && url.scheme() == "http");
        if !protected || address.len() > MAX_LENGTH || !url.username().is_empty() || url.password().is_some() {
            return Err(RegistrationError::Address(member));
        }
        if url.as_str() != address && url.as_str().strip_suffix('/') != Some(address) {
            return Err(RegistrationError::NotCanonical(member, url.into()));
        }
        Ok(url)
    }

    fn not_ours(self, member: &'static str, address: &str) -> Result<(), RegistrationError> {
        match self.outbound.check(address) {
            Err(ours @ OutboundError::Ourselves) => Err(RegistrationError::Outbound(member, ours)),
            _ => Ok(()),
        }
    }
}

/// Whether an address is at the origin of one of these.
pub(super) fn is_at(address: &str, redirects: &[String]) -> bool {
    let origin = |uri: &str| Url::parse(uri).ok().map(|url| url.origin());
    redirects.iter().any(|redirect| origin(redirect) == origin(address))
}

const MOST: usize = 20;
const MAX_LENGTH: usize = 2_000;
const MAX_LINK: usize = 400;
/// Of an address that is told back.
const MOST_SHOWN: usize = 200;
