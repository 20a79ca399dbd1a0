//! The checks of an authorization request whose redirect URI is proven, in the order in which they are made.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Provider, RedirectProven, Refusal, answer_algorithm};
use crate::{
    clients::Profile,
    consent::Request,
    domain::{
        authentication::Acr,
        claim::{Quality, SCOPES, scopes_of},
        ids::ClientId,
    },
    wire::{
        jose::{Algorithm, InvalidThumbprint, Thumbprint},
        oauth::{
            ClaimsRequest, ClaimsRequestError, CodeChallenge, ErrorCode, ParamError, Prompts, ProvenRedirect,
            ResponseMode, ResponseType, Scope,
        },
    },
};

/// A request in which everything holds.
#[derive(Clone, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    pub client: ClientId,
    pub redirect: ProvenRedirect,
    /// The request had the redirect URI in it, so the token request has to have it too (RFC 6749 §4.1.3).
    pub redirect_sent: bool,
    pub mode: ResponseMode,
    /// How the answer is signed, where the mode says that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Algorithm>,
    pub scope: Scope,
    pub state: Option<String>,
    pub nonce: Option<String>,
    /// Absent only where the client's profile lets it be.
    pub challenge: Option<CodeChallenge>,
    pub prompts: Prompts,
    /// Seconds, as asked or registered.
    pub max_age: Option<u32>,
    /// How strongly the person is to have signed in; empty: as they like.
    pub acr: Acrs,
    /// What is asked for by name; nothing that there is not.
    #[serde(default, skip_serializing_if = "ClaimsRequest::is_empty")]
    pub claims: ClaimsRequest,
    /// The protected resource that the access token is for (RFC 8707); without one it is for us.
    pub resource: Option<String>,
    /// The key that the code is bound to (RFC 9449 §10).
    pub dpop_jkt: Option<Thumbprint>,
    /// Who is meant, if a hint says so: the pairwise `sub`.
    pub hint: Option<String>,
    pub ui_locales: Option<String>,
}

/// The authentication context that a request asks for (OpenID Connect Core §5.5.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acrs {
    /// Those of them that there are here.
    asked: Vec<Acr>,
    /// Without it the answer is an error.
    pub essential: bool,
    /// It is essential, and there is none of it here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unknown: bool,
}

impl Acrs {
    fn or_unmeetable(self) -> Self {
        Self { unknown: self.essential && self.asked.is_empty(), ..self }
    }

    /// Whether somebody who signed in like this has done what was asked.
    pub fn are_met(&self, held: Acr) -> bool {
        !self.unknown && (self.asked.is_empty() || self.told(held).is_some())
    }

    /// The best of those asked that the sign-in satisfies: a passkey also does where a passphrase would.
    pub fn told(&self, held: Acr) -> Option<Acr> {
        self.asked.iter().copied().filter(|asked| *asked <= held).max()
    }
}

impl RedirectProven<'_> {
    /// The list of checks.
    pub(super) fn check(&self, provider: &Provider) -> Result<AuthorizationRequest, Refusal> {
        self.params.check().map_err(|error| defective(&error))?;
        self.check_response_type()?;
        let mode = self.response_mode()?;
        self.refuse_registration()?;
        let scope = self.scope()?;
        let challenge = self.challenge()?;
        let claims = self.claims()?;
        let request = AuthorizationRequest {
            client: self.client.id.clone(),
            redirect: self.redirect.clone(),
            redirect_sent: self.get("redirect_uri")?.is_some(),
            mode,
            signed: mode.is_signed().then(|| answer_algorithm(&self.client)),
            scope,
            state: self.text("state", MAX_STATE)?,
            nonce: self.text("nonce", MAX_NONCE)?,
            challenge,
            prompts: self.prompts()?,
            max_age: self.max_age()?.or(self.client.metadata.default_max_age),
            acr: self.acr(&claims)?,
            resource: self.resource()?,
            dpop_jkt: self.dpop_jkt()?,
            hint: self.hint(provider, &claims)?,
            claims: self.known_claims(claims),
            // A wish that cannot be met is no error (OpenID Connect Core §3.1.2.1).
            ui_locales: self.get("ui_locales")?.filter(|locales| locales.len() <= MAX_LOCALES).map(str::to_owned),
        };
        request.check_length()?;
        Ok(request)
    }

    fn check_response_type(&self) -> Result<(), Refusal> {
        let Some(text) = self.get("response_type")? else {
            return Err(Refusal::new(ErrorCode::InvalidRequest, "response_type is missing: send code"));
        };
        let unsupported = |_| Refusal::new(ErrorCode::UnsupportedResponseType, "only response_type=code is served");
        text.parse::<ResponseType>().map(|_| ()).map_err(unsupported)
    }

    fn response_mode(&self) -> Result<ResponseMode, Refusal> {
        let modes = || ResponseMode::ALL.map(ResponseMode::as_str).join(", ");
        let unknown = |_| Refusal::new(ErrorCode::InvalidRequest, format!("response_mode is none of {}", modes()));
        self.get("response_mode")?.map_or(Ok(ResponseMode::Query), |text| text.parse().map_err(unknown))
    }

    /// Said in discovery: nobody registers on the way (OpenID Connect Core §7.2.1).
    fn refuse_registration(&self) -> Result<(), Refusal> {
        if self.get("registration")?.is_some() { Err(ErrorCode::RegistrationNotSupported.into()) } else { Ok(()) }
    }

    /// What is not known or not registered is left out (RFC 6749 §3.3); the answer says what was granted.
    fn scope(&self) -> Result<Scope, Refusal> {
        let invalid = |_| Refusal::new(ErrorCode::InvalidScope, "scope is not a list of words");
        let scope: Scope = self.get("scope")?.unwrap_or_default().parse().map_err(invalid)?;
        if !scope.contains("openid") {
            return Err(Refusal::new(ErrorCode::InvalidScope, "scope has to hold openid"));
        }
        let registered = &self.client.metadata.scope;
        Ok(scope.filtered(|token| SCOPES.contains(&token) && registered.contains(token)))
    }

    /// S256 (RFC 9700 §2.1.1). Without it nothing but the `nonce` ties the code to the client's own browser session, and
    /// nothing but the secret keeps a thief from redeeming it: so both have to be there (OpenID Connect Core §3.1.2.1).
    fn challenge(&self) -> Result<Option<CodeChallenge>, Refusal> {
        let invalid = |message: String| Refusal::new(ErrorCode::InvalidRequest, message);
        let method = self.get("code_challenge_method")?;
        let Some(challenge) = self.get("code_challenge")? else {
            let openid = self.client.metadata.profile == Profile::Openid && self.client.is_confidential();
            if openid && method.is_none() && self.get("nonce")?.is_some() {
                return Ok(None);
            }
            return Err(invalid("code_challenge is missing: send one, with code_challenge_method=S256".to_owned()));
        };
        CodeChallenge::parse(challenge, method).map(Some).map_err(|error| invalid(error.to_string()))
    }

    fn claims(&self) -> Result<ClaimsRequest, Refusal> {
        let invalid = |error: ClaimsRequestError| Refusal::new(ErrorCode::InvalidRequest, error.to_string());
        self.get("claims")?
            .map_or_else(|| Ok(ClaimsRequest::default()), |text| ClaimsRequest::parse(text).map_err(invalid))
    }

    /// Without the claims that there are not here or that the client may not ask for (OpenID Connect Core §5.5), and those that are
    /// asked for in other ways.
    fn known_claims(&self, mut claims: ClaimsRequest) -> ClaimsRequest {
        let registered = &self.client.metadata.scope;
        let known =
            |name: &str| scopes_of(name).is_some_and(|scopes| scopes.iter().any(|scope| registered.contains(scope)));
        let of_the_token = |name: &str| name == AUTH_TIME;
        claims.retain(|name| known(name) || of_the_token(name));
        claims.userinfo.retain(|claim| known(&claim.name));
        claims
    }

    /// Values that are not known here are left out. Asked for as a claim they are what counts (OpenID Connect Core §5.5.1.1).
    fn acr(&self, claims: &ClaimsRequest) -> Result<Acrs, Refusal> {
        if let Some(claim) = claims.id_token.iter().find(|claim| claim.name == ACR && !claim.values.is_empty()) {
            let asked = claim.values.iter().filter_map(|value| value.as_str()?.parse().ok()).collect();
            return Ok(Acrs { asked, essential: claim.essential, unknown: false }.or_unmeetable());
        }
        let asked = self.get("acr_values")?.map(|values| values.split(' ').map(str::to_owned).collect());
        let asked: Vec<String> = asked.unwrap_or_else(|| self.client.metadata.default_acr_values.clone());
        let asked = asked.iter().filter_map(|value| value.parse().ok()).collect();
        Ok(Acrs { asked, essential: false, unknown: false })
    }

    /// One of those registered: a token for two would be good at either for the other's ends (RFC 9700 §4.10.2).
    fn resource(&self) -> Result<Option<String>, Refusal> {
        let asked = self.params.all("resource").map_err(|error| defective(&error))?;
        match asked.as_slice() {
            [] => Ok(None),
            [one] if self.client.metadata.resources.iter().any(|known| known == one) => Ok(Some((*one).to_owned())),
            _ => Err(Refusal::new(
                ErrorCode::InvalidTarget,
                "resource is not one that the client registered, or several",
            )),
        }
    }

    fn dpop_jkt(&self) -> Result<Option<Thumbprint>, Refusal> {
        let invalid = |error: InvalidThumbprint| Refusal::new(ErrorCode::InvalidRequest, format!("dpop_jkt: {error}"));
        self.get("dpop_jkt")?.map(|jkt| jkt.parse().map_err(invalid)).transpose()
    }

    fn prompts(&self) -> Result<Prompts, Refusal> {
        let invalid =
            |error: crate::wire::oauth::PromptsError| Refusal::new(ErrorCode::InvalidRequest, error.to_string());
        self.get("prompt")?.map_or_else(|| Ok(Prompts::default()), |text| text.parse().map_err(invalid))
    }

    fn max_age(&self) -> Result<Option<u32>, Refusal> {
        let invalid = |_| Refusal::new(ErrorCode::InvalidRequest, "max_age is not a number of seconds");
        self.get("max_age")?.map(|text| text.parse().map_err(invalid)).transpose()
    }

    /// A hint that does not verify, or was for another client, hints at nobody: it is left out, and names no one. The `sub`
    /// may also be asked for as a claim with a value (OpenID Connect Core §5.5.1).
    fn hint(&self, provider: &Provider, claims: &ClaimsRequest) -> Result<Option<String>, Refusal> {
        let asked = claims.id_token.iter().chain(&claims.userinfo).find(|claim| claim.name == SUB);
        if let Some(sub) = asked.and_then(|claim| claim.values.first()?.as_str()) {
            return Ok(Some(sub.to_owned()));
        }
        let hint = self.get("id_token_hint")?;
        Ok(hint.and_then(|token| provider.subject_of_hint(token, &self.client.id)))
    }

    fn text(&self, name: &'static str, limit: usize) -> Result<Option<String>, Refusal> {
        let text = self.get(name)?;
        if text.is_some_and(|text| text.len() > limit) {
            return Err(Refusal::new(ErrorCode::InvalidRequest, format!("{name} is longer than {limit} bytes")));
        }
        Ok(text.map(str::to_owned))
    }

    fn get(&self, name: &str) -> Result<Option<&str>, Refusal> {
        self.params.get(name).map_err(|error| defective(&error))
    }
}

impl AuthorizationRequest {
    /// Whoever has to sign in first is sent there with the request, sealed, in the address.
    fn check_length(&self) -> Result<(), Refusal> {
        let bytes = serde_json::to_vec(self).map_or(usize::MAX, |bytes| bytes.len());
        let too_long =
            || Refusal::new(ErrorCode::InvalidRequest, "the request is too long: shorten state, nonce or claims");
        if bytes <= MAX_REQUEST { Ok(()) } else { Err(too_long()) }
    }

    /// Whether the name shown is to be told.
    pub(crate) fn wants_names(&self) -> bool {
        self.scope.contains("profile") || self.asks_for(|name| scopes_of(name) == Some(&["profile"]))
    }

    /// Whether the sign-in's time is to stand in the ID token.
    pub(crate) fn wants_auth_time(&self) -> bool {
        self.max_age.is_some() || self.claims.id_token.iter().any(|claim| claim.name == AUTH_TIME)
    }

    fn asks_for(&self, wanted: impl Fn(&str) -> bool) -> bool {
        let ClaimsRequest { userinfo, id_token, userinfo_verified, id_token_verified } = &self.claims;
        let verified = userinfo_verified.iter().chain(id_token_verified).flat_map(|verified| &verified.claims);
        userinfo.iter().chain(id_token).chain(verified).any(|claim| wanted(&claim.name))
    }

    /// What consent is asked for.
    pub(crate) fn wishes(&self, client: &crate::clients::Client) -> Request {
        let registered = &client.metadata.scope;
        let by_name =
            |quality: &Quality| registered.contains(quality.scope()) && self.asks_for(|name| quality.is_told_by(name));
        let asked = |quality: &Quality| self.scope.contains(quality.scope()) || by_name(quality);
        let qualities: BTreeSet<_> = Quality::ALL.into_iter().filter(asked).collect();
        Request {
            required: client.metadata.required.intersection(&qualities).copied().collect(),
            qualities,
            names: self.wants_names(),
            offline: self.scope.contains("offline_access"),
            fingerprint: client.metadata.fingerprint(),
        }
    }
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self::new(code, code.meaning())
    }
}

pub(super) fn defective(error: &ParamError) -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, error.to_string())
}

const ACR: &str = "acr";
const AUTH_TIME: &str = "auth_time";
const SUB: &str = "sub";
/// Bytes of `state`. Some software keeps there what it was doing, encrypted.
const MAX_STATE: usize = 2_048;
const MAX_NONCE: usize = 1_024;
const MAX_LOCALES: usize = 100;
/// Bytes of a request as it is sealed. With what is added on the way and base64, the address that carries it has less than
/// the 8,000 bytes that servers take at the least (RFC 9110 §4.1).
const MAX_REQUEST: usize = 5_700;
