//! `[log]`: what the public logs need beside the database, and who witnesses them.

use std::path::PathBuf;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub rollback_file: PathBuf,
    /// Verifier keys with addresses; read by whoever asks them, which names the setting when one is none.
    pub witnesses: Vec<String>,
    /// How many witnesses have to have cosigned before a token goes out.
    pub quorum: usize,
    /// Addresses of copies, read where they are asked.
    pub mirrors: Vec<String>,
}
