//! The UserInfo endpoint (OpenID Connect Core §5.3) and what a bearer token has to be (RFC 6750).

use super::Provider;
use crate::{
    issuance::UserInfo,
    store::{StoreError, grants},
    wire::oauth::ErrorCode,
};

/// Why a protected resource says no (RFC 6750 §3.1).
#[derive(Debug, thiserror::Error)]
pub enum BearerError {
    /// No token at all: the answer names the scheme and nothing else.
    #[error("no token")]
    Missing,
    #[error("{0}")]
    Refused(ErrorCode),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Provider {
    /// What is told of the person behind an access token.
    pub async fn userinfo(&self, token: &str) -> Result<UserInfo, BearerError> {
        let invalid = BearerError::Refused(ErrorCode::InvalidToken);
        let Some(terms) = self.issuance.open_access_token(token, self.ambient.now()) else { return Err(invalid) };
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
        let heteronyms_per_person = self.clients.heteronyms_per_person(&heteronym.sector).await?;
        Ok(UserInfo {
            sub: subject.as_str().to_owned(),
            person: self.issuance.person_claims(&terms, &facts, &heteronym.shown, heteronyms_per_person),
        })
    }
}
