//! The forms of the values in leaves: what a word is, an hour, a name. Only the form is checked: whether an area exists or a log has that
//! name, whoever reads has to find out.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A value is not of the form that its place asks for. Says the form, never the value.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("not {0}")]
pub struct InvalidForm(pub(in crate::wire::tlog) &'static str);

/// Defines texts that fulfil a condition.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $form:literal, $valid:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidForm;

            fn try_from(text: String) -> Result<Self, InvalidForm> {
                let valid: fn(&str) -> bool = $valid;
                if valid(&text) { Ok(Self(text)) } else { Err(InvalidForm($form)) }
            }
        }

        impl FromStr for $name {
            type Err = InvalidForm;

            fn from_str(text: &str) -> Result<Self, InvalidForm> {
                text.to_owned().try_into()
            }
        }
    )+};
}

texts! {
    /// One of a few words: `counter`, `withdrawn`, `february-28`.
    Word: "a word of 1 to 32 of a-z, 0-9, - and _ that begins with a letter",
        |text| text.starts_with(|first: char| first.is_ascii_lowercase()) && of(text, 32, |b| is_lower(b) || matches!(b, b'-' | b'_'));
    /// The id of a key (RFC 7517 §4.5): of ours the thumbprint (RFC 7638).
    Kid: "a key id of 1 to 64 of A-Z, a-z, 0-9, - and _",
        |text| of(text, 64, |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    /// The name of an algorithm: `EdDSA`, `ECVRF-RISTRETTO255-SHA512`.
    AlgorithmName: "the name of an algorithm, 1 to 32 of A-Z, a-z, 0-9 and -",
        |text| of(text, 32, |b| b.is_ascii_alphanumeric() || b == b'-');
    /// What people read: the name of an office or a forum. No control character, and none that rearranges a line.
    Text: "1 to 400 bytes of visible text",
        |text| (1..=400).contains(&text.len()) && text.trim() == text && !text.chars().any(is_unsafe);
    /// `registry`, or the legal year of an issuance log.
    LogName: "registry or a year",
        |text| text == REGISTRY || is_year(text);
    /// The first line of a log's checkpoints: `id.example/log/registry`.
    Origin: "the origin of a log, 1 to 255 visible characters of ASCII without +",
        |text| of(text, 255, |b| b.is_ascii_graphic() && b != b'+');
    /// The issuer's URL.
    IssuerUrl: "an https or http URL of at most 255 visible characters of ASCII",
        |text| of(text, 255, |b| b.is_ascii_graphic()) && (text.starts_with("https://") || text.starts_with("http://"));
    /// The code of an area: `FR`, `FR-38`, `epci:243800984`, `cog:38563`.
    AreaCode: "an area code of 2 to 23 of A-Z, a-z, 0-9, : and -",
        |text| text.len() >= 2 && of(text, 23, |b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'-'));
    /// A relying party's `client_id`.
    ClientId: "a client_id: c_ and 1 to 62 of a-z, 0-9, - and _",
        |text| text.strip_prefix("c_").is_some_and(|rest| of(rest, 62, |b| is_lower(b) || matches!(b, b'-' | b'_')));
    /// A sector identifier: a host, or the id of a client.
    Sector: "a host in lower case or a client_id",
        |text| is_host(text) || text.parse::<ClientId>().is_ok();
    /// A host as URLs write it, with its port where that is not the usual one.
    Host: "a host in lower case with an optional port",
        is_host;
    /// The version of a table of brackets: `standard-1`.
    BracketsVersion: "a version of 1 to 32 of a-z, 0-9, . and -",
        |text| of(text, 32, |b| is_lower(b) || matches!(b, b'.' | b'-'));
    /// An age bracket: `Y_LT18`, `Y30-39`, `Y_GE80`.
    Bracket: "an age bracket: Y and 2 to 8 of A-Z, 0-9, _ and -",
        |text| text.len() >= 3 && text.strip_prefix('Y').is_some_and(|rest| {
            of(rest, 8, |b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'))
        });
    /// The value of a field of a commitment: empty where there is none.
    FieldValue: "a field's value of at most 64 visible characters of ASCII",
        |text| text.is_empty() || of(text, 64, |b| b.is_ascii_graphic());
}

/// The name of the log of institutions.
pub const REGISTRY: &str = "registry";

/// An hour of UTC, the finest time in a leaf: `2026-11-30T20Z`. From 1970 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hour(u32);

impl Hour {
    /// The hour of a time in milliseconds since 1970; one before or after all hours is the first or the last of them.
    pub fn from_millis(millis: i64) -> Self {
        let hours = millis.div_euclid(HOUR_MILLIS).clamp(0, i64::from(LAST_HOUR));
        Self(u32::try_from(hours).unwrap_or(LAST_HOUR))
    }

    /// Its beginning, in milliseconds since 1970.
    pub fn millis(self) -> i64 {
        i64::from(self.0) * HOUR_MILLIS
    }

    /// Hours since 1970.
    pub const fn count(self) -> u32 {
        self.0
    }

    fn civil(self) -> jiff::civil::DateTime {
        let start = jiff::Timestamp::from_millisecond(self.millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        jiff::tz::TimeZone::UTC.to_datetime(start)
    }

    /// The calendar month in UTC.
    pub fn month(self) -> Month {
        let start = self.civil();
        Month { year: start.year(), month: start.month() }
    }
}

impl fmt::Display for Hour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self.civil();
        write!(f, "{:04}-{:02}-{:02}T{:02}Z", start.year(), start.month(), start.day(), start.hour())
    }
}

impl FromStr for Hour {
    type Err = InvalidForm;

    fn from_str(text: &str) -> Result<Self, InvalidForm> {
        let parts = || {
            let (date, hour) = text.strip_suffix('Z')?.split_once('T')?;
            let date: jiff::civil::Date = date.parse().ok()?;
            let start = date.at(hour.parse().ok().filter(|hour| (0..24).contains(hour))?, 0, 0, 0);
            jiff::tz::TimeZone::UTC.to_timestamp(start).ok()
        };
        let read = parts().map(|at| Self::from_millis(at.as_millisecond()));
        // One hour has one spelling.
        read.filter(|hour| hour.to_string() == text).ok_or(InvalidForm("an hour as 2026-11-30T20Z"))
    }
}

/// A calendar month: `2031-11`. From 1970 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    pub fn new(year: i16, month: i8) -> Result<Self, InvalidForm> {
        let valid = (1970..=9999).contains(&year) && (1..=12).contains(&month);
        if valid { Ok(Self { year, month }) } else { Err(InvalidForm("a month as 2031-11")) }
    }

    pub const fn year(self) -> i16 {
        self.year
    }

    /// From 1 to 12.
    pub const fn month(self) -> i8 {
        self.month
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = InvalidForm;

    fn from_str(text: &str) -> Result<Self, InvalidForm> {
        let invalid = InvalidForm("a month as 2031-11");
        let (year, month) = text.split_once('-').ok_or(invalid)?;
        let read = Self::new(year.parse().map_err(|_| invalid)?, month.parse().map_err(|_| invalid)?)?;
        if read.to_string() == text { Ok(read) } else { Err(invalid) }
    }
}

/// As text in JSON.
macro_rules! as_text {
    ($($name:ident)+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    )+};
}

as_text!(Hour Month);

/// Whether it has 1 to `longest` bytes, all of the kind.
fn of(text: &str, longest: usize, kind: fn(u8) -> bool) -> bool {
    (1..=longest).contains(&text.len()) && text.bytes().all(kind)
}

const fn is_lower(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

fn is_host(text: &str) -> bool {
    of(text, 259, |b| is_lower(b) || matches!(b, b'.' | b'-' | b':' | b'[' | b']'))
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit())
}

/// Control characters, separators of lines, and what changes the direction of writing (UAX 9): a leaf is shown on terminals.
fn is_unsafe(c: char) -> bool {
    let direction =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || direction || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

const HOUR_MILLIS: i64 = 3_600_000;
/// 9999-12-30T21Z: the last whole hour that the library of dates knows.
const LAST_HOUR: u32 = 70_389_501;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_hour_is_told_without_its_minutes() {
        let hour = Hour::from_millis(1_796_068_800_000);
        assert_eq!(hour.to_string(), "2026-11-30T20Z");
        assert_eq!(Hour::from_millis(1_796_068_800_000 + 3_599_999), hour);
        assert_eq!("2026-11-30T20Z".parse(), Ok(hour));
        assert_eq!(
            (hour.count(), hour.millis(), hour.month().to_string()),
            (498_908, 1_796_068_800_000, "2026-11".into())
        );
        assert_eq!(Hour::from_millis(-1).to_string(), "1970-01-01T00Z");
        assert_eq!(Hour::from_millis(i64::MAX).to_string(), "9999-12-30T21Z");
        for bad in [
            "2026-11-30T20:00Z",
            "2026-11-30T20",
            "2026-11-30 20Z",
            "2026-11-31T20Z",
            "2026-11-30T24Z",
            "2026-11-30T2Z",
            "2026-11-30T+2Z",
            "26-11-30T20Z",
            "1969-12-31T23Z",
            "2026-11-30t20z",
            "20261130T20Z",
            "",
            "é",
        ] {
            assert!(bad.parse::<Hour>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_month_has_one_spelling() {
        assert_eq!("2031-11".parse::<Month>().unwrap(), Month::new(2031, 11).unwrap());
        for bad in ["2031-13", "2031-0", "2031-1", "2031-011", "+2031-01", "31-01", "1969-12", "2031", ""] {
            assert!(bad.parse::<Month>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_people_read_cannot_rearrange_a_terminal() {
        for good in ["Mairie de Voiron", "Forum « Été »", "مدينة"] {
            assert!(good.parse::<Text>().is_ok(), "{good}");
        }
        for bad in ["", " a", "a ", "a\nb", "a\u{1b}[2J", "a\u{202e}b", "a\u{2028}b", "a\u{7f}", &"é".repeat(201)] {
            assert!(bad.parse::<Text>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn each_form_refuses_what_is_next_to_it() {
        assert!("registry".parse::<LogName>().is_ok() && "2026".parse::<LogName>().is_ok());
        assert!(["Registry", "0026", "20266", "202a", "", "log"].iter().all(|bad| bad.parse::<LogName>().is_err()));
        assert!(["", "1a", "-a", "A", "a b", &"a".repeat(33)].iter().all(|bad| bad.parse::<Word>().is_err()));
        assert!("c_forum".parse::<Sector>().is_ok() && "[::1]:8402".parse::<Sector>().is_ok());
        assert!(["", "A.example", "a/b", "c_A", "a_b"].iter().all(|bad| bad.parse::<Sector>().is_err()));
        assert!("c_forum".parse::<Host>().is_err());
        assert!("localhost:8400/log/2026".parse::<Origin>().is_ok() && "a+b".parse::<Origin>().is_err());
        assert!(["ftp://a", "https://a b", "a"].iter().all(|bad| bad.parse::<IssuerUrl>().is_err()));
        assert!(["", "Y", "30-39", "Y 30", "Y30-39-49x"].iter().all(|bad| bad.parse::<Bracket>().is_err()));
        assert!("".parse::<FieldValue>().is_ok() && "a b".parse::<FieldValue>().is_err());
        assert!(["F", "cog 38563", &"A".repeat(24)].iter().all(|bad| bad.parse::<AreaCode>().is_err()));
    }

    proptest! {
        #[test]
        fn every_hour_comes_back_from_its_text(count in 0..=LAST_HOUR) {
            let hour = Hour::from_millis(i64::from(count) * HOUR_MILLIS);
            prop_assert_eq!(hour.to_string().parse(), Ok(hour));
            prop_assert_eq!(hour.to_string().len(), 14);
        }

        #[test]
        fn no_text_makes_a_form_panic(text in "(?s).{0,40}") {
            let _ = (text.parse::<Hour>(), text.parse::<Month>(), text.parse::<Word>(), text.parse::<Text>());
        }
    }
}
