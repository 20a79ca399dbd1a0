//! Pushed authorization requests (RFC 9126): the client sends the request itself and gets an address for it.
//!
//! ```text
//! urn:ietf:params:oauth:request_uri: ‖ sealed(expiry, grant, request), bound to the client
//! ```
//!
//! The address holds the request, so nothing is written before it is used. It may be opened as often as a browser reloads,
//! until the request has been answered once: the answer writes its tag down, on every node (RFC 9126 §7.3).

use serde::{Deserialize, Serialize};

use super::{AuthorizationRequest, ClientKnown, PageError, Provider, Refusal};
use crate::{
    clients::Client,
    domain::{
        ambient::Timestamp,
        ids::{ClientId, GrantId},
    },
    provider::{
        client::{Credentials, EndpointError},
        discovery::path,
        proof::Call,
    },
    store::{StoreError, spent},
    wire::oauth::{ErrorCode, Params},
};

/// The answer of the endpoint (RFC 9126 §2.2).
#[derive(Serialize)]
pub struct PushedResponse {
    pub request_uri: String,
    /// Seconds.
    pub expires_in: u64,
}

/// A pushed request whose time has not come to an end.
#[derive(Serialize, Deserialize)]
pub(super) struct Pushed {
    #[serde(rename = "x")]
    expires_at: Timestamp,
    /// The one grant that can come of it.
    #[serde(rename = "g")]
    pub(super) grant: GrantId,
    #[serde(rename = "r")]
    pub(super) request: AuthorizationRequest,
}

/// What became of a `request_uri`.
pub(super) enum Found {
    Pushed(Box<Pushed>),
    /// It is this client's, and too old or answered already.
    Over(Box<AuthorizationRequest>),
    /// Not one that this client was given.
    Unknown,
}

impl Provider {
    /// Takes a request from the client itself (RFC 9126 §2.1). Everything is checked now: the browser comes with nothing new.
    pub async fn push(&self, params: &Params, credentials: Credentials<'_>) -> Result<PushedResponse, EndpointError> {
        params.check()?;
        let proof = self.read_proof(credentials, Call::post(path::PUSH))?;
        let client = self.authenticated(params, credentials).await?;
        let key = self.spend_proof(proof).await?;
        if params.get("request_uri")?.is_some() {
            return Err(EndpointError::new(
                ErrorCode::InvalidRequest,
                "request_uri cannot be pushed: send the request",
            ));
        }
        let id = client.id.clone();
        let known = ClientKnown { params, client };
        let params = self.signed_params(&known).await.map_err(refused)?;
        let proven = ClientKnown { params: &params, client: known.client }.prove_redirect();
        let proven = proven.map_err(|error| EndpointError::new(ErrorCode::InvalidRequest, error.to_string()))?;
        let mut request = proven.check(self).map_err(refused)?;
        // RFC 9449 §10.1: a proof here says the same as dpop_jkt.
        match (&request.dpop_jkt, key) {
            (Some(named), Some(key)) if *named != key => {
                return Err(EndpointError::new(
                    ErrorCode::InvalidDpopProof,
                    "dpop_jkt names another key than the proof",
                ));
            }
            (None, key @ Some(_)) => request.dpop_jkt = key,
            _ => {}
        }
        let grant = GrantId::generate(&mut self.ambient.rng());
        let pushed = Pushed { expires_at: self.ambient.now().plus(self.lifetimes.pushed), grant, request };
        let bytes = serde_json::to_vec(&pushed).unwrap_or_default();
        let sealed = self.keyring.token().seal(PUSHED, id.as_str().as_bytes(), &bytes, &mut self.ambient.rng());
        Ok(PushedResponse { request_uri: [PREFIX, &sealed].concat(), expires_in: self.lifetimes.pushed.as_secs() })
    }

    /// The pushed request of an address that was given to this client.
    pub(super) async fn pushed(&self, client: &Client, request_uri: &str) -> Result<Found, StoreError> {
        let Some(pushed) = self.open_pushed(&client.id, request_uri) else { return Ok(Found::Unknown) };
        let tag = self.pushed_tag(pushed.grant);
        let spent =
            self.store.read::<_, StoreError, _>(move |tx| Box::pin(async move { spent::is_spent(tx, &tag).await }));
        if self.ambient.now() >= pushed.expires_at || spent.await? {
            return Ok(Found::Over(Box::new(pushed.request)));
        }
        Ok(Found::Pushed(Box::new(pushed)))
    }

    fn open_pushed(&self, client: &ClientId, request_uri: &str) -> Option<Pushed> {
        let sealed = request_uri.strip_prefix(PREFIX)?;
        let bytes = self.keyring.token().open(PUSHED, client.as_str().as_bytes(), sealed).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Notes that a pushed request was answered. Who is in the middle of it, in another window, may finish: it is the same grant.
    pub(in crate::provider) async fn end_pushed(&self, grant: GrantId) -> Result<(), PageError> {
        let tag = self.pushed_tag(grant);
        let until = self.ambient.now().plus(self.lifetimes.pushed);
        let spend = self
            .store
            .write::<_, StoreError, _>(move |tx| Box::pin(async move { spent::spend(tx, &tag, until).await }));
        spend.await?;
        Ok(())
    }

    fn pushed_tag(&self, grant: GrantId) -> [u8; 32] {
        self.keyring.vault().tag("pushed", grant.as_bytes())
    }
}

fn refused(refusal: Refusal) -> EndpointError {
    EndpointError::new(refusal.code, refusal.description)
}

/// Whether an address is of the kind that is given out here, and not one to fetch from.
pub(super) fn is_pushed(request_uri: &str) -> bool {
    request_uri.starts_with(PREFIX)
}

const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
const PUSHED: &str = "pushed";
