//! The terms of one grant: everything that its tokens may say, and on what they rest. They travel sealed, in the code,
//! the access token and the rows, so that no table has to be joined to answer for a token.

use std::{collections::BTreeSet, fmt};

use rand::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::{
    attributes,
    domain::{
        ambient::Timestamp,
        area::Level,
        authentication::Acr,
        bracket::AgeBracket,
        claim::{Qualities, Quality},
        ids::{AccountId, ClientId, ConsentId, GrantId, PersonId, PseudonymId},
    },
    keyring::Keyring,
    wire::{jose::Thumbprint, oauth::Scope},
};

/// What was granted. One-letter names keep the sealed values short: they travel in every request.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    #[serde(rename = "g")]
    pub grant: GrantId,
    #[serde(rename = "o")]
    pub consent: ConsentId,
    #[serde(rename = "c")]
    pub client: ClientId,
    #[serde(rename = "p")]
    pub person: PersonId,
    #[serde(rename = "a")]
    pub account: AccountId,
    #[serde(rename = "y")]
    pub pseudonym: PseudonymId,
    #[serde(rename = "s")]
    pub scope: Scope,
    /// What may be released: asked for and agreed to.
    #[serde(rename = "r")]
    pub release: BTreeSet<Quality>,
    #[serde(rename = "n")]
    pub names: bool,
    #[serde(rename = "l")]
    pub residence_level: Level,
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub age_brackets: Option<Vec<AgeBracket>>,
    /// The values that the citizen saw when agreeing.
    #[serde(rename = "v")]
    pub shown: Qualities,
    #[serde(rename = "t")]
    pub auth_time: Timestamp,
    /// The client sent or registered `max_age`.
    #[serde(rename = "w")]
    pub auth_time_asked: bool,
    /// That which was asked for, or the one held.
    #[serde(rename = "k")]
    pub acr: Acr,
    #[serde(rename = "m")]
    pub amr: Vec<String>,
    /// The session as this forum knows it (OpenID Connect Front-Channel Logout §3): another in every sector.
    #[serde(rename = "i")]
    pub sid: String,
    /// The resource that access tokens are for; without one it is the UserInfo endpoint.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The key without which access tokens are worth nothing.
    #[serde(rename = "j", default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<Binding>,
}

/// The confirmation of a sender-constrained access token (RFC 7800 §3): it is written like this in `cnf`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Binding {
    /// The thumbprint of a DPoP key (RFC 9449 §6).
    #[serde(rename = "jkt")]
    Dpop(Thumbprint),
    /// The SHA-256 of a client certificate (RFC 8705 §3.1).
    #[serde(rename = "x5t#S256")]
    Certificate(String),
}

impl Terms {
    pub(super) fn attribute_terms(&self) -> attributes::Terms {
        attributes::Terms { residence_level: self.residence_level, age_brackets: self.age_brackets.clone() }
    }

    pub(super) fn seal_access(&self, keyring: &Keyring, exp: i64, rng: &mut impl CryptoRng) -> String {
        let bytes = serde_json::to_vec(&(exp, self)).unwrap_or_default();
        keyring.token().seal(ACCESS, b"", &bytes, rng)
    }

    pub(super) fn open_access(keyring: &Keyring, token: &str, now: i64) -> Option<(Self, i64)> {
        let bytes = keyring.token().open(ACCESS, b"", token).ok()?;
        let (exp, terms): (i64, Self) = serde_json::from_slice(&bytes).ok()?;
        (now < exp).then_some((terms, exp))
    }
}

/// Nothing of them: they are a person in a forum.
impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Terms(…)")
    }
}

const ACCESS: &str = "access-token";
