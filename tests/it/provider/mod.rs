//! OpenID Connect as it is served: transcripts over HTTP. Names that begin with a letter and a number are rows of the
//! list of hostile inputs that this provider is held to.

mod authorize;
mod claims;
mod discovery;
mod refresh;
mod token;
mod userinfo;
