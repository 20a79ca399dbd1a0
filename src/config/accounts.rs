//! `[accounts]`: how long invites and sessions live, and who may sign in how.

use std::time::Duration;

use serde::Deserialize;

use super::seconds;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    #[serde(deserialize_with = "seconds")]
    pub invite_lifetime: Duration,
    #[serde(deserialize_with = "seconds")]
    pub session_idle: Duration,
    #[serde(deserialize_with = "seconds")]
    pub session_lifetime: Duration,
    #[serde(deserialize_with = "seconds")]
    pub staff_session_idle: Duration,
    #[serde(deserialize_with = "seconds")]
    pub staff_session_lifetime: Duration,
    #[serde(deserialize_with = "seconds")]
    pub fresh_sign_in: Duration,
    pub staff_passphrases: bool,
    pub workstation_keys: WorkstationKeys,
    pub renewal_years: u16,
}

/// Who accredits the key with which an office's workstation signs enrolments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkstationKeys {
    Operator,
    Officer,
}
