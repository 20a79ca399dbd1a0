//! Logout tokens, as the provider posts them (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.6).
//!
//! `openidconnect` knows no such tokens, so that the house's own reader of signed JSON checks form, `typ`, algorithm,
//! signature, issuer, audience and times; what makes one a logout token is checked here. That it was not seen before is for
//! the store.

use serde_json::{Map, Value};

use super::{Known, MAX_SKEW, Provider};
use crate::{
    forum::{
        ambient::SECOND,
        config::{Config, SigningAlgorithm},
        oidc::Refusal,
    },
    wire::jose::{Algorithm, JwkSet, KeySet, Refusal as TokenRefusal, Typ, Verified, Verifier},
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
        let claims = match verified(config, &known, token, now) {
            // The provider may have changed its keys since they were fetched.
            Err(TokenRefusal::Key) => verified(config, &*self.renewed(&known, now).await?, token, now)?,
            outcome => outcome?,
        };
        read(&claims)
    }
}

fn verified(config: &Config, known: &Known, token: &str, now: i64) -> Result<Map<String, Value>, TokenRefusal> {
    let algorithms = [match config.signing_algorithm {
        SigningAlgorithm::EdDsa => Algorithm::EdDSA,
        SigningAlgorithm::Es256 => Algorithm::ES256,
        SigningAlgorithm::Ps256 => Algorithm::PS256,
        SigningAlgorithm::Rs256 => Algorithm::RS256,
    }];
    let reader = Verifier::new(Typ::LogoutToken, &config.issuer, &config.client_id)
        .algorithms(&algorithms)
        .require(&["iat", "jti", "events"])
        .audience_may_be_a_list()
        .leeway(MAX_SKEW)
        .max_lifetime(MAX_LIFE);
    // Keys that cannot be read verify nothing.
    let keys = serde_json::to_vec(known.metadata.jwks()).ok().and_then(|keys| JwkSet::parse(&keys).ok());
    let keys = keys.as_ref().map(KeySet::new).unwrap_or_default();
    let verified: Verified<_> = reader.verify(token, &keys, now.div_euclid(SECOND))?;
    Ok(verified.claims)
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
/// Seconds a logout token may claim to live; the standard recommends two minutes.
const MAX_LIFE: i64 = 600;
