//! Codes are redeemed (RFC 6749 §4.1.3): once, by the client they were for, with what belongs to them.

use std::time::Duration;

use super::{Caller, Provider, for_resource, refresh::new_family, timed};
use crate::{
    clients::Client,
    domain::{
        ambient::Timestamp,
        ids::GrantId,
        secret::{Token, TokenHash},
    },
    issuance::{IssueError, Terms},
    provider::{client::EndpointError, code::Code},
    store::{StoreError, grants},
    wire::oauth::{CodeVerifier, ErrorCode, Params, TokenResponse},
};

impl Provider {
    pub(super) async fn redeem(&self, params: &Params, caller: &Caller<'_>) -> Result<TokenResponse, EndpointError> {
        let (client, now) = (caller.client, caller.now);
        let code = self.checked_code(params, caller)?;
        if now >= code.expires_at {
            self.end_grant(client, code.terms.grant, now).await?;
            return Err(EndpointError::new(ErrorCode::InvalidGrant, "the code has expired"));
        }
        let Code { mut terms, nonce, challenge, session, session_tag, .. } = code;
        terms.binding.clone_from(&caller.binding);
        let mut rng = self.ambient.rng();
        let refresh = terms.scope.contains("offline_access").then(|| Token::generate(&mut rng));
        let redemption = self.redemption(&terms, session, session_tag, now);
        let family = refresh.as_ref().map(|token| (new_family(self, &terms, now), token.hash()));
        let ready = self.ready(for_resource(terms, params, client)?, client).await?;
        let prepared = self.prepare(&ready, caller, nonce.as_deref())?;
        let id = ready.terms.grant;
        let ticket = self
            .store
            .write_logged::<_, IssueError, _>(move |tx| {
                Box::pin(async move {
                    let family = family.as_ref().map(|(family, token)| (family, *token));
                    prepared.redeem(tx, &redemption, family).await
                })
            })
            .await;
        match ticket {
            Ok(ticket) => {
                self.repeats.note(&client.id, challenge, nonce.as_deref());
                Ok(self.response(ready.terms, refresh, self.issuance.release(ticket, &self.transparency).await?))
            }
            // Whether or not what the code rests on still stands: it may have been spent before that fell.
            Err(IssueError::Spent | IssueError::Dead) => {
                self.end_grant(client, id, now).await?;
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
    fn checked_code(&self, params: &Params, caller: &Caller<'_>) -> Result<Code, EndpointError> {
        let invalid = |why: &str| EndpointError::new(ErrorCode::InvalidGrant, why);
        let text =
            params.get("code")?.ok_or_else(|| EndpointError::new(ErrorCode::InvalidRequest, "code is missing"))?;
        let code = Code::open(self, &caller.client.id, text).ok_or_else(|| invalid("the code is not one of yours"))?;
        if !code.went_to(params.get("redirect_uri")?) {
            return Err(invalid("redirect_uri is not the one of the authorization request"));
        }
        // RFC 9449 §10: the code is worth nothing to whoever has not the key that the request named.
        if code.dpop_jkt.is_some() && code.dpop_jkt != caller.key {
            return Err(invalid("the DPoP key is not the one that the authorization request named"));
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
}

/// How long the record of what was issued is kept for the citizen to see.
const KEPT: Duration = Duration::from_hours(400 * 24);
