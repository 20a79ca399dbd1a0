//! The custodian's files: nothing is ever overwritten, and secrets are readable by their owner alone.
//!
//! A file with a secret is JSON, `{"type", "kdf", "nonce", "data"}` (`specs/sealing.md` §7): encrypted with
//! ChaCha20-Poly1305 under an Argon2id key (RFC 9106) when there is a passphrase, in clear base64url when there is none.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit, Nonce, Tag};
use data_encoding::BASE64URL_NOPAD;
use rand::CryptoRng;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::message::Base64;
use crate::wire::sealed::{CustodiansKey, KeyError, Share};

/// Why a file was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{0} exists already and is never overwritten: move it away if you mean to begin anew")]
    Exists(PathBuf),
    #[error("{0} exists with other contents: it belongs to another ceremony or was altered")]
    Differs(PathBuf),
    #[error("{path}: not the file that is expected here: {reason}")]
    Contents { path: PathBuf, reason: String },
    #[error("{0} can be read by others and has no passphrase: run `chmod 600` on it, or begin anew with a passphrase")]
    Readable(PathBuf),
    #[error("{0} is encrypted: give its passphrase with --passphrase-file")]
    PassphraseNeeded(PathBuf),
    #[error("{0}: the passphrase is wrong, or the file was altered")]
    PassphraseWrong(PathBuf),
    #[error("a passphrase has at least {MIN_PASSPHRASE} characters")]
    PassphraseShort,
    #[error("{path}: {source}")]
    Key { path: PathBuf, source: KeyError },
}

/// Protects a file with a secret. Wiped when dropped; prints nothing of itself.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    pub fn new(text: &str) -> Result<Self, FileError> {
        if text.chars().count() < MIN_PASSPHRASE {
            return Err(FileError::PassphraseShort);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The first line of a file, or of `/dev/stdin`.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let text = read(path)?;
        let contents = |reason: &str| FileError::Contents { path: path.to_owned(), reason: reason.to_owned() };
        let text = std::str::from_utf8(&text).map_err(|_| contents("not UTF-8"))?;
        Self::new(text.lines().next().unwrap_or_default())
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// Writes a custodian's share; refuses if the file exists.
pub fn write_share(
    path: &Path,
    share: &Share,
    passphrase: Option<&Passphrase>,
    rng: &mut impl CryptoRng,
) -> Result<(), FileError> {
    let secret = share.expose();
    let mut text = Zeroizing::new(Vec::with_capacity(4096));
    let stored = StoredShareRef { index: share.index(), share: &secret };
    serde_json::to_writer(&mut *text, &stored).map_err(|error| contents(path, &error))?;
    write_secret(path, SecretKind::Share, &text, passphrase, rng)
}

/// Reads a custodian's share and holds it against the public key.
pub fn read_share(path: &Path, key: &CustodiansKey, passphrase: Option<&Passphrase>) -> Result<Share, FileError> {
    let text = read_secret(path, SecretKind::Share, passphrase)?;
    let stored: StoredShare = serde_json::from_slice(&text).map_err(|error| contents(path, &error))?;
    let share = Share::new(key, stored.index, &stored.share);
    share.map_err(|source| FileError::Key { path: path.to_owned(), source })
}

/// Reads `custodians.json`.
pub fn read_key(path: &Path) -> Result<CustodiansKey, FileError> {
    read_json(path)
}

/// What a secret file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum SecretKind {
    #[serde(rename = "heteronym/custodian-ceremony/v1")]
    Ceremony,
    #[serde(rename = "heteronym/custodian-share/v1")]
    Share,
}

impl SecretKind {
    const fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Ceremony => b"heteronym/custodian-ceremony/v1",
            Self::Share => b"heteronym/custodian-share/v1",
        }
    }
}

pub(super) fn write_secret(
    path: &Path,
    kind: SecretKind,
    text: &[u8],
    passphrase: Option<&Passphrase>,
    rng: &mut impl CryptoRng,
) -> Result<(), FileError> {
    let mut file = SecretFile { kind, kdf: None, nonce: None, data: text.to_vec() };
    if let Some(passphrase) = passphrase {
        let (mut salt, mut nonce) = ([0; 16], [0; 12]);
        rng.fill_bytes(&mut salt);
        rng.fill_bytes(&mut nonce);
        let kdf = Kdf { salt: Base64(salt.to_vec()), ..Kdf::default() };
        let cipher = kdf.cipher(passphrase).map_err(|reason| contents(path, &reason))?;
        let tag = cipher.encrypt_inout_detached(&Nonce::from(nonce), kind.as_bytes(), file.data.as_mut_slice().into());
        file.data.extend_from_slice(&tag.map_err(|_| contents(path, &"too long"))?);
        file.kdf = Some(kdf);
        file.nonce = Some(Base64(nonce.to_vec()));
    }
    let mut json = Zeroizing::new(Vec::with_capacity(text.len() * 2 + 1024));
    serde_json::to_writer(&mut *json, &file).map_err(|error| contents(path, &error))?;
    create(path, &json, 0o600)
}

pub(super) fn read_secret(
    path: &Path,
    kind: SecretKind,
    passphrase: Option<&Passphrase>,
) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let mut file: SecretFile = read_json(path)?;
    if file.kind != kind {
        return Err(contents(path, &"its type is another"));
    }
    let mut data = Zeroizing::new(std::mem::take(&mut file.data));
    let (Some(kdf), Some(nonce)) = (&file.kdf, &file.nonce) else {
        let open = fs::metadata(path).map_err(|source| io_error(path, source))?.permissions().mode() & 0o077 != 0;
        return if open { Err(FileError::Readable(path.to_owned())) } else { Ok(data) };
    };
    let passphrase = passphrase.ok_or_else(|| FileError::PassphraseNeeded(path.to_owned()))?;
    let wrong = || FileError::PassphraseWrong(path.to_owned());
    let cipher = kdf.cipher(passphrase).map_err(|reason| contents(path, &reason))?;
    let nonce: [u8; 12] = nonce.0.as_slice().try_into().map_err(|_| wrong())?;
    let tag: [u8; 16] = *data.last_chunk().ok_or_else(wrong)?;
    let length = data.len() - tag.len();
    data.truncate(length);
    let text = data.as_mut_slice().into();
    let read = cipher.decrypt_inout_detached(&Nonce::from(nonce), kind.as_bytes(), text, &Tag::from(tag));
    read.map(|()| data).map_err(|_| wrong())
}

/// Creates a file that must not exist, and makes sure that it is on the medium before returning.
pub(super) fn create(path: &Path, contents: &[u8], mode: u32) -> Result<(), FileError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => FileError::Exists(path.to_owned()),
        _ => io_error(path, source),
    };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(failed)?;
    if let Err(source) = file.write_all(contents).and_then(|()| file.sync_all()) {
        // Half a file would stand in the way of the next attempt; this one is ours, made a moment ago.
        let _ = fs::remove_file(path);
        return Err(io_error(path, source));
    }
    sync_directory(path)
}

/// Creates a file, or finds it there with the same contents.
pub(super) fn create_or_same(path: &Path, contents: &[u8]) -> Result<(), FileError> {
    match create(path, contents, 0o644) {
        Err(FileError::Exists(_)) if read(path)?.as_slice() == contents => Ok(()),
        Err(FileError::Exists(_)) => Err(FileError::Differs(path.to_owned())),
        other => other,
    }
}

/// Makes the custodian's own directory, closed to others, if it is not there.
pub(super) fn make_directory(path: &Path) -> Result<(), FileError> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path).map_err(|source| io_error(path, source))?;
    fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(|source| io_error(path, source))
}

/// Overwrites a secret file with zeros and removes it.
///
/// On flash media and copying file systems an old copy may survive; hence the advice to keep the ceremony on one medium.
pub(super) fn destroy(path: &Path) -> Result<(), FileError> {
    let failed = |source| io_error(path, source);
    let mut file = OpenOptions::new().write(true).open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    io::copy(&mut io::repeat(0).take(length), &mut file).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    fs::remove_file(path).map_err(failed)?;
    sync_directory(path)
}

pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, FileError> {
    serde_json::from_slice(&read(path)?).map_err(|error| contents(path, &error))
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let failed = |source| io_error(path, source);
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 * 1024));
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(contents(path, &"it is too large"));
    }
    Ok(bytes)
}

fn sync_directory(path: &Path) -> Result<(), FileError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|directory| directory.sync_all()).map_err(|source| io_error(parent, source))
}

fn io_error(path: &Path, source: io::Error) -> FileError {
    FileError::Io { path: path.to_owned(), source }
}

fn contents(path: &Path, reason: &impl ToString) -> FileError {
    FileError::Contents { path: path.to_owned(), reason: reason.to_string() }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretFile {
    #[serde(rename = "type")]
    kind: SecretKind,
    kdf: Option<Kdf>,
    nonce: Option<Base64>,
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    data: Vec<u8>,
}

impl Drop for SecretFile {
    fn drop(&mut self) {
        self.data.zeroize();
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kdf {
    algorithm: KdfAlgorithm,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: Base64,
}

#[derive(Serialize, Deserialize)]
enum KdfAlgorithm {
    #[serde(rename = "argon2id")]
    Argon2id,
}

impl Default for Kdf {
    /// The second recommended choice of RFC 9106 §4: 64 MiB and three passes, in one lane.
    fn default() -> Self {
        Self { algorithm: KdfAlgorithm::Argon2id, memory_kib: 64 * 1024, passes: 3, lanes: 1, salt: Base64(Vec::new()) }
    }
}

impl Kdf {
    /// Refuses parameters that would exhaust the machine: the file may come from elsewhere.
    fn cipher(&self, passphrase: &Passphrase) -> Result<ChaCha20Poly1305, String> {
        let KdfAlgorithm::Argon2id = self.algorithm;
        if self.memory_kib > 1024 * 1024 || self.passes > 16 || self.lanes > 16 {
            return Err("its key derivation asks for too much".to_owned());
        }
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).map_err(|e| e.to_string())?;
        let mut key = Zeroizing::new([0; 32]);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let derived = argon2.hash_password_into(passphrase.0.as_bytes(), &self.salt.0, key.as_mut());
        derived.map_err(|error| error.to_string())?;
        Ok(ChaCha20Poly1305::new((&*key).into()))
    }
}

#[derive(Serialize)]
struct StoredShareRef<'a> {
    index: u16,
    share: &'a [u8; 32],
}

#[derive(Deserialize, ZeroizeOnDrop)]
struct StoredShare {
    index: u16,
    share: [u8; 32],
}

fn to_base64<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&Zeroizing::new(BASE64URL_NOPAD.encode(bytes)))
}

fn from_base64<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = Zeroizing::new(String::deserialize(deserializer)?);
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(serde::de::Error::custom)
}

const MIN_PASSPHRASE: usize = 12;
/// Far above the largest file of a ceremony of 64.
const MAX_FILE: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};
    use tempfile::tempdir;

    use super::*;
    use crate::custodian::ceremony::in_process;

    #[test]
    fn a_share_survives_its_file_with_and_without_passphrase_and_is_never_overwritten() {
        let mut rng = StdRng::seed_from_u64(1);
        let (key, shares) = in_process(2, 2, &mut rng).unwrap();
        let dir = tempdir().unwrap();
        let passphrase = Passphrase::new("correct horse battery").unwrap();
        for (name, passphrase) in [("clear", None), ("encrypted", Some(&passphrase))] {
            let path = dir.path().join(name);
            write_share(&path, &shares[1], passphrase, &mut rng).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            let read = read_share(&path, &key, passphrase).unwrap();
            assert_eq!((read.index(), read.expose()), (2, shares[1].expose()));
            let before = fs::read(&path).unwrap();
            let again = write_share(&path, &shares[0], passphrase, &mut rng);
            assert!(matches!(again, Err(FileError::Exists(_))));
            assert_eq!(fs::read(&path).unwrap(), before);
        }
        let encrypted = dir.path().join("encrypted");
        assert!(matches!(read_share(&encrypted, &key, None), Err(FileError::PassphraseNeeded(_))));
        let wrong = Passphrase::new("another passphrase").unwrap();
        assert!(matches!(read_share(&encrypted, &key, Some(&wrong)), Err(FileError::PassphraseWrong(_))));
        let (other, _) = in_process(2, 2, &mut rng).unwrap();
        assert!(matches!(read_share(&dir.path().join("clear"), &other, None), Err(FileError::Key { .. })));
    }

    #[test]
    fn a_clear_secret_that_others_can_read_is_refused() {
        let dir = tempdir().unwrap();
        let path = dir.path().join("secret");
        write_secret(&path, SecretKind::Share, b"x", None, &mut StdRng::seed_from_u64(2)).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(read_secret(&path, SecretKind::Share, None), Err(FileError::Readable(_))));
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read_secret(&path, SecretKind::Share, None).unwrap().as_slice(), b"x");
        assert!(matches!(read_secret(&path, SecretKind::Ceremony, None), Err(FileError::Contents { .. })));
    }

    #[test]
    fn damaged_huge_and_extravagant_files_are_refused() {
        let dir = tempdir().unwrap();
        let passphrase = Passphrase::new("correct horse battery").unwrap();
        let greedy = r#"{"type":"heteronym/custodian-share/v1","kdf":{"algorithm":"argon2id","memory_kib":4000000,
            "passes":3,"lanes":1,"salt":"AAAAAAAAAAAAAAAAAAAAAA"},"nonce":"AAAAAAAAAAAAAAAA","data":"AAAA"}"#;
        for (name, text) in [("empty", ""), ("greedy", greedy), ("huge", &"x".repeat(2_000_000)), ("null", "null")] {
            let path = dir.path().join(name);
            fs::write(&path, text).unwrap();
            let read = read_secret(&path, SecretKind::Share, Some(&passphrase));
            assert!(matches!(read, Err(FileError::Contents { .. })), "{name}");
        }
    }

    #[test]
    fn a_destroyed_file_is_gone() {
        let dir = tempdir().unwrap();
        let path = dir.path().join("secret");
        create(&path, b"secret", 0o600).unwrap();
        destroy(&path).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_short_passphrase_is_refused_and_none_is_printed() {
        assert!(matches!(Passphrase::new("elevenchars"), Err(FileError::PassphraseShort)));
        assert_eq!(format!("{:?}", Passphrase::new("correct horse battery").unwrap()), "Passphrase(…)");
    }
}
