//! What a forum may ask for and a citizen may release, one by one (`specs/claims.md`).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One quality that a citizen agrees to release, or declines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    AgeBracket,
    AgeOver18,
    Residence,
    Sex,
    Roles,
}

impl Quality {
    pub const ALL: [Self; 5] = [Self::AgeBracket, Self::AgeOver18, Self::Residence, Self::Sex, Self::Roles];

    /// The name of the claim, and of the field of a form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AgeBracket => "age_bracket",
            Self::AgeOver18 => "age_over_18",
            Self::Residence => "residence",
            Self::Sex => "sex",
            Self::Roles => "roles",
        }
    }

    /// The scope that asks for it.
    pub const fn scope(self) -> &'static str {
        match self {
            Self::AgeBracket | Self::AgeOver18 => "age",
            Self::Residence => "residence",
            Self::Sex => "sex",
            Self::Roles => "roles",
        }
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that no quality has.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a quality: use age_bracket, age_over_18, residence, sex or roles")]
pub struct UnknownQuality;

impl FromStr for Quality {
    type Err = UnknownQuality;

    fn from_str(text: &str) -> Result<Self, UnknownQuality> {
        Self::ALL.into_iter().find(|quality| quality.as_str() == text).ok_or(UnknownQuality)
    }
}

/// Every scope that is served.
pub const SCOPES: [&str; 7] = ["openid", "profile", "age", "residence", "sex", "roles", "offline_access"];
