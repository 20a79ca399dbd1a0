//! The custodian's own tool: how n custodians make one key of which nobody ever holds more than a share.
//!
//! It runs on the custodian's machine, offline if wished, and knows nothing of the service but the wire.
//! `specs/sealing.md` §7 describes the ceremony and its files.

pub mod ceremony;
mod files;
mod message;
mod tool;
mod transcript;

pub use self::{
    ceremony::{CeremonyError, Plan},
    files::{FileError, Passphrase, read_key, read_share, write_share},
    tool::{Command, ToolError, run},
};
