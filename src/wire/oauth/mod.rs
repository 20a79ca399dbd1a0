//! OAuth 2.0 and OpenID Connect on the wire: what comes in as parameters, what goes out as JSON or as a redirect.
//!
//! Nothing here knows a client, a person or a clock: these are the forms of RFC 6749, RFC 7636, RFC 8414, RFC 9207 and
//! OpenID Connect Core and Discovery, parsed once into types that cannot be wrong.

mod claims_request;
mod client_authentication;
mod error;
mod metadata;
mod params;
mod pkce;
mod redirect;
mod registration;
mod response;
mod values;
mod verified_claims;

pub use claims_request::{ClaimRequest, ClaimsRequest, ClaimsRequestError};
pub use client_authentication::{AuthMethod, ClientAuthentication, ClientAuthenticationError, PresentedSecret};
pub use error::ErrorCode;
pub use metadata::{EndpointAliases, ProviderMetadata, TlogMetadata};
pub use params::{Defect, MAX_BODY, MAX_QUERY, ParamError, Params, ParamsError};
pub use pkce::{CodeChallenge, CodeVerifier, PkceError};
pub use redirect::{ApplicationType, ProvenRedirect, RedirectUri, RedirectUriError};
pub use registration::{RegistrationBodyError, registration_members};
pub use response::{AuthorizationResponse, ErrorResponse, TokenOwner, TokenResponse, TokenType};
pub use values::{Prompt, Prompts, PromptsError, ResponseMode, ResponseType, Scope, ScopeError, UnknownValue};
pub use verified_claims::VerifiedClaimsRequest;
