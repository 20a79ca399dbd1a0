//! `heteronym keys`, as an operator types it.

use clap::Parser as _;
use heteronym::app::{Cli, answer};
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

/// Algorithm and state of each key that was printed.
fn states(printed: &str) -> Vec<(&str, &str)> {
    let lines = printed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines
        .filter_map(|words| if let [algorithm, state, _] = words[..] { Some((algorithm, state)) } else { None })
        .collect()
}

#[tokio::test]
async fn the_next_key_and_the_first_of_an_algorithm_are_made_and_wait_until_they_were_published() {
    let Service { services, dir, .. } = Service::start_today("http://localhost:8400", "").await;
    services.store.close().await;
    assert_eq!(states(&keys(&dir, &["list"]).await.unwrap()), [("EdDSA", "active")]);

    let added = keys(&dir, &["add", "ES256"]).await.unwrap();
    assert!(added.starts_with("Made the first ES256 key. A server that runs sees it when it starts again"), "{added}");
    let again = keys(&dir, &["add", "ES256"]).await.unwrap_err();
    assert_eq!(again, "there is a key of ES256 already: `heteronym keys rotate issuer` makes the next one");
    let unknown = keys(&dir, &["add", "HS256"]).await.unwrap_err();
    assert!(unknown.contains("HS256"), "{unknown}");

    assert!(keys(&dir, &["rotate", "issuer"]).await.unwrap().starts_with("Made the next issuer key."));
    let purged = keys(&dir, &["purge"]).await.unwrap();
    assert!(purged.starts_with("Deleted 0 keys"), "what signs, or will, is kept: {purged}");
    let mut listed = states(&purged);
    listed.sort_unstable();
    assert_eq!(listed, [("ES256", "next"), ("EdDSA", "active"), ("EdDSA", "next")]);
}
