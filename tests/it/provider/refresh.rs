//! Refresh tokens: each is used once, a stolen one ends its family, and there is an end to all of it.

use axum::http::StatusCode;

use crate::harness::{Choices, Citizen, Forum, Reply, Service, Tokens};

const SCOPE: &str = "openid profile age offline_access";

async fn house() -> (Service, Forum, Citizen, Tokens) {
    let service = Service::start().await;
    let forum = service.forum("forum.example", SCOPE).await;
    let citizen = service.arnaud().await;
    let tokens = service.sign_in(&forum, &citizen, SCOPE, &Choices::all("Genêt")).await;
    (service, forum, citizen, tokens)
}

fn next(reply: &Reply) -> String {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    reply.json()["refresh_token"].as_str().unwrap().to_owned()
}

fn refused(reply: &Reply) -> bool {
    reply.error() == (400, "invalid_grant".to_owned())
}

#[tokio::test]
async fn a_refresh_gives_the_same_person_new_tokens_and_the_old_one_is_spent() {
    let (service, forum, _, tokens) = house().await;
    let first = tokens.refresh_token.clone().unwrap();
    service.wait(600);
    let reply = forum.refresh(&service, &first).await;
    let second = next(&reply);
    assert_ne!(first, second);
    let id_token = reply.json()["id_token"].as_str().unwrap().to_owned();
    let claims = service.verified(&forum, &id_token).await;
    let told = service.browser().userinfo(reply.json()["access_token"].as_str().unwrap()).await.json();
    assert_eq!(claims["sub"], told["sub"]);
    assert!(claims.get("nonce").is_none());
    let before = service.services.ambient.now().seconds() - 600;
    assert_eq!(claims["iat"], before + 600, "Core §12.2: of now");
    assert_eq!(told["name"], "Genêt");
    assert!(next(&forum.refresh(&service, &second).await) != second);
}

#[tokio::test]
async fn r24_a_refresh_token_presented_again_ends_the_whole_family() {
    let (service, forum, _, tokens) = house().await;
    let first = tokens.refresh_token.unwrap();
    let reply = forum.refresh(&service, &first).await;
    let second = next(&reply);
    let access_token = reply.json()["access_token"].as_str().unwrap().to_owned();
    service.wait(11);
    assert_eq!(service.browser().userinfo(&access_token).await.status, StatusCode::OK);
    assert!(refused(&forum.refresh(&service, &first).await), "the stolen one");
    assert!(refused(&forum.refresh(&service, &second).await), "the family");
    let told = service.browser().userinfo(&access_token).await;
    assert_eq!(told.error(), (401, "invalid_token".to_owned()), "R31: and what came of it");
}

#[tokio::test]
async fn r25_a_race_within_ten_seconds_signs_nobody_out() {
    let (service, forum, _, tokens) = house().await;
    let first = tokens.refresh_token.unwrap();
    let second = next(&forum.refresh(&service, &first).await);
    service.wait(10);
    assert!(refused(&forum.refresh(&service, &first).await), "no second token from one");
    next(&forum.refresh(&service, &second).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r25_of_twenty_refreshes_at_once_one_wins_and_the_family_lives() {
    let (service, forum, _, tokens) = house().await;
    let service = std::sync::Arc::new(service);
    let first = tokens.refresh_token.unwrap();
    let mut contenders = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (service, forum, first) = (service.clone(), forum.clone(), first.clone());
        contenders.spawn(async move { forum.refresh(&service, &first).await });
    }
    let mut winners = Vec::new();
    while let Some(reply) = contenders.join_next().await {
        let reply = reply.unwrap();
        if reply.status == StatusCode::OK { winners.push(next(&reply)) } else { assert!(refused(&reply)) }
    }
    assert_eq!(winners.len(), 1);
    next(&forum.refresh(&service, &winners[0]).await);
}

#[tokio::test]
async fn c16_the_family_ends_to_the_second_however_often_it_was_refreshed() {
    let (service, forum, _, tokens) = house().await;
    let days = 30 * 86_400;
    service.wait(days - 1);
    let second = next(&forum.refresh(&service, &tokens.refresh_token.unwrap()).await);
    service.wait(1);
    assert!(refused(&forum.refresh(&service, &second).await));
}

#[tokio::test]
async fn c14_another_client_a_wider_scope_and_a_made_up_token_are_refused() {
    let (service, forum, _, tokens) = house().await;
    let token = tokens.refresh_token.unwrap();
    let other = service.forum("other.example", SCOPE).await;
    assert!(refused(&other.refresh(&service, &token).await));
    let wider = [("grant_type", "refresh_token"), ("refresh_token", &*token), ("scope", "openid profile residence")];
    assert_eq!(forum.ask_token(&service, &wider).await.error(), (400, "invalid_scope".to_owned()));
    assert!(refused(&forum.refresh(&service, "made-up").await));
    next(&forum.refresh(&service, &token).await);
}

#[tokio::test]
async fn a_narrower_scope_is_told_less_and_no_more() {
    let (service, forum, _, tokens) = house().await;
    let token = tokens.refresh_token.unwrap();
    let narrower = [("grant_type", "refresh_token"), ("refresh_token", &*token), ("scope", "openid age")];
    let reply = forum.ask_token(&service, &narrower).await;
    assert_eq!(reply.json()["scope"], "openid age");
    let told = service.browser().userinfo(reply.json()["access_token"].as_str().unwrap()).await.json();
    assert!(told.get("name").is_none() && told.get("age_bracket").is_some());
}

#[tokio::test]
async fn the_database_holds_no_refresh_token_but_its_hash() {
    let (service, _, _, tokens) = house().await;
    let token = tokens.refresh_token.unwrap();
    let database = std::fs::read(service.dir.path().join("heteronym.db")).unwrap();
    let log = std::fs::read(service.dir.path().join("heteronym.db-wal")).unwrap_or_default();
    for bytes in [database, log] {
        assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()));
    }
}
