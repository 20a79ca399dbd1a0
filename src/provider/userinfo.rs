//! The UserInfo endpoint (OpenID Connect Core §5.3) and what an access token has to come with (RFC 6750, RFC 9449 §7,
//! RFC 8705 §3).

use super::{
    Provider,
    client::{Credentials, EndpointError},
    discovery::path,
    proof::Call,
};
use crate::{
    issuance::{Binding, Place, Terms, UserInfo},
    store::{StoreError, grants},
    wire::{jose::Typ, oauth::ErrorCode},
};

/// An access token with the scheme it was shown by.
#[derive(Clone, Copy)]
pub struct ShownToken<'a> {
    pub token: &'a str,
    /// `DPoP` in place of `Bearer`.
    pub dpop: bool,
}

/// Why a protected resource says no (RFC 6750 §3.1, RFC 9449 §7.1).
#[derive(Debug, thiserror::Error)]
pub enum BearerError {
    /// No token at all: the answer names the schemes and nothing else.
    #[error("no token")]
    Missing,
    #[error("{0}")]
    Refused(ErrorCode),
    /// The token holds, and what it is bound to does not.
    #[error(transparent)]
    Proof(EndpointError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// As the client registered it (OpenID Connect Core §5.3.2).
pub enum UserInfoAnswer {
    Json(Box<UserInfo>),
    Jwt(String),
}

impl Provider {
    /// What is told of the person behind an access token. `method` is that of the request.
    pub async fn userinfo(
        &self,
        shown: ShownToken<'_>,
        credentials: Credentials<'_>,
        method: &str,
    ) -> Result<UserInfoAnswer, BearerError> {
        let invalid = BearerError::Refused(ErrorCode::InvalidToken);
        let now = self.ambient.now();
        let Some((terms, _)) = self.issuance.open_access_token(shown.token, now) else { return Err(invalid) };
        self.check_binding(&terms, shown, credentials, method).await?;
        let id = terms.grant;
        let grant =
            self.store.read::<_, StoreError, _>(move |tx| Box::pin(async move { grants::find(tx, id).await })).await?;
        if grant.is_none_or(|grant| grant.dead) {
            return Err(invalid);
        }
        if !terms.scope.contains("openid") {
            return Err(BearerError::Refused(ErrorCode::InsufficientScope));
        }
        let Some(facts) = self.attributes.facts(terms.person).await? else { return Err(invalid) };
        let Some(heteronym) = self.pseudonyms.find(terms.pseudonym).await? else { return Err(invalid) };
        let Some(subject) = self.pseudonyms.subject(&heteronym) else { return Err(invalid) };
        let Some(client) = self.clients.find(&terms.client).await? else { return Err(invalid) };
        let heteronyms_per_person = self.clients.heteronyms_per_person(&heteronym.sector).await?;
        let told = self.issuance.told(&terms, Place::UserInfo, &facts, &heteronym.shown, heteronyms_per_person);
        let person = told.map_err(|error| BearerError::Proof(error.into()))?;
        let answer = UserInfo { sub: subject.as_str().to_owned(), addressed: None, person };
        let Some(algorithm) = client.metadata.userinfo_signed_response_alg else {
            return Ok(UserInfoAnswer::Json(Box::new(answer)));
        };
        let answer = answer.addressed(self.issuer.as_str(), &terms.client);
        let signed = self.issuance.sign_answer(Typ::Jwt, algorithm, now, &answer);
        signed.map(UserInfoAnswer::Jwt).map_err(|error| BearerError::Proof(error.into()))
    }

    /// A stolen token is worth nothing without the key.
    async fn check_binding(
        &self,
        terms: &Terms,
        shown: ShownToken<'_>,
        credentials: Credentials<'_>,
        method: &str,
    ) -> Result<(), BearerError> {
        let invalid = Err(BearerError::Refused(ErrorCode::InvalidToken));
        match &terms.binding {
            None if shown.dpop => invalid,
            None => Ok(()),
            Some(Binding::Dpop(key)) if shown.dpop => {
                let call = Call { method, path: path::USERINFO, access_token: Some(shown.token) };
                let proof = self.read_proof(credentials, call).map_err(BearerError::Proof)?;
                match self.spend_proof(proof).await.map_err(BearerError::Proof)? {
                    Some(proven) if proven == *key => Ok(()),
                    Some(_) => invalid,
                    None => Err(BearerError::Proof(ErrorCode::InvalidDpopProof.into())),
                }
            }
            Some(Binding::Dpop(_)) => invalid,
            Some(Binding::Certificate(thumbprint)) => {
                let same = credentials.certificate.is_some_and(|shown| shown.thumbprint == *thumbprint);
                if same && !shown.dpop { Ok(()) } else { invalid }
            }
        }
    }
}
