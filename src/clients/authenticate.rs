//! Client authentication at the token endpoint (RFC 6749 §2.3): exactly the method that was registered.

use std::sync::Arc;

use super::{Client, Clients};
use crate::{
    domain::secret::Token,
    store::StoreError,
    wire::oauth::{AuthMethod, ClientAuthentication, ErrorCode},
};

/// Why a client is not believed. What is wrong stays in the log: the client only learns that it is.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    #[error("the client is unknown")]
    Unknown,
    #[error("the client is disabled")]
    Disabled,
    #[error("the client is registered for another method")]
    Method,
    #[error("the secret is wrong")]
    Secret,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The certificate with which a client's connection was made; it has proved to hold the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-256 of the certificate in base64url: `x5t#S256` (RFC 8705 §3.1).
    pub thumbprint: String,
    /// It is of an authority that is trusted here.
    pub verified: bool,
    /// RFC 4514.
    pub subject: String,
    pub dns: Vec<String>,
    pub uris: Vec<String>,
    pub ips: Vec<String>,
    pub emails: Vec<String>,
}

impl AuthenticationError {
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Store(error) if error.is_passing() => ErrorCode::TemporarilyUnavailable,
            Self::Store(_) => ErrorCode::ServerError,
            _ => ErrorCode::InvalidClient,
        }
    }
}

impl Clients {
    /// The client, if it is who it says.
    pub async fn authenticate(&self, presented: &ClientAuthentication) -> Result<Arc<Client>, AuthenticationError> {
        let id = presented.client_id().and_then(|id| id.parse().ok()).ok_or(AuthenticationError::Unknown)?;
        let client = self.find(&id).await?.ok_or(AuthenticationError::Unknown)?;
        if client.is_disabled() {
            return Err(AuthenticationError::Disabled);
        }
        if presented.method() != client.metadata.token_endpoint_auth_method {
            return Err(AuthenticationError::Method);
        }
        match presented {
            ClientAuthentication::None { .. } => Ok(client),
            ClientAuthentication::SecretBasic { secret, .. } | ClientAuthentication::SecretPost { secret, .. } => {
                client.has_secret(secret.expose()).then_some(client).ok_or(AuthenticationError::Secret)
            }
            ClientAuthentication::Assertion { .. } => Err(AuthenticationError::Method),
        }
    }
}

impl Client {
    /// Compares in constant time, as hashes.
    fn has_secret(&self, presented: &str) -> bool {
        self.secret_hash.is_some_and(|hash| hash == Token::presented(presented).hash())
    }

    /// Whether it keeps a secret.
    pub fn is_confidential(&self) -> bool {
        self.metadata.token_endpoint_auth_method != AuthMethod::None
    }
}
