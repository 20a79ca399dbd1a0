//! Why nothing was fetched.

use std::{error::Error, io, path::PathBuf};

/// Why an address is refused or gave nothing. Each sentence may stand in the operator's log and, after the name of the
/// member, in the `error_description` of a registration (RFC 7591 §3.2.2): none says which address a name has, whether a
/// private name exists, or what the other side answered.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum OutboundError {
    #[error("the address is longer than 2,000 bytes")]
    TooLong,
    #[error("the address is not an absolute URL with a host")]
    NotAUrl,
    #[error("the address does not begin with https")]
    Scheme,
    #[error("the address holds a user name or a password: leave it out")]
    UserInfo,
    #[error("the address has a fragment: leave out # and what follows")]
    Fragment,
    #[error("the address is not in canonical spelling: write {0}")]
    NotCanonical(String),
    #[error("the host is not the full name of a host on the Internet, such as forum.example")]
    Host,
    #[error("the address is one of this provider's own")]
    Ourselves,
    /// One sentence for a name that does not exist and for one that leads inside: the difference is nobody's business.
    #[error(
        "the host has no public address, or one that is not public (outbound.allow in the provider's configuration names exceptions)"
    )]
    NoPublicAddress,
    #[error("the host cannot be reached, or broke off")]
    Unreachable,
    #[error("the host has no certificate for its name that browsers trust, or its TLS is older than 1.2")]
    Certificate,
    #[error("the answer took too long")]
    TooSlow,
    #[error("the answer has the status {0}, not 200 (redirects are not followed)")]
    Status(u16),
    #[error("the answer is compressed, which was not asked for")]
    Compressed,
    #[error("the answer is longer than {0} bytes")]
    TooLarge(usize),
}

impl OutboundError {
    /// Of a connection that came to nothing. The library's own text names addresses, so only its kind is taken.
    pub(super) fn from_failed(error: &reqwest::Error) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if error.is::<rustls::Error>() {
                return Self::Certificate;
            }
            // An `io::Error` does not give what it wraps as its source.
            cause = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                Some(wrapped) => Some(wrapped),
                None => error.source(),
            };
        }
        Self::Unreachable
    }
}

/// Why requests cannot be made at all; each names the setting.
#[derive(Debug, thiserror::Error)]
pub enum OutboundSetupError {
    #[error(
        "outbound.allow: {0:?} is not a host in canonical spelling with a port where only that is meant, such as \
         forum.test, forum.test:8443, 127.0.0.1:8401 or [::1]"
    )]
    Allow(String),
    #[error("outbound.extra_ca: cannot read {0}: {1}")]
    Unreadable(PathBuf, #[source] io::Error),
    #[error("outbound.extra_ca: {0} holds no certificate in PEM")]
    NoCertificate(PathBuf),
    #[error("outbound.extra_ca: TLS cannot be set up with it: {0}")]
    Tls(#[source] reqwest::Error),
}
