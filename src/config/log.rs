//! `[log]`: what the public logs need beside the database.

use std::path::PathBuf;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub rollback_file: PathBuf,
}
