//! `[log]`: who witnesses the public logs.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Verifier keys with addresses; read by whoever asks them, which names the setting when one is none.
    pub witnesses: Vec<String>,
    /// How many witnesses have to have cosigned before a token goes out.
    pub quorum: usize,
}
