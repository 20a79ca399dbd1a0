//! Logout tokens, as the provider posts them (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.6).
//!
//! `openidconnect` knows no such tokens, so that the house's own reader of signed JSON checks form, `typ`, algorithm,
//! signature, issuer, audience and times; what makes one a logout token is checked here. That it was not seen before is for
//! the store.

use serde_json::{Map, Value};

use super::{MAX_SKEW, Provider, strict};
use crate::{
    forum::{ambient::SECOND, config::Config, oidc::Refusal},
    wire::jose::Refusal as TokenRefusal,
};

/// A session that has ended at the provider, or all of somebody's.
pub(in crate::forum) struct SignedOut {
    pub(in crate::forum) sub: Option<String>,
    pub(in crate::forum) sid: Option<String>,
    pub(in crate::forum) jti: String,
    /// From when on it could not be told again, in milliseconds.
    pub(in crate::forum) ends_at: i64,
}

/// Why a logout token ends no session. None carries a value of the token.
#[derive(Debug, thiserror::Error)]
pub(in crate::forum) enum BadLogoutToken {
    #[error("send one logout_token, in a form")]
    Form,
    #[error("the logout token is refused: {0}")]
    Token(#[from] TokenRefusal),
    #[error("events does not say that it is a logout token")]
    Events,
    #[error("a logout token has no nonce")]
    Nonce,
    #[error("sub and sid are both missing, or not texts")]
    Nobody,
    #[error("jti is not a text of 1 to 255 characters")]
    Jti,
    #[error("the logout token was used before")]
    Replayed,
    /// The only one after which it makes sense to try again.
    #[error(transparent)]
    Provider(#[from] Refusal),
}

impl Provider {
    /// Who has been signed out, by a token of the provider.
    pub(in crate::forum) async fn signed_out(
        &self,
        config: &Config,
        token: &str,
        now: i64,
    ) -> Result<SignedOut, BadLogoutToken> {
        let known = self.known(now).await?;
        let claims = match strict::logout_token(config, &known, token, now) {
            // The provider may have changed its keys since they were fetched.
            Err(TokenRefusal::Key) => strict::logout_token(config, &*self.renewed(&known, now).await?, token, now)?,
            outcome => outcome?,
        };
        read(&claims)
    }
}

/// §2.6, from the fourth step on.
fn read(claims: &Map<String, Value>) -> Result<SignedOut, BadLogoutToken> {
    let text = |name| match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if (1..=255).contains(&text.len()) => Ok(Some(text.clone())),
        Some(_) => Err(BadLogoutToken::Nobody),
    };
    let (sub, sid) = (text("sub")?, text("sid")?);
    if sub.is_none() && sid.is_none() {
        return Err(BadLogoutToken::Nobody);
    }
    let event = claims.get("events").and_then(|events| events.get(EVENT));
    if !event.is_some_and(Value::is_object) {
        return Err(BadLogoutToken::Events);
    }
    if claims.contains_key("nonce") {
        return Err(BadLogoutToken::Nonce);
    }
    let jti = text("jti").ok().flatten().ok_or(BadLogoutToken::Jti)?;
    let expires = claims.get("exp").and_then(Value::as_i64).unwrap_or_default();
    Ok(SignedOut { sub, sid, jti, ends_at: expires.saturating_add(MAX_SKEW).saturating_mul(SECOND) })
}

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
