//! `[tokens]`: how long what is issued lives.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::seconds;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    #[serde(deserialize_with = "at_most_ten_minutes")]
    pub pushed_lifetime: Duration,
    #[serde(deserialize_with = "at_most_a_minute")]
    pub code_lifetime: Duration,
    #[serde(deserialize_with = "at_most_five_minutes")]
    pub id_token_lifetime: Duration,
    #[serde(deserialize_with = "seconds")]
    pub access_token_lifetime: Duration,
    #[serde(deserialize_with = "seconds")]
    pub refresh_lifetime: Duration,
    #[serde(deserialize_with = "seconds")]
    pub refresh_race: Duration,
}

fn at_most_ten_minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    at_most(deserializer, 600, "tokens.pushed_lifetime is more than 600 seconds")
}

fn at_most_a_minute<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    at_most(deserializer, 60, "tokens.code_lifetime is more than 60 seconds")
}

fn at_most_five_minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    at_most(deserializer, 300, "tokens.id_token_lifetime is more than 300 seconds")
}

fn at_most<'de, D: Deserializer<'de>>(deserializer: D, limit: u64, message: &str) -> Result<Duration, D::Error> {
    let span = seconds(deserializer)?;
    if span.as_secs() <= limit { Ok(span) } else { Err(serde::de::Error::custom(message)) }
}
