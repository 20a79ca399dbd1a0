//! Refresh tokens are spent (RFC 6749 §6), each for the next one; where the client's own key protects them, kept
//! (FAPI 2.0 Security Profile §5.3.2.1).

use super::{Caller, Provider, for_resource, timed};
use crate::{
    clients::Client,
    domain::{
        ambient::Timestamp,
        ids::FamilyId,
        secret::{Token, TokenHash},
    },
    issuance::{Binding, IssueError, Terms},
    provider::client::EndpointError,
    store::{StoreError, grants},
    wire::oauth::{ErrorCode, Params, Scope, TokenResponse},
};

impl Provider {
    pub(super) async fn refresh(&self, params: &Params, caller: &Caller<'_>) -> Result<TokenResponse, EndpointError> {
        let (client, now) = (caller.client, caller.now);
        let text = params.get("refresh_token")?;
        let text = text.ok_or_else(|| EndpointError::new(ErrorCode::InvalidRequest, "refresh_token is missing"))?;
        let shown = Token::presented(text).hash();
        let (family, terms) = self.live_family(shown, client, now).await?;
        let terms = for_resource(narrowed(bound_again(terms, caller)?, params)?, params, client)?;
        let ready = self.ready(terms, client).await?;
        let prepared = self.prepare(&ready, caller, None)?;
        let next = client.metadata.profile.rotates_refresh_tokens().then(|| Token::generate(&mut self.ambient.rng()));
        let used = self.keyring.vault().seal_time(USED, shown.as_bytes(), now, &mut self.ambient.rng());
        let next_hash = next.as_ref().map(Token::hash);
        let ticket = self.store.write_logged::<_, IssueError, _>(move |tx| {
            Box::pin(async move {
                match next_hash {
                    Some(next) => prepared.refresh(tx, (shown, &used), next, family).await,
                    None => prepared.renew(tx, shown).await,
                }
            })
        });
        match ticket.await {
            Ok(ticket) => {
                Ok(self.response(ready.terms, next, self.issuance.release(ticket, &self.transparency).await?))
            }
            // Somebody else was faster by an instant: refused, and nobody is signed out for it.
            Err(IssueError::Spent) => Err(ErrorCode::InvalidGrant.into()),
            Err(error) => Err(error.into()),
        }
    }

    /// The family of a refresh token that may be used, and its terms. One that was used before ends its grant, access tokens
    /// included (RFC 9700 §4.14.2), but for a race.
    async fn live_family(
        &self,
        token: TokenHash,
        client: &Client,
        now: Timestamp,
    ) -> Result<(FamilyId, Terms), EndpointError> {
        let found = self
            .store
            .read::<_, StoreError, _>(move |tx| Box::pin(async move { grants::find_refresh_token(tx, token).await }))
            .await?;
        let found = found.filter(|found| found.family.client_id == client.id).ok_or(ErrorCode::InvalidGrant)?;
        if found.dead {
            return Err(ErrorCode::InvalidGrant.into());
        }
        let (expires_at, terms) = self.family_terms(&found.family)?;
        if now >= expires_at {
            return Err(ErrorCode::InvalidGrant.into());
        }
        let id = found.family.id;
        let Some(used) = found.used else { return Ok((id, terms)) };
        let used_at =
            self.keyring.vault().open_time(USED, token.as_bytes(), &used).map_err(|_| ErrorCode::ServerError)?;
        if now.since(used_at) > self.lifetimes.refresh_race {
            tracing::warn!(target: "audit", client = %client.id, "a refresh token was presented again; its grant is revoked");
            let id = found.family.grant_id;
            let revoked = self
                .store
                .write::<_, StoreError, _>(move |tx| Box::pin(async move { grants::revoke(tx, id, now).await }));
            revoked.await?;
        }
        Err(ErrorCode::InvalidGrant.into())
    }

    /// When the family ends, and on what terms.
    pub(in crate::provider) fn family_terms(&self, family: &grants::Family) -> Result<(Timestamp, Terms), StoreError> {
        let bytes = self.keyring.vault().open_row(FAMILIES, family.id.as_bytes(), &family.sealed);
        let read = bytes.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        read.ok_or(StoreError::Corrupt("the terms of a refresh token family do not open"))
    }
}

/// A family that begins now.
pub(super) fn new_family(provider: &Provider, terms: &Terms, now: Timestamp) -> grants::Family {
    let mut rng = provider.ambient.rng();
    let id = FamilyId::generate(&mut rng);
    let expires_at = now.plus(provider.lifetimes.refresh);
    grants::Family {
        id,
        grant_id: terms.grant,
        client_id: terms.client.clone(),
        sealed: provider.keyring.vault().seal_row(FAMILIES, id.as_bytes(), &timed(expires_at, terms), &mut rng),
        remove_after: expires_at.next_month(),
    }
}

/// What the new access token is bound to. A client that keeps no secret has nothing but its key to show that the refresh
/// token is its own (RFC 9449 §5); another one has authenticated, and may have a new key.
fn bound_again(mut terms: Terms, caller: &Caller<'_>) -> Result<Terms, EndpointError> {
    let bound = matches!(terms.binding, Some(Binding::Dpop(_)));
    if bound && !caller.client.is_confidential() && terms.binding != caller.binding {
        return Err(EndpointError::new(ErrorCode::InvalidGrant, "the refresh token is bound to another key"));
    }
    terms.binding.clone_from(&caller.binding);
    Ok(terms)
}

/// RFC 6749 §6: the same scope, or less.
fn narrowed(mut terms: Terms, params: &Params) -> Result<Terms, EndpointError> {
    let Some(wanted) = params.get("scope")? else { return Ok(terms) };
    let wanted: Scope = wanted.parse().map_err(|_| ErrorCode::InvalidScope)?;
    if !wanted.is_within(&terms.scope) || !wanted.contains("openid") {
        return Err(ErrorCode::InvalidScope.into());
    }
    // What was asked for by name stays; what only a scope asked for goes with it.
    if terms.claims.is_none() {
        terms.names &= wanted.contains("profile");
        terms.release.retain(|quality| wanted.contains(quality.scope()));
    }
    terms.scope = wanted;
    Ok(terms)
}

const FAMILIES: &str = "families";
const USED: &str = "refresh_tokens.used";
