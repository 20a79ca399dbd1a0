//! What witnesses remember, and copies of the logs show, for a provider whose database does not.

use std::{fs, path::Path, time::Duration};

use axum::{Router, routing::get};
use ed25519_dalek::{Signer as _, SigningKey};
use heteronym::{
    http::server::{self, Limits},
    transparency::witnesses::{Mirror, WitnessSettings, Witnesses},
    wire::tlog::{Algorithm, Checkpoint, Hash, NoteKey, SignedCheckpoint},
};
use tokio::{net::TcpListener, sync::oneshot};

use super::{Asking, Post, Provider, is_read_only, year};

/// Copies the files of a database that is closed.
fn copy(from: &Path, to: &Path) {
    fs::copy(from.join("heteronym.db"), to.join("heteronym.db")).unwrap();
}

/// A provider with two leaves, of which there is a copy, and two more that a witness has cosigned; closed.
async fn set_back(directory: &Path, backup: &Path) -> Post {
    let provider = Provider::open(directory).await;
    let witness = Post::of(&provider, 1).await;
    let keys = [witness.tower.key()];
    let asking = Asking::begin(&provider.witnesses(&[&witness], 0)).await;
    for number in 1..=2 {
        provider.append(&number.to_string()).await.unwrap();
    }
    provider.publishes(&keys, (2, 1)).await;
    asking.end().await;
    provider.close().await;
    copy(directory, backup);

    let provider = Provider::open(directory).await;
    let asking = Asking::begin(&provider.witnesses(&[&witness], 0)).await;
    for number in 3..=4 {
        provider.append(&number.to_string()).await.unwrap();
    }
    provider.publishes(&keys, (4, 1)).await;
    asking.end().await;
    provider.close().await;
    witness
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p8_a_restored_backup_takes_no_leaf_because_a_witness_has_seen_more() {
    let (directory, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let witness = set_back(directory.path(), backup.path()).await;
    copy(backup.path(), directory.path());
    let provider = Provider::open(directory.path()).await;
    provider.witnesses(&[&witness], 0).compare().await.unwrap();
    assert!(is_read_only(&provider.logs, "witness.example/w1 has cosigned 4"));
    assert!(provider.append("another").await.unwrap_err().to_string().contains("read-only"));
    assert_eq!(provider.published(&[]).await.0, 2, "reads go on");
    provider.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p9_a_restored_backup_that_went_on_is_found_by_the_witness_that_was_away() {
    let (directory, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let witness = set_back(directory.path(), backup.path()).await;
    // As many leaves as the witness has seen, and more: others.
    for more in [2, 5] {
        copy(backup.path(), directory.path());
        let provider = Provider::open(directory.path()).await;
        for number in 0..more {
            provider.append(&format!("another {number}")).await.unwrap();
        }
        provider.witnesses(&[&witness], 0).compare().await.unwrap();
        assert!(is_read_only(&provider.logs, "has cosigned another tree of 4 leaves"), "{more}");
        provider.append("no more").await.unwrap_err();
        provider.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p9_a_running_provider_stops_as_soon_as_a_witness_that_was_away_contradicts_it() {
    let (directory, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let witness = set_back(directory.path(), backup.path()).await;
    let address = witness.url.strip_prefix("http://").unwrap().to_owned();
    let setting = Provider::settings(&[&witness], 0);
    let tower = witness.end().await.restart().await;
    copy(backup.path(), directory.path());
    let provider = Provider::open(directory.path()).await;
    let witnesses = Witnesses::new(provider.logs.clone(), setting).unwrap();
    let asking = Asking::begin(&witnesses).await;
    provider.append("the witness is away").await.unwrap();
    let _witness = Post::serve(tower, &address).await;
    let mut closed = false;
    for _ in 0..800 {
        closed = is_read_only(&provider.logs, "witness.example/w1 has cosigned 4");
        if closed {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(closed);
    asking.end().await;
    provider.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p8_a_database_that_was_lost_begins_no_second_log_under_the_same_name() {
    let (directory, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let witness = set_back(directory.path(), backup.path()).await;
    fs::remove_file(directory.path().join("heteronym.db")).unwrap();
    let provider = Provider::open(directory.path()).await;
    provider.witnesses(&[&witness], 0).compare().await.unwrap();
    assert!(is_read_only(&provider.logs, "has cosigned"));
    provider.append("genesis").await.unwrap_err();
    provider.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witness_that_does_not_answer_at_the_start_stops_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let provider = Provider::open(directory.path()).await;
    let witness = Post::of(&provider, 1).await;
    let setting = Provider::settings(&[&witness], 0);
    witness.end().await;
    let witnesses = Witnesses::new(provider.logs.clone(), setting).unwrap();
    witnesses.compare().await.unwrap();
    provider.append("one").await.unwrap();
    provider.close().await;
}

/// A copy that shows these heads, by the name of the log. It ends when it is dropped.
struct Copy {
    settings: WitnessSettings,
    stop: oneshot::Sender<()>,
}

impl Copy {
    async fn showing(heads: &[(&str, String)]) -> Self {
        let mut router = Router::new();
        for (log, head) in heads {
            let head = head.clone();
            router = router.route(&format!("/id.example/{log}/checkpoint"), get(move || async move { head }));
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mirror = format!("http://{}/id.example/", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move { stopped.await.unwrap_or(()) };
        tokio::spawn(server::serve(listener, router, Limits::default(), stopped));
        let mirrors = vec![mirror.parse::<Mirror>().unwrap().checked(&[]).unwrap()];
        Self { settings: WitnessSettings { mirrors, ..Provider::settings(&[], 0) }, stop }
    }

    /// As a start does.
    async fn asked_by(self, provider: &Provider) {
        Witnesses::new(provider.logs.clone(), self.settings).unwrap().compare().await.unwrap();
    }
}

/// The newest head of the provider.
async fn head(provider: &Provider) -> String {
    provider.logs.published(year()).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p8_a_restored_backup_takes_no_leaf_because_a_copy_shows_more() {
    let (directory, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let provider = Provider::open(directory.path()).await;
    provider.append("1").await.unwrap();
    provider.close().await;
    copy(directory.path(), backup.path());
    let provider = Provider::open(directory.path()).await;
    provider.append("2").await.unwrap();
    let published = head(&provider).await;
    let shown = || [("2026", published.clone())];
    Copy::showing(&shown()).await.asked_by(&provider).await;
    provider.append("3").await.unwrap();
    Copy::showing(&shown()).await.asked_by(&provider).await;
    assert!(provider.append("4").await.is_ok(), "a copy that is behind stops nothing");
    provider.close().await;

    // Behind the copy; as far with another leaf; further with others.
    for (more, why) in [(0, "shows a head of 2"), (1, "shows another tree of 2"), (3, "shows another tree of 2")] {
        copy(backup.path(), directory.path());
        let provider = Provider::open(directory.path()).await;
        for number in 0..more {
            provider.append(&format!("another {number}")).await.unwrap();
        }
        Copy::showing(&shown()).await.asked_by(&provider).await;
        assert!(is_read_only(&provider.logs, why), "{more}");
        assert!(provider.append("another").await.unwrap_err().to_string().contains("read-only"));
        provider.close().await;
    }
    fs::remove_file(directory.path().join("heteronym.db")).unwrap();
    let provider = Provider::open(directory.path()).await;
    Copy::showing(&shown()).await.asked_by(&provider).await;
    assert!(is_read_only(&provider.logs, "the database holds 0 leaves"), "a database that was lost");
    provider.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_shows_what_we_did_not_sign_or_nothing_stops_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let provider = Provider::open(directory.path()).await;
    provider.append("1").await.unwrap();
    let own = head(&provider).await;
    let stranger = SigningKey::from_bytes(&[9; 32]);
    let origin = provider.logs.origin(year());
    let key = NoteKey::new(&origin, Algorithm::Ed25519, &stranger.verifying_key().to_bytes()).unwrap();
    let larger = Checkpoint::new(&origin, 5, Hash::from_bytes([1; 32])).unwrap();
    let foreign = SignedCheckpoint::sign(larger, &key, |text| stranger.sign(text).to_bytes()).unwrap().to_string();
    for shown in [foreign, own.replace("\n1\n", "\n9\n"), "<h1>It works!</h1>".to_owned(), "x".repeat(100_000)] {
        Copy::showing(&[("2026", shown)]).await.asked_by(&provider).await;
        provider.append("one more").await.unwrap();
    }
    Copy::showing(&[]).await.asked_by(&provider).await;
    let Copy { settings, stop } = Copy::showing(&[]).await;
    drop(stop);
    Witnesses::new(provider.logs.clone(), settings).unwrap().compare().await.unwrap();
    provider.append("the last").await.unwrap();
    provider.close().await;
}
