//! Heteronym: a trusted third party that knows you are real, so that a forum need not know who you are.
//!
//! The map of the house is `specs/architecture.md`; `tests/it/layering.rs` holds what each module may import.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::allow_attributes)
)]

pub mod accounts;
pub mod app;
pub mod attributes;
pub mod auditor;
pub mod clients;
pub mod config;
pub mod consent;
pub mod custodian;
pub mod domain;
pub mod forum;
pub mod http;
pub mod issuance;
pub mod keyring;
pub mod logout;
pub mod proofing;
pub mod provider;
pub mod pseudonym;
pub mod sampling;
pub mod store;
pub mod tasks;
pub mod telemetry;
pub mod transparency;
pub mod vault;
pub mod web;
pub mod wire;
pub mod witness;
