//! Where things are: each endpoint does its work at the address that the document gives.

use axum::{
    body::Body,
    http::{Request as HttpRequest, StatusCode, header},
};
use data_encoding::BASE64;
use heteronym::{
    clients::Draft,
    wire::tlog::{Algorithm, Bundle, NoteKey, SignedCheckpoint},
};
use serde_json::{Value, json};

use super::house::{House, Visit, everything};
use crate::harness::{Forum, ISSUER};

#[tokio::test]
async fn every_advertised_endpoint_does_its_work_at_its_address() {
    House::visit(&VISITS).await;
}

pub(super) const VISITS: [(&str, Visit); 13] = [
    ("issuer", |house, said| Box::pin(issuer(house, said))),
    ("authorization_endpoint", |house, said| Box::pin(authorization(house, path(said)))),
    ("token_endpoint", |house, said| Box::pin(token(house, path(said)))),
    ("userinfo_endpoint", |house, said| Box::pin(userinfo(house, path(said)))),
    ("jwks_uri", |house, said| Box::pin(jwks(house, path(said)))),
    ("registration_endpoint", |house, said| Box::pin(registration(house, path(said)))),
    ("end_session_endpoint", |house, said| Box::pin(end_session(house, path(said)))),
    ("revocation_endpoint", |house, said| Box::pin(revocation(house, path(said)))),
    ("introspection_endpoint", |house, said| Box::pin(introspection(house, path(said)))),
    ("pushed_authorization_request_endpoint", |house, said| Box::pin(pushed(house, path(said)))),
    ("mtls_endpoint_aliases", |house, said| Box::pin(aliases(house, said))),
    ("op_policy_uri", |house, said| Box::pin(policy(house, path(said)))),
    ("tlog", |house, said| Box::pin(logs(house, said))),
];

/// Below the issuer.
fn path(said: &Value) -> &str {
    let path = said.as_str().unwrap().strip_prefix(ISSUER).unwrap();
    assert!(path.starts_with('/'), "{path}");
    path
}

async fn forum(house: &House) -> Forum {
    house.forum(Draft { scope: "openid".to_owned(), ..Draft::default() }).await
}

async fn logs(house: &House, said: &Value) {
    let forum = forum(house).await;
    house.tokens(&forum, &forum.request("openid")).await;
    assert_eq!(said.as_object().unwrap().len(), 3);
    for log in ["registry", "issuance"] {
        let address = path(&said[log]);
        let checkpoint = house.browser().get(&format!("{address}/checkpoint")).await;
        let checkpoint = SignedCheckpoint::parse(&checkpoint.body).unwrap();
        let origin = said[log].as_str().unwrap().strip_prefix("https://").unwrap();
        let keys = said["keys"].as_array().unwrap().iter().map(|key| {
            let public = BASE64.decode(key.as_str().unwrap().as_bytes()).unwrap().try_into().unwrap();
            NoteKey::new(origin, Algorithm::Ed25519, &public).unwrap()
        });
        let head = checkpoint.verify(origin, &keys.collect::<Vec<_>>()).unwrap();
        let entries = Bundle::in_tree(0, head.size()).unwrap();
        assert_eq!(house.browser().get(&format!("{address}/{entries}")).await.status, StatusCode::OK);
    }
}

async fn issuer(house: &House, said: &Value) {
    assert_eq!(said, ISSUER);
    let forum = forum(house).await;
    let tokens = house.tokens(&forum, &forum.request("openid")).await;
    assert_eq!(house.service.verified(&forum, &tokens.id_token).await["iss"], *said);
}

async fn authorization(house: &House, path: &str) {
    let request = forum(house).await.request("openid");
    let page = house.browser().get(&format!("{path}?{}", request.query())).await;
    assert!(page.status == StatusCode::OK && page.text().contains("/interaction/choose"), "{}", page.text());
}

async fn token(house: &House, path: &str) {
    let forum = forum(house).await;
    let request = forum.request("openid");
    let answer = house.browser().authorize(&request, &everything()).await;
    let fields = request.redemption(answer.code(), forum.redirect());
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let reply = forum.ask(&house.service, path, &fields).await;
    assert!(reply.status == StatusCode::OK && reply.json()["access_token"].is_string(), "{}", reply.text());
}

async fn userinfo(house: &House, path: &str) {
    let forum = forum(house).await;
    let tokens = house.tokens(&forum, &forum.request("openid")).await;
    for request in [HttpRequest::get(path), HttpRequest::post(path)] {
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", tokens.access_token));
        let reply = house.service.browser().send(request.body(Body::empty()).unwrap()).await;
        assert!(reply.json()["sub"].is_string(), "OpenID Connect Core §5.3.1");
    }
}

async fn jwks(house: &House, path: &str) {
    let forum = forum(house).await;
    let tokens = house.tokens(&forum, &forum.request("openid")).await;
    let kid = super::house::header_of(&tokens.id_token)["kid"].clone();
    let set = house.service.browser().get(path).await.json();
    assert!(set["keys"].as_array().unwrap().iter().any(|key| key["kid"] == kid));
}

async fn registration(house: &House, path: &str) {
    let body = json!({ "client_name": "Forum", "redirect_uris": ["https://registered.example/cb"] });
    let request = HttpRequest::post(path).header(header::CONTENT_TYPE, "application/json");
    let reply = house.service.browser().send(request.body(Body::from(body.to_string())).unwrap()).await;
    assert!(reply.status == StatusCode::CREATED && reply.json()["client_id"].is_string(), "{}", reply.text());
}

async fn end_session(house: &House, path: &str) {
    let page = house.browser().get(path).await;
    assert!(page.status == StatusCode::OK && page.text().contains("id=\"sign-out\""), "{}", page.text());
}

async fn revocation(house: &House, path: &str) {
    let forum = forum(house).await;
    let tokens = house.tokens(&forum, &forum.request("openid")).await;
    let reply = forum.ask(&house.service, path, &[("token", &tokens.access_token)]).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(forum.userinfo(&house.service, &tokens.access_token).await.status, StatusCode::UNAUTHORIZED);
}

async fn introspection(house: &House, path: &str) {
    let forum = forum(house).await;
    let tokens = house.tokens(&forum, &forum.request("openid")).await;
    let reply = forum.ask(&house.service, path, &[("token", &tokens.access_token)]).await;
    assert_eq!(reply.json()["active"], true);
}

async fn pushed(house: &House, path: &str) {
    let forum = forum(house).await;
    let request = forum.request("openid");
    let fields = request.params.iter().filter(|(name, _)| name != "client_id");
    let fields: Vec<_> = fields.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let reply = forum.ask(&house.service, path, &fields).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text());
    let sent = request.with_uri(forum.id(), reply.json()["request_uri"].as_str().unwrap());
    let answer = house.browser().authorize(&sent, &everything()).await;
    forum.tokens(&house.service, &sent, &answer).await;
}

/// The same endpoints at the other origin; that they are served there, over sockets, is seen in `mutual_tls`.
async fn aliases(house: &House, said: &Value) {
    let document = house.document().await;
    let aliases = said.as_object().unwrap();
    let of_clients = document.keys().filter(|member| member.ends_with("_endpoint"));
    let not_of_clients = ["authorization_endpoint", "end_session_endpoint", "registration_endpoint"];
    let of_clients: Vec<_> = of_clients.filter(|member| !not_of_clients.contains(&member.as_str())).collect();
    assert_eq!(aliases.keys().collect::<Vec<_>>(), of_clients);
    for (member, alias) in aliases {
        let path = alias.as_str().unwrap().strip_prefix("https://mtls.id.example").unwrap();
        assert_eq!(document[member], format!("{ISSUER}{path}"), "{member}");
    }
}

async fn policy(house: &House, path: &str) {
    let page = house.service.browser().get(path).await;
    assert!(page.status == StatusCode::OK && page.text().contains("<h1"), "{}", page.text());
}
