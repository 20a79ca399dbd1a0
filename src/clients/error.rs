//! Why a registration is refused: the member as the standards name it, the reason, the remedy.

use super::{KeySourceError, OutboundError, Profile, SectorDocumentError};
use crate::{
    domain::{
        claim::Quality,
        ids::{ClientId, Sector},
    },
    store::StoreError,
    wire::oauth::{ErrorCode, RedirectUriError, RegistrationBodyError},
};

/// A refusal. Each sentence may stand in an `error_description`.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    #[error(transparent)]
    Body(#[from] RegistrationBodyError),
    #[error("{0}: {1}")]
    Form(String, String),
    #[error("client_name has to be 1 to 80 visible characters")]
    Name,
    #[error("client_name has to be of one script, and without < and >: another name could be read into it")]
    MisleadingName,
    #[error("client_name is, or looks like, that of {0}: members could take one for the other")]
    NameTaken(String),
    #[error("client_id {0} is taken: choose another, or leave it out")]
    IdTaken(ClientId),
    #[error("{0}: {2} ({1})")]
    RedirectUri(&'static str, String, RedirectUriError),
    #[error("{0} has to hold {1} addresses")]
    HowMany(&'static str, &'static str),
    #[error("{0} has to be an https address of at most 2,000 characters, without user information")]
    Address(&'static str),
    #[error("{0} is longer than {1} characters: give a shorter address")]
    TooLong(&'static str, usize),
    #[error("{0} is not in canonical spelling: write {1}")]
    NotCanonical(&'static str, String),
    #[error("{0} has a fragment: leave out # and what follows")]
    Fragment(&'static str),
    #[error("{0}: {1}")]
    Outbound(&'static str, OutboundError),
    #[error("{0} has to be at the origin of a redirect URI")]
    NotAtHome(&'static str),
    #[error("scope: {0} is unknown; use openid, profile, age, residence, sex, roles and offline_access")]
    Scope(String),
    #[error("scope has to hold openid")]
    NoOpenid,
    #[error("required: {0} is not among what the scope asks for")]
    Required(Quality),
    #[error("age_brackets: {0}")]
    Brackets(String),
    #[error("sector: the redirect URIs have several hosts; name the one that pseudonyms belong to: {}", .0.join(", "))]
    SeveralHosts(Vec<String>),
    #[error(
        "sector_identifier_uri has to be there, because the redirect URIs have several hosts ({}): one of them serves \
         the list of all redirect URIs at that address",
        .0.join(", ")
    )]
    NoSectorDocument(Vec<String>),
    #[error(transparent)]
    SectorDocument(#[from] SectorDocumentError),
    #[error(
        "sector_identifier_uri: a loopback address is everybody's own machine, and no list makes it part of a sector"
    )]
    LoopbackInSector,
    #[error("sector: {0} is not a host in lower case, with a port if it has one")]
    Sector(String),
    #[error("sector: sector_identifier_uri makes it {0}; leave one of the two out")]
    TwoSectors(Sector),
    #[error(
        "sector: no client has {sector} yet, and it is not where this one is; leave it out, or name {}",
        .instead.join(", ")
    )]
    Elsewhere { sector: Sector, instead: Vec<String> },
    #[error(
        "sector: {sector} is that of {}; both would know their members by the same sub, which their operators have to \
         agree to and members have to be told: join_sector (--join-sector) says so",
        .clients.join(", ")
    )]
    Shared { sector: Sector, clients: Vec<String> },
    #[error(
        "sector_identifier_uri: {sector} is the sector of {} already; the list has to hold their redirect URIs too",
        .clients.join(", ")
    )]
    NotListed { sector: Sector, clients: Vec<String> },
    #[error("join_sector: no client has the sector {0}; look at its spelling, or leave join_sector out")]
    NothingToJoin(Sector),
    #[error(
        "{member}: the sector of this client is {sector}, and it stays: members would become strangers to their own \
         posts; register another client"
    )]
    SectorChanges { member: &'static str, sector: Sector },
    #[error(
        "redirect_uris: {} is not where this client was; members keep the sub by which it knows them, so it has to be the \
         same forum: --moved says so",
        .0.join(", ")
    )]
    Moved(Vec<String>),
    #[error("heteronyms_per_person: the sector {0} has {1} already, and that cannot be changed")]
    Policy(Sector, i64),
    #[error("heteronyms_per_person has to be 1 to 100")]
    Heteronyms,
    #[error("{0}: only {1} is served")]
    NotServed(&'static str, &'static str),
    #[error("{0}: the value is not one that clients of the profile {1} may have")]
    NotOfProfile(&'static str, Profile),
    #[error("jwks or jwks_uri has to be there: the client signs something")]
    NoKeys,
    #[error(transparent)]
    Keys(#[from] KeySourceError),
    #[error(
        "one of tls_client_auth_subject_dn, _san_dns, _san_uri, _san_ip and _san_email has to be there, and no other"
    )]
    Certificate,
    #[error("tls_client_auth_* is for the token_endpoint_auth_method tls_client_auth alone")]
    StrayCertificate,
    #[error("contacts has to hold at most 10 texts of 3 to 200 characters")]
    Contacts,
    #[error("client_id has to be there, and the one of this registration")]
    OtherClient,
    #[error("client_secret is not the one of this client; leave it out")]
    OtherSecret,
    #[error("{0} is this server's to say; leave it out")]
    NotYours(&'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RegistrationError {
    /// On the wire (RFC 7591 §3.2.2).
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Store(error) if error.is_passing() => ErrorCode::TemporarilyUnavailable,
            Self::Store(_) => ErrorCode::ServerError,
            _ if self.member() == Some("redirect_uris") => ErrorCode::InvalidRedirectUri,
            _ => ErrorCode::InvalidClientMetadata,
        }
    }

    /// The member that is at fault.
    pub fn member(&self) -> Option<&str> {
        Some(match self {
            Self::Body(_) | Self::Store(_) => return None,
            Self::Form(member, _) => member,
            Self::RedirectUri(member, ..)
            | Self::HowMany(member, _)
            | Self::Address(member)
            | Self::TooLong(member, _)
            | Self::NotCanonical(member, _)
            | Self::Fragment(member)
            | Self::Outbound(member, _)
            | Self::NotAtHome(member)
            | Self::SectorChanges { member, .. }
            | Self::NotServed(member, _)
            | Self::NotOfProfile(member, _)
            | Self::NotYours(member) => member,
            Self::Moved(_) => "redirect_uris",
            Self::Name | Self::MisleadingName | Self::NameTaken(_) => "client_name",
            Self::IdTaken(_) | Self::OtherClient => "client_id",
            Self::Scope(_) | Self::NoOpenid => "scope",
            Self::Required(_) => "required",
            Self::Brackets(_) => "age_brackets",
            Self::SeveralHosts(_) | Self::Sector(_) | Self::Elsewhere { .. } | Self::TwoSectors(_) => "sector",
            Self::NoSectorDocument(_) | Self::SectorDocument(_) | Self::LoopbackInSector | Self::NotListed { .. } => {
                "sector_identifier_uri"
            }
            Self::Shared { .. } | Self::NothingToJoin(_) => "join_sector",
            Self::Policy(..) | Self::Heteronyms => "heteronyms_per_person",
            Self::NoKeys | Self::Keys(KeySourceError::Both | KeySourceError::Inline(_)) => "jwks",
            Self::Keys(KeySourceError::Uri(_)) => "jwks_uri",
            Self::Certificate | Self::StrayCertificate => "tls_client_auth_subject_dn",
            Self::Contacts => "contacts",
            Self::OtherSecret => "client_secret",
        })
    }
}
