//! What a token is that a client asks about: one of the three kinds that are issued here, or nothing of ours.

use serde::Deserialize;

use super::Provider;
use crate::{
    domain::{
        ids::{ClientId, GrantId},
        secret::Token,
    },
    issuance::{AccessTokenClaims, Terms},
    store::{StoreError, grants},
    wire::jose::{Typ, Verifier},
};

/// A token that was issued here and has not expired.
pub(super) struct Known {
    pub(super) client: ClientId,
    pub(super) grant: GrantId,
    /// It, and everything that it rests on, stands.
    pub(super) live: bool,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// For the UserInfo endpoint; with its end, in seconds since the epoch.
    Access(Box<Terms>, i64),
    /// For a protected resource of the forum's own.
    Jwt(Box<AccessTokenClaims>),
    Refresh(Box<Terms>, i64),
}

impl Provider {
    pub(super) async fn recognise(&self, token: &str) -> Result<Option<Known>, StoreError> {
        if let Some((terms, exp)) = self.issuance.open_access_token(token, self.ambient.now()) {
            let (client, grant) = (terms.client.clone(), terms.grant);
            return self.known(client, grant, Kind::Access(Box::new(terms), exp)).await.map(Some);
        }
        if let Some(claims) = self.own_access_token(token) {
            let (Ok(client), Some(grant)) = (claims.client_id.parse(), self.issuance.grant_of(&claims.jti)) else {
                return Ok(None);
            };
            return self.known(client, grant, Kind::Jwt(Box::new(claims))).await.map(Some);
        }
        self.known_refresh_token(token).await
    }

    async fn known(&self, client: ClientId, grant: GrantId, kind: Kind) -> Result<Known, StoreError> {
        let found =
            self.store.read::<_, StoreError, _>(move |tx| Box::pin(async move { grants::find(tx, grant).await }));
        let live = found.await?.is_some_and(|found| !found.dead && found.client_id == client);
        Ok(Known { client, grant, live, kind })
    }

    /// A signed access token of ours, whatever resource it is for.
    fn own_access_token(&self, token: &str) -> Option<AccessTokenClaims> {
        let audience = unverified_audience(token)?;
        let verifier = Verifier::new(Typ::AccessToken, self.issuer.as_str(), &audience).require(&["sub", "jti"]);
        let now = self.ambient.now().seconds();
        verifier.verify(token, &self.keyring.verification_keys(), now).ok().map(|verified| verified.claims)
    }

    async fn known_refresh_token(&self, token: &str) -> Result<Option<Known>, StoreError> {
        let hash = Token::presented(token).hash();
        let found = self
            .store
            .read::<_, StoreError, _>(move |tx| Box::pin(async move { grants::find_refresh_token(tx, hash).await }))
            .await?;
        let Some(found) = found else { return Ok(None) };
        let (expires_at, terms) = self.family_terms(&found.family)?;
        if self.ambient.now() >= expires_at {
            return Ok(None);
        }
        Ok(Some(Known {
            client: found.family.client_id,
            grant: found.family.grant_id,
            live: !found.dead && found.used.is_none(),
            kind: Kind::Refresh(Box::new(terms), expires_at.seconds()),
        }))
    }
}

/// The audience as a token says it, so that the token can be checked against what it says it is.
pub(super) fn unverified_audience(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Audience {
        aud: String,
    }
    let claims = token.split('.').nth(1).filter(|claims| claims.len() <= MAX_CLAIMS)?;
    let bytes = data_encoding::BASE64URL_NOPAD.decode(claims.as_bytes()).ok()?;
    serde_json::from_slice::<Audience>(&bytes).ok().map(|audience| audience.aud)
}

const MAX_CLAIMS: usize = 12 * 1024;
