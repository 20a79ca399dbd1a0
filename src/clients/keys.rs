//! The public keys of a client: given with its registration, or found at an address.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;

use crate::wire::jose::JwkSet;

/// Where a client's keys are (RFC 7591 §2): one or the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeySource {
    #[serde(rename = "jwks", deserialize_with = "key_set")]
    Inline(JwkSet),
    #[serde(rename = "jwks_uri")]
    Uri(String),
}

fn key_set<'de, D: Deserializer<'de>>(deserializer: D) -> Result<JwkSet, D::Error> {
    let value = Value::deserialize(deserializer)?;
    JwkSet::parse(value.to_string().as_bytes()).map_err(D::Error::custom)
}
