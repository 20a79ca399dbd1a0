//! Requests that a client signed (RFC 9101, OpenID Connect Core §6): verified with its own keys, by its own algorithm, and
//! fetched from nowhere but where it registered.

use super::{Client, Clients, KeysError, OutboundError, Profile};
use crate::wire::jose::{KeySet, RequestObject, RequestObjectVerifier};

/// Why a request object is not believed. For the log; the client reads that it is not.
#[derive(Debug, thiserror::Error)]
pub enum RequestObjectError {
    #[error("the client has registered no keys")]
    NoKeys,
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error("request_uri: {0}")]
    Outbound(#[from] OutboundError),
    #[error("what request_uri gives is no text")]
    NotText,
}

impl Clients {
    /// The parameters of a request object of this client.
    pub async fn request_object(
        &self,
        client: &Client,
        issuer: &str,
        object: &str,
    ) -> Result<RequestObject, RequestObjectError> {
        let (metadata, now) = (&client.metadata, self.ambient.now());
        let one = metadata.request_object_signing_alg.map(|algorithm| [algorithm]);
        let algorithms = one.as_ref().map_or(metadata.profile.algorithms(), |one| one.as_slice());
        let verifier = RequestObjectVerifier::new(client.id.as_str(), issuer).algorithms(algorithms);
        let verifier = match metadata.profile {
            Profile::Strict => verifier,
            // OpenID Connect Core knows no typ.
            Profile::Openid => verifier.typ_may_be_jwt().audience_list_may_name_others(),
            // FAPI 2.0 Message Signing §5.3.1.
            Profile::Fapi2 => verifier.nbf_required(),
        };
        let source = metadata.keys.as_ref().ok_or(RequestObjectError::NoKeys)?;
        let verify = |keys: &KeySet| verifier.verify(object, keys, now.seconds());
        Ok(self.keys.verify(source, now, verify).await?.claims)
    }

    /// The request object at an address, if the client registered that address. A fragment is the hash of what is there, by
    /// which a client says that it has changed (OpenID Connect Core §6.2): nothing is kept here that could be old.
    pub async fn fetch_request_object(
        &self,
        client: &Client,
        request_uri: &str,
    ) -> Option<Result<String, RequestObjectError>> {
        let address = |uri: &str| uri.split('#').next().unwrap_or_default().to_owned();
        let wanted = address(request_uri);
        client.metadata.request_uris.iter().find(|registered| address(registered) == wanted)?;
        Some(match self.outbound.get(&wanted).await {
            Ok(body) => String::from_utf8(body).map_err(|_| RequestObjectError::NotText),
            Err(error) => Err(error.into()),
        })
    }
}
