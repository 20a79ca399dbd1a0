//! RP-Initiated Logout (OpenID Connect RP-Initiated Logout 1.0 §2, §3).
//!
//! A hint that we signed, for a client that may return to the given address, and that belongs to the session at hand:
//! signed out without a question. In every other case whoever is signed in is asked, officers too,
//! and only a registered address of a client that is not disabled is returned to.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Authentication, Provider, recognise::unverified_audience};
use crate::{
    clients::Client,
    domain::ids::ClientId,
    store::StoreError,
    wire::{
        jose::{Typ, Verifier},
        oauth::Params,
    },
};

/// Whose session a browser holds that is to be signed out.
#[derive(Clone, Copy)]
pub enum Holder<'a> {
    Nobody,
    Citizen(&'a Authentication),
    /// Somebody who acts for the service: no forum knows them.
    Staff,
}

/// What a sign-out request comes to.
#[derive(Debug)]
pub enum EndSession {
    /// The session ends now; then the browser goes there, or to a page that says so.
    Done(Option<Return>),
    /// The citizen is asked first.
    Ask(Option<Return>, Option<Arc<Client>>),
}

/// A registered address of a client whose hint vouches for the request, with `state` on it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Return {
    client: ClientId,
    pub address: String,
}

impl Return {
    /// Where the browser goes, as a policy of the page names it.
    pub fn origin(&self) -> Option<String> {
        url::Url::parse(&self.address).ok().map(|url| url.origin().ascii_serialization())
    }
}

#[derive(Deserialize)]
struct Hint {
    sub: String,
    aud: String,
    sid: Option<String>,
}

impl Provider {
    /// Decides a sign-out request. Repeated or defective parameters count as absent: then the citizen is asked. The client
    /// comes with the question where a hint vouches that it is the one who asks.
    pub async fn end_session(&self, params: &Params, holder: Holder<'_>) -> Result<EndSession, StoreError> {
        let get = |name| params.get(name).ok().flatten();
        let hint = get("id_token_hint").and_then(|token| self.verified_hint(token));
        let stated = get("client_id").and_then(|id| id.parse::<ClientId>().ok());
        let hinted = hint.as_ref().and_then(|hint| hint.aud.parse::<ClientId>().ok());
        let contradicts = |id: &ClientId| stated.as_ref().is_some_and(|stated| stated != id);
        // Without a hint nobody vouches that the request comes from the client: no way back (§3).
        let Some(id) = hinted.filter(|id| !contradicts(id)) else { return Ok(EndSession::Ask(None, None)) };
        let Some(client) = self.clients.find(&id).await?.filter(|client| !client.is_disabled()) else {
            return Ok(EndSession::Ask(None, None));
        };
        let target = get("post_logout_redirect_uri").filter(|uri| client.metadata.may_return_to_after_logout(uri));
        let back = target.map(|uri| Return { client: id, address: with_state(uri, get("state")) });
        let matches = match holder {
            Holder::Nobody => true,
            Holder::Citizen(signed_in) => {
                hint.and_then(|hint| hint.sid) == Some(self.sid(&signed_in.session_tag, &client.sector))
            }
            Holder::Staff => false,
        };
        Ok(if matches { EndSession::Done(back) } else { EndSession::Ask(back, Some(client)) })
    }

    /// Seals where to go back to after the citizen has confirmed.
    pub fn seal_return(&self, back: &Return, browser: &[u8]) -> String {
        let bytes = serde_json::to_vec(back).unwrap_or_default();
        self.keyring.token().seal(RETURN, browser, &bytes, &mut self.ambient.rng())
    }

    /// The address that [`Provider::seal_return`] sealed for this browser, if its client has not been disabled since.
    pub async fn open_return(&self, sealed: &str, browser: &[u8]) -> Result<Option<String>, StoreError> {
        let bytes = self.keyring.token().open(RETURN, browser, sealed).ok();
        let Some(back) = bytes.and_then(|bytes| serde_json::from_slice::<Return>(&bytes).ok()) else { return Ok(None) };
        let client = self.clients.find(&back.client).await?.filter(|client| !client.is_disabled());
        Ok(client.map(|_| back.address))
    }

    /// The subject of an ID token that we signed for this client, expired or not.
    pub(super) fn subject_of_hint(&self, token: &str, client: &ClientId) -> Option<String> {
        self.verified_hint(token).filter(|hint| hint.aud == client.as_str()).map(|hint| hint.sub)
    }

    fn verified_hint(&self, token: &str) -> Option<Hint> {
        // The audience is read from the token itself, so that it can be checked against what it says it is.
        let audience = unverified_audience(token)?;
        let verifier = Verifier::new(Typ::Jwt, self.issuer.as_str(), &audience).may_have_expired();
        let now = self.ambient.now().seconds();
        verifier.verify::<Hint>(token, &self.keyring.verification_keys(), now).ok().map(|verified| verified.claims)
    }
}

fn with_state(uri: &str, state: Option<&str>) -> String {
    let Some(state) = state else { return uri.to_owned() };
    let encoded = form_urlencoded::Serializer::new(String::new()).append_pair("state", state).finish();
    let separator = if uri.contains('?') { "&" } else { "?" };
    [uri, separator, &encoded].concat()
}

const RETURN: &str = "return";
