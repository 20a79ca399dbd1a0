//! The auditor's own file: the number that is drawn by, and what was seen of the registry when it was shown.
//!
//! ```text
//! {"format":"heteronym-sample","version":1,"draws":300,"nonce":b64(32),"nonce_hash":b64(32)}      and, once it was shown:
//! "registry": the signed head that the audit stood under
//! ```
//!
//! The head binds the service: a registry that does not continue it may have begun the audit anew, after the number was known.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use data_encoding::BASE64URL_NOPAD;
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    auditor::error::AuditError,
    wire::tlog::{Hash, SignedCheckpoint, sample::MAX_DRAWS},
};

/// What the auditor brings to an audit.
pub(super) struct Sample {
    pub(super) draws: u32,
    pub(super) nonce: [u8; 32],
    /// The head of the registry under which the audit stood when the number was shown.
    pub(super) registry: Option<SignedCheckpoint>,
}

/// As it is written down.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: String,
    version: u32,
    draws: u32,
    nonce: String,
    nonce_hash: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    registry: Option<String>,
}

impl Sample {
    pub(super) fn new(draws: u32, rng: &mut impl CryptoRng) -> Self {
        let mut nonce = [0; 32];
        rng.fill_bytes(&mut nonce);
        Self { draws, nonce, registry: None }
    }

    /// What the number is bound by before it is shown.
    pub(super) fn nonce_hash(&self) -> Hash {
        Hash::from_bytes(Sha256::digest(self.nonce).into())
    }

    pub(super) fn read(path: &Path) -> Result<Self, AuditError> {
        let wrong = |what: &str| AuditError::Arguments(format!("{}: {what}", path.display()));
        let text = fs::read_to_string(path).map_err(|error| wrong(&error.to_string()))?;
        // What serde says of the text may quote it.
        let written: Written =
            serde_json::from_str(&text).map_err(|_| wrong("is not a file of `heteronym audit sample new`"))?;
        if written.format != FORMAT || written.version != 1 {
            return Err(wrong("is of another format, or of a later version of it"));
        }
        if !(1..=MAX_DRAWS).contains(&written.draws) {
            return Err(wrong(&format!("its number of draws is not from 1 to {MAX_DRAWS}")));
        }
        let nonce = BASE64URL_NOPAD.decode(written.nonce.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        let nonce = nonce.ok_or_else(|| wrong("its nonce is not 32 bytes"))?;
        let registry = written.registry.map(|head| SignedCheckpoint::parse(head.as_bytes())).transpose();
        let registry = registry.map_err(|error| wrong(&format!("its head of the registry: {error}")))?;
        let sample = Self { draws: written.draws, nonce, registry };
        if base64(sample.nonce_hash()) != written.nonce_hash {
            return Err(wrong("its nonce is not the one whose SHA-256 it says"));
        }
        Ok(sample)
    }

    /// Makes the file, which nobody else may read. One that is there may hold a number that is still to be shown.
    pub(super) fn create(&self, path: &Path) -> Result<(), AuditError> {
        create(path, &self.to_bytes()?)
    }

    /// Writes the file anew. It is there whole, before or after.
    pub(super) fn update(&self, path: &Path) -> Result<(), AuditError> {
        let mut half = path.to_owned().into_os_string();
        half.push(".half");
        let half = Path::new(&half);
        // Left over from one that was interrupted.
        match fs::remove_file(half) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(half, &error)),
            _ => {}
        }
        create(half, &self.to_bytes()?)?;
        fs::rename(half, path).map_err(|error| failed(path, &error))
    }

    fn to_bytes(&self) -> Result<Vec<u8>, AuditError> {
        let written = Written {
            format: FORMAT.to_owned(),
            version: 1,
            draws: self.draws,
            nonce: BASE64URL_NOPAD.encode(&self.nonce),
            nonce_hash: base64(self.nonce_hash()),
            registry: self.registry.as_ref().map(ToString::to_string),
        };
        let mut bytes = serde_json::to_vec(&written).map_err(io::Error::from)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// A new file, for nobody else to read.
pub(super) fn create(path: &Path, bytes: &[u8]) -> Result<(), AuditError> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    })
    .map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &io::Error) -> AuditError {
    AuditError::Arguments(format!("{}: {error}", path.display()))
}

/// As hashes stand in leaves.
pub(super) fn base64(hash: Hash) -> String {
    BASE64URL_NOPAD.encode(hash.as_bytes())
}

const FORMAT: &str = "heteronym-sample";

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    #[test]
    fn a_number_is_kept_for_its_owner_and_never_written_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sample.json");
        let sample = Sample::new(300, &mut StdRng::seed_from_u64(1));
        sample.create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = Sample::new(300, &mut StdRng::seed_from_u64(2));
        assert!(again.create(&path).is_err());
        let read = Sample::read(&path).unwrap();
        assert_eq!((read.draws, read.nonce, read.registry.is_none()), (300, sample.nonce, true));
        read.update(&path).unwrap();
        assert_eq!(Sample::read(&path).unwrap().nonce, sample.nonce);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_none_is_refused_without_repeating_what_it_says() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sample.json");
        let sample = Sample::new(300, &mut StdRng::seed_from_u64(1));
        let text = String::from_utf8(sample.to_bytes().unwrap()).unwrap();
        let nonce = BASE64URL_NOPAD.encode(&sample.nonce);
        let other = BASE64URL_NOPAD.encode(&[1; 32]);
        for bad in [
            String::new(),
            text.replace("heteronym-sample", "heteronym-sampler"),
            text.replace("\"version\":1", "\"version\":2"),
            text.replace("\"draws\":300", "\"draws\":0"),
            text.replace("\"draws\":300", "\"draws\":3001"),
            text.replace(&nonce, &other),
            text.replace(&nonce, "AAAA"),
            text.replace('}', ",\"registry\":\"hello\"}"),
            text.replace('}', ",\"more\":1}"),
        ] {
            fs::write(&path, &bad).unwrap();
            let error = Sample::read(&path).err().unwrap_or_else(|| panic!("{bad}")).to_string();
            assert!(error.contains("sample.json: ") && !error.contains(&nonce), "{error}");
        }
    }
}
