//! The database: one SQL text for SQLite and PostgreSQL, one repository file per topic.
//!
//! A repository is a set of functions on [`Tx`]; each statement is written once, with `$1` markers, and is listed in
//! [`statements`], so that a test prepares every one on both engines. Services compose them inside [`Store::write`],
//! which is one transaction: on SQLite a place in the next group commit, on PostgreSQL a transaction of its own,
//! retried when the engine asks for it. Contracts shared by every function: not found is `Ok(None)`; an update tells
//! whether it changed a row; a broken uniqueness is [`StoreError::Taken`]. See `specs/architecture.md`, "Storage".

mod engine;
mod error;
mod sequencer;
mod statement;
mod value;

pub mod accounts;
pub mod audits;
pub mod clients;
pub mod consents;
pub mod cosigned;
pub mod grants;
pub mod log;
pub mod log_secrets;
pub mod log_subjects;
pub mod logouts;
pub mod persons;
pub mod pseudonyms;
pub mod registrars;
pub mod sessions;
pub mod settings;
pub mod spent;
pub mod throttles;

pub use engine::{OpenError, PostgresOptions, Store, Tx};
pub use error::StoreError;
pub use sequencer::{Log, NewLeaf, Pending, Placed, Receipt, Sequenced, Sequencer};
pub use statement::Statement;
pub use value::{Row, Value};

/// Every statement of every repository.
pub fn statements() -> Vec<Statement> {
    [
        accounts::ALL,
        audits::ALL,
        clients::ALL,
        consents::ALL,
        cosigned::ALL,
        grants::ALL,
        log::ALL,
        log_secrets::ALL,
        log_subjects::ALL,
        logouts::ALL,
        persons::ALL,
        pseudonyms::ALL,
        registrars::ALL,
        sessions::ALL,
        settings::ALL,
        spent::ALL,
        throttles::ALL,
    ]
    .concat()
}
