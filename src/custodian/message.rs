//! What custodians send one another: the two messages of the ceremony, as JSON (`specs/sealing.md` §7).

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes as base64url in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base64(pub Vec<u8>);

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        BASE64URL_NOPAD.decode(text.as_bytes()).map(Self).map_err(serde::de::Error::custom)
    }
}

/// The `type` member, which must be the one expected.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name {
            #[default]
            #[serde(rename = $text)]
            V1,
        }
    )+};
}

kinds! {
    Round1Kind = "heteronym/custodian-round1/v1";
    Round2Kind = "heteronym/custodian-round2/v1";
}

/// The first message, from each custodian to all: public, to be authenticated by the transcript.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Round1 {
    #[serde(rename = "type")]
    pub kind: Round1Kind,
    pub ceremony: String,
    pub index: u16,
    pub name: String,
    pub threshold: u16,
    pub custodians: u16,
    /// k points of 32 bytes: the sender's polynomial in the exponent.
    pub commitments: Vec<Base64>,
    /// 64 bytes: proof of knowledge of the polynomial's constant term.
    pub proof: Base64,
    /// A point of 32 bytes, to which letters are written.
    pub letterbox: Base64,
}

/// The second message, from each custodian to all: one letter for each other custodian.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Round2 {
    #[serde(rename = "type")]
    pub kind: Round2Kind,
    /// The transcript that the sender had agreed to.
    pub transcript: Base64,
    pub from: u16,
    pub letters: Vec<Addressed>,
}

/// A letter and whom it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Addressed {
    pub to: u16,
    pub letter: Base64,
}
