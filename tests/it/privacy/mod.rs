//! What each party must never learn, held against the real thing.

mod memory;
