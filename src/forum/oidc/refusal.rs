//! Why a sign-in ended without a session: one name for the page, the log and the tests.

use openidconnect::{ClaimsVerificationError, SignatureVerificationError};

use crate::forum::log::Unlogged;

/// An answer of the provider that is not accepted, or a request that could not be made.
///
/// None carries a value of the answer: a log line tells the kind alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::forum) enum Refusal {
    #[error("the provider cannot be reached")]
    Unreachable,
    #[error("the provider's own description is not the one of the configured issuer")]
    Discovery,
    #[error("the person, or the provider, said no")]
    Denied,
    #[error("the provider cannot serve right now")]
    Unavailable,
    #[error("the provider found fault with this forum's request")]
    Misconfigured,
    #[error("the answer belongs to no sign-in begun in this browser, or to one that was answered already")]
    State,
    #[error("the answer is incomplete")]
    Incomplete,
    #[error("the answer or its token comes from another issuer")]
    Issuer,
    #[error("the provider did not accept the code")]
    Code,
    #[error("there is no ID token, or one that cannot be read")]
    Token,
    #[error("the ID token is for another forum")]
    Audience,
    #[error("the ID token answers another sign-in")]
    Nonce,
    #[error("the ID token is signed with another algorithm than the one agreed")]
    Algorithm,
    #[error("the ID token's signature is wrong, or made with an unknown key")]
    Signature,
    #[error("the ID token has expired, or its times cannot be true")]
    Expired,
    #[error("the subject cannot be one, or is another in the second answer")]
    Subject,
    #[error("the provider's statement about the person cannot be read")]
    UserInfo,
    #[error("{0}")]
    Unlogged(#[from] Unlogged),
}

impl Refusal {
    /// Without those of the log, of which there is another list.
    #[cfg(test)]
    pub(in crate::forum) const ALL: [Self; 17] = [
        Self::Unreachable,
        Self::Discovery,
        Self::Denied,
        Self::Unavailable,
        Self::Misconfigured,
        Self::State,
        Self::Incomplete,
        Self::Issuer,
        Self::Code,
        Self::Token,
        Self::Audience,
        Self::Nonce,
        Self::Algorithm,
        Self::Signature,
        Self::Expired,
        Self::Subject,
        Self::UserInfo,
    ];

    /// The word by which the page finds its sentence and the log its kind.
    pub(in crate::forum) const fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Discovery => "discovery",
            Self::Denied => "denied",
            Self::Unavailable => "unavailable",
            Self::Misconfigured => "misconfigured",
            Self::State => "state",
            Self::Incomplete => "incomplete",
            Self::Issuer => "issuer",
            Self::Code => "code",
            Self::Token => "token",
            Self::Audience => "audience",
            Self::Nonce => "nonce",
            Self::Algorithm => "algorithm",
            Self::Signature => "signature",
            Self::Expired => "expired",
            Self::Subject => "subject",
            Self::UserInfo => "userinfo",
            Self::Unlogged(unlogged) => unlogged.as_str(),
        }
    }

    /// Whether the provider has answered at all: the page then begins with saying so.
    pub(in crate::forum) const fn is_answer(self) -> bool {
        match self {
            Self::Unreachable | Self::Unavailable | Self::Denied | Self::Misconfigured | Self::Discovery => false,
            Self::Unlogged(unlogged) => unlogged.is_answer(),
            _ => true,
        }
    }

    /// Sorts the error codes of RFC 6749 §4.1.2.1 and OpenID Connect Core 1.0 §3.1.2.6 by who can do something about them.
    pub(super) fn of_error(code: &str) -> Self {
        match code {
            "access_denied"
            | "login_required"
            | "consent_required"
            | "interaction_required"
            | "account_selection_required" => Self::Denied,
            "server_error" | "temporarily_unavailable" => Self::Unavailable,
            _ => Self::Misconfigured,
        }
    }

    pub(super) fn of_claims(error: &ClaimsVerificationError) -> Self {
        match error {
            ClaimsVerificationError::Expired(_) | ClaimsVerificationError::InvalidAuthTime(_) => Self::Expired,
            ClaimsVerificationError::InvalidAudience(_) => Self::Audience,
            ClaimsVerificationError::InvalidIssuer(_) => Self::Issuer,
            ClaimsVerificationError::InvalidNonce(_) => Self::Nonce,
            ClaimsVerificationError::InvalidSubject(_) => Self::Subject,
            ClaimsVerificationError::SignatureVerification(error) => match error {
                SignatureVerificationError::DisallowedAlg(_)
                | SignatureVerificationError::UnsupportedAlg(_)
                | SignatureVerificationError::NoSignature => Self::Algorithm,
                _ => Self::Signature,
            },
            _ => Self::Token,
        }
    }
}
