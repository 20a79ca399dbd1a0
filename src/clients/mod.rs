//! Relying parties: what they registered, how they authenticate, to which sector they belong.

mod addresses;
mod authenticate;
mod draft;
mod dynamic;
mod error;
mod keys;
mod logged;
mod management;
mod metadata;
mod names;
mod outbound;
mod profile;
mod register;
mod sector;
mod sector_document;
mod signed;
mod update;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

pub use self::{
    authenticate::{Audience, AuthenticationError, Certificate},
    draft::Draft,
    dynamic::{AccessError, Registered},
    error::RegistrationError,
    keys::{ClientKeys, KeySource, KeySourceError, KeysError},
    metadata::{CertificateIdentity, ClaimsIn, Metadata},
    outbound::{Limits, Outbound, OutboundError, OutboundSetupError, Resolve, Target},
    profile::{Profile, UnknownProfile},
    sector_document::{SectorDocumentError, sector_at},
    signed::RequestObjectError,
};
use crate::{
    config::Registration,
    domain::{
        ambient::{Ambient, Timestamp},
        ids::{ClientId, Sector},
        secret::{Token, TokenHash},
    },
    store::{self, Store, StoreError, clients as rows},
    transparency::Institutions,
};

/// A registered relying party.
#[derive(Clone, Debug)]
pub struct Client {
    pub id: ClientId,
    pub sector: Sector,
    pub metadata: Metadata,
    pub version: i64,
    pub created_on: Timestamp,
    pub disabled_at: Option<Timestamp>,
    secret_hash: Option<TokenHash>,
    manages_itself: bool,
}

/// The registry of relying parties.
///
/// Rows are cached for [`STALENESS`]: on other nodes a change is seen that much later, on this one at once. What is
/// written when a code is redeemed checks the row itself, so a disabled client redeems nothing meanwhile.
#[derive(Clone)]
pub struct Clients {
    store: Store,
    ambient: Ambient,
    outbound: Outbound,
    institutions: Institutions,
    admission: Arc<Admission>,
    keys: ClientKeys,
    cache: Arc<RwLock<Cache>>,
    /// Heteronyms per person. The schema keeps what a sector began with, so what was read once stays true.
    policies: Arc<RwLock<HashMap<Sector, i64>>>,
    /// Where the redirect URIs of all live clients are, and when that was read.
    origins: Arc<RwLock<Option<Origins>>>,
}

/// Who may register itself, and as what.
#[derive(Clone, Debug)]
pub struct Admission {
    pub registration: Registration,
    /// When it is open.
    pub per_day: u32,
    /// The name of the service, which is no client's.
    pub provider: String,
    /// The issuer is on a loopback address: so may be the clients.
    pub local: bool,
}

/// Clients and when each was read. Only registered ones are in it, so strangers cannot make it grow.
type Cache = HashMap<ClientId, (Timestamp, Arc<Client>)>;

/// The origins of live clients, and when they were read.
type Origins = (Timestamp, HashSet<String>);

/// For how long another node's change may go unseen.
pub const STALENESS: Duration = Duration::from_secs(5);

impl Clients {
    /// A registry in which the operator alone registers clients.
    pub fn new(store: Store, ambient: Ambient, outbound: Outbound, institutions: Institutions) -> Self {
        let nobody = Admission { registration: Registration::Off, per_day: 0, provider: String::new(), local: false };
        Self {
            store,
            ambient,
            keys: ClientKeys::new(outbound.clone()),
            outbound,
            institutions,
            admission: Arc::new(nobody),
            cache: Arc::default(),
            policies: Arc::default(),
            origins: Arc::default(),
        }
    }

    /// The same where clients register themselves as this says.
    #[must_use]
    pub fn admitting(self, admission: Admission) -> Self {
        Self { admission: Arc::new(admission), ..self }
    }

    /// The client, disabled or not.
    pub async fn find(&self, id: &ClientId) -> Result<Option<Arc<Client>>, StoreError> {
        let now = self.ambient.now();
        if let Some(client) = self.cached(id, now) {
            return Ok(Some(client));
        }
        let key = id.clone();
        let row = self.store.read::<_, StoreError, _>(move |tx| Box::pin(async move { rows::find(tx, &key).await }));
        let Some(client) = row.await?.map(Client::read).transpose()?.map(Arc::new) else { return Ok(None) };
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        cache.insert(id.clone(), (now, Arc::clone(&client)));
        Ok(Some(client))
    }

    pub async fn list(&self) -> Result<Vec<Client>, StoreError> {
        Client::all(&self.store).await
    }

    /// Whether a script at this origin may be a client's own: a redirect URI of a live client is there. Read anew as often as
    /// a client is.
    pub async fn is_at_home(&self, origin: &str) -> Result<bool, StoreError> {
        let now = self.ambient.now();
        if let Some((read_at, origins)) = &*self.origins.read().unwrap_or_else(PoisonError::into_inner)
            && is_recent(*read_at, now)
        {
            return Ok(origins.contains(origin));
        }
        let clients = self.list().await?;
        let live = clients.iter().filter(|client| !client.is_disabled());
        let origins: HashSet<String> = live.flat_map(|client| client.metadata.origins()).collect();
        let known = origins.contains(origin);
        *self.origins.write().unwrap_or_else(PoisonError::into_inner) = Some((now, origins));
        Ok(known)
    }

    /// The other clients that know the members of this one by the same `sub`, ended ones too: they have not forgotten.
    pub async fn sharing(&self, client: &Client) -> Result<Vec<Client>, StoreError> {
        let sector = client.sector.clone();
        let rows =
            self.store.read::<_, StoreError, _>(move |tx| Box::pin(async move { rows::of_sector(tx, &sector).await }));
        rows.await?.into_iter().filter(|row| row.id != client.id).map(Client::read).collect()
    }

    /// How many heteronyms each person may have in a sector.
    pub async fn heteronyms_per_person(&self, sector: &Sector) -> Result<i64, StoreError> {
        if let Some(policy) = self.policies.read().unwrap_or_else(PoisonError::into_inner).get(sector) {
            return Ok(*policy);
        }
        let key = sector.clone();
        let policy = self
            .store
            .read::<_, StoreError, _>(move |tx| Box::pin(async move { rows::heteronyms_per_person(tx, &key).await }));
        let policy = policy.await?.ok_or(StoreError::Corrupt("a client's sector is missing"))?;
        self.policies.write().unwrap_or_else(PoisonError::into_inner).insert(sector.clone(), policy);
        Ok(policy)
    }

    /// Ends a client: nothing more is issued to it. False when it is unknown or ended already.
    pub async fn disable(&self, id: &ClientId) -> Result<bool, StoreError> {
        let (key, now, institutions) = (id.clone(), self.ambient.now(), self.institutions.clone());
        let done = self.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let done = rows::disable(tx, &key, now).await?;
                if done && let Some(row) = rows::find(tx, &key).await? {
                    logged::say(&institutions, tx, &Client::read(row)?).await?;
                }
                Ok(done)
            })
        });
        let done = done.await?;
        self.forget(id);
        Ok(done)
    }

    /// Gives a client a new secret; the old one is dead. `None` when the client is unknown or has no secret.
    pub async fn rotate_secret(&self, id: &ClientId) -> Result<Option<Token>, StoreError> {
        let secret = Token::generate(&mut self.ambient.rng());
        let (key, hash) = (id.clone(), secret.hash());
        let done = self.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let Some(mut row) = rows::find(tx, &key).await?.filter(|row| row.secret_hash.is_some()) else {
                    return Ok(false);
                };
                row.secret_hash = Some(hash);
                rows::update(tx, &row).await
            })
        });
        let done = done.await?;
        self.forget(id);
        Ok(done.then_some(secret))
    }

    fn cached(&self, id: &ClientId, now: Timestamp) -> Option<Arc<Client>> {
        let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
        let (read_at, client) = cache.get(id)?;
        is_recent(*read_at, now).then(|| Arc::clone(client))
    }

    fn forget(&self, id: &ClientId) {
        *self.origins.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.cache.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

fn is_recent(read_at: Timestamp, now: Timestamp) -> bool {
    now >= read_at && now.since(read_at) < STALENESS
}

impl Client {
    /// Every client of a database.
    pub async fn all(store: &Store) -> Result<Vec<Self>, StoreError> {
        let rows = store.read::<_, StoreError, _>(|tx| Box::pin(async move { rows::list(tx).await }));
        rows.await?.into_iter().map(Self::read).collect()
    }

    fn read(row: store::clients::Client) -> Result<Self, StoreError> {
        let metadata = serde_json::from_str(&row.metadata);
        Ok(Self {
            id: row.id,
            sector: row.sector,
            metadata: metadata.map_err(|_| StoreError::Corrupt("a client's metadata does not parse"))?,
            version: row.version,
            created_on: row.created_on,
            disabled_at: row.disabled_at,
            secret_hash: row.secret_hash,
            manages_itself: row.registration_hash.is_some(),
        })
    }

    pub const fn is_disabled(&self) -> bool {
        self.disabled_at.is_some()
    }

    /// Whether it registered itself, and holds the token to change what it registered.
    pub const fn manages_itself(&self) -> bool {
        self.manages_itself
    }

    /// Where a browser goes to begin a sign-in at this client (OpenID Connect Core §4), if that can be. It is told who the
    /// provider is and nothing else: no `login_hint`, for whoever follows the link is nobody yet. An `iss` that the client
    /// registered in its own address is not asked twice.
    pub fn entrance(&self, issuer: &str) -> Option<String> {
        let registered = self.metadata.initiate_login_uri.as_ref().filter(|_| !self.is_disabled())?;
        let mut address = url::Url::parse(registered).ok()?;
        let is_its_own = |pair: &&str| form_urlencoded::parse(pair.as_bytes()).all(|(name, _)| name != "iss");
        let own: Vec<_> =
            address.query().unwrap_or_default().split('&').filter(is_its_own).map(str::to_owned).collect();
        address.set_query(Some(&own.join("&")).filter(|query| !query.is_empty()).map(String::as_str));
        address.query_pairs_mut().append_pair("iss", issuer);
        Some(address.into())
    }

    /// Id and name, as an operator is told of it.
    pub fn told(&self) -> String {
        let ended = if self.is_disabled() { ", disabled" } else { "" };
        format!("{} ({}{ended})", self.id, self.metadata.client_name)
    }
}
