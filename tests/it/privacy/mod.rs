//! What each party must never learn, held against the real thing.

mod memory;
mod names;
mod promises;
mod search;
mod town;
mod world;
