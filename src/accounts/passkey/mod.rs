//! Passkeys: Web Authentication Level 3, with `webauthn-rs` for the cryptography and our own eyes for what it leaves open.
//!
//! A credential is always discoverable, so nobody types a name, and a sign-in page cannot be asked which passkeys an
//! account has. The device always has to check its holder. What each check is for: `specs/accounts.md`.

mod ceremony;
mod register;
mod sign_in;
mod strict;

pub(super) use self::register::{CeremonyId, NewRow};

use serde::{Deserialize, Serialize};
use url::Url;
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{Passkey, WebauthnError},
};

use super::{Accounts, Holder};
use crate::{
    domain::{ambient::Timestamp, authentication::Method},
    keyring::padded_json,
    store::accounts as rows,
};

/// Why a passkey was refused. For a person the sentence; which check failed is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyFault {
    #[error("the device's answer cannot be read")]
    Unreadable,
    #[error("the device did not check who holds it: set a PIN, a finger or a face on it")]
    Unverified,
    #[error("this kind of account needs a passkey that stays on one device, such as a security key")]
    Synced,
    #[error("the device's answer does not fit what it was asked")]
    Wrong,
}

/// What is sealed in a passkey's row.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Sealed {
    /// What its holder calls it.
    pub(super) label: String,
    /// Whether it can be on other devices too, as it said when it was registered; it must never say otherwise.
    pub(super) synced: bool,
    /// The day, sealed: whoever makes or uses a passkey goes to a forum next.
    pub(super) created_on: Timestamp,
    pub(super) last_used_on: Option<Timestamp>,
    credential: Passkey,
}

impl Sealed {
    fn method(&self) -> Method {
        if self.synced { Method::SyncedKey } else { Method::DeviceKey }
    }
}

/// The relying party of an issuer's address: its host, whatever the port.
pub(super) fn relying_party(issuer: &Url, name: &str) -> Result<Webauthn, WebauthnError> {
    let host = issuer.domain().ok_or(WebauthnError::Configuration)?;
    WebauthnBuilder::new(host, issuer)?.rp_name(name).build()
}

impl Accounts {
    /// Whether holders of this kind may sign in with a passkey that other devices may have too (NIST SP 800-63B-4
    /// §2.3.1: not at the highest level).
    pub(super) fn takes_synced_keys(holder: Holder) -> bool {
        matches!(holder, Holder::Citizen(_))
    }

    fn seal_passkey(&self, id: &[u8], passkey: &Sealed) -> Vec<u8> {
        let plain = padded_json(passkey, PADDING);
        self.0.keyring.vault().seal_row("passkeys", id, &plain, &mut self.0.ambient.rng())
    }

    pub(super) fn open_passkey(&self, row: &rows::Passkey) -> Option<Sealed> {
        let plain = self.0.keyring.vault().open_row("passkeys", &row.credential, &row.sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

/// More than a key of any kind takes, and a ceremony for the few passkeys that people have.
const PADDING: usize = 4_096;
/// The longest answer of a browser, as JSON.
const LONGEST_ANSWER: usize = 32 * 1_024;
