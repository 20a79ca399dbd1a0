//! A signing key that is revoked under a running service.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use heteronym::{clients::Draft, keyring::LIVE_WITHIN, wire::jose::Algorithm};

use super::{Addresses, Served, get};

fn keys(directory: &Path, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heteronym"));
    command.args(["keys", "--data"]).arg(directory).arg("--config").arg(directory.join("config.toml")).args(args);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn v4_a_running_service_publishes_a_revoked_key_no_more_within_ten_seconds_and_names_whom_to_tell() {
    let at = Addresses::free();
    let service = at.prepare().await;
    let draft = Draft { id_token_alg: Algorithm::EdDSA, ..Draft::default() };
    let forum = service.register("forum.example", draft).await;
    let stolen = service.services.keyring.signer(Algorithm::EdDSA, service.services.ambient.now()).unwrap();
    service.services.store.close().await;
    let _served = Served::start(service.dir.path(), at);
    let jwks = || get(at.public, "/jwks.json").unwrap().body;
    assert!(jwks().contains(stolen.kid()));

    let said = keys(service.dir.path(), &["revoke", stolen.kid(), "--yes"]);
    let revoked = Instant::now();
    assert!(said.contains("The log of the service names them"), "the service has the database: {said}");
    while jwks().contains(stolen.kid()) {
        assert!(revoked.elapsed() < LIVE_WITHIN, "still published");
        std::thread::sleep(Duration::from_millis(50));
    }
    let successor = said.lines().find(|line| line.contains("issuer") && line.contains(" active ")).unwrap();
    let successor = successor.split_whitespace().nth(4).unwrap();
    assert!(jwks().contains(successor), "{said}");
    let log = || std::fs::read_to_string(service.dir.path().join("serve.log")).unwrap();
    while !(log().contains("tell this client of the revoked key") && log().contains(forum.id())) {
        assert!(revoked.elapsed() < LIVE_WITHIN, "{}", log());
        std::thread::sleep(Duration::from_millis(50));
    }
}
