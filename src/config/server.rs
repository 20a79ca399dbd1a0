//! `[server]`: who we are, where we listen, what a stranger may use.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use serde::Deserialize;

use super::seconds;
use crate::domain::issuer::Issuer;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub issuer: Issuer,
    pub listen: SocketAddr,
    #[serde(deserialize_with = "address_or_nothing")]
    pub operations_listen: Option<SocketAddr>,
    pub trusted_proxies: Vec<IpAddr>,
    pub name: String,
    pub language: Language,
    pub max_connections: usize,
    pub max_connections_per_address: usize,
    #[serde(deserialize_with = "seconds")]
    pub header_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    pub request_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    pub idle_timeout: Duration,
}

/// Language of a page when the browser asks for neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    Fr,
    En,
}

fn address_or_nothing<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let parse = |text: &str| text.parse().map_err(|_| serde::de::Error::custom("operations_listen is not an address"));
    if text.is_empty() { Ok(None) } else { parse(&text).map(Some) }
}
