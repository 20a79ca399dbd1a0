//! `[territory]`: the country, its clock and its law.

use std::path::PathBuf;

use serde::Deserialize;

use crate::domain::age::LeapDay;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Territory {
    /// Empty: France 2026.
    pub areas_file: PathBuf,
    pub zone: String,
    pub leap_day_majority: LeapDay,
    pub smallest_crowd: u64,
}
