//! The reference forum: a relying party like any other.
//!
//! It learns of a person what the provider tells it over OpenID Connect, through the crate `openidconnect`, and nothing
//! else: it has its own database and shares no code with the provider but the pages' frame. It is here to be used, to show
//! what a forum can do with verified qualities, and to hold the provider to what any forum may expect of it.

mod ambient;
mod claims;
mod config;
mod oidc;
mod rules;
mod store;
mod text;

pub use self::{
    ambient::Ambient,
    config::{Board, ClientSecret, Config, ConfigError, Outbound, SigningAlgorithm},
    oidc::FetchError,
    rules::Rule,
    store::StoreError,
};
