//! How somebody signed in, and what a relying party is told of it: `acr` and `amr` (OpenID Connect Core §2, RFC 8176).

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// With what somebody proved to be the holder of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A passkey that cannot leave its device, unlocked by its holder.
    DeviceKey,
    /// A passkey that its holder's other devices may have too, unlocked by its holder.
    SyncedKey,
    /// A passphrase alone.
    Passphrase,
}

/// The authentication context class, from weaker to stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Acr {
    /// One factor, which can be phished.
    #[serde(rename = "urn:heteronym:acr:passphrase")]
    Passphrase,
    /// Two factors, possession and the device's own check of its holder, which cannot be phished.
    #[serde(rename = "urn:heteronym:acr:passkey")]
    Passkey,
}

/// A text that is not one of our `acr` values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown acr value")]
pub struct UnknownAcr;

impl Method {
    /// A stable word for translations.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DeviceKey => "device-key",
            Self::SyncedKey => "synced-key",
            Self::Passphrase => "passphrase",
        }
    }

    pub const fn acr(self) -> Acr {
        match self {
            Self::DeviceKey | Self::SyncedKey => Acr::Passkey,
            Self::Passphrase => Acr::Passphrase,
        }
    }

    /// The values of RFC 8176 §2 that apply. How the device checked its holder (PIN, finger, face) is not told to us.
    pub const fn amr(self) -> &'static [&'static str] {
        match self {
            Self::DeviceKey => &["hwk", "user", "mfa"],
            Self::SyncedKey => &["swk", "user", "mfa"],
            Self::Passphrase => &["pwd"],
        }
    }
}

impl Acr {
    /// All of them, the preferred first: `acr_values_supported` of the discovery document.
    pub const ALL: [Self; 2] = [Self::Passkey, Self::Passphrase];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passkey => "urn:heteronym:acr:passkey",
            Self::Passphrase => "urn:heteronym:acr:passphrase",
        }
    }
}

impl FromStr for Acr {
    type Err = UnknownAcr;

    fn from_str(text: &str) -> Result<Self, UnknownAcr> {
        Self::ALL.into_iter().find(|acr| acr.as_str() == text).ok_or(UnknownAcr)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passkey_satisfies_whoever_asks_for_a_passphrase() {
        assert!(Method::SyncedKey.acr() > Method::Passphrase.acr());
        assert_eq!("urn:heteronym:acr:passkey".parse(), Ok(Acr::Passkey));
        assert_eq!("urn:heteronym:acr:PASSKEY".parse::<Acr>(), Err(UnknownAcr));
    }

    #[test]
    fn the_public_reference_names_every_value() {
        let reference = include_str!("../../specs/claims.md");
        for acr in Acr::ALL {
            assert!(reference.contains(&format!("`{}`", acr.as_str())), "{}", acr.as_str());
        }
        for method in [Method::DeviceKey, Method::SyncedKey, Method::Passphrase] {
            assert!(method.amr().iter().all(|value| reference.contains(&format!("`{value}`"))), "{method:?}");
        }
    }
}
