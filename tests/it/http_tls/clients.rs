//! Certificates of clients (RFC 8705): what a request carries of them, and what it never does.

use std::{sync::Arc, time::Duration};

use data_encoding::BASE64URL_NOPAD;
use heteronym::http::server::{Asking, Limits};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, date_time_ymd,
};
use rustls::{ClientConfig, client::ResolvesClientCert, crypto::aws_lc_rs, sign::CertifiedKey};
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{Instant, sleep},
};

use super::{ANYBODY, BOTH, Files, HOST, Issued, Running, client, put, roots};

fn thumbprint(issued: &Issued) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(issued.der()))
}

/// An authority that signs certificates.
pub(crate) fn authority(name: &str) -> (Issued, Issuer<'static, KeyPair>) {
    let params = || {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    };
    let key = KeyPair::generate().unwrap();
    let issuer = Issuer::new(params(), KeyPair::from_pem(&key.serialize_pem()).unwrap());
    (Issued { certificate: params().self_signed(&key).unwrap(), key }, issuer)
}

#[tokio::test]
async fn a_request_carries_the_certificate_whose_key_its_client_proved_to_hold() {
    let files = Files::new();
    let server = files.serve(ANYBODY, Limits::default()).await;
    let own = Issued::with(&["forum.test"], |params| {
        params.distinguished_name.push(DnType::OrganizationName, "Forum, Inc.");
    });
    for versions in BOTH {
        let said = server.get(client(versions, &files.issued, Some(&own)), "/certificate").await.unwrap();
        assert_eq!(said, format!("{} false O=Forum\\, Inc.,CN=Test", thumbprint(&own)));
        assert_eq!(server.get(client(versions, &files.issued, None), "/certificate").await.unwrap(), "none");
    }
}

#[tokio::test]
async fn only_a_certificate_of_today_from_a_trusted_authority_is_verified() {
    let files = Files::new();
    let (trusted, issuer) = authority("Trusted");
    let (_, unknown) = authority("Unknown");
    put(&files.path("authorities.pem"), &trusted.certificate.pem(), 0o644);
    let asking = Asking::Everybody { authorities: Some(files.path("authorities.pem")) };
    let server = files.serve(asking, Limits::default()).await;
    let expired = |params: &mut CertificateParams| params.not_after = date_time_ymd(2025, 12, 31);
    let early = |params: &mut CertificateParams| params.not_before = date_time_ymd(2026, 1, 2);
    let of_servers =
        |params: &mut CertificateParams| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    for (own, verified, why) in [
        (Issued::signed_by(&["forum.test"], &issuer, |_| {}), true, "good"),
        (Issued::signed_by(&["forum.test"], &issuer, expired), false, "expired"),
        (Issued::signed_by(&["forum.test"], &issuer, early), false, "not valid yet"),
        (Issued::signed_by(&["forum.test"], &issuer, of_servers), false, "for servers only"),
        (Issued::signed_by(&["forum.test"], &unknown, |_| {}), false, "unknown authority"),
        (Issued::by_itself(&["forum.test"]), false, "signed by itself"),
    ] {
        for versions in BOTH {
            let said = server.get(client(versions, &files.issued, Some(&own)), "/certificate").await.unwrap();
            assert_eq!(said, format!("{} {verified} CN=Test", thumbprint(&own)), "{why}");
        }
    }
}

/// A client that shows a certificate and signs with a key of its own choice.
#[derive(Debug)]
struct Forger(Arc<CertifiedKey>);

impl ResolvesClientCert for Forger {
    fn resolve(&self, _: &[&[u8]], _: &[rustls::SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_certificate_without_its_key_is_refused_in_the_handshake() {
    let files = Files::new();
    let server = files.serve(ANYBODY, Limits::default()).await;
    let (shown, held) = (Issued::by_itself(&["forum.test"]), Issued::by_itself(&["forum.test"]));
    for (key, passes) in [(&held, false), (&shown, true)] {
        for versions in BOTH {
            let key = aws_lc_rs::sign::any_supported_type(&key.private()).unwrap();
            let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_protocol_versions(versions)
                .unwrap()
                .with_root_certificates(roots(&files.issued))
                .with_client_cert_resolver(Arc::new(Forger(Arc::new(CertifiedKey::new(shown.chain(), key)))));
            let answered = server.get(config, "/certificate").await;
            assert_eq!(answered.is_ok(), passes, "{versions:?}: {answered:?}");
            if let Err(error) = answered {
                assert!(error.to_string().contains("DecryptError"), "RFC 8446 §6.2: {error}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_certificate_is_refused_in_the_handshake() {
    let files = Files::new();
    let server = files.serve(ANYBODY, Limits::default()).await;
    let held = Issued::by_itself(&["forum.test"]);
    let key = aws_lc_rs::sign::any_supported_type(&held.private()).unwrap();
    for shown in [held.der()[..held.der().len() - 1].to_vec(), [held.der(), b"\0"].concat(), b"nonsense".to_vec()] {
        let chain = vec![shown.into()];
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots(&files.issued))
            .with_client_cert_resolver(Arc::new(Forger(Arc::new(CertifiedKey::new(chain, Arc::clone(&key))))));
        assert!(server.get(config, "/certificate").await.is_err());
    }
}

#[tokio::test]
async fn r43_a_certificate_in_a_header_is_never_one() {
    let files = Files::new();
    let own = Issued::by_itself(&["forum.test"]);
    let pem = own.certificate.pem().replace('\n', "%0A");
    let limits = Limits { trusted_proxies: vec!["127.0.0.1".parse().unwrap()], ..Limits::default() };
    for asking in [Asking::Nobody, ANYBODY] {
        let server = files.serve(asking, limits.clone()).await;
        for name in ["X-Client-Cert", "X-SSL-Cert", "SSL-Client-Cert", "X-Forwarded-Client-Cert", "Client-Cert"] {
            let request =
                format!("GET /certificate HTTP/1.1\r\nHost: {HOST}\r\n{name}: {pem}\r\nConnection: close\r\n\r\n");
            let said = server.exchange(client(BOTH[1], &files.issued, None), request).await.unwrap();
            assert!(said.ends_with("\r\n\r\nnone"), "{name}: {said}");
        }
    }
}

/// How long a busy connection of this client goes on.
async fn life(server: &Running, config: ClientConfig, at_most: Duration) -> Duration {
    let mut stream = server.connect(config).await.unwrap();
    let begun = Instant::now();
    let mut buffer = [0; 1024];
    while begun.elapsed() < at_most {
        let asked = stream.write_all(format!("GET /hello HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes()).await;
        if asked.is_err() || !matches!(stream.read(&mut buffer).await, Ok(1..)) {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    begun.elapsed()
}

#[tokio::test]
async fn a_certificate_is_not_believed_for_as_long_as_its_client_keeps_the_connection_busy() {
    let files = Files::new();
    let limits = Limits { certified_timeout: Duration::from_millis(300), ..Limits::default() };
    let server = files.serve(ANYBODY, limits).await;
    let own = Issued::by_itself(&["forum.test"]);
    let at_most = Duration::from_millis(1_500);
    let with = life(&server, client(BOTH[1], &files.issued, Some(&own)), at_most).await;
    assert!((250..1_400).contains(&with.as_millis()), "{with:?}");
    assert!(life(&server, client(BOTH[1], &files.issued, None), at_most).await >= at_most, "nothing is believed there");
}
