//! OpenID Connect: what the endpoints do, without HTTP and without pages.
//!
//! [`authorize`] is an ordered list of small checks; [`interaction`] the steps a citizen goes through between the
//! request and its answer; `code` is what that answer carries; [`token`] spends it, and refresh tokens; [`userinfo`],
//! [`end_session`] and [`discovery`] are what their names say; [`logout`] tells the forums that a session has ended.

pub mod authorize;
pub mod client;
mod code;
mod constant;
pub mod discovery;
pub mod end_session;
pub mod interaction;
pub mod introspection;
pub mod logout;
mod proof;
mod recognise;
pub mod rehearsal;
pub mod token;
pub mod userinfo;
mod voice;

use std::{ops::Deref, sync::Arc, time::Duration};

use crate::{
    attributes::Attributes,
    clients::Clients,
    consent::Consents,
    domain::{
        ambient::{Ambient, Timestamp},
        authentication::Acr,
        ids::{AccountId, PersonId, Sector},
        issuer::Issuer,
        secret::TokenHash,
    },
    issuance::{self, Issuance},
    keyring::Keyring,
    pseudonym::Pseudonyms,
    store::Store,
    transparency::{Institutions, Owners, Transparency},
};

/// The endpoints. Every request has its own handle: one count to change, not one for each of the services.
#[derive(Clone)]
pub struct Provider(Arc<Endpoints>);

/// The services that the endpoints are made of.
pub struct Endpoints {
    pub(crate) name: String,
    pub(crate) issuer: Issuer,
    pub(crate) mtls: Option<Mtls>,
    pub(crate) store: Store,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) clients: Clients,
    pub(crate) pseudonyms: Pseudonyms,
    pub(crate) consents: Consents,
    pub(crate) attributes: Attributes,
    pub(crate) transparency: Transparency,
    pub(crate) issuance: Issuance,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) ambient: Ambient,
    discovery: discovery::Encoded,
    repeats: constant::Repeats,
}

impl Deref for Provider {
    type Target = Endpoints;

    fn deref(&self) -> &Endpoints {
        &self.0
    }
}

/// A citizen who is signed in, as far as the protocol has to know.
#[derive(Clone)]
pub struct Authentication {
    pub account: AccountId,
    pub person: PersonId,
    pub at: Timestamp,
    pub acr: Acr,
    pub amr: Vec<String>,
    /// Stands for the session, and is not its token.
    pub session_tag: [u8; 32],
    /// By which the session is found while it lives.
    pub session: TokenHash,
}

/// How long what is issued lives.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// Of a pushed request, until a browser brings it (RFC 9126 §2.2).
    pub pushed: Duration,
    pub code: Duration,
    pub id_token: Duration,
    pub access_token: Duration,
    pub refresh: Duration,
    /// Two refreshes at once: within this time the second is refused without revoking the family.
    pub refresh_race: Duration,
}

/// The listener that asks for client certificates (RFC 8705 §5).
#[derive(Clone, Debug)]
pub struct Mtls {
    pub origin: String,
    /// Certificates of some authority are verified there, so their names can be believed.
    pub authorities: bool,
}

/// The parts that a [`Provider`] is put together from.
pub struct Parts {
    /// Of the service, as pages show it.
    pub name: String,
    pub issuer: Issuer,
    pub mtls: Option<Mtls>,
    pub store: Store,
    pub keyring: Arc<Keyring>,
    pub clients: Clients,
    pub pseudonyms: Pseudonyms,
    pub consents: Consents,
    pub attributes: Attributes,
    pub transparency: Transparency,
    pub owners: Owners,
    pub institutions: Institutions,
    pub lifetimes: Lifetimes,
    pub ambient: Ambient,
}

impl Provider {
    pub fn new(parts: Parts) -> Self {
        let seconds = |span: Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
        let lifetimes = issuance::Lifetimes {
            id_token: seconds(parts.lifetimes.id_token),
            access_token: seconds(parts.lifetimes.access_token),
        };
        let issuance = Issuance::new(
            parts.issuer.as_str(),
            Arc::clone(&parts.keyring),
            parts.attributes.clone(),
            (parts.owners, parts.institutions),
            parts.ambient.clone(),
            lifetimes,
        );
        Self(Arc::new(Endpoints {
            name: parts.name,
            issuer: parts.issuer,
            mtls: parts.mtls,
            store: parts.store,
            keyring: parts.keyring,
            clients: parts.clients,
            pseudonyms: parts.pseudonyms,
            consents: parts.consents,
            attributes: parts.attributes,
            transparency: parts.transparency,
            issuance,
            lifetimes: parts.lifetimes,
            ambient: parts.ambient,
            discovery: discovery::Encoded::default(),
            repeats: constant::Repeats::default(),
        }))
    }

    /// Of the service, as pages show it.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    pub fn pseudonyms(&self) -> &Pseudonyms {
        &self.pseudonyms
    }

    pub fn consents(&self) -> &Consents {
        &self.consents
    }

    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// The public keys, as served at `jwks_uri`.
    pub fn jwks(&self) -> Arc<str> {
        self.keyring.jwks(self.ambient.now())
    }

    /// The `sid` of a session in a sector: nothing in it is equal in another forum.
    fn sid(&self, session_tag: &[u8; 32], sector: &Sector) -> String {
        let mut text = session_tag.to_vec();
        text.extend(sector.as_str().as_bytes());
        let tag = self.keyring.vault().tag("sid", &text);
        data_encoding::BASE64URL_NOPAD.encode(tag.get(..16).unwrap_or_default())
    }
}
