//! TLS ended here: version 1.3, or 1.2 with forward secrecy and an AEAD (RFC 9325 §3.1, §4.2), whose certificate may be
//! renewed while the server runs.
//!
//! No session is resumed: neither tickets nor session ids are given (`specs/decisions/0052-tls-without-sessions.md`).
//! A hello that names another host than ours, or none, is refused (RFC 6066 §3). Client certificates are asked for only
//! where [`Asking::Everybody`] says so, because a browser that is asked shows its user a question.

mod certificate;
mod files;
mod name;
mod verifier;

use std::{
    fmt, io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use rustls::{
    CipherSuite, Error, ServerConfig, ServerConnection,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{ServerName, UnixTime},
    server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, danger::ClientCertVerifier},
    sign::CertifiedKey,
    time_provider::TimeProvider,
    version::{TLS12, TLS13},
};
use tokio::{
    net::TcpStream,
    time::{Instant, MissedTickBehavior, interval, timeout_at},
};
use tokio_rustls::TlsAcceptor;

pub use self::certificate::{AltName, CertificateError, ClientCertificate};
use self::{files::Stamps, verifier::AnyCertificate};
use super::connection::{self, Certified, Visit};

/// What one listener needs for TLS.
#[derive(Clone, Debug)]
pub struct TlsConfig {
    /// PEM: the server's certificate, then the intermediate ones in order.
    pub certificate: PathBuf,
    /// PEM: its private key, readable by this user alone.
    pub key: PathBuf,
    /// The host of the address under which clients reach the listener: a name, or an IP address.
    pub host: String,
    pub asking: Asking,
    pub clock: Clock,
    /// How often the files are looked at, so the longest that a renewed certificate waits.
    pub look_every: Duration,
}

/// Who is asked for a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asking {
    Nobody,
    /// Anybody, and nobody has to have one. Any certificate will do if the client proves to hold its key (RFC 8705 §2.2, §3);
    /// one that chains to an authority in this PEM file is marked as verified (§2.1).
    Everybody {
        authorities: Option<PathBuf>,
    },
}

/// Tells the time since 1970; handed in so that tests can set it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Duration + Send + Sync>);

/// Why TLS cannot be had from these files.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read {0}: {1}")]
    Io(PathBuf, io::Error),
    #[error("{0} {1}")]
    Access(PathBuf, String),
    #[error("{0} is not what it should be: it is larger than {1} bytes, or no file")]
    TooLarge(PathBuf, u64),
    #[error("{0} holds no certificate: give a PEM file with the server's certificate, then the intermediate ones")]
    NoCertificate(PathBuf),
    #[error(
        "{0} holds no private key that can be used: give a PEM file with an RSA, ECDSA or Ed25519 key, unencrypted"
    )]
    NoKey(PathBuf),
    #[error("the certificate in {0} is not that of the key in {1}: give the two that belong together")]
    Mismatch(PathBuf, PathBuf),
    #[error("the certificate in {0} does not name {1}: have one issued that does")]
    Host(PathBuf, String),
    #[error("the certificate in {0} is of the past: renew it")]
    Expired(PathBuf),
    #[error("{0}: {1}")]
    Broken(PathBuf, String),
    #[error("TLS cannot be set up: {0}")]
    Setup(Error),
}

/// TLS of one listener, as its files last held.
///
/// While [`super::serve_tls`] runs, the files are looked at every [`TlsConfig::look_every`]. New connections get what is
/// there then; files that do not hold are named in the log, and what was there before stays.
#[derive(Debug)]
pub struct Tls {
    config: TlsConfig,
    loaded: RwLock<Arc<Loaded>>,
    seen: Mutex<Seen>,
}

/// What was made of the files.
#[derive(Debug)]
struct Loaded {
    server: Arc<ServerConfig>,
    chains: Option<Arc<dyn ClientCertVerifier>>,
    /// End of the server certificate's validity, since 1970.
    expires: Duration,
}

#[derive(Debug)]
struct Seen {
    stamps: Stamps,
    /// When the log was last told that the certificate ends soon.
    warned: Option<Duration>,
}

impl Tls {
    pub fn load(config: TlsConfig) -> Result<Self, TlsError> {
        let stamps = Stamps::of(&config);
        let loaded = RwLock::new(Arc::new(Loaded::new(&config)?));
        Ok(Self { config, loaded, seen: Mutex::new(Seen { stamps, warned: None }) })
    }

    /// Whole days for which the certificate in use is still good; `None` when it has expired.
    pub fn days_left(&self) -> Option<u64> {
        let left = self.current().expires.checked_sub(self.config.clock.now())?;
        Some(left.as_secs() / 86_400)
    }

    /// Whether the certificate in use has expired, or will within two weeks.
    pub fn expires_soon(&self) -> bool {
        self.days_left().is_none_or(|days| days < SOON)
    }

    /// Takes what the files hold now, when they are not those seen last. `Ok(false)`: nothing has changed.
    pub fn refresh(&self) -> Result<bool, TlsError> {
        let stamps = Stamps::of(&self.config);
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if seen.stamps == stamps {
                return Ok(false);
            }
            // Also when they turn out broken: they are told of once, not at every look.
            seen.stamps = stamps;
        }
        let loaded = Loaded::new(&self.config)?;
        if loaded.expires <= self.config.clock.now() {
            return Err(TlsError::Expired(self.config.certificate.clone()));
        }
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
        Ok(true)
    }

    /// Looks at the files for ever.
    pub(super) async fn keep_fresh(self: &Arc<Self>) {
        let mut looks = interval(self.config.look_every);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            let tls = Arc::clone(self);
            // A disk that is slow to answer must not stop the connections.
            let _ = tokio::task::spawn_blocking(move || tls.look()).await;
        }
    }

    fn look(&self) {
        match self.refresh() {
            Ok(true) => tracing::info!(host = %self.config.host, "a renewed certificate is in use"),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the files of TLS do not hold; the former certificate stays in use"),
        }
        let now = self.config.clock.now();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if self.expires_soon() && seen.warned.is_none_or(|warned| now >= warned + WARN_EVERY) {
            seen.warned = Some(now);
            let days = self.days_left().unwrap_or(0);
            tracing::error!(days, host = %self.config.host, "the certificate expires soon, or has: renew it");
        }
    }

    fn current(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Shakes hands within the time for a header block, then serves as [`connection::drive`] does.
pub(super) async fn enter(tls: Arc<Tls>, socket: TcpStream, mut visit: Visit) {
    let loaded = tls.current();
    let deadline = visit.since + visit.limits.head_timeout;
    let handshake = timeout_at(deadline, TlsAcceptor::from(Arc::clone(&loaded.server)).accept(socket));
    let shaken = tokio::select! {
        biased;
        _ = visit.stopping.changed() => return,
        shaken = handshake => shaken,
    };
    match shaken {
        Ok(Ok(stream)) => {
            let certificate = loaded.certificate(stream.get_ref().1, tls.config.clock.now());
            let until = Instant::now() + visit.limits.certified_timeout;
            visit.certificate = certificate.map(|certificate| Certified { certificate, until });
            connection::drive(stream, visit).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, "TLS refused"),
        Err(_) => tracing::debug!("TLS refused: the handshake took too long"),
    }
}

impl Loaded {
    fn new(config: &TlsConfig) -> Result<Self, TlsError> {
        let provider = Arc::new(CryptoProvider { cipher_suites: suites(), ..aws_lc_rs::default_provider() });
        let pair = files::pair(config)?;
        let mut chains = None;
        let builder = ServerConfig::builder_with_details(Arc::clone(&provider), Arc::new(config.clock.clone()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(TlsError::Setup)?;
        let builder = match &config.asking {
            Asking::Nobody => builder.with_no_client_auth(),
            Asking::Everybody { authorities } => {
                if let Some(file) = authorities {
                    chains = Some(files::authorities(file, &provider)?);
                }
                builder.with_client_cert_verifier(Arc::new(AnyCertificate::new(&provider)))
            }
        };
        let name = match ServerName::try_from(config.host.as_str()) {
            Ok(ServerName::DnsName(name)) => Some(name.to_lowercase_owned().as_ref().to_owned()),
            // RFC 6066 §3: who asks for an address names no host.
            _ => None,
        };
        let mut server = builder.with_cert_resolver(Arc::new(OneHost { name, key: Arc::new(pair.key) }));
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
        Ok(Self { server: Arc::new(server), chains, expires: pair.expires })
    }

    /// The certificate whose key the client proved to hold in this handshake.
    fn certificate(&self, connection: &ServerConnection, now: Duration) -> Option<ClientCertificate> {
        let (end_entity, intermediates) = connection.peer_certificates()?.split_first()?;
        let verified = self.chains.as_ref().is_some_and(|chains| {
            chains.verify_client_cert(end_entity, intermediates, UnixTime::since_unix_epoch(now)).is_ok()
        });
        // The verifier has read it before; what cannot be read has not passed.
        ClientCertificate::from_der(end_entity, verified).ok()
    }
}

/// The key of one host, for those who ask for that host.
#[derive(Debug)]
struct OneHost {
    name: Option<String>,
    key: Arc<CertifiedKey>,
}

impl ResolvesServerCert for OneHost {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asked = hello.server_name().map(str::to_ascii_lowercase);
        (asked == self.name).then(|| Arc::clone(&self.key))
    }
}

/// Named one by one, so that no update of the library adds to them.
fn suites() -> Vec<rustls::SupportedCipherSuite> {
    aws_lc_rs::ALL_CIPHER_SUITES.iter().copied().filter(|suite| SUITES.contains(&suite.suite())).collect()
}

impl Clock {
    pub fn new(since_1970: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(since_1970))
    }

    pub(super) fn now(&self) -> Duration {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(self.now()))
    }
}

/// RFC 8446 §9.1 and RFC 9325 §4.2: ephemeral keys, and encryption that authenticates.
const SUITES: [CipherSuite; 9] = [
    CipherSuite::TLS13_AES_128_GCM_SHA256,
    CipherSuite::TLS13_AES_256_GCM_SHA384,
    CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];
/// Days. Certificates are renewed 30 days before their end; two weeks before it, that has failed for two weeks.
const SOON: u64 = 14;
const WARN_EVERY: Duration = Duration::from_hours(24);
