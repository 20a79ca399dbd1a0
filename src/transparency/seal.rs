//! The signatures of heads, and which log they are of.

use std::sync::Arc;

use crate::{
    domain::{ambient::Timestamp, log::LogName},
    keyring::Keyring,
    store::{StoreError, log::Head},
    wire::tlog::{Algorithm, Checkpoint, Hash, NoteError, NoteKey, NoteSignature, SignedCheckpoint},
};

/// Signs heads with the log keys of an installation.
pub(super) struct Seal {
    /// The issuer without its scheme.
    host: String,
    keyring: Arc<Keyring>,
}

impl Seal {
    pub(super) fn new(issuer: &str, keyring: Arc<Keyring>) -> Self {
        let host = issuer.split_once("://").map_or(issuer, |(_, host)| host);
        Self { host: host.trim_end_matches('/').to_owned(), keyring }
    }

    pub(super) fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The first line of the checkpoints of a log, and the name of its keys.
    pub(super) fn origin(&self, log: LogName) -> String {
        format!("{}/log/{log}", self.host)
    }

    /// The log of ours with this origin.
    pub(super) fn log(&self, origin: &str) -> Option<LogName> {
        origin.strip_prefix(&self.host)?.strip_prefix("/log/")?.parse().ok()
    }

    /// The signed note of a head, with every key that verifiers may know: those that sign, and those that have retired and are
    /// kept, until everybody has learnt the new one.
    pub(super) fn sign(&self, log: LogName, size: u64, root: Hash, now: Timestamp) -> Result<String, StoreError> {
        let failed = |error: NoteError| StoreError::Other(format!("a head cannot be signed: {error}"));
        let origin = self.origin(log);
        let keys = self.keyring.log();
        let mut signing = keys.signing(now).into_iter();
        let Some(first) = signing.next() else { return Err(StoreError::Unavailable("no log key signs now")) };
        let note_key = |public: [u8; 32]| NoteKey::new(&origin, Algorithm::Ed25519, &public);
        let checkpoint = Checkpoint::new(&origin, size, root).map_err(failed)?;
        let key = note_key(first.public()).map_err(failed)?;
        let mut signed = SignedCheckpoint::sign(checkpoint, &key, |text| first.sign(text)).map_err(failed)?;
        for other in signing {
            let key = note_key(other.public()).map_err(failed)?;
            let signature = NoteSignature::sign(&key, signed.note().text(), |text| other.sign(text));
            signature.and_then(|signature| signed.push(signature)).map_err(failed)?;
        }
        Ok(signed.to_string())
    }

    /// The keys of a log, all that there still are.
    pub(super) fn keys(&self, log: LogName, now: Timestamp) -> Vec<NoteKey> {
        let origin = self.origin(log);
        let keys = self.keyring.log().public(now);
        keys.iter().filter_map(|key| NoteKey::new(&origin, Algorithm::Ed25519, &key.public).ok()).collect()
    }

    /// Whether the checkpoint of a head says what the row says, and no signature of our keys in it is broken. It may be that none
    /// of the keys that signed it is left: they were revoked, or it is the last head of a log of long ago.
    pub(super) fn holds(&self, head: &Head, now: Timestamp) -> bool {
        let Ok(signed) = SignedCheckpoint::parse(head.checkpoint.as_bytes()) else { return false };
        let verified = signed.verify(&self.origin(head.log), &self.keys(head.log, now));
        let said = signed.checkpoint();
        matches!(verified, Ok(_) | Err(NoteError::Unsigned))
            && Checkpoint::new(&self.origin(head.log), head.size, head.root).as_ref() == Ok(said)
    }
}
