//! `/transparency`: what the logs come to for a reader without tools, and that an auditor counts the same.

use axum::http::header;
use heteronym::{
    domain::log::LogName,
    tasks::Task,
    wire::tlog::{
        Bundle,
        leaf::{Counts, Registry, RegistryLeaf},
    },
};

use crate::harness::{Choices, Service};

/// The counts that the registry has published, by month.
async fn published(service: &Service) -> Vec<(String, Counts)> {
    let logs = &service.services.transparency;
    let size = logs.head(LogName::Registry).await.unwrap().unwrap().size;
    let bundle = Bundle::in_tree(0, size).unwrap();
    let bytes = logs.entries(LogName::Registry, bundle).await.unwrap().unwrap();
    let leaves = bundle.decode(&bytes).unwrap();
    let stats = leaves.iter().filter_map(|leaf| match RegistryLeaf::parse(leaf).unwrap().facts {
        Registry::Stats(stats) => Some((stats.month.to_string(), stats.counts)),
        _ => None,
    });
    stats.collect()
}

/// From when a test begins to two hours after the end of that month.
const TO_JULY: u64 = 15 * 86_400 + 14 * 3_600 + 2 * 3_600;

#[tokio::test]
async fn a_month_that_is_over_is_published_in_figures_that_an_auditor_counts_too() {
    let service = Service::start().await;
    let citizen = service.arnaud().await;
    let forum = service.forum("forum.example", "openid profile").await;
    service.sign_in(&forum, &citizen, "openid profile", &Choices::all("Genêt")).await;
    let tasks = service.services.tasks();
    service.wait(TO_JULY - 1);
    tasks.once(Task::Registry).await.unwrap();
    assert_eq!(published(&service).await, []);
    service.wait(1);
    tasks.once(Task::Registry).await.unwrap();
    tasks.once(Task::Registry).await.unwrap();
    let months = published(&service).await;
    let [(month, counts)] = months.as_slice() else { panic!("{months:?}") };
    assert_eq!((month.as_str(), counts.enrol, counts.nym, counts.issue), ("2026-06", 1, 1, 1));
    let directory = tempfile::tempdir().unwrap();
    service.copy_logs(directory.path()).await;
    let verdict = service.audited(&[directory.path().to_str().unwrap()]).await;
    assert!(verdict["checked"].to_string().contains("1 month of published counts"), "{verdict}");
    assert_eq!(verdict["findings"].as_array().unwrap().len(), 0, "{verdict}");
}

#[tokio::test]
async fn the_page_says_what_the_logs_come_to_and_how_to_check_it_and_names_nobody() {
    let service = Service::start().await;
    let page = service.browser().get("/transparency").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Nothing has been done yet."), "{}", page.text());
    let citizen = service.arnaud().await;
    let forum = service.forum("forum.example", "openid profile").await;
    service.sign_in(&forum, &citizen, "openid profile", &Choices::all("Genêt")).await;
    service.services.tasks().once(Task::Registry).await.unwrap();
    let page = service.browser().get("/transparency").await;
    let text = page.text();
    let head = service.services.transparency.head(LogName::Registry).await.unwrap().unwrap();
    let root: String = head.root.to_string().chars().take(16).collect();
    for shown in [
        "heteronym audit https://id.example",
        "href=\"/log/registry/checkpoint\"",
        "href=\"/log/2026/checkpoint\"",
        "15 June 2026, 10:00 to 10:59 UTC",
        "<th scope=\"row\" class=\"month\">June 2026</th>",
        "<svg viewBox=\"0 0 240 76\" role=\"img\"",
        "<rect x=\"0\" y=\"0\" width=\"16\" height=\"60\"",
        "Anonymity lifted",
        "No witness from outside",
        "in use",
    ] {
        assert!(text.contains(shown), "{shown:?} is not in {text}");
    }
    assert!(text.replace("&#43;", "+").replace("&#x2B;", "+").contains(&root), "{root} is not in {text}");
    for key in service.services.keyring.log().public(service.services.ambient.now()) {
        assert!(text.contains(&key.kid), "{}", key.kid);
    }
    for untold in ["Genêt", "forum.example", "Arnaud", &citizen.account.login] {
        assert!(!text.contains(untold), "{untold}");
    }
    assert!(text.len() < 50_000);
    assert_eq!(page.header(header::SET_COOKIE), None);
    assert!(service.browser().get("/robots.txt").await.text().contains("Allow: /transparency$\n"));
    assert!(service.browser().get("/").await.text().contains("href=\"/transparency\""));
}

#[tokio::test]
async fn the_page_names_the_witnesses_and_how_many_have_to_sign() {
    let signing = ed25519_dalek::SigningKey::from_bytes(&[3; 32]);
    let algorithm = heteronym::wire::tlog::Algorithm::Cosignature;
    let public = signing.verifying_key().to_bytes();
    let key = heteronym::wire::tlog::NoteKey::new("witness.example/w1", algorithm, &public).unwrap();
    let log = format!("[log]\nwitnesses = [\"{key} https://witness.example\"]\nquorum = 1\n");
    let service = Service::start_at("https://id.example", &log, 1).await;
    let text = service.browser().get("/transparency").await.text();
    assert!(text.contains("cosign these logs: witness.example/w1."), "{text}");
    assert!(text.contains("A token is given out only when one of them has signed."), "{text}");
}
