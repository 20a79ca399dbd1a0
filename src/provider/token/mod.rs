//! The token endpoint (RFC 6749 §3.2, OpenID Connect Core §3.1.3): codes and refresh tokens are spent here.

use std::{sync::Arc, time::Duration};

use zeroize::Zeroizing;

use super::{
    Provider,
    client::{Credentials, EndpointError},
    code::Code,
};
use crate::{
    clients::{ClaimsIn, Client},
    domain::{
        ambient::Timestamp,
        ids::{FamilyId, GrantId},
        quality::Facts,
        secret::{Token, TokenHash},
    },
    issuance::{Draft, IssueError, Prepared, Terms},
    keyring::padded_json,
    pseudonym::{Heteronym, Subject},
    store::{StoreError, grants},
    wire::oauth::{CodeVerifier, ErrorCode, Params, Scope, TokenResponse, TokenType},
};

/// Everything that a token is made of, read and checked before anything is written.
struct Ready {
    terms: Terms,
    heteronyms_per_person: i64,
    facts: Facts,
    heteronym: Heteronym,
    subject: Subject,
}

impl Provider {
    /// Answers a token request.
    pub async fn token(&self, params: &Params, credentials: Credentials<'_>) -> Result<TokenResponse, EndpointError> {
        params.check()?;
        let client = self.authenticated(params, credentials).await?;
        match params.get("grant_type")? {
            Some("authorization_code") => self.redeem(params, client).await,
            Some("refresh_token") if client.metadata.may_refresh() => self.refresh(params, client).await,
            Some("refresh_token") => Err(ErrorCode::UnauthorizedClient.into()),
            Some(_) => Err(ErrorCode::UnsupportedGrantType.into()),
            None => Err(EndpointError::new(ErrorCode::InvalidRequest, "grant_type is missing")),
        }
    }

    async fn redeem(&self, params: &Params, client: Arc<Client>) -> Result<TokenResponse, EndpointError> {
        let now = self.ambient.now();
        let code = self.checked_code(params, &client)?;
        if now >= code.expires_at {
            self.end_grant(&client, code.terms.grant, now).await?;
            return Err(EndpointError::new(ErrorCode::InvalidGrant, "the code has expired"));
        }
        let Code { terms, nonce, session, session_tag, .. } = code;
        let ready = self.ready(terms, &client).await?;
        let access_token = self.issuance.access_token(&ready.terms, now);
        let prepared = self.prepare(&ready, &client, nonce.as_deref(), &access_token, now)?;
        let mut rng = self.ambient.rng();
        let refresh = ready.terms.scope.contains("offline_access").then(|| Token::generate(&mut rng));
        let redemption = self.redemption(&ready.terms, session, session_tag, now);
        let family = refresh.as_ref().map(|token| (self.family(&ready.terms, now), token.hash()));
        let id = ready.terms.grant;
        let ticket = self
            .store
            .write::<_, IssueError, _>(move |tx| {
                Box::pin(async move {
                    let family = family.as_ref().map(|(family, token)| (family, *token));
                    prepared.redeem(tx, &redemption, family).await
                })
            })
            .await;
        match ticket {
            Ok(ticket) => Ok(self.response(ready.terms.scope, access_token, refresh, self.issuance.sign(ticket)?)),
            // Whether or not what the code rests on still stands: it may have been spent before that fell.
            Err(IssueError::Spent | IssueError::Dead) => {
                self.end_grant(&client, id, now).await?;
                Err(ErrorCode::InvalidGrant.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Ends what came of a code that was spent before. RFC 6749 §4.1.2: a code used twice was stolen by one of the two.
    async fn end_grant(&self, client: &Client, id: GrantId, now: Timestamp) -> Result<(), StoreError> {
        let revoke =
            self.store.write::<_, StoreError, _>(move |tx| Box::pin(async move { grants::revoke(tx, id, now).await }));
        if revoke.await? {
            tracing::warn!(target: "audit", client = %client.id, "a code was presented twice; its grant is revoked");
        }
        Ok(())
    }

    /// The code, if it is this client's and of this request; it may be over, or spent.
    fn checked_code(&self, params: &Params, client: &Client) -> Result<Code, EndpointError> {
        let invalid = |why: &str| EndpointError::new(ErrorCode::InvalidGrant, why);
        let text =
            params.get("code")?.ok_or_else(|| EndpointError::new(ErrorCode::InvalidRequest, "code is missing"))?;
        let code = Code::open(self, &client.id, text).ok_or_else(|| invalid("the code is not one of yours"))?;
        if !code.went_to(params.get("redirect_uri")?) {
            return Err(invalid("redirect_uri is not the one of the authorization request"));
        }
        match (&code.challenge, params.get("code_verifier")?) {
            (Some(challenge), Some(verifier)) => {
                let verifier: CodeVerifier = verifier.parse().map_err(|_| invalid("code_verifier is malformed"))?;
                if challenge.matches(&verifier) { Ok(code) } else { Err(invalid("code_verifier does not match")) }
            }
            (Some(_), None) => Err(invalid("code_verifier is missing")),
            // Somebody may have taken the challenge off the request (RFC 9700 §4.8.2).
            (None, Some(_)) => Err(invalid("code_verifier is there, and the request had no code_challenge")),
            (None, None) => Ok(code),
        }
    }

    async fn refresh(&self, params: &Params, client: Arc<Client>) -> Result<TokenResponse, EndpointError> {
        let now = self.ambient.now();
        let text = params.get("refresh_token")?;
        let text = text.ok_or_else(|| EndpointError::new(ErrorCode::InvalidRequest, "refresh_token is missing"))?;
        let spent = Token::presented(text).hash();
        let (family, terms) = self.live_family(spent, &client, now).await?;
        let ready = self.ready(narrowed(terms, params)?, &client).await?;
        let access_token = self.issuance.access_token(&ready.terms, now);
        let prepared = self.prepare(&ready, &client, None, &access_token, now)?;
        let next = Token::generate(&mut self.ambient.rng());
        let used = self.keyring.vault().seal_time(USED, spent.as_bytes(), now, &mut self.ambient.rng());
        let next_hash = next.hash();
        let ticket = self.store.write::<_, IssueError, _>(move |tx| {
            Box::pin(async move { prepared.refresh(tx, (spent, &used), next_hash, family).await })
        });
        match ticket.await {
            Ok(ticket) => Ok(self.response(ready.terms.scope, access_token, Some(next), self.issuance.sign(ticket)?)),
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

    /// Reads what the token is made of. A person, pseudonym or key version that is gone ends the grant.
    async fn ready(&self, terms: Terms, client: &Client) -> Result<Ready, EndpointError> {
        let facts = self.attributes.facts(terms.person).await?.ok_or(ErrorCode::InvalidGrant)?;
        let heteronym = self.pseudonyms.find(terms.pseudonym).await?.ok_or(ErrorCode::InvalidGrant)?;
        let subject = self.pseudonyms.subject(&heteronym).ok_or(ErrorCode::InvalidGrant)?;
        let heteronyms_per_person = self.clients.heteronyms_per_person(&client.sector).await?;
        Ok(Ready { terms, heteronyms_per_person, facts, heteronym, subject })
    }

    fn prepare(
        &self,
        ready: &Ready,
        client: &Client,
        nonce: Option<&str>,
        access_token: &str,
        now: Timestamp,
    ) -> Result<Prepared, EndpointError> {
        let prepared = self.issuance.prepare(&Draft {
            terms: &ready.terms,
            subject: &ready.subject,
            shown: &ready.heteronym.shown,
            facts: &ready.facts,
            heteronyms_per_person: ready.heteronyms_per_person,
            algorithm: client.metadata.id_token_signed_response_alg,
            claims_in_id_token: client.metadata.id_token_claims == ClaimsIn::All,
            nonce,
            access_token,
            now,
        });
        Ok(prepared?)
    }

    fn redemption(
        &self,
        terms: &Terms,
        session: TokenHash,
        session_tag: [u8; 32],
        now: Timestamp,
    ) -> grants::Redemption {
        let bytes = timed(now, terms);
        let sealed =
            self.keyring.vault().seal_row(grants::GRANTED, terms.grant.as_bytes(), &bytes, &mut self.ambient.rng());
        grants::Redemption {
            id: terms.grant,
            consent_id: terms.consent,
            client_id: terms.client.clone(),
            account_id: terms.account,
            session_tag,
            session,
            sealed,
            remove_after: now.plus(KEPT).next_month(),
        }
    }

    fn family(&self, terms: &Terms, now: Timestamp) -> grants::Family {
        let mut rng = self.ambient.rng();
        let id = FamilyId::generate(&mut rng);
        let expires_at = now.plus(self.lifetimes.refresh);
        grants::Family {
            id,
            grant_id: terms.grant,
            client_id: terms.client.clone(),
            sealed: self.keyring.vault().seal_row(FAMILIES, id.as_bytes(), &timed(expires_at, terms), &mut rng),
            remove_after: expires_at.next_month(),
        }
    }

    /// When the family ends, and on what terms.
    fn family_terms(&self, family: &grants::Family) -> Result<(Timestamp, Terms), EndpointError> {
        let bytes = self.keyring.vault().open_row(FAMILIES, family.id.as_bytes(), &family.sealed);
        bytes.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or_else(|| ErrorCode::ServerError.into())
    }

    fn response(&self, scope: Scope, access_token: String, refresh: Option<Token>, id_token: String) -> TokenResponse {
        TokenResponse {
            access_token,
            token_type: TokenType::Bearer,
            expires_in: u32::try_from(self.issuance.lifetimes().access_token).unwrap_or(u32::MAX),
            refresh_token: refresh.map(|token| token.expose().to_owned()),
            id_token: Some(id_token),
            scope,
        }
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

/// RFC 6749 §6: the same scope, or less.
fn narrowed(mut terms: Terms, params: &Params) -> Result<Terms, EndpointError> {
    let Some(wanted) = params.get("scope")? else { return Ok(terms) };
    let wanted: Scope = wanted.parse().map_err(|_| ErrorCode::InvalidScope)?;
    if !wanted.is_within(&terms.scope) || !wanted.contains("openid") {
        return Err(ErrorCode::InvalidScope.into());
    }
    terms.names &= wanted.contains("profile");
    terms.release.retain(|quality| wanted.contains(quality.scope()));
    terms.scope = wanted;
    Ok(terms)
}

/// A time and the terms, as they are sealed. The length of a row would tell how much was granted.
fn timed(time: Timestamp, terms: &Terms) -> Zeroizing<Vec<u8>> {
    padded_json(&(time, terms), PADDING)
}

const FAMILIES: &str = "families";
const USED: &str = "refresh_tokens.used";
const PADDING: usize = 1_024;
/// How long the record of what was issued is kept for the citizen to see.
const KEPT: Duration = Duration::from_hours(400 * 24);
