//! Reading a compact JSON Web Token (RFC 7515 §5.2, RFC 7519 §7.2), refusing whatever was not expected (RFC 8725).
//!
//! `jsonwebtoken` checks the signatures of RSA and P-256; its own reading of header and claims is not used, because it
//! lets through unknown `crit`, a missing or ill-typed `aud` and `iss`, any `typ`, any size and depth, 60 s of
//! leeway, and asks the wall clock. Ed25519 is verified strictly, so that every verifier gives the same answer.
//!
//! Limits: 16 KiB before anything is decoded, 12 levels of JSON. Not verified here: `nonce`, `jti`, `azp` and whatever
//! else only the caller knows; they come back in the claims.

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signature, VerifyingKey};
use jsonwebtoken::DecodingKey;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{
    Algorithm, Jwk, JwkSet, Typ, json,
    jwk::{MAX_KID, Material},
};

/// What a token must say to be believed. Everything that is not named here is refused.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one leniency that a caller may ask for by its name")]
pub struct Verifier<'a> {
    typ: Typ,
    issuer: &'a str,
    audience: [&'a str; 2],
    algorithms: &'a [Algorithm],
    required: &'a [&'a str],
    typ_may_be_missing: bool,
    audience_may_be_a_list: bool,
    kid_may_be_missing: bool,
    may_have_expired: bool,
    leeway: i64,
    max_lifetime: i64,
    max_bytes: usize,
}

impl<'a> Verifier<'a> {
    /// Of this kind, from this issuer, for this audience; with `kid` and `sub`; living at most a day; no leeway.
    pub const fn new(typ: Typ, issuer: &'a str, audience: &'a str) -> Self {
        Self {
            typ,
            issuer,
            audience: [audience, audience],
            algorithms: &Algorithm::ALL,
            required: &["sub"],
            typ_may_be_missing: false,
            audience_may_be_a_list: false,
            kid_may_be_missing: false,
            may_have_expired: false,
            leeway: 0,
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

    /// A second audience is as good: clients may name the token endpoint in place of the issuer (RFC 7523 §3).
    #[must_use]
    pub const fn or_audience(mut self, audience: &'a str) -> Self {
        self.audience[1] = audience;
        self
    }

    /// `aud` may be a list, when every one of it is an audience expected here.
    #[must_use]
    pub const fn audience_may_be_a_list(mut self) -> Self {
        self.audience_may_be_a_list = true;
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

    /// Seconds from now within which `exp` must lie.
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
        let parts = Parts::split(token)?;
        let header = Header::read(parts.header)?;
        self.check_typ(&header)?;
        self.check_algorithm(&header)?;
        let key = keys.find(&header, self.kid_may_be_missing, now)?;
        key.check_signature(header.algorithm, &parts)?;
        let claims = json::object(&decode(parts.claims)?).map_err(|_| Refusal::NotStrictJson)?;
        self.check_issuer(&claims)?;
        self.check_audience(&claims)?;
        self.check_times(&claims, now)?;
        self.check_members(&claims)?;
        let claims = serde_json::from_value(Value::Object(claims)).map_err(|_| Refusal::Claims)?;
        Ok(Verified { claims, algorithm: header.algorithm, kid: key.kid.clone() })
    }

    fn check_typ(&self, header: &Header) -> Result<(), Refusal> {
        let expected = match &header.typ {
            Some(typ) => self.typ.is(typ),
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
        let expected = |value: &Value| value.as_str().is_some_and(|audience| self.audience.contains(&audience));
        let holds = match claims.get("aud") {
            Some(Value::Array(list)) => self.audience_may_be_a_list && !list.is_empty() && list.iter().all(expected),
            Some(one) => expected(one),
            None => false,
        };
        if holds { Ok(()) } else { Err(Refusal::Audience) }
    }

    /// Dates are whole numbers: a fraction or an exponent is refused (RFC 7519 §2 would allow it).
    fn check_times(&self, claims: &Map<String, Value>, now: i64) -> Result<(), Refusal> {
        let date = |name| match claims.get(name) {
            None => Ok(None),
            Some(value) => value.as_i64().filter(|date| *date >= 0).map(Some).ok_or(Refusal::Date(name)),
        };
        let expires = date("exp")?.ok_or(Refusal::Missing("exp"))?;
        if expires > now.saturating_add(self.max_lifetime).saturating_add(self.leeway) {
            return Err(Refusal::Date("exp"));
        }
        if !self.may_have_expired && now >= expires.saturating_add(self.leeway) {
            return Err(Refusal::Expired);
        }
        let soonest = now.saturating_add(self.leeway);
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
            // At most 255 ASCII characters (OpenID Connect Core §2): no direction marks, nothing that cannot be seen.
            Some(Value::String(sub)) if (1..=255).contains(&sub.len()) && sub.bytes().all(|b| b.is_ascii_graphic()) => {
                Ok(())
            }
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
    #[error("a claim has not the expected type")]
    Claims,
}

/// The keys that one issuer's tokens are verified with.
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<VerificationKey>);

impl KeySet {
    /// Keys that are believed as long as they are in the set.
    pub fn new(set: &JwkSet) -> Self {
        Self(set.keys.iter().map(|jwk| VerificationKey::new(jwk, None)).collect())
    }

    /// Adds a key that is believed until `until`, in seconds since the epoch.
    pub fn add_until(&mut self, jwk: &Jwk, until: Option<i64>) {
        self.0.push(VerificationKey::new(jwk, until));
    }

    fn find(&self, header: &Header, kid_may_be_missing: bool, now: i64) -> Result<&VerificationKey, Refusal> {
        let mut fitting = self.0.iter().filter(|key| {
            key.algorithms.contains(&Some(header.algorithm))
                && key.until.is_none_or(|until| now < until)
                && (header.kid.is_none() || key.kid == header.kid)
        });
        match (fitting.next(), fitting.next(), &header.kid) {
            (Some(key), _, Some(_)) => Ok(key),
            (Some(key), None, None) if kid_may_be_missing => Ok(key),
            _ => Err(Refusal::Key),
        }
    }
}

#[derive(Clone, Debug)]
struct VerificationKey {
    kid: Option<String>,
    /// One, or for an RSA key whose owner did not say which, both.
    algorithms: [Option<Algorithm>; 2],
    until: Option<i64>,
    prepared: Prepared,
}

#[derive(Clone, Debug)]
enum Prepared {
    Ed25519(Box<VerifyingKey>),
    /// In the form that `jsonwebtoken` takes.
    Other(Box<DecodingKey>),
}

impl VerificationKey {
    fn new(jwk: &Jwk, until: Option<i64>) -> Self {
        let said = jwk.algorithm.filter(|algorithm| jwk.key.fits(*algorithm));
        let (algorithms, prepared) = match jwk.key.material() {
            Material::Rsa { n, e } => {
                let either = [Some(Algorithm::RS256), Some(Algorithm::PS256)];
                let key = DecodingKey::from_rsa_raw_components(n, e);
                (said.map_or(either, |algorithm| [Some(algorithm), None]), Prepared::Other(Box::new(key)))
            }
            Material::P256(point) => {
                ([Some(Algorithm::ES256), None], Prepared::Other(Box::new(DecodingKey::from_ec_der(point))))
            }
            Material::Ed25519(key) => ([Some(Algorithm::EdDSA), None], Prepared::Ed25519(Box::new(*key))),
        };
        Self { kid: jwk.kid.clone(), algorithms, until, prepared }
    }

    fn check_signature(&self, algorithm: Algorithm, parts: &Parts<'_>) -> Result<(), Refusal> {
        let algorithm = match algorithm {
            Algorithm::RS256 => jsonwebtoken::Algorithm::RS256,
            Algorithm::PS256 => jsonwebtoken::Algorithm::PS256,
            Algorithm::ES256 => jsonwebtoken::Algorithm::ES256,
            Algorithm::EdDSA => jsonwebtoken::Algorithm::EdDSA,
        };
        let message = parts.message.as_bytes();
        let holds = match &self.prepared {
            Prepared::Other(key) => jsonwebtoken::crypto::verify(parts.signature, message, key, algorithm),
            Prepared::Ed25519(key) => {
                let signature = Signature::from_slice(&decode(parts.signature)?).map_err(|_| Refusal::Signature)?;
                Ok(key.verify_strict(message, &signature).is_ok())
            }
        };
        if holds == Ok(true) { Ok(()) } else { Err(Refusal::Signature) }
    }
}

/// The segments of a compact token, still encoded.
struct Parts<'a> {
    /// Header and claims with their dot: what is signed.
    message: &'a str,
    header: &'a str,
    claims: &'a str,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    fn split(token: &'a str) -> Result<Self, Refusal> {
        let (message, signature) = token.rsplit_once('.').ok_or(Refusal::Form)?;
        let (header, claims) = message.split_once('.').ok_or(Refusal::Form)?;
        if claims.contains('.') {
            return Err(Refusal::Form);
        }
        Ok(Self { message, header, claims, signature })
    }
}

/// The header, of which only three members count.
struct Header {
    algorithm: Algorithm,
    kid: Option<String>,
    typ: Option<String>,
}

impl Header {
    fn read(encoded: &str) -> Result<Self, Refusal> {
        let members = json::object(&decode(encoded)?).map_err(|_| Refusal::NotStrictJson)?;
        if let Some(name) = NOT_FOLLOWED.into_iter().find(|name| members.contains_key(*name)) {
            return Err(Refusal::Header(name));
        }
        let text = |name| match members.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.len() <= MAX_KID => Ok(Some(text.clone())),
            Some(_) => Err(Refusal::Header(name)),
        };
        let algorithm = text("alg").ok().flatten().and_then(|name| name.parse().ok()).ok_or(Refusal::Algorithm)?;
        Ok(Self { algorithm, kid: text("kid")?, typ: text("typ")? })
    }
}

fn decode(part: &str) -> Result<Vec<u8>, Refusal> {
    BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| Refusal::Form)
}

/// Header members that would change the meaning of the token or name a key from outside (RFC 7515 §4.1.2 to §4.1.6,
/// §4.1.11; RFC 7797 `b64`; RFC 7516 §4.1; RFC 7519 §5.2 for nested tokens).
const NOT_FOLLOWED: [&str; 13] =
    ["crit", "b64", "jwk", "jku", "x5u", "x5c", "enc", "zip", "cty", "epk", "p2c", "p2s", "url"];

#[cfg(test)]
mod tests;
