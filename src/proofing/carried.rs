//! How some values stand in the JSON of what travels sealed. Bytes are base64url: a third of what JSON makes of a list of numbers.

/// Bytes.
pub(super) mod bytes {
    use data_encoding::BASE64URL_NOPAD;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(in crate::proofing) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL_NOPAD.encode(bytes))
    }

    pub(in crate::proofing) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| D::Error::custom("not base64url"))
    }
}

/// Tags one after the other, as [`bytes`].
pub(super) mod tags {
    use serde::{Deserializer, Serializer, de::Error};

    pub(in crate::proofing) fn serialize<S: Serializer>(tags: &[[u8; 32]], serializer: S) -> Result<S::Ok, S::Error> {
        super::bytes::serialize(tags.as_flattened(), serializer)
    }

    pub(in crate::proofing) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<[u8; 32]>, D::Error> {
        let bytes = super::bytes::deserialize(deserializer)?;
        let (tags, []) = bytes.as_chunks::<32>() else { return Err(D::Error::custom("not whole tags")) };
        Ok(tags.to_vec())
    }
}

/// A day, as `2028-12-31`.
pub(super) mod date {
    use jiff::civil::Date;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
    pub(in crate::proofing) fn serialize<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(date)
    }

    pub(in crate::proofing) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// An activation code. Wherever it stands on the way, it is wiped.
pub(super) mod code {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use zeroize::Zeroizing;

    use crate::accounts::InviteCode;

    pub(in crate::proofing) fn serialize<S: Serializer>(code: &InviteCode, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(code.canonical()))
    }

    pub(in crate::proofing) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<InviteCode, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        text.parse().map_err(|_| D::Error::custom("not a code"))
    }
}
