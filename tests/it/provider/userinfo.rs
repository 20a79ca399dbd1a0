//! UserInfo and what a bearer token has to be (RFC 6750).

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};

use crate::harness::{Choices, Forum, Reply, Service, Tokens};

async fn house() -> (Service, Forum, Tokens) {
    let service = Service::start().await;
    let forum = service.forum("forum.example", "openid profile").await;
    let citizen = service.arnaud().await;
    let tokens = service.sign_in(&forum, &citizen, "openid profile", &Choices::all("Genêt")).await;
    (service, forum, tokens)
}

async fn send(service: &Service, request: axum::http::request::Builder, body: &str) -> Reply {
    service.browser().send(request.body(Body::from(body.to_owned())).unwrap()).await
}

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn e1_without_a_token_only_the_scheme_is_named() {
    let (service, ..) = house().await;
    let reply = send(&service, Request::get("/userinfo"), "").await;
    assert_eq!((reply.status, reply.header(header::WWW_AUTHENTICATE)), (StatusCode::UNAUTHORIZED, Some("Bearer")));
}

#[tokio::test]
async fn e1_a_token_in_the_address_or_in_two_places_is_refused() {
    let (service, _, tokens) = house().await;
    let token = &tokens.access_token;
    let bearer = format!("Bearer {token}");
    let in_address = send(&service, Request::get(format!("/userinfo?access_token={token}")), "").await;
    assert_eq!(in_address.error(), (400, "invalid_request".to_owned()));
    let both = Request::post("/userinfo").header(header::AUTHORIZATION, &bearer).header(header::CONTENT_TYPE, FORM);
    let both = send(&service, both, &format!("access_token={token}")).await;
    assert_eq!(both.error(), (400, "invalid_request".to_owned()));
    let twice = Request::get("/userinfo").header(header::AUTHORIZATION, &bearer).header(header::AUTHORIZATION, &bearer);
    assert_eq!(send(&service, twice, "").await.error(), (400, "invalid_request".to_owned()));
    let basic = Request::get("/userinfo").header(header::AUTHORIZATION, format!("Basic {token}"));
    assert_eq!(send(&service, basic, "").await.error(), (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn a_token_in_the_header_or_in_the_form_is_taken() {
    let (service, _, tokens) = house().await;
    let told = service.told(&tokens).await;
    let form = Request::post("/userinfo").header(header::CONTENT_TYPE, FORM);
    let reply = send(&service, form, &format!("access_token={}", tokens.access_token)).await;
    assert_eq!((reply.status, reply.json()), (StatusCode::OK, told));
    assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"));
}

#[tokio::test]
async fn e3_a_token_ends_after_five_minutes_to_the_second() {
    let (service, _, tokens) = house().await;
    service.wait(299);
    assert_eq!(service.browser().userinfo(&tokens.access_token).await.status, StatusCode::OK);
    service.wait(1);
    let reply = service.browser().userinfo(&tokens.access_token).await;
    assert_eq!(reply.error(), (401, "invalid_token".to_owned()));
    assert_eq!(reply.header(header::WWW_AUTHENTICATE), Some("Bearer error=\"invalid_token\""));
}

#[tokio::test]
async fn e3_the_token_of_a_session_that_was_signed_out_is_dead() {
    let service = Service::start().await;
    let forum = service.forum("forum.example", "openid").await;
    let citizen = service.arnaud().await;
    let session = citizen.begin_session(&service).await;
    let mut browser = service.browser();
    browser.hold_session(session.token.expose());
    let request = forum.request("openid");
    let answer = browser.authorize(&request, &Choices::all("Genêt")).await;
    let tokens = forum.tokens(&service, &request, &answer).await;
    service.services.accounts.sign_out(&session.signed_in).await.unwrap();
    assert_eq!(browser.userinfo(&tokens.access_token).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn f_whatever_is_no_access_token_of_ours_is_refused() {
    let (service, _, tokens) = house().await;
    let mut changed = tokens.access_token.clone();
    let last = if changed.pop() == Some('A') { 'B' } else { 'A' };
    changed.push(last);
    let long = "A".repeat(60_000);
    let none = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.";
    let cut = &tokens.access_token[..tokens.access_token.len() - 1];
    for token in [tokens.id_token.as_str(), &changed, cut, none, "x", &long, "../../etc/passwd", "' OR 1=1--"] {
        let reply = service.browser().userinfo(token).await;
        assert_eq!(reply.error(), (401, "invalid_token".to_owned()), "{}", &token[..token.len().min(30)]);
    }
}
