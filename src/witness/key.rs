//! The witness's private key: one Ed25519 key in PKCS#8 PEM (RFC 8410), readable by its owner alone.
//!
//! It is not encrypted: a witness answers by itself after a restart, and whoever reads its machine's memory has the key
//! anyway. Losing it costs the witness its identity, and no log its history.

use std::{
    fmt, fs,
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use ed25519_dalek::{
    Signer as _, SigningKey,
    pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, spki::der::pem::LineEnding},
};
use rand::CryptoRng;
use zeroize::Zeroizing;

/// The private key. It wipes itself, and cannot print itself.
pub(super) struct PrivateKey(SigningKey);

/// The key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the key file {0}: {1}")]
    File(PathBuf, io::Error),
    #[error("the key file {0} exists already: a witness keeps its key for life")]
    Exists(PathBuf),
    #[error("the key file {0} can be read by others than its owner: chmod 600")]
    Exposed(PathBuf),
    #[error("the key file {0} holds no Ed25519 key in PKCS#8 PEM")]
    Contents(PathBuf),
}

impl PrivateKey {
    /// Makes a key and writes it where none is yet.
    pub(super) fn create(path: &Path, rng: &mut impl CryptoRng) -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut_slice());
        let key = SigningKey::from_bytes(&seed);
        let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyError::Contents(path.to_owned()))?;
        let fail = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => KeyError::Exists(path.to_owned()),
            _ => KeyError::File(path.to_owned(), error),
        };
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(fail)?;
        file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()).map_err(fail)?;
        Ok(Self(key))
    }

    pub(super) fn load(path: &Path) -> Result<Self, KeyError> {
        let fail = |error| KeyError::File(path.to_owned(), error);
        if fs::metadata(path).map_err(fail)?.permissions().mode() & 0o077 != 0 {
            return Err(KeyError::Exposed(path.to_owned()));
        }
        let pem = Zeroizing::new(fs::read_to_string(path).map_err(fail)?);
        let key = SigningKey::from_pkcs8_pem(&pem).map_err(|_| KeyError::Contents(path.to_owned()))?;
        Ok(Self(key))
    }

    pub(super) fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    #[test]
    fn a_key_comes_back_as_it_was_made_and_is_never_made_twice() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("witness.key");
        let made = PrivateKey::create(&path, &mut StdRng::seed_from_u64(1)).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let read = PrivateKey::load(&path).unwrap();
        assert_eq!((read.public(), read.sign(b"x")), (made.public(), made.sign(b"x")));
        assert!(matches!(PrivateKey::create(&path, &mut StdRng::seed_from_u64(2)), Err(KeyError::Exists(_))));
        assert_eq!(PrivateKey::load(&path).unwrap().public(), made.public());
        assert_eq!(format!("{made:?}"), "PrivateKey(…)");
    }

    #[test]
    fn a_key_file_that_others_can_read_or_that_holds_something_else_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("witness.key");
        PrivateKey::create(&path, &mut StdRng::seed_from_u64(1)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(PrivateKey::load(&path), Err(KeyError::Exposed(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
        assert!(matches!(PrivateKey::load(&path), Err(KeyError::Contents(_))));
        assert!(matches!(PrivateKey::load(&directory.path().join("none")), Err(KeyError::File(..))));
    }
}
