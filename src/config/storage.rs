//! `[storage]`: which database, and what is accepted of it.

use std::path::PathBuf;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    pub engine: Engine,
    pub file: PathBuf,
    pub url: String,
    pub max_connections: u32,
    pub allow_asynchronous_replication: bool,
    pub allow_unprotected: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    Sqlite,
    Postgres,
}
