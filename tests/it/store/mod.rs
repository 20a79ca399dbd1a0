//! The database, on both engines: `both` runs a case on each, `world` gives rows to start from.

pub(crate) mod both;
pub(crate) mod faults;
mod world;

mod accounts;
mod audits;
mod clients;
mod contenders;
mod cosigned;
mod dropped;
mod ended_sessions;
mod engine;
mod grants;
mod killed;
mod log;
mod log_secrets;
mod log_subjects;
mod logged;
mod logouts;
mod persons;
mod pseudonyms;
mod registrars;
mod schema;
