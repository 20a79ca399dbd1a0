//! Values of a fixed number of bytes: base64url without padding (RFC 4648 §5) in a leaf, in the one spelling that decodes to them.

use std::{fmt, str::FromStr};

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::InvalidForm;

/// Defines values of so many bytes. `Debug` shows none of them: several stand for people and their acts.
macro_rules! byte_values {
    ($($(#[$doc:meta])* $name:ident: $length:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; $length]);

        impl $name {
            pub const fn from_bytes(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&BASE64URL_NOPAD.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl FromStr for $name {
            type Err = InvalidForm;

            fn from_str(text: &str) -> Result<Self, InvalidForm> {
                decode(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&BASE64URL_NOPAD.encode(&self.0))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                array::deserialize(deserializer).map(Self)
            }
        }
    )+};
}

byte_values! {
    /// Marks a leaf as one of somebody's, for nobody but who has the owner key ([`OwnerKey::tag`](super::super::owner::OwnerKey::tag)).
    OwnerTag: 16;
    /// The place of a person in a sector: the VRF's output ([`slot`](super::super::slot)).
    SlotTag: 64;
    /// The random number of an office that enrols people.
    RegistrarId: 16;
    /// The first 16 bytes of the SHA-256 of a registrar's public point.
    SigningKeyId: 16;
    /// ECDSA on P-256: r and s, 32 bytes each, big-endian (RFC 7518 §3.4).
    Signature: 64;
    /// The random number of a sampled audit.
    AuditId: 16;
}

/// Arrays of bytes, as `#[serde(with = "bytes::array")]`.
pub(in crate::wire::tlog) mod array {
    use super::{BASE64URL_NOPAD, Deserialize, Deserializer, Serializer, decode, error};

    pub(in crate::wire::tlog) fn serialize<S: Serializer, const N: usize>(
        bytes: &[u8; N],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL_NOPAD.encode(bytes))
    }

    pub(in crate::wire::tlog) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<[u8; N], D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        decode(&text).map_err(error::<D>)
    }
}

/// Hashes in base64url, as `#[serde(with = "bytes::hash")]`: that is how a leaf writes them.
pub(in crate::wire::tlog) mod hash {
    use super::{Deserializer, Serializer, array};
    use crate::wire::tlog::Hash;

    pub(in crate::wire::tlog) fn serialize<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
        array::serialize(hash.as_bytes(), serializer)
    }

    pub(in crate::wire::tlog) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
        array::deserialize(deserializer).map(Hash::from_bytes)
    }
}

/// Lists of hashes, as `#[serde(with = "bytes::hashes")]`.
pub(in crate::wire::tlog) mod hashes {
    use serde::ser::SerializeSeq;

    use super::{Deserialize, Deserializer, Serialize, Serializer};
    use crate::wire::tlog::Hash;

    #[derive(Serialize, Deserialize)]
    struct One(#[serde(with = "super::hash")] Hash);

    pub(in crate::wire::tlog) fn serialize<S: Serializer>(hashes: &[Hash], serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(hashes.len()))?;
        for hash in hashes {
            list.serialize_element(&One(*hash))?;
        }
        list.end()
    }

    pub(in crate::wire::tlog) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Hash>, D::Error> {
        let list = Vec::<One>::deserialize(deserializer)?;
        Ok(list.into_iter().map(|One(hash)| hash).collect())
    }
}

/// `data-encoding` refuses padding, other alphabets and trailing bits.
fn decode<const N: usize>(text: &str) -> Result<[u8; N], InvalidForm> {
    let invalid = InvalidForm("bytes of the right number in base64url without padding");
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| invalid)?;
    bytes.try_into().map_err(|_| invalid)
}

fn error<'de, D: Deserializer<'de>>(invalid: InvalidForm) -> D::Error {
    D::Error::custom(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_one_spelling_and_show_nothing_of_themselves() {
        let tag = OwnerTag::from_bytes([0xff; 16]);
        assert_eq!(tag.to_string(), "_____________________w");
        assert_eq!("_____________________w".parse(), Ok(tag));
        assert_eq!(format!("{tag:?}"), "OwnerTag(…)");
        let bad = ["", "_____________________x", "_____________________w==", "/////////////////////w", "____", " "];
        for bad in bad {
            assert!(bad.parse::<OwnerTag>().is_err(), "{bad}");
        }
        assert!(Signature::from_bytes([1; 64]).to_string().parse::<OwnerTag>().is_err());
    }
}
