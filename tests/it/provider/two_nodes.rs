//! Two nodes over one PostgreSQL database: what one has spent or ended, the other does not serve.

use axum::http::StatusCode;

use crate::{
    harness::{Choices, Citizen, Forum, ISSUER, Service},
    store::both::{Db, Place, on_postgres},
};

const SCOPE: &str = "openid profile offline_access";

struct Nodes {
    one: Service,
    two: Service,
    forum: Forum,
    citizen: Citizen,
}

async fn nodes(db: &Db) -> Nodes {
    let Place::Postgres(options) = &db.place else { panic!("PostgreSQL alone has several nodes") };
    let storage = format!(
        "[storage]\nengine = \"postgres\"\nurl = \"{}\"\nallow_unprotected = true\nmax_connections = 8",
        options.url
    );
    let (one, two) = (Service::start_at(ISSUER, &storage, 1).await, Service::start_at(ISSUER, &storage, 2).await);
    let (forum, citizen) = (one.forum("forum.example", SCOPE).await, one.arnaud().await);
    Nodes { one, two, forum, citizen }
}

impl Nodes {
    async fn close(self) {
        self.one.services.store.close().await;
        self.two.services.store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c2_a_code_that_comes_to_both_nodes_at_once_is_redeemed_once() {
    on_postgres(async |db| {
        let nodes = nodes(&db).await;
        let mut browser = nodes.two.browser();
        browser.sign_in(&nodes.one, &nodes.citizen).await;
        let request = nodes.forum.request(SCOPE);
        let answer = browser.authorize(&request, &Choices::all("Genêt")).await;
        let contenders = (0..20).map(|number| {
            let node = if number % 2 == 0 { &nodes.one } else { &nodes.two };
            nodes.forum.redeem(node, &request, &answer)
        });
        let replies = futures_util::future::join_all(contenders).await;
        assert_eq!(replies.iter().filter(|reply| reply.status == StatusCode::OK).count(), 1);
        for reply in replies.iter().filter(|reply| reply.status != StatusCode::OK) {
            assert_eq!(reply.error(), (400, "invalid_grant".to_owned()));
        }
        nodes.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c13_a_refresh_token_spent_on_one_node_is_spent_on_the_other() {
    on_postgres(async |db| {
        let nodes = nodes(&db).await;
        let tokens = nodes.one.sign_in(&nodes.forum, &nodes.citizen, SCOPE, &Choices::all("Genêt")).await;
        let first = tokens.refresh_token.unwrap();
        let reply = nodes.forum.refresh(&nodes.one, &first).await;
        let second = reply.json()["refresh_token"].as_str().unwrap().to_owned();
        nodes.one.wait(11);
        nodes.two.wait(11);
        assert_eq!(nodes.forum.refresh(&nodes.two, &first).await.error().1, "invalid_grant");
        assert_eq!(nodes.forum.refresh(&nodes.one, &second).await.error().1, "invalid_grant", "the family is dead");
        nodes.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_client_disabled_on_one_node_redeems_nothing_on_the_other_though_that_one_remembers_it() {
    on_postgres(async |db| {
        let nodes = nodes(&db).await;
        let mut browser = nodes.two.browser();
        browser.sign_in(&nodes.one, &nodes.citizen).await;
        let request = nodes.forum.request(SCOPE);
        let answer = browser.authorize(&request, &Choices::all("Genêt")).await;
        assert!(nodes.one.services.clients.disable(&nodes.forum.client.id).await.unwrap());
        let reply = nodes.forum.redeem(&nodes.two, &request, &answer).await;
        assert!(["invalid_grant", "invalid_client"].contains(&&*reply.error().1), "{}", reply.text());
        nodes.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_session_ended_on_one_node_has_ended_on_the_other() {
    on_postgres(async |db| {
        let nodes = nodes(&db).await;
        let session = nodes.citizen.begin_session(&nodes.one).await;
        let there = &nodes.two.services.accounts;
        assert!(there.session(session.token.expose()).await.unwrap().is_some());
        nodes.one.services.accounts.sign_out(&session.signed_in).await.unwrap();
        assert!(there.session(session.token.expose()).await.unwrap().is_none());
        nodes.close().await;
    })
    .await;
}
