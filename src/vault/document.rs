//! The document of identity that was shown.

use std::{fmt, str::FromStr};

use zeroize::Zeroizing;

use super::fault::Fault;

/// What was shown at the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    IdentityCard,
    Passport,
    ResidencePermit,
    DrivingLicence,
    Other,
}

impl DocumentKind {
    pub const ALL: [Self; 5] =
        [Self::IdentityCard, Self::Passport, Self::ResidencePermit, Self::DrivingLicence, Self::Other];

    /// The value in the form, in the import and inside the seal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IdentityCard => "identity_card",
            Self::Passport => "passport",
            Self::ResidencePermit => "residence_permit",
            Self::DrivingLicence => "driving_licence",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Not a kind of document that is known here.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("document kind: write identity_card, passport, residence_permit, driving_licence or other")]
pub struct UnknownDocument;

impl FromStr for DocumentKind {
    type Err = UnknownDocument;

    fn from_str(text: &str) -> Result<Self, UnknownDocument> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownDocument)
    }
}

/// The number of a document: 3 to 40 of A–Z and 0–9. Spaces and punctuation, which people copy or not, are dropped.
/// Wiped when dropped.
pub(super) struct DocumentNumber(Zeroizing<String>);

impl DocumentNumber {
    pub(super) fn new(text: &str) -> Result<Self, Fault> {
        if text.len() > 100 {
            return Err(Fault::DocumentNumber);
        }
        let mut number = Zeroizing::new(String::with_capacity(text.len()));
        number.extend(text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '/')).map(|c| c.to_ascii_uppercase()));
        match number.len() {
            0 => Err(Fault::Empty),
            3..=40 if number.bytes().all(|b| b.is_ascii_alphanumeric()) => Ok(Self(number)),
            _ => Err(Fault::DocumentNumber),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_it_is_copied() {
        for text in ["12ab 34567", "12AB34567", "12-ab-345.67", " 12AB/34567 "] {
            assert_eq!(DocumentNumber::new(text).map(|n| n.as_str().to_owned()), Ok("12AB34567".to_owned()));
        }
    }

    #[test]
    fn other_signs_and_lengths_are_refused() {
        let fault = |text: &str| DocumentNumber::new(text).err();
        assert_eq!(fault(" - "), Some(Fault::Empty));
        for text in ["12", &"1".repeat(41), &"1".repeat(5000), "12é4", "=1+1", "123\u{200b}4", "<b>12"] {
            assert_eq!(fault(text), Some(Fault::DocumentNumber), "{text:.20}");
        }
    }

    #[test]
    fn a_kind_survives_its_text() {
        for kind in DocumentKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("Passport".parse::<DocumentKind>(), Err(UnknownDocument));
    }
}
