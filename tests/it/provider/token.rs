//! The token endpoint: a code is redeemed once, by the client it was for, with the verifier that belongs to it.

use axum::{
    body::Body,
    http::{Method, Request as HttpRequest, StatusCode, header},
};
use heteronym::{
    clients::Draft,
    telemetry::{self, LogFormat},
    wire::oauth::AuthMethod,
};

use crate::harness::{Answer, Choices, Citizen, Forum, Log, Request, Service, passes_alone};

struct House {
    service: Service,
    forum: Forum,
    citizen: Citizen,
}

async fn house() -> House {
    let service = Service::start().await;
    let forum = service.forum("forum.example", "openid profile age offline_access").await;
    let citizen = service.arnaud().await;
    House { service, forum, citizen }
}

impl House {
    /// A request that was answered with a code.
    async fn answered(&self) -> (Request, Answer) {
        let mut browser = self.service.browser();
        browser.sign_in(&self.service, &self.citizen).await;
        let request = self.forum.request("openid profile age");
        let answer = browser.authorize(&request, &Choices::all("Genêt")).await;
        (request, answer)
    }

    /// The error when the code is redeemed with one field changed, or left out.
    async fn error_with(&self, name: &str, value: Option<&str>) -> (u16, String) {
        let (request, answer) = self.answered().await;
        let fields = request.redemption(answer.code(), self.forum.redirect());
        let changed = fields.iter().filter_map(|(field, old)| {
            let new = if *field == name { value } else { Some(old.as_str()) };
            new.map(|new| (*field, new))
        });
        let before = self.service.one_time_rows().await;
        let reply = self.forum.ask_token(&self.service, &changed.collect::<Vec<_>>()).await;
        assert_eq!(self.service.one_time_rows().await, before, "a refusal writes nothing");
        reply.error()
    }
}

fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

#[tokio::test]
async fn a_code_gives_tokens_that_nobody_may_keep() {
    let house = house().await;
    let (request, answer) = house.answered().await;
    let reply = house.forum.redeem(&house.service, &request, &answer).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"));
    assert_eq!(reply.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), None);
    let tokens = reply.json();
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&"Bearer".into(), &300.into()));
    assert!(tokens.get("refresh_token").is_none(), "offline_access was not asked for");
}

#[tokio::test]
async fn c1_r12_a_code_used_twice_ends_what_the_first_use_gave() {
    let house = house().await;
    let (request, answer) = house.answered().await;
    let tokens = house.forum.tokens(&house.service, &request, &answer).await;
    assert_eq!(house.service.browser().userinfo(&tokens.access_token).await.status, StatusCode::OK);
    assert_eq!(house.forum.redeem(&house.service, &request, &answer).await.error(), invalid_grant());
    let told = house.service.browser().userinfo(&tokens.access_token).await;
    assert_eq!(told.error(), (401, "invalid_token".to_owned()));
    assert_eq!(house.forum.redeem(&house.service, &request, &answer).await.error(), invalid_grant());
}

#[tokio::test]
async fn r12_a_spent_code_that_is_presented_after_it_expired_ends_the_grant_too() {
    let house = house().await;
    let (request, answer) = house.answered().await;
    let tokens = house.forum.tokens(&house.service, &request, &answer).await;
    house.service.wait(61);
    let other = Request { verifier: "b".repeat(43), ..request.clone() };
    assert_eq!(house.forum.redeem(&house.service, &other, &answer).await.error(), invalid_grant());
    let told = house.service.browser().userinfo(&tokens.access_token).await;
    assert_eq!(told.status, StatusCode::OK, "whoever does not know the verifier ends nothing");
    assert_eq!(house.forum.redeem(&house.service, &request, &answer).await.error(), invalid_grant());
    let told = house.service.browser().userinfo(&tokens.access_token).await;
    assert_eq!(told.error(), (401, "invalid_token".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c2_of_fifty_who_use_a_code_at_once_exactly_one_gets_tokens() {
    let house = std::sync::Arc::new(house().await);
    let (request, answer) = house.answered().await;
    let mut contenders = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (house, request, answer) = (house.clone(), request.clone(), answer.clone());
        contenders.spawn(async move { house.forum.redeem(&house.service, &request, &answer).await });
    }
    let mut winners = Vec::new();
    while let Some(reply) = contenders.join_next().await {
        let reply = reply.unwrap();
        if reply.status == StatusCode::OK {
            winners.push(reply.json());
        } else {
            assert_eq!(reply.error(), invalid_grant());
        }
    }
    assert_eq!(winners.len(), 1);
    let access_token = winners[0]["access_token"].as_str().unwrap();
    assert_eq!(house.service.browser().userinfo(access_token).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn c4_the_redirect_address_has_to_be_the_one_of_the_request() {
    let house = house().await;
    for other in [None, Some("https://forum.example/callback/"), Some("https://forum.example/Callback"), Some("")] {
        assert_eq!(house.error_with("redirect_uri", other).await, invalid_grant(), "{other:?}");
    }
}

#[tokio::test]
async fn a_redirect_address_that_the_request_left_out_is_not_demanded_and_another_is_refused() {
    let house = house().await;
    let mut browser = house.service.browser();
    browser.sign_in(&house.service, &house.citizen).await;
    for (presented, status) in [
        (None, StatusCode::OK),
        (Some(house.forum.redirect()), StatusCode::OK),
        (Some("https://forum.example/Callback"), StatusCode::BAD_REQUEST),
    ] {
        let request = house.forum.request("openid profile age").without("redirect_uri");
        let answer = browser.authorize(&request, &Choices::all("Genêt")).await;
        let fields = request.redemption(answer.code(), presented.unwrap_or_default());
        let fields = fields.iter().filter(|(name, _)| *name != "redirect_uri" || presented.is_some());
        let fields: Vec<_> = fields.map(|(name, value)| (*name, value.as_str())).collect();
        let reply = house.forum.ask_token(&house.service, &fields).await;
        assert_eq!(reply.status, status, "RFC 6749 §4.1.3, {presented:?}: {}", reply.text());
    }
}

#[tokio::test]
async fn c5_the_verifier_has_to_be_the_one_of_the_challenge() {
    let house = house().await;
    let (short, long) = ("a".repeat(42), "a".repeat(129));
    let other = "b".repeat(43);
    for verifier in [
        None,
        Some(""),
        Some(&*other),
        Some(&*short),
        Some(&*long),
        Some("éééééééééééééééééééééééééééééééééééééééééééé"),
    ] {
        assert_eq!(house.error_with("code_verifier", verifier).await, invalid_grant(), "{verifier:?}");
    }
}

#[tokio::test]
async fn c7_a_code_lives_a_minute() {
    let house = house().await;
    let (request, answer) = house.answered().await;
    house.service.clock.advance(std::time::Duration::from_millis(59_999));
    assert_eq!(house.forum.redeem(&house.service, &request, &answer).await.status, StatusCode::OK);
    let (request, answer) = house.answered().await;
    house.service.wait(60);
    assert_eq!(house.forum.redeem(&house.service, &request, &answer).await.error(), invalid_grant());
}

#[tokio::test]
async fn a_code_is_of_no_use_to_another_client_changed_or_made_up() {
    let house = house().await;
    let other = house.service.forum("other.example", "openid").await;
    let (request, answer) = house.answered().await;
    assert_eq!(other.redeem(&house.service, &request, &answer).await.error(), invalid_grant());
    let mut changed = answer.code().to_owned();
    let last = if changed.pop() == Some('A') { 'B' } else { 'A' };
    changed.push(last);
    for code in [changed.as_str(), "", "x", &"A".repeat(2_000)] {
        let (status, error) = house.error_with("code", Some(code)).await;
        assert!(status == 400 && (error == "invalid_grant" || code.is_empty()), "{status} {error}");
    }
    assert_eq!(house.forum.redeem(&house.service, &request, &answer).await.status, StatusCode::OK, "still its own");
}

#[tokio::test]
async fn a_client_that_is_not_believed_is_told_nothing_but_that() {
    let house = house().await;
    let (request, answer) = house.answered().await;
    let mut thief = house.forum.clone();
    thief.secret = Some(heteronym::domain::secret::Token::presented("wrong"));
    let reply = thief.redeem(&house.service, &request, &answer).await;
    assert_eq!(reply.error(), (401, "invalid_client".to_owned()));
    assert_eq!(reply.header(header::WWW_AUTHENTICATE), Some("Basic realm=\"token\""));
    // The method that was registered and no other, even with the right secret.
    let mut other_way = house.forum.clone();
    other_way.client.metadata.token_endpoint_auth_method = AuthMethod::ClientSecretPost;
    assert_eq!(other_way.redeem(&house.service, &request, &answer).await.error().1, "invalid_client");
    other_way.client.metadata.token_endpoint_auth_method = AuthMethod::None;
    assert_eq!(other_way.redeem(&house.service, &request, &answer).await.error().1, "invalid_client");
    assert_eq!(house.forum.redeem(&house.service, &request, &answer).await.status, StatusCode::OK);
}

#[tokio::test]
async fn c10_two_ways_to_authenticate_at_once_are_refused() {
    let house = house().await;
    let (request, answer) = house.answered().await;
    let fields = request.redemption(answer.code(), house.forum.redirect());
    let mut fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fields.extend([("client_id", house.forum.id()), ("client_secret", "x")]);
    assert_eq!(house.forum.ask_token(&house.service, &fields).await.error(), (400, "invalid_request".to_owned()));
}

#[test]
fn c12_a_secret_in_the_address_is_refused_even_when_it_is_right_and_its_client_is_named_to_the_operator() {
    passes_alone("provider::token::a_secret_in_the_address_of_each_endpoint_of_clients");
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own, because it reads the log"]
async fn a_secret_in_the_address_of_each_endpoint_of_clients() {
    let log = Log::default();
    let sink = log.clone();
    let subscriber = telemetry::subscriber(LogFormat::Human, "info", move || sink.clone()).unwrap();
    let _listening = tracing::subscriber::set_default(subscriber);
    let house = house().await;
    let (request, answer) = house.answered().await;
    let secret = house.forum.secret.clone().unwrap();
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(request.redemption(answer.code(), house.forum.redirect()))
        .append_pair("token", "x")
        .finish();
    for (number, path) in ["/token", "/par", "/introspect", "/revoke"].into_iter().enumerate() {
        let address = format!("{path}?client_id={}&client_secret={}", house.forum.id(), secret.expose());
        let reply = house.service.browser().send(form(&address, body.clone())).await;
        assert_eq!(reply.error(), (400, "invalid_request".to_owned()), "{path}");
        assert!(!reply.text().contains(secret.expose()));
        let text = log.text();
        let alarms: Vec<_> = text.lines().filter(|line| line.contains("its secret in an address")).collect();
        assert_eq!(alarms.len(), number + 1, "{path}: {text}");
        assert!(alarms[number].contains("WARN") && alarms[number].contains(house.forum.id()), "{}", alarms[number]);
    }
    let odd = format!("/token?client_id=%0aWARN&client_secret={}", secret.expose());
    assert_eq!(house.service.browser().send(form(&odd, body)).await.status, StatusCode::BAD_REQUEST);
    assert!(!log.text().contains(secret.expose()) && !log.text().contains("\nWARN"));
    assert_eq!(house.forum.redeem(&house.service, &request, &answer).await.status, StatusCode::OK, "not spent");
}

#[test]
fn r9_a_client_that_has_one_challenge_or_nonce_for_everybody_is_named_to_the_operator() {
    passes_alone("provider::token::one_challenge_and_one_nonce_for_everybody");
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own, because it reads the log"]
async fn one_challenge_and_one_nonce_for_everybody() {
    let log = Log::default();
    let sink = log.clone();
    let subscriber = telemetry::subscriber(LogFormat::Human, "info", move || sink.clone()).unwrap();
    let _listening = tracing::subscriber::set_default(subscriber);
    let house = house().await;
    let (constant, _) = house.answered().await;
    for _ in 0..4 {
        house.answered().await;
        let mut browser = house.service.browser();
        browser.sign_in(&house.service, &house.citizen).await;
        let answer = browser.authorize(&constant, &Choices::all("Genêt")).await;
        house.forum.tokens(&house.service, &constant, &answer).await;
    }
    let text = log.text();
    let told: Vec<_> = text.lines().filter(|line| line.contains("the same value again and again")).collect();
    assert_eq!(told.len(), 2, "{text}");
    for (line, parameter) in told.into_iter().zip(["code_challenge", "nonce"]) {
        assert!(line.contains("WARN") && line.contains(house.forum.id()) && line.contains(parameter), "{line}");
    }
    assert!(!text.contains(&constant.nonce) && !text.contains(&constant.verifier));
}

#[tokio::test]
async fn c17_only_post_is_served() {
    let service = Service::start().await;
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::TRACE, Method::HEAD] {
        let request = HttpRequest::builder().method(method.clone()).uri("/token").body(Body::empty()).unwrap();
        assert_eq!(service.browser().send(request).await.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
}

#[tokio::test]
async fn c18_too_much_is_refused_before_it_is_read() {
    let service = Service::start().await;
    let too_long = format!("grant_type=authorization_code&code={}", "a".repeat(65 * 1024));
    let mut announced = form("/token", too_long.clone());
    announced.headers_mut().insert(header::CONTENT_LENGTH, too_long.len().into());
    // One whose length is not said beforehand is cut where it is read.
    for request in [announced, form("/token", too_long)] {
        assert_eq!(service.browser().send(request).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    }
    let too_many = (0..1_001).map(|n| format!("a{n}=b")).collect::<Vec<_>>().join("&");
    let twice = "grant_type=authorization_code&grant_type=refresh_token&code=x".to_owned();
    for refused in [too_many, twice] {
        let reply = service.browser().send(form("/token", refused)).await;
        assert_eq!(reply.error(), (400, "invalid_request".to_owned()));
    }
}

#[tokio::test]
async fn c18_a_name_with_brackets_is_no_part_of_another() {
    let house = house().await;
    for name in ["code", "grant_type", "code_verifier", "redirect_uri"] {
        let (request, answer) = house.answered().await;
        let nested = [format!("{name}[b][c]"), format!("{name}[]"), format!("{name}.b"), format!("a[{name}]")];
        for nested in &nested {
            let fields = request.redemption(answer.code(), house.forum.redirect());
            let fields: Vec<_> = fields
                .iter()
                .map(|(field, value)| (if *field == name { nested.as_str() } else { field }, value.as_str()))
                .collect();
            let reply = house.forum.ask_token(&house.service, &fields).await;
            let expected = if ["code", "grant_type"].contains(&name) { "invalid_request" } else { "invalid_grant" };
            assert_eq!(reply.error(), (400, expected.to_owned()), "{nested}");
        }
        house.forum.tokens(&house.service, &request, &answer).await;
    }
}

#[tokio::test]
async fn c19_a_body_that_is_no_form_in_utf8_is_refused() {
    let service = Service::start().await;
    for kind in
        ["application/json", "multipart/form-data", "text/plain", "application/x-www-form-urlencoded; charset=utf-16"]
    {
        let request = HttpRequest::post("/token").header(header::CONTENT_TYPE, kind).body(Body::from("{}")).unwrap();
        assert_eq!(service.browser().send(request).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
    }
    let mut bomb = form("/token", "grant_type=x".to_owned());
    bomb.headers_mut().insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
    assert_eq!(service.browser().send(bomb).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn grants_that_are_not_served_are_named_so() {
    let house = house().await;
    for grant in ["password", "client_credentials", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer"] {
        let reply = house.forum.ask_token(&house.service, &[("grant_type", grant)]).await;
        assert_eq!(reply.error(), (400, "unsupported_grant_type".to_owned()), "{grant}");
    }
    assert_eq!(house.forum.ask_token(&house.service, &[]).await.error(), (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn a_public_client_needs_its_verifier_and_nothing_else() {
    let service = Service::start().await;
    let citizen = service.arnaud().await;
    let draft = Draft { scope: "openid".to_owned(), auth_method: AuthMethod::None, ..Draft::default() };
    let forum = service.register("forum.example", draft).await;
    assert!(forum.secret.is_none());
    let tokens = service.sign_in(&forum, &citizen, "openid", &Choices::all("Genêt")).await;
    assert_eq!((tokens.expires_in, tokens.scope.as_str()), (300, "openid"));
    assert_eq!(service.told(&tokens).await.as_object().unwrap().len(), 1, "the subject alone");
}

fn form(address: &str, body: String) -> HttpRequest<Body> {
    let request = HttpRequest::post(address).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    request.body(Body::from(body)).unwrap()
}
