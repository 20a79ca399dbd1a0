//! `[outbound]`: what this server may reach by itself.

use std::path::PathBuf;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outbound {
    pub allow: Vec<String>,
    /// Empty: none.
    pub extra_ca: PathBuf,
}
