//! Discovery (OpenID Connect Discovery §3, RFC 8414): what is served here, and nothing that is not.

use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::BASE64;

use super::Provider;
use crate::{
    domain::{
        authentication::Acr,
        claim::{PERSON_CLAIMS, SCOPES},
        log::LogName,
    },
    issuance::TRUST_FRAMEWORK,
    wire::{
        jose::{Algorithm, PROOF_ALGORITHMS},
        oauth::{AuthMethod, EndpointAliases, Prompt, ProviderMetadata, ResponseMode, ResponseType, TlogMetadata},
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
    pub const REGISTER: &str = "/register";
    pub const PUSH: &str = "/par";
    pub const INTROSPECT: &str = "/introspect";
    pub const REVOKE: &str = "/revoke";
    pub const END_SESSION: &str = "/end-session";
}

/// The document as it was last encoded, and what in it time changes: which keys sign, and where the logs are.
#[derive(Default)]
pub(super) struct Encoded(Mutex<Option<Document>>);

struct Document {
    algorithms: Vec<Algorithm>,
    logs: TlogMetadata,
    text: Arc<str>,
}

impl Provider {
    /// The metadata document, as JSON.
    pub fn metadata(&self) -> Arc<str> {
        let algorithms = self.keyring.algorithms(self.ambient.now());
        let logs = self.logs();
        let mut encoded = self.discovery.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = encoded.as_ref().filter(|known| known.algorithms == algorithms && known.logs == logs) {
            return Arc::clone(&known.text);
        }
        let text: Arc<str> =
            serde_json::to_string(&self.describe(&algorithms, logs.clone())).unwrap_or_default().into();
        *encoded = Some(Document { algorithms, logs, text: Arc::clone(&text) });
        text
    }

    fn logs(&self) -> TlogMetadata {
        let address = |log: LogName| self.issuer.at(&format!("/log/{log}"));
        let keys = self.transparency.keys(LogName::Registry);
        TlogMetadata {
            registry: address(LogName::Registry),
            issuance: self.transparency.issuance_log().ok().map(address),
            keys: keys.iter().map(|key| BASE64.encode(key.public())).collect(),
        }
    }

    /// The table of what this server can do. A test visits every value of it.
    #[expect(clippy::too_many_lines, reason = "a table, a line for each member of the document")]
    fn describe(&self, algorithms: &[Algorithm], tlog: TlogMetadata) -> ProviderMetadata {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let some = |path: &str| Some(self.issuer.at(path));
        let methods = self.authentication_methods();
        let confidential: Vec<_> = methods.iter().copied().filter(|method| *method != AuthMethod::None).collect();
        let person = PERSON_CLAIMS.iter().map(|(claim, _)| *claim);
        ProviderMetadata {
            issuer: self.issuer.as_str().to_owned(),
            authorization_endpoint: self.issuer.at(path::AUTHORIZE),
            token_endpoint: self.issuer.at(path::TOKEN),
            userinfo_endpoint: self.issuer.at(path::USERINFO),
            jwks_uri: self.issuer.at(path::JWKS),
            registration_endpoint: self.clients.take_registrations().then(|| self.issuer.at(path::REGISTER)),
            end_session_endpoint: some(path::END_SESSION),
            revocation_endpoint: some(path::REVOKE),
            introspection_endpoint: some(path::INTROSPECT),
            pushed_authorization_request_endpoint: some(path::PUSH),
            mtls_endpoint_aliases: self.mtls.as_ref().map(|mtls| EndpointAliases {
                token_endpoint: [mtls.origin.as_str(), path::TOKEN].concat(),
                userinfo_endpoint: [mtls.origin.as_str(), path::USERINFO].concat(),
                revocation_endpoint: [mtls.origin.as_str(), path::REVOKE].concat(),
                introspection_endpoint: [mtls.origin.as_str(), path::INTROSPECT].concat(),
                pushed_authorization_request_endpoint: [mtls.origin.as_str(), path::PUSH].concat(),
            }),
            scopes_supported: texts(&SCOPES),
            claims_supported: TOKEN_CLAIMS.into_iter().chain(person).map(str::to_owned).collect(),
            claim_types_supported: texts(&["normal"]),
            response_types_supported: vec![ResponseType::Code],
            response_modes_supported: ResponseMode::ALL.to_vec(),
            grant_types_supported: texts(&["authorization_code", "refresh_token"]),
            subject_types_supported: texts(&["pairwise"]),
            acr_values_supported: texts(&Acr::ALL.map(Acr::as_str)),
            prompt_values_supported: vec![Prompt::None, Prompt::Login, Prompt::Consent, Prompt::SelectAccount],
            id_token_signing_alg_values_supported: algorithms.to_vec(),
            userinfo_signing_alg_values_supported: algorithms.to_vec(),
            authorization_signing_alg_values_supported: algorithms.to_vec(),
            introspection_signing_alg_values_supported: algorithms.to_vec(),
            request_object_signing_alg_values_supported: Algorithm::ALL.to_vec(),
            token_endpoint_auth_methods_supported: methods.clone(),
            token_endpoint_auth_signing_alg_values_supported: Algorithm::ALL.to_vec(),
            revocation_endpoint_auth_methods_supported: methods,
            revocation_endpoint_auth_signing_alg_values_supported: Algorithm::ALL.to_vec(),
            introspection_endpoint_auth_methods_supported: confidential,
            introspection_endpoint_auth_signing_alg_values_supported: Algorithm::ALL.to_vec(),
            dpop_signing_alg_values_supported: PROOF_ALGORITHMS.to_vec(),
            code_challenge_methods_supported: texts(&["S256"]),
            ui_locales_supported: texts(&["fr", "en"]),
            service_documentation: None,
            op_policy_uri: Some(self.issuer.at("/privacy")),
            op_tos_uri: None,
            claims_parameter_supported: true,
            request_parameter_supported: true,
            request_uri_parameter_supported: true,
            require_request_uri_registration: true,
            require_pushed_authorization_requests: false,
            authorization_response_iss_parameter_supported: true,
            tls_client_certificate_bound_access_tokens: self.mtls.is_some(),
            backchannel_logout_supported: true,
            backchannel_logout_session_supported: true,
            frontchannel_logout_supported: true,
            frontchannel_logout_session_supported: true,
            verified_claims_supported: true,
            trust_frameworks_supported: texts(&[TRUST_FRAMEWORK]),
            claims_in_verified_claims_supported: texts(&VERIFIABLE),
            tlog,
        }
    }

    /// Certificates only where a listener asks for them, and their names only where some authority is believed.
    fn authentication_methods(&self) -> Vec<AuthMethod> {
        let served = |method: &AuthMethod| match method {
            AuthMethod::TlsClientAuth => self.mtls.as_ref().is_some_and(|mtls| mtls.authorities),
            AuthMethod::SelfSignedTlsClientAuth => self.mtls.is_some(),
            _ => true,
        };
        AuthMethod::ALL.into_iter().filter(served).collect()
    }
}

/// Of the token itself.
const TOKEN_CLAIMS: [&str; 11] =
    ["iss", "sub", "aud", "exp", "iat", "nonce", "auth_time", "acr", "amr", "at_hash", "sid"];
/// What the counter vouches for.
const VERIFIABLE: [&str; 7] = ["age_bracket", "age_over_18", "residence", "residence_label", "sex", "roles", "name"];
