//! The logout token, and what it tells whom (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.5).

use axum::http::{StatusCode, header};
use heteronym::clients::Draft;
use serde_json::json;
use tokio::sync::watch;

use super::{House, Say, eddsa, part};
use crate::harness::ISSUER;

#[tokio::test]
async fn r45_a_forum_is_sent_one_token_that_says_who_has_signed_out_and_nothing_else() {
    let mut house = House::open().await;
    let told = house.forum("forum.example", eddsa()).await;
    let id_token = house.id_token(&told).await;
    let reply = house.sign_out().await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    let claims = house.only_token(&told).await;
    let header = part(&told.receiver.tokens()[0], 0);
    assert_eq!((&header["typ"], &header["alg"]), (&json!("logout+jwt"), &json!("EdDSA")));
    assert!(header["kid"].is_string(), "{header}");
    let now = house.service.services.ambient.now().seconds();
    let expected = json!({
        "iss": ISSUER,
        "aud": told.forum.id(),
        "iat": now,
        "exp": now + 120,
        "jti": claims["jti"],
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        "sub": id_token["sub"],
        "sid": id_token["sid"],
    });
    assert_eq!(serde_json::Value::Object(claims.clone()), expected, "no nonce, no more");
    assert_eq!(claims["jti"].as_str().unwrap().len(), 22, "128 random bits");
    let (headers, _) = told.receiver.asked().remove(0);
    assert!(headers.get(header::COOKIE).is_none() && headers.get(header::AUTHORIZATION).is_none());
    assert!(headers.get(header::REFERER).is_none());
    assert!(house.waiting().await.is_empty(), "delivered before the page was answered, and forgotten");
}

#[tokio::test]
async fn r45_a_token_is_signed_as_the_forum_registered_and_made_anew_for_each_attempt() {
    let has = House::open().await.service.services.keyring.algorithms(heteronym::domain::ambient::Timestamp(i64::MAX));
    assert!(has.len() > 1, "{has:?}");
    for algorithm in has {
        let mut house = House::open().await;
        let told = house.forum("forum.example", Draft { id_token_alg: algorithm, ..eddsa() }).await;
        told.receiver.now_says(Say::Status(503));
        house.sign_out().await;
        house.service.wait(10);
        assert_eq!(house.round().await, 1);
        let tokens = told.receiver.tokens();
        let [first, second] = tokens.as_slice() else { panic!("{algorithm}: {} tokens", tokens.len()) };
        assert_eq!(part(first, 0)["alg"], algorithm.as_str());
        let (first, second) = (part(first, 1), house.verified(&told.forum.client.id, second).await);
        assert_ne!(first["jti"], second["jti"], "a forum that took the first takes the second as well");
        assert_eq!(second["iat"].as_i64().unwrap(), first["iat"].as_i64().unwrap() + 10);
        assert_eq!((&second["sub"], &second["sid"]), (&first["sub"], &first["sid"]));
    }
}

#[tokio::test]
async fn n7_a_token_for_one_forum_holds_nothing_of_another() {
    let mut house = House::open().await;
    let one = house.forum("one.example", eddsa()).await;
    let other = house.forum("other.example", eddsa()).await;
    house.sign_out().await;
    let (here, there) = (house.only_token(&one).await, house.only_token(&other).await);
    for shared in ["sub", "sid", "jti", "aud"] {
        assert_ne!(here[shared], there[shared], "{shared}");
    }
    let text = serde_json::Value::Object(here).to_string();
    let strange = [there["sub"].as_str(), there["sid"].as_str(), Some(other.forum.id()), Some("other.example")];
    for strange in strange.into_iter().flatten() {
        assert!(!text.contains(strange), "{strange}: {text}");
    }
}

#[tokio::test]
async fn a_forum_that_was_given_nothing_in_the_session_is_told_nothing() {
    let mut house = House::open().await;
    let told = house.forum("forum.example", eddsa()).await;
    let other = house.citizen.begin_session(&house.service).await;
    house.service.services.accounts.sign_out(&other.signed_in).await.unwrap();
    assert_eq!((house.round().await, told.receiver.count()), (0, 0), "it was another session");
    house.sign_out().await;
    assert_eq!(told.receiver.count(), 1);
    house.round().await;
    assert_eq!(told.receiver.count(), 1, "told once");
}

#[tokio::test]
async fn a_forum_that_takes_no_tokens_leaves_no_trace_in_the_queue() {
    let mut house = House::open().await;
    let forum = house.service.forum("forum.example", "openid").await;
    house.sign_in(&forum).await;
    house.session_ends().await;
    assert!(house.waiting().await.is_empty());
}

#[tokio::test]
async fn a_disabled_forum_is_told_nothing_any_more() {
    let mut house = House::open().await;
    let told = house.forum("forum.example", eddsa()).await;
    assert!(house.service.services.clients.disable(&told.forum.client.id).await.unwrap());
    house.sign_out().await;
    assert_eq!((told.receiver.count(), house.waiting().await.len()), (0, 0));
}

#[tokio::test]
async fn n5_a_forum_that_does_not_answer_delays_neither_the_browser_nor_another_forum() {
    let mut house = House::open().await;
    let slow = house.forum("slow.example", eddsa()).await;
    let quick = house.forum("quick.example", eddsa()).await;
    let (open, gate) = watch::channel(false);
    slow.receiver.now_says(Say::Held(gate));
    let reply = house.sign_out().await;
    assert_eq!(reply.status, StatusCode::OK, "answered while the slow one is still at it");
    assert_eq!((slow.receiver.count(), quick.receiver.count()), (1, 1));
    assert_eq!(house.waiting().await.len(), 1, "the slow one's");
    open.send(true).unwrap();
}

#[tokio::test]
async fn n5_no_answer_of_a_forum_leads_anywhere_or_is_read_to_its_end() {
    for (say, delivered) in [(Say::Huge(200), true), (Say::Huge(500), false), (Say::Status(204), true)] {
        let mut house = House::open().await;
        let told = house.forum("forum.example", eddsa()).await;
        told.receiver.now_says(say);
        house.sign_out().await;
        assert_eq!((told.receiver.count(), house.waiting().await.is_empty()), (1, delivered));
    }
    let mut house = House::open().await;
    let told = house.forum("forum.example", eddsa()).await;
    let elsewhere = house.forum("elsewhere.example", eddsa()).await;
    told.receiver.now_says(Say::Redirect(elsewhere.receiver.address()));
    house.sign_out().await;
    assert_eq!(elsewhere.receiver.count(), 1, "its own token and no other");
    house.only_token(&elsewhere).await;
    assert_eq!(house.waiting().await.len(), 1, "the one that would not be taken");
}

#[tokio::test]
async fn n5_a_receiver_at_a_private_address_is_never_connected_to() {
    let mut house = House::open().await;
    let told = house.forum("forum.example", eddsa()).await;
    let guarded = crate::harness::Service::start().await;
    let redirect_uris = vec!["https://forum.example/callback".to_owned()];
    let backchannel_logout_uri = Some(told.receiver.address());
    let draft = Draft { name: "Forum".to_owned(), redirect_uris, backchannel_logout_uri, local: true, ..eddsa() };
    // Whoever resolves to such an address only later is stopped by the guard itself.
    assert!(guarded.services.clients.register(draft).await.is_err());
    assert_eq!(told.receiver.count(), 0, "its operator did not allow it");
}

#[tokio::test]
async fn the_discovery_document_says_what_is_done() {
    let house = House::open().await;
    let discovery = house.service.browser().get("/.well-known/openid-configuration").await.json();
    for flag in ["backchannel_logout", "frontchannel_logout"] {
        assert_eq!(discovery[format!("{flag}_supported")], true, "{flag}");
        assert_eq!(discovery[format!("{flag}_session_supported")], true, "{flag}");
    }
}
