//! What each party must never learn, held against the real thing.

mod leaves;
mod memory;
mod names;
mod newcomer;
mod promises;
mod search;
mod times;
mod town;
mod world;
