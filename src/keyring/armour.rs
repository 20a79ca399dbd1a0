//! The text of a key file, which says what it is (`keys/README.md` shows one).
//!
//! Header lines stand in a fixed order, so a file has one spelling. With a passphrase the body is the key under
//! XChaCha20-Poly1305, the header as associated data: a locked file cannot be given another date, role or version.

use chacha20poly1305::aead::Payload;
use data_encoding::BASE64;
use rand::CryptoRng;
use zeroize::Zeroizing;

use super::{
    Purpose, Role,
    lock::{Cost, Lock, Unlocker},
    seal::{NONCE, decrypt, encrypt},
};
use crate::{domain::ambient::Timestamp, wire::jose::Algorithm};

/// One key as its file holds it.
pub(super) struct KeyFile {
    pub(super) role: Role,
    /// Of issuer keys.
    pub(super) algorithm: Option<Algorithm>,
    pub(super) version: u32,
    pub(super) created: Timestamp,
    pub(super) activates: Timestamp,
    pub(super) purpose: Purpose,
    pub(super) material: Zeroizing<Vec<u8>>,
}

/// Why a file is not taken, for the operator.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum ArmourError {
    #[error("the key file is empty: restore it from a backup")]
    Empty,
    #[error("the key file is cut short or damaged: restore it from a backup")]
    Damaged,
    #[error("the key file has another algorithm or size than its role needs")]
    Algorithm,
    #[error("the key file is locked: name a file with its passphrase in keys.passphrase_file")]
    Locked,
    #[error("the passphrase is wrong, or the key file was changed")]
    Passphrase,
    #[error("the key file is not locked although a passphrase was given: it may have been exchanged")]
    NotLocked,
}

/// The file name of a key.
pub(super) fn name(role: Role, algorithm: Option<Algorithm>, version: u32) -> String {
    match algorithm {
        Some(algorithm) => format!("{role}-{}-{version}{EXTENSION}", algorithm.as_str().to_ascii_lowercase()),
        None => format!("{role}-{version}{EXTENSION}"),
    }
}

/// What a file says of the algorithm of its key.
pub(super) fn algorithm_name(role: Role, algorithm: Option<Algorithm>) -> &'static str {
    match (role, algorithm) {
        (Role::Issuer, algorithm) => algorithm.map_or("unknown", Algorithm::as_str),
        (Role::Vault | Role::Token, _) => "XChaCha20-Poly1305",
        (Role::Pseudonym, _) => "HKDF-SHA256",
        (Role::Log, _) => "Ed25519",
        (Role::Vrf, _) => "ECVRF-RISTRETTO255-SHA512",
    }
}

impl KeyFile {
    pub(super) fn name(&self) -> String {
        name(self.role, self.algorithm, self.version)
    }

    /// The text, locked when there is a lock.
    pub(super) fn write(&self, lock: Option<&Lock>, rng: &mut impl CryptoRng) -> Zeroizing<String> {
        let mut header = format!(
            "role: {}\nalgorithm: {}\nversion: {}\ncreated: {}\nactivates: {}\ndemo: {}\n",
            self.role,
            self.algorithm_name(),
            self.version,
            date(self.created),
            date(self.activates),
            if self.purpose == Purpose::Demo { "yes" } else { "no" },
        );
        let body = match lock {
            None => self.material.clone(),
            Some(lock) => {
                let mut nonce = [0; NONCE];
                rng.fill_bytes(&mut nonce);
                header += &[LOCK, &lock.cost.write(), "\n", NONCE_LINE, &BASE64.encode(&nonce), "\n"].concat();
                let payload = Payload { msg: &self.material, aad: header.as_bytes() };
                Zeroizing::new(encrypt(&lock.key, &nonce, payload))
            }
        };
        let body = Zeroizing::new(BASE64.encode(&body));
        // Enough from the start, so that no half-written copy of the key stays behind in memory.
        let mut text = Zeroizing::new(String::with_capacity(header.len() + body.len() * 65 / 64 + 100));
        for part in [BEGIN, "\n", &header, "\n"] {
            text.push_str(part);
        }
        for line in body.as_bytes().chunks(64) {
            text.push_str(&String::from_utf8_lossy(line));
            text.push('\n');
        }
        text.push_str(END);
        text.push('\n');
        text
    }

    pub(super) fn read(text: &str, unlocker: &mut Unlocker) -> Result<Self, ArmourError> {
        if text.trim().is_empty() {
            return Err(ArmourError::Empty);
        }
        let (mut file, header, body) = parse(text).ok_or(ArmourError::Damaged)?;
        let lock = header.lock.as_deref().map(|text| Cost::read(text).ok_or(ArmourError::Damaged)).transpose()?;
        file.material = match (lock, header.nonce) {
            (None, None) if unlocker.has_passphrase() => return Err(ArmourError::NotLocked),
            (None, None) => body,
            (Some(_), Some(_)) if !unlocker.has_passphrase() => return Err(ArmourError::Locked),
            (Some(cost), Some(nonce)) => {
                let key = unlocker.key(cost).ok_or(ArmourError::Passphrase)?;
                let payload = Payload { msg: &body, aad: header.text.as_bytes() };
                decrypt(&key, &nonce, payload).ok_or(ArmourError::Passphrase)?
            }
            _ => return Err(ArmourError::Damaged),
        };
        if file.algorithm_name() != header.algorithm || file.role != Role::Issuer && file.material.len() != 32 {
            return Err(ArmourError::Algorithm);
        }
        Ok(file)
    }

    fn algorithm_name(&self) -> &'static str {
        algorithm_name(self.role, self.algorithm)
    }
}

/// What the header says besides the fields of [`KeyFile`].
struct Header<'a> {
    /// As written: the associated data of the lock.
    text: &'a str,
    algorithm: &'a str,
    lock: Option<String>,
    nonce: Option<[u8; NONCE]>,
}

fn parse(text: &str) -> Option<(KeyFile, Header<'_>, Zeroizing<Vec<u8>>)> {
    let inside = text.strip_prefix(BEGIN)?.strip_prefix('\n')?;
    let inside = inside.trim_end().strip_suffix(END)?;
    let at = inside.find("\n\n")? + 1;
    let (header, body) = inside.split_at_checked(at)?;
    let mut lines = header.lines();
    let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(": ");
    let role = field("role")?;
    let role = Role::ALL.into_iter().find(|known| known.as_str() == role)?;
    let algorithm = field("algorithm")?;
    let version = field("version")?.parse().ok()?;
    let created = read_date(field("created")?)?;
    let activates = read_date(field("activates")?)?;
    let purpose = match field("demo")? {
        "yes" => Purpose::Demo,
        "no" => Purpose::Service,
        _ => return None,
    };
    let (lock, nonce) = match lines.next() {
        None => (None, None),
        Some(line) => {
            let nonce = BASE64.decode(lines.next()?.strip_prefix(NONCE_LINE)?.as_bytes()).ok()?;
            (Some(line.strip_prefix(LOCK)?.to_owned()), Some(nonce.try_into().ok()?))
        }
    };
    let body = Zeroizing::new(body.split_ascii_whitespace().collect::<String>());
    let body = Zeroizing::new(BASE64.decode(body.as_bytes()).ok()?);
    if lines.next().is_some() {
        return None;
    }
    let of_issuer = if role == Role::Issuer { algorithm.parse().ok() } else { None };
    let file =
        KeyFile { role, algorithm: of_issuer, version, created, activates, purpose, material: Zeroizing::default() };
    Some((file, Header { text: header, algorithm, lock, nonce }, body))
}

pub(super) fn date(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| "never".to_owned(), |at| at.to_string())
}

pub(super) fn read_date(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|at| Timestamp(at.as_millisecond()))
}

const BEGIN: &str = "-----BEGIN HETERONYM KEY-----";
const LOCK: &str = "lock: ";
const NONCE_LINE: &str = "nonce: ";
const END: &str = "-----END HETERONYM KEY-----";
pub(super) const EXTENSION: &str = ".key";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;
    use crate::keyring::{Passphrase, key::Key, life::Dates};

    fn file() -> KeyFile {
        let at = Timestamp::from_seconds(1_772_352_000);
        let dates = Dates { version: 3, created: at, activates: Timestamp(at.0 + 1) };
        Key::generate(Role::Token, None, dates, Purpose::Demo, &mut StdRng::seed_from_u64(1)).unwrap()
    }

    fn read(text: &str, passphrase: Option<&Passphrase>) -> Result<KeyFile, ArmourError> {
        KeyFile::read(text, &mut Unlocker::new(passphrase))
    }

    #[test]
    fn a_file_reads_as_its_documentation_shows() {
        let text = file().write(None, &mut StdRng::seed_from_u64(1));
        let key = BASE64.encode(&file().material);
        assert_eq!(
            text.as_str(),
            format!(
                "-----BEGIN HETERONYM KEY-----\nrole: token\nalgorithm: XChaCha20-Poly1305\nversion: 3\n\
                 created: 2026-03-01T08:00:00Z\nactivates: 2026-03-01T08:00:00.001Z\ndemo: yes\n\n{key}\n\
                 -----END HETERONYM KEY-----\n"
            )
        );
        let again = read(&text, None).unwrap();
        assert_eq!(
            (again.role, again.version, again.created, again.activates),
            (Role::Token, 3, file().created, file().activates)
        );
        assert_eq!((again.purpose, &again.material), (Purpose::Demo, &file().material));
    }

    #[test]
    fn a_locked_file_opens_with_its_passphrase_and_shows_no_key() {
        let passphrase = Passphrase::new("correct horse".to_owned());
        let lock = Lock::new(&passphrase, &mut StdRng::seed_from_u64(2)).unwrap();
        let text = file().write(Some(&lock), &mut StdRng::seed_from_u64(3));
        assert!(!text.contains(&BASE64.encode(&file().material)));
        assert_eq!(read(&text, Some(&passphrase)).unwrap().material, file().material);
        assert_eq!(read(&text, None).err(), Some(ArmourError::Locked));
        let wrong = Passphrase::new("wrong".to_owned());
        assert_eq!(read(&text, Some(&wrong)).err(), Some(ArmourError::Passphrase));
        for (from, to) in [("version: 3", "version: 4"), ("demo: yes", "demo: no"), ("08:00:00.001Z", "08:00:00.002Z")]
        {
            let changed = text.replace(from, to);
            assert_eq!(read(&changed, Some(&passphrase)).err(), Some(ArmourError::Passphrase), "{from}");
        }
        let open = file().write(None, &mut StdRng::seed_from_u64(1));
        assert_eq!(read(&open, Some(&passphrase)).err(), Some(ArmourError::NotLocked));
    }

    #[test]
    fn v1_a_file_that_is_empty_cut_or_of_another_algorithm_says_so() {
        let text = file().write(None, &mut StdRng::seed_from_u64(1));
        assert_eq!(read("", None).err(), Some(ArmourError::Empty));
        assert_eq!(read("\n ", None).err(), Some(ArmourError::Empty));
        for cut in 2..text.len() - 1 {
            assert!(read(&text[..cut], None).is_err(), "{cut}");
        }
        let other = text.replace("XChaCha20-Poly1305", "AES-GCM");
        assert_eq!(read(&other, None).err(), Some(ArmourError::Algorithm));
        let short = text.replace(&BASE64.encode(&file().material), "AAAA");
        assert_eq!(read(&short, None).err(), Some(ArmourError::Algorithm));
        for (from, to) in [
            ("role: token", "role: other"),
            ("version: 3", "version: x"),
            ("demo: yes", "demo: maybe"),
            ("demo: yes\n", "demo: yes\nx: y\n"),
        ] {
            assert_eq!(read(&text.replace(from, to), None).err(), Some(ArmourError::Damaged), "{to}");
        }
    }

    #[test]
    fn names_say_role_algorithm_and_version() {
        assert_eq!(name(Role::Issuer, Some(Algorithm::EdDSA), 2), "issuer-eddsa-2.key");
        assert_eq!(file().name(), "token-3.key");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s).{0,200}", at in any::<proptest::sample::Index>(), insert in "(?s).{1,3}") {
            let _ = read(&text, None);
            let mut changed = file().write(None, &mut StdRng::seed_from_u64(1)).to_string();
            changed.insert_str(at.index(changed.len()), &insert);
            let _ = read(&changed, None);
        }
    }
}
