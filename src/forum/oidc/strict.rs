//! The house's own strict reader of signed JSON, with the provider's keys and the one algorithm that was agreed.
//!
//! Logout tokens are read by it alone. An ID token has to hold for the crate and for it: the crate takes a name twice,
//! members that nobody here follows (`jku`, `jwk`, `b64`, `zip`), any length, and signatures of Ed25519 on which verifiers
//! disagree; what two readers could read differently is believed by neither (RFC 8725 §3).

use serde_json::{Map, Value};

use super::{Known, MAX_LIFE, MAX_SKEW, Refusal};
use crate::{
    forum::{
        ambient::SECOND,
        config::{Config, SigningAlgorithm},
    },
    wire::jose::{Algorithm, JwkSet, KeySet, Refusal as TokenRefusal, Typ, Verified, Verifier},
};

/// The claims of an ID token.
pub(super) fn id_token(
    config: &Config,
    known: &Known,
    token: &str,
    now: i64,
) -> Result<Map<String, Value>, TokenRefusal> {
    // Of a provider that says nothing of the kind, or has one key without a name, that is no fault.
    let reader = reader(Typ::Jwt, config).typ_may_be_missing().kid_may_be_missing();
    verified(&reader.require(&["sub", "iat", "nonce"]).max_lifetime(MAX_LIFE), known, token, now)
}

/// The claims of a logout token, which is one by its `typ`.
pub(super) fn logout_token(
    config: &Config,
    known: &Known,
    token: &str,
    now: i64,
) -> Result<Map<String, Value>, TokenRefusal> {
    let reader = reader(Typ::LogoutToken, config).require(&["iat", "jti", "events"]);
    verified(&reader.max_lifetime(MAX_LOGOUT_LIFE), known, token, now)
}

fn reader(typ: Typ, config: &Config) -> Verifier<'_> {
    let algorithms: &[Algorithm] = match config.signing_algorithm {
        SigningAlgorithm::EdDsa => &[Algorithm::EdDSA],
        SigningAlgorithm::Es256 => &[Algorithm::ES256],
        SigningAlgorithm::Ps256 => &[Algorithm::PS256],
        SigningAlgorithm::Rs256 => &[Algorithm::RS256],
    };
    let reader = Verifier::new(typ, &config.issuer, &config.client_id);
    reader.algorithms(algorithms).audience_may_be_a_list().leeway(MAX_SKEW)
}

fn verified(reader: &Verifier<'_>, known: &Known, token: &str, now: i64) -> Result<Map<String, Value>, TokenRefusal> {
    // Keys that cannot be read verify nothing.
    let keys = serde_json::to_vec(known.metadata.jwks()).ok().and_then(|keys| JwkSet::parse(&keys).ok());
    let keys = keys.as_ref().map(KeySet::new).unwrap_or_default();
    let verified: Verified<_> = reader.verify(token, &keys, now.div_euclid(SECOND))?;
    Ok(verified.claims)
}

impl From<TokenRefusal> for Refusal {
    fn from(refusal: TokenRefusal) -> Self {
        match refusal {
            TokenRefusal::Issuer => Self::Issuer,
            TokenRefusal::Audience => Self::Audience,
            TokenRefusal::Algorithm => Self::Algorithm,
            TokenRefusal::Key | TokenRefusal::Signature => Self::Signature,
            TokenRefusal::Date(_) | TokenRefusal::Expired | TokenRefusal::NotYet(_) => Self::Expired,
            TokenRefusal::Subject => Self::Subject,
            _ => Self::Token,
        }
    }
}

/// Seconds a logout token may claim to live; the standard recommends two minutes.
const MAX_LOGOUT_LIFE: i64 = 600;
