//! A compact token taken apart (RFC 7515 §3.1, §7.1), and its header, of which nothing is followed (RFC 8725 §3.10).

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use super::{Algorithm, Refusal, json, jwk::MAX_KID};

/// The segments of a compact token, still encoded.
pub(super) struct Segments<'a> {
    /// Header and claims with their dot: what is signed.
    pub(super) message: &'a str,
    pub(super) header: &'a str,
    pub(super) claims: &'a str,
    pub(super) signature: &'a str,
}

impl<'a> Segments<'a> {
    pub(super) fn split(token: &'a str) -> Result<Self, Refusal> {
        let (message, signature) = token.rsplit_once('.').ok_or(Refusal::Form)?;
        let (header, claims) = message.split_once('.').ok_or(Refusal::Form)?;
        if claims.contains('.') {
            return Err(Refusal::Form);
        }
        Ok(Self { message, header, claims, signature })
    }
}

/// The header, of which only three members count.
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
    pub(super) typ: Option<String>,
}

impl Header {
    pub(super) fn read(encoded: &str) -> Result<Self, Refusal> {
        Self::of(&members(encoded)?)
    }

    /// The header of a `DPoP` proof and the members of its key: the one kind of token that brings its own (RFC 9449
    /// §4.2). Everything else that no header may say is refused here too.
    pub(super) fn read_with_key(encoded: &str) -> Result<(Self, Map<String, Value>), Refusal> {
        let mut members = members(encoded)?;
        let Some(Value::Object(jwk)) = members.remove("jwk") else { return Err(Refusal::Header("jwk")) };
        Ok((Self::of(&members)?, jwk))
    }

    fn of(members: &Map<String, Value>) -> Result<Self, Refusal> {
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

fn members(encoded: &str) -> Result<Map<String, Value>, Refusal> {
    json::object(&decode(encoded)?).map_err(|_| Refusal::NotStrictJson)
}

pub(super) fn decode(part: &str) -> Result<Vec<u8>, Refusal> {
    BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| Refusal::Form)
}

/// Header members that would change the meaning of the token or name a key from outside (RFC 7515 §4.1.2 to §4.1.6,
/// §4.1.11; RFC 7797 `b64`; RFC 7516 §4.1; RFC 7519 §5.2 for nested tokens).
const NOT_FOLLOWED: [&str; 13] =
    ["crit", "b64", "jwk", "jku", "x5u", "x5c", "enc", "zip", "cty", "epk", "p2c", "p2s", "url"];
