//! Which key may sign heads of which log.

use std::fmt;

use crate::wire::tlog::{Algorithm, NoteError, NoteKey};

/// One key that is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trust {
    pub(super) scope: Scope,
    /// The origin of the log, or what stands before `/log/` in those of the issuer.
    pub(super) name: String,
    /// The name of the key; empty for an issuer, whose logs name it after themselves.
    pub(super) key_name: String,
    pub(super) public_key: [u8; 32],
}

/// How far it is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// For one log.
    Log,
    /// For every log `ISSUER/log/NAME`: those of a Heteronym provider, which begins one each year.
    Issuer,
}

/// What cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    #[error(transparent)]
    Key(#[from] NoteError),
    #[error("{0} is the key of a witness: give that of a log")]
    OfWitness(String),
    #[error("{0} does not name a log ISSUER/log/NAME, such as id.example/log/registry")]
    NoIssuer(String),
    #[error("the origin is empty, longer than 255 bytes or holds a control character")]
    Origin,
}

impl Trust {
    /// In one log: the one with this origin, or that the key is named after.
    pub(super) fn of_log(key: &NoteKey, origin: Option<&str>) -> Result<Self, TrustError> {
        let name = origin.unwrap_or(key.name());
        if name.is_empty() || name.len() > MAX_ORIGIN || name.contains(char::is_control) {
            return Err(TrustError::Origin);
        }
        Self::new(key, Scope::Log, name, key.name())
    }

    /// In every log of the issuer whose log the key is named after.
    pub(super) fn of_issuer(key: &NoteKey) -> Result<Self, TrustError> {
        let issuer = Self::issuer_of(key.name()).ok_or_else(|| TrustError::NoIssuer(key.name().to_owned()))?;
        Self::new(key, Scope::Issuer, issuer, "")
    }

    fn new(key: &NoteKey, scope: Scope, name: &str, key_name: &str) -> Result<Self, TrustError> {
        if key.algorithm() != Algorithm::Ed25519 {
            return Err(TrustError::OfWitness(key.name().to_owned()));
        }
        let (name, key_name) = (name.to_owned(), key_name.to_owned());
        Ok(Self { scope, name, key_name, public_key: *key.public() })
    }

    /// The verifier key, for an issuer under the name of one of its logs: as it can be given again.
    pub(super) fn key(&self) -> Result<NoteKey, NoteError> {
        match self.scope {
            Scope::Log => NoteKey::new(&self.key_name, Algorithm::Ed25519, &self.public_key),
            Scope::Issuer => self.key_for(&format!("{}/log/registry", self.name)),
        }
    }

    /// The key that signs heads of this log.
    pub(super) fn key_for(&self, origin: &str) -> Result<NoteKey, NoteError> {
        let name = if self.scope == Scope::Log { &self.key_name } else { origin };
        NoteKey::new(name, Algorithm::Ed25519, &self.public_key)
    }

    /// What stands before `/log/NAME`, for origins of that form.
    pub(super) fn issuer_of(origin: &str) -> Option<&str> {
        let (issuer, log) = origin.rsplit_once("/log/")?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let good =
            !issuer.is_empty() && !issuer.contains('/') && (1..=32).contains(&log.len()) && log.chars().all(plain);
        good.then_some(issuer)
    }
}

impl Scope {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Issuer => "issuer",
        }
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scope {
            Scope::Log => f.write_str(&self.name),
            Scope::Issuer => write!(f, "{}/log/*", self.name),
        }
    }
}

const MAX_ORIGIN: usize = 255;

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;

    fn key(name: &str, algorithm: Algorithm) -> NoteKey {
        NoteKey::new(name, algorithm, &SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes()).unwrap()
    }

    #[test]
    fn an_issuer_is_trusted_for_the_logs_below_its_own_host_alone() {
        for (origin, issuer) in [
            ("id.example/log/registry", Some("id.example")),
            ("localhost:8400/log/2026", Some("localhost:8400")),
            ("id.example/log/", None),
            ("id.example/log/2026/x", None),
            ("id.example/log/../registry", None),
            ("id.example/log/Registry", None),
            ("/log/2026", None),
            ("evil.example/id.example/log/2026", None),
            ("id.example/log/2026\n", None),
            ("id.example/log/log/2026", None),
            ("id.example", None),
        ] {
            assert_eq!(Trust::issuer_of(origin), issuer, "{origin}");
        }
    }

    #[test]
    fn a_key_is_trusted_for_the_log_it_is_named_after_or_for_another_that_is_said() {
        let key = key("id.example/log/2026", Algorithm::Ed25519);
        let own = Trust::of_log(&key, None).unwrap();
        assert_eq!((own.to_string().as_str(), own.key_name.as_str()), ("id.example/log/2026", "id.example/log/2026"));
        let other = Trust::of_log(&key, Some("old.example/tree")).unwrap();
        assert_eq!((other.name.as_str(), other.key_name.as_str()), ("old.example/tree", "id.example/log/2026"));
        assert_eq!(Trust::of_issuer(&key).unwrap().to_string(), "id.example/log/*");
    }

    #[test]
    fn the_key_of_a_witness_is_not_that_of_a_log() {
        let witness = key("id.example/log/2026", Algorithm::Cosignature);
        assert!(matches!(Trust::of_log(&witness, None), Err(TrustError::OfWitness(_))));
        assert!(matches!(Trust::of_issuer(&witness), Err(TrustError::OfWitness(_))));
        assert!(matches!(Trust::of_issuer(&key("sofa.example/log", Algorithm::Ed25519)), Err(TrustError::NoIssuer(_))));
        assert!(matches!(Trust::of_log(&key("a", Algorithm::Ed25519), Some("")), Err(TrustError::Origin)));
    }
}
