//! The names of the public logs. See `specs/log.md`.

use std::{fmt, str::FromStr};

/// A log by its name, which is a part of its address: `registry`, or a year as `2026`.
///
/// The order is the one in which the heads of several logs are locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogName {
    /// Facts about institutions, in clear, for good.
    Registry,
    /// What was issued in one legal year.
    Issuance(Year),
}

/// A year of four digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Year(i16);

/// A text that names no log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a log: registry, or a year of four digits")]
pub struct UnknownLog;

impl fmt::Display for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry => f.write_str(REGISTRY),
            Self::Issuance(Year(year)) => write!(f, "{year}"),
        }
    }
}

impl FromStr for LogName {
    type Err = UnknownLog;

    fn from_str(text: &str) -> Result<Self, UnknownLog> {
        if text == REGISTRY {
            return Ok(Self::Registry);
        }
        let digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        let year: Option<i16> = if digits { text.parse().ok() } else { None };
        year.ok_or(UnknownLog)?.try_into().map(Self::Issuance)
    }
}

impl TryFrom<i16> for Year {
    type Error = UnknownLog;

    fn try_from(year: i16) -> Result<Self, UnknownLog> {
        if (1000..=9999).contains(&year) { Ok(Self(year)) } else { Err(UnknownLog) }
    }
}

const REGISTRY: &str = "registry";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written_and_in_no_other_form() {
        for name in ["registry", "2026", "1000", "9999"] {
            assert_eq!(name.parse::<LogName>().unwrap().to_string(), name);
        }
        for wrong in ["", "Registry", "registry ", "0999", "20260", "+026", "-026", "２０２６", "2026/", "..", "26"]
        {
            assert_eq!(wrong.parse::<LogName>(), Err(UnknownLog), "{wrong:?}");
        }
        assert_eq!(Year::try_from(999), Err(UnknownLog));
        assert_eq!(Year::try_from(10_000), Err(UnknownLog));
    }

    #[test]
    fn the_registry_comes_before_every_year_and_years_in_their_order() {
        let names = ["registry", "1999", "2026", "2027"].map(|name| name.parse::<LogName>().unwrap());
        assert!(names.is_sorted());
    }
}
