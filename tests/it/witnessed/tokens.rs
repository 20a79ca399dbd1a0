//! Tokens of a provider with a quorum of witnesses.

use axum::http::StatusCode;
use heteronym::{
    domain::log::LogName,
    wire::tlog::{Hash, TlogProof},
};

use super::{Asking, Post, year};
use crate::{
    harness::{Choices, Citizen, Forum, ISSUER, Reply, Service},
    witness::Tower,
};

/// A provider that asks this witness, and a citizen of it at a forum.
struct House {
    service: Service,
    forum: Forum,
    citizen: Citizen,
    asking: Asking,
}

impl House {
    async fn of(witness: &Post) -> Self {
        let log = format!("[log]\nwitnesses = [\"{}\"]\nquorum = 1", witness.setting());
        let service = Service::start_at(ISSUER, &log, 1).await;
        for key in service.services.transparency.keys(LogName::Registry) {
            witness.tower.say(&["logs", "add", "--issuer", &key.to_string()]).await;
        }
        let asking = Asking::begin(&service.services.witnesses).await;
        let forum = service.forum("forum.example", "openid profile").await;
        let citizen = service.arnaud().await;
        Self { service, forum, citizen, asking }
    }

    async fn redeem(&self, name: &str) -> Reply {
        let mut browser = self.service.browser();
        browser.sign_in(&self.service, &self.citizen).await;
        let request = self.forum.request("openid profile");
        let answer = browser.authorize(&request, &Choices::all(name)).await;
        self.forum.redeem(&self.service, &request, &answer).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_comes_with_a_proof_that_the_witness_stands_for() {
    let witness = Post::serve(Tower::new().await, "127.0.0.1:0").await;
    let house = House::of(&witness).await;
    let reply = house.redeem("Genêt").await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    let logs = &house.service.services.transparency;
    let proof = TlogProof::parse(reply.json()["tlog_proof"].as_str().unwrap().as_bytes()).unwrap();
    let leaf = Hash::of_leaf(proof.extra().unwrap());
    proof.verify(leaf, &logs.origin(year()), &logs.keys(year())).unwrap();
    assert_eq!(proof.checkpoint().cosigners(&[witness.tower.key()]).unwrap().len(), 1);
    let published = house.service.browser().get("/log/2026/checkpoint").await;
    assert!(published.text().contains("— witness.example/w1 "), "{}", published.text());
    house.asking.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_token_leaves_while_the_witness_is_away() {
    let witness = Post::serve(Tower::new().await, "127.0.0.1:0").await;
    let house = House::of(&witness).await;
    assert_eq!(house.redeem("Genêt").await.status, StatusCode::OK);
    let size = house.service.services.transparency.head(year()).await.unwrap().unwrap().size;
    let _tower = witness.end().await;
    let reply = house.redeem("Genêt").await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!reply.text().contains("token"), "{}", reply.text());
    let after = house.service.services.transparency.head(year()).await.unwrap().unwrap().size;
    assert_eq!(after, size + 1, "the leaf stands in the log, without a token that anybody got");
    house.asking.end().await;
}
