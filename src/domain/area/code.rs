//! Codes of areas.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The code of an area, as it stands in the claim `residence`. One of
///
/// - a country, ISO 3166-1 alpha-2: `FR`;
/// - a subdivision, ISO 3166-2: `FR-ARA`, `FR-38`, `FR-75C`;
/// - a code of a register that is named in front: `epci:243800984`, `cog:38563` (INSEE's intercommunal bodies and
///   communes), or that of another country: 2 to 8 of `a-z`, a colon, 1 to 14 of `A-Z0-9`.
///
/// The text alone does not tell a region from a département, nor whether the area exists: [`super::Areas`] does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AreaCode([u8; MAX_LENGTH]);

impl AreaCode {
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|&byte| byte == 0).unwrap_or(MAX_LENGTH);
        self.0.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// The register of a code that has one: `cog`, `epci`.
    pub fn register(&self) -> Option<&str> {
        self.as_str().split_once(':').map(|(register, _)| register)
    }

    /// The part after the register or the country: `38563`, `243800984`, `ARA`, `38`; the whole of a country's code.
    pub fn local_part(&self) -> &str {
        let text = self.as_str();
        text.split_once([':', '-']).map_or(text, |(_, local)| local)
    }
}

impl FromStr for AreaCode {
    type Err = InvalidAreaCode;

    fn from_str(text: &str) -> Result<Self, InvalidAreaCode> {
        let country = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
        let local = |text: &str, longest| {
            (1..=longest).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        };
        let register = |text: &str| (2..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase());
        let valid = match (text.split_once(':'), text.split_once('-')) {
            (Some((name, code)), _) => register(name) && local(code, MAX_LENGTH - 9),
            (None, Some((name, code))) => country(name) && local(code, 3),
            (None, None) => country(text),
        };
        if !valid {
            return Err(InvalidAreaCode);
        }
        let mut bytes = [0; MAX_LENGTH];
        for (to, from) in bytes.iter_mut().zip(text.bytes()) {
            *to = from;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for AreaCode {
    type Error = InvalidAreaCode;

    fn try_from(text: String) -> Result<Self, InvalidAreaCode> {
        text.parse()
    }
}

impl From<AreaCode> for String {
    fn from(code: AreaCode) -> Self {
        code.as_str().to_owned()
    }
}

impl fmt::Display for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AreaCode({self})")
    }
}

/// A text that is not an area code.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not an area code: write it as FR, FR-ARA, FR-38, epci:243800984 or cog:38563")]
pub struct InvalidAreaCode;

/// A register of 8 letters, the colon, and 14 characters.
const MAX_LENGTH: usize = 23;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_read_and_written_back() {
        for text in
            ["FR", "FR-ARA", "FR-38", "FR-75C", "FR-971", "epci:243800984", "cog:2A004", "register:ABCDEFGHIJKLMN"]
        {
            assert_eq!(text.parse::<AreaCode>().unwrap().to_string(), text);
        }
        assert_eq!("cog:38563".parse::<AreaCode>().unwrap().register(), Some("cog"));
        assert_eq!("cog:38563".parse::<AreaCode>().unwrap().local_part(), "38563");
        assert_eq!("FR-38".parse::<AreaCode>().unwrap().local_part(), "38");
        assert_eq!("FR".parse::<AreaCode>().unwrap().register(), None);
    }

    #[test]
    fn what_is_not_a_code_is_refused() {
        let bad = [
            "",
            "F",
            "fr",
            "FRA",
            "FR-",
            "FR-ARAA",
            "FR-ara",
            "FR 38",
            "-38",
            ":38563",
            "cog:",
            "c:1",
            "COG:38563",
            "cog:2a004",
            "cog:1:2",
            "cog:1-2",
            "cog: 38563",
            "38563",
            "FR-38\0",
            "cog:38563\0",
            "FR-é",
            "registers:1",
            "cog:ABCDEFGHIJKLMNO",
        ];
        for text in bad {
            assert_eq!(text.parse::<AreaCode>(), Err(InvalidAreaCode), "{text:?}");
        }
    }

    #[test]
    fn a_code_in_json_is_its_text_and_is_checked() {
        let code: AreaCode = serde_json::from_str("\"FR-38\"").unwrap();
        assert_eq!(serde_json::to_string(&code).unwrap(), "\"FR-38\"");
        assert!(serde_json::from_str::<AreaCode>("\"38\"").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_comes_back_as_it_was(text in "\\PC{0,30}|[a-z]{1,9}:[A-Z0-9]{0,16}") {
            if let Ok(code) = text.parse::<AreaCode>() {
                prop_assert_eq!(code.as_str(), text.as_str());
            }
        }
    }
}
