//! Pseudonyms: what a forum knows a person by.
//!
//! The page with the bytes, the slots and the names is `specs/pseudonym.md`.

mod derive;

pub use self::derive::{SectorKey, Subject};
