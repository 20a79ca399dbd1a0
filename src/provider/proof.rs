//! Proof that a client holds the key which its tokens are bound to: `DPoP` (RFC 9449) or a client certificate (RFC 8705).
//!
//! A proof is good once, on every node, and carries a nonce of ours, so that none can be made ahead (RFC 9449 §8, §11.1).
//! The nonce is the time, sealed: no node has to remember it.

use std::time::Duration;

use super::{
    Provider,
    client::{Credentials, EndpointError},
};
use crate::{
    clients::Client,
    domain::ambient::Timestamp,
    issuance::Binding,
    store::{StoreError, spent},
    wire::{
        jose::{DpopError, DpopExpectation, DpopProof, MAX_PROOF_AGE, Thumbprint},
        oauth::ErrorCode,
    },
};

/// What a proof has to be for.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) method: &'a str,
    /// Below the issuer.
    pub(super) path: &'a str,
    pub(super) access_token: Option<&'a str>,
}

impl Call<'_> {
    pub(super) const fn post(path: &str) -> Call<'_> {
        Call { method: "POST", path, access_token: None }
    }
}

impl Provider {
    /// The proof that came with a request, if one did, with a nonce that is fresh. Nothing is written: a client that has to
    /// come again with a nonce may come with everything else unchanged.
    pub(super) fn read_proof(
        &self,
        credentials: Credentials<'_>,
        call: Call<'_>,
    ) -> Result<Option<DpopProof>, EndpointError> {
        if credentials.dpop.is_empty() {
            return Ok(None);
        }
        let (now, url) = (self.ambient.now(), self.issuer.at(call.path));
        let verify = |url: &str| {
            let (method, access_token) = (call.method, call.access_token);
            let expected = DpopExpectation { method, url, now: now.seconds(), access_token };
            DpopProof::verify(credentials.dpop.iter().copied(), &expected)
        };
        let proof = match (verify(&url), &self.mtls) {
            // By the other listener the endpoint has another name (RFC 8705 §5).
            (Err(DpopError::Url), Some(mtls)) => verify(&[mtls.origin.as_str(), call.path].concat()),
            (outcome, _) => outcome,
        };
        let proof = proof.map_err(|error| EndpointError::new(ErrorCode::InvalidDpopProof, error.to_string()))?;
        if proof.nonce.as_deref().is_some_and(|nonce| self.is_fresh_nonce(nonce, now)) {
            Ok(Some(proof))
        } else {
            Err(ErrorCode::UseDpopNonce.into())
        }
    }

    /// The key of a proof, which is spent: one that came before is refused.
    pub(super) async fn spend_proof(&self, proof: Option<DpopProof>) -> Result<Option<Thumbprint>, EndpointError> {
        let Some(proof) = proof else { return Ok(None) };
        let tag = self.keyring.vault().tag("dpop", [proof.thumbprint.as_str(), ".", &proof.jti].concat().as_bytes());
        let until = Timestamp::from_seconds(proof.iat.saturating_add(MAX_PROOF_AGE));
        let spend = self
            .store
            .write::<_, StoreError, _>(move |tx| Box::pin(async move { spent::spend(tx, &tag, until).await }));
        if !spend.await? {
            return Err(EndpointError::new(ErrorCode::InvalidDpopProof, "the DPoP proof was used before"));
        }
        Ok(Some(proof.thumbprint))
    }

    /// A nonce for the next proof.
    pub fn dpop_nonce(&self) -> String {
        let now = self.ambient.now().0.to_be_bytes();
        self.keyring.token().seal(NONCE, b"", &now, &mut self.ambient.rng())
    }

    fn is_fresh_nonce(&self, nonce: &str, now: Timestamp) -> bool {
        let opened = self.keyring.token().open(NONCE, b"", nonce).ok();
        let made = opened.and_then(|bytes| bytes.as_slice().try_into().ok()).map(i64::from_be_bytes);
        // Another node's clock may be ahead a little.
        made.is_some_and(|made| now < Timestamp(made).plus(NONCE_LIFE) && Timestamp(made) < now.plus(CLOCKS_DIFFER))
    }
}

/// What the tokens of this request are bound to: what the client shows, and has to show where it is registered so.
pub(super) fn binding(
    client: &Client,
    credentials: Credentials<'_>,
    key: Option<Thumbprint>,
) -> Result<Option<Binding>, EndpointError> {
    let metadata = &client.metadata;
    if let Some(key) = key {
        return Ok(Some(Binding::Dpop(key)));
    }
    if metadata.dpop_bound_access_tokens {
        let why = "this client is registered for DPoP-bound access tokens: send a DPoP proof";
        return Err(EndpointError::new(ErrorCode::InvalidDpopProof, why));
    }
    if !metadata.tls_client_certificate_bound_access_tokens {
        return Ok(None);
    }
    match credentials.certificate {
        Some(certificate) => Ok(Some(Binding::Certificate(certificate.thumbprint.clone()))),
        None => Err(EndpointError::new(
            ErrorCode::InvalidRequest,
            "this client is registered for certificate-bound access tokens: come with the certificate",
        )),
    }
}

const NONCE: &str = "dpop-nonce";
const NONCE_LIFE: Duration = Duration::from_mins(5);
const CLOCKS_DIFFER: Duration = Duration::from_secs(10);
