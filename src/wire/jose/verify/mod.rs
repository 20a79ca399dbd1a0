//! Reading a compact JSON Web Token (RFC 7515 §5.2, RFC 7519 §7.2), refusing whatever was not expected (RFC 8725).
//!
//! `jsonwebtoken` checks the signatures of RSA and P-256; its own reading of header and claims is not used, because it
//! lets through unknown `crit`, a missing or ill-typed `aud` and `iss`, any `typ`, any size and depth, 60 s of
//! leeway, and asks the wall clock. Ed25519 is verified strictly, so that every verifier gives the same answer.
//!
//! Limits: 16 KiB before anything is decoded, 12 levels of JSON. Not verified here: `nonce`, `jti`, `azp` and whatever
//! else only the caller knows; they come back in the claims. What clients sign has readers of its own on top of this one:
//! [`super::assertion`], [`super::request_object`].

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{
    Algorithm, KeySet, Typ, is_visible, json,
    segments::{Header, Segments, decode},
};

/// What a token must say to be believed. Everything that is not named here is refused.
#[derive(Clone, Copy, Debug)]
pub struct Verifier<'a> {
    typ: Typ,
    or_typ: Option<Typ>,
    issuer: &'a str,
    audience: &'a str,
    other_audiences: &'a [&'a str],
    audience_list: AudienceList,
    algorithms: &'a [Algorithm],
    required: &'a [&'a str],
    typ_may_be_missing: bool,
    kid_may_be_missing: bool,
    may_have_expired: bool,
    leeway: i64,
    ahead: i64,
    max_lifetime: i64,
    max_bytes: usize,
}

/// What an `aud` that is a list may hold.
#[derive(Clone, Copy, Debug)]
enum AudienceList {
    Refused,
    OnlyExpected,
    AnyBesideExpected,
}

impl<'a> Verifier<'a> {
    /// Of this kind, from this issuer, for this audience; with `kid` and `sub`; living at most a day; no leeway.
    pub const fn new(typ: Typ, issuer: &'a str, audience: &'a str) -> Self {
        Self {
            typ,
            or_typ: None,
            issuer,
            audience,
            other_audiences: &[],
            audience_list: AudienceList::Refused,
            algorithms: &Algorithm::ALL,
            required: &["sub"],
            typ_may_be_missing: false,
            kid_may_be_missing: false,
            may_have_expired: false,
            leeway: 0,
            ahead: 0,
            max_lifetime: 24 * 60 * 60,
            max_bytes: 16 * 1024,
        }
    }

    /// Only these algorithms.
    #[must_use]
    pub const fn algorithms(mut self, algorithms: &'a [Algorithm]) -> Self {
        self.algorithms = algorithms;
        self
    }

    /// The members that must be there besides `iss`, `aud` and `exp`, in place of `sub`.
    #[must_use]
    pub const fn require(mut self, members: &'a [&'a str]) -> Self {
        self.required = members;
        self
    }

    /// These audiences are as good: clients may name an endpoint in place of the issuer (RFC 7523 §3, RFC 9126 §2).
    #[must_use]
    pub const fn or_audiences(mut self, audiences: &'a [&'a str]) -> Self {
        self.other_audiences = audiences;
        self
    }

    /// `aud` may be a list, when every one of it is an audience expected here.
    #[must_use]
    pub const fn audience_may_be_a_list(mut self) -> Self {
        self.audience_list = AudienceList::OnlyExpected;
        self
    }

    /// `aud` may be a list in which somebody else stands beside an audience expected here.
    #[must_use]
    pub const fn audience_list_may_name_others(mut self) -> Self {
        self.audience_list = AudienceList::AnyBesideExpected;
        self
    }

    /// Another `typ` is as good: for clients that sign with a library which writes `JWT` into every header.
    #[must_use]
    pub const fn or_typ(mut self, typ: Typ) -> Self {
        self.or_typ = Some(typ);
        self
    }

    /// `typ` may be left out, as clients do in their assertions; another `typ` is refused all the same.
    #[must_use]
    pub const fn typ_may_be_missing(mut self) -> Self {
        self.typ_may_be_missing = true;
        self
    }

    /// `kid` may be left out when one key alone fits (OpenID Connect Core §10.1).
    #[must_use]
    pub const fn kid_may_be_missing(mut self) -> Self {
        self.kid_may_be_missing = true;
        self
    }

    /// Past its `exp` the token is believed still: for `id_token_hint` (RP-Initiated Logout §2).
    #[must_use]
    pub const fn may_have_expired(mut self) -> Self {
        self.may_have_expired = true;
        self
    }

    /// Seconds by which the issuer's clock may differ from ours.
    #[must_use]
    pub const fn leeway(mut self, seconds: i64) -> Self {
        self.leeway = seconds;
        self
    }

    /// Seconds by which the issuer's clock may be ahead of ours: `nbf` and `iat` may lie that far in the future. Unlike
    /// with [`Verifier::leeway`], the token ends at its `exp`.
    #[must_use]
    pub const fn clock_ahead(mut self, seconds: i64) -> Self {
        self.ahead = seconds;
        self
    }

    /// Seconds from now, and from `nbf`, within which `exp` must lie.
    #[must_use]
    pub const fn max_lifetime(mut self, seconds: i64) -> Self {
        self.max_lifetime = seconds;
        self
    }

    /// Bytes of the whole token.
    #[must_use]
    pub const fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// The claims of a token that holds, at `now` in seconds since the epoch.
    pub fn verify<T: DeserializeOwned>(&self, token: &str, keys: &KeySet, now: i64) -> Result<Verified<T>, Refusal> {
        if token.len() > self.max_bytes {
            return Err(Refusal::TooLong);
        }
        let segments = Segments::split(token)?;
        let header = Header::read(segments.header)?;
        self.check_typ(&header)?;
        self.check_algorithm(&header)?;
        let key = keys.find(&header, self.kid_may_be_missing, now)?;
        key.check_signature(header.algorithm, &segments)?;
        let claims = json::object(&decode(segments.claims)?).map_err(|_| Refusal::NotStrictJson)?;
        self.check_issuer(&claims)?;
        self.check_audience(&claims)?;
        self.check_times(&claims, now)?;
        self.check_members(&claims)?;
        let claims = serde_json::from_value(Value::Object(claims)).map_err(|_| Refusal::Claims)?;
        Ok(Verified { claims, algorithm: header.algorithm, kid: key.kid().map(str::to_owned) })
    }

    fn check_typ(&self, header: &Header) -> Result<(), Refusal> {
        let expected = match &header.typ {
            Some(typ) => self.typ.is(typ) || self.or_typ.is_some_and(|other| other.is(typ)),
            None => self.typ_may_be_missing,
        };
        if expected { Ok(()) } else { Err(Refusal::Typ) }
    }

    fn check_algorithm(&self, header: &Header) -> Result<(), Refusal> {
        if self.algorithms.contains(&header.algorithm) { Ok(()) } else { Err(Refusal::Algorithm) }
    }

    fn check_issuer(&self, claims: &Map<String, Value>) -> Result<(), Refusal> {
        match claims.get("iss") {
            Some(Value::String(issuer)) if issuer == self.issuer => Ok(()),
            _ => Err(Refusal::Issuer),
        }
    }

    fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), Refusal> {
        let expected = |value: &Value| {
            value.as_str().is_some_and(|said| said == self.audience || self.other_audiences.contains(&said))
        };
        let holds = match (claims.get("aud"), self.audience_list) {
            (Some(Value::Array(_)), AudienceList::Refused) | (None, _) => false,
            (Some(Value::Array(list)), AudienceList::OnlyExpected) => !list.is_empty() && list.iter().all(expected),
            (Some(Value::Array(list)), AudienceList::AnyBesideExpected) => {
                list.iter().all(Value::is_string) && list.iter().any(expected)
            }
            (Some(one), _) => expected(one),
        };
        if holds { Ok(()) } else { Err(Refusal::Audience) }
    }

    /// Dates are whole numbers: a fraction or an exponent is refused (RFC 7519 §2 would allow it).
    fn check_times(&self, claims: &Map<String, Value>, now: i64) -> Result<(), Refusal> {
        let date = |name| match claims.get(name) {
            None => Ok(None),
            Some(value) => value.as_i64().filter(|date| *date >= 0).map(Some).ok_or(Refusal::Date(name)),
        };
        let ahead = self.leeway.max(self.ahead);
        let expires = date("exp")?.ok_or(Refusal::Missing("exp"))?;
        let begins = date("nbf")?.unwrap_or(now);
        let too_late = expires > now.saturating_add(self.max_lifetime).saturating_add(ahead);
        if too_late || expires.saturating_sub(begins) > self.max_lifetime.saturating_add(self.leeway) {
            return Err(Refusal::Date("exp"));
        }
        if !self.may_have_expired && now >= expires.saturating_add(self.leeway) {
            return Err(Refusal::Expired);
        }
        let soonest = now.saturating_add(ahead);
        for name in ["nbf", "iat"] {
            if date(name)?.is_some_and(|date| date > soonest || date > expires) {
                return Err(Refusal::NotYet(name));
            }
        }
        Ok(())
    }

    fn check_members(&self, claims: &Map<String, Value>) -> Result<(), Refusal> {
        if let Some(name) = self.required.iter().find(|name| !claims.contains_key(**name)) {
            let known = ["sub", "iat", "jti", "nonce", "nbf", "events", "client_id"];
            return Err(Refusal::Missing(known.into_iter().find(|known| known == name).unwrap_or("a required member")));
        }
        match claims.get("sub") {
            None => Ok(()),
            // At most 255 ASCII characters (OpenID Connect Core §2).
            Some(Value::String(sub)) if is_visible(sub, 255) => Ok(()),
            Some(_) => Err(Refusal::Subject),
        }
    }
}

/// A token that holds.
#[derive(Clone, Debug)]
pub struct Verified<T> {
    pub claims: T,
    pub algorithm: Algorithm,
    /// Of the key that verified it.
    pub kid: Option<String>,
}

/// Why a token is refused. For the log: the other side is told no more than that it is refused.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refusal {
    #[error("the token is too long")]
    TooLong,
    #[error("the token is not three parts of canonical base64url")]
    Form,
    #[error("a part of the token is not one strict JSON object")]
    NotStrictJson,
    #[error("the header says {0}, which nobody here understands or follows")]
    Header(&'static str),
    #[error("the algorithm is unknown or not allowed here")]
    Algorithm,
    #[error("the typ is missing or of another kind of token")]
    Typ,
    #[error("no key of that kid and algorithm is in use")]
    Key,
    #[error("the signature does not verify")]
    Signature,
    #[error("the issuer is missing, ill-typed or another")]
    Issuer,
    #[error("the audience is missing, ill-typed or another")]
    Audience,
    #[error("{0} is not a date, or too far away")]
    Date(&'static str),
    #[error("the token has expired")]
    Expired,
    #[error("{0} lies in the future")]
    NotYet(&'static str),
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("the subject is not 1 to 255 visible ASCII characters")]
    Subject,
    #[error("{0} is missing, ill-typed or another than expected")]
    Differs(&'static str),
    #[error("{0} may not be in a token of this kind")]
    Unwanted(&'static str),
    #[error("a claim has not the expected type")]
    Claims,
}

#[cfg(test)]
mod tests;
