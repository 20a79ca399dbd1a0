//! Audits over HTTP: of a site that serves, breaks off, or is not there.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::IntoResponse as _,
};
use data_encoding::BASE64;
use heteronym::{auditor::AuditError, wire::tlog::leaf::NymAct};
use tokio::net::TcpListener;

use super::{audit_at, faults, named, now};
use crate::harness::log::{LogTown, cosign, ed25519};

/// A service that serves the logs of a directory, and counts what is asked.
pub(super) struct Site {
    pub(super) issuer: String,
    directory: tempfile::TempDir,
    asked: Arc<Mutex<Asked>>,
}

#[derive(Default)]
struct Asked {
    paths: BTreeMap<String, usize>,
    /// From this request on, nothing is answered any more.
    breaks_after: Option<usize>,
    /// What is served beside the files.
    texts: BTreeMap<String, String>,
}

impl Site {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let (directory, asked) = (tempfile::tempdir().unwrap(), Arc::default());
        let state = (directory.path().to_owned(), Arc::clone(&asked));
        let router = Router::new().fallback(serve).with_state(state);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { issuer, directory, asked }
    }

    pub(super) fn show(&self, town: &LogTown) {
        town.write(self.directory.path());
    }

    pub(super) fn serve_text(&self, path: &str, text: String) {
        self.asked.lock().unwrap().texts.insert(path.to_owned(), text);
    }

    fn break_after(&self, requests: Option<usize>) {
        let mut asked = self.asked.lock().unwrap();
        let so_far: usize = asked.paths.values().sum();
        asked.breaks_after = requests.map(|requests| so_far + requests);
    }

    /// How often a full tile was asked for, at most.
    fn most_for_a_full_tile(&self) -> usize {
        let asked = self.asked.lock().unwrap();
        let full = asked.paths.iter().filter(|(path, _)| path.contains("/tile/") && !path.contains(".p/"));
        full.map(|(_, count)| *count).max().unwrap()
    }

    fn forget_requests(&self) {
        self.asked.lock().unwrap().paths.clear();
    }
}

async fn serve(
    State((directory, asked)): State<(PathBuf, Arc<Mutex<Asked>>)>,
    request: Request,
) -> axum::response::Response {
    let path = request.uri().path().to_owned();
    let mut asked = asked.lock().unwrap();
    *asked.paths.entry(path.clone()).or_default() += 1;
    if asked.breaks_after.is_some_and(|most| asked.paths.values().sum::<usize>() > most) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    if let Some(text) = asked.texts.get(&path) {
        return text.clone().into_response();
    }
    let file = match path.as_str() {
        "/.well-known/openid-configuration" => "openid-configuration.json",
        "/jwks.json" => "jwks.json",
        path => path.strip_prefix("/log/").unwrap_or("nothing"),
    };
    fs::read(directory.join(file))
        .map_or(StatusCode::NOT_FOUND.into_response(), axum::response::IntoResponse::into_response)
}

#[tokio::test]
async fn a_service_is_audited_by_its_address_alone() {
    let site = Site::start().await;
    let mut town = LogTown::of(&site.issuer).live(100);
    site.show(&town);
    let verdict = audit_at(now(&town), &[&site.issuer]).await.unwrap();
    named!(faults(&verdict),);
    let key = BASE64.encode(town.log_key.verifying_key().as_bytes());
    let trusted = format!("taken on trust from the log itself ({key})");
    assert!(verdict["not_checked"].to_string().contains(&trusted), "{verdict}");
    town.nym(NymAct::Create, 1);
    site.show(&town);
    named!(faults(&audit_at(now(&town), &[&site.issuer]).await.unwrap()), "slot.second-voice 2026 300");
}

#[tokio::test]
async fn the_key_that_was_given_is_the_one_that_is_believed() {
    let site = Site::start().await;
    let town = LogTown::of(&site.issuer).live(1);
    site.show(&town);
    let [right, wrong] = [&town.log_key, &ed25519(9)].map(|key| BASE64.encode(key.verifying_key().as_bytes()));
    let verdict = audit_at(now(&town), &[&site.issuer, "--log-key", &right]).await.unwrap();
    named!(faults(&verdict),);
    assert!(!verdict["not_checked"].to_string().contains("on trust"));
    let verdict = audit_at(now(&town), &[&site.issuer, "--log-key", &wrong]).await.unwrap();
    named!(faults(&verdict), "checkpoint.pinned-key registry");
}

#[tokio::test]
async fn witnesses_that_were_named_must_have_seen_the_same_heads() {
    let site = Site::start().await;
    let town = LogTown::of(&site.issuer).live(1);
    let witness = ed25519(20);
    let mut key = String::new();
    for log in [&town.registry, &town.issuance] {
        let mut head = town.head(log);
        key = cosign(&mut head, &witness, now(&town) / 1000).to_string();
        site.serve_text(&format!("/log/{}/checkpoint", log.name), head.to_string());
    }
    site.show(&town);
    let verdict = audit_at(now(&town), &[&site.issuer, "--witness", &key]).await.unwrap();
    named!(faults(&verdict),);
    assert_eq!(verdict["logs"][0]["witnesses"][0], "witness.example");
    site.serve_text("/log/2026/checkpoint", town.head(&town.issuance).to_string());
    let verdict = audit_at(now(&town), &[&site.issuer, "--witness", &key, "--quorum", "1"]).await.unwrap();
    named!(faults(&verdict), "checkpoint.quorum 2026");
}

#[tokio::test]
async fn an_audit_that_broke_off_goes_on_and_fetches_no_full_tile_twice() {
    let site = Site::start().await;
    let town = LogTown::of(&site.issuer).live(600);
    site.show(&town);
    let mirror = tempfile::tempdir().unwrap();
    let words = [site.issuer.as_str(), "--mirror", mirror.path().to_str().unwrap()];
    site.break_after(Some(14));
    assert!(matches!(audit_at(now(&town), &words).await, Err(AuditError::Fetch(_))));
    site.break_after(None);
    // The requests that were refused are not those that count.
    site.forget_requests();
    let kept = crate::harness::log::files(&mirror.path().join("2026"));
    assert!(!kept.is_empty() && !mirror.path().join("2026/checkpoint").exists());
    named!(faults(&audit_at(now(&town), &words).await.unwrap()),);
    for tile in kept {
        let path = format!("/log/2026/{}", tile.strip_prefix(mirror.path().join("2026")).unwrap().display());
        assert!(!site.asked.lock().unwrap().paths.contains_key(&path), "{path}");
    }
    named!(faults(&audit_at(now(&town), &words).await.unwrap()),);
    assert_eq!(site.most_for_a_full_tile(), 1);
}

#[tokio::test]
async fn what_is_not_there_could_not_be_checked() {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let unreachable = audit_at(0, &[&nobody]).await.unwrap_err();
    assert!(matches!(unreachable, AuditError::Fetch(_)), "{unreachable}");
    let site = Site::start().await;
    let empty = audit_at(0, &[&site.issuer]).await.unwrap_err();
    assert_eq!(empty.to_string(), format!("cannot be checked: {} publishes no discovery document", site.issuer));
    site.serve_text("/.well-known/openid-configuration", format!(r#"{{"issuer":"{}"}}"#, site.issuer));
    let without = audit_at(0, &[&site.issuer]).await.unwrap_err();
    assert!(without.to_string().contains("publishes no log"), "{without}");
    let directory = tempfile::tempdir().unwrap();
    let nothing = audit_at(0, &[directory.path().to_str().unwrap()]).await.unwrap_err();
    assert!(nothing.to_string().contains("has no registry/checkpoint"), "{nothing}");
    let wrong = audit_at(0, &["nowhere-at-all"]).await.unwrap_err();
    assert!(matches!(wrong, AuditError::Arguments(_)), "{wrong}");
}

#[tokio::test]
async fn a_document_that_names_other_logs_or_keys_is_named() {
    let site = Site::start().await;
    let town = LogTown::of(&site.issuer).live(1);
    site.show(&town);
    let mut document = town.discovery();
    document["tlog"]["registry"] = "https://elsewhere.example/log/registry".into();
    document["tlog"]["keys"] = serde_json::json!([BASE64.encode(ed25519(9).verifying_key().as_bytes())]);
    site.serve_text("/.well-known/openid-configuration", document.to_string());
    named!(faults(&audit_at(now(&town), &[&site.issuer]).await.unwrap()), "discovery", "discovery");
}

#[tokio::test]
async fn a_registry_of_another_service_is_named() {
    let site = Site::start().await;
    let town = LogTown::new().live(1);
    site.show(&town);
    let mut document = LogTown::of(&site.issuer).discovery();
    document["tlog"]["keys"] = town.discovery()["tlog"]["keys"].clone();
    site.serve_text("/.well-known/openid-configuration", document.to_string());
    named!(faults(&audit_at(now(&town), &[&site.issuer]).await.unwrap()), "genesis registry 0");
}

#[tokio::test]
async fn a_service_in_which_nothing_was_done_yet_has_no_fault() {
    let site = Site::start().await;
    let town = LogTown::of(&site.issuer);
    site.show(&town);
    let mut document = town.discovery();
    site.serve_text("/.well-known/openid-configuration", document.to_string());
    // A log without leaves is not served.
    fs::remove_dir_all(site.directory.path().join("2026")).unwrap();
    named!(faults(&audit_at(now(&town), &[&site.issuer]).await.unwrap()),);
    document["tlog"].as_object_mut().unwrap().remove("issuance");
    site.serve_text("/.well-known/openid-configuration", document.to_string());
    named!(faults(&audit_at(now(&town), &[&site.issuer]).await.unwrap()),);
    document["tlog"]["issuance"] = format!("{}/log/lately", site.issuer).into();
    site.serve_text("/.well-known/openid-configuration", document.to_string());
    named!(faults(&audit_at(now(&town), &[&site.issuer]).await.unwrap()), "discovery");
}

#[tokio::test]
async fn a_registry_whose_head_does_not_read_is_a_fault() {
    let site = Site::start().await;
    let town = LogTown::of(&site.issuer).live(1);
    site.show(&town);
    site.serve_text("/log/registry/checkpoint", "hello\n".to_owned());
    named!(faults(&audit_at(now(&town), &[&site.issuer]).await.unwrap()), "checkpoint.form registry");
}
