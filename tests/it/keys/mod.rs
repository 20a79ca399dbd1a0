//! `heteronym keys`, as an operator types it, and what comes of it in a service that runs.

mod hints;
mod load;
mod meanwhile;

use clap::Parser as _;
use heteronym::{
    app::{Cli, answer},
    clients::Draft,
    wire::jose::Algorithm,
};
use tempfile::TempDir;

use crate::harness::Service;

async fn keys(dir: &TempDir, args: &[&str]) -> Result<String, String> {
    let [data, config] = ["", "config.toml"].map(|file| dir.path().join(file).display().to_string());
    let place = ["heteronym", "keys", "--data", &data, "--config", &config];
    let cli = Cli::try_parse_from(place.iter().chain(args)).map_err(|error| error.to_string())?;
    let mut out = Vec::new();
    answer(cli, &mut out).await.map_err(|error| format!("{error:#}"))?;
    Ok(String::from_utf8(out).unwrap())
}

/// Role (of the issuer, the algorithm) and state of each key that was printed.
fn states(printed: &str) -> Vec<(&str, &str)> {
    let lines = printed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let keys = lines.filter(|words| words.len() == 9 && words[0] != "ROLE");
    keys.map(|words| (if words[1] == "-" { words[0] } else { words[1] }, words[3])).collect()
}

/// The `kid` of the key of this algorithm in this state.
fn kid(printed: &str, algorithm: &str, state: &str) -> String {
    let mut lines = printed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let found = lines.rfind(|words| words.len() == 9 && (words[1], words[3]) == (algorithm, state));
    found.unwrap_or_else(|| panic!("no {state} {algorithm} key in\n{printed}"))[4].to_owned()
}

const OTHERS: [(&str, &str); 5] =
    [("vault", "active"), ("pseudonym", "active"), ("token", "active"), ("log", "active"), ("vrf", "active")];

#[tokio::test]
async fn the_next_key_and_the_first_of_an_algorithm_are_made_and_wait_until_they_were_published() {
    let Service { services, dir, .. } = Service::start_today("http://localhost:8400", "").await;
    services.store.close().await;
    let listed = keys(&dir, &["list"]).await.unwrap();
    assert_eq!(states(&listed), [&[("EdDSA", "active")], &OTHERS[..]].concat());

    let added = keys(&dir, &["add", "ES256"]).await.unwrap();
    assert!(added.starts_with("issuer-es256-1 takes over on "), "{added}");
    let again = keys(&dir, &["add", "ES256"]).await.unwrap_err();
    assert_eq!(again, "there is a key of ES256 already: `heteronym keys rotate issuer` makes the next one");
    let unknown = keys(&dir, &["add", "HS256"]).await.unwrap_err();
    assert!(unknown.contains("HS256"), "{unknown}");

    let rotated = keys(&dir, &["rotate", "issuer"]).await.unwrap();
    assert!(rotated.starts_with("issuer-eddsa-2 takes over on "), "{rotated}");
    let again = keys(&dir, &["rotate", "issuer"]).await.unwrap();
    assert!(again.contains("issuer-eddsa-2 waits already, and takes over on "), "{again}");
    let purged = keys(&dir, &["purge"]).await.unwrap();
    assert!(purged.starts_with("Deleted 0 keys"), "what signs, or will, is kept: {purged}");
    let expected = [("ES256", "next"), ("EdDSA", "active"), ("EdDSA", "next")];
    assert_eq!(states(&purged), [&expected[..], &OTHERS[..]].concat());
}

#[tokio::test]
async fn a_key_is_brought_forward_and_one_is_retired_and_both_are_seen_by_who_runs() {
    let Service { services, dir, .. } = Service::start_today("http://localhost:8400", "").await;
    services.store.close().await;
    let (keyring, ambient) = (&services.keyring, &services.ambient);
    let first = kid(&keys(&dir, &["list"]).await.unwrap(), "EdDSA", "active");
    keys(&dir, &["rotate", "issuer"]).await.unwrap();
    let brought = keys(&dir, &["rotate", "issuer", "--now"]).await.unwrap();
    assert!(brought.starts_with("issuer-eddsa-2 takes over on "), "{brought}");
    let second = kid(&brought, "EdDSA", "next");
    let soon = ambient.now().plus(std::time::Duration::from_mins(1));
    assert!(keyring.refresh(soon).unwrap().changed);
    assert_eq!(keyring.signer(Algorithm::EdDSA, soon).unwrap().kid(), second);
    assert!(keyring.jwks(soon).contains(&first), "it still verifies");

    let refused = keys(&dir, &["retire", &second]).await.unwrap_err();
    assert!(refused.contains("the key issuer-eddsa-2 has not been used yet: leave it, or revoke it"), "{refused}");
    let retired = keys(&dir, &["retire", "token-1"]).await.unwrap();
    assert!(retired.contains("The key token-1 is used for 10 more seconds at the most."), "{retired}");
    assert!(retired.contains("token-2 takes over on "), "{retired}");
    let unknown = keys(&dir, &["retire", "issuer-9"]).await.unwrap_err();
    assert!(unknown.contains("`heteronym keys list` shows all"), "{unknown}");
}

#[tokio::test]
async fn v4_a_stolen_key_is_revoked_in_one_command_that_says_whom_to_tell() {
    let service = Service::start_today("http://localhost:8400", "").await;
    let told = service.register("forum.example", Draft { id_token_alg: Algorithm::EdDSA, ..Draft::default() }).await;
    service.services.store.close().await;
    let dir = &service.dir;
    let refused = keys(dir, &["revoke", "issuer-eddsa-1"]).await.unwrap_err();
    assert!(refused.contains("add --yes if that is meant, or see `heteronym keys retire`"), "{refused}");
    let stolen = kid(&keys(dir, &["list"]).await.unwrap(), "EdDSA", "active");

    let done = keys(dir, &["revoke", &stolen, "--yes"]).await.unwrap();
    assert!(
        done.starts_with(
            "issuer-eddsa-1 is revoked: no node believes it in 10 seconds.\nissuer-eddsa-2 has taken over."
        )
    );
    assert!(done.contains("If the whole directory was read, revoke these as well: token-1 log-1."), "{done}");
    assert!(done.contains("What theft of it means: the thief can sign in anywhere"), "{done}");
    assert!(done.contains("Tell these clients") && done.contains(&format!("  {}  EdDSA  ", told.id())), "{done}");
    assert_eq!(states(&done)[..2], [("EdDSA", "revoked"), ("EdDSA", "active")]);

    let (keyring, now) = (&service.services.keyring, service.services.ambient.now());
    keyring.refresh(now).unwrap();
    assert!(!keyring.jwks(now).contains(&stolen));
    assert_eq!(keyring.signer(Algorithm::EdDSA, now).unwrap().kid(), kid(&done, "EdDSA", "active"));
    let pseudonym = keys(dir, &["revoke", "pseudonym-1", "--yes"]).await.unwrap_err();
    assert!(pseudonym.contains("cannot be revoked, since everybody would be a stranger everywhere"), "{pseudonym}");
}

#[tokio::test]
async fn a_log_key_waits_a_week_the_vrf_key_stays_and_an_older_installation_gets_both() {
    let Service { services, dir, .. } = Service::start_today("http://localhost:8400", "").await;
    services.store.close().await;
    let rotated = keys(&dir, &["rotate", "log"]).await.unwrap();
    assert!(rotated.starts_with("log-2 takes over on "), "{rotated}");
    let waits = services.keyring.policy().of(heteronym::keyring::Role::Log).publish_before();
    assert_eq!(waits, std::time::Duration::from_hours(7 * 24));
    let refused = keys(&dir, &["rotate", "vrf"]).await.unwrap_err();
    assert!(refused.starts_with("the key vrf-1 is for ever, since with another one every place"), "{refused}");
    let unknown = keys(&dir, &["rotate", "logs"]).await.unwrap_err();
    assert!(unknown.contains("not a key role: use issuer, vault, pseudonym, token, log or vrf"), "{unknown}");

    for name in ["log-1.key", "log-2.key", "vrf-1.key"] {
        std::fs::remove_file(dir.path().join("keys").join(name)).unwrap();
    }
    let listed = keys(&dir, &["list"]).await.unwrap();
    assert_eq!(states(&listed), [&[("EdDSA", "active")], &OTHERS[..]].concat());
    assert_eq!(keys(&dir, &["list"]).await.unwrap(), listed, "made once");
}

#[tokio::test]
async fn r48_a_key_is_published_for_longer_than_anybody_may_keep_the_jwks_before_it_signs() {
    let service = Service::start().await;
    let jwks = service.browser().get("/jwks.json").await;
    let cached = jwks.header(axum::http::header::CACHE_CONTROL).unwrap().to_owned();
    let seconds = cached.split("max-age=").nth(1).and_then(|age| age.parse().ok()).unwrap();
    let policy = service.services.keyring.policy();
    let published = policy.of(heteronym::keyring::Role::Issuer).publish_before();
    assert!(published > std::time::Duration::from_secs(seconds) + heteronym::keyring::LIVE_WITHIN, "{cached}");
}
