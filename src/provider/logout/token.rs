//! The logout token (OpenID Connect Back-Channel Logout 1.0 §2.4), and its way in a form (§2.5).
//!
//! ```text
//! {"typ": "logout+jwt", "alg", "kid"}
//! {"iss", "aud": client_id, "iat", "exp": iat + 120, "jti": 128 random bits, "events": {EVENT: {}}, "sub"?, "sid"?}
//! ```
//!
//! Never a `nonce`: without one, no ID token can be taken for it. `sub` and `sid` are those of this one forum.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use rand::Rng as _;
use serde::Serialize;

use crate::{clients::Client, logout::Notice, provider::Provider, store::StoreError, wire::jose::Typ};

/// A request to a forum.
pub(super) struct Message {
    pub(super) url: String,
    /// `logout_token=…`.
    pub(super) form: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
    events: Events,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
}

/// What makes a token a logout token (§2.4): one member, whose value has none.
#[derive(Serialize)]
struct Events {
    #[serde(rename = "http://schemas.openid.net/event/backchannel-logout")]
    logout: Nothing,
}

#[derive(Serialize)]
struct Nothing {}

impl Provider {
    /// What the forum of a notice is to be sent, made anew for each attempt. `None`: there is nothing to tell any more, or
    /// nobody to tell it to.
    pub(super) async fn logout_message(&self, notice: &Notice) -> Result<Option<Message>, StoreError> {
        let Some(client) = self.told_client(notice).await? else { return Ok(None) };
        let Some(url) = client.metadata.backchannel_logout_uri.clone() else { return Ok(None) };
        // Whoever has agreed anew since is known by this `sub` again.
        if notice.session.is_none() && self.consents.live(notice.pseudonym, &client.id).await?.is_some() {
            return Ok(None);
        }
        let heteronym = self.pseudonyms.find(notice.pseudonym).await?;
        let sub = heteronym.and_then(|own| self.pseudonyms.subject(&own)).map(|sub| sub.as_str().to_owned());
        let sid = notice.session.map(|tag| self.sid(&tag, &client.sector));
        if sub.is_none() && sid.is_none() {
            return Ok(None);
        }
        Ok(self.logout_token(&client, sub, sid).map(|token| Message { url, form: format!("logout_token={token}") }))
    }

    /// The client of a notice, while it may be told anything at all.
    pub(super) async fn told_client(&self, notice: &Notice) -> Result<Option<Arc<Client>>, StoreError> {
        Ok(self.clients.find(&notice.client).await?.filter(|client| !client.is_disabled()))
    }

    fn logout_token(&self, client: &Client, sub: Option<String>, sid: Option<String>) -> Option<String> {
        let mut jti = [0; 16];
        self.ambient.rng().fill_bytes(&mut jti);
        let (now, algorithm) = (self.ambient.now(), client.metadata.id_token_signed_response_alg);
        let claims = Claims {
            iss: self.issuer.as_str(),
            aud: client.id.as_str(),
            iat: now.seconds(),
            exp: now.seconds() + LIFE,
            jti: BASE64URL_NOPAD.encode(&jti),
            events: Events { logout: Nothing {} },
            sub,
            sid,
        };
        let signed = self.keyring.signer(algorithm, now).map(|signer| signer.sign(Typ::LogoutToken, &claims));
        match signed {
            Some(Ok(token)) => Some(token),
            Some(Err(error)) => {
                tracing::error!(client = %client.id, %error, "a logout token was not signed");
                None
            }
            None => {
                tracing::error!(client = %client.id, %algorithm, "a logout token was not signed: no active key");
                None
            }
        }
    }
}

/// Seconds. The longest that §2.4 recommends.
const LIFE: i64 = 120;
