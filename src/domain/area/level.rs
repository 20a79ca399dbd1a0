//! How fine an area is.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How fine an area is. A smaller level is a coarser one: `Country < Commune`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Level {
    Country,
    Region,
    Department,
    Intercommunal,
    Commune,
}

impl Level {
    /// From the coarsest to the finest.
    pub const ALL: [Self; 5] = [Self::Country, Self::Region, Self::Department, Self::Intercommunal, Self::Commune];

    /// The name in tables, configuration and registrations; it never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Region => "region",
            Self::Department => "departement",
            Self::Intercommunal => "epci",
            Self::Commune => "commune",
        }
    }

    pub fn is_coarser_than(self, other: Self) -> bool {
        self < other
    }
}

impl FromStr for Level {
    type Err = InvalidLevel;

    fn from_str(text: &str) -> Result<Self, InvalidLevel> {
        Self::ALL.into_iter().find(|level| level.as_str() == text).ok_or(InvalidLevel)
    }
}

impl TryFrom<String> for Level {
    type Error = InvalidLevel;

    fn try_from(text: String) -> Result<Self, InvalidLevel> {
        text.parse()
    }
}

impl From<Level> for String {
    fn from(level: Level) -> Self {
        level.as_str().to_owned()
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that is not the name of a level.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a level: choose country, region, departement, epci or commune")]
pub struct InvalidLevel;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_run_from_coarse_to_fine_under_names_that_do_not_change() {
        let names = Level::ALL.map(Level::as_str);
        assert_eq!(names, ["country", "region", "departement", "epci", "commune"]);
        assert!(Level::ALL.is_sorted());
        assert!(Level::Country.is_coarser_than(Level::Commune));
        assert!(!Level::Commune.is_coarser_than(Level::Commune));
        for level in Level::ALL {
            assert_eq!(level.as_str().parse(), Ok(level));
            assert_eq!(serde_json::to_string(&level).unwrap(), format!("\"{level}\""));
        }
        assert!(serde_json::from_str::<Level>("\"Commune\"").is_err());
    }
}
