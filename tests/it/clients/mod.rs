//! Relying parties: registered, refused, and worked on from the command line.

mod command;
mod outbound;
mod outbound_keys;
mod outbound_sector;
mod outbound_sink;
mod outbound_tls;
mod registration;
mod sectors;

use heteronym::clients::{Draft, RegistrationError};

use crate::harness::Service;

/// A forum at `https://forum.example`.
fn forum() -> Draft {
    Draft { name: "Forum".to_owned(), redirect_uris: vec!["https://forum.example/cb".to_owned()], ..Draft::default() }
}

async fn refused(service: &Service, draft: Draft) -> RegistrationError {
    service.services.clients.register(draft).await.expect_err("it is registered")
}
