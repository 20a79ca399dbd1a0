//! The token endpoint (RFC 6749 §3.2, OpenID Connect Core §3.1.3): codes and refresh tokens are spent here.

mod redeem;
mod refresh;

use std::sync::Arc;

use zeroize::Zeroizing;

use super::{
    Provider,
    client::{Credentials, EndpointError},
    discovery::path,
    proof::{Call, binding},
};
use crate::{
    clients::{ClaimsIn, Client},
    domain::{ambient::Timestamp, quality::Facts, secret::Token},
    issuance::{Binding, Draft, IssueError, Issued, Prepared, Terms},
    keyring::padded_json,
    pseudonym::{Heteronym, Subject},
    transparency::Owner,
    wire::{
        jose::Thumbprint,
        oauth::{ErrorCode, Params, TokenResponse, TokenType},
    },
};

/// A client that has authenticated, and what it shows besides.
struct Caller<'a> {
    client: &'a Client,
    /// Of its `DPoP` proof.
    key: Option<Thumbprint>,
    /// What the tokens of this answer are bound to.
    binding: Option<Binding>,
    now: Timestamp,
}

/// Everything that a token is made of, read and checked before anything is written.
struct Ready {
    terms: Terms,
    heteronyms_per_person: i64,
    facts: Facts,
    heteronym: Heteronym,
    owner: Arc<Owner>,
    subject: Subject,
}

impl Provider {
    /// Answers a token request.
    pub async fn token(&self, params: &Params, credentials: Credentials<'_>) -> Result<TokenResponse, EndpointError> {
        params.check()?;
        let proof = self.read_proof(credentials, Call::post(path::TOKEN))?;
        let client = self.authenticated(params, credentials).await?;
        let key = self.spend_proof(proof).await?;
        let binding = binding(&client, credentials, key.clone())?;
        let caller = Caller { client: &client, key, binding, now: self.ambient.now() };
        match params.get("grant_type")? {
            Some("authorization_code") => self.redeem(params, &caller).await,
            Some("refresh_token") if client.metadata.may_refresh() => self.refresh(params, &caller).await,
            Some("refresh_token") => Err(ErrorCode::UnauthorizedClient.into()),
            Some(_) => Err(ErrorCode::UnsupportedGrantType.into()),
            None => Err(EndpointError::new(ErrorCode::InvalidRequest, "grant_type is missing")),
        }
    }

    /// Reads what the token is made of. A person, pseudonym or key version that is gone ends the grant.
    async fn ready(&self, terms: Terms, client: &Client) -> Result<Ready, EndpointError> {
        let facts = self.attributes.facts(terms.person).await?.ok_or(ErrorCode::InvalidGrant)?;
        let (heteronym, owner) = self.pseudonyms.find_owned(terms.pseudonym).await?.ok_or(ErrorCode::InvalidGrant)?;
        let subject = self.pseudonyms.subject(&heteronym).ok_or(ErrorCode::InvalidGrant)?;
        let heteronyms_per_person = self.clients.heteronyms_per_person(&client.sector).await?;
        Ok(Ready { terms, heteronyms_per_person, facts, heteronym, owner: Arc::new(owner), subject })
    }

    fn prepare(&self, ready: &Ready, caller: &Caller<'_>, nonce: Option<&str>) -> Result<Prepared, EndpointError> {
        let metadata = &caller.client.metadata;
        let draft = Draft {
            terms: &ready.terms,
            subject: &ready.subject,
            shown: &ready.heteronym.shown,
            facts: &ready.facts,
            heteronyms_per_person: ready.heteronyms_per_person,
            algorithm: metadata.id_token_signed_response_alg,
            claims_in_id_token: metadata.id_token_claims == ClaimsIn::All,
            nonce,
            now: caller.now,
        };
        Ok(self.issuance.prepare(&draft, Arc::clone(&ready.owner), ready.heteronym.voice())?)
    }

    fn response(&self, terms: Terms, refresh: Option<Token>, issued: Issued) -> TokenResponse {
        let dpop = matches!(terms.binding, Some(Binding::Dpop(_)));
        TokenResponse {
            access_token: issued.access_token,
            token_type: if dpop { TokenType::Dpop } else { TokenType::Bearer },
            expires_in: u32::try_from(self.issuance.lifetimes().access_token).unwrap_or(u32::MAX),
            refresh_token: refresh.map(|token| token.expose().to_owned()),
            id_token: Some(issued.id_token),
            scope: terms.scope,
            tlog_proof: Some(issued.tlog_proof),
            tlog_owner: Some(issued.tlog_owner),
        }
    }
}

/// RFC 8707 §2.2: the resource of the authorization request, or where it had none, one that the client registered.
fn for_resource(mut terms: Terms, params: &Params, client: &Client) -> Result<Terms, EndpointError> {
    match params.all("resource")?.as_slice() {
        [] => Ok(terms),
        [one] if terms.resource.as_deref().is_none_or(|granted| granted == *one) => {
            let resource = client.metadata.resources.iter().find(|known| known == one).cloned();
            terms.resource = Some(resource.ok_or(ErrorCode::InvalidTarget)?);
            Ok(terms)
        }
        _ => Err(ErrorCode::InvalidTarget.into()),
    }
}

impl From<IssueError> for EndpointError {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::Spent | IssueError::Dead => ErrorCode::InvalidGrant.into(),
            IssueError::Store(error) => error.into(),
            IssueError::Lint(_) | IssueError::NoKey(_) | IssueError::Sign(_) => {
                tracing::error!(%error, "a token was not issued");
                ErrorCode::ServerError.into()
            }
        }
    }
}

/// A time and the terms, as they are sealed. The length of a row would tell how much was granted.
fn timed(time: Timestamp, terms: &Terms) -> Zeroizing<Vec<u8>> {
    padded_json(&(time, terms), PADDING)
}

const PADDING: usize = 1_024;
