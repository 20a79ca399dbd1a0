//! Discovery (OpenID Connect Discovery §3, RFC 8414): what is served here, and nothing that is not.

use std::sync::{Arc, Mutex, PoisonError};

use super::Provider;
use crate::{
    domain::{authentication::Acr, claim::SCOPES},
    wire::{
        jose::Algorithm,
        oauth::{AuthMethod, Prompt, ProviderMetadata, ResponseMode, ResponseType},
    },
};

/// Paths of the endpoints below the issuer.
pub mod path {
    pub const DISCOVERY: &str = "/.well-known/openid-configuration";
    pub const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server";
    pub const JWKS: &str = "/jwks.json";
    pub const AUTHORIZE: &str = "/authorize";
    pub const TOKEN: &str = "/token";
    pub const USERINFO: &str = "/userinfo";
    pub const PUSH: &str = "/par";
    pub const INTROSPECT: &str = "/introspect";
    pub const REVOKE: &str = "/revoke";
    pub const END_SESSION: &str = "/end-session";
}

/// The document as it was last encoded, and the one thing in it that time changes: which keys sign.
#[derive(Default)]
pub(super) struct Encoded(Mutex<Option<(Vec<Algorithm>, Arc<str>)>>);

impl Provider {
    /// The metadata document, as JSON.
    pub fn metadata(&self) -> Arc<str> {
        let algorithms = self.keyring.algorithms(self.ambient.now());
        let mut encoded = self.discovery.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, text)) = &*encoded
            && *known == algorithms
        {
            return Arc::clone(text);
        }
        let text: Arc<str> = serde_json::to_string(&self.describe(&algorithms)).unwrap_or_default().into();
        *encoded = Some((algorithms, Arc::clone(&text)));
        text
    }

    fn describe(&self, algorithms: &[Algorithm]) -> ProviderMetadata {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        ProviderMetadata {
            issuer: self.issuer.as_str().to_owned(),
            authorization_endpoint: self.issuer.at(path::AUTHORIZE),
            token_endpoint: self.issuer.at(path::TOKEN),
            userinfo_endpoint: self.issuer.at(path::USERINFO),
            jwks_uri: self.issuer.at(path::JWKS),
            registration_endpoint: None,
            end_session_endpoint: Some(self.issuer.at(path::END_SESSION)),
            revocation_endpoint: None,
            introspection_endpoint: None,
            pushed_authorization_request_endpoint: None,
            scopes_supported: texts(&SCOPES),
            claims_supported: texts(&CLAIMS),
            response_types_supported: vec![ResponseType::Code],
            response_modes_supported: vec![ResponseMode::Query, ResponseMode::FormPost],
            grant_types_supported: texts(&["authorization_code", "refresh_token"]),
            subject_types_supported: texts(&["pairwise"]),
            acr_values_supported: texts(&Acr::ALL.map(Acr::as_str)),
            prompt_values_supported: vec![Prompt::None, Prompt::Login, Prompt::Consent, Prompt::SelectAccount],
            id_token_signing_alg_values_supported: algorithms.to_vec(),
            userinfo_signing_alg_values_supported: Vec::new(),
            request_object_signing_alg_values_supported: Vec::new(),
            token_endpoint_auth_methods_supported: vec![
                AuthMethod::ClientSecretBasic,
                AuthMethod::ClientSecretPost,
                AuthMethod::None,
            ],
            token_endpoint_auth_signing_alg_values_supported: Vec::new(),
            dpop_signing_alg_values_supported: Vec::new(),
            code_challenge_methods_supported: texts(&["S256"]),
            ui_locales_supported: texts(&["fr", "en"]),
            service_documentation: None,
            op_policy_uri: Some(self.issuer.at("/privacy")),
            op_tos_uri: None,
            claims_parameter_supported: false,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
            authorization_response_iss_parameter_supported: true,
            backchannel_logout_supported: true,
            backchannel_logout_session_supported: true,
            frontchannel_logout_supported: true,
            frontchannel_logout_session_supported: true,
        }
    }
}

const CLAIMS: [&str; 26] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nonce",
    "auth_time",
    "acr",
    "amr",
    "at_hash",
    "sid",
    "name",
    "preferred_username",
    "nickname",
    "name_assurance",
    "name_audience",
    "indexable",
    "heteronyms_per_person",
    "age_bracket",
    "age_over_18",
    "residence",
    "residence_label",
    "sex",
    "roles",
    "groups",
    "claims_as_of",
];
