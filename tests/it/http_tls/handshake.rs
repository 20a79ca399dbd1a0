//! What is offered and what is refused before the first byte of HTTP.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use heteronym::http::server::{Asking, Limits};
use rustls::{
    ClientConfig, HandshakeKind, SignatureScheme, client::ResolvesClientCert, crypto::aws_lc_rs, sign::CertifiedKey,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{ANYBODY, BOTH, Files, HOST, Issued, Running, client, read_to_end, request, roots};

/// A `ClientHello` of TLS 1.2 (RFC 5246 §7.4.1.2) in one record, as a client of any age might send it.
fn hello(version: [u8; 2], suites: &[u16], host: Option<&str>) -> Vec<u8> {
    let lengthed = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    let extension = |kind: u16, body: &[u8]| [&kind.to_be_bytes()[..], &lengthed(body)].concat();
    let suites: Vec<u8> = suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
    let mut extensions = [
        // supported_groups: x25519, secp256r1; ec_point_formats: uncompressed.
        extension(10, &lengthed(&[0, 29, 0, 23])),
        extension(11, &[1, 0]),
        // signature_algorithms: ECDSA with P-256, RSA-PSS and PKCS #1 with SHA-256.
        extension(13, &lengthed(&[4, 3, 8, 4, 4, 1])),
    ]
    .concat();
    if let Some(host) = host {
        let entry = [&[0][..], &lengthed(host.as_bytes())].concat();
        extensions.extend(extension(0, &lengthed(&entry)));
    }
    let session = [&[32][..], &[7; 32]].concat();
    let body = [&version[..], &[9; 32], &session, &lengthed(&suites), &[1, 0], &lengthed(&extensions)].concat();
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let message = [&[1, length[1], length[2], length[3]], &body[..]].concat();
    [&[22, 3, 1][..], &lengthed(&message)].concat()
}

/// The first record of the answer: its kind and its content.
async fn answer(server: &Running, hello: &[u8]) -> (u8, Vec<u8>) {
    let mut socket = server.tcp().await;
    socket.write_all(hello).await.unwrap();
    let mut head = [0; 5];
    socket.read_exact(&mut head).await.unwrap();
    let mut content = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    socket.read_exact(&mut content).await.unwrap();
    (head[0], content)
}

/// The description in a fatal alert (RFC 8446 §6).
async fn alert(server: &Running, hello: &[u8]) -> u8 {
    let (kind, content) = answer(server, hello).await;
    assert_eq!((kind, content[0]), (ALERT, 2), "{content:?}");
    content[1]
}

const TLS_1_0: [u8; 2] = [3, 1];
const TLS_1_1: [u8; 2] = [3, 2];
const TLS_1_2: [u8; 2] = [3, 3];
const ECDHE_ECDSA_AES_128_GCM: u16 = 0xC02B;
const ECDHE_ECDSA_AES_128_CBC: u16 = 0xC009;
const DHE_RSA_AES_128_GCM: u16 = 0x009E;
const RSA_AES_128_GCM: u16 = 0x009C;
const RSA_AES_128_CBC: u16 = 0x002F;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const HANDSHAKE_FAILURE: u8 = 40;
const ACCESS_DENIED: u8 = 49;
const PROTOCOL_VERSION: u8 = 70;

#[tokio::test]
async fn r_10_old_versions_and_suites_without_forward_secrecy_are_refused() {
    let files = Files::new();
    let server = files.serve(Asking::Nobody, Limits::default()).await;
    for version in [TLS_1_0, TLS_1_1] {
        let old = hello(version, &[ECDHE_ECDSA_AES_128_GCM, ECDHE_ECDSA_AES_128_CBC, RSA_AES_128_CBC], Some(HOST));
        assert_eq!(alert(&server, &old).await, PROTOCOL_VERSION);
    }
    for suites in [&[RSA_AES_128_GCM, RSA_AES_128_CBC][..], &[ECDHE_ECDSA_AES_128_CBC], &[DHE_RSA_AES_128_GCM]] {
        assert_eq!(alert(&server, &hello(TLS_1_2, suites, Some(HOST))).await, HANDSHAKE_FAILURE, "{suites:x?}");
    }
    let (kind, content) =
        answer(&server, &hello(TLS_1_2, &[RSA_AES_128_GCM, ECDHE_ECDSA_AES_128_GCM], Some(HOST))).await;
    assert_eq!((kind, content[0]), (HANDSHAKE, 2), "the same hello with a suite that will do");
    // RFC 5246 §7.4.1.3: the session id, after the version and 32 random bytes, is empty, so nothing can be resumed.
    assert_eq!(content[4 + 2 + 32], 0);
}

#[tokio::test]
async fn r_10_a_hello_that_names_no_host_or_another_is_refused() {
    let files = Files::new();
    let server = files.serve(Asking::Nobody, Limits::default()).await;
    for host in [None, Some("other.test"), Some("id.test.evil")] {
        assert_eq!(alert(&server, &hello(TLS_1_2, &[ECDHE_ECDSA_AES_128_GCM], host)).await, ACCESS_DENIED, "{host:?}");
    }
    assert_eq!(answer(&server, &hello(TLS_1_2, &[ECDHE_ECDSA_AES_128_GCM], Some("ID.test"))).await.0, HANDSHAKE);
}

#[tokio::test]
async fn a_server_reached_by_its_address_needs_no_name() {
    let files = Files::new();
    Issued::by_itself(&["127.0.0.1"]).write(files.dir.path());
    let mut config = files.config(Asking::Nobody);
    config.host = "127.0.0.1".to_owned();
    let server = Running::start(config, Limits::default()).await;
    assert_eq!(answer(&server, &hello(TLS_1_2, &[ECDHE_ECDSA_AES_128_GCM], None)).await.0, HANDSHAKE);
    assert_eq!(alert(&server, &hello(TLS_1_2, &[ECDHE_ECDSA_AES_128_GCM], Some(HOST))).await, ACCESS_DENIED);
}

#[tokio::test]
async fn r72_versions_1_2_and_1_3_are_served_and_http_1_1_is_all_that_is_spoken() {
    let files = Files::new();
    let server = files.serve(Asking::Nobody, Limits::default()).await;
    for versions in BOTH {
        let mut config = client(versions, &files.issued, None);
        assert_eq!(server.get(config.clone(), "/hello").await.unwrap(), "hello");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let stream = server.connect(config.clone()).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        config.alpn_protocols = vec![b"h2".to_vec()];
        let refused = server.exchange(config, request("/hello")).await.unwrap_err().to_string();
        assert!(refused.contains("NoApplicationProtocol"), "{refused}");
    }
}

#[tokio::test]
async fn nobody_is_known_again_by_a_ticket_or_a_session() {
    let files = Files::new();
    let server = files.serve(ANYBODY, Limits::default()).await;
    for versions in BOTH {
        let config = client(versions, &files.issued, None);
        for _ in 0..2 {
            let mut stream = server.connect(config.clone()).await.unwrap();
            stream.write_all(request("/hello").as_bytes()).await.unwrap();
            assert!(read_to_end(&mut stream).await.ends_with(b"hello"));
            let connection = stream.get_ref().1;
            assert_eq!(connection.handshake_kind(), Some(HandshakeKind::Full));
            assert_eq!(connection.tls13_tickets_received(), 0);
        }
    }
}

/// Counts how often a server asked for a certificate.
#[derive(Debug, Default)]
struct Asked(AtomicUsize);

impl ResolvesClientCert for Asked {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_certificate_is_asked_for_only_where_that_was_configured_and_never_required() {
    let files = Files::new();
    for (asking, times) in [(Asking::Nobody, 0), (ANYBODY, 1)] {
        let server = files.serve(asking, Limits::default()).await;
        for versions in BOTH {
            let asked = Arc::new(Asked::default());
            let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_protocol_versions(versions)
                .unwrap()
                .with_root_certificates(roots(&files.issued))
                .with_client_cert_resolver(Arc::clone(&asked) as Arc<dyn ResolvesClientCert>);
            assert_eq!(server.get(config, "/certificate").await.unwrap(), "none");
            assert_eq!(asked.0.load(Ordering::SeqCst), times, "{versions:?}");
        }
    }
}
