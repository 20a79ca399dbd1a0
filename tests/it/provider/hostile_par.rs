//! Rows B of the list of hostile inputs: pushed authorization requests (RFC 9126), and the assertions by which clients
//! authenticate there (RFC 7523).

use axum::{
    body::Body,
    http::{Method, Request as HttpRequest, StatusCode, header},
};
use heteronym::{
    clients::{Draft, Profile},
    wire::{
        jose::{Algorithm, Typ},
        oauth::AuthMethod,
    },
};
use serde_json::{Value, json};

use crate::harness::{Answer, Browser, Choices, ClientKey, Forum, ISSUER, Reply, Request, Service, machine_post};

const SCOPE: &str = "openid profile age";

struct House {
    service: Service,
    forum: Forum,
    browser: Browser,
}

/// Somebody who has agreed before: whatever is let through would be answered with a code at once.
async fn house_of(draft: Draft) -> House {
    let service = Service::start().await;
    let forum = service.register("forum.example", Draft { scope: SCOPE.to_owned(), ..draft }).await;
    let citizen = service.arnaud().await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let request = forum.as_sent(&service, forum.request(SCOPE)).await;
    browser.authorize(&request, &Choices::all("Genêt")).await;
    House { service, forum, browser }
}

async fn house() -> House {
    house_of(Draft::default()).await
}

/// With keys of its own.
async fn signing_house(profile: Profile) -> House {
    house_of(Draft {
        auth_method: AuthMethod::PrivateKeyJwt,
        id_token_alg: Algorithm::EdDSA,
        profile,
        ..Draft::default()
    })
    .await
}

impl House {
    async fn pushed(&self) -> Request {
        self.forum.pushed(&self.service, &self.forum.request(SCOPE)).await
    }

    async fn brought(&mut self, request: &Request) -> Answer {
        Answer::of(&self.browser.get(&request.target()).await)
    }

    /// Pushes with an assertion of these claims, signed by this key.
    async fn push_as(&self, key: &ClientKey, claims: &Value) -> Reply {
        let assertion = key.sign(Typ::ClientAssertion, claims);
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let request = self.forum.request(SCOPE).and("client_assertion_type", kind).and("client_assertion", &assertion);
        let before = self.service.one_time_rows().await;
        let reply = self.service.browser().send(machine_post("/par", None, request.query())).await;
        if reply.status != StatusCode::CREATED {
            assert_eq!(self.service.one_time_rows().await, before, "a refusal writes nothing");
        }
        reply
    }

    async fn error_as(&self, claims: &Value) -> (u16, String) {
        let reply = self.push_as(self.forum.key.as_ref().unwrap(), claims).await;
        if reply.status == StatusCode::CREATED { (201, String::new()) } else { reply.error() }
    }

    fn assertion(&self) -> Value {
        ClientKey::assertion(&self.service, self.forum.id())
    }
}

fn invalid_client() -> (u16, String) {
    (401, "invalid_client".to_owned())
}

fn accepted() -> (u16, String) {
    (201, String::new())
}

/// The claims with one of them changed, or left out.
fn but(mut claims: Value, name: &str, value: Value) -> Value {
    let members = claims.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
    claims
}

#[tokio::test]
async fn r16_r18_a_pushed_request_is_answered_as_if_it_had_been_in_the_address() {
    let mut house = house().await;
    let reply = house.forum.push(&house.service, &house.forum.request(SCOPE)).await;
    assert_eq!((reply.status, reply.header(header::CACHE_CONTROL)), (StatusCode::CREATED, Some("no-store")));
    assert_eq!(reply.json()["expires_in"], 60);
    assert!(reply.json()["request_uri"].as_str().unwrap().starts_with("urn:ietf:params:oauth:request_uri:"));
    let request = house.pushed().await;
    let answer = house.brought(&request).await;
    assert_eq!((answer.get("state"), answer.get("iss")), (Some(&*request.state), Some(ISSUER)));
    house.forum.tokens(&house.service, &request, &answer).await;
}

#[tokio::test]
async fn r16_a_client_that_has_to_push_is_refused_in_the_address() {
    let mut house = signing_house(Profile::Fapi2).await;
    let request = house.forum.request(SCOPE);
    assert_eq!(house.brought(&request).await.error(), "invalid_request");
    let request = house.pushed().await;
    assert!(house.brought(&request).await.get("code").is_some());
}

#[tokio::test]
async fn r18_what_would_be_refused_in_the_address_is_refused_when_it_is_pushed() {
    let house = house().await;
    let request = || house.forum.request(SCOPE);
    for (request, error) in [
        (request().and("request_uri", "urn:ietf:params:oauth:request_uri:x"), "invalid_request"),
        (request().with("redirect_uri", "https://evil.example/cb"), "invalid_request"),
        (request().without("code_challenge"), "invalid_request"),
        (request().with("code_challenge_method", "plain"), "invalid_request"),
        (request().with("response_type", "token"), "unsupported_response_type"),
        (request().with("scope", "profile"), "invalid_scope"),
        (request().and("resource", "https://api.stranger.example"), "invalid_target"),
        (request().and("prompt", "none login"), "invalid_request"),
    ] {
        let reply = house.forum.push(&house.service, &request).await;
        assert_eq!(reply.error(), (400, error.to_owned()), "{}", request.query());
    }
}

#[tokio::test]
async fn b1_whoever_is_not_believed_to_be_the_client_pushes_nothing() {
    let house = house().await;
    let bare = machine_post("/par", None, house.forum.request(SCOPE).query());
    assert_eq!(house.service.browser().send(bare).await.error(), invalid_client(), "no authentication");
    let mut wrong = house.forum.clone();
    wrong.secret = Some(heteronym::domain::secret::Token::presented("wrong"));
    assert_eq!(wrong.push(&house.service, &wrong.request(SCOPE)).await.error(), invalid_client(), "another secret");

    let house = signing_house(Profile::Strict).await;
    let draft = Draft { auth_method: AuthMethod::PrivateKeyJwt, ..Draft::default() };
    let other = house.service.register("other.example", draft).await;
    let key = other.key.as_ref().unwrap();
    let of_other = ClientKey::assertion(&house.service, other.id());
    let reply = house.push_as(key, &of_other).await;
    assert_eq!(reply.error(), invalid_client(), "the request names another client than its assertion");
    assert_eq!(house.push_as(key, &house.assertion()).await.error(), invalid_client(), "signed by another client");
    assert_eq!(house.error_as(&but(house.assertion(), "iss", other.id().into())).await, invalid_client());
    assert_eq!(house.error_as(&house.assertion()).await, accepted());
}

#[tokio::test]
async fn b2_r27_an_assertion_is_for_the_issuer_alone_but_for_clients_that_any_library_writes() {
    let audiences = [
        json!(format!("{ISSUER}/par")),
        json!(format!("{ISSUER}/token")),
        json!([ISSUER]),
        json!([ISSUER, "https://other.example"]),
        json!(format!("{ISSUER}/")),
        json!("https://ID.example"),
        json!("https://other.example"),
        Value::Null,
    ];
    for profile in [Profile::Strict, Profile::Fapi2] {
        let house = signing_house(profile).await;
        for audience in &audiences {
            let claims = but(house.assertion(), "aud", audience.clone());
            assert_eq!(house.error_as(&claims).await, invalid_client(), "{profile} {audience}");
        }
        assert_eq!(house.error_as(&house.assertion()).await, accepted());
    }
    let house = signing_house(Profile::Openid).await;
    for (audience, taken) in audiences.iter().zip([true, true, true, false, false, false, false, false]) {
        let claims = but(house.assertion(), "aud", audience.clone());
        let expected = if taken { accepted() } else { invalid_client() };
        assert_eq!(house.error_as(&claims).await, expected, "openid {audience}");
    }
}

#[tokio::test]
async fn b4_r22_an_assertion_is_of_now_and_names_itself() {
    let house = signing_house(Profile::Strict).await;
    let now = house.service.services.ambient.now().seconds();
    for (name, value, expected) in [
        ("exp", json!(now - 300), invalid_client()),
        ("exp", json!(now), invalid_client()),
        ("exp", json!(now + 1), accepted()),
        ("iat", json!(now + 8), accepted()),
        ("iat", json!(now + 61), invalid_client()),
        ("nbf", json!(now + 8), accepted()),
        ("nbf", json!(now + 61), invalid_client()),
        ("sub", Value::Null, invalid_client()),
        ("jti", Value::Null, invalid_client()),
        ("exp", Value::Null, invalid_client()),
    ] {
        let claims = but(house.assertion(), name, value.clone());
        assert_eq!(house.error_as(&claims).await, expected, "{name} {value}");
    }
}

#[tokio::test]
async fn b6_only_post_is_served() {
    let service = Service::start().await;
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::TRACE] {
        let request = HttpRequest::builder().method(&method).uri("/par").body(Body::empty()).unwrap();
        assert_eq!(service.browser().send(request).await.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
}

#[tokio::test]
async fn b7_a_body_that_is_no_form_in_utf8_is_refused() {
    let house = house().await;
    let request = house.forum.request(SCOPE).query();
    let kinds = ["application/json", "multipart/form-data; boundary=x", "text/plain", ""];
    let charset = "application/x-www-form-urlencoded; charset=utf-16";
    for kind in kinds.into_iter().chain([charset]) {
        let call = HttpRequest::post("/par").header(header::CONTENT_TYPE, kind).body(Body::from(request.clone()));
        let reply = house.service.browser().send(call.unwrap()).await;
        assert_eq!(reply.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
    }
    let call = HttpRequest::post("/par").body(Body::from(request)).unwrap();
    assert_eq!(house.service.browser().send(call).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn b8_another_client_cannot_use_it() {
    let mut house = house().await;
    let other = house.service.forum("other.example", SCOPE).await;
    let own = house.pushed().await;
    let uri = &own.params.iter().find(|(name, _)| name == "request_uri").unwrap().1;
    let stolen = own.clone().with_uri(other.id(), uri);
    house.browser.get(&stolen.target()).await.assert_error_page("another client");
    assert!(house.brought(&own).await.get("code").is_some(), "and it is still its own");
}

#[tokio::test]
async fn b9_it_lives_a_minute() {
    let mut house = house().await;
    let (first, second) = (house.pushed().await, house.pushed().await);
    house.service.clock.advance(std::time::Duration::from_millis(59_999));
    assert!(house.brought(&first).await.get("code").is_some());
    house.service.clock.advance(std::time::Duration::from_millis(1));
    let answer = house.brought(&second).await;
    assert_eq!((answer.error(), answer.get("state")), ("invalid_request_uri", Some(&*second.state)));
}

#[tokio::test]
async fn b10_r17_whatever_the_answer_was_it_was_the_last() {
    let mut house = house().await;
    let granted = house.pushed().await;
    assert!(house.brought(&granted).await.get("code").is_some());
    assert_eq!(house.brought(&granted).await.error(), "invalid_request_uri", "a code was given");
    let silent = house.forum.request(SCOPE).and("prompt", "none");
    let silent = house.forum.pushed(&house.service, &silent).await;
    let mut nobody = house.service.browser();
    assert_eq!(Answer::of(&nobody.get(&silent.target()).await).error(), "login_required");
    assert_eq!(house.brought(&silent).await.error(), "invalid_request_uri", "an error was told");
    let asked = house.forum.request(SCOPE).and("prompt", "consent");
    let asked = house.forum.pushed(&house.service, &asked).await;
    let page = house.browser.get(&asked.target()).await;
    let again = house.browser.get(&asked.target()).await;
    assert!(again.text().contains("id=\"consent\""), "B11: a page that is loaded again");
    let denied = house.browser.post_form(&page, "/interaction/consent", &[("decision", "deny")]).await;
    assert_eq!(Answer::of(&denied).error(), "access_denied");
    assert_eq!(house.brought(&asked).await.error(), "invalid_request_uri", "the citizen said no");
}

#[tokio::test]
async fn b12_an_address_that_was_not_given_out_leads_nowhere() {
    let mut house = house().await;
    let request = house.pushed().await;
    let uri = request.params.iter().find(|(name, _)| name == "request_uri").unwrap().1.clone();
    let prefix = "urn:ietf:params:oauth:request_uri:";
    let sealed = uri.strip_prefix(prefix).unwrap();
    assert!(sealed.len() > 100, "it cannot be guessed");
    let flipped: String = sealed.chars().rev().collect();
    // Given out to a client of the same name by a service of the same name, with keys of its own.
    let elsewhere = Service::start_today(ISSUER, "").await;
    let draft = Draft { id: Some(house.forum.client.id.clone()), id_token_alg: Algorithm::EdDSA, ..Draft::default() };
    let twin = elsewhere.register("forum.example", draft).await;
    let theirs = twin.push(&elsewhere, &twin.request("openid")).await.json();
    let theirs = theirs["request_uri"].as_str().unwrap();
    for guess in [
        prefix.to_owned(),
        format!("{prefix}x"),
        format!("{prefix}{}", &sealed[..sealed.len() - 1]),
        format!("{uri}A"),
        format!("{uri}="),
        format!("{prefix}{flipped}"),
        theirs.to_owned(),
        format!("{prefix}../../etc/passwd"),
        format!("{prefix}' OR 1=1--"),
    ] {
        let request = request.clone().with_uri(house.forum.id(), &guess);
        house.browser.get(&request.target()).await.assert_error_page(&guess);
    }
    assert!(house.brought(&request).await.get("code").is_some());
}

#[tokio::test]
async fn b13_r19_what_is_added_in_the_address_is_not_looked_at() {
    let mut house = house().await;
    let request = house.pushed().await;
    let added = request
        .clone()
        .and("redirect_uri", "https://evil.example/cb")
        .and("scope", "openid residence")
        .and("state", "of somebody else")
        .and("response_mode", "form_post")
        .and("code_challenge", &"A".repeat(43))
        .and("nonce", "of somebody else");
    let answer = house.brought(&added).await;
    assert_eq!((answer.address.as_str(), answer.get("state")), (house.forum.redirect(), Some(&*request.state)));
    let tokens = house.forum.tokens(&house.service, &request, &answer).await;
    assert_eq!(tokens.scope, SCOPE);
    let claims = house.service.verified(&house.forum, &tokens.id_token).await;
    assert_eq!(claims["nonce"], request.nonce.as_str());
}
