//! The authorization code: a sealed value that says everything its redemption needs (RFC 6749 §4.1.2).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    Authentication, Provider,
    authorize::{Answer, PageError},
    interaction::Interaction,
};
use crate::{
    clients::Client,
    consent::Consent,
    domain::{
        ambient::Timestamp,
        ids::{ClientId, PseudonymId},
        secret::TokenHash,
    },
    issuance::Terms,
    wire::{
        jose::Thumbprint,
        oauth::{AuthorizationResponse, CodeChallenge},
    },
};

/// The sealed content of an authorization code.
#[derive(Serialize, Deserialize)]
pub(super) struct Code {
    #[serde(rename = "T")]
    pub(super) terms: Terms,
    #[serde(rename = "x")]
    pub(super) expires_at: Timestamp,
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub(super) challenge: Option<CodeChallenge>,
    /// The DPoP key that has to redeem it (RFC 9449 §10).
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub(super) dpop_jkt: Option<Thumbprint>,
    #[serde(rename = "u")]
    redirect: Redirect,
    #[serde(rename = "e")]
    pub(super) nonce: Option<String>,
    #[serde(rename = "q")]
    pub(super) session_tag: [u8; 32],
    /// Whoever signs out before the code is redeemed has signed out.
    #[serde(rename = "d")]
    pub(super) session: TokenHash,
}

/// The redirect URI that the code went to. It is long, and travels in the address of the answer already: its hash is
/// enough to know it again.
#[derive(Serialize, Deserialize)]
struct Redirect {
    #[serde(rename = "h")]
    hash: String,
    #[serde(rename = "s")]
    sent: bool,
}

impl Redirect {
    /// RFC 6749 §4.1.3: the same again, where the authorization request had it.
    fn is_answered_by(&self, presented: Option<&str>) -> bool {
        presented.map_or(!self.sent, |uri| hash(uri) == self.hash)
    }
}

impl Code {
    fn seal(&self, provider: &Provider, client: &ClientId) -> String {
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        provider.keyring.token().seal(CODE, client.as_str().as_bytes(), &bytes, &mut provider.ambient.rng())
    }

    /// A code of this client; whether it has expired or was spent is for the caller.
    pub(super) fn open(provider: &Provider, client: &ClientId, code: &str) -> Option<Self> {
        let bytes = provider.keyring.token().open(CODE, client.as_str().as_bytes(), code).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Whether a token request names the redirect URI as it has to.
    pub(super) fn went_to(&self, presented: Option<&str>) -> bool {
        self.redirect.is_answered_by(presented)
    }
}

impl Provider {
    /// The answer to a request that rests on this consent.
    pub(super) fn grant(
        &self,
        interaction: &Interaction,
        client: &Client,
        signed_in: &Authentication,
        pseudonym: PseudonymId,
        consent: &Consent,
    ) -> Result<Answer, PageError> {
        let request = &interaction.request;
        let asked = request.wishes(client).qualities;
        let code = Code {
            terms: Terms {
                grant: interaction.grant,
                consent: consent.id,
                client: client.id.clone(),
                person: signed_in.person,
                account: signed_in.account,
                pseudonym,
                scope: request.scope.clone(),
                release: consent.agreement.agreed.intersection(&asked).copied().collect(),
                names: request.wants_names(),
                residence_level: consent.agreement.residence_level,
                age_brackets: client.metadata.age_brackets.clone(),
                shown: consent.agreement.shown.clone(),
                auth_time: signed_in.at,
                auth_time_asked: request.wants_auth_time() || client.metadata.require_auth_time,
                acr: request.acr.told(signed_in.acr).unwrap_or(signed_in.acr),
                amr: signed_in.amr.clone(),
                sid: self.sid(&signed_in.session_tag, &client.sector),
                claims: (!request.claims.is_empty()).then(|| Box::new(request.claims.clone())),
                resource: request.resource.clone(),
                binding: None,
            },
            expires_at: self.ambient.now().plus(self.lifetimes.code),
            challenge: request.challenge,
            dpop_jkt: request.dpop_jkt.clone(),
            redirect: Redirect { hash: hash(request.redirect.as_str()), sent: request.redirect_sent },
            nonce: request.nonce.clone(),
            session_tag: signed_in.session_tag,
            session: signed_in.session,
        };
        let sealed = code.seal(self, &client.id);
        let response = AuthorizationResponse::code(&sealed, request.state.as_deref(), self.issuer.as_str());
        self.answer_to(request, response)
    }
}

fn hash(uri: &str) -> String {
    data_encoding::BASE64URL_NOPAD.encode(&Sha256::digest(uri.as_bytes()))
}

const CODE: &str = "code";
