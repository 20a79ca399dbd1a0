//! The document of a `sector_identifier_uri`: the list of redirect URIs with which several hosts say that they are one
//! sector (OpenID Connect Core §8.1, Dynamic Client Registration §5).
//!
//! Checked: the address is https and public, and gives one JSON array of strings; every redirect URI of the client is in it,
//! byte for byte. So nobody enters a sector whose host does not name them. Not asked for by the standard, and not checked:
//! that what else the list holds is registered, or is a URI at all; other clients of the sector are in it too. It is fetched
//! once, when redirect URIs are registered: whoever is taken off the list later keeps the pseudonyms of before, as a sector
//! never changes.

use super::{Outbound, OutboundError};
use crate::domain::ids::Sector;

/// Why a `sector_identifier_uri` gives no sector: the member, the reason, the remedy.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum SectorDocumentError {
    #[error("sector_identifier_uri: {0}")]
    Outbound(#[from] OutboundError),
    #[error("sector_identifier_uri: what it gives is not one JSON array of strings")]
    NotAList,
    #[error("sector_identifier_uri: the list there lacks the redirect URI {0}: add it exactly as it is registered")]
    Missing(String),
    #[error("sector_identifier_uri: its host cannot name a sector: use letters, digits and hyphens")]
    Host,
}

/// The sector that a client with these redirect URIs belongs to: the host of the address, with a port that is not the usual
/// one.
pub async fn sector_at(
    outbound: &Outbound,
    uri: &str,
    redirect_uris: &[String],
) -> Result<Sector, SectorDocumentError> {
    let sector = outbound.check(uri)?.authority().parse().map_err(|_| SectorDocumentError::Host)?;
    let body = outbound.get(uri).await?;
    let listed: Vec<String> = serde_json::from_slice(&body).map_err(|_| SectorDocumentError::NotAList)?;
    match redirect_uris.iter().find(|redirect| !listed.contains(redirect)) {
        Some(missing) => Err(SectorDocumentError::Missing(missing.clone())),
        None => Ok(sector),
    }
}
