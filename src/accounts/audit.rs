//! The trail of what was done with accounts: one line of the log an act, under the target `audit`.
//!
//! Who it was stands in it under a keyed tag of the day ([`crate::keyring::VaultKey::trace`]); of what was typed, where, and
//! with which browser, nothing does. An attempt on a name or a passkey that nobody has is nobody's.

use super::{Accounts, Error};
use crate::domain::ids::AccountId;

/// An act, in the words of the log.
#[derive(Clone, Copy)]
pub(super) struct Act {
    pub(super) act: &'static str,
    /// Which kind of authenticator it was done with, or to.
    pub(super) with: &'static str,
}

impl Act {
    pub(super) const fn new(act: &'static str, with: &'static str) -> Self {
        Self { act, with }
    }
}

impl Accounts {
    /// Notes an act and how it ended.
    pub(super) fn audit<T>(&self, Act { act, with }: Act, actor: Option<AccountId>, ended: &Result<T, Error>) {
        let actor = actor.map_or_else(|| "-".to_owned(), |id| self.0.keyring.vault().trace(id.as_bytes(), self.now()));
        let outcome = ended.as_ref().map_or_else(Error::word, |_| "done");
        tracing::info!(target: "audit", act, with, actor, outcome);
    }
}

impl Error {
    /// Finer than what a person is told: the log is not for guessers.
    const fn word(&self) -> &'static str {
        match self {
            Self::CodeFault(_) => "mistyped",
            Self::Code | Self::SignIn => "refused",
            Self::Wait(_) => "too soon",
            Self::Closed => "closed",
            Self::Ceremony => "over",
            Self::Passkey(_) | Self::Passphrase(_) => "unfit",
            Self::Registered => "registered before",
            Self::NotAllowed => "not allowed",
            Self::Gone => "not there",
            Self::LastOne => "the last one",
            Self::Stale => "signed in too long ago",
            Self::SignedOut => "signed out",
            Self::Busy | Self::Store(_) => "failed",
        }
    }
}
