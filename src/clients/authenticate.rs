//! Client authentication at the token endpoint (RFC 6749 §2.3): exactly the method that was registered.

use std::{net::IpAddr, sync::Arc};

use sha2::{Digest, Sha256};

use super::{CertificateIdentity, Client, Clients, KeysError, Metadata, Profile};
use crate::{
    domain::{ambient::Timestamp, secret::Token},
    store::{StoreError, spent},
    wire::{
        jose::{AssertionVerifier, ClientAssertion, KeySet, PublicKey, Refusal},
        oauth::{AuthMethod, ClientAuthentication, ErrorCode},
    },
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
    #[error("the assertion does not hold: {0}")]
    Assertion(#[from] KeysError),
    #[error("the assertion was used before")]
    Replay,
    #[error("the client has registered no keys")]
    NoKeys,
    #[error("the connection has no certificate, or one that is not the client's")]
    Certificate,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The certificate with which a client's connection was made; it has proved to hold the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-256 of the certificate in base64url: `x5t#S256` (RFC 8705 §3.1).
    pub thumbprint: String,
    /// Absent when it is of a kind that is not known here.
    pub key: Option<PublicKey>,
    /// It is of an authority that is trusted here.
    pub verified: bool,
    /// RFC 4514.
    pub subject: String,
    pub dns: Vec<String>,
    pub uris: Vec<String>,
    pub ips: Vec<IpAddr>,
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

/// By which names a client may call us in an assertion: the issuer always, and where its profile is lenient the endpoints
/// too (RFC 7523 §3, OpenID Connect Core §9).
#[derive(Clone, Copy, Debug)]
pub struct Audience<'a> {
    pub issuer: &'a str,
    pub endpoints: &'a [&'a str],
}

impl Clients {
    /// The client, if it is who it says.
    pub async fn authenticate(
        &self,
        presented: &ClientAuthentication,
        certificate: Option<&Certificate>,
        audience: Audience<'_>,
    ) -> Result<Arc<Client>, AuthenticationError> {
        let id = match presented {
            ClientAuthentication::Assertion { client_id: None, assertion } => {
                ClientAssertion::claimed_client(assertion.expose()).and_then(|id| id.parse().ok())
            }
            presented => presented.client_id().and_then(|id| id.parse().ok()),
        };
        let client = self.find(&id.ok_or(AuthenticationError::Unknown)?).await?.ok_or(AuthenticationError::Unknown)?;
        if client.is_disabled() {
            return Err(AuthenticationError::Disabled);
        }
        match (presented, client.metadata.token_endpoint_auth_method) {
            (ClientAuthentication::None { .. }, AuthMethod::None) => {}
            (ClientAuthentication::SecretBasic { secret, .. }, AuthMethod::ClientSecretBasic)
            | (ClientAuthentication::SecretPost { secret, .. }, AuthMethod::ClientSecretPost) => {
                if !client.has_secret(secret.expose()) {
                    return Err(AuthenticationError::Secret);
                }
            }
            (ClientAuthentication::Assertion { assertion, .. }, AuthMethod::PrivateKeyJwt) => {
                self.check_assertion(&client, assertion.expose(), audience).await?;
            }
            (ClientAuthentication::None { .. }, AuthMethod::TlsClientAuth) => {
                let is_own = |shown: &Certificate| shown.verified && client.metadata.certificate_names(shown);
                certificate.filter(|shown| is_own(shown)).ok_or(AuthenticationError::Certificate)?;
            }
            (ClientAuthentication::None { .. }, AuthMethod::SelfSignedTlsClientAuth) => {
                self.check_certificate(&client, certificate).await?;
            }
            _ => return Err(AuthenticationError::Method),
        }
        Ok(client)
    }

    /// `private_key_jwt`: signed by a key of the client, for us, now, and for the first time.
    async fn check_assertion(
        &self,
        client: &Client,
        assertion: &str,
        audience: Audience<'_>,
    ) -> Result<(), AuthenticationError> {
        let (metadata, now) = (&client.metadata, self.ambient.now());
        let one = metadata.token_endpoint_auth_signing_alg.map(|algorithm| [algorithm]);
        let algorithms = one.as_ref().map_or(metadata.profile.algorithms(), |one| one.as_slice());
        let mut verifier = AssertionVerifier::new(client.id.as_str(), audience.issuer).algorithms(algorithms);
        if metadata.profile == Profile::Openid {
            verifier = verifier.or_audiences(audience.endpoints).audience_may_be_a_list();
        }
        let source = metadata.keys.as_ref().ok_or(AuthenticationError::NoKeys)?;
        let verify = |keys: &KeySet| verifier.verify(assertion, keys, now.seconds());
        let claims = self.keys.verify(source, now, verify).await?.claims;
        let tag = Sha256::new().chain_update(client.id.as_str()).chain_update(" assertion ").chain_update(&claims.jti);
        let (tag, until) = (tag.finalize().into(), Timestamp::from_seconds(claims.expires));
        let spend = self
            .store
            .write::<_, StoreError, _>(move |tx| Box::pin(async move { spent::spend(tx, &tag, until).await }));
        if spend.await? { Ok(()) } else { Err(AuthenticationError::Replay) }
    }

    /// `self_signed_tls_client_auth`: the certificate is for a key of the client.
    async fn check_certificate(
        &self,
        client: &Client,
        certificate: Option<&Certificate>,
    ) -> Result<(), AuthenticationError> {
        let key = certificate.and_then(|shown| shown.key.as_ref()).ok_or(AuthenticationError::Certificate)?;
        let source = client.metadata.keys.as_ref().ok_or(AuthenticationError::NoKeys)?;
        let holds = |keys: &KeySet| if keys.holds(key) { Ok(()) } else { Err(Refusal::Key) };
        let held = self.keys.verify(source, self.ambient.now(), holds).await;
        held.map_err(|_| AuthenticationError::Certificate)
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

impl Metadata {
    /// Whether a certificate says what the client registered (RFC 8705 §2.1.2).
    fn certificate_names(&self, shown: &Certificate) -> bool {
        match &self.certificate {
            None => false,
            Some(CertificateIdentity::SubjectDn(subject)) => shown.subject == *subject,
            Some(CertificateIdentity::Dns(name)) => shown.dns.contains(&name.to_ascii_lowercase()),
            Some(CertificateIdentity::Uri(uri)) => shown.uris.contains(uri),
            Some(CertificateIdentity::Ip(address)) => address.parse().is_ok_and(|address| shown.ips.contains(&address)),
            Some(CertificateIdentity::Email(address)) => shown.emails.contains(address),
        }
    }
}
