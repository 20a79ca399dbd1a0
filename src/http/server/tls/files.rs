//! The PEM files of TLS (RFC 7468): read with a bound, checked against each other before any of them is used.

use std::{
    fs::{self, File, Metadata},
    io::Read,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::Arc,
    time::Duration,
};

use rustls::{
    RootCertStore,
    client::verify_server_name,
    crypto::{CryptoProvider, aws_lc_rs::sign::any_supported_type},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    server::{ParsedCertificate, WebPkiClientVerifier, danger::ClientCertVerifier},
    sign::CertifiedKey,
};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};
use zeroize::{Zeroize, Zeroizing};

use super::{Asking, TlsConfig, TlsError};

/// A certificate with its chain and key, and when it expires, since 1970.
pub(super) struct Pair {
    pub(super) key: CertifiedKey,
    pub(super) expires: Duration,
}

/// The server's certificate and key, which belong together and name the host.
pub(super) fn pair(config: &TlsConfig) -> Result<Pair, TlsError> {
    let file = &config.certificate;
    let chain = certificates(file)?;
    let leaf = chain.first().ok_or_else(|| TlsError::NoCertificate(file.clone()))?;
    let broken = |reason: String| TlsError::Broken(file.clone(), reason);
    let (_, read) = X509Certificate::from_der(leaf).map_err(|_| broken("the certificate is damaged".to_owned()))?;
    let expires = Duration::from_secs(read.validity().not_after.timestamp().try_into().unwrap_or(0));
    let parsed = ParsedCertificate::try_from(leaf).map_err(|error| broken(error.to_string()))?;
    let host = || TlsError::Host(file.clone(), config.host.clone());
    let name = ServerName::try_from(config.host.as_str()).map_err(|_| host())?;
    verify_server_name(&parsed, &name).map_err(|_| host())?;
    let no_key = || TlsError::NoKey(config.key.clone());
    let text = private(&config.key)?;
    let mut der = PrivateKeyDer::from_pem_slice(&text).map_err(|_| no_key())?;
    let key = any_supported_type(&der);
    der.zeroize();
    let key = CertifiedKey::new(chain, key.map_err(|_| no_key())?);
    key.keys_match().map_err(|_| TlsError::Mismatch(file.clone(), config.key.clone()))?;
    Ok(Pair { key, expires })
}

/// Tells which certificates of clients chain to the authorities in the file (RFC 5280 §6.1), for the use of clients.
pub(super) fn authorities(
    file: &Path,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let broken = |reason: String| TlsError::Broken(file.to_owned(), reason);
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|error| broken(format!("no certificate authority: {error}")))?;
    }
    if roots.is_empty() {
        return Err(TlsError::NoCertificate(file.to_owned()));
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
    verifier.map_err(|error| broken(error.to_string()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let (file, metadata) = open(path)?;
    let text = read(path, file, &metadata)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    found.map_err(|error| TlsError::Broken(path.to_owned(), format!("no PEM: {error}")))
}

/// The text of a file that belongs to us and that nobody else can read, as every private key of the house.
fn private(path: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let (file, metadata) = open(path)?;
    let refused = |reason| Err(TlsError::Access(path.to_owned(), reason));
    let (owner, user) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != user {
        return refused(format!("belongs to user {owner}, and this is user {user}: run `chown {user}` on it"));
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return refused(format!("is open to others (mode {mode:o}): run `chmod 600` on it"));
    }
    read(path, file, &metadata)
}

fn open(path: &Path) -> Result<(File, Metadata), TlsError> {
    let opened = File::open(path).and_then(|file| file.metadata().map(|metadata| (file, metadata)));
    opened.map_err(|error| TlsError::Io(path.to_owned(), error))
}

fn read(path: &Path, file: File, metadata: &Metadata) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    if !metadata.is_file() || metadata.len() > MAX_FILE {
        return Err(TlsError::TooLarge(path.to_owned(), MAX_FILE));
    }
    // Enough from the start, so that no half-read copy of a key stays behind in memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1));
    file.take(MAX_FILE).read_to_end(&mut bytes).map_err(|error| TlsError::Io(path.to_owned(), error))?;
    Ok(bytes)
}

/// What changes when somebody writes, moves or links a file to its place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stamps(Vec<Option<[i128; 7]>>);

impl Stamps {
    /// A link is followed, as renewal tools exchange what it leads to.
    pub(super) fn of(config: &TlsConfig) -> Self {
        let authorities = match &config.asking {
            Asking::Everybody { authorities } => authorities.as_ref(),
            Asking::Nobody => None,
        };
        let stamp = |path: &Path| {
            let metadata = fs::metadata(path).ok()?;
            Some([
                metadata.dev().into(),
                metadata.ino().into(),
                metadata.len().into(),
                metadata.mtime().into(),
                metadata.mtime_nsec().into(),
                metadata.ctime().into(),
                metadata.ctime_nsec().into(),
            ])
        };
        let paths = [Some(&config.certificate), Some(&config.key), authorities];
        Self(paths.into_iter().flatten().map(|path| stamp(path)).collect())
    }
}

/// Room for all the certificate authorities there are.
const MAX_FILE: u64 = 1024 * 1024;
