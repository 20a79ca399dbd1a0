//! What the endpoints that clients call have in common: who calls, with what proof, and how they are refused
//! (RFC 6749 §2.3, §5.2; RFC 9449 §5, §8; RFC 8705).

use std::sync::Arc;

use super::{Provider, discovery::path};
use crate::{
    clients::{Audience, AuthenticationError, Certificate, Client},
    store::StoreError,
    wire::oauth::{ClientAuthentication, ClientAuthenticationError, ErrorCode, ParamError, Params},
};

/// What came with a request besides its parameters: the values of its headers, and the certificate of its connection.
#[derive(Clone, Copy, Default)]
pub struct Credentials<'a> {
    /// The values of the `Authorization` headers.
    pub authorization: &'a [&'a [u8]],
    /// The values of the `DPoP` headers.
    pub dpop: &'a [&'a [u8]],
    pub certificate: Option<&'a Certificate>,
}

/// Why an endpoint of clients refuses.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {description}")]
pub struct EndpointError {
    pub code: ErrorCode,
    pub description: String,
    /// The client used the `Authorization` header, so a refusal names the scheme (RFC 6749 §5.2).
    pub challenge: bool,
}

impl Provider {
    /// The client that calls, if it is who it says.
    pub(super) async fn authenticated(
        &self,
        params: &Params,
        credentials: Credentials<'_>,
    ) -> Result<Arc<Client>, EndpointError> {
        let basic = !credentials.authorization.is_empty();
        let presented = ClientAuthentication::extract(credentials.authorization.iter().copied(), params)
            .map_err(|error| error_of(&error, basic))?;
        let paths = [path::TOKEN, path::PUSH, path::INTROSPECT, path::REVOKE];
        let mtls = self.mtls.as_ref().map(|mtls| mtls.origin.as_str());
        let origins = std::iter::once(self.issuer.as_str()).chain(mtls);
        let endpoints: Vec<_> = origins.flat_map(|origin| paths.map(|path| [origin, path].concat())).collect();
        let endpoints: Vec<_> = endpoints.iter().map(String::as_str).collect();
        let audience = Audience { issuer: self.issuer.as_str(), endpoints: &endpoints };
        let client = self.clients.authenticate(&presented, credentials.certificate, audience).await;
        client.map_err(|error| refused(error, basic))
    }

    /// The same, where a client that keeps no secret has nothing to ask.
    pub(super) async fn confidential(
        &self,
        params: &Params,
        credentials: Credentials<'_>,
    ) -> Result<Arc<Client>, EndpointError> {
        let client = self.authenticated(params, credentials).await?;
        if client.is_confidential() { Ok(client) } else { Err(ErrorCode::InvalidClient.into()) }
    }
}

impl EndpointError {
    pub(super) fn new(code: ErrorCode, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), challenge: false }
    }
}

impl From<ErrorCode> for EndpointError {
    fn from(code: ErrorCode) -> Self {
        Self::new(code, code.meaning())
    }
}

impl From<ParamError> for EndpointError {
    fn from(error: ParamError) -> Self {
        Self::new(ErrorCode::InvalidRequest, error.to_string())
    }
}

impl From<StoreError> for EndpointError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "an endpoint of clients cannot use the database");
        let passing = error.is_passing();
        if passing { ErrorCode::TemporarilyUnavailable.into() } else { ErrorCode::ServerError.into() }
    }
}

fn error_of(error: &ClientAuthenticationError, challenge: bool) -> EndpointError {
    EndpointError { challenge, ..EndpointError::new(error.code(), error.to_string()) }
}

/// The client learns that it is not believed, never why.
fn refused(error: AuthenticationError, challenge: bool) -> EndpointError {
    if let AuthenticationError::Store(error) = error {
        return error.into();
    }
    tracing::info!(target: "audit", %error, "a client was refused");
    EndpointError { challenge, ..error.code().into() }
}
