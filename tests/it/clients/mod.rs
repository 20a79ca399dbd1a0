//! Relying parties: registered, refused, and worked on from the command line.

mod command;
mod dynamic;
mod dynamic_sectors;
mod management;
mod outbound;
mod outbound_keys;
mod outbound_sector;
mod outbound_sink;
mod outbound_tls;
mod races;
mod registration;
mod sectors;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use heteronym::{
    clients::{Draft, RegistrationError},
    domain::secret::Token,
};
use serde_json::{Value, json};

use crate::harness::{Forum, ISSUER, Reply, Service};

/// A forum at `https://forum.example`.
fn forum() -> Draft {
    Draft { name: "Forum".to_owned(), redirect_uris: vec!["https://forum.example/cb".to_owned()], ..Draft::default() }
}

async fn refused(service: &Service, draft: Draft) -> RegistrationError {
    service.services.clients.register(draft).await.expect_err("it is registered")
}

/// A service with this registration (`off`, `token`, `open`), and more configuration.
async fn taking(registration: &str, more: &str) -> Service {
    Service::start_at(ISSUER, &format!("{more}\n[clients]\nregistration = \"{registration}\"\n"), 1).await
}

/// A request of software that manages a registration, and what holds for every answer.
async fn ask(service: &Service, method: Method, path: &str, token: Option<&str>, body: Option<&Value>) -> Reply {
    let mut request = Request::builder().method(method).uri(path.strip_prefix(ISSUER).unwrap_or(path));
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    if body.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let reply = service.browser().send(request.body(body).unwrap()).await;
    assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"), "{}", reply.text());
    assert_eq!(reply.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), None);
    let challenged = reply.header(header::WWW_AUTHENTICATE).is_some();
    assert_eq!(challenged, reply.status == StatusCode::UNAUTHORIZED, "RFC 9110 §11.6.1");
    reply
}

async fn post(service: &Service, body: &Value) -> Reply {
    ask(service, Method::POST, "/register", None, Some(body)).await
}

/// What a forum at this host asks at least.
fn asked(host: &str) -> Value {
    json!({ "client_name": format!("Forum of {host}"), "redirect_uris": [format!("https://{host}/cb")] })
}

/// The same with one member more, or another one.
fn with(mut body: Value, member: &str, value: Value) -> Value {
    body[member] = value;
    body
}

/// A client that registered itself: what it was told.
async fn registered(service: &Service, body: &Value) -> Value {
    let reply = post(service, body).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text());
    reply.json()
}

/// The refusal of a registration: code and description.
async fn refusal(service: &Service, body: &Value) -> (String, String) {
    described(&post(service, body).await)
}

fn described(reply: &Reply) -> (String, String) {
    assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.text());
    let body = reply.json();
    (body["error"].as_str().unwrap().to_owned(), body["error_description"].as_str().unwrap().to_owned())
}

/// The client behind what it was told, to sign in with.
async fn forum_of(service: &Service, told: &Value) -> Forum {
    let id = text(told, "client_id").parse().unwrap();
    let client = service.services.clients.find(&id).await.unwrap().unwrap();
    Forum { client: (*client).clone(), secret: told["client_secret"].as_str().map(Token::presented) }
}

fn text<'a>(told: &'a Value, member: &str) -> &'a str {
    told[member].as_str().unwrap_or_else(|| panic!("no {member} in {told}"))
}
