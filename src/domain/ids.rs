//! One type per kind of identifier, so that a [`PersonId`] never fits where a [`ClientId`] is asked for.

use std::{fmt, str::FromStr};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use rand::CryptoRng;
use serde::{Deserialize, Serialize};

/// A text that is not an identifier of the kind asked for.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a valid {kind}: {reason}")]
pub struct InvalidId {
    kind: &'static str,
    reason: &'static str,
}

/// Defines identifiers of 128 random bits. `Debug` shows no value: these stand for people and their acts.
macro_rules! random_ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 16]);

        impl $name {
            pub fn generate(rng: &mut impl CryptoRng) -> Self {
                let mut bytes = [0; 16];
                rng.fill_bytes(&mut bytes);
                Self(bytes)
            }

            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// 22 characters of base64url.
            pub fn encode(&self) -> String {
                BASE64URL_NOPAD.encode(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = InvalidId;

            fn try_from(bytes: &[u8]) -> Result<Self, InvalidId> {
                let bytes = bytes.try_into();
                bytes.map(Self).map_err(|_| InvalidId { kind: stringify!($name), reason: "not 16 bytes" })
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let bytes = BASE64URL_NOPAD.decode(text.as_bytes());
                let invalid = InvalidId { kind: stringify!($name), reason: "not base64url" };
                Self::try_from(bytes.map_err(|_| invalid)?.as_slice())
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.encode())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

random_ids! {
    /// A person enrolled at a counter. Never leaves the service.
    PersonId;
    /// Somebody who can sign in: a citizen, a registrar's officer, an administrator.
    AccountId;
    /// One heteronym: the place of a person in a sector. Not the `sub`, from which it is independent.
    PseudonymId;
    /// One consent given by a citizen to a forum.
    ConsentId;
    /// One authorization: the code, and all that was issued from it.
    GrantId;
    /// A refresh token family.
    FamilyId;
    /// An office that enrols people: a town hall.
    RegistrarId;
    /// An error shown to a person and found again in the log.
    ErrorId;
}

impl ErrorId {
    /// Eight hexadecimal digits: enough to find a line of the log, short enough to read out on the telephone.
    pub fn short(&self) -> String {
        let mut text = HEXLOWER.encode(&self.0);
        text.truncate(8);
        text
    }
}

/// A relying party's `client_id` (RFC 6749 §2.2): `c_` and 1 to 62 characters of `[a-z0-9_-]`.
///
/// The prefix, the case and the length keep it from looking like a `sub`, which is 43 characters of base64url
/// (RFC 9700 §4.15.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(String);

impl ClientId {
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = [0; 10];
        rng.fill_bytes(&mut bytes);
        Self(format!("c_{}", HEXLOWER.encode(&bytes)))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = |reason| InvalidId { kind: "client_id", reason };
        let rest = text.strip_prefix("c_").ok_or(invalid("does not begin with c_"))?;
        if rest.is_empty() || rest.len() > 62 {
            return Err(invalid("not 3 to 64 characters long"));
        }
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
        if !rest.bytes().all(allowed) {
            return Err(invalid("a character outside a-z, 0-9, _ and -"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for ClientId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A sector identifier (OpenID Connect Core §8.1): the host that a forum's pseudonyms belong to.
///
/// It comes from registration alone and never changes on a live client: changing it would relink pseudonyms.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sector(String);

impl Sector {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Sector {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = |reason| InvalidId { kind: "sector", reason };
        if text.is_empty() || text.len() > 253 + 6 {
            return Err(invalid("not 1 to 259 characters long"));
        }
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-:[]".contains(&b);
        if !text.bytes().all(allowed) {
            return Err(invalid("not a lower-case host with an optional port"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Sector {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<Sector> for String {
    fn from(sector: Sector) -> Self {
        sector.0
    }
}

impl fmt::Display for Sector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_id_prints_nothing_of_itself() {
        let id = PersonId::from_bytes([0xab; 16]);
        assert_eq!(format!("{id:?}"), "PersonId(…)");
    }

    #[test]
    fn an_id_survives_its_encoding() {
        let id = GrantId::from_bytes([7; 16]);
        assert_eq!(id.encode().parse::<GrantId>(), Ok(id));
        assert!("short".parse::<GrantId>().is_err());
    }

    #[test]
    fn a_client_id_cannot_look_like_a_subject() {
        let subject = BASE64URL_NOPAD.encode(&[9; 32]);
        assert!(subject.parse::<ClientId>().is_err());
        assert!("c_forum-1".parse::<ClientId>().is_ok());
        for bad in ["c_", "forum", "c_Forum", "c_a b", &format!("c_{}", "a".repeat(63))] {
            assert!(bad.parse::<ClientId>().is_err(), "{bad}");
        }
    }
}
