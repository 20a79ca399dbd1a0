//! Registering a relying party: every member checked, every refusal names the member and the remedy.

use std::collections::BTreeSet;

use super::{Client, Clients, Draft, Profile};
use crate::{
    domain::{
        ambient::Timestamp,
        claim::Quality,
        ids::{ClientId, Sector},
        secret::Token,
    },
    store::{StoreError, Tx, clients as rows},
    wire::oauth::RedirectUriError,
};

/// Why a registration is refused: the member as RFC 7591 names it, the reason, the remedy.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    #[error("client_name has to be 1 to 80 visible characters")]
    Name,
    #[error("client_id {0} is taken: choose another, or leave it out")]
    IdTaken(ClientId),
    #[error("redirect_uris: {1} ({0})")]
    RedirectUri(String, RedirectUriError),
    #[error("{0} has to hold {1} addresses")]
    HowMany(&'static str, &'static str),
    #[error("{0} has to be an https address of at most 2,000 characters")]
    Address(&'static str),
    #[error("scope: {0} is unknown; use openid, profile, age, residence, sex, roles and offline_access")]
    Scope(String),
    #[error("scope has to hold openid")]
    NoOpenid,
    #[error("required: {0} is not among what the scope asks for")]
    Required(Quality),
    #[error("age_brackets: {0}")]
    Brackets(String),
    #[error("sector: the redirect URIs have several hosts; name the one that pseudonyms belong to: {}", .0.join(", "))]
    SeveralHosts(Vec<String>),
    #[error("sector: {0} is not a host in lower case, with a port if it has one")]
    Sector(String),
    #[error(
        "sector: no client has {sector} yet, and it is not where this one is; leave it out, or name {}",
        .instead.join(", ")
    )]
    Elsewhere { sector: Sector, instead: Vec<String> },
    #[error(
        "sector: {sector} is that of {}; both would know their members by the same sub, which their operators have to \
         agree to and members have to be told: join_sector (--join-sector) says so",
        .clients.join(", ")
    )]
    Shared { sector: Sector, clients: Vec<String> },
    #[error("join_sector: no client has the sector {0}; look at its spelling, or leave join_sector out")]
    NothingToJoin(Sector),
    #[error("heteronyms_per_person: the sector {0} has {1} already, and that cannot be changed")]
    Policy(Sector, i64),
    #[error("heteronyms_per_person has to be 1 to 100")]
    Heteronyms,
    #[error("client_name has to be of one script, and without < and >: another name could be read into it")]
    MisleadingName,
    #[error("client_name is, or looks like, that of {0}: members could take one for the other")]
    NameTaken(String),
    #[error("{0}: only {1} is served")]
    NotServed(&'static str, &'static str),
    #[error("{0}: the value is not one that clients of the profile {1} may have")]
    NotOfProfile(&'static str, Profile),
    #[error("jwks or jwks_uri has to be there: the client signs something")]
    NoKeys,
    #[error("jwks and jwks_uri: leave one of them out")]
    KeysTwice,
    #[error("jwks: {0}")]
    Keys(String),
    #[error(
        "one of tls_client_auth_subject_dn, _san_dns, _san_uri, _san_ip and _san_email has to be there, and no other"
    )]
    Certificate,
    #[error("tls_client_auth_* is for the token_endpoint_auth_method tls_client_auth alone")]
    StrayCertificate,
    #[error("{0} has to be at the origin of a redirect URI")]
    NotAtHome(&'static str),
    #[error("contacts has to hold at most 10 texts of 3 to 200 characters")]
    Contacts,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Clients {
    /// Registers a client: it, and its secret when its method has one. The secret is told once and kept as a hash.
    pub async fn register(&self, draft: Draft) -> Result<(Client, Option<Token>), RegistrationError> {
        let metadata = draft.check()?;
        let heteronyms = i64::from(draft.heteronyms_per_person);
        let mut rng = self.ambient.rng();
        let now = self.ambient.now();
        let secret = metadata.token_endpoint_auth_method.has_secret().then(|| Token::generate(&mut rng));
        let id = draft.id.clone().unwrap_or_else(|| ClientId::generate(&mut rng));
        let home = draft.home(&id);
        let row = rows::Client {
            sector: draft.sector(&home)?,
            id,
            metadata: serde_json::to_string(&metadata).map_err(|_| RegistrationError::Name)?,
            secret_hash: secret.as_ref().map(Token::hash),
            registration_hash: None,
            version: 1,
            created_on: now.day(),
            disabled_at: None,
        };
        let stored = row.clone();
        let place = Place { home, join: draft.join_sector, heteronyms, now };
        let added = self.store.write::<_, RegistrationError, _>(move |tx| {
            Box::pin(async move {
                place.take(tx, &stored.sector).await?;
                match rows::insert(tx, &stored).await {
                    Err(StoreError::Taken) => Err(RegistrationError::IdTaken(stored.id)),
                    outcome => Ok(outcome?),
                }
            })
        });
        added.await?;
        self.forget(&row.id);
        Ok((Client::read(row)?, secret))
    }
}

/// What a client needs to have a sector.
#[derive(Clone)]
struct Place {
    home: BTreeSet<String>,
    join: bool,
    heteronyms: i64,
    now: Timestamp,
}

impl Place {
    /// Makes the sector, or joins it when that was said. The row of the sector decides, so that of two clients registered at
    /// the same moment one is told of the other.
    async fn take(&self, tx: &mut Tx, sector: &Sector) -> Result<(), RegistrationError> {
        if rows::ensure_sector(tx, sector, self.heteronyms, self.now).await? {
            return self.may_make(sector);
        }
        if !self.join {
            let clients = rows::of_sector(tx, sector).await?;
            let clients =
                clients.into_iter().map(|row| Ok(Client::read(row)?.told())).collect::<Result<_, StoreError>>()?;
            return Err(RegistrationError::Shared { sector: sector.clone(), clients });
        }
        match rows::heteronyms_per_person(tx, sector).await? {
            Some(policy) if policy != self.heteronyms => Err(RegistrationError::Policy(sector.clone(), policy)),
            _ => Ok(()),
        }
    }

    /// A sector begins where its first client is; any other name is somebody else's, or misspelt.
    fn may_make(&self, sector: &Sector) -> Result<(), RegistrationError> {
        if self.join {
            return Err(RegistrationError::NothingToJoin(sector.clone()));
        }
        if !self.home.contains(sector.as_str()) {
            let instead = self.home.iter().cloned().collect();
            return Err(RegistrationError::Elsewhere { sector: sector.clone(), instead });
        }
        Ok(())
    }
}
