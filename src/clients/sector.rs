//! Where a client is, and to which sector it therefore belongs: who knows its members by the same `sub` (OpenID Connect
//! Core §8.1).
//!
//! A sector begins with its first client. Another one comes in on one of three grounds: the operator says so; the list at a
//! `sector_identifier_uri` of that host holds the redirect URIs of both; or, when it registers itself, all its redirect URIs
//! are at that very host, so that nobody else receives its codes. A program on people's own machines can be anybody's: with
//! a loopback address among its redirect URIs a client that registers itself is a sector of its own.

use std::collections::BTreeSet;

use url::Url;

use super::{Client, Clients, Draft, RegistrationError, SectorDocumentError, sector_at};
use crate::{
    domain::{
        ambient::Timestamp,
        ids::{ClientId, Sector},
    },
    store::{StoreError, Tx, clients as rows},
    wire::oauth::ApplicationType,
};

/// Who registers a client.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// With the policy that the sector is to have; `join`: what it says of one that is there already.
    Operator {
        join: bool,
        heteronyms: i64,
    },
    Itself,
}

/// What a client needs to have a sector.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) sector: Sector,
    home: BTreeSet<String>,
    /// The redirect URIs that the list at the `sector_identifier_uri` is known to hold: its own, and those of the others in
    /// the sector if they are there.
    listed: Option<BTreeSet<String>>,
    by: By,
    now: Timestamp,
}

impl Clients {
    /// Finds out where a client belongs; a list is fetched, and nothing is written.
    pub(super) async fn place(&self, draft: &Draft, id: &ClientId, by: By) -> Result<Place, RegistrationError> {
        let home = draft.home(id, by);
        let (sector, listed) = match &draft.sector_identifier_uri {
            Some(uri) => self.by_list(draft, id, uri).await.map(|(sector, listed)| (sector, Some(listed)))?,
            None => (draft.sector(&home, by)?, None),
        };
        Ok(Place { sector, home, listed, by, now: self.ambient.now() })
    }

    /// The sector of a list, and which redirect URIs it is known to hold.
    async fn by_list(
        &self,
        draft: &Draft,
        id: &ClientId,
        uri: &str,
    ) -> Result<(Sector, BTreeSet<String>), RegistrationError> {
        if draft.redirect_uris.iter().any(|uri| draft.is_loopback(uri)) {
            return Err(RegistrationError::LoopbackInSector);
        }
        let target = self.outbound.check(uri).map_err(SectorDocumentError::from)?;
        let sector: Sector = target.authority().parse().map_err(|_| SectorDocumentError::Host)?;
        if draft.sector.as_ref().is_some_and(|named| named != sector.as_str()) {
            return Err(RegistrationError::TwoSectors(sector));
        }
        let own: BTreeSet<String> = draft.redirect_uris.iter().cloned().collect();
        let others = self.redirects_in(&sector, id).await?;
        let all: Vec<String> = own.iter().chain(others.difference(&own)).cloned().collect();
        match sector_at(&self.outbound, uri, &all).await {
            Ok(sector) => Ok((sector, all.into_iter().collect())),
            // What is looked for first is there, then.
            Err(SectorDocumentError::Missing(missing)) if !own.contains(&missing) => Ok((sector, own)),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// The redirect URIs of the other live clients of a sector.
    async fn redirects_in(&self, sector: &Sector, id: &ClientId) -> Result<BTreeSet<String>, StoreError> {
        let key = sector.clone();
        let rows =
            self.store.read::<_, StoreError, _>(move |tx| Box::pin(async move { rows::of_sector(tx, &key).await }));
        let clients = rows.await?.into_iter().map(Client::read).collect::<Result<Vec<_>, _>>()?;
        let others = clients.into_iter().filter(|client| client.id != *id && !client.is_disabled());
        Ok(others.flat_map(|client| client.metadata.redirect_uris).collect())
    }
}

impl Place {
    /// Makes the sector, or joins it where there is a ground for that. The row of the sector decides, so that of two clients
    /// registered at the same moment one is told of the other.
    pub(super) async fn take(&self, tx: &mut Tx) -> Result<(), RegistrationError> {
        let heteronyms = match self.by {
            By::Operator { heteronyms, .. } => heteronyms,
            By::Itself => 1,
        };
        if rows::ensure_sector(tx, &self.sector, heteronyms, self.now).await? {
            return self.may_make();
        }
        self.may_join(tx).await?;
        match rows::heteronyms_per_person(tx, &self.sector).await? {
            Some(policy) if policy != heteronyms && self.by != By::Itself => {
                Err(RegistrationError::Policy(self.sector.clone(), policy))
            }
            _ => Ok(()),
        }
    }

    /// A sector begins where its first client is, or where a list says it belongs; any other name is somebody else's, or
    /// misspelt.
    fn may_make(&self) -> Result<(), RegistrationError> {
        if matches!(self.by, By::Operator { join: true, .. }) {
            return Err(RegistrationError::NothingToJoin(self.sector.clone()));
        }
        if self.listed.is_none() && !self.home.contains(self.sector.as_str()) {
            let instead = self.home.iter().cloned().collect();
            return Err(RegistrationError::Elsewhere { sector: self.sector.clone(), instead });
        }
        Ok(())
    }

    async fn may_join(&self, tx: &mut Tx) -> Result<(), RegistrationError> {
        let at_home = self.home.len() == 1 && self.home.contains(self.sector.as_str());
        match self.by {
            By::Operator { join: true, .. } => return Ok(()),
            By::Itself if at_home => return Ok(()),
            _ => {}
        }
        let clients = rows::of_sector(tx, &self.sector).await?;
        let clients = clients.into_iter().map(Client::read).collect::<Result<Vec<_>, StoreError>>()?;
        let mut live = clients.iter().filter(|client| !client.is_disabled());
        let all_in = |listed: &BTreeSet<String>| {
            live.all(|client| client.metadata.redirect_uris.iter().all(|uri| listed.contains(uri)))
        };
        if self.listed.as_ref().is_some_and(all_in) {
            return Ok(());
        }
        let (sector, clients) = (self.sector.clone(), clients.iter().map(Client::told).collect());
        Err(match self.by {
            By::Itself => RegistrationError::NotListed { sector, clients },
            By::Operator { .. } => RegistrationError::Shared { sector, clients },
        })
    }
}

impl Draft {
    /// Where a client is: the hosts of its redirect URIs, with a port that is not the usual one, since two forums on one
    /// machine are two. A native client's loopback address is everybody's own machine and no place at all: with nothing
    /// else it is at home in its own id, which no other client ever has.
    pub(super) fn home(&self, id: &ClientId, by: By) -> BTreeSet<String> {
        let (loopback, hosts): (Vec<_>, Vec<_>) = self.redirect_uris.iter().partition(|uri| self.is_loopback(uri));
        let hosts: BTreeSet<String> = hosts.into_iter().filter_map(|uri| host(uri)).collect();
        let placeless = hosts.is_empty() || by == By::Itself && !loopback.is_empty();
        if placeless { BTreeSet::from([id.to_string()]) } else { hosts }
    }

    fn sector(&self, home: &BTreeSet<String>, by: By) -> Result<Sector, RegistrationError> {
        let hosts: Vec<String> = home.iter().cloned().collect();
        match (&self.sector, hosts.as_slice(), by) {
            (Some(named), ..) => named.parse().map_err(|_| RegistrationError::Sector(named.clone())),
            (None, [only], By::Operator { .. }) => only.parse().map_err(|_| RegistrationError::Sector(only.clone())),
            (None, [only], By::Itself) => only.parse().map_err(|_| {
                let why = format!("the host {only} cannot name a sector: use letters, digits and hyphens");
                RegistrationError::Form("redirect_uris".to_owned(), why)
            }),
            (None, _, By::Operator { .. }) => Err(RegistrationError::SeveralHosts(hosts)),
            (None, _, By::Itself) => Err(RegistrationError::NoSectorDocument(hosts)),
        }
    }

    fn is_loopback(&self, uri: &str) -> bool {
        self.application_type == ApplicationType::Native && uri.starts_with("http:")
    }
}

/// The host of an address as sectors are written: with a port that is not the usual one.
fn host(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?;
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}
