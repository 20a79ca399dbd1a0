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
        claim::{Qualities, Quality, scopes_of},
        ids::{AccountId, ClientId, ConsentId, GrantId, PersonId, PseudonymId},
    },
    keyring::Keyring,
    wire::{
        jose::Thumbprint,
        oauth::{ClaimRequest, ClaimsRequest, Scope, VerifiedClaimsRequest},
    },
};

/// What was granted. One-letter names keep the sealed values short: they travel in every request.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
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
    /// What the client asked for by name (OpenID Connect Core §5.5), beside its scopes.
    #[serde(rename = "q", default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<Box<ClaimsRequest>>,
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

/// Where claims are put (OpenID Connect Core §5.4, §5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    UserInfo,
    /// Those of scopes as well, or only what was asked for there by name.
    IdToken {
        all: bool,
    },
}

impl Terms {
    /// Whether a claim was asked for at this place by a scope.
    pub(super) fn asked_by_scope(&self, place: Place, claim: &str) -> bool {
        let scopes = || scopes_of(claim).unwrap_or_default();
        place != Place::IdToken { all: false } && scopes().iter().any(|scope| self.scope.contains(scope))
    }

    /// What was asked for at this place by name.
    pub(super) fn asked_by_name(&self, place: Place) -> &[ClaimRequest] {
        match (self.claims.as_deref(), place) {
            (None, _) => &[],
            (Some(claims), Place::UserInfo) => &claims.userinfo,
            (Some(claims), Place::IdToken { .. }) => &claims.id_token,
        }
    }

    /// What was asked for at this place together with how it was verified (OpenID Identity Assurance Schema 1.0).
    pub(super) fn asked_verified(&self, place: Place) -> &[VerifiedClaimsRequest] {
        match (self.claims.as_deref(), place) {
            (None, _) => &[],
            (Some(claims), Place::UserInfo) => &claims.userinfo_verified,
            (Some(claims), Place::IdToken { .. }) => &claims.id_token_verified,
        }
    }

    /// What may be released at this place: agreed to, and asked for there.
    pub(super) fn release_at(&self, place: Place) -> BTreeSet<Quality> {
        let by_name = |quality: Quality| self.asked_by_name(place).iter().any(|asked| quality.is_told_by(&asked.name));
        let asked = |quality: &Quality| self.asked_by_scope(place, quality.as_str()) || by_name(*quality);
        self.release.iter().copied().filter(asked).collect()
    }

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
