//! Requests that the client signed: which parameters count (RFC 9101 §6.3, OpenID Connect Core §6.1).

use std::borrow::Cow;

use super::{ClientKnown, Provider, Refusal, is_pushed};
use crate::{
    clients::Profile,
    wire::oauth::{ErrorCode, Params},
};

impl Provider {
    /// The parameters of a request: those in its request object, if it has one. Where the client's profile is lenient, those
    /// beside the object count too, as far as it does not say otherwise (OpenID Connect Core §6.1).
    pub(super) async fn signed_params<'p>(&self, known: &ClientKnown<'p>) -> Result<Cow<'p, Params>, Refusal> {
        let get = |name| known.params.get(name).map_err(|error| super::request::defective(&error));
        let object = match (get("request")?, get("request_uri")?) {
            (None, None) if known.client.metadata.require_signed_request_object => {
                return Err(Refusal::new(
                    ErrorCode::InvalidRequest,
                    "this client has to sign its requests: see RFC 9101",
                ));
            }
            (None, None) => return Ok(Cow::Borrowed(known.params)),
            (Some(_), Some(_)) => {
                return Err(Refusal::new(ErrorCode::InvalidRequest, "request and request_uri exclude each other"));
            }
            (Some(object), None) => object.to_owned(),
            (None, Some(uri)) if is_pushed(uri) => return Err(ErrorCode::InvalidRequestUri.into()),
            (None, Some(uri)) => {
                let fetched = self.clients.fetch_request_object(&known.client, uri).await;
                let fetched = fetched.ok_or(Refusal::from(ErrorCode::RequestUriNotSupported))?;
                fetched.map_err(|error| unbelieved(&error, ErrorCode::InvalidRequestUri))?
            }
        };
        let claims = self.clients.request_object(&known.client, self.issuer.as_str(), &object).await;
        let claims = claims.map_err(|error| unbelieved(&error, ErrorCode::InvalidRequestObject))?;
        let signed = Params::of_request_object(&claims);
        let signed = signed.map_err(|error| Refusal::new(ErrorCode::InvalidRequestObject, error.to_string()))?;
        Ok(Cow::Owned(match known.client.metadata.profile {
            Profile::Openid => signed.over(known.params),
            Profile::Strict | Profile::Fapi2 => signed,
        }))
    }
}

fn unbelieved(error: &crate::clients::RequestObjectError, code: ErrorCode) -> Refusal {
    tracing::info!(target: "audit", %error, "a request object was refused");
    code.into()
}
