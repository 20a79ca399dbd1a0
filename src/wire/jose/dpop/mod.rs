//! Proofs that a client holds the key which its tokens are bound to (`DPoP`, RFC 9449 §4).
//!
//! ```text
//! DPoP: BASE64URL({"typ":"dpop+jwt","alg","jwk"}) "." BASE64URL({"jti","htm","htu","iat","ath"?,"nonce"?}) "." BASE64URL(signature)
//! ```
//!
//! Of the checks of §4.3 all are made here but the two that need a memory: whether the `jti` came before (§11.1), and
//! whether the `nonce` is fresh (§8, §9). Both values come back for the caller to judge, as does the thumbprint, which he
//! compares with the one that the code or token is bound to. An `ath` where no access token is shown is ignored.
//!
//! Limits: one header of 8 KiB, measured before anything is decoded; 12 levels of JSON; `jti` and `nonce` of 1 to 256
//! visible characters.

use std::{fmt, str::FromStr};

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::Url;

use super::{
    Algorithm, Jwk, PublicKey, Refusal, Typ, is_visible, json,
    keys::VerificationKey,
    segments::{Header, Segments, decode},
};

/// The algorithms that a proof may be signed with, all of FAPI 2.0 §5.4.1: no RS256, though a token of ours may have it.
pub const PROOF_ALGORITHMS: [Algorithm; 3] = [Algorithm::ES256, Algorithm::PS256, Algorithm::EdDSA];

/// What the proof must have been made for.
#[derive(Clone, Copy, Debug)]
pub struct DpopExpectation<'a> {
    /// As in the request line; case counts (RFC 9110 §9.1).
    pub method: &'a str,
    /// The address of the endpoint as clients know it, whatever name a proxy gave it on the way.
    pub url: &'a str,
    /// Seconds since the epoch.
    pub now: i64,
    /// The token that is shown with the proof: then the proof must name its hash (§4.2 `ath`).
    pub access_token: Option<&'a str>,
}

/// A proof that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DpopProof {
    /// Of the key that signed it.
    pub thumbprint: Thumbprint,
    /// To be remembered, with the thumbprint, until `iat` is older than [`MAX_AGE`].
    pub jti: String,
    pub iat: i64,
    pub nonce: Option<String>,
}

impl DpopProof {
    /// From the values of all `DPoP` headers of a request.
    pub fn verify<'h>(
        headers: impl IntoIterator<Item = &'h [u8]>,
        expected: &DpopExpectation<'_>,
    ) -> Result<Self, DpopError> {
        let proof = only(headers)?;
        let segments = Segments::split(proof).map_err(|_| DpopError::Form)?;
        let (header, jwk) = Header::read_with_key(segments.header).map_err(|refusal| of_header(&refusal))?;
        if !header.typ.as_deref().is_some_and(|typ| Typ::DpopProof.is(typ)) {
            return Err(DpopError::Typ);
        }
        if !PROOF_ALGORITHMS.contains(&header.algorithm) {
            return Err(DpopError::Algorithm);
        }
        let key = key(&jwk, header.algorithm)?;
        let thumbprint = Thumbprint::of(&key.key);
        let verifying = VerificationKey::new(&key, None);
        verifying.check_signature(header.algorithm, &segments).map_err(|_| DpopError::Signature)?;
        let claims = decode(segments.claims).map_err(|_| DpopError::Form)?;
        let claims = Claims(json::object(&claims).map_err(|_| DpopError::Form)?);
        claims.check_request(expected)?;
        let iat = claims.check_age(expected.now)?;
        claims.check_access_token(expected.access_token)?;
        let jti = claims.short_text("jti")?.ok_or(DpopError::Member("jti"))?.to_owned();
        let nonce = claims.short_text("nonce")?.map(str::to_owned);
        Ok(Self { thumbprint, jti, iat, nonce })
    }
}

/// Why a proof is refused: words for `error_description` beside `invalid_dpop_proof` (RFC 9449 §5, §7.1).
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum DpopError {
    #[error("the request has no DPoP header: send a proof")]
    Missing,
    #[error("the request has several DPoP proofs: send one")]
    Several,
    #[error("the DPoP proof is longer than 8 KiB")]
    TooLong,
    #[error("the DPoP proof is not a compact JWT of strict JSON objects")]
    Form,
    #[error("the DPoP proof has no typ of dpop+jwt")]
    Typ,
    #[error("the alg of the DPoP proof is not one of ES256, PS256 and EdDSA")]
    Algorithm,
    #[error("the header of the DPoP proof says {0}, which is not followed: leave it out")]
    Header(&'static str),
    #[error("the jwk of the DPoP proof holds a private or symmetric key: replace that key, and send its public part")]
    PrivateKey,
    #[error("the jwk of the DPoP proof is missing, malformed, too weak or of another kind than its alg")]
    Key,
    #[error("the signature of the DPoP proof does not verify with its jwk")]
    Signature,
    #[error("the member {0} of the DPoP proof is missing or not of its type and length")]
    Member(&'static str),
    #[error("the htm of the DPoP proof is not the method of this request")]
    Method,
    #[error("the htu of the DPoP proof is not the address of this endpoint")]
    Url,
    #[error("the DPoP proof is older than 60 seconds: make one for each request")]
    Stale,
    #[error("the iat of the DPoP proof lies more than 10 seconds in the future: set the clock")]
    Future,
    #[error("the ath of the DPoP proof is not the hash of the access token that came with it")]
    AccessToken,
}

/// The SHA-256 thumbprint of a key (RFC 7638 §3) as in `jkt` and `dpop_jkt`: 43 characters of base64url.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Thumbprint(String);

#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the thumbprint is not 43 characters of base64url: send BASE64URL(SHA-256) of the key as in RFC 7638")]
pub struct InvalidThumbprint;

impl Thumbprint {
    pub fn of(key: &PublicKey) -> Self {
        Self(key.thumbprint())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Thumbprint {
    type Err = InvalidThumbprint;

    fn from_str(text: &str) -> Result<Self, InvalidThumbprint> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for Thumbprint {
    type Error = InvalidThumbprint;

    fn try_from(text: String) -> Result<Self, InvalidThumbprint> {
        match BASE64URL_NOPAD.decode(text.as_bytes()) {
            Ok(digest) if digest.len() == 32 => Ok(Self(text)),
            _ => Err(InvalidThumbprint),
        }
    }
}

impl From<Thumbprint> for String {
    fn from(thumbprint: Thumbprint) -> Self {
        thumbprint.0
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key thumbprint follows a client from request to request: nothing for a log.
impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Thumbprint(…)")
    }
}

/// The value of the one header. Two of them may come joined by a comma (RFC 9110 §5.3), which no JWT contains.
fn only<'h>(headers: impl IntoIterator<Item = &'h [u8]>) -> Result<&'h str, DpopError> {
    let mut headers = headers.into_iter();
    let header = headers.next().ok_or(DpopError::Missing)?;
    if headers.next().is_some() {
        return Err(DpopError::Several);
    }
    if header.len() > MAX_HEADER {
        return Err(DpopError::TooLong);
    }
    if header.contains(&b',') {
        return Err(DpopError::Several);
    }
    std::str::from_utf8(header).map_err(|_| DpopError::Form)
}

fn of_header(refusal: &Refusal) -> DpopError {
    match refusal {
        Refusal::Algorithm => DpopError::Algorithm,
        Refusal::Header("jwk") => DpopError::Key,
        Refusal::Header(name) => DpopError::Header(name),
        _ => DpopError::Form,
    }
}

fn key(members: &Map<String, Value>, algorithm: Algorithm) -> Result<Jwk, DpopError> {
    let key = Jwk::parse(members).map_err(|error| match error {
        super::InvalidKey::Private => DpopError::PrivateKey,
        _ => DpopError::Key,
    })?;
    let said = |key: &Jwk| key.algorithm.is_none_or(|said| said == algorithm) && key.key.fits(algorithm);
    key.filter(said).ok_or(DpopError::Key)
}

struct Claims(Map<String, Value>);

impl Claims {
    fn check_request(&self, expected: &DpopExpectation<'_>) -> Result<(), DpopError> {
        if self.text("htm")?.ok_or(DpopError::Member("htm"))? != expected.method {
            return Err(DpopError::Method);
        }
        let htu = self.text("htu")?.ok_or(DpopError::Member("htu"))?;
        match (normalised(htu), normalised(expected.url)) {
            (Some(said), Some(own)) if said == own => Ok(()),
            _ => Err(DpopError::Url),
        }
    }

    /// A whole number of seconds, neither text nor fraction.
    fn check_age(&self, now: i64) -> Result<i64, DpopError> {
        let iat = self.0.get("iat").and_then(Value::as_i64).filter(|iat| *iat >= 0).ok_or(DpopError::Member("iat"))?;
        if iat < now.saturating_sub(MAX_AGE) {
            return Err(DpopError::Stale);
        }
        if iat > now.saturating_add(MAX_AHEAD) {
            return Err(DpopError::Future);
        }
        Ok(iat)
    }

    fn check_access_token(&self, access_token: Option<&str>) -> Result<(), DpopError> {
        let Some(access_token) = access_token else { return Ok(()) };
        let said = self.text("ath")?.ok_or(DpopError::Member("ath"))?;
        let hash = BASE64URL_NOPAD.encode(&Sha256::digest(access_token.as_bytes()));
        if bool::from(said.as_bytes().ct_eq(hash.as_bytes())) { Ok(()) } else { Err(DpopError::AccessToken) }
    }

    /// 1 to 256 visible characters of ASCII; `None` when it is not there.
    fn short_text(&self, name: &'static str) -> Result<Option<&str>, DpopError> {
        let text = self.text(name)?;
        if text.is_none_or(|text| is_visible(text, 256)) { Ok(text) } else { Err(DpopError::Member(name)) }
    }

    fn text(&self, name: &'static str) -> Result<Option<&str>, DpopError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(DpopError::Member(name)),
        }
    }
}

/// Scheme and host in lower case, the port also when it is the scheme's own, the path without dot segments (RFC 3986
/// §6.2.2, §6.2.3); query and fragment do not count (§4.3). `None` for what one parser would repair and another refuse,
/// and for addresses with a user in them.
fn normalised(text: &str) -> Option<(String, String, u16, String)> {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let (scheme, rest) = text.split_once("://")?;
    let same = |url: &Url| url.scheme().eq_ignore_ascii_case(scheme);
    let url = Url::parse(text).ok().filter(|url| plain && !rest.starts_with('/') && same(url))?;
    if !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let host = url.host_str()?.to_owned();
    Some((url.scheme().to_owned(), host, url.port_or_known_default()?, url.path().to_owned()))
}

/// Seconds that a proof is good for. §11.1 asks for seconds or minutes; a client makes one for each request, so a minute
/// covers a slow network, and bounds what has to be remembered of each `jti`.
pub const MAX_AGE: i64 = 60;
/// Seconds that a client's clock may be ahead (FAPI 2.0 Security Profile §5.3.2.1, clause 13: up to 10 has to be taken).
pub const MAX_AHEAD: i64 = 10;
const MAX_HEADER: usize = 8 * 1024;

#[cfg(test)]
mod tests;
