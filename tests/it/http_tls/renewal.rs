//! The files of TLS: what is taken from them, when, and what is refused with its remedy.

use std::{fs, sync::atomic::Ordering, time::Duration};

use heteronym::http::server::{Asking, Limits, Tls, TlsError};
use rcgen::date_time_ymd;
use tokio::time::{Instant, sleep};

use super::{BOTH, DAY, Files, HOST, Issued, NOW, Running, client, put};

#[tokio::test]
async fn a_renewed_certificate_is_in_use_without_a_restart() {
    let files = Files::new();
    let mut config = files.config(Asking::Nobody);
    config.look_every = Duration::from_millis(50);
    let server = Running::start(config, Limits::default()).await;
    let mut old = server.connect(client(BOTH[1], &files.issued, None)).await.unwrap();
    let renewed = Issued::by_itself(&[HOST]);
    renewed.write(files.dir.path());
    let begun = Instant::now();
    while server.get(client(BOTH[1], &renewed, None), "/hello").await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(5), "the former is still in use");
        sleep(Duration::from_millis(20)).await;
    }
    assert!(server.get(client(BOTH[1], &files.issued, None), "/hello").await.is_err(), "the former is not shown again");
    tokio::io::AsyncWriteExt::write_all(&mut old, super::request("/hello").as_bytes()).await.unwrap();
    assert!(super::read_to_end(&mut old).await.ends_with(b"hello"), "connections that stand go on");
}

#[tokio::test]
async fn what_does_not_hold_leaves_the_former_certificate_in_use() {
    let files = Files::new();
    let server = files.serve(Asking::Nobody, Limits::default()).await;
    let config = client(BOTH[1], &files.issued, None);
    let refresh = || server.tls.refresh();
    assert!(!refresh().unwrap(), "nothing has changed");

    put(&files.path("certificate.pem"), "nonsense", 0o644);
    assert!(matches!(refresh(), Err(TlsError::NoCertificate(_))));
    assert!(!refresh().unwrap(), "a fault is told of once");
    // Half of a renewal: the certificate of another key.
    Issued::by_itself(&[HOST]).write(files.dir.path());
    files.issued.write_key(files.dir.path());
    assert!(matches!(refresh(), Err(TlsError::Mismatch(..))));
    Issued::by_itself(&["other.test"]).write(files.dir.path());
    assert!(matches!(refresh(), Err(TlsError::Host(..))));
    Issued::with(&[HOST], |params| params.not_after = date_time_ymd(2025, 12, 31)).write(files.dir.path());
    assert!(matches!(refresh(), Err(TlsError::Expired(_))));
    fs::remove_file(files.path("key.pem")).unwrap();
    assert!(matches!(refresh(), Err(TlsError::Io(..))));
    assert_eq!(server.get(config, "/hello").await.unwrap(), "hello");

    let renewed = Issued::by_itself(&[HOST]);
    renewed.write(files.dir.path());
    assert!(refresh().unwrap());
    assert_eq!(server.get(client(BOTH[1], &renewed, None), "/hello").await.unwrap(), "hello");
}

#[test]
fn a_key_that_others_may_read_is_refused_with_the_remedy() {
    let files = Files::new();
    let load = || Tls::load(files.config(Asking::Nobody)).map_err(|error| error.to_string());
    assert!(load().is_ok());
    for mode in [0o640, 0o604, 0o620] {
        put(&files.path("key.pem"), &files.issued.key.serialize_pem(), mode);
        let refused = load().unwrap_err();
        assert!(refused.contains(&format!("key.pem is open to others (mode {mode:o}): run `chmod 600`")), "{refused}");
    }
}

#[test]
fn each_fault_of_a_file_names_the_file() {
    let files = Files::new();
    let (certificate, key) = (files.path("certificate.pem"), files.path("key.pem"));
    let load = || Tls::load(files.config(Asking::Nobody)).map(drop).map_err(|error| error.to_string());
    let refused = |says: &str| {
        let refused = load().unwrap_err();
        assert!(refused.contains(says), "{says}: {refused}");
        files.issued.write(files.dir.path());
        load().unwrap();
    };
    fs::remove_file(&certificate).unwrap();
    refused("certificate.pem: No such file");
    put(&certificate, &files.issued.key.serialize_pem(), 0o644);
    refused("certificate.pem holds no certificate");
    put(&certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 0o644);
    refused("certificate.pem: the certificate is damaged");
    put(&certificate, &"x".repeat(1024 * 1024 + 1), 0o644);
    refused("certificate.pem is not what it should be: it is larger than 1048576 bytes");
    put(&key, &files.issued.certificate.pem(), 0o600);
    refused("key.pem holds no private key");
    put(&key, &Issued::by_itself(&[HOST]).key.serialize_pem(), 0o600);
    refused("is not that of the key in");
    Issued::by_itself(&["other.test"]).write(files.dir.path());
    refused("certificate.pem does not name id.test");

    let authorities = files.path("authorities.pem");
    let asking = Asking::Everybody { authorities: Some(authorities.clone()) };
    let load = || Tls::load(files.config(asking.clone())).map(drop).map_err(|error| error.to_string());
    assert!(load().unwrap_err().contains("authorities.pem: No such file"));
    put(&authorities, "", 0o644);
    assert!(load().unwrap_err().contains("authorities.pem holds no certificate"));
    put(&authorities, &files.issued.certificate.pem(), 0o644);
    load().unwrap();
}

#[test]
fn a_certificate_is_called_old_two_weeks_before_its_end() {
    let files = Files::new();
    Issued::with(&[HOST], |params| params.not_after = date_time_ymd(2026, 1, 31)).write(files.dir.path());
    let tls = Tls::load(files.config(Asking::Nobody)).unwrap();
    assert_eq!((tls.days_left(), tls.expires_soon()), (Some(30), false));
    files.now.store(NOW + 16 * DAY, Ordering::SeqCst);
    assert_eq!((tls.days_left(), tls.expires_soon()), (Some(14), false));
    files.now.store(NOW + 16 * DAY + 1, Ordering::SeqCst);
    assert_eq!((tls.days_left(), tls.expires_soon()), (Some(13), true));
    files.now.store(NOW + 30 * DAY + 1, Ordering::SeqCst);
    assert_eq!((tls.days_left(), tls.expires_soon()), (None, true));
}
