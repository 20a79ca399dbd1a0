//! What each party must never learn, held against the real thing.

mod memory;
mod promises;
mod search;
mod town;
mod world;
