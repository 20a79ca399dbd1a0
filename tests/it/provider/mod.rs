//! OpenID Connect as it is served: transcripts over HTTP. Names that begin with a letter and a number are rows of the
//! list of hostile inputs that this provider is held to.

mod authorize;
mod claims;
mod claims_parameter;
mod consent;
mod contenders;
mod disabled;
mod discovery;
mod endings;
mod faults;
mod forged;
mod hostile_dpop;
mod hostile_par;
mod hostile_requests;
mod hostile_tokens;
mod lengths;
mod logged;
mod logout;
mod mutual_tls;
mod pseudonyms;
mod refresh;
mod registered;
mod sign_out;
mod signed_requests;
mod strangers;
mod subjects;
mod token;
mod two_nodes;
mod userinfo;
mod ways;
