//! The authorization endpoint (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2): the request, checked step by step.
//!
//! ```text
//! Params ─ client ─▶ ClientKnown ─ redirect ─▶ RedirectProven ─ the rest ─▶ AuthorizationRequest
//! ```
//!
//! Each step gives a richer type. An error before `RedirectProven` has no address to redirect to: it is shown as a page
//! on our own origin (RFC 9700 §4.11.2).

mod object;
mod pushed;
mod request;

use std::sync::Arc;

use serde_json::{Map, Value};

use self::pushed::{Found, is_pushed};
pub use self::{pushed::PushedResponse, request::AuthorizationRequest};
use super::{
    Authentication, Provider,
    interaction::{Interaction, Step},
};
use crate::{
    clients::Client,
    domain::ids::{ClientId, GrantId},
    issuance::IssueError,
    store::StoreError,
    wire::{
        jose::{Algorithm, Typ},
        oauth::{AuthorizationResponse, ErrorCode, Params, ProvenRedirect, ResponseMode},
    },
};

/// An error that only a page can tell.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    #[error("client_id is missing, repeated or unknown")]
    Client,
    #[error("the client is disabled")]
    Disabled,
    #[error("redirect_uri is missing, repeated or not registered for this client")]
    Redirect,
    #[error("request_uri is not one that this client was given")]
    RequestUri,
    #[error("the request is too long or cannot be read")]
    Unreadable,
    /// The sign-in under way has expired, or began in another browser.
    #[error("the sign-in is over or began elsewhere")]
    Interaction,
    #[error("the account is not a citizen's")]
    NotACitizen,
    #[error("the answer cannot be signed: {0}")]
    Sign(IssueError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An answer for the client, to be taken there by the browser.
#[derive(Clone, Debug)]
pub struct Answer {
    pub redirect: ProvenRedirect,
    pub mode: ResponseMode,
    pub response: AuthorizationResponse,
}

/// The client is registered and enabled.
struct ClientKnown<'p> {
    params: &'p Params,
    client: Arc<Client>,
}

/// There is an address to answer to.
struct RedirectProven<'p> {
    params: &'p Params,
    client: Arc<Client>,
    redirect: ProvenRedirect,
}

/// An error for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refusal {
    code: ErrorCode,
    description: String,
}

impl Provider {
    /// Takes an authorization request and tells the next step. `browser` is a secret of the browser that asks.
    pub async fn authorize(
        &self,
        params: &Params,
        browser: &[u8],
        signed_in: Option<&Authentication>,
    ) -> Result<Step, PageError> {
        let known = self.client_of(params).await?;
        if let Some(request_uri) = known.pushed_uri() {
            return self.take_up_pushed(known.client, request_uri, browser, signed_in).await;
        }
        let params = match self.signed_params(&known).await {
            Ok(params) => params,
            // What was signed is not believed; where to say so stands beside it.
            Err(refusal) => return Ok(Step::Answer(self.refuse(&known.prove_redirect()?, &refusal)?)),
        };
        let proven = ClientKnown { params: &params, client: known.client }.prove_redirect()?;
        match proven.check_pushing().and_then(|()| proven.check(self)) {
            Ok(request) => {
                let interaction = Interaction::new(request, self.ambient.now(), self.fresh_grant());
                self.next(interaction, proven.client, browser, signed_in).await
            }
            Err(refusal) => Ok(Step::Answer(self.refuse(&proven, &refusal)?)),
        }
    }

    /// Goes on with a request that the client pushed. Whatever else stands in the address is not looked at (RFC 9126 §4).
    async fn take_up_pushed(
        &self,
        client: Arc<Client>,
        request_uri: &str,
        browser: &[u8],
        signed_in: Option<&Authentication>,
    ) -> Result<Step, PageError> {
        match self.pushed(&client, request_uri).await? {
            Found::Pushed(pushed) => {
                let interaction = Interaction::new(pushed.request, self.ambient.now(), pushed.grant).of_pushed();
                self.next(interaction, client, browser, signed_in).await
            }
            Found::Over(request) => self.refusal(&request, ErrorCode::InvalidRequestUri),
            Found::Unknown => Err(PageError::RequestUri),
        }
    }

    fn fresh_grant(&self) -> GrantId {
        GrantId::generate(&mut self.ambient.rng())
    }

    async fn client_of<'p>(&self, params: &'p Params) -> Result<ClientKnown<'p>, PageError> {
        let id: ClientId = match params.get("client_id") {
            Ok(Some(id)) => id.parse().map_err(|_| PageError::Client)?,
            _ => return Err(PageError::Client),
        };
        let client = self.clients.find(&id).await?.ok_or(PageError::Client)?;
        if client.is_disabled() { Err(PageError::Disabled) } else { Ok(ClientKnown { params, client }) }
    }

    fn refuse(&self, proven: &RedirectProven<'_>, refusal: &Refusal) -> Result<Answer, PageError> {
        let state = proven.params.get("state").ok().flatten();
        let mode = proven.params.get("response_mode").ok().flatten().and_then(|mode| mode.parse().ok());
        let mode: ResponseMode = mode.unwrap_or_default();
        let response = AuthorizationResponse::error(refusal.code, &refusal.description, state, self.issuer.as_str());
        let signed = mode.is_signed().then(|| answer_algorithm(&proven.client));
        self.answer(&proven.client.id, proven.redirect.clone(), (mode, signed), response)
    }

    /// The answer to a request in which everything holds.
    pub(super) fn answer_to(
        &self,
        request: &AuthorizationRequest,
        response: AuthorizationResponse,
    ) -> Result<Answer, PageError> {
        self.answer(&request.client, request.redirect.clone(), (request.mode, request.signed), response)
    }

    /// Signs the answer where that was asked for (JARM §2.1): nobody on the way can change or mix it up.
    fn answer(
        &self,
        client: &ClientId,
        redirect: ProvenRedirect,
        (mode, signed): (ResponseMode, Option<Algorithm>),
        response: AuthorizationResponse,
    ) -> Result<Answer, PageError> {
        let Some(algorithm) = signed else { return Ok(Answer { redirect, mode, response }) };
        let now = self.ambient.now();
        let mut claims: Map<String, Value> =
            response.parameters().map(|(name, value)| (name.to_owned(), value.into())).collect();
        claims.insert("aud".to_owned(), client.as_str().into());
        claims.insert("exp".to_owned(), now.plus(self.lifetimes.code).seconds().into());
        let token = self.issuance.sign_answer(Typ::Jwt, algorithm, now, &claims).map_err(PageError::Sign)?;
        Ok(Answer { redirect, mode, response: AuthorizationResponse::signed(token) })
    }
}

/// The signature of answers to a client: as registered, or that of its ID tokens.
fn answer_algorithm(client: &Client) -> Algorithm {
    client.metadata.authorization_signed_response_alg.unwrap_or(client.metadata.id_token_signed_response_alg)
}

impl<'p> ClientKnown<'p> {
    /// The address of a pushed request, if there is one.
    fn pushed_uri(&self) -> Option<&'p str> {
        self.params.get("request_uri").ok().flatten().filter(|uri| is_pushed(uri))
    }

    fn prove_redirect(self) -> Result<RedirectProven<'p>, PageError> {
        let presented = self.params.get("redirect_uri").map_err(|_| PageError::Redirect)?;
        let redirect = self.client.metadata.prove_redirect(presented).ok_or(PageError::Redirect)?;
        Ok(RedirectProven { params: self.params, client: self.client, redirect })
    }
}

impl RedirectProven<'_> {
    /// A client may have to push its requests (RFC 9126 §5).
    fn check_pushing(&self) -> Result<(), Refusal> {
        if self.client.metadata.require_pushed_authorization_requests {
            return Err(Refusal::new(ErrorCode::InvalidRequest, "this client has to push its requests: see RFC 9126"));
        }
        Ok(())
    }
}

impl Refusal {
    fn new(code: ErrorCode, description: impl Into<String>) -> Self {
        Self { code, description: description.into() }
    }
}
