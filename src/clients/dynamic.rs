//! A client that registers itself (RFC 7591, OpenID Connect Dynamic Client Registration 1.0).
//!
//! What it asks is checked as an operator's draft is; where the standards leave a member out, this file says what it is
//! then. Members that are not known here are ignored, as RFC 7591 §2 wants: the answer tells what was registered. A token
//! that lets one in is spent by the statement that writes the client's row, so that of two at once one gets in, and a
//! registration that is refused for its metadata spends nothing.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{Client, Clients, Draft, Profile, RegistrationError, addresses, names, sector::By};
use crate::{
    config::Registration,
    domain::{
        ambient::Timestamp,
        claim::SCOPES,
        secret::{Token, TokenHash},
    },
    store::{StoreError, Tx, clients as rows, throttles},
    wire::oauth::{Scope, registration_members},
};

/// A client that manages itself, with what it is told now and never again.
#[derive(Debug)]
pub struct Registered {
    pub client: Client,
    /// A new one; the old one is kept as a hash and cannot be told.
    pub secret: Option<Token>,
    /// The registration access token.
    pub access: Token,
}

/// Why somebody may not register a client, or not see or change one.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error("clients do not register themselves here")]
    Off,
    #[error("no token")]
    Missing,
    /// One sentence for all: whether a client or a token exists is nobody's business.
    #[error("the token is unknown, used, expired, or for another client")]
    Token,
    #[error("too many clients came today: try again tomorrow")]
    Full(Duration),
    #[error(transparent)]
    Refused(#[from] RegistrationError),
}

impl From<StoreError> for AccessError {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

impl Clients {
    /// Whether clients register themselves here.
    pub fn take_registrations(&self) -> bool {
        self.admission.registration != Registration::Off
    }

    /// Makes an initial access token, with which one client registers itself until the time has passed.
    pub async fn initial_access_token(&self, lifetime: Duration) -> Result<Token, StoreError> {
        let token = Token::generate(&mut self.ambient.rng());
        let (hash, now) = (token.hash(), self.ambient.now());
        let insert = self.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move { rows::insert_registration_token(tx, hash, now, now.plus(lifetime)).await })
        });
        insert.await.map(|()| token)
    }

    /// Registers a client that asks for it.
    pub async fn register_itself(&self, token: Option<&Token>, body: &[u8]) -> Result<Registered, AccessError> {
        let ticket = self.ticket(token).await?;
        let draft =
            Draft::of_request(registration_members(body).map_err(RegistrationError::from)?, self.admission.local)?;
        let mut newcomer = self.newcomer(&draft, By::Itself).await?;
        let access = Token::generate(&mut self.ambient.rng());
        newcomer.row.registration_hash = Some(access.hash());
        let (entering, provider, now) = (newcomer.clone(), self.admission.provider.clone(), self.ambient.now());
        let entered = self.store.write::<_, AccessError, _>(move |tx| {
            Box::pin(async move {
                ticket.spend(tx, now).await?;
                let client = entering.enter(tx).await?;
                names::is_free(tx, &client, &provider).await?;
                Ok(client)
            })
        });
        let client = entered.await?;
        tracing::info!(target: "audit", client = %client.id, sector = %client.sector, "a client registered itself");
        Ok(Registered { client, secret: newcomer.secret, access })
    }

    /// What lets a client in, before anything is read of what it asks.
    async fn ticket(&self, token: Option<&Token>) -> Result<Ticket, AccessError> {
        let now = self.ambient.now();
        match self.admission.registration {
            Registration::Off => Err(AccessError::Off),
            Registration::Open => Ok(Ticket::OfTheDay(i64::from(self.admission.per_day))),
            Registration::Token => {
                let hash = token.ok_or(AccessError::Missing)?.hash();
                let live = self.store.read::<_, StoreError, _>(move |tx| {
                    Box::pin(async move { rows::registration_token_is_live(tx, hash, now).await })
                });
                if live.await? { Ok(Ticket::Token(hash)) } else { Err(AccessError::Token) }
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Ticket {
    Token(TokenHash),
    /// One of so many in a day.
    OfTheDay(i64),
}

impl Ticket {
    async fn spend(self, tx: &mut Tx, now: Timestamp) -> Result<(), AccessError> {
        match self {
            Self::Token(hash) if rows::use_registration_token(tx, hash, now).await? => Ok(()),
            Self::Token(_) => Err(AccessError::Token),
            Self::OfTheDay(most) => {
                let day = now.day();
                // It stands for nobody, so it needs no key.
                let tag = Sha256::digest(format!("registrations of a day/v1 {}", day.0)).into();
                let tomorrow = day.plus(Duration::from_hours(24));
                let full = throttles::fail(tx, &tag, now).await? > most;
                if full { Err(AccessError::Full(tomorrow.since(now))) } else { Ok(()) }
            }
        }
    }
}

impl Registered {
    /// The client information response (RFC 7591 §3.2.1, RFC 7592 §3).
    pub fn information(&self, registration_client_uri: &str) -> Value {
        let metadata = &self.client.metadata;
        let mut members = match serde_json::to_value(metadata) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        };
        let mut say = |member: &str, value: Value| members.insert(member.to_owned(), value);
        say("client_id", json!(self.client.id));
        // To the day: that is as exact as it is kept.
        say("client_id_issued_at", json!(self.client.created_on.seconds()));
        if let Some(secret) = &self.secret {
            say("client_secret", json!(secret.expose()));
        }
        if metadata.token_endpoint_auth_method.has_secret() {
            say("client_secret_expires_at", json!(0));
        }
        say("registration_access_token", json!(self.access.expose()));
        say("registration_client_uri", json!(registration_client_uri));
        say("response_types", json!(["code"]));
        let refresh = metadata.may_refresh().then_some("refresh_token");
        say("grant_types", json!(["authorization_code"].into_iter().chain(refresh).collect::<Vec<_>>()));
        say("subject_type", json!("pairwise"));
        Value::Object(members)
    }
}

impl Draft {
    /// What a client asks for, with the defaults of its profile.
    pub(super) fn of_request(mut members: Map<String, Value>, local: bool) -> Result<Self, RegistrationError> {
        let profile = read::<Option<Profile>>(&members, "profile")?.unwrap_or(Profile::Openid);
        let asked: Option<String> = read(&members, "scope")?;
        let scope = scope(asked.as_deref(), read(&members, "grant_types")?)?;
        let mut default = |member: &str, value: Value| {
            members.entry(member).or_insert(value);
        };
        let usual = Self::of_profile(profile);
        default("profile", json!(profile));
        default("id_token_signed_response_alg", json!(usual.id_token_alg));
        default("token_endpoint_auth_method", json!(usual.auth_method));
        members.insert("scope".to_owned(), json!(scope));
        let draft: Self = whole(members)?;
        // A name for the tokens of somebody else's service is not a stranger's to take.
        if draft.resources.iter().any(|resource| !addresses::is_at(resource, &draft.redirect_uris)) {
            return Err(RegistrationError::NotAtHome("resources"));
        }
        Ok(Self { local, ..draft })
    }
}

/// The scopes that are known here, of those that are asked for (RFC 7591 §2): `openid` always, and `offline_access` as
/// `grant_types` says, when that is there.
fn scope(asked: Option<&str>, grant_types: Option<Vec<String>>) -> Result<String, RegistrationError> {
    let asked = asked.unwrap_or(USUAL_SCOPE);
    let asked: Scope = asked.parse().map_err(|_| RegistrationError::Scope(shortened(asked)))?;
    let refresh = grant_types.map(|types| types.iter().any(|grant| grant == "refresh_token"));
    let has = |scope: &&str| match *scope {
        "openid" => true,
        "offline_access" => refresh.unwrap_or_else(|| asked.contains(scope)),
        _ => asked.contains(scope),
    };
    Ok(SCOPES.into_iter().filter(has).collect::<Vec<_>>().join(" "))
}

/// One member, if it is there.
fn read<T: DeserializeOwned + Default>(members: &Map<String, Value>, member: &str) -> Result<T, RegistrationError> {
    let Some(value) = members.get(member) else { return Ok(T::default()) };
    serde_json::from_value(value.clone()).map_err(|why| form(member, &why))
}

/// All members; a fault is that of the first that cannot stand alone.
fn whole(members: Map<String, Value>) -> Result<Draft, RegistrationError> {
    let why = match serde_json::from_value(Value::Object(members.clone())) {
        Ok(draft) => return Ok(draft),
        Err(why) => why,
    };
    let alone = |(member, value): (String, Value)| {
        let one = Map::from_iter([(member.clone(), value)]);
        serde_json::from_value::<Draft>(Value::Object(one)).err().map(|why| form(&member, &why))
    };
    Err(members.into_iter().find_map(alone).unwrap_or_else(|| form("the metadata", &why)))
}

fn form(member: &str, why: &serde_json::Error) -> RegistrationError {
    RegistrationError::Form(member.to_owned(), shortened(&why.to_string()))
}

/// What comes from a stranger is not told back at any length.
fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

const USUAL_SCOPE: &str = "openid profile age residence";
