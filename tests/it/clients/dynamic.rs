//! A forum's software registers itself over HTTP (RFC 7591): what it is told, what it is refused, and who may at all.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use heteronym::{domain::secret::Token, http::server::Peer};
use serde_json::{Value, json};

use super::{
    ask, asked, described, forum_of,
    outbound_sink::{Script, Sink},
    post, refusal, registered, taking, text, with,
};
use crate::harness::{Choices, ISSUER, Service};

/// 15 June 2026, when the tests begin.
const TODAY: i64 = 1_781_481_600;

#[tokio::test]
async fn a_forum_registers_itself_is_told_all_of_it_once_and_signs_people_in() {
    let service = taking("open", "").await;
    let told = registered(&service, &asked("forum.example")).await;
    let mut shown = told.clone();
    for once in ["client_id", "client_secret", "registration_access_token", "registration_client_uri"] {
        shown.as_object_mut().unwrap().remove(once).unwrap();
    }
    assert_eq!(
        shown,
        json!({
            "client_name": "Forum of forum.example",
            "redirect_uris": ["https://forum.example/cb"],
            "post_logout_redirect_uris": [],
            "application_type": "web",
            "response_types": ["code"],
            "grant_types": ["authorization_code"],
            "subject_type": "pairwise",
            "token_endpoint_auth_method": "client_secret_basic",
            "id_token_signed_response_alg": "RS256",
            "scope": "openid profile age residence",
            "profile": "openid",
            "residence_level": "departement",
            "required": [],
            "id_token_claims": "userinfo",
            "client_id_issued_at": TODAY,
            "client_secret_expires_at": 0,
        })
    );
    let address = format!("{ISSUER}/register/{}", text(&told, "client_id"));
    assert_eq!(text(&told, "registration_client_uri"), address);

    let forum = forum_of(&service, &told).await;
    assert_eq!((forum.client.sector.as_str(), forum.client.manages_itself()), ("forum.example", true));
    let citizen = service.arnaud().await;
    let tokens = service.sign_in(&forum, &citizen, "openid profile", &Choices::all("Genêt")).await;
    assert_eq!(service.told(&tokens).await["name"], "Genêt");

    service.services.store.close().await;
    let database = std::fs::read(service.dir.path().join("heteronym.db")).unwrap();
    for secret in ["client_secret", "registration_access_token"].map(|member| text(&told, member)) {
        assert!(secret.len() == 43 && !database.windows(43).any(|bytes| bytes == secret.as_bytes()), "kept as a hash");
    }
}

/// Every member that a client may ask for, at values that are not the usual ones.
fn everything() -> Value {
    json!({
        "client_name": "Forum",
        "client_uri": "https://forum.example/",
        "logo_uri": "https://forum.example/logo.png",
        "policy_uri": "https://forum.example/privacy",
        "tos_uri": "https://forum.example/terms",
        "contacts": ["admin@forum.example"],
        "application_type": "web",
        "redirect_uris": ["https://forum.example/cb?a=b"],
        "post_logout_redirect_uris": ["https://forum.example/bye"],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "jwks_uri": "https://forum.example/jwks.json",
        "id_token_signed_response_alg": "EdDSA",
        "userinfo_signed_response_alg": "ES256",
        "request_object_signing_alg": "PS256",
        "authorization_signed_response_alg": "RS256",
        "introspection_signed_response_alg": "RS256",
        "request_uris": ["https://forum.example/request.jwt#v1"],
        "default_max_age": 3600,
        "require_auth_time": true,
        "default_acr_values": ["urn:heteronym:acr:passkey"],
        "initiate_login_uri": "https://forum.example/login",
        "frontchannel_logout_uri": "https://forum.example/front",
        "frontchannel_logout_session_required": true,
        "backchannel_logout_uri": "https://back.example/out",
        "backchannel_logout_session_required": true,
        "require_pushed_authorization_requests": true,
        "require_signed_request_object": true,
        "dpop_bound_access_tokens": true,
        "scope": "openid profile age residence offline_access",
        "profile": "strict",
        "resources": ["https://forum.example/api"],
        "residence_level": "commune",
        "age_brackets": ["Y_LT18", "Y18-49", "Y_GE50"],
        "required": ["age_over_18"],
        "id_token_claims": "all",
        "response_types": ["code"],
        "grant_types": ["authorization_code", "refresh_token"],
        "subject_type": "pairwise",
    })
}

#[tokio::test]
async fn every_member_that_is_asked_for_is_told_back_and_what_is_not_known_is_left_out() {
    let service = taking("open", "").await;
    let all = everything();
    let strange = [
        ("software_id", json!("x")),
        ("client_name#fr", json!("Autre")),
        ("id_token_encrypted_response_alg", json!("RSA-OAEP")),
        ("heteronyms_per_person", json!(9)),
        ("sector", json!("other.example")),
        ("join_sector", json!(true)),
        ("client_id", json!("c_mine")),
        ("client_secret", json!("mine")),
        ("tos_uri#fr", Value::Null),
    ];
    let body = strange.into_iter().fold(all.clone(), |body, (member, value)| with(body, member, value));
    let told = registered(&service, &body).await;
    for (member, value) in all.as_object().unwrap() {
        assert_eq!(&told[member], value, "{member}");
    }
    for member in
        ["software_id", "client_name#fr", "id_token_encrypted_response_alg", "heteronyms_per_person", "sector"]
    {
        assert_eq!(told.get(member), None, "{member}");
    }
    assert_eq!(told.get("client_secret"), None, "a key is its proof");
    assert_eq!(told.get("client_secret_expires_at"), None);
    let forum = forum_of(&service, &told).await;
    assert_eq!(forum.client.sector.as_str(), "forum.example");
    assert_eq!(service.services.clients.heteronyms_per_person(&forum.client.sector).await.unwrap(), 1);
}

#[tokio::test]
async fn the_profile_and_the_grants_say_what_is_when_a_member_is_left_out() {
    let service = taking("open", "").await;
    let fapi = json!({ "profile": "fapi2", "jwks_uri": "https://a.example/jwks" });
    let fapi = fapi.as_object().unwrap().iter().fold(asked("a.example"), |body, (m, v)| with(body, m, v.clone()));
    let told = registered(&service, &fapi).await;
    assert_eq!(text(&told, "token_endpoint_auth_method"), "private_key_jwt");
    assert_eq!(text(&told, "id_token_signed_response_alg"), "ES256");
    assert_eq!([&told["require_pushed_authorization_requests"], &told["dpop_bound_access_tokens"]], [true, true]);

    let both = json!(["authorization_code", "refresh_token"]);
    let one = json!(["authorization_code"]);
    for (host, scope, grants, registered_scope, registered_grants) in [
        ("b.example", None, Some(&both), "openid profile age residence offline_access", &both),
        ("c.example", None, Some(&one), "openid profile age residence", &one),
        ("d.example", Some("openid email age phone"), None, "openid age", &one),
        ("e.example", Some("age"), None, "openid age", &one),
        ("f.example", Some("openid offline_access"), None, "openid offline_access", &both),
        ("g.example", Some("openid offline_access"), Some(&one), "openid", &one),
        ("h.example", Some("sex openid"), Some(&both), "openid sex offline_access", &both),
        ("i.example", Some(""), None, "openid", &one),
    ] {
        let mut body = asked(host);
        if let Some(scope) = scope {
            body["scope"] = json!(scope);
        }
        if let Some(grants) = grants {
            body["grant_types"] = grants.clone();
        }
        let told = registered(&service, &body).await;
        assert_eq!((text(&told, "scope"), &told["grant_types"]), (registered_scope, registered_grants), "{host}");
    }
}

/// A member at fault, and how its refusal begins.
fn faults() -> Vec<(&'static str, Value, &'static str)> {
    let private = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA", "d": "AA"}]});
    vec![
        ("redirect_uris", json!([]), "redirect_uris has to hold 1 to 20 addresses"),
        ("redirect_uris", json!("https://forum.example/cb"), "redirect_uris: invalid type: string"),
        ("redirect_uris", json!(["http://forum.example/cb"]), "redirect_uris: the redirect URI begins with http"),
        ("redirect_uris", json!([format!("{ISSUER}/cb")]), "redirect_uris: the address is one of this provider's own"),
        (
            "redirect_uris",
            json!(["https://a_b.example/cb"]),
            "redirect_uris: the host a_b.example cannot name a sector",
        ),
        (
            "post_logout_redirect_uris",
            json!(["https://forum.example/#a"]),
            "post_logout_redirect_uris: the redirect URI",
        ),
        ("client_name", json!(""), "client_name has to be 1 to 80 visible characters"),
        ("client_name", json!(7), "client_name: invalid type: integer `7`, expected a string"),
        ("response_types", json!(["id_token"]), "response_types: only code is served"),
        ("response_types", json!(["code", "code id_token"]), "response_types: only code"),
        ("grant_types", json!(["implicit"]), "grant_types: only authorization_code"),
        ("grant_types", json!(["refresh_token"]), "grant_types: only authorization_code"),
        ("grant_types", json!([]), "grant_types: only"),
        ("subject_type", json!("public"), "subject_type: only pairwise is served"),
        ("token_endpoint_auth_method", json!("client_secret_jwt"), "token_endpoint_auth_method: unknown variant"),
        ("token_endpoint_auth_method", json!("private_key_jwt"), "jwks or jwks_uri has to be there"),
        ("token_endpoint_auth_method", json!("tls_client_auth"), "one of tls_client_auth_subject_dn"),
        ("tls_client_auth_san_dns", json!("forum.example"), "tls_client_auth_* is for"),
        ("id_token_signed_response_alg", json!("none"), "id_token_signed_response_alg: unknown variant"),
        ("id_token_signed_response_alg", json!("HS256"), "id_token_signed_response_alg: unknown variant"),
        ("userinfo_signed_response_alg", json!("none"), "userinfo_signed_response_alg: unknown variant"),
        ("request_object_signing_alg", json!("none"), "request_object_signing_alg: unknown variant"),
        ("request_object_signing_alg", json!("ES256"), "jwks or jwks_uri has to be there"),
        ("jwks", json!({}), "jwks: "),
        ("jwks", private, "jwks: "),
        ("default_max_age", json!(-1), "default_max_age: invalid value"),
        ("default_max_age", json!("1"), "default_max_age: invalid type"),
        ("require_auth_time", json!("true"), "require_auth_time: invalid type"),
        ("contacts", json!(["a\nb"]), "contacts has to hold"),
        ("application_type", json!("service"), "application_type: unknown variant"),
        ("scope", json!("openid  age"), "scope: openid  age is unknown"),
        ("scope", json!(["openid"]), "scope: invalid type"),
        ("profile", json!("fapi1"), "profile: unknown variant"),
        ("profile", json!("fapi2"), "jwks or jwks_uri has to be there"),
        ("required", json!(["sex"]), "required: sex is not among"),
        ("required", json!(["name"]), "required: unknown variant"),
        ("residence_level", json!("quartier"), "residence_level: "),
        ("age_brackets", json!(["Y_LT18", "Y18-33", "Y_GE34"]), "age_brackets: "),
        ("resources", json!(["https://api.example/"]), "resources has to be at the origin of a redirect URI"),
        ("frontchannel_logout_uri", json!("https://other.example/"), "frontchannel_logout_uri has to be at the origin"),
    ]
}

#[tokio::test]
async fn a_refusal_has_the_code_of_the_standard_and_names_the_member() {
    let service = taking("open", "").await;
    for (member, value, says) in faults() {
        let (code, description) = refusal(&service, &with(asked("forum.example"), member, value.clone())).await;
        let expected = if member == "redirect_uris" { "invalid_redirect_uri" } else { "invalid_client_metadata" };
        assert_eq!(code, expected, "{member} {value}: {description}");
        assert!(description.starts_with(says), "{member} {value}: {description}");
    }
    let fapi = with(asked("forum.example"), "profile", json!("fapi2"));
    for (member, value) in
        [("token_endpoint_auth_method", "client_secret_basic"), ("id_token_signed_response_alg", "RS256")]
    {
        let (_, description) = refusal(&service, &with(fapi.clone(), member, json!(value))).await;
        assert_eq!(description, format!("{member}: the value is not one that clients of the profile fapi2 may have"));
    }
    assert!(service.services.clients.list().await.unwrap().is_empty(), "nothing of it was kept");
}

/// Addresses that no member may have, whoever goes there.
const NOWHERE: [&str; 16] = [
    "",
    "forum.example/x",
    "/x",
    "//forum.example/x",
    "http://forum.example/x",
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "gopher://forum.example/",
    "unix:/run/x.sock",
    "https://user:secret@forum.example/x",
    "https://user@forum.example/x",
    "https://forum.example\\@evil.example/x",
    "https://FORUM.example/x",
    "https://forum.example/a b",
    "https://forum.example/../x",
];

#[tokio::test]
async fn g1_no_member_takes_an_address_that_is_not_plain_https() {
    let service = taking("open", "").await;
    let long = format!("https://forum.example/{}", "a".repeat(2_000));
    let shown = ["client_uri", "logo_uri", "policy_uri", "tos_uri"];
    let visited = ["initiate_login_uri", "frontchannel_logout_uri"];
    let fetched = ["jwks_uri", "sector_identifier_uri", "backchannel_logout_uri"];
    let lists = ["request_uris", "post_logout_redirect_uris", "redirect_uris", "resources"];
    for bad in NOWHERE.into_iter().chain([long.as_str()]) {
        for member in shown.into_iter().chain(visited).chain(fetched) {
            let (code, description) = refusal(&service, &with(asked("forum.example"), member, json!(bad))).await;
            assert_eq!(code, "invalid_client_metadata", "{member} {bad}");
            assert!(description.starts_with(member), "{member} {bad}: {description}");
        }
        for member in lists {
            let (code, description) = refusal(&service, &with(asked("forum.example"), member, json!([bad]))).await;
            assert_eq!(code == "invalid_redirect_uri", member == "redirect_uris", "{member} {bad}");
            assert!(description.starts_with(member), "{member} {bad}: {description}");
        }
    }
    for private in ["https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/", "https://localhost/", "https://db/"] {
        for member in fetched {
            let (_, description) = refusal(&service, &with(asked("forum.example"), member, json!(private))).await;
            assert!(description.starts_with(&format!("{member}: the ")), "{member} {private}: {description}");
        }
    }
    for member in visited.into_iter().chain(fetched) {
        let fragment = with(asked("forum.example"), member, json!("https://forum.example/x#y"));
        let (_, description) = refusal(&service, &fragment).await;
        assert!(description.contains("has a fragment"), "{member}: {description}");
    }
    assert!(service.services.clients.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn g2_g3_no_member_that_is_fetched_takes_a_private_address_in_any_spelling() {
    let service = taking("open", "").await;
    let private = [
        "0.0.0.0",
        "169.254.169.254",
        "192.168.0.1",
        "100.64.0.1",
        "[fc00::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
    ];
    let spelt =
        ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost.", "LOCALHOST", "１２７.0.0.1", "127.0.0.1."];
    for host in private.into_iter().chain(spelt) {
        let address = format!("https://{host}/x");
        for member in ["jwks_uri", "sector_identifier_uri", "backchannel_logout_uri", "request_uris"] {
            let value = if member == "request_uris" { json!([address]) } else { json!(address) };
            let (code, description) = refusal(&service, &with(asked("forum.example"), member, value)).await;
            assert_eq!(code, "invalid_client_metadata", "{member} {host}");
            assert!(description.starts_with(member), "{member} {host}: {description}");
        }
    }
    for host in spelt.into_iter().filter(|host| *host != "localhost.") {
        for member in ["client_uri", "initiate_login_uri", "frontchannel_logout_uri"] {
            let body = with(asked("forum.example"), member, json!(format!("https://{host}/x")));
            let (_, description) = refusal(&service, &body).await;
            assert!(description.contains("canonical spelling"), "{member} {host}: {description}");
        }
    }
    assert!(service.services.clients.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn g11_a_logo_is_kept_and_neither_fetched_nor_shown() {
    let sink = Sink::start(Script::Silence).await;
    let local = "http://localhost:8400";
    let service = Service::start_at(local, "[clients]\nregistration = \"open\"\n", 1).await;
    let body = with(asked("forum.example"), "logo_uri", json!(sink.at("/logo.png")));
    let told = registered(&service, &body).await;
    assert_eq!(text(&told, "logo_uri"), sink.at("/logo.png"));
    let forum = forum_of(&service, &told).await;
    let mut browser = service.browser();
    let asked = browser.get(&forum.request("openid profile").target()).await;
    let sign_in = browser.get(asked.location().unwrap()).await;
    assert!(sign_in.text().contains("id=\"by-passphrase\""));
    browser.sign_in(&service, &service.arnaud().await).await;
    let choose = browser.get(&forum.request("openid profile").target()).await;
    let consent = browser.choose(&choose, &Choices::all("Genêt")).await;
    assert!(consent.text().contains("id=\"consent\"") && consent.text().contains("Forum of forum.example"));
    for page in [sign_in, choose, consent] {
        assert!(!page.text().contains("logo.png"));
    }
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn g12_endless_and_ambiguous_redirect_uris_are_refused() {
    let service = taking("open", "").await;
    let many = |count: usize| (0..count).map(|n| format!("https://forum.example/{n}")).collect::<Vec<_>>();
    for bad in [
        json!(many(21)),
        json!([format!("https://forum.example/{}", "a".repeat(2_000))]),
        json!(["https://*.forum.example/cb"]),
        json!(["https://forum.example/*"]),
        json!(["https://forum.example/cb#x"]),
        json!(["https://user@forum.example/cb"]),
        json!(["https://forum.example/cb?code=x"]),
    ] {
        let (code, _) = refusal(&service, &with(asked("forum.example"), "redirect_uris", bad.clone())).await;
        assert_eq!(code, "invalid_redirect_uri", "{bad}");
    }
    for endless in [json!(many(10_000)), json!([format!("https://forum.example/{}", "a".repeat(65_536))])] {
        let (code, description) = refusal(&service, &with(asked("forum.example"), "redirect_uris", endless)).await;
        assert_eq!(
            (code.as_str(), description.as_str()),
            ("invalid_client_metadata", "the request is longer than 32768 bytes")
        );
    }
    registered(&service, &with(asked("forum.example"), "redirect_uris", json!(many(20)))).await;
}

#[tokio::test]
async fn g13_a_name_that_is_or_looks_like_another_forums_is_refused() {
    let service = taking("open", "name = \"Registre de Voiron\"\n").await;
    let named = |host: &str, name: &str| with(asked(host), "client_name", json!(name));
    let first = registered(&service, &named("forum.example", "Budget participatif")).await;
    let taken = format!(
        "client_name is, or looks like, that of {} (Budget participatif): members could take one for the other",
        text(&first, "client_id")
    );
    for alike in [
        "Budget participatif",
        "BUDGET PARTICIPATIF",
        "Budget-participatif",
        "Budget_participatif!",
        "Budget\u{a0}participatif",
    ] {
        let (code, description) = refusal(&service, &named("evil.example", alike)).await;
        assert_eq!((code.as_str(), &description), ("invalid_client_metadata", &taken), "{alike}");
    }
    let (_, description) = refusal(&service, &named("evil.example", "Registre de Voiron")).await;
    assert!(description.contains("that of this provider"), "{description}");
    for misleading in ["<b>Forum</b>", "Forum\u{202e}", "Fоrum", &"x".repeat(10_240)] {
        let (_, description) = refusal(&service, &named("evil.example", misleading)).await;
        assert!(description.starts_with("client_name has to be"), "{description}");
    }
    registered(&service, &named("forum.example", "Budget participatif")).await;
    for client in service.services.clients.list().await.unwrap() {
        assert!(service.services.clients.disable(&client.id).await.unwrap());
    }
    registered(&service, &named("other.example", "Budget participatif")).await;
}

#[tokio::test]
async fn g14_without_a_live_initial_token_nobody_gets_in_and_with_one_one_does() {
    let service = taking("token", "").await;
    let body = asked("forum.example");
    let ask =
        async |token: Option<&str>, body: &Value| ask(&service, Method::POST, "/register", token, Some(body)).await;
    let refused = async |token: Option<&str>, challenge: &str| {
        let reply = ask(token, &body).await;
        assert_eq!(reply.error(), (401, "invalid_token".to_owned()));
        assert_eq!(reply.header(header::WWW_AUTHENTICATE), Some(challenge));
    };
    let invalid = "Bearer error=\"invalid_token\"";
    refused(None, "Bearer").await;
    refused(Some("wrong"), invalid).await;
    let week = Duration::from_hours(7 * 24);
    let token = async || service.services.clients.initial_access_token(week).await.unwrap();
    let (first, second) = (token().await, token().await);

    let faulty = with(body.clone(), "subject_type", json!("public"));
    assert_eq!(ask(None, &faulty).await.status, 401, "nothing is told of the metadata");
    let (_, description) = described(&ask(Some(first.expose()), &faulty).await);
    assert!(description.starts_with("subject_type"), "{description}");
    let reply = ask(Some(first.expose()), &body).await;
    assert_eq!(reply.status, StatusCode::CREATED, "the refused registration spent nothing: {}", reply.text());
    refused(Some(first.expose()), invalid).await;
    let registration_token = text(&reply.json(), "registration_access_token").to_owned();
    refused(Some(&registration_token), invalid).await;
    service.wait(week.as_secs());
    refused(Some(second.expose()), invalid).await;
    assert_eq!(service.services.clients.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn registration_that_is_off_is_not_there_and_discovery_says_which() {
    for (registration, endpoint) in [("off", None), ("token", Some(())), ("open", Some(()))] {
        let service = taking(registration, "").await;
        let metadata = service.browser().get("/.well-known/openid-configuration").await.json();
        let expected = endpoint.map(|()| format!("{ISSUER}/register"));
        assert_eq!(metadata["registration_endpoint"].as_str(), expected.as_deref(), "{registration}");
        for path in ["/register", "/register/c_forum"] {
            let found = service.browser().get(path).await.status != StatusCode::NOT_FOUND;
            assert_eq!(found, endpoint.is_some(), "{registration} {path}");
        }
        let body = asked("a.example").to_string();
        let register = service.services.clients.register_itself(None, body.as_bytes());
        assert_eq!(register.await.is_ok(), registration == "open");
        let read = service.services.clients.registration("c_forum", Token::presented("x"));
        assert!(read.await.is_err());
    }
}

#[tokio::test]
async fn open_registration_is_bounded_in_a_day_and_from_one_address() {
    let service = taking("open", "").await;
    let from = async |address: &str| {
        let mut request = Request::post("/register").header(header::CONTENT_TYPE, "application/json");
        let peer = Peer { socket: "192.0.2.1:1".parse().unwrap(), client: address.parse().unwrap() };
        request.extensions_mut().unwrap().insert(peer);
        service.browser().send(request.body(Body::from("{}")).unwrap()).await
    };
    for _ in 0..30 {
        assert_eq!(from("2001:db8::1").await.status, StatusCode::BAD_REQUEST);
    }
    let reply = from("2001:db8::2").await;
    assert_eq!(reply.error(), (429, "temporarily_unavailable".to_owned()), "the same network");
    assert!(reply.header(header::RETRY_AFTER).is_some_and(|wait| (1..=11).contains(&wait.parse().unwrap())));
    assert_eq!(from("192.0.2.9").await.status, StatusCode::BAD_REQUEST);

    let service = taking("open", "").await;
    for number in 0..100 {
        registered(&service, &asked(&format!("forum{number}.example"))).await;
    }
    let reply = post(&service, &asked("late.example")).await;
    assert_eq!(reply.error(), (429, "temporarily_unavailable".to_owned()));
    assert_eq!(reply.header(header::RETRY_AFTER), Some("50401"), "at midnight");
    service.wait(50_401);
    registered(&service, &asked("late.example")).await;
}

#[tokio::test]
async fn a_registration_is_json_by_post_and_not_for_scripts_of_other_sites() {
    let service = taking("open", "").await;
    let body = asked("forum.example").to_string();
    let send = async |request: axum::http::request::Builder| {
        service.browser().send(request.body(Body::from(body.clone())).unwrap()).await
    };
    for other in [
        "application/x-www-form-urlencoded",
        "text/plain",
        "multipart/form-data",
        "application/json; charset=latin1",
        "",
    ] {
        let reply = send(Request::post("/register").header(header::CONTENT_TYPE, other)).await;
        assert_eq!(reply.error(), (415, "invalid_client_metadata".to_owned()), "{other}");
    }
    assert_eq!(send(Request::post("/register")).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
        let request = Request::builder().method(&method).uri("/register").header(header::ORIGIN, "https://a.example");
        let reply = send(request.header(header::CONTENT_TYPE, "application/json")).await;
        assert_eq!(
            (reply.status, reply.header(header::ALLOW)),
            (StatusCode::METHOD_NOT_ALLOWED, Some("POST")),
            "{method}"
        );
        assert_eq!(reply.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), None);
    }
    for text in ["", "[]", "{\"redirect_uris\":[],\"redirect_uris\":[]}", "{} {}", "\u{feff}{}", "redirect_uris=x"] {
        let request = Request::post("/register").header(header::CONTENT_TYPE, "application/json");
        let reply = service.browser().send(request.body(Body::from(text)).unwrap()).await;
        let (code, description) = described(&reply);
        assert_eq!(code, "invalid_client_metadata");
        assert!(description.starts_with("the request has to be one JSON object"), "{text}: {description}");
    }
    assert!(service.services.clients.list().await.unwrap().is_empty());
    let typed = Request::post("/register").header(header::CONTENT_TYPE, "Application/JSON; charset=UTF-8");
    assert_eq!(send(typed).await.status, StatusCode::CREATED);
}
