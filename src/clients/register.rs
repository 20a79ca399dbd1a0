//! Registering a relying party: every member checked, every refusal names the member and the remedy.

use std::collections::BTreeSet;

use url::Url;

use super::{ClaimsIn, Client, Clients, Metadata};
use crate::{
    domain::{
        ambient::Timestamp,
        area::Level,
        bracket::{AgeBracket, BracketTable},
        claim::{Quality, SCOPES},
        ids::{ClientId, Sector},
        secret::Token,
    },
    store::{StoreError, Tx, clients as rows},
    wire::{
        jose::Algorithm,
        oauth::{ApplicationType, AuthMethod, RedirectUri, RedirectUriError, Scope},
    },
};

/// What an operator asks to register.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Chosen by the operator, or made.
    pub id: Option<ClientId>,
    pub name: String,
    pub client_uri: Option<String>,
    pub policy_uri: Option<String>,
    pub tos_uri: Option<String>,
    pub application_type: ApplicationType,
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    pub auth_method: AuthMethod,
    pub id_token_alg: Algorithm,
    pub scope: String,
    pub residence_level: Level,
    pub age_brackets: Option<Vec<AgeBracket>>,
    pub required: BTreeSet<Quality>,
    pub id_token_claims: ClaimsIn,
    pub heteronyms_per_person: u8,
    /// The sector: one of the hosts, when the redirect URIs have several; or one that is there, to join it.
    pub sector: Option<String>,
    /// The operators agree that this client knows the members of another one of its sector by the same `sub`.
    pub join_sector: bool,
    /// The issuer is on a loopback address: so may be the forum.
    pub local: bool,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            id: None,
            name: String::new(),
            client_uri: None,
            policy_uri: None,
            tos_uri: None,
            application_type: ApplicationType::Web,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            auth_method: AuthMethod::ClientSecretBasic,
            id_token_alg: Algorithm::RS256,
            scope: "openid profile age residence".to_owned(),
            residence_level: Level::Department,
            age_brackets: None,
            required: BTreeSet::new(),
            id_token_claims: ClaimsIn::Userinfo,
            heteronyms_per_person: 1,
            sector: None,
            join_sector: false,
            local: false,
        }
    }
}

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
    #[error("token_endpoint_auth_method: private_key_jwt is not served")]
    AuthMethod,
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
        let secret = (metadata.token_endpoint_auth_method != AuthMethod::None).then(|| Token::generate(&mut rng));
        let id = draft.id.clone().unwrap_or_else(|| ClientId::generate(&mut rng));
        let home = draft.home(&id);
        let row = rows::Client {
            sector: draft.sector(&home)?,
            id,
            metadata: serde_json::to_string(&metadata).map_err(|_| RegistrationError::Name)?,
            secret_hash: secret.as_ref().map(Token::hash),
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

impl Draft {
    pub(super) fn check(&self) -> Result<Metadata, RegistrationError> {
        if self.auth_method == AuthMethod::PrivateKeyJwt {
            return Err(RegistrationError::AuthMethod);
        }
        if !(1..=100).contains(&self.heteronyms_per_person) {
            return Err(RegistrationError::Heteronyms);
        }
        Ok(Metadata {
            client_name: checked_name(&self.name)?,
            client_uri: self.address("client_uri", self.client_uri.as_deref())?,
            policy_uri: self.address("policy_uri", self.policy_uri.as_deref())?,
            tos_uri: self.address("tos_uri", self.tos_uri.as_deref())?,
            application_type: self.application_type,
            redirect_uris: self.redirects("redirect_uris", &self.redirect_uris, 1)?,
            post_logout_redirect_uris: self.redirects(
                "post_logout_redirect_uris",
                &self.post_logout_redirect_uris,
                0,
            )?,
            token_endpoint_auth_method: self.auth_method,
            id_token_signed_response_alg: self.id_token_alg,
            scope: self.checked_scope()?,
            residence_level: self.residence_level,
            age_brackets: self.checked_brackets()?,
            required: self.checked_required()?,
            id_token_claims: self.id_token_claims,
        })
    }

    fn redirects(&self, member: &'static str, uris: &[String], least: usize) -> Result<Vec<String>, RegistrationError> {
        if !(least..=20).contains(&uris.len()) {
            return Err(RegistrationError::HowMany(member, if least == 1 { "1 to 20" } else { "at most 20" }));
        }
        let local = self.local && self.application_type == ApplicationType::Web;
        let check = |uri: &String| {
            let checked = if local {
                RedirectUri::register_local(uri)
            } else {
                RedirectUri::register(uri, self.application_type)
            };
            checked.map(|uri| uri.as_str().to_owned()).map_err(|why| RegistrationError::RedirectUri(uri.clone(), why))
        };
        uris.iter().map(check).collect()
    }

    fn address(&self, member: &'static str, address: Option<&str>) -> Result<Option<String>, RegistrationError> {
        let Some(address) = address else { return Ok(None) };
        let url = Url::parse(address).map_err(|_| RegistrationError::Address(member))?;
        let protected = url.scheme() == "https" || (self.local && url.scheme() == "http");
        if !protected || address.len() > 2_000 || !url.username().is_empty() {
            return Err(RegistrationError::Address(member));
        }
        Ok(Some(url.to_string()))
    }

    fn checked_scope(&self) -> Result<Scope, RegistrationError> {
        let scope: Scope = self.scope.parse().map_err(|_| RegistrationError::Scope(self.scope.clone()))?;
        if let Some(unknown) = scope.iter().find(|token| !SCOPES.contains(token)) {
            return Err(RegistrationError::Scope(unknown.to_owned()));
        }
        if scope.contains("openid") { Ok(scope) } else { Err(RegistrationError::NoOpenid) }
    }

    fn checked_brackets(&self) -> Result<Option<Vec<AgeBracket>>, RegistrationError> {
        let Some(wanted) = &self.age_brackets else { return Ok(None) };
        let coarser = BracketTable::default().coarsen(wanted);
        coarser.map(|table| Some(table.brackets().to_vec())).map_err(|why| RegistrationError::Brackets(why.to_string()))
    }

    fn checked_required(&self) -> Result<BTreeSet<Quality>, RegistrationError> {
        let scope = self.checked_scope()?;
        match self.required.iter().find(|quality| !scope.contains(quality.scope())) {
            Some(quality) => Err(RegistrationError::Required(*quality)),
            None => Ok(self.required.clone()),
        }
    }

    /// Where a client is: the hosts of its redirect URIs, with a port that is not the usual one, since two forums on one
    /// machine are two. A native client's loopback address is everybody's own machine and no place at all: with nothing
    /// else it is at home in its own id, which no other client ever has.
    fn home(&self, id: &ClientId) -> BTreeSet<String> {
        let native = self.application_type == ApplicationType::Native;
        let uris = self.redirect_uris.iter().filter(|uri| !native || !uri.starts_with("http:"));
        let hosts: BTreeSet<String> = uris.filter_map(|uri| host(uri)).collect();
        if hosts.is_empty() { BTreeSet::from([id.to_string()]) } else { hosts }
    }

    fn sector(&self, home: &BTreeSet<String>) -> Result<Sector, RegistrationError> {
        let parsed = |text: &String| text.parse().map_err(|_| RegistrationError::Sector(text.clone()));
        match (&self.sector, home.iter().collect::<Vec<_>>().as_slice()) {
            (Some(named), _) => parsed(named),
            (None, [only]) => parsed(only),
            (None, _) => Err(RegistrationError::SeveralHosts(home.iter().cloned().collect())),
        }
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

fn host(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?;
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// A name that people read on the consent page: no controls, no change of direction, no second line.
fn checked_name(name: &str) -> Result<String, RegistrationError> {
    let name = name.trim();
    let hidden =
        |c| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let visible = |c: char| !c.is_control() && !hidden(c);
    let fits = (1..=80).contains(&name.chars().count()) && name.chars().all(visible);
    if fits { Ok(name.to_owned()) } else { Err(RegistrationError::Name) }
}
