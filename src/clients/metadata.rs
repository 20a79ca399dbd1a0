//! What a relying party registered (RFC 7591 §2, OpenID Connect Dynamic Client Registration §2), and our own members.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{KeySource, Profile};
use crate::{
    domain::{area::Level, bracket::AgeBracket, claim::Quality},
    wire::{
        jose::Algorithm,
        oauth::{ApplicationType, AuthMethod, ProvenRedirect, RedirectUri, Scope},
    },
};

/// Registered metadata. The checks are in [`super::Draft`]; a value of this type has passed them. Members are those of the
/// standards under their names, as they are answered to a client that reads its registration; the last ones are ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the members of the standards are")]
pub struct Metadata {
    pub client_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Kept for whoever asks, and never fetched or shown: a picture from elsewhere would tell that site who signs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    pub application_type: ApplicationType,
    pub redirect_uris: Vec<String>,
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector_identifier_uri: Option<String>,
    pub token_endpoint_auth_method: AuthMethod,
    /// The one algorithm of its assertions; without it, any of its profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<Algorithm>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateIdentity>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub keys: Option<KeySource>,
    pub id_token_signed_response_alg: Algorithm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<Algorithm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_object_signing_alg: Option<Algorithm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_signed_response_alg: Option<Algorithm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introspection_signed_response_alg: Option<Algorithm>,
    /// Where its request objects may be fetched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request_uris: Vec<String>,
    /// Seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<u32>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub require_auth_time: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_acr_values: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub frontchannel_logout_session_required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub backchannel_logout_session_required: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub require_pushed_authorization_requests: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub require_signed_request_object: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub dpop_bound_access_tokens: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub tls_client_certificate_bound_access_tokens: bool,
    /// The scopes it may ask for.
    pub scope: Scope,
    #[serde(default)]
    pub profile: Profile,
    /// The protected resources that it may ask access tokens for, and whose tokens it may introspect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// How fine a residence it asks for; the citizen may agree to a coarser one.
    pub residence_level: Level,
    /// Coarser brackets than the published ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_brackets: Option<Vec<AgeBracket>>,
    /// Qualities without which the forum lets nobody in: these cannot be declined one by one.
    #[serde(default)]
    pub required: BTreeSet<Quality>,
    /// Where the claims of a scope are put.
    #[serde(default)]
    pub id_token_claims: ClaimsIn,
}

/// What a client's certificate has to say for `tls_client_auth` (RFC 8705 §2.1.2): exactly one of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CertificateIdentity {
    /// RFC 4514.
    #[serde(rename = "tls_client_auth_subject_dn")]
    SubjectDn(String),
    #[serde(rename = "tls_client_auth_san_dns")]
    Dns(String),
    #[serde(rename = "tls_client_auth_san_uri")]
    Uri(String),
    #[serde(rename = "tls_client_auth_san_ip")]
    Ip(String),
    #[serde(rename = "tls_client_auth_san_email")]
    Email(String),
}

/// Where the claims of a scope are put (OpenID Connect Core §5.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClaimsIn {
    /// In the answer of the UserInfo endpoint.
    #[default]
    Userinfo,
    /// In the ID token as well, for software that reads only that.
    All,
}

impl Metadata {
    /// The redirect URI of a request, if it is registered. It may be left out when there is only one.
    pub fn prove_redirect(&self, presented: Option<&str>) -> Option<ProvenRedirect> {
        match (presented, self.redirects().as_slice()) {
            (Some(presented), registered) => registered.iter().find_map(|uri| uri.prove(presented)),
            (None, [only]) => Some(only.proven()),
            (None, _) => None,
        }
    }

    pub fn may_return_to_after_logout(&self, uri: &str) -> bool {
        self.post_logout_redirect_uris.iter().any(|registered| registered == uri)
    }

    /// Where the forum is, as people read it: the hosts to which a sign-in may lead, each once.
    pub fn hosts(&self) -> Vec<String> {
        let mut hosts = Vec::new();
        for redirect in self.redirects() {
            let host = redirect.proven().authority().to_owned();
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        hosts
    }

    /// What a citizen agreed to is asked again when this changes: the name, the policies, what is required.
    pub fn fingerprint(&self) -> [u8; 32] {
        let shown = serde_json::json!([
            self.client_name,
            self.client_uri,
            self.policy_uri,
            self.tos_uri,
            self.residence_level,
            self.age_brackets,
            self.required
        ]);
        Sha256::digest(shown.to_string().as_bytes()).into()
    }

    /// Whether something of it has to be verified with its own keys.
    pub fn needs_keys(&self) -> bool {
        let by_key = [AuthMethod::PrivateKeyJwt, AuthMethod::SelfSignedTlsClientAuth];
        by_key.contains(&self.token_endpoint_auth_method)
            || self.require_signed_request_object
            || self.request_object_signing_alg.is_some()
    }

    /// The algorithms of what we sign for it.
    pub fn signed_by_us(&self) -> impl Iterator<Item = Algorithm> {
        let others = [
            self.userinfo_signed_response_alg,
            self.authorization_signed_response_alg,
            self.introspection_signed_response_alg,
        ];
        std::iter::once(self.id_token_signed_response_alg).chain(others.into_iter().flatten())
    }

    /// Whether it can spend refresh tokens.
    pub fn may_refresh(&self) -> bool {
        self.scope.contains("offline_access")
    }

    /// The origins of its redirect URIs: where its own scripts run.
    pub fn origins(&self) -> impl Iterator<Item = String> {
        self.redirects().into_iter().map(|redirect| redirect.proven().origin().to_owned())
    }

    fn redirects(&self) -> Vec<RedirectUri> {
        let registered = self.redirect_uris.iter().cloned();
        registered.map(|uri| RedirectUri::registered(uri, self.application_type)).collect()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
const fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::{Draft, Outbound};

    fn hosts(application_type: ApplicationType, uris: &[&str]) -> Vec<String> {
        let redirect_uris = uris.iter().map(|uri| (*uri).to_owned()).collect();
        let draft = Draft { name: "Forum".to_owned(), application_type, redirect_uris, ..Draft::default() };
        draft.check(&Outbound::unused()).unwrap().hosts()
    }

    #[test]
    fn a_forum_is_where_its_sign_ins_lead() {
        let web = ["https://forum.example/callback", "https://forum.example/other", "https://m.forum.example:8443/cb"];
        assert_eq!(hosts(ApplicationType::Web, &web), ["forum.example", "m.forum.example:8443"]);
        assert_eq!(hosts(ApplicationType::Native, &["http://127.0.0.1/callback"]), ["127.0.0.1"]);
    }

    /// All that a client can have registered; a new member does not compile before it has a value here.
    fn complete() -> Metadata {
        let address = || Some("https://forum.example/x".to_owned());
        let algorithm = Some(Algorithm::ES256);
        Metadata {
            client_name: "Forum".to_owned(),
            client_uri: address(),
            logo_uri: address(),
            policy_uri: address(),
            tos_uri: address(),
            contacts: vec!["admin@forum.example".to_owned()],
            application_type: ApplicationType::Web,
            redirect_uris: vec!["https://forum.example/cb".to_owned()],
            post_logout_redirect_uris: Vec::new(),
            sector_identifier_uri: address(),
            token_endpoint_auth_method: AuthMethod::TlsClientAuth,
            token_endpoint_auth_signing_alg: algorithm,
            certificate: Some(CertificateIdentity::Dns("forum.example".to_owned())),
            keys: address().map(KeySource::Uri),
            id_token_signed_response_alg: Algorithm::ES256,
            userinfo_signed_response_alg: algorithm,
            request_object_signing_alg: algorithm,
            authorization_signed_response_alg: algorithm,
            introspection_signed_response_alg: algorithm,
            request_uris: address().into_iter().collect(),
            default_max_age: Some(60),
            require_auth_time: true,
            default_acr_values: vec!["urn:heteronym:acr:passkey".to_owned()],
            initiate_login_uri: address(),
            frontchannel_logout_uri: address(),
            frontchannel_logout_session_required: true,
            backchannel_logout_uri: address(),
            backchannel_logout_session_required: true,
            require_pushed_authorization_requests: true,
            require_signed_request_object: true,
            dpop_bound_access_tokens: true,
            tls_client_certificate_bound_access_tokens: true,
            scope: "openid".parse().unwrap(),
            profile: Profile::Strict,
            resources: address().into_iter().collect(),
            residence_level: Level::Commune,
            age_brackets: Some(Vec::new()),
            required: BTreeSet::new(),
            id_token_claims: ClaimsIn::All,
        }
    }

    #[test]
    fn every_member_stands_in_the_public_reference() {
        let reference = include_str!("../../specs/clients.md");
        let (_, table) = reference.split_once("## 3. The members").unwrap();
        let table: Vec<&str> =
            table.split_once("## 4.").unwrap().0.lines().filter(|line| line.starts_with("| `")).collect();
        let members = serde_json::to_value(complete()).unwrap();
        let members = members.as_object().unwrap().keys().map(String::as_str);
        for member in members.chain(["jwks", "response_types", "grant_types", "subject_type"]) {
            let rows = table.iter().filter(|row| row.split(" | ").next().unwrap().contains(&format!("`{member}`")));
            assert_eq!(rows.count(), 1, "{member}");
        }
    }

    #[test]
    fn what_was_registered_is_read_again_as_it_was_written() {
        let text = serde_json::to_string(&complete()).unwrap();
        assert_eq!(serde_json::from_str::<Metadata>(&text).unwrap(), complete());
    }
}
