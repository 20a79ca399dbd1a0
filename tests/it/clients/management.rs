//! A client reads, replaces and ends its own registration (RFC 7592), and nobody else's.

use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::{
    ask, asked, described, forum, forum_of,
    outbound_sink::{Script, Sink},
    registered, taking, text, with,
};
use crate::harness::{Choices, Reply, Service};

/// What only the server says.
const OURS: [&str; 4] =
    ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"];

async fn by(service: &Service, told: &Value, method: Method, body: Option<&Value>) -> Reply {
    let token = text(told, "registration_access_token");
    ask(service, method, text(told, "registration_client_uri"), Some(token), body).await
}

async fn put(service: &Service, told: &Value, body: &Value) -> Reply {
    by(service, told, Method::PUT, Some(body)).await
}

/// What a client sends that wants to change something of what it was told.
fn sendable(told: &Value) -> Value {
    let mut body = told.clone();
    for member in OURS.into_iter().chain(["client_secret"]) {
        body.as_object_mut().unwrap().remove(member);
    }
    body
}

fn without(told: &Value, member: &str) -> Value {
    let mut body = told.clone();
    body.as_object_mut().unwrap().remove(member);
    body
}

#[tokio::test]
async fn a_client_reads_what_it_registered_but_not_its_secret() {
    let service = taking("open", "").await;
    let told = registered(&service, &asked("forum.example")).await;
    let read = by(&service, &told, Method::GET, None).await;
    assert_eq!(read.status, StatusCode::OK);
    assert_eq!(read.json(), without(&told, "client_secret"));
}

#[tokio::test]
async fn what_is_sent_back_as_it_was_told_changes_nothing_and_what_is_left_out_is_gone() {
    let service = taking("open", "").await;
    let more = [
        ("grant_types", json!(["authorization_code", "refresh_token"])),
        ("policy_uri", json!("https://forum.example/privacy")),
        ("default_acr_values", json!(["urn:heteronym:acr:passkey"])),
        ("age_brackets", json!(["Y_LT18", "Y_GE18"])),
        ("id_token_signed_response_alg", json!("EdDSA")),
        ("profile", json!("strict")),
    ];
    let body = more.into_iter().fold(asked("forum.example"), |body, (member, value)| with(body, member, value));
    let told = registered(&service, &body).await;
    let same = put(&service, &told, &sendable(&told)).await;
    assert_eq!(same.status, StatusCode::OK, "{}", same.text());
    assert_eq!(same.json(), without(&told, "client_secret"));

    let least = with(asked("forum.example"), "client_id", told["client_id"].clone());
    let replaced = put(&service, &told, &least).await.json();
    for (member, value) in
        [("scope", "openid profile age residence"), ("profile", "openid"), ("id_token_signed_response_alg", "RS256")]
    {
        assert_eq!(text(&replaced, member), value);
    }
    for gone in ["policy_uri", "default_acr_values", "age_brackets"] {
        assert_eq!(replaced.get(gone), None, "{gone}");
    }
    assert_eq!(by(&service, &told, Method::GET, None).await.json(), replaced);
    assert_eq!(forum_of(&service, &told).await.client.metadata.policy_uri, None, "also for those who ask here");
}

#[tokio::test]
async fn a_replacement_names_its_client_and_leaves_out_what_the_server_says() {
    let service = taking("open", "").await;
    let told = registered(&service, &asked("forum.example")).await;
    let other = registered(&service, &asked("other.example")).await;
    let body = sendable(&told);
    let faults = [
        (without(&body, "client_id"), "client_id has to be there, and the one of this registration"),
        (with(body.clone(), "client_id", other["client_id"].clone()), "client_id has to be there, and the one"),
        (with(body.clone(), "client_secret", json!("guess")), "client_secret is not the one of this client"),
        (with(body.clone(), "client_secret", other["client_secret"].clone()), "client_secret is not the one"),
        (with(body.clone(), "client_secret", json!(7)), "client_secret is not the one"),
        (with(body.clone(), "client_name", json!("<b>")), "client_name has to be of one script"),
    ];
    let ours = OURS.map(|member| (with(body.clone(), member, told[member].clone()), "is this server's to say"));
    for (body, says) in faults.into_iter().chain(ours) {
        let (code, description) = described(&put(&service, &told, &body).await);
        assert_eq!(code, "invalid_client_metadata");
        assert!(description.contains(says), "{description}");
    }
    let right = with(body.clone(), "client_secret", told["client_secret"].clone());
    assert_eq!(put(&service, &told, &right).await.status, StatusCode::OK);
    let form = axum::http::Request::put(format!("/register/{}", text(&told, "client_id")))
        .header(header::AUTHORIZATION, format!("Bearer {}", text(&told, "registration_access_token")))
        .body(axum::body::Body::from(body.to_string()));
    assert_eq!(service.browser().send(form.unwrap()).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_secret_stays_while_it_is_needed_and_is_another_one_when_it_is_needed_again() {
    let service = taking("open", "").await;
    let told = registered(&service, &asked("forum.example")).await;
    let method = |method: &str| with(sendable(&told), "token_endpoint_auth_method", json!(method));
    let by_post = put(&service, &told, &method("client_secret_post")).await.json();
    assert_eq!((by_post.get("client_secret"), &by_post["client_secret_expires_at"]), (None, &json!(0)));
    let believed = async |secret: &Value| {
        let mut told = told.clone();
        told["client_secret"] = secret.clone();
        let forum = forum_of(&service, &told).await;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", "x"),
            ("code_verifier", "x"),
            ("redirect_uri", forum.redirect()),
        ];
        forum.ask_token(&service, &fields).await.error().1 != "invalid_client"
    };
    assert!(believed(&told["client_secret"]).await, "the one it has");

    let none = put(&service, &told, &method("none")).await.json();
    assert_eq!((none.get("client_secret"), none.get("client_secret_expires_at")), (None, None));
    let again = put(&service, &told, &method("client_secret_basic")).await.json();
    assert!(believed(&again["client_secret"]).await);
    assert!(!believed(&told["client_secret"]).await, "the old one is dead");
}

#[tokio::test]
async fn nobody_learns_from_a_refusal_whether_a_client_is_there() {
    let service = taking("open", "").await;
    let told = registered(&service, &asked("forum.example")).await;
    let other = registered(&service, &asked("other.example")).await;
    let ended = registered(&service, &asked("ended.example")).await;
    assert_eq!(by(&service, &ended, Method::DELETE, None).await.status, StatusCode::NO_CONTENT);
    let (operators, _) = service
        .services
        .clients
        .register(heteronym::clients::Draft { sector: Some("forum.example".to_owned()), join_sector: true, ..forum() })
        .await
        .unwrap();
    let token = |told: &Value| text(told, "registration_access_token").to_owned();
    let mut answers = Vec::new();
    for (id, token) in [
        (text(&told, "client_id"), token(&other)),
        (text(&told, "client_id"), text(&told, "client_secret").to_owned()),
        (text(&told, "client_id"), String::new()),
        (text(&ended, "client_id"), token(&ended)),
        (operators.id.as_str(), token(&told)),
        (operators.id.as_str(), "x".to_owned()),
        ("c_nobody", token(&told)),
        ("%00", token(&told)),
        ("nobody", token(&told)),
    ] {
        for (method, body) in [(Method::GET, None), (Method::PUT, Some(json!({}))), (Method::DELETE, None)] {
            let reply = ask(&service, method, &format!("/register/{id}"), Some(&token), body.as_ref()).await;
            let challenge = reply.header(header::WWW_AUTHENTICATE).map(str::to_owned);
            answers.push((reply.status, challenge, reply.text()));
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(
        (answers[0].0, answers[0].1.as_deref()),
        (StatusCode::UNAUTHORIZED, Some("Bearer error=\"invalid_token\""))
    );
    let path = format!("/register/{}", text(&told, "client_id"));
    let silent = ask(&service, Method::GET, &path, None, None).await;
    assert_eq!((silent.status, silent.header(header::WWW_AUTHENTICATE)), (StatusCode::UNAUTHORIZED, Some("Bearer")));
    for method in [Method::POST, Method::PATCH, Method::OPTIONS] {
        let request = axum::http::Request::builder().method(&method).uri(&path).body(axum::body::Body::empty());
        assert_eq!(service.browser().send(request.unwrap()).await.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    assert_eq!(by(&service, &told, Method::GET, None).await.status, StatusCode::OK, "it is as it was");
}

#[tokio::test]
async fn a33_a_client_that_ends_its_registration_takes_all_that_was_issued_with_it() {
    let service = taking("open", "").await;
    let told = registered(&service, &with(asked("forum.example"), "scope", json!("openid offline_access"))).await;
    let sister = registered(&service, &asked("forum.example")).await;
    let forum = forum_of(&service, &told).await;
    let citizen = service.arnaud().await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let scope = "openid offline_access";
    let request = forum.request(scope);
    let answer = browser.authorize(&request, &Choices::all("Genêt")).await;
    let tokens = forum.tokens(&service, &request, &answer).await;
    let later = forum.request(scope);
    let unredeemed = browser.authorize(&later, &Choices::all("Genêt")).await;

    let ended = by(&service, &told, Method::DELETE, None).await;
    assert_eq!((ended.status, ended.body.len()), (StatusCode::NO_CONTENT, 0));
    assert_eq!(service.browser().userinfo(&tokens.access_token).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        forum.refresh(&service, &tokens.refresh_token.unwrap()).await.error(),
        (401, "invalid_client".to_owned())
    );
    assert_eq!(forum.redeem(&service, &later, &unredeemed).await.error(), (401, "invalid_client".to_owned()));
    browser.get(&forum.request(scope).target()).await.assert_error_page("a client that ended");
    assert_eq!(by(&service, &told, Method::DELETE, None).await.status, StatusCode::UNAUTHORIZED, "once");
    assert_eq!(by(&service, &sister, Method::GET, None).await.status, StatusCode::OK, "the other one lives");
}

#[tokio::test]
async fn g16_nothing_that_a_client_sends_gives_it_another_sector() {
    let sink = Sink::start(Script::body(r#"["https://forum.example/cb", "https://www.example/cb"]"#)).await;
    let service = taking("open", &format!("[outbound]\nallow = [\"{}\"]\n", sink.authority())).await;
    let told = registered(&service, &asked("forum.example")).await;
    let body = sendable(&told);
    let redirects = |uris: &[&str]| with(body.clone(), "redirect_uris", json!(uris));
    let listed = |body: Value| with(body, "sector_identifier_uri", json!(sink.at("/")));
    let native = |body: Value| with(body, "application_type", json!("native"));
    for (body, code, says) in [
        (
            redirects(&["https://other.example/cb"]),
            "invalid_redirect_uri",
            "redirect_uris: the sector of this client is forum.example, and it stays",
        ),
        (
            redirects(&["https://forum.example:8443/cb"]),
            "invalid_redirect_uri",
            "redirect_uris: the sector of this client",
        ),
        (
            redirects(&["https://forum.example/cb", "https://www.example/cb"]),
            "invalid_client_metadata",
            "sector_identifier_uri has to be there",
        ),
        (
            listed(redirects(&["https://forum.example/cb", "https://www.example/cb"])),
            "invalid_client_metadata",
            "sector_identifier_uri: the sector of this client is forum.example",
        ),
        (listed(body.clone()), "invalid_client_metadata", "sector_identifier_uri: the sector of this client"),
        (
            native(redirects(&["http://127.0.0.1/cb"])),
            "invalid_redirect_uri",
            "redirect_uris: the sector of this client",
        ),
        (
            native(redirects(&["https://forum.example/cb", "http://127.0.0.1/cb"])),
            "invalid_redirect_uri",
            "redirect_uris: the sector",
        ),
        (with(body.clone(), "subject_type", json!("public")), "invalid_client_metadata", "subject_type: only pairwise"),
    ] {
        let reply = put(&service, &told, &body).await;
        let (given, description) = described(&reply);
        assert_eq!(given, code, "{description}");
        assert!(description.starts_with(says), "{description}");
    }
    assert_eq!(by(&service, &told, Method::GET, None).await.json(), without(&told, "client_secret"));
    let moved = redirects(&["https://forum.example/new", "https://forum.example/cb"]);
    assert_eq!(put(&service, &told, &with(moved, "sector", json!("other.example"))).await.status, StatusCode::OK);
    assert_eq!(forum_of(&service, &told).await.client.sector.as_str(), "forum.example");
}

#[tokio::test]
async fn g16_a_list_that_no_longer_holds_a_redirect_uri_lets_nothing_be_changed_and_takes_nothing_away() {
    let sink = Sink::start(Script::body(r#"["https://a.example/cb", "https://b.example/cb"]"#)).await;
    let service = taking("open", &format!("[outbound]\nallow = [\"{}\"]\n", sink.authority())).await;
    let two = json!({
        "client_name": "Two houses",
        "redirect_uris": ["https://a.example/cb", "https://b.example/cb"],
        "sector_identifier_uri": sink.at("/"),
    });
    let told = registered(&service, &two).await;
    let renamed = with(sendable(&told), "client_name", json!("Two houses of one town"));
    assert_eq!(put(&service, &told, &renamed).await.status, StatusCode::OK);
    for moved in [json!(["https://a.example/cb"]), json!(["https://c.example/cb"])] {
        let alone = without(&with(sendable(&told), "redirect_uris", moved), "sector_identifier_uri");
        let (code, _) = described(&put(&service, &told, &alone).await);
        assert_eq!(code, "invalid_redirect_uri", "without the list it is another sector");
    }
    sink.now_answers(Script::body(r#"["https://a.example/cb"]"#));
    let (_, description) = described(&put(&service, &told, &renamed).await);
    assert!(
        description.starts_with("sector_identifier_uri: the list there lacks the redirect URI https://b.example/cb")
    );
    assert_eq!(forum_of(&service, &told).await.client.sector.as_str(), sink.authority());
    assert_eq!(by(&service, &told, Method::GET, None).await.status, StatusCode::OK);
}

#[tokio::test]
async fn g13_a_client_takes_no_other_forums_name_later_either() {
    let service = taking("open", "").await;
    registered(&service, &with(asked("forum.example"), "client_name", json!("Budget participatif"))).await;
    let told = registered(&service, &asked("evil.example")).await;
    let renamed = with(sendable(&told), "client_name", json!("Budget Participatif"));
    let (code, description) = described(&put(&service, &told, &renamed).await);
    assert_eq!(code, "invalid_client_metadata");
    assert!(description.starts_with("client_name is, or looks like, that of c_"), "{description}");
    assert_eq!(by(&service, &told, Method::GET, None).await.json()["client_name"], "Forum of evil.example");
}
