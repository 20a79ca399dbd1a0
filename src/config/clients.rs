//! `[clients]`: whether forums may register themselves.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clients {
    pub registration: Registration,
    /// In all, from everywhere, when registration is open.
    pub open_registrations_per_day: u32,
}

/// Who may register a client over HTTP (RFC 7591 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Nobody: the operator does it.
    Off,
    /// Who has an initial access token of the operator.
    Token,
    /// Anybody.
    Open,
}
