//! What an operator or a client asks to register, and the checks: every refusal names the member and the remedy.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{CertificateIdentity, ClaimsIn, KeySource, Metadata, Profile, RegistrationError};
use crate::{
    domain::{
        area::Level,
        authentication::Acr,
        bracket::{AgeBracket, BracketTable},
        claim::{Quality, SCOPES},
        ids::{ClientId, Sector},
    },
    wire::{
        jose::{Algorithm, JwkSet},
        oauth::{ApplicationType, AuthMethod, RedirectUri, Scope},
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
    /// What would be registered, or why it cannot be.
    pub fn check(&self) -> Result<Metadata, RegistrationError> {
        if !(1..=100).contains(&self.heteronyms_per_person) {
            return Err(RegistrationError::Heteronyms);
        }
        self.check_flow()?;
        self.check_algorithms()?;
        let bound = self.dpop_bound_access_tokens || self.tls_client_certificate_bound_access_tokens;
        let fapi = self.profile == Profile::Fapi2;
        let metadata = Metadata {
            client_name: checked_name(&self.name)?,
            client_uri: self.address("client_uri", self.client_uri.as_deref())?,
            logo_uri: self.address("logo_uri", self.logo_uri.as_deref())?,
            policy_uri: self.address("policy_uri", self.policy_uri.as_deref())?,
            tos_uri: self.address("tos_uri", self.tos_uri.as_deref())?,
            contacts: self.checked_contacts()?,
            application_type: self.application_type,
            redirect_uris: self.redirects("redirect_uris", &self.redirect_uris, 1)?,
            post_logout_redirect_uris: self.redirects(
                "post_logout_redirect_uris",
                &self.post_logout_redirect_uris,
                0,
            )?,
            sector_identifier_uri: self.address("sector_identifier_uri", self.sector_identifier_uri.as_deref())?,
            token_endpoint_auth_method: self.auth_method,
            token_endpoint_auth_signing_alg: self.token_endpoint_auth_signing_alg,
            certificate: self.certificate()?,
            keys: self.keys()?,
            id_token_signed_response_alg: self.id_token_alg,
            userinfo_signed_response_alg: self.userinfo_signed_response_alg,
            request_object_signing_alg: self.request_object_signing_alg,
            authorization_signed_response_alg: self.authorization_signed_response_alg,
            introspection_signed_response_alg: self.introspection_signed_response_alg,
            request_uris: self.addresses("request_uris", &self.request_uris)?,
            default_max_age: self.default_max_age,
            require_auth_time: self.require_auth_time,
            default_acr_values: self.default_acr_values.iter().filter(|acr| is_acr(acr)).cloned().collect(),
            initiate_login_uri: self.address("initiate_login_uri", self.initiate_login_uri.as_deref())?,
            frontchannel_logout_uri: self
                .at_home("frontchannel_logout_uri", self.frontchannel_logout_uri.as_deref())?,
            frontchannel_logout_session_required: self.frontchannel_logout_session_required,
            backchannel_logout_uri: self.address("backchannel_logout_uri", self.backchannel_logout_uri.as_deref())?,
            backchannel_logout_session_required: self.backchannel_logout_session_required,
            require_pushed_authorization_requests: self.require_pushed_authorization_requests || fapi,
            require_signed_request_object: self.require_signed_request_object,
            // A token of this profile is always bound; DPoP needs nothing of the listener (FAPI 2.0 §5.3.2.1).
            dpop_bound_access_tokens: self.dpop_bound_access_tokens || (fapi && !bound),
            tls_client_certificate_bound_access_tokens: self.tls_client_certificate_bound_access_tokens,
            scope: self.checked_scope()?,
            profile: self.profile,
            resources: self.checked_resources()?,
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
        let only = |member, given: &Option<Vec<String>>, served: &'static [&'static str], text| {
            let all =
                |given: &Vec<String>| !given.is_empty() && given.iter().all(|value| served.contains(&value.as_str()));
            if given.as_ref().is_none_or(all) { Ok(()) } else { Err(RegistrationError::NotServed(member, text)) }
        };
        only("response_types", &self.response_types, &["code"], "code")?;
        only("grant_types", &self.grant_types, &GRANT_TYPES, "authorization_code, with or without refresh_token")?;
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

    fn keys(&self) -> Result<Option<KeySource>, RegistrationError> {
        match (&self.jwks, &self.jwks_uri) {
            (Some(_), Some(_)) => Err(RegistrationError::KeysTwice),
            (Some(set), None) => {
                let set = JwkSet::parse(set.to_string().as_bytes());
                set.map(|set| Some(KeySource::Inline(set))).map_err(|why| RegistrationError::Keys(why.to_string()))
            }
            (None, uri) => Ok(self.address("jwks_uri", uri.as_deref())?.map(KeySource::Uri)),
        }
    }

    fn redirects(&self, member: &'static str, uris: &[String], least: usize) -> Result<Vec<String>, RegistrationError> {
        if !(least..=20).contains(&uris.len()) {
            return Err(RegistrationError::HowMany(member, if least == 1 { "1 to 20" } else { "at most 20" }));
        }
        let local = self.local && self.application_type == ApplicationType::Web;
        let check = |uri: &String| {
            let checked = if local {
                RedirectUri::register_local(uri)
            } else {
                RedirectUri::register(uri, self.application_type)
            };
            checked.map(|uri| uri.as_str().to_owned()).map_err(|why| RegistrationError::RedirectUri(uri.clone(), why))
        };
        uris.iter().map(check).collect()
    }

    fn addresses(&self, member: &'static str, given: &[String]) -> Result<Vec<String>, RegistrationError> {
        if given.len() > 20 {
            return Err(RegistrationError::HowMany(member, "at most 20"));
        }
        given.iter().map(|address| self.checked_address(member, address)).collect()
    }

    fn address(&self, member: &'static str, address: Option<&str>) -> Result<Option<String>, RegistrationError> {
        address.map(|address| self.checked_address(member, address)).transpose()
    }

    fn checked_address(&self, member: &'static str, address: &str) -> Result<String, RegistrationError> {
        let url = Url::parse(address).map_err(|_| RegistrationError::Address(member))?;
        let protected = url.scheme() == "https" || (self.local && url.scheme() == "http");
        if !protected || address.len() > 2_000 || !url.username().is_empty() || url.password().is_some() {
            return Err(RegistrationError::Address(member));
        }
        Ok(url.to_string())
    }

    /// At a host of the client's redirect URIs (OpenID Connect Front-Channel Logout §2): every browser will go there.
    fn at_home(&self, member: &'static str, address: Option<&str>) -> Result<Option<String>, RegistrationError> {
        let Some(checked) = self.address(member, address)? else { return Ok(None) };
        let origin = |uri: &str| Url::parse(uri).ok().map(|url| url.origin());
        let own = self.redirect_uris.iter().any(|redirect| origin(redirect) == origin(&checked));
        if own { Ok(Some(checked)) } else { Err(RegistrationError::NotAtHome(member)) }
    }

    fn checked_contacts(&self) -> Result<Vec<String>, RegistrationError> {
        let text = |contact: &String| (3..=200).contains(&contact.len()) && !contact.chars().any(char::is_control);
        if self.contacts.len() <= 10 && self.contacts.iter().all(text) {
            Ok(self.contacts.clone())
        } else {
            Err(RegistrationError::Contacts)
        }
    }

    /// RFC 8707 §2: absolute, without a fragment.
    fn checked_resources(&self) -> Result<Vec<String>, RegistrationError> {
        let checked = self.addresses("resources", &self.resources)?;
        let with_fragment = self.resources.iter().any(|resource| resource.contains('#'));
        if with_fragment { Err(RegistrationError::Address("resources")) } else { Ok(checked) }
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

    /// Where a client is: the hosts of its redirect URIs, with a port that is not the usual one, since two forums on one
    /// machine are two. A native client's loopback address is everybody's own machine and no place at all: with nothing
    /// else it is at home in its own id, which no other client ever has.
    pub(super) fn home(&self, id: &ClientId) -> BTreeSet<String> {
        let native = self.application_type == ApplicationType::Native;
        let uris = self.redirect_uris.iter().filter(|uri| !native || !uri.starts_with("http:"));
        let hosts: BTreeSet<String> = uris.filter_map(|uri| host(uri)).collect();
        if hosts.is_empty() { BTreeSet::from([id.to_string()]) } else { hosts }
    }

    pub(super) fn sector(&self, home: &BTreeSet<String>) -> Result<Sector, RegistrationError> {
        let parsed = |text: &String| text.parse().map_err(|_| RegistrationError::Sector(text.clone()));
        match (&self.sector, home.iter().collect::<Vec<_>>().as_slice()) {
            (Some(named), _) => parsed(named),
            (None, [only]) => parsed(only),
            (None, _) => Err(RegistrationError::SeveralHosts(home.iter().cloned().collect())),
        }
    }
}

/// The host of an address as sectors are written: with a port that is not the usual one.
pub(super) fn host(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?;
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

fn is_acr(text: &str) -> bool {
    text.parse::<Acr>().is_ok()
}

/// A name that people read on the consent page: no controls, no change of direction, no second line, no markup.
fn checked_name(name: &str) -> Result<String, RegistrationError> {
    let name = name.trim();
    let hidden =
        |c| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let visible = |c: char| !c.is_control() && !hidden(c);
    let fits = (1..=80).contains(&name.chars().count()) && name.chars().all(visible);
    if !fits {
        return Err(RegistrationError::Name);
    }
    if name.contains(['<', '>']) || !unicode_security::MixedScript::is_single_script(name) {
        return Err(RegistrationError::MisleadingName);
    }
    Ok(name.to_owned())
}

const GRANT_TYPES: [&str; 2] = ["authorization_code", "refresh_token"];
