//! `[keys]`: where the private keys are.

use std::path::PathBuf;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    pub directory: PathBuf,
    /// Empty: the keys are not encrypted.
    pub passphrase_file: PathBuf,
    /// Whether the service makes the next key when one is due, and deletes what has expired.
    pub rotate: bool,
}
