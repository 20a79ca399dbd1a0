//! `[outbound]`: what this server may reach by itself.

use std::path::PathBuf;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outbound {
    /// Hosts, each with a port where only that is meant; read by the guard, which names the setting when one is none.
    pub allow: Vec<String>,
    /// Empty: none.
    pub extra_ca: PathBuf,
}
