//! The claims of a token, as they stand on the wire (`specs/claims.md`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Binding, VERIFIED_CLAIMS};
use crate::domain::{
    area::AreaCode,
    authentication::Acr,
    bracket::AgeBracket,
    claim::Quality,
    ids::ClientId,
    quality::{RoleKind, Sex},
};

/// What is told of a person at one place.
#[derive(Clone, Serialize)]
#[serde(untagged)]
pub enum Told {
    /// As the scopes ask for it.
    Scopes(Box<PersonClaims>),
    /// With or by claims that were asked for by name.
    Names(Map<String, Value>),
}

impl Told {
    /// Which qualities are in it, for the lint.
    pub(super) fn qualities(&self) -> Vec<Quality> {
        match self {
            Self::Scopes(claims) => claims.qualities(),
            Self::Names(claims) => {
                let verified = claims.get(VERIFIED_CLAIMS);
                let elements =
                    verified.map_or(&[][..], |one| one.as_array().map_or(std::slice::from_ref(one), |many| many));
                let inside = elements.iter().filter_map(|element| element.get("claims")?.as_object());
                let names: Vec<_> = inside.chain([claims]).flat_map(Map::keys).collect();
                let told = |quality: &Quality| names.iter().any(|name| quality.is_told_by(name));
                Quality::ALL.into_iter().filter(told).collect()
            }
        }
    }

    /// Whether the name shown is in it, for the lint.
    pub(super) fn has_names(&self) -> bool {
        match self {
            Self::Scopes(claims) => claims.names.is_some(),
            Self::Names(claims) => {
                ["name", "preferred_username", "nickname"].iter().any(|name| claims.contains_key(*name))
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Names(claims) if claims.is_empty())
    }
}

/// What is said of a person. What was not asked for and agreed to is absent.
#[derive(Clone, Default, Serialize)]
pub struct PersonClaims {
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub names: Option<NameClaims>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_bracket: Option<AgeBracket>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_over_18: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub residence: Option<AreaCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub residence_label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<RoleKind>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// The calendar year that the brackets count in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims_as_of: Option<i16>,
}

/// The claims of the scope `profile`.
#[derive(Clone, Serialize)]
pub struct NameClaims {
    pub name: String,
    pub preferred_username: String,
    pub nickname: String,
    pub name_assurance: &'static str,
    pub name_audience: &'static str,
    pub indexable: bool,
    pub heteronyms_per_person: i64,
}

/// An ID token (OpenID Connect Core §2).
#[derive(Clone, Serialize)]
pub struct IdTokenClaims {
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub exp: i64,
    pub iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    pub acr: Acr,
    pub amr: Vec<String>,
    /// Of the access token that goes with it, which is ready first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_hash: Option<String>,
    pub sid: String,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub person: Option<Told>,
}

/// An access token for a protected resource of the forum's own (RFC 9068 §2.2).
#[derive(Clone, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub exp: i64,
    pub iat: i64,
    /// Leads us, and nobody else, to the grant.
    pub jti: String,
    pub client_id: String,
    pub scope: String,
    pub auth_time: i64,
    pub acr: Acr,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Binding>,
}

/// The answer of the UserInfo endpoint (OpenID Connect Core §5.3.2).
#[derive(Clone, Serialize)]
pub struct UserInfo {
    pub sub: String,
    /// In a signed answer, which says by whom and for whom it is.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub addressed: Option<Addressed>,
    #[serde(flatten)]
    pub person: Told,
}

/// Who signed an answer, for whom.
#[derive(Clone, Serialize)]
pub struct Addressed {
    pub iss: String,
    pub aud: String,
}

impl UserInfo {
    #[must_use]
    pub fn addressed(self, issuer: &str, client: &ClientId) -> Self {
        Self { addressed: Some(Addressed { iss: issuer.to_owned(), aud: client.to_string() }), ..self }
    }
}

impl PersonClaims {
    /// Which qualities are in it, for the lint.
    pub(super) fn qualities(&self) -> Vec<Quality> {
        let told = [
            (Quality::AgeBracket, self.age_bracket.is_some()),
            (Quality::AgeOver18, self.age_over_18.is_some()),
            (Quality::Residence, self.residence.is_some() || self.residence_label.is_some()),
            (Quality::Sex, self.sex.is_some()),
            (Quality::Roles, self.roles.is_some()),
        ];
        told.into_iter().filter(|(_, told)| *told).map(|(quality, _)| quality).collect()
    }
}

impl std::fmt::Debug for IdTokenClaims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdTokenClaims(…)")
    }
}
