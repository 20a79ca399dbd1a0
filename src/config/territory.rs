//! `[territory]`: the country, its clock and its law.

use std::path::PathBuf;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Territory {
    /// Empty: France 2026.
    pub areas_file: PathBuf,
    pub zone: String,
    pub leap_day_majority: LeapDayMajority,
    pub smallest_crowd: u64,
}

/// When somebody born on 29 February comes of age in a common year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum LeapDayMajority {
    #[serde(rename = "1 March")]
    FirstOfMarch,
    #[serde(rename = "28 February")]
    LastOfFebruary,
}
