//! What a forum may ask for and a citizen may release, one by one (`specs/claims.md`).

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{
    area::AreaCode,
    bracket::AgeBracket,
    quality::{RoleKind, Sex},
};

/// One quality that a citizen agrees to release, or declines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    AgeBracket,
    /// As `specs/claims.md` writes it. The other spelling was once made of this name, and may stand in what is kept.
    #[serde(rename = "age_over_18", alias = "age_over18")]
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

    /// Whether this claim tells of it.
    pub fn is_told_by(self, claim: &str) -> bool {
        claim == self.as_str() || (self == Self::Residence && claim == "residence_label")
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

/// The qualities of one person in the form in which one forum may learn them. What is absent is not told.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Qualities {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_bracket: Option<AgeBracket>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_over_18: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residence: Option<AreaCode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleKind>,
}

impl Qualities {
    /// Those of them that are in the set.
    #[must_use]
    pub fn only(&self, set: &BTreeSet<Quality>) -> Self {
        Self {
            age_bracket: self.age_bracket.filter(|_| set.contains(&Quality::AgeBracket)),
            age_over_18: self.age_over_18.filter(|_| set.contains(&Quality::AgeOver18)),
            residence: self.residence.filter(|_| set.contains(&Quality::Residence)),
            sex: self.sex.filter(|_| set.contains(&Quality::Sex)),
            roles: if set.contains(&Quality::Roles) { self.roles.clone() } else { Vec::new() },
        }
    }

    /// Whether these are told as those were: where somebody lives, their sex, their roles. Ages grow by themselves.
    pub fn stays(&self, before: &Self) -> bool {
        self.residence == before.residence && self.sex == before.sex && self.roles == before.roles
    }

    /// Which of them have a value.
    pub fn present(&self) -> BTreeSet<Quality> {
        let has = |quality: &Quality| match quality {
            Quality::AgeBracket => self.age_bracket.is_some(),
            Quality::AgeOver18 => self.age_over_18.is_some(),
            Quality::Residence => self.residence.is_some(),
            Quality::Sex => self.sex.is_some(),
            Quality::Roles => !self.roles.is_empty(),
        };
        Quality::ALL.into_iter().filter(has).collect()
    }
}

/// Nothing of them: together they may single out a person.
impl fmt::Debug for Qualities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Qualities(…)")
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

/// Every claim about a person, with the scopes that ask for it (`specs/claims.md`). `groups` and `claims_as_of` go with
/// whatever they tell of.
pub const PERSON_CLAIMS: [(&str, &[&str]); 15] = [
    ("name", &["profile"]),
    ("preferred_username", &["profile"]),
    ("nickname", &["profile"]),
    ("name_assurance", &["profile"]),
    ("name_audience", &["profile"]),
    ("indexable", &["profile"]),
    ("heteronyms_per_person", &["profile"]),
    ("age_bracket", &["age"]),
    ("age_over_18", &["age"]),
    ("residence", &["residence"]),
    ("residence_label", &["residence"]),
    ("sex", &["sex"]),
    ("roles", &["roles"]),
    ("groups", &["profile", "age", "residence", "roles"]),
    ("claims_as_of", &["age", "residence", "sex", "roles"]),
];

/// The scopes that ask for a claim about a person; `None` for a name that no such claim has.
pub fn scopes_of(claim: &str) -> Option<&'static [&'static str]> {
    PERSON_CLAIMS.iter().find(|(name, _)| *name == claim).map(|(_, scopes)| *scopes)
}

/// Every scope that is served.
pub const SCOPES: [&str; 7] = ["openid", "profile", "age", "residence", "sex", "roles", "offline_access"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quality_is_written_in_json_as_everywhere() {
        for quality in Quality::ALL {
            assert_eq!(serde_json::to_value(quality).unwrap(), quality.as_str());
            assert_eq!(serde_json::from_value::<Quality>(quality.as_str().into()).unwrap(), quality);
        }
        assert_eq!(serde_json::from_str::<Quality>("\"age_over18\"").unwrap(), Quality::AgeOver18);
    }
}
