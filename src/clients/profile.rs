//! What is asked of a client's software: as strict as the house likes it, as any OpenID Connect library does it, or as
//! banks do it (FAPI 2.0 Security Profile §5.3.2).

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::wire::{jose::Algorithm, oauth::AuthMethod};

/// A client's profile. `specs/clients.md` has the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// PKCE always; what a client signs names the issuer as its one audience.
    #[default]
    Strict,
    /// PKCE may be left out by a client that keeps a secret and sends a `nonce` (OpenID Connect Core §3.1.2.1); what a
    /// client signs may name the endpoint as its audience (§9).
    Openid,
    /// Pushed requests, no shared secret, no bearer token, no RS256.
    Fapi2,
}

/// A text that names no profile.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a profile: use strict, openid or fapi2")]
pub struct UnknownProfile;

impl Profile {
    pub const ALL: [Self; 3] = [Self::Strict, Self::Openid, Self::Fapi2];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Openid => "openid",
            Self::Fapi2 => "fapi2",
        }
    }

    /// The algorithms of what the client signs and of what it gets signed.
    pub const fn algorithms(self) -> &'static [Algorithm] {
        match self {
            Self::Strict | Self::Openid => &Algorithm::ALL,
            // FAPI 2.0 Security Profile §5.4.1.
            Self::Fapi2 => &[Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA],
        }
    }

    pub const fn authentication_methods(self) -> &'static [AuthMethod] {
        match self {
            Self::Strict | Self::Openid => &AuthMethod::ALL,
            Self::Fapi2 => &[AuthMethod::PrivateKeyJwt, AuthMethod::TlsClientAuth, AuthMethod::SelfSignedTlsClientAuth],
        }
    }

    /// A new refresh token for every use. FAPI 2.0 §5.3.2.1 wants none: there the token is bound to the client's key.
    pub const fn rotates_refresh_tokens(self) -> bool {
        !matches!(self, Self::Fapi2)
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, UnknownProfile> {
        Self::ALL.into_iter().find(|profile| profile.as_str() == text).ok_or(UnknownProfile)
    }
}

impl std::fmt::Display for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
