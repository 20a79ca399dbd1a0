//! What a token is worth (RFC 7662), signed where that is asked for (RFC 9701), and its end (RFC 7009).
//!
//! Whoever a token is not for learns no more than that it is nothing to them.

use serde::Serialize;

use super::{
    Provider,
    client::{Credentials, EndpointError},
    recognise::{Kind, Known},
};
use crate::{
    clients::Client,
    issuance::{Binding, Terms},
    store::{StoreError, grants},
    wire::{
        jose::Typ,
        oauth::{ErrorCode, Params, TokenType},
    },
};

/// The answer: as JSON, or as a JWT for this client.
pub enum Introspected {
    Json(Introspection),
    Jwt(String),
}

/// RFC 7662 §2.2.
#[derive(Serialize)]
pub struct Introspection {
    active: bool,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    token: Option<ActiveToken>,
}

#[derive(Serialize)]
struct ActiveToken {
    iss: String,
    sub: String,
    aud: String,
    client_id: String,
    scope: String,
    exp: i64,
    /// A refresh token's beginning is not kept in a form that it could be told in.
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<TokenType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<Binding>,
}

/// RFC 9701 §5.
#[derive(Serialize)]
struct SignedIntrospection {
    iss: String,
    aud: String,
    iat: i64,
    token_introspection: Introspection,
}

impl Provider {
    /// Answers an introspection request. `wants_jwt`: the client accepts nothing but a signed answer.
    pub async fn introspect(
        &self,
        params: &Params,
        credentials: Credentials<'_>,
        wants_jwt: bool,
    ) -> Result<Introspected, EndpointError> {
        params.check()?;
        let client = self.confidential(params, credentials).await?;
        let token = params.get("token")?.ok_or_else(token_is_missing)?;
        let known = self.recognise(token).await?.filter(|known| known.live && may_ask(&client, known));
        let token = match known {
            Some(known) => self.told(known).await?,
            None => None,
        };
        let answer = Introspection { active: token.is_some(), token };
        let metadata = &client.metadata;
        if !wants_jwt && metadata.introspection_signed_response_alg.is_none() {
            return Ok(Introspected::Json(answer));
        }
        let algorithm = metadata.introspection_signed_response_alg.unwrap_or(metadata.id_token_signed_response_alg);
        let now = self.ambient.now();
        let claims = SignedIntrospection {
            iss: self.issuer.to_string(),
            aud: client.id.to_string(),
            iat: now.seconds(),
            token_introspection: answer,
        };
        Ok(Introspected::Jwt(self.issuance.sign_answer(Typ::Introspection, algorithm, now, &claims)?))
    }

    /// Ends a token of the client that asks, and with it all of its grant (RFC 7009 §2.1). Whatever else it is: nothing, and
    /// the same answer.
    pub async fn revoke(&self, params: &Params, credentials: Credentials<'_>) -> Result<(), EndpointError> {
        params.check()?;
        let client = self.authenticated(params, credentials).await?;
        let token = params.get("token")?.ok_or_else(token_is_missing)?;
        let Some(known) = self.recognise(token).await?.filter(|known| known.client == client.id) else { return Ok(()) };
        let (grant, now) = (known.grant, self.ambient.now());
        let revoke = self
            .store
            .write::<_, StoreError, _>(move |tx| Box::pin(async move { grants::revoke(tx, grant, now).await }));
        revoke.await?;
        Ok(())
    }

    /// What is told of a token that lives. A person or pseudonym that is gone leaves nothing.
    async fn told(&self, known: Known) -> Result<Option<ActiveToken>, EndpointError> {
        let issuer = self.issuer.to_string();
        Ok(match known.kind {
            Kind::Jwt(claims) => Some(ActiveToken {
                iss: claims.iss,
                sub: claims.sub,
                aud: claims.aud,
                client_id: claims.client_id,
                scope: claims.scope,
                exp: claims.exp,
                iat: Some(claims.iat),
                token_type: Some(token_type(claims.cnf.as_ref())),
                cnf: claims.cnf,
            }),
            Kind::Access(terms, exp) => self.subject_of(&terms).await?.map(|sub| ActiveToken {
                iss: issuer.clone(),
                sub,
                aud: issuer,
                client_id: terms.client.to_string(),
                scope: terms.scope.to_string(),
                exp,
                iat: Some(exp - self.issuance.lifetimes().access_token),
                token_type: Some(token_type(terms.binding.as_ref())),
                cnf: terms.binding,
            }),
            Kind::Refresh(terms, exp) => self.subject_of(&terms).await?.map(|sub| ActiveToken {
                iss: issuer.clone(),
                sub,
                aud: issuer,
                client_id: terms.client.to_string(),
                scope: terms.scope.to_string(),
                exp,
                iat: None,
                token_type: None,
                cnf: None,
            }),
        })
    }

    async fn subject_of(&self, terms: &Terms) -> Result<Option<String>, StoreError> {
        let heteronym = self.pseudonyms.find(terms.pseudonym).await?;
        let subject = heteronym.as_ref().and_then(|heteronym| self.pseudonyms.subject(heteronym));
        Ok(subject.map(|subject| subject.as_str().to_owned()))
    }
}

/// Its holder, and whoever it is for.
fn may_ask(client: &Client, known: &Known) -> bool {
    let is_for = |claims: &crate::issuance::AccessTokenClaims| client.metadata.resources.contains(&claims.aud);
    known.client == client.id || matches!(&known.kind, Kind::Jwt(claims) if is_for(claims))
}

const fn token_type(binding: Option<&Binding>) -> TokenType {
    match binding {
        Some(Binding::Dpop(_)) => TokenType::Dpop,
        Some(Binding::Certificate(_)) | None => TokenType::Bearer,
    }
}

fn token_is_missing() -> EndpointError {
    EndpointError::new(ErrorCode::InvalidRequest, "token is missing")
}
