//! The name that a forum shows: chosen, or a part of the verified one; and who may see it.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    domain::{
        ambient::Timestamp,
        name::{ChosenName, Skeletons},
        quality::PartialName,
    },
    keyring::padded_json,
};

/// A name shown, of one kind or the other.
#[derive(Clone, PartialEq, Eq)]
pub enum ShownName {
    /// Free, checked against look-alikes, unique in the sector.
    Chosen(ChosenName),
    /// "Arnaud R.": derived from the verified name, so it is true, and several people may show the same.
    Partial(PartialName),
}

/// Who may see the name (`name_audience`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    Members,
    Public,
}

/// What the citizen decided about the name in one forum. Can be read back only from values that this service sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Row", into = "Row")]
pub struct NameChoice {
    pub name: ShownName,
    pub audience: Audience,
    /// Whether search engines may see it.
    pub indexable: bool,
}

impl ShownName {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Chosen(name) => name.as_str(),
            Self::Partial(name) => name.as_str(),
        }
    }

    /// The claim `name_assurance`.
    pub const fn assurance(&self) -> &'static str {
        match self {
            Self::Chosen(_) => "chosen",
            Self::Partial(_) => "partial",
        }
    }

    /// What has to be unique; a partial name need not be.
    pub(super) fn skeletons(&self) -> Option<Skeletons> {
        match self {
            Self::Chosen(name) => Some(name.skeletons()),
            Self::Partial(_) => None,
        }
    }
}

impl fmt::Debug for ShownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShownName({}, …)", self.assurance())
    }
}

impl Audience {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::Public => "public",
        }
    }
}

impl NameChoice {
    /// Chosen names are for all to see, and search engines are asked not to look.
    pub fn chosen(name: ChosenName) -> Self {
        Self { name: ShownName::Chosen(name), audience: Audience::Public, indexable: false }
    }

    /// A part of the true name is for members only.
    pub fn partial(name: PartialName) -> Self {
        Self { name: ShownName::Partial(name), audience: Audience::Members, indexable: false }
    }
}

/// What is sealed in a pseudonym's row.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    #[serde(flatten)]
    pub(super) shown: NameChoice,
    pub(super) created_on: Timestamp,
    pub(super) retired_on: Option<Timestamp>,
}

impl Content {
    /// Names differ in length; their rows need not.
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        padded_json(self, PADDING)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

impl From<NameChoice> for Row {
    fn from(choice: NameChoice) -> Self {
        Self {
            kind: choice.name.assurance().to_owned(),
            name: choice.name.as_str().to_owned(),
            audience: choice.audience,
            indexable: choice.indexable,
        }
    }
}

impl TryFrom<Row> for NameChoice {
    type Error = &'static str;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        let name = match row.kind.as_str() {
            "chosen" => ShownName::Chosen(ChosenName::from_row(row.name)),
            "partial" => ShownName::Partial(row.name.parse().map_err(|_| "not a partial name")?),
            _ => return Err("an unknown kind of name"),
        };
        Ok(Self { name, audience: row.audience, indexable: row.indexable })
    }
}

#[derive(Clone, Serialize, Deserialize)]
struct Row {
    kind: String,
    name: String,
    audience: Audience,
    indexable: bool,
}

const PADDING: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_survives_its_row_and_all_rows_are_alike_in_length() {
        let (shown, day) = (NameChoice::partial("Anne-Marie É.".parse().unwrap()), Timestamp(1_781_481_600_000));
        let long = Content { shown, created_on: day, retired_on: Some(day) };
        let shown = NameChoice::chosen(ChosenName::from_row("Io".to_owned()));
        let short = Content { shown, created_on: Timestamp(0), retired_on: None };
        assert_eq!(long.to_bytes().len(), short.to_bytes().len());
        assert!(Content::from_bytes(&long.to_bytes()) == Some(long));
        assert!(Content::from_bytes(&short.to_bytes()) == Some(short));
    }

    #[test]
    fn a_partial_name_is_for_members_and_no_name_is_for_search_engines() {
        let partial = NameChoice::partial("Arnaud R.".parse().unwrap());
        assert_eq!((partial.audience, partial.indexable), (Audience::Members, false));
        assert_eq!(format!("{:?}", partial.name), "ShownName(partial, …)");
    }
}
