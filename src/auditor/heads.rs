//! Who has signed a head: keys that the registry says counted then, the key that the auditor was told, and witnesses.

use data_encoding::{BASE64, BASE64URL_NOPAD};

use super::{
    finding::{At, Check, Findings},
    replay::keys::Keys,
};
use crate::wire::{
    jose::PublicKey,
    tlog::{Algorithm, NoteError, NoteKey, SignedCheckpoint, leaf::Hour},
};

/// What the auditor believes from elsewhere.
#[derive(Clone, Debug, Default)]
pub(super) struct Trust {
    /// Public keys of the log.
    pub(super) log_keys: Vec<LogKey>,
    pub(super) witnesses: Vec<NoteKey>,
    /// So many of the witnesses must have cosigned.
    pub(super) quorum: usize,
}

/// The public key of a log, as somebody types it: 32 bytes in base64 or base64url, or the key of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LogKey(pub(super) [u8; 32]);

/// The text is not a key.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("not an Ed25519 public key: 32 bytes in base64, or name+id+base64")]
pub(super) struct InvalidLogKey;

impl std::str::FromStr for LogKey {
    type Err = InvalidLogKey;

    fn from_str(text: &str) -> Result<Self, InvalidLogKey> {
        if let Ok(key) = text.parse::<NoteKey>() {
            return Ok(Self(*key.public()));
        }
        // By its length: base64 in several padded pieces would decode as well.
        let bytes = match text.len() {
            44 => BASE64.decode(text.as_bytes()),
            43 => BASE64URL_NOPAD.decode(text.as_bytes()),
            _ => return Err(InvalidLogKey),
        };
        let key: [u8; 32] = bytes.ok().and_then(|bytes| bytes.try_into().ok()).ok_or(InvalidLogKey)?;
        // What is no key of full order would fit no signature.
        PublicKey::ed25519(&key).map_err(|_| InvalidLogKey)?;
        Ok(Self(key))
    }
}

/// A head, and what is to be asked of it.
pub(super) struct Head<'a> {
    pub(super) log: &'a str,
    pub(super) origin: &'a str,
    pub(super) signed: &'a SignedCheckpoint,
    /// It was signed at some time from its last leaf to when it was fetched.
    pub(super) from: Hour,
    pub(super) until: Hour,
    /// Milliseconds since 1970.
    pub(super) now: i64,
}

impl Head<'_> {
    /// Whether keys of the log have signed it, as the registry tells them.
    pub(super) fn is_signed(&self, keys: &Keys, findings: &mut Findings) -> bool {
        let keys = keys.of_log(self.origin, self.from, self.until);
        let at = At::log(self.log);
        match self.signed.verify(self.origin, &keys) {
            Ok(_) => return true,
            Err(NoteError::OtherLog(other)) => {
                findings.fault(Check::CheckpointOrigin, at, format!("a head of {}", self.origin), other);
            }
            Err(error) => {
                let expected = "a signature by a log key that the registry says counts";
                findings.fault(Check::CheckpointSignature, at, expected, error.to_string());
            }
        }
        false
    }

    /// Whether the key that the auditor was told has signed it, where one was told.
    pub(super) fn is_pinned(&self, trust: &Trust, keys: &Keys, findings: &mut Findings) -> bool {
        if trust.log_keys.is_empty() {
            return true;
        }
        let named = |key: &LogKey| NoteKey::new(self.origin, Algorithm::Ed25519, &key.0).ok();
        let told: Vec<_> = trust.log_keys.iter().filter_map(named).collect();
        let Err(error) = self.signed.verify(self.origin, &told) else { return true };
        let known = trust.log_keys.iter().find_map(|key| keys.log_key(&key.0));
        let found = match known {
            None => format!("{error}; and the registry does not name that key"),
            Some((kid, None)) => format!("{error}; the registry names it {kid}"),
            Some((kid, Some(end))) => format!("{error}; the registry says that it, {kid}, ended in {end}"),
        };
        findings.fault(Check::CheckpointPinned, At::log(self.log), "a signature by the log key that was given", found);
        false
    }

    /// Whether enough witnesses have seen this very head; and who has.
    pub(super) fn is_witnessed(&self, trust: &Trust, findings: &mut Findings) -> Vec<String> {
        let at = At::log(self.log);
        let cosigners = match self.signed.cosigners(&trust.witnesses) {
            Ok(cosigners) => cosigners,
            Err(error) => {
                findings.fault(Check::CheckpointQuorum, at, "cosignatures that hold", error.to_string());
                return Vec::new();
            }
        };
        let soonest = u64::try_from(self.now / 1000).unwrap_or_default().saturating_add(CLOCKS);
        let seen = cosigners.iter().filter(|cosigner| cosigner.time.is_some_and(|time| time <= soonest));
        let names: Vec<_> = seen.map(|cosigner| cosigner.key.name().to_owned()).collect();
        if names.len() < trust.quorum {
            let expected = format!("cosignatures of {} of the {} witnesses", trust.quorum, trust.witnesses.len());
            findings.fault(Check::CheckpointQuorum, at, expected, names.len().to_string());
        }
        names
    }
}

/// Seconds by which clocks may differ.
const CLOCKS: u64 = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_key_is_read_in_each_of_its_forms() {
        let public = *ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key().as_bytes();
        let note = NoteKey::new("id.example/log/registry", Algorithm::Ed25519, &public).unwrap().to_string();
        for text in [BASE64.encode(&public), BASE64URL_NOPAD.encode(&public), note] {
            assert_eq!(text.parse(), Ok(LogKey(public)), "{text}");
        }
        for bad in ["", "AAAA", &BASE64.encode(&[0xff; 32])] {
            assert_eq!(bad.parse::<LogKey>(), Err(InvalidLogKey), "{bad}");
        }
    }
}
