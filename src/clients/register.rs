//! Registering a relying party: every member checked, every refusal names the member and the remedy.

use std::collections::BTreeSet;

use url::Url;

use super::{ClaimsIn, Client, Clients, Metadata};
use crate::{
    domain::{
        area::Level,
        bracket::{AgeBracket, BracketTable},
        claim::{Quality, SCOPES},
        ids::{ClientId, Sector},
        secret::Token,
    },
    store::{StoreError, clients as rows},
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
    /// The sector, when the redirect URIs have several hosts.
    pub sector: Option<String>,
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
    #[error("sector: the redirect URIs have several hosts; name the host that pseudonyms belong to")]
    SeveralHosts,
    #[error("sector: {0} is not a host in lower case")]
    Sector(String),
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
        let sector = draft.sector()?;
        let heteronyms = i64::from(draft.heteronyms_per_person);
        let mut rng = self.ambient.rng();
        let now = self.ambient.now();
        let secret = (metadata.token_endpoint_auth_method != AuthMethod::None).then(|| Token::generate(&mut rng));
        let row = rows::Client {
            id: draft.id.unwrap_or_else(|| ClientId::generate(&mut rng)),
            sector,
            metadata: serde_json::to_string(&metadata).map_err(|_| RegistrationError::Name)?,
            secret_hash: secret.as_ref().map(Token::hash),
            version: 1,
            created_on: now.day(),
            disabled_at: None,
        };
        let stored = row.clone();
        let added = self.store.write::<_, RegistrationError, _>(move |tx| {
            Box::pin(async move {
                rows::ensure_sector(tx, &stored.sector, heteronyms, now).await?;
                let policy = rows::heteronyms_per_person(tx, &stored.sector).await?;
                if let Some(policy) = policy.filter(|policy| *policy != heteronyms) {
                    return Err(RegistrationError::Policy(stored.sector, policy));
                }
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
    fn check(&self) -> Result<Metadata, RegistrationError> {
        if self.auth_method == AuthMethod::PrivateKeyJwt {
            return Err(RegistrationError::AuthMethod);
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

    /// The host of the redirect URIs, with a port that is not the usual one: two forums on one machine are two sectors.
    fn sector(&self) -> Result<Sector, RegistrationError> {
        if !(1..=100).contains(&self.heteronyms_per_person) {
            return Err(RegistrationError::Heteronyms);
        }
        if let Some(sector) = &self.sector {
            return sector.parse().map_err(|_| RegistrationError::Sector(sector.clone()));
        }
        let hosts: BTreeSet<String> = self.redirect_uris.iter().filter_map(|uri| host(uri)).collect();
        match hosts.into_iter().collect::<Vec<_>>().as_slice() {
            [only] => only.parse().map_err(|_| RegistrationError::Sector(only.clone())),
            _ => Err(RegistrationError::SeveralHosts),
        }
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
