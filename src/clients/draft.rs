//! What an operator or a client asks to register, and the checks: every refusal names the member and the remedy.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::{
    CertificateIdentity, ClaimsIn, KeySource, Metadata, Outbound, Profile, RegistrationError, addresses::Addresses,
    names::checked_name,
};
use crate::{
    domain::{
        area::Level,
        authentication::Acr,
        bracket::{AgeBracket, BracketTable},
        claim::{Quality, SCOPES},
        ids::ClientId,
    },
    wire::{
        jose::Algorithm,
        oauth::{ApplicationType, AuthMethod, Scope},
    },
};

/// What is asked. The members of the standards have their names there (RFC 7591 §2, OpenID Connect Dynamic Client
/// Registration §2); what only an operator may say is not read from a client's request.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "the members of the standards are")]
pub struct Draft {
    /// Chosen by the operator, or made.
    #[serde(skip)]
    pub id: Option<ClientId>,
    #[serde(rename = "client_name")]
    pub name: String,
    pub client_uri: Option<String>,
    pub logo_uri: Option<String>,
    pub policy_uri: Option<String>,
    pub tos_uri: Option<String>,
    pub contacts: Vec<String>,
    pub application_type: ApplicationType,
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    pub response_types: Option<Vec<String>>,
    pub grant_types: Option<Vec<String>>,
    pub subject_type: Option<String>,
    pub sector_identifier_uri: Option<String>,
    #[serde(rename = "token_endpoint_auth_method")]
    pub auth_method: AuthMethod,
    pub token_endpoint_auth_signing_alg: Option<Algorithm>,
    pub tls_client_auth_subject_dn: Option<String>,
    pub tls_client_auth_san_dns: Option<String>,
    pub tls_client_auth_san_uri: Option<String>,
    pub tls_client_auth_san_ip: Option<String>,
    pub tls_client_auth_san_email: Option<String>,
    pub jwks: Option<Value>,
    pub jwks_uri: Option<String>,
    #[serde(rename = "id_token_signed_response_alg")]
    pub id_token_alg: Algorithm,
    pub userinfo_signed_response_alg: Option<Algorithm>,
    pub request_object_signing_alg: Option<Algorithm>,
    pub authorization_signed_response_alg: Option<Algorithm>,
    pub introspection_signed_response_alg: Option<Algorithm>,
    pub request_uris: Vec<String>,
    pub default_max_age: Option<u32>,
    pub require_auth_time: bool,
    pub default_acr_values: Vec<String>,
    pub initiate_login_uri: Option<String>,
    pub frontchannel_logout_uri: Option<String>,
    pub frontchannel_logout_session_required: bool,
    pub backchannel_logout_uri: Option<String>,
    pub backchannel_logout_session_required: bool,
    pub require_pushed_authorization_requests: bool,
    pub require_signed_request_object: bool,
    pub dpop_bound_access_tokens: bool,
    pub tls_client_certificate_bound_access_tokens: bool,
    pub scope: String,
    pub profile: Profile,
    pub resources: Vec<String>,
    pub residence_level: Level,
    pub age_brackets: Option<Vec<AgeBracket>>,
    pub required: BTreeSet<Quality>,
    pub id_token_claims: ClaimsIn,
    #[serde(skip)]
    pub heteronyms_per_person: u8,
    /// The sector: one of the hosts, when the redirect URIs have several; or one that is there, to join it.
    #[serde(skip)]
    pub sector: Option<String>,
    /// The operators agree that this client knows the members of another one of its sector by the same `sub`.
    #[serde(skip)]
    pub join_sector: bool,
    /// The issuer is on a loopback address: so may be the forum.
    #[serde(skip)]
    pub local: bool,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            id: None,
            name: String::new(),
            client_uri: None,
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
            contacts: Vec::new(),
            application_type: ApplicationType::Web,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            response_types: None,
            grant_types: None,
            subject_type: None,
            sector_identifier_uri: None,
            auth_method: AuthMethod::ClientSecretBasic,
            token_endpoint_auth_signing_alg: None,
            tls_client_auth_subject_dn: None,
            tls_client_auth_san_dns: None,
            tls_client_auth_san_uri: None,
            tls_client_auth_san_ip: None,
            tls_client_auth_san_email: None,
            jwks: None,
            jwks_uri: None,
            id_token_alg: Algorithm::RS256,
            userinfo_signed_response_alg: None,
            request_object_signing_alg: None,
            authorization_signed_response_alg: None,
            introspection_signed_response_alg: None,
            request_uris: Vec::new(),
            default_max_age: None,
            require_auth_time: false,
            default_acr_values: Vec::new(),
            initiate_login_uri: None,
            frontchannel_logout_uri: None,
            frontchannel_logout_session_required: false,
            backchannel_logout_uri: None,
            backchannel_logout_session_required: false,
            require_pushed_authorization_requests: false,
            require_signed_request_object: false,
            dpop_bound_access_tokens: false,
            tls_client_certificate_bound_access_tokens: false,
            scope: "openid profile age residence".to_owned(),
            profile: Profile::Strict,
            resources: Vec::new(),
            residence_level: Level::Department,
            age_brackets: None,
            required: BTreeSet::new(),
            id_token_claims: ClaimsIn::Userinfo,
            heteronyms_per_person: 1,
            sector: None,
            join_sector: false,
            local: false,
        }
    }
}

impl Draft {
    /// What the profile says where nobody says anything else. Of the algorithms of FAPI 2.0 (Security Profile §5.4.1) it is
    /// the one that every library has.
    pub fn of_profile(profile: Profile) -> Self {
        let usual = Self { profile, ..Self::default() };
        match profile {
            Profile::Strict | Profile::Openid => usual,
            Profile::Fapi2 => Self { auth_method: AuthMethod::PrivateKeyJwt, id_token_alg: Algorithm::ES256, ..usual },
        }
    }

    pub(crate) fn check(&self, outbound: &Outbound) -> Result<Metadata, RegistrationError> {
        self.check_flow()?;
        self.check_algorithms()?;
        let addresses = Addresses { outbound, local: self.local };
        let bound = self.dpop_bound_access_tokens || self.tls_client_certificate_bound_access_tokens;
        let fapi = self.profile == Profile::Fapi2;
        let metadata = Metadata {
            client_name: checked_name(&self.name)?,
            client_uri: addresses.shown("client_uri", self.client_uri.as_deref())?,
            logo_uri: addresses.shown("logo_uri", self.logo_uri.as_deref())?,
            policy_uri: addresses.shown("policy_uri", self.policy_uri.as_deref())?,
            tos_uri: addresses.shown("tos_uri", self.tos_uri.as_deref())?,
            contacts: self.checked_contacts()?,
            application_type: self.application_type,
            redirect_uris: addresses.redirects("redirect_uris", &self.redirect_uris, self.application_type)?,
            post_logout_redirect_uris: addresses.redirects(
                "post_logout_redirect_uris",
                &self.post_logout_redirect_uris,
                self.application_type,
            )?,
            sector_identifier_uri: addresses.fetched("sector_identifier_uri", self.sector_identifier_uri.as_deref())?,
            token_endpoint_auth_method: self.auth_method,
            token_endpoint_auth_signing_alg: self.token_endpoint_auth_signing_alg,
            certificate: self.certificate()?,
            keys: KeySource::register(self.jwks.as_ref(), self.jwks_uri.as_deref(), outbound)?,
            id_token_signed_response_alg: self.id_token_alg,
            userinfo_signed_response_alg: self.userinfo_signed_response_alg,
            request_object_signing_alg: self.request_object_signing_alg,
            authorization_signed_response_alg: self.authorization_signed_response_alg,
            introspection_signed_response_alg: self.introspection_signed_response_alg,
            request_uris: addresses.request_uris(&self.request_uris)?,
            default_max_age: self.default_max_age,
            require_auth_time: self.require_auth_time,
            default_acr_values: self.default_acr_values.iter().filter(|acr| is_acr(acr)).cloned().collect(),
            initiate_login_uri: addresses.linked("initiate_login_uri", self.initiate_login_uri.as_deref())?,
            frontchannel_logout_uri: addresses.at_home(
                "frontchannel_logout_uri",
                self.frontchannel_logout_uri.as_deref(),
                &self.redirect_uris,
            )?,
            frontchannel_logout_session_required: self.frontchannel_logout_session_required,
            backchannel_logout_uri: addresses
                .fetched("backchannel_logout_uri", self.backchannel_logout_uri.as_deref())?,
            backchannel_logout_session_required: self.backchannel_logout_session_required,
            require_pushed_authorization_requests: self.require_pushed_authorization_requests || fapi,
            require_signed_request_object: self.require_signed_request_object,
            // A token of this profile is always bound; DPoP needs nothing of the listener (FAPI 2.0 §5.3.2.1).
            dpop_bound_access_tokens: self.dpop_bound_access_tokens || (fapi && !bound),
            tls_client_certificate_bound_access_tokens: self.tls_client_certificate_bound_access_tokens,
            scope: self.checked_scope()?,
            profile: self.profile,
            resources: addresses.resources(&self.resources)?,
            residence_level: self.residence_level,
            age_brackets: self.checked_brackets()?,
            required: self.checked_required()?,
            id_token_claims: self.id_token_claims,
        };
        if metadata.needs_keys() && metadata.keys.is_none() {
            return Err(RegistrationError::NoKeys);
        }
        Ok(metadata)
    }

    /// The members whose one value, or few values, are those of this server.
    fn check_flow(&self) -> Result<(), RegistrationError> {
        if !(1..=100).contains(&self.heteronyms_per_person) {
            return Err(RegistrationError::Heteronyms);
        }
        let only = |member, given: &Option<Vec<String>>, served: &'static [&'static str], text| {
            let all =
                |given: &Vec<String>| !given.is_empty() && given.iter().all(|value| served.contains(&value.as_str()));
            if given.as_ref().is_none_or(all) { Ok(()) } else { Err(RegistrationError::NotServed(member, text)) }
        };
        only("response_types", &self.response_types, &["code"], "code")?;
        only("grant_types", &self.grant_types, &GRANT_TYPES, FLOW)?;
        if self.grant_types.as_ref().is_some_and(|types| !types.iter().any(|grant| grant == "authorization_code")) {
            return Err(RegistrationError::NotServed("grant_types", FLOW));
        }
        if self.subject_type.as_ref().is_some_and(|given| given != "pairwise") {
            return Err(RegistrationError::NotServed("subject_type", "pairwise"));
        }
        if !self.profile.authentication_methods().contains(&self.auth_method) {
            return Err(RegistrationError::NotOfProfile("token_endpoint_auth_method", self.profile));
        }
        Ok(())
    }

    fn check_algorithms(&self) -> Result<(), RegistrationError> {
        let served = self.profile.algorithms();
        let algorithms = [
            ("token_endpoint_auth_signing_alg", self.token_endpoint_auth_signing_alg),
            ("id_token_signed_response_alg", Some(self.id_token_alg)),
            ("userinfo_signed_response_alg", self.userinfo_signed_response_alg),
            ("request_object_signing_alg", self.request_object_signing_alg),
            ("authorization_signed_response_alg", self.authorization_signed_response_alg),
            ("introspection_signed_response_alg", self.introspection_signed_response_alg),
        ];
        let strange = algorithms.iter().find(|(_, given)| given.is_some_and(|given| !served.contains(&given)));
        strange.map_or(Ok(()), |(member, _)| Err(RegistrationError::NotOfProfile(member, self.profile)))
    }

    fn certificate(&self) -> Result<Option<CertificateIdentity>, RegistrationError> {
        let given = [
            self.tls_client_auth_subject_dn.clone().map(CertificateIdentity::SubjectDn),
            self.tls_client_auth_san_dns.clone().map(CertificateIdentity::Dns),
            self.tls_client_auth_san_uri.clone().map(CertificateIdentity::Uri),
            self.tls_client_auth_san_ip.clone().map(CertificateIdentity::Ip),
            self.tls_client_auth_san_email.clone().map(CertificateIdentity::Email),
        ];
        let mut given = given.into_iter().flatten();
        match (self.auth_method, given.next(), given.next()) {
            (AuthMethod::TlsClientAuth, one @ Some(_), None) => Ok(one),
            (AuthMethod::TlsClientAuth, ..) => Err(RegistrationError::Certificate),
            (_, None, _) => Ok(None),
            (..) => Err(RegistrationError::StrayCertificate),
        }
    }

    fn checked_contacts(&self) -> Result<Vec<String>, RegistrationError> {
        let text = |contact: &String| (3..=200).contains(&contact.len()) && !contact.chars().any(char::is_control);
        if self.contacts.len() <= 10 && self.contacts.iter().all(text) {
            Ok(self.contacts.clone())
        } else {
            Err(RegistrationError::Contacts)
        }
    }

    fn checked_scope(&self) -> Result<Scope, RegistrationError> {
        let scope: Scope = self.scope.parse().map_err(|_| RegistrationError::Scope(self.scope.clone()))?;
        if let Some(unknown) = scope.iter().find(|token| !SCOPES.contains(token)) {
            return Err(RegistrationError::Scope(unknown.to_owned()));
        }
        if scope.contains("openid") { Ok(scope) } else { Err(RegistrationError::NoOpenid) }
    }

    fn checked_brackets(&self) -> Result<Option<Vec<AgeBracket>>, RegistrationError> {
        let Some(wanted) = &self.age_brackets else { return Ok(None) };
        let coarser = BracketTable::default().coarsen(wanted);
        coarser.map(|table| Some(table.brackets().to_vec())).map_err(|why| RegistrationError::Brackets(why.to_string()))
    }

    fn checked_required(&self) -> Result<BTreeSet<Quality>, RegistrationError> {
        let scope = self.checked_scope()?;
        match self.required.iter().find(|quality| !scope.contains(quality.scope())) {
            Some(quality) => Err(RegistrationError::Required(*quality)),
            None => Ok(self.required.clone()),
        }
    }
}

fn is_acr(text: &str) -> bool {
    text.parse::<Acr>().is_ok()
}

const FLOW: &str = "authorization_code, with or without refresh_token,";
const GRANT_TYPES: [&str; 2] = ["authorization_code", "refresh_token"];
