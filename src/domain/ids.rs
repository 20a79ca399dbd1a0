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
    /// A logout token that waits for its forum.
    DeliveryId;
    /// An office that enrols people: a town hall.
    RegistrarId;
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

/// A sector identifier (OpenID Connect Core §8.1): what a forum's pseudonyms belong to.
///
/// It is a host as URLs write it, in lower case, with the port where it is not the usual one; or, for software on
/// people's own machines, which has no host, the id of the client that began it. No host has a `_`, so the two never meet.
///
/// It comes from registration alone and never changes on a live client: changing it would relink pseudonyms.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sector(String);

impl Sector {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The client that this sector is named after, when it is not a host.
    pub fn client(&self) -> Option<ClientId> {
        self.0.parse().ok()
    }
}

impl FromStr for Sector {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let is_sector = text.parse::<ClientId>().is_ok() || is_host_with_port(text);
        let invalid = InvalidId { kind: "sector", reason: "not a host in lower case with an optional port" };
        if is_sector { Ok(Self(text.to_owned())) } else { Err(invalid) }
    }
}

/// A sector of its own for a client without a host.
impl From<&ClientId> for Sector {
    fn from(client: &ClientId) -> Self {
        Self(client.as_str().to_owned())
    }
}

/// `forum.example`, `forum.example:8443`, `127.0.0.1:8401`, `[::1]`: spelled as the URL Standard serializes it.
fn is_host_with_port(text: &str) -> bool {
    let after_brackets = text.rfind(']').map_or(0, |end| end + 1);
    let colon = text.get(after_brackets..).and_then(|rest| rest.find(':')).map(|at| after_brackets + at);
    let (host, port) = colon.and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""));
    is_host(host) && (port.is_empty() || is_port(port))
}

fn is_host(host: &str) -> bool {
    let canonical = url::Host::parse(host).is_ok_and(|parsed| parsed.to_string() == host);
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    // RFC 1123 §2.1, RFC 1035 §2.3.4. The URL Standard is laxer: it has empty labels, `_`, and hosts that no name server knows.
    let label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(letter) && !label.starts_with('-');
    let name = |host: &str| host.len() <= 253 && host.split('.').all(|part| label(part) && !part.ends_with('-'));
    canonical && (host.starts_with('[') || name(host))
}

fn is_port(port: &str) -> bool {
    let digits = port.strip_prefix(':').filter(|digits| !digits.starts_with('0'));
    digits.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok())
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

    #[test]
    fn a_sector_is_spelled_in_one_way() {
        let longest = format!("{}:65535", ["a"; 127].join("."));
        for good in [
            "a",
            "forum.example",
            "forum.example:8443",
            "xn--caf-dma.example",
            "127.0.0.1:8401",
            "[::1]:8402",
            &longest,
        ] {
            assert_eq!(good.parse::<Sector>().map(|sector| sector.to_string()).as_deref(), Ok(good));
        }
        let long_label = "a".repeat(64);
        let (long, deep) = (format!("{long_label}.example"), ["a"; 128].join("."));
        let bad = [
            "",
            ".",
            "...::",
            "..",
            "a..b",
            ".a",
            "a.",
            "-a.example",
            "a-.example",
            "a_b.example",
            "A.example",
            "a b",
            "é.example",
            "a:",
            ":80",
            "a:0",
            "a:080",
            "a:65536",
            "a:8a",
            "a:80:80",
            "::1",
            "[::1",
            "[::1]8",
            "[::01]",
            "[1]",
            "127.0.0.01",
            "2130706433",
            "0x7f.1",
            "https://a",
            "a/b",
            "a@b",
            "*.example",
            "a%2e",
            "c_",
            "c_A",
            &long,
            &deep,
        ];
        for bad in bad {
            assert!(bad.parse::<Sector>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_sector_named_after_a_client_is_no_host() {
        let client: ClientId = "c_reader".parse().unwrap();
        let sector = Sector::from(&client);
        assert_eq!(sector.as_str().parse::<Sector>().as_ref(), Ok(&sector));
        assert_eq!(sector.client(), Some(client));
        assert_eq!("c.example".parse::<Sector>().unwrap().client(), None);
    }
}
