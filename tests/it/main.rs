//! One binary for every integration test.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::allow_attributes)
)]

mod account;
mod accounts;
mod auditor;
mod binary;
mod clients;
mod connect;
mod data_classes;
mod dependencies;
mod documents;
mod drill;
mod entry;
mod forum;
mod fuzzed;
mod harness;
mod http_server;
mod http_tls;
mod journeys;
mod keys;
mod layering;
mod openapi;
mod pages;
mod privacy;
mod proofing;
mod provider;
mod real_clients;
mod registrar;
mod rust_source;
mod sampling;
mod serve;
mod store;
mod transparency;
mod witness;
mod witnessed;
