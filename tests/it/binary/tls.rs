//! `heteronym serve` that ends TLS itself, and what `doctor` says of its files.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::Command,
    sync::Arc,
    time::Duration,
};

use heteronym::domain::ambient::Ambient;
use rcgen::date_time_ymd;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::aws_lc_rs};

use super::{Installation, Running, Said, free};
use crate::http_tls::Issued;

/// The names in the certificate of the provider.
const NAMES: [&str; 2] = ["id.example", "mtls.id.example"];

/// Sends a request inside TLS on a connection of its own, to a server that shows this very certificate.
fn exchange(address: SocketAddr, trusted: &Issued, name: &str, host: &str, request: &str) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.certificate.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), name.to_owned().try_into().unwrap()).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address).ok()?);
    stream.sock.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let (line, body) = request.split_once('\n').unwrap_or((request, ""));
    let media = "Content-Type: application/x-www-form-urlencoded";
    let length = body.len();
    write!(
        stream,
        "{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{media}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

fn with_tls(command: &mut Command, listen: SocketAddr, mutual: SocketAddr) -> &mut Command {
    command
        .env("HETERONYM_SERVER_LISTEN", listen.to_string())
        .env("HETERONYM_SERVER_OPERATIONS_LISTEN", "")
        .env("HETERONYM_SERVER_TLS_CERTIFICATE", "certificate.pem")
        .env("HETERONYM_SERVER_TLS_KEY", "key.pem")
        .env("HETERONYM_SERVER_MTLS_LISTEN", mutual.to_string())
        .env("HETERONYM_SERVER_MTLS_URL", "https://mtls.id.example:8444")
}

#[test]
fn a_provider_with_a_certificate_serves_its_pages_inside_tls_and_its_clients_on_a_second_listener() {
    let house = Installation::new();
    let issued = Issued::by_itself(&NAMES);
    issued.write(&house.data());
    let [public, mutual] = free();
    let mut command = house.command(&["serve"]);
    let mut server = Running::start(with_tls(&mut command, public, mutual), &house.path("log"));
    let page = |line: &str| exchange(public, &issued, "id.example", "id.example", line);
    let discovery = server.wait_for("discovery", |_| page("GET /.well-known/openid-configuration"));
    assert!(
        discovery.starts_with("HTTP/1.1 200 ") && discovery.contains("\r\nstrict-transport-security: "),
        "{discovery}"
    );
    assert!(discovery.contains(r#""token_endpoint":"https://id.example/token""#), "{discovery}");
    assert!(super::get(public, "id.example", "/").is_none(), "nothing is answered in clear");

    let client = |host: &str, line: &str| exchange(mutual, &issued, "mtls.id.example", host, line).unwrap();
    let answered =
        client("mtls.id.example:8444", "POST /token\ngrant_type=authorization_code&code=x&client_id=c_nobody");
    assert!(answered.starts_with("HTTP/1.1 401 ") && answered.contains("invalid_client"), "{answered}");
    for of_browsers in ["GET /", "GET /authorize", "GET /sign-in", "GET /account", "GET /jwks.json"] {
        let answered = client("mtls.id.example:8444", of_browsers);
        assert!(
            answered.starts_with("HTTP/1.1 404 ") && answered.contains("\r\ncontent-security-policy: "),
            "{answered}"
        );
    }
    assert!(client("id.example", "POST /token\n").starts_with("HTTP/1.1 421 "));
    assert!(page("POST /token\n").unwrap().starts_with("HTTP/1.1 4"), "the same endpoint stays where it was");
    assert!(
        exchange(public, &issued, "mtls.id.example", "id.example", "GET /").is_none(),
        "each listener has its name"
    );
    assert!(server.end().success());
}

#[test]
fn files_of_tls_that_do_not_hold_keep_the_server_from_starting_and_doctor_names_them() {
    let house = Installation::new();
    let [public, mutual] = free();
    let run = |command: &str| Said::of(with_tls(&mut house.command(&[command]), public, mutual));
    assert!(run("serve").refused().contains("certificate.pem: No such file"));
    let faults = run("doctor").out;
    assert!(faults.contains("FAULT  TLS: ") && faults.contains("certificate.pem: No such file"), "{faults}");

    Issued::by_itself(&["id.example"]).write(&house.data());
    assert!(run("serve").refused().contains("does not name mtls.id.example"));
    assert!(run("doctor").out.contains("does not name mtls.id.example"));
    let mut key_alone = house.command(&["check"]);
    let refused = Said::of(key_alone.env("HETERONYM_SERVER_TLS_KEY", "key.pem")).refused();
    assert!(refused.contains("server.tls_key is set without server.tls_certificate: give both, or none"), "{refused}");

    let now = u64::try_from(Ambient::system().now().seconds()).unwrap();
    for (days, says) in [
        (30, "good   validity of the certificate"),
        (10, "FAULT  validity of the certificate: it expires in 9 days: renew it"),
        (0, "FAULT  validity of the certificate: it has expired, and every client refuses it: renew it"),
    ] {
        let until = date_time_ymd(1970, 1, 1) + Duration::from_secs(now + days * 86_400 - 1);
        Issued::with(&NAMES, |params| params.not_after = until).write(&house.data());
        let said = run("doctor").out;
        assert!(said.contains("good   TLS\n") && said.contains(says), "{days}: {said}");
    }
    let untold = house.run(&["doctor"]).out;
    assert!(!untold.contains("TLS") && !untold.contains("certificate"), "a proxy's is its operator's: {untold}");
}
