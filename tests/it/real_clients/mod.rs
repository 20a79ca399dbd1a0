//! Clients that others wrote, unmodified, against a provider that listens: discovery, sign-in, claims, refresh, sign-out.
//!
//! What is not Rust is in `tests/clients`, with its dependencies locked; `tests/run` installs them. Each client speaks a
//! protocol of lines with its test (`script.rs`), which plays the citizen and the browser (`town.rs`).

mod apache;
mod authlib;
mod idpyoidc;
mod oauth4webapi;
mod oidc_client_ts;
mod openid_client;
mod openid_client_fapi;
mod script;
mod told;
pub(crate) mod tools;
mod town;
