//! RP-Initiated Logout (OpenID Connect RP-Initiated Logout 1.0 §2, §3).
//!
//! A hint that we signed, for a client that may return to the given address, and that belongs to the session at hand:
//! signed out without a question. In every other case the citizen is asked, and only a registered address of a known
//! client is returned to.

use serde::Deserialize;

use super::{Authentication, Provider};
use crate::{
    domain::ids::ClientId,
    store::StoreError,
    wire::{
        jose::{Typ, Verifier},
        oauth::Params,
    },
};

/// What a sign-out request comes to.
#[derive(Debug, PartialEq, Eq)]
pub enum EndSession {
    /// The session ends now; then the browser goes there, or to a page that says so.
    Done { return_to: Option<String> },
    /// The citizen is asked first. `return_to` is registered, with `state` on it.
    Ask { return_to: Option<String>, client: Option<ClientId> },
}

#[derive(Deserialize)]
struct Hint {
    sub: String,
    aud: String,
    sid: Option<String>,
}

impl Provider {
    /// Decides a sign-out request. Repeated or defective parameters count as absent: then the citizen is asked.
    pub async fn end_session(
        &self,
        params: &Params,
        signed_in: Option<&Authentication>,
    ) -> Result<EndSession, StoreError> {
        let get = |name| params.get(name).ok().flatten();
        let hint = get("id_token_hint").and_then(|token| self.verified_hint(token));
        let stated = get("client_id").and_then(|id| id.parse::<ClientId>().ok());
        let hinted = hint.as_ref().and_then(|hint| hint.aud.parse::<ClientId>().ok());
        if stated.is_some() && hinted.is_some() && stated != hinted {
            return Ok(EndSession::Ask { return_to: None, client: None });
        }
        // Without a hint nobody vouches that the request comes from the client: no way back (§3).
        let Some(id) = hinted else { return Ok(EndSession::Ask { return_to: None, client: stated }) };
        let Some(client) = self.clients.find(&id).await? else {
            return Ok(EndSession::Ask { return_to: None, client: None });
        };
        let target = get("post_logout_redirect_uri").filter(|uri| client.metadata.may_return_to_after_logout(uri));
        let return_to = target.map(|uri| with_state(uri, get("state")));
        let own = signed_in.map(|signed_in| self.sid(&signed_in.session_tag, &client.sector));
        let matches = own.is_none() || own == hint.and_then(|hint| hint.sid);
        Ok(if matches { EndSession::Done { return_to } } else { EndSession::Ask { return_to, client: Some(id) } })
    }

    /// Seals the address to go back to after the citizen has confirmed; it was found registered.
    pub fn seal_return(&self, address: &str, browser: &[u8]) -> String {
        self.keyring.token().seal(RETURN, browser, address.as_bytes(), &mut self.ambient.rng())
    }

    /// The address that [`Provider::seal_return`] sealed for this browser.
    pub fn open_return(&self, sealed: &str, browser: &[u8]) -> Option<String> {
        let bytes = self.keyring.token().open(RETURN, browser, sealed).ok()?;
        String::from_utf8(bytes.to_vec()).ok()
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
        verifier.verify::<Hint>(token, self.keyring.verification_keys(), now).ok().map(|verified| verified.claims)
    }
}

fn unverified_audience(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Audience {
        aud: String,
    }
    let claims = token.split('.').nth(1).filter(|claims| claims.len() <= MAX_CLAIMS)?;
    let bytes = data_encoding::BASE64URL_NOPAD.decode(claims.as_bytes()).ok()?;
    serde_json::from_slice::<Audience>(&bytes).ok().map(|audience| audience.aud)
}

fn with_state(uri: &str, state: Option<&str>) -> String {
    let Some(state) = state else { return uri.to_owned() };
    let encoded = form_urlencoded::Serializer::new(String::new()).append_pair("state", state).finish();
    let separator = if uri.contains('?') { "&" } else { "?" };
    [uri, separator, &encoded].concat()
}

const RETURN: &str = "return";
const MAX_CLAIMS: usize = 12 * 1024;
