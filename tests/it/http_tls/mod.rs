//! The listener that ends TLS itself, over real sockets, against clients that keep to the rules and clients that do not.

mod clients;
mod handshake;
mod limits;
mod renewal;

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{Extension, Router, body::Bytes, routing};
use heteronym::http::server::{self, Asking, ClientCertificate, Clock, Limits, Tls, TlsConfig};
use rcgen::{CertificateParams, DnType, Issuer, KeyPair};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

pub(crate) use self::clients::authority;

pub(crate) const HOST: &str = "id.test";
/// 1 January 2026: the time of every server here, until a test moves it.
const NOW: u64 = 1_767_225_600;
const DAY: u64 = 86_400;

/// A certificate with its key.
pub(crate) struct Issued {
    pub(crate) certificate: rcgen::Certificate,
    pub(crate) key: KeyPair,
}

impl Issued {
    /// Signed by itself, for these names.
    pub(crate) fn by_itself(names: &[&str]) -> Self {
        Self::with(names, |_| {})
    }

    pub(crate) fn with(names: &[&str], alter: impl FnOnce(&mut CertificateParams)) -> Self {
        let (params, key) = Self::params(names, alter);
        Self { certificate: params.self_signed(&key).unwrap(), key }
    }

    pub(crate) fn signed_by(
        names: &[&str],
        authority: &Issuer<'_, KeyPair>,
        alter: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let (params, key) = Self::params(names, alter);
        Self { certificate: params.signed_by(&key, authority).unwrap(), key }
    }

    fn params(names: &[&str], alter: impl FnOnce(&mut CertificateParams)) -> (CertificateParams, KeyPair) {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "Test");
        alter(&mut params);
        (params, KeyPair::generate().unwrap())
    }

    pub(crate) fn der(&self) -> &[u8] {
        self.certificate.der()
    }

    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.certificate.der().clone()]
    }

    pub(crate) fn private(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// Writes `certificate.pem` and `key.pem`, each whole at once, as renewal tools do.
    pub(crate) fn write(&self, directory: &Path) {
        self.write_key(directory);
        put(&directory.join("certificate.pem"), &self.certificate.pem(), 0o644);
    }

    fn write_key(&self, directory: &Path) {
        put(&directory.join("key.pem"), &self.key.serialize_pem(), 0o600);
    }
}

fn put(path: &Path, text: &str, mode: u32) {
    let unfinished = path.with_extension("tmp");
    fs::write(&unfinished, text).unwrap();
    fs::set_permissions(&unfinished, fs::Permissions::from_mode(mode)).unwrap();
    fs::rename(unfinished, path).unwrap();
}

/// The files of a server and its time.
struct Files {
    dir: TempDir,
    now: Arc<AtomicU64>,
    issued: Issued,
}

impl Files {
    fn new() -> Self {
        let files = Self {
            dir: tempfile::tempdir().unwrap(),
            now: Arc::new(AtomicU64::new(NOW)),
            issued: Issued::by_itself(&[HOST]),
        };
        files.issued.write(files.dir.path());
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn config(&self, asking: Asking) -> TlsConfig {
        let now = Arc::clone(&self.now);
        TlsConfig {
            certificate: self.path("certificate.pem"),
            key: self.path("key.pem"),
            host: HOST.to_owned(),
            asking,
            clock: Clock::new(move || Duration::from_secs(now.load(Ordering::SeqCst))),
            look_every: Duration::from_hours(1),
        }
    }

    async fn serve(&self, asking: Asking, limits: Limits) -> Running {
        Running::start(self.config(asking), limits).await
    }
}

/// What a server is asked by those who may or may not show a certificate.
const ANYBODY: Asking = Asking::Everybody { authorities: None };

struct Running {
    address: SocketAddr,
    tls: Arc<Tls>,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Running {
    async fn start(config: TlsConfig, limits: Limits) -> Self {
        let tls = Arc::new(Tls::load(config).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let stopped = async { stopped.await.unwrap_or(()) };
        let ended = tokio::spawn(server::serve_tls(listener, routes(), limits, Arc::clone(&tls), stopped));
        Self { address, tls, stop, ended }
    }

    async fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn connect(&self, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
        TlsConnector::from(Arc::new(config)).connect(HOST.try_into().unwrap(), self.tcp().await).await
    }

    /// Sends the bytes inside TLS and gives back everything until the server closes.
    async fn exchange(&self, config: ClientConfig, bytes: impl AsRef<[u8]>) -> std::io::Result<String> {
        let mut stream = self.connect(config).await?;
        stream.write_all(bytes.as_ref()).await?;
        let mut answer = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server closes")?;
        Ok(String::from_utf8(answer).unwrap())
    }

    async fn get(&self, config: ClientConfig, path: &str) -> std::io::Result<String> {
        let answer = self.exchange(config, request(path)).await?;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        Ok(answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }
}

fn routes() -> Router {
    Router::new()
        .route("/hello", routing::get(async || "hello"))
        .route("/echo", routing::post(async |body: Bytes| body))
        .route("/big", routing::get(async || vec![b'x'; 32 << 20]))
        .route(
            "/certificate",
            routing::get(async |certificate: Option<Extension<ClientCertificate>>| match certificate {
                Some(Extension(read)) => format!("{} {} {}", read.thumbprint, read.verified, read.subject),
                None => "none".to_owned(),
            }),
        )
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n")
}

const BOTH: [&[&SupportedProtocolVersion]; 2] = [&[&rustls::version::TLS12], &[&rustls::version::TLS13]];

/// A client that trusts this certificate, and has one of its own if given.
fn client(versions: &[&'static SupportedProtocolVersion], trusted: &Issued, own: Option<&Issued>) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots(trusted));
    match own {
        Some(own) => builder.with_client_auth_cert(own.chain(), own.private()).unwrap(),
        None => builder.with_no_client_auth(),
    }
}

pub(crate) fn roots(trusted: &Issued) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.certificate.der().clone()).unwrap();
    roots
}

async fn read_to_end(socket: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = timeout(PATIENCE, socket.read_to_end(&mut bytes)).await.expect("the server closes");
    bytes
}

const PATIENCE: Duration = Duration::from_secs(5);
