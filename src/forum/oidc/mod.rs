//! Sign-in at the provider: OpenID Connect Core 1.0 §3.1 (authorization code) with S256 (RFC 7636), `state`, `nonce` and
//! the `iss` of the answer (RFC 9207), by the crate `openidconnect`; and signing out, where the provider says so. What that
//! crate believes of signed JSON has to hold for the house's own reader too (`strict`).
//!
//! This file decides what is asked and what is accepted; it keeps nothing and knows no browser.

mod fetch;
mod logout;
mod refusal;
mod strict;
mod types;

use std::{
    ops::Add,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use openidconnect::{
    AccessTokenHash, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, ClientId, CsrfToken, IssuerUrl,
    LanguageTag, LogoutRequest, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl,
    RedirectUrl, RequestTokenError, Scope, SignatureVerificationError, TokenResponse, UserInfoClaims,
    core::{
        CoreAuthPrompt, CoreGenderClaim, CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier, CoreJwsSigningAlgorithm,
        CoreResponseType,
    },
};
use serde::Deserialize;

pub use self::fetch::FetchError;
use self::types::{Client, Metadata, TokenAnswer};
pub(super) use self::{
    fetch::Fetcher,
    logout::{BadLogoutToken, SignedOut},
    refusal::Refusal,
};
use super::{
    ambient::{Ambient, DAY, HOUR, MINUTE, SECOND},
    claims::{Extra, Qualities},
    config::{Config, SigningAlgorithm},
    log::{Claimed, Logged, Published, Trust, Unlogged},
};

/// The forum's view of its provider.
#[derive(Debug)]
pub(super) struct Provider {
    issuer: IssuerUrl,
    redirect: RedirectUrl,
    after_sign_out: PostLogoutRedirectUrl,
    fetcher: Fetcher,
    known: Mutex<Option<Arc<Known>>>,
}

/// The provider's description and keys, and when they were fetched.
#[derive(Debug)]
struct Known {
    metadata: Metadata,
    at: i64,
}

/// A sign-in to send the browser to, and what to remember of it.
pub(super) struct Begun {
    pub(super) url: String,
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
}

/// The parameters with which the provider sends the browser back.
#[derive(Default, Deserialize)]
pub(super) struct Answer {
    pub(super) state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// A person whom the provider vouches for.
pub(super) struct Vouched {
    pub(super) sub: String,
    pub(super) of: Qualities,
    /// What the provider calls the session (OpenID Connect Back-Channel Logout 1.0 §2.1), if it says so.
    pub(super) sid: Option<String>,
    /// Goes back to the browser as the hint for signing out; this forum's server keeps none.
    pub(super) id_token: String,
    /// Where the token stands in the public log, if the settings ask for it.
    pub(super) logged: Option<Logged>,
}

impl Provider {
    pub(super) fn new(config: &Config) -> Result<Self, ProviderError> {
        Ok(Self {
            issuer: IssuerUrl::new(config.issuer.clone())?,
            redirect: RedirectUrl::new(config.redirect_uri())?,
            after_sign_out: PostLogoutRedirectUrl::new(config.post_logout_redirect_uri())?,
            fetcher: Fetcher::new(&config.outbound)?,
            known: Mutex::new(None),
        })
    }

    /// Makes the request for one sign-in. With `share` the person is shown the consent page again, to share more.
    pub(super) async fn begin(
        &self,
        config: &Config,
        ambient: &Ambient,
        share: bool,
        language: &str,
    ) -> Result<Begun, Refusal> {
        let known = self.known(ambient.now()).await?;
        let client = self.client(config, &known);
        let (state, nonce, verifier) = (ambient.token(), ambient.token(), ambient.token());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
        let (sent_state, sent_nonce) = (CsrfToken::new(state.clone()), Nonce::new(nonce.clone()));
        let mut request = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                move || sent_state,
                move || sent_nonce,
            )
            .set_pkce_challenge(challenge)
            .add_ui_locale(LanguageTag::new(language.to_owned()))
            .add_scopes(config.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new));
        if let Some(claims) = &config.claims {
            request = request.add_extra_param("claims", claims.to_string());
        }
        if share {
            request = request.add_prompt(CoreAuthPrompt::Consent);
        }
        let (url, _, _) = request.url();
        Ok(Begun { url: url.into(), state, nonce, verifier })
    }

    /// Takes the code of an answer to a sign-in that this browser began.
    ///
    /// `iss` is compared before anything else is believed: a mix-up of providers shows there (RFC 9207 §2.4).
    pub(super) fn code(&self, answer: Answer) -> Result<String, Refusal> {
        match answer.iss {
            None => return Err(Refusal::Incomplete),
            Some(iss) if iss != self.issuer.as_str() => return Err(Refusal::Issuer),
            Some(_) => {}
        }
        match (answer.error, answer.code) {
            (Some(error), _) => Err(Refusal::of_error(&error)),
            (None, Some(code)) if !code.is_empty() && code.len() <= MAX_CODE => Ok(code),
            (None, _) => Err(Refusal::Incomplete),
        }
    }

    /// Redeems a code and gives who it speaks of, or why it is not believed.
    pub(super) async fn redeem(
        &self,
        config: &Config,
        code: String,
        nonce: String,
        verifier: String,
        trust: Option<&Trust>,
        now: i64,
    ) -> Result<Vouched, Refusal> {
        let known = self.known(now).await?;
        let client = self.client(config, &known);
        let answer: TokenAnswer = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| Refusal::Discovery)?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request_async(&self.fetcher)
            .await
            .map_err(|error| refused_token(&error))?;
        let id_token = answer.id_token().ok_or(Refusal::Token)?;
        let nonce = Nonce::new(nonce);
        let (client, claims, known) = match verified(config, &client, id_token, &nonce, now) {
            Err(Unverified::UnknownKey) => {
                // The provider may have changed its keys since they were fetched: look once, and not at every bad token.
                let renewed = self.renewed(&known, now).await?;
                let client = self.client(config, &renewed);
                let claims = verified(config, &client, id_token, &nonce, now).map_err(Unverified::refusal)?;
                (client, claims, renewed)
            }
            Err(unverified) => return Err(unverified.refusal()),
            Ok(claims) => (client, claims, known),
        };
        strict::id_token(config, &known, &id_token.to_string(), now)?;
        bound_to(&client, config, id_token, &claims, &answer)?;
        let sub = subject(&claims)?;
        let logged = trust.map(|trust| logged(trust, id_token, &claims, &answer)).transpose()?;
        let of = self.qualities(&client, &claims, &answer).await?;
        let id_token = id_token.to_string();
        Ok(Vouched { sub, of, sid: session(&id_token), id_token, logged })
    }

    /// What the provider says of its public log.
    pub(super) async fn published(&self, now: i64) -> Result<Published, Refusal> {
        let known = self.known(now).await?;
        let tlog = known.metadata.additional_metadata().tlog.as_ref().ok_or(Unlogged::Absent)?;
        Published::read(self.issuer.as_str(), tlog).ok_or(Refusal::Discovery)
    }

    pub(super) fn fetcher(&self) -> &Fetcher {
        &self.fetcher
    }

    /// Where to send the browser to end its session at the provider too, if the provider offers it.
    pub(super) async fn sign_out_url(
        &self,
        config: &Config,
        hint: Option<&str>,
        state: &str,
        now: i64,
    ) -> Option<String> {
        let known = self.known(now).await.ok()?;
        let endpoint = known.metadata.additional_metadata().end_session_endpoint.clone()?;
        let mut request = LogoutRequest::from(endpoint)
            .set_client_id(ClientId::new(config.client_id.clone()))
            .set_post_logout_redirect_uri(self.after_sign_out.clone())
            .set_state(CsrfToken::new(state.to_owned()));
        if let Some(hint) = hint.and_then(|hint| hint.parse::<CoreIdToken>().ok()) {
            request = request.set_id_token_hint(&hint);
        }
        Some(request.http_get_url().into())
    }

    /// The provider's description, at most an hour old; an older one serves on while the provider cannot be reached.
    async fn known(&self, now: i64) -> Result<Arc<Known>, Refusal> {
        let held = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match held {
            Some(known) if now - known.at < FRESH => Ok(known),
            Some(stale) => Ok(self.discover(now).await.unwrap_or(stale)),
            None => self.discover(now).await,
        }
    }

    /// Newer keys than these, unless these were fetched a moment ago.
    async fn renewed(&self, known: &Arc<Known>, now: i64) -> Result<Arc<Known>, Refusal> {
        if now - known.at < RENEW_STEP { Ok(Arc::clone(known)) } else { self.discover(now).await }
    }

    async fn discover(&self, now: i64) -> Result<Arc<Known>, Refusal> {
        let metadata =
            Metadata::discover_async(self.issuer.clone(), &self.fetcher).await.map_err(|error| match error {
                openidconnect::DiscoveryError::Request(_) => Refusal::Unreachable,
                openidconnect::DiscoveryError::Response(status, ..) if status.is_server_error() => Refusal::Unreachable,
                _ => Refusal::Discovery,
            })?;
        let known = Arc::new(Known { metadata, at: now });
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&known));
        Ok(known)
    }

    fn client(&self, config: &Config, known: &Known) -> Client {
        let secret = config.client_secret.as_ref().map(|secret| secret.expose().to_owned());
        openidconnect::Client::from_provider_metadata(
            known.metadata.clone(),
            ClientId::new(config.client_id.clone()),
            secret.map(openidconnect::ClientSecret::new),
        )
        .set_redirect_uri(self.redirect.clone())
    }

    /// Asks `UserInfo`, whose `sub` must be that of the ID token (OpenID Connect Core 1.0 §5.3.2).
    async fn qualities(
        &self,
        client: &Client,
        claims: &CoreIdTokenClaims,
        answer: &TokenAnswer,
    ) -> Result<Qualities, Refusal> {
        let info: UserInfoClaims<Extra, CoreGenderClaim> = client
            .user_info(answer.access_token().clone(), Some(claims.subject().clone()))
            .map_err(|_| Refusal::Discovery)?
            .request_async(&self.fetcher)
            .await
            .map_err(|error| match error {
                openidconnect::UserInfoError::ClaimsVerification(_) => Refusal::Subject,
                openidconnect::UserInfoError::Request(_) => Refusal::Unreachable,
                _ => Refusal::UserInfo,
            })?;
        let name = info.name().and_then(|name| name.get(None)).map(|name| name.as_str());
        let nickname = info.nickname().and_then(|name| name.get(None)).map(|name| name.as_str());
        let username = info.preferred_username().map(|name| name.as_str());
        Ok(Qualities::new(name.or(nickname).or(username), info.additional_claims().clone()))
    }
}

/// Why an ID token did not pass.
enum Unverified {
    /// No key of that name is known: it may be a new one.
    UnknownKey,
    Refused(Refusal),
}

impl Unverified {
    fn refusal(self) -> Refusal {
        match self {
            Self::UnknownKey => Refusal::Signature,
            Self::Refused(refusal) => refusal,
        }
    }
}

/// The forum cannot be set up to speak with its provider.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    #[error("an address of the forum or its provider: {0}")]
    Url(#[from] url::ParseError),
    #[error(transparent)]
    Fetch(#[from] FetchError),
}

/// Checks issuer, audience, algorithm, signature, times and nonce (OpenID Connect Core 1.0 §3.1.3.7).
fn verified(
    config: &Config,
    client: &Client,
    token: &CoreIdToken,
    nonce: &Nonce,
    now: i64,
) -> Result<CoreIdTokenClaims, Unverified> {
    let verifier = verifier(client, config.signing_algorithm, now);
    token.claims(&verifier, nonce).cloned().map_err(|error| match error {
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
            Unverified::UnknownKey
        }
        error => Unverified::Refused(Refusal::of_claims(&error)),
    })
}

fn verifier(client: &Client, algorithm: SigningAlgorithm, now: i64) -> CoreIdTokenVerifier<'_> {
    let seconds = now.div_euclid(SECOND);
    let known = u64::try_from(now).unwrap_or(0);
    client
        .id_token_verifier()
        .set_allowed_algs([match algorithm {
            SigningAlgorithm::EdDsa => CoreJwsSigningAlgorithm::EdDsa,
            SigningAlgorithm::Es256 => CoreJwsSigningAlgorithm::EcdsaP256Sha256,
            SigningAlgorithm::Ps256 => CoreJwsSigningAlgorithm::RsaSsaPssSha256,
            SigningAlgorithm::Rs256 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        }])
        .set_other_audience_verifier_fn(|_| false)
        .set_time_fn(move || since_epoch(known))
        .set_issue_time_verifier_fn(move |issued| {
            // A token is redeemed seconds after it was made; one from the future or from long ago was not made for us.
            let age = seconds - issued.timestamp();
            if (-MAX_SKEW..=MAX_AGE).contains(&age) { Ok(()) } else { Err("issued at another time".to_owned()) }
        })
}

/// The instant so many milliseconds after the epoch, in whatever type of time the crate asks for.
fn since_epoch<T: Default + Add<Duration, Output = T>>(millis: u64) -> T {
    T::default() + Duration::from_millis(millis)
}

/// The parts of §3.1.3.7 and §3.1.3.8 that the crate leaves to its user: `azp`, a believable expiry, and `at_hash`.
fn bound_to(
    client: &Client,
    config: &Config,
    token: &CoreIdToken,
    claims: &CoreIdTokenClaims,
    answer: &TokenAnswer,
) -> Result<(), Refusal> {
    if claims.authorized_party().is_some_and(|party| party.as_str() != config.client_id) {
        return Err(Refusal::Audience);
    }
    if claims.expiration().timestamp() - claims.issue_time().timestamp() > MAX_LIFE {
        return Err(Refusal::Expired);
    }
    if let Some(expected) = claims.access_token_hash() {
        let verifier = client.id_token_verifier();
        let algorithm = token.signing_alg().map_err(|_| Refusal::Algorithm)?;
        let key = token.signing_key(&verifier).map_err(|_| Refusal::Signature)?;
        let actual = AccessTokenHash::from_token(answer.access_token(), algorithm, key).map_err(|_| Refusal::Token)?;
        if actual != *expected {
            return Err(Refusal::Token);
        }
    }
    Ok(())
}

/// A `sub` is at most 255 printable ASCII characters (OpenID Connect Core 1.0 §2).
fn subject(claims: &CoreIdTokenClaims) -> Result<String, Refusal> {
    let sub = claims.subject().as_str();
    if (1..=255).contains(&sub.len()) && sub.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(sub.to_owned())
    } else {
        Err(Refusal::Subject)
    }
}

/// The `sid` of an ID token that has been verified: the crate's own claims have no place for it.
fn session(id_token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Session {
        sid: Option<String>,
    }
    let session: Session = part(id_token, 1)?;
    session.sid.filter(|sid| (1..=255).contains(&sid.len()))
}

/// Where an ID token that has been verified stands in the public log.
fn logged(
    trust: &Trust,
    id_token: &CoreIdToken,
    claims: &CoreIdTokenClaims,
    answer: &TokenAnswer,
) -> Result<Logged, Refusal> {
    #[derive(Deserialize)]
    struct Header {
        kid: String,
    }
    let token = id_token.to_string();
    // A token whose header names no key is verified where there is only one: in the log it names it.
    let header: Header = part(&token, 0).ok_or(Unlogged::Kid)?;
    let beside = answer.extra_fields().extra_fields();
    let claimed = Claimed {
        token: &token,
        kid: &header.kid,
        issued: claims.issue_time().timestamp(),
        proof: beside.tlog_proof.as_ref(),
        owner: beside.tlog_owner.as_ref(),
    };
    Ok(trust.believe(&claimed)?)
}

/// A part of a token as JSON: 0 is the header, 1 the claims.
fn part<T: serde::de::DeserializeOwned>(token: &str, number: usize) -> Option<T> {
    let part = data_encoding::BASE64URL_NOPAD.decode(token.split('.').nth(number)?.as_bytes()).ok()?;
    serde_json::from_slice(&part).ok()
}

fn refused_token<E: std::error::Error + 'static, R: openidconnect::ErrorResponse + 'static>(
    error: &RequestTokenError<E, R>,
) -> Refusal {
    match error {
        RequestTokenError::ServerResponse(_) => Refusal::Code,
        RequestTokenError::Request(_) => Refusal::Unreachable,
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => Refusal::Token,
    }
}

const FRESH: i64 = HOUR;
/// Keys are asked for again at most this often, whatever tokens come in.
const RENEW_STEP: i64 = MINUTE;
/// Seconds by which the provider's clock may be ahead.
const MAX_SKEW: i64 = 60;
/// Seconds after which an ID token that is only now redeemed is not believed.
const MAX_AGE: i64 = 600;
/// Seconds an ID token may claim to live.
const MAX_LIFE: i64 = DAY / SECOND;
const MAX_CODE: usize = 4_096;
