//! A look at a sign-in: it tells what the real one tells, and leaves nothing behind.

use axum::http::{StatusCode, header};
use heteronym::{
    accounts::Holder,
    clients::{ClaimsIn, Draft},
    domain::ids::RegistrarId,
    wire::jose::Algorithm,
};
use serde_json::{Map, Value};

use super::block;
use crate::harness::{Choices, Citizen, Forum, Reply, Service};

const EVERYTHING: &str = "openid profile age residence offline_access";

async fn look(service: &Service, forum: &Forum, citizen: &Citizen) -> Reply {
    let mut browser = service.browser();
    browser.sign_in(service, citizen).await;
    browser.get(&format!("/connect/test?client_id={}", forum.id())).await
}

fn json(page: &Reply, id: &str) -> Map<String, Value> {
    serde_json::from_str(&block(page, id)).unwrap()
}

/// Without what no two sign-ins have in common, and without the name, which is chosen at the real one.
fn comparable(mut claims: Map<String, Value>) -> Map<String, Value> {
    for once in ["sub", "sid", "nonce", "at_hash", "iat", "exp", "name", "preferred_username", "nickname"] {
        if let Some(value) = claims.get_mut(once) {
            *value = Value::Null;
        }
    }
    if let Some(audience) = claims.get_mut("name_audience") {
        *audience = Value::Null;
    }
    claims
}

async fn forum(service: &Service) -> Forum {
    let draft = Draft { scope: EVERYTHING.to_owned(), id_token_claims: ClaimsIn::All, ..Draft::default() };
    service.register("forum.example", draft).await
}

#[tokio::test]
async fn a_test_sign_in_shows_what_the_real_one_tells_when_everything_is_agreed_to() {
    let service = Service::start().await;
    let (forum, citizen) = (forum(&service).await, service.arnaud().await);
    let page = look(&service, &forum, &citizen).await;
    assert_eq!((page.status, page.header(header::CACHE_CONTROL)), (StatusCode::OK, Some("no-store")));
    let choices = Choices::all("Genêt").at("departement");
    let tokens = service.sign_in(&forum, &citizen, EVERYTHING, &choices).await;
    let real = service.verified(&forum, &tokens.id_token).await;
    assert_eq!(comparable(json(&page, "id-token")), comparable(real));
    let told = service.told(&tokens).await;
    assert_eq!(comparable(json(&page, "userinfo")), comparable(told.as_object().unwrap().clone()));
    let header = data_encoding::BASE64URL_NOPAD.decode(tokens.id_token.split('.').next().unwrap().as_bytes()).unwrap();
    assert_eq!(json(&page, "header"), serde_json::from_slice::<Map<_, _>>(&header).unwrap());
    let response = json(&page, "response");
    let names: Vec<_> = response.keys().map(String::as_str).collect();
    let told = ["access_token", "expires_in", "id_token", "refresh_token", "scope"];
    assert_eq!(names, [told.as_slice(), &["tlog_owner", "tlog_proof", "token_type"]].concat());
    assert_eq!(response["expires_in"], tokens.expires_in);
    assert_eq!((&response["scope"], &response["token_type"]), (&tokens.scope.into(), &tokens.token_type.into()));
}

#[tokio::test]
async fn a_test_sign_in_leaves_nothing_that_the_forum_could_inherit_and_gives_nothing_that_is_worth_anything() {
    let service = Service::start().await;
    let (forum, citizen) = (forum(&service).await, service.arnaud().await);
    let page = look(&service, &forum, &citizen).await;
    assert!(service.services.pseudonyms.of_person(citizen.person).await.unwrap().is_empty());
    assert!(service.services.consents.of_person(citizen.person).await.unwrap().is_empty());
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    assert!(browser.get("/account").await.text().contains("No forum knows you yet."));

    let text = page.text();
    assert!(!text.contains("eyJ"), "no token, not even an unsigned one");
    assert!(!text.contains("Arnaud"), "nor any part of the true name");
    let response = json(&page, "response");
    let access = response["access_token"].as_str().unwrap();
    assert_eq!(service.browser().userinfo(access).await.status, StatusCode::UNAUTHORIZED);
    let refreshed = forum.refresh(&service, response["refresh_token"].as_str().unwrap()).await;
    assert_eq!(refreshed.error(), (400, "invalid_grant".to_owned()));

    let choices = Choices::all("Genêt").at("departement");
    let tokens = service.sign_in(&forum, &citizen, EVERYTHING, &choices).await;
    let real = service.verified(&forum, &tokens.id_token).await;
    let example = json(&page, "id-token");
    assert!(example["sub"] != real["sub"] && example["sub"].as_str().unwrap().starts_with("EXAMPLE"));
    assert_ne!(example["sid"], real["sid"]);
    let again = look(&service, &forum, &citizen).await;
    assert!(!again.text().contains(real["sub"].as_str().unwrap()), "not even to somebody who has been there");
}

#[tokio::test]
async fn what_a_client_registered_otherwise_is_shown_otherwise() {
    let service = Service::start().await;
    let draft = Draft {
        scope: "openid age".to_owned(),
        userinfo_signed_response_alg: Some(Algorithm::EdDSA),
        dpop_bound_access_tokens: true,
        require_auth_time: true,
        id_token_alg: Algorithm::EdDSA,
        ..Draft::default()
    };
    let forum = service.register("forum.example", draft).await;
    let page = look(&service, &forum, &service.arnaud().await).await;
    assert_eq!(json(&page, "response")["token_type"], "DPoP");
    assert_eq!(json(&page, "header")["alg"], "EdDSA");
    assert!(json(&page, "id-token").contains_key("auth_time") && !json(&page, "id-token").contains_key("age_bracket"));
    let userinfo = json(&page, "userinfo");
    assert_eq!((&userinfo["aud"], &userinfo["age_bracket"]), (&forum.id().into(), &"Y30-39".into()));
    assert!(!json(&page, "response").contains_key("refresh_token") && !userinfo.contains_key("name"));
}

#[tokio::test]
async fn only_a_citizen_who_is_signed_in_looks_and_only_at_a_forum_that_is_there() {
    let service = Service::start().await;
    let (forum, citizen) = (forum(&service).await, service.arnaud().await);
    let target = format!("/connect/test?client_id={}", forum.id());
    let stranger = service.browser().get(&target).await;
    assert_eq!(stranger.status, StatusCode::SEE_OTHER);
    assert!(stranger.location().unwrap().starts_with("/sign-in?return=") && stranger.body.is_empty());

    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    for missing in ["/connect/test", "/connect/test?client_id=c_nobody", "/connect/test?client_id=%22"] {
        assert_eq!(browser.get(missing).await.status, StatusCode::NOT_FOUND, "{missing}");
    }
    let posted = browser.post(&target, &[]).await;
    assert!(posted.status.is_client_error(), "{}", posted.status);

    let officer = service.services.accounts.prepare(Holder::Officer(RegistrarId::from_bytes([7; 16])));
    let stored = officer.clone();
    let added = service.services.store.write::<_, heteronym::store::StoreError, _>(move |tx| {
        Box::pin(async move { heteronym::store::accounts::insert(tx, &stored).await })
    });
    added.await.unwrap();
    let officer = Citizen { person: citizen.person, account: officer };
    assert_eq!(look(&service, &forum, &officer).await.status, StatusCode::FORBIDDEN);
}
