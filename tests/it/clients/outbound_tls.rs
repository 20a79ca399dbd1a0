//! The outbound guard over TLS: who is believed, and what `outbound.extra_ca` adds to that.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{IpAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
    thread,
};

use futures_util::future::{self, BoxFuture};
use heteronym::{
    clients::{Outbound, OutboundError, OutboundSetupError, Resolve},
    config,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, Stream,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tempfile::TempDir;

use super::outbound_sink::{Script, issuer};

/// A certificate authority made for one test.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// An HTTPS server for `name` that answers `[]` to everybody, on a free port. Its thread ends with the tests.
    fn serve(&self, name: &str) -> u16 {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = Arc::new(config);
        thread::spawn(move || {
            for stream in listener.incoming() {
                // Whoever does not believe the certificate hangs up: the next one may.
                let _ = answer(stream.unwrap(), Arc::clone(&config));
            }
        });
        port
    }
}

fn answer(mut stream: std::net::TcpStream, config: Arc<ServerConfig>) -> io::Result<()> {
    let mut connection = ServerConnection::new(config).unwrap();
    let mut tls = Stream::new(&mut connection, &mut stream);
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut piece = [0; 1024];
        match tls.read(&mut piece)? {
            0 => return Ok(()),
            length => request.extend_from_slice(&piece[..length]),
        }
    }
    tls.write_all(&Script::bytes("200 OK", "", b"[]"))?;
    tls.conn.send_close_notify();
    tls.flush()
}

/// Every name is this machine.
struct Here;

impl Resolve for Here {
    fn resolve<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(future::ready(Ok(vec!["127.0.0.1".parse().unwrap()])))
    }
}

/// A guard that may go to `forum.test`, with these bytes as `outbound.extra_ca`.
fn guard(extra_ca: Option<&[u8]>) -> Result<(Outbound, TempDir), OutboundSetupError> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("extra.pem");
    if let Some(pem) = extra_ca {
        fs::write(&file, pem).unwrap();
    }
    let extra_ca = if extra_ca.is_some() { file } else { PathBuf::new() };
    let config = config::Outbound { allow: vec!["forum.test".to_owned()], extra_ca };
    Ok((Outbound::new(&config, &issuer())?.with_resolver(Here), directory))
}

#[tokio::test]
async fn an_authority_of_the_configuration_is_believed_beside_those_of_the_browsers() {
    let authority = Authority::new();
    let url = format!("https://forum.test:{}/jwks", authority.serve("forum.test"));
    let (with, _kept) = guard(Some(authority.pem.as_bytes())).unwrap();
    assert_eq!(with.get(&url).await.unwrap(), b"[]");
    let (without, _kept) = guard(None).unwrap();
    assert_eq!(without.get(&url).await, Err(OutboundError::Certificate));
}

#[tokio::test]
async fn every_authority_of_the_file_is_believed() {
    let (first, second) = (Authority::new(), Authority::new());
    let (guard, _kept) = guard(Some([first.pem.as_str(), &second.pem].concat().as_bytes())).unwrap();
    for authority in [first, second] {
        let url = format!("https://forum.test:{}/", authority.serve("forum.test"));
        assert_eq!(guard.get(&url).await.unwrap(), b"[]");
    }
}

#[tokio::test]
async fn g4_the_certificate_has_to_be_of_the_name_that_was_registered_wherever_the_name_leads() {
    let authority = Authority::new();
    let (guard, _kept) = guard(Some(authority.pem.as_bytes())).unwrap();
    for other in ["other.test", "127.0.0.1", "a.forum.test"] {
        let url = format!("https://forum.test:{}/", authority.serve(other));
        assert_eq!(guard.get(&url).await, Err(OutboundError::Certificate), "{other}");
        assert_eq!(guard.post_form(&url, String::new()).await, Err(OutboundError::Certificate), "{other}");
    }
}

#[test]
fn a_file_of_authorities_that_is_none_stops_the_start_by_the_name_of_the_setting() {
    let refused = |pem: &[u8]| guard(Some(pem)).err().unwrap().to_string();
    let garbage = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let key = KeyPair::generate().unwrap().serialize_pem();
    for (pem, told) in [
        (b"".as_slice(), "holds no certificate in PEM"),
        (b"none", "holds no certificate in PEM"),
        (key.as_bytes(), "holds no certificate in PEM"),
        (garbage, "TLS cannot be set up with it"),
    ] {
        let error = refused(pem);
        assert!(error.starts_with("outbound.extra_ca: ") && error.contains(told), "{error}");
    }
    let config = config::Outbound { allow: Vec::new(), extra_ca: "/nowhere/extra.pem".into() };
    let error = Outbound::new(&config, &issuer()).err().unwrap().to_string();
    assert!(error.starts_with("outbound.extra_ca: cannot read /nowhere/extra.pem: "), "{error}");
}

#[test]
fn a_host_to_allow_that_is_none_stops_the_start_by_the_name_of_the_setting() {
    let config = config::Outbound { allow: vec!["https://forum.test".to_owned()], extra_ca: PathBuf::new() };
    let error = Outbound::new(&config, &issuer()).err().unwrap().to_string();
    assert!(error.starts_with("outbound.allow: \"https://forum.test\" is not a host"), "{error}");
}
