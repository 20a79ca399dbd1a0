//! Rows C, E and F of the list of hostile inputs that are about more than one endpoint of clients: what a refresh may ask
//! for, and what access tokens, opaque and signed, are worth at UserInfo and introspection.

use axum::http::{StatusCode, header};
use data_encoding::BASE64URL_NOPAD;
use heteronym::{
    clients::{Draft, Profile},
    wire::jose::{Signer, Typ},
};
use serde_json::{Value, json};

use super::ways::{ALGORITHM, House, RESOURCE, SCOPE, name_at};
use crate::{
    harness::{Answer, Choices, Forum, ISSUER, Reply, Request, Service, Tokens, machine_post},
    store::both::{Place, on_postgres},
};

async fn house() -> (Service, House) {
    let service = Service::start().await;
    let house = House::in_service(&service, "forum.example").await;
    (service, house)
}

fn invalid_token() -> (u16, String) {
    (401, "invalid_token".to_owned())
}

/// A signed access token for the forum's own interface.
async fn signed(service: &Service, house: &House, scope: &str) -> Tokens {
    let (request, answer) = house.answered_for_resource(service, scope).await;
    house.forum.tokens(service, &request, &answer).await
}

async fn introspected(service: &Service, forum: &Forum, token: &str) -> Value {
    let reply = forum.ask(service, "/introspect", &[("token", token)]).await;
    assert_eq!((reply.status, reply.header(header::CACHE_CONTROL)), (StatusCode::OK, Some("no-store")));
    reply.json()
}

fn inactive() -> Value {
    json!({ "active": false })
}

async fn revoke(service: &Service, forum: &Forum, fields: &[(&str, &str)]) -> Reply {
    forum.ask(service, "/revoke", fields).await
}

#[tokio::test]
async fn c6_r6_a_verifier_where_the_request_had_no_challenge_is_refused_and_so_is_the_reverse() {
    let service = Service::start().await;
    let draft = Draft { profile: Profile::Openid, scope: "openid".to_owned(), ..Draft::default() };
    let forum = service.register("forum.example", draft).await;
    let citizen = service.arnaud().await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let without = || forum.request("openid").without("code_challenge").without("code_challenge_method");
    for (request, verifier, status) in [
        (without(), true, 400),
        (without(), false, 200),
        (forum.request("openid"), false, 400),
        (forum.request("openid"), true, 200),
    ] {
        let answer = browser.authorize(&request, &Choices::all("Genêt")).await;
        let fields = request.redemption(answer.code(), forum.redirect());
        let fields = fields.iter().filter(|(name, _)| verifier || *name != "code_verifier");
        let fields: Vec<_> = fields.map(|(name, value)| (*name, value.as_str())).collect();
        let reply = forum.ask_token(&service, &fields).await;
        assert_eq!(reply.status.as_u16(), status, "{verifier} {}", reply.text());
        assert!(status == 200 || reply.error().1 == "invalid_grant");
    }
}

#[tokio::test]
async fn c14_another_resource_than_the_granted_or_a_registered_one_is_refused() {
    let (service, house) = house().await;
    let ask = async |fields: &[(&str, &str)]| house.forum.ask_token(&service, fields).await;
    let stranger = "https://api.stranger.example/v1";
    let refresh = house.offline.refresh_token.as_deref().unwrap();
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let invalid_target = (400, "invalid_target".to_owned());
    for resources in [&[stranger][..], &["urn:x"], &[RESOURCE, stranger], &[RESOURCE, RESOURCE]] {
        let fields: Vec<_> = refresh.into_iter().chain(resources.iter().map(|one| ("resource", *one))).collect();
        assert_eq!(ask(&fields).await.error(), invalid_target, "{resources:?}");
        let (request, answer) = house.answered(&service, SCOPE).await;
        let code = request.redemption(answer.code(), house.forum.redirect());
        let code = code.iter().map(|(name, value)| (*name, value.as_str()));
        let fields: Vec<_> = code.chain(resources.iter().map(|one| ("resource", *one))).collect();
        assert_eq!(ask(&fields).await.error(), invalid_target, "{resources:?}");
        assert_eq!(house.forum.redeem(&service, &request, &answer).await.status, StatusCode::OK, "it was not spent");
    }
    let fields = [refresh[0], refresh[1], ("resource", RESOURCE)];
    assert_eq!(ask(&fields).await.status, StatusCode::OK, "nor was this");
}

#[tokio::test]
async fn c15_without_offline_access_there_is_nothing_to_refresh_and_the_sign_out_ends_what_there_is() {
    let (service, house) = house().await;
    let (request, answer) = house.answered(&service, "openid profile").await;
    let tokens = house.forum.tokens(&service, &request, &answer).await;
    assert!(tokens.refresh_token.is_none());
    let signed = signed(&service, &house, "openid").await;
    assert_eq!(introspected(&service, &house.forum, &signed.access_token).await["active"], true);
    service.services.accounts.sign_out(&house.session.signed_in).await.unwrap();
    assert_eq!(house.forum.userinfo(&service, &tokens.access_token).await.error(), invalid_token());
    assert_eq!(introspected(&service, &house.forum, &tokens.access_token).await, inactive());
    assert_eq!(introspected(&service, &house.forum, &signed.access_token).await, inactive());
    for access_token in [&tokens.access_token, &signed.access_token] {
        let reply = house.forum.refresh(&service, access_token).await;
        assert_eq!(reply.error(), (400, "invalid_grant".to_owned()), "an access token refreshes nothing");
    }
}

#[tokio::test]
async fn e3_r33_r34_a_token_for_another_audience_says_nothing_at_userinfo() {
    let (service, house) = house().await;
    let tokens = signed(&service, &house, SCOPE).await;
    let claims = claims(&tokens.access_token);
    assert_eq!((&claims["aud"], &claims["iss"]), (&json!(RESOURCE), &json!(ISSUER)));
    for member in ["exp", "sub", "client_id", "iat", "jti"] {
        assert!(claims.get(member).is_some(), "RFC 9068 §2.2: {member}");
    }
    let header = tokens.access_token.split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(header.as_bytes()).unwrap()).unwrap();
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(house.forum.userinfo(&service, &tokens.access_token).await.error(), invalid_token());
    let told = introspected(&service, &house.forum, &tokens.access_token).await;
    assert_eq!((&told["active"], &told["aud"]), (&json!(true), &json!(RESOURCE)));
}

#[tokio::test]
async fn e3_introspection_ends_with_the_token_to_the_second() {
    let (service, house) = house().await;
    let signed = signed(&service, &house, SCOPE).await;
    let tokens = [&house.offline.access_token, &signed.access_token];
    service.wait(299);
    for token in tokens {
        assert_eq!(introspected(&service, &house.forum, token).await["active"], true);
    }
    service.wait(1);
    for token in tokens {
        assert_eq!(introspected(&service, &house.forum, token).await, inactive());
    }
}

#[tokio::test]
async fn e4_there_is_no_token_without_openid() {
    let (service, house) = house().await;
    for scope in ["profile", "", "age offline_access", "OPENID", "openid\u{a0}profile"] {
        let reply = house.browser(&service).get(&house.forum.request(scope).target()).await;
        assert_eq!(Answer::of(&reply).error(), "invalid_scope", "{scope}");
    }
    let refresh = house.offline.refresh_token.as_deref().unwrap();
    for scope in ["profile", "offline_access"] {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("scope", scope)];
        let reply = house.forum.ask_token(&service, &fields).await;
        assert_eq!(reply.error(), (400, "invalid_scope".to_owned()), "{scope}");
    }
}

#[tokio::test]
async fn e6_r32_whatever_is_not_ones_own_token_is_inactive_and_nothing_more() {
    let (service, house) = house().await;
    let other = service.forum("other.example", "openid").await;
    let elsewhere = Service::start_today(ISSUER, "").await;
    let draft = Draft { id_token_alg: ALGORITHM, ..Draft::default() };
    let twin = elsewhere.register("forum.example", draft).await;
    let citizen = elsewhere.arnaud().await;
    let theirs = elsewhere.sign_in(&twin, &citizen, "openid", &Choices::all("Genêt")).await;
    let long = "A".repeat(60_000);
    let (code_request, code) = house.answered(&service, SCOPE).await;
    for token in [
        "garbage",
        "a.b.c",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
        "../../etc/passwd",
        "' OR 1=1--",
        "\u{202e}",
        &long,
        &theirs.access_token,
        &theirs.id_token,
        &house.offline.id_token,
        code.code(),
        &house.offline.access_token[1..],
    ] {
        for hint in [None, Some("access_token"), Some("refresh_token"), Some("no such")] {
            let fields = [("token", token)].into_iter().chain(hint.map(|hint| ("token_type_hint", hint)));
            let reply = house.forum.ask(&service, "/introspect", &fields.collect::<Vec<_>>()).await;
            assert_eq!((reply.status, reply.text()), (StatusCode::OK, r#"{"active":false}"#.to_owned()));
        }
    }
    house.forum.tokens(&service, &code_request, &code).await;
    assert_eq!(introspected(&service, &other, &house.offline.access_token).await, inactive());
    let body = format!("token={}", "A".repeat(1 << 20));
    let reply = service.browser().send(machine_post("/introspect", None, body)).await;
    assert_eq!(reply.error(), (413, "invalid_request".to_owned()), "refused before it is read");
    assert_eq!(house.forum.ask(&service, "/introspect", &[]).await.error(), (400, "invalid_request".to_owned()));
    let bare = machine_post("/introspect", None, "token=x".to_owned());
    assert_eq!(service.browser().send(bare).await.error(), (401, "invalid_client".to_owned()));
}

/// What a clock could tell of an early answer shows here without one: where the database is away, whoever gets no answer has
/// asked it.
#[tokio::test]
async fn e6_whatever_is_shown_is_looked_for_in_the_database_before_it_is_nothing() {
    let (service, house) = house().await;
    let other = House::in_service(&service, "other.example").await;
    let theirs = signed(&service, &other, SCOPE).await;
    let own = signed(&service, &house, SCOPE).await;
    let (_, code) = house.answered(&service, SCOPE).await;
    let spent = house.offline.refresh_token.as_deref().unwrap();
    house.forum.refresh(&service, spent).await;
    let long = "A".repeat(60_000);
    let mut forged = own.access_token.clone();
    forged.replace_range(forged.len() - 8.., "AAAAAAAA");
    let shown = [
        ("garbage", "garbage"),
        ("garbage of three parts", "a.b.c"),
        ("long garbage", &long),
        ("a forged signature", &forged),
        ("a code", code.code()),
        ("an ID token", &own.id_token),
        ("a refresh token that was used", spent),
        ("another's access token", &other.offline.access_token),
        ("another's refresh token", other.offline.refresh_token.as_deref().unwrap()),
        ("one's own access token", &house.offline.access_token),
        ("one's own signed access token", &own.access_token),
        ("one's own resource's, of another client", &theirs.access_token),
    ];
    for (what, token) in shown {
        let active = introspected(&service, &house.forum, token).await["active"] == true;
        assert_eq!(active, what.starts_with("one's own"), "{what}");
    }
    service.services.store.close().await;
    for path in ["/introspect", "/revoke"] {
        for (what, token) in shown {
            // The client itself is remembered for some seconds.
            let reply = house.forum.ask(&service, path, &[("token", token)]).await;
            assert_eq!(reply.error(), (503, "temporarily_unavailable".to_owned()), "{path}: {what}");
        }
    }
}

#[tokio::test]
async fn e8_r31_revocation_answers_200_whatever_it_is_shown_and_takes_the_whole_grant() {
    let (service, house) = house().await;
    let before = service.one_time_rows().await;
    for (token, hint) in [("unknown", "access_token"), ("", "refresh_token"), ("a.b.c", "no such"), ("\u{202e}", "")] {
        let reply = revoke(&service, &house.forum, &[("token", token), ("token_type_hint", hint)]).await;
        let expected = if token.is_empty() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        assert_eq!(reply.status, expected, "{token}: an empty parameter is as good as none (RFC 6749 §3.1)");
    }
    assert_eq!(service.one_time_rows().await, before);
    assert_eq!(house.forum.userinfo(&service, &house.offline.access_token).await.status, StatusCode::OK);
    // Each kind of token by itself, and with a hint that is wrong.
    for by_which in 0..3 {
        let tokens = if by_which == 2 {
            signed(&service, &house, SCOPE).await
        } else {
            let (request, answer) = house.answered(&service, SCOPE).await;
            house.forum.tokens(&service, &request, &answer).await
        };
        let refresh_token = tokens.refresh_token.as_deref().unwrap();
        let (token, hint) = [
            (refresh_token, "access_token"),
            (&tokens.access_token, "refresh_token"),
            (&tokens.access_token, "refresh_token"),
        ][by_which];
        let fields = [("token", token), ("token_type_hint", hint)];
        for _ in 0..2 {
            let reply = revoke(&service, &house.forum, &fields).await;
            assert_eq!((reply.status, reply.text()), (StatusCode::OK, String::new()));
        }
        assert_eq!(house.forum.userinfo(&service, &tokens.access_token).await.error(), invalid_token());
        assert_eq!(introspected(&service, &house.forum, &tokens.access_token).await, inactive());
        assert_eq!(introspected(&service, &house.forum, refresh_token).await, inactive());
        let reply = house.forum.refresh(&service, refresh_token).await;
        assert_eq!(reply.error(), (400, "invalid_grant".to_owned()));
    }
    assert_eq!(
        house.forum.userinfo(&service, &house.offline.access_token).await.status,
        StatusCode::OK,
        "another grant"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn e9_what_is_revoked_on_one_node_is_refused_on_the_other_at_once() {
    on_postgres(async |db| {
        let Place::Postgres(options) = &db.place else { panic!("PostgreSQL alone has several nodes") };
        let storage = format!("[storage]\nengine = \"postgres\"\nurl = \"{}\"\nallow_unprotected = true", options.url);
        let (one, two) = (Service::start_at(ISSUER, &storage, 1).await, Service::start_at(ISSUER, &storage, 2).await);
        let house = House::in_service(&one, "forum.example").await;
        let token = house.offline.access_token.as_str();
        assert_eq!(house.forum.userinfo(&two, token).await.status, StatusCode::OK);
        assert_eq!(introspected(&two, &house.forum, token).await["active"], true);
        assert_eq!(revoke(&one, &house.forum, &[("token", token)]).await.status, StatusCode::OK);
        assert_eq!(house.forum.userinfo(&two, token).await.error(), invalid_token());
        assert_eq!(introspected(&two, &house.forum, token).await, inactive());
        let refresh = house.forum.refresh(&two, house.offline.refresh_token.as_deref().unwrap()).await;
        assert_eq!(refresh.error(), (400, "invalid_grant".to_owned()));
        one.services.store.close().await;
        two.services.store.close().await;
    })
    .await;
}

fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap()
}

fn own_key(service: &Service) -> std::sync::Arc<Signer> {
    service.services.keyring.signer(ALGORITHM, service.services.ambient.now()).unwrap()
}

#[tokio::test]
async fn f8_f11_f12_f13_a_token_that_our_own_key_signed_is_still_no_access_token_unless_it_says_so() {
    let (service, house) = house().await;
    let tokens = signed(&service, &house, SCOPE).await;
    let (key, good) = (own_key(&service), claims(&tokens.access_token));
    let now = service.services.ambient.now().seconds();
    let said = async |token: &str| {
        assert_eq!(house.forum.userinfo(&service, token).await.error(), invalid_token());
        introspected(&service, &house.forum, token).await
    };
    assert_eq!(said(&key.sign(Typ::AccessToken, &good).unwrap()).await["active"], true, "as it was");
    for (member, value) in [
        ("exp", Value::Null),
        ("exp", json!((now + 60).to_string())),
        ("exp", json!(now)),
        ("exp", json!(-1)),
        ("exp", json!(1e30)),
        ("exp", json!(u64::MAX)),
        ("nbf", json!(now + 3_600)),
        ("nbf", json!("now")),
        ("iat", json!(now + 3_600)),
        ("aud", Value::Null),
        ("aud", json!(7)),
        ("aud", json!([RESOURCE])),
        ("aud", json!([RESOURCE, "https://api.stranger.example"])),
        ("iss", Value::Null),
        ("iss", json!([ISSUER])),
        ("iss", json!(format!("{ISSUER}/"))),
        ("iss", json!("https://staging.example")),
        ("sub", Value::Null),
        ("sub", json!("")),
        ("jti", Value::Null),
        ("jti", json!("made up")),
        ("client_id", json!("c_stranger")),
        ("client_id", json!(7)),
    ] {
        let mut claims = good.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(member);
        } else {
            claims[member] = value.clone();
        }
        assert_eq!(said(&key.sign(Typ::AccessToken, &claims).unwrap()).await, inactive(), "{member} {value}");
    }
    for typ in Typ::ALL {
        let active = said(&key.sign(typ, &good).unwrap()).await["active"] == true;
        assert_eq!(active, typ == Typ::AccessToken, "F13: {typ:?}");
    }
}

#[tokio::test]
async fn f1_f3_f5_f6_f14_f17_a_token_with_another_header_or_signature_is_inactive() {
    let (service, house) = house().await;
    let tokens = signed(&service, &house, SCOPE).await;
    let [header, body, signature] = tokens.access_token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let header: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(header.as_bytes()).unwrap()).unwrap();
    let public = service.browser().get("/jwks.json").await.json()["keys"][0].clone();
    let with = |changes: Value, signature: &str| {
        let mut header = header.clone();
        for (member, value) in changes.as_object().unwrap() {
            header[member] = value.clone();
        }
        format!("{}.{body}.{signature}", BASE64URL_NOPAD.encode(header.to_string().as_bytes()))
    };
    assert_eq!(introspected(&service, &house.forum, &with(json!({}), signature)).await["active"], true, "as it was");
    let zeros = BASE64URL_NOPAD.encode(&[0; 64]);
    for token in [
        with(json!({ "alg": "none" }), ""),
        with(json!({ "alg": "nOnE" }), signature),
        with(json!({ "alg": ["EdDSA"] }), signature),
        with(json!({ "alg": "HS256" }), signature),
        with(json!({ "kid": "../../etc/passwd" }), signature),
        with(json!({ "kid": "' OR 1=1--" }), signature),
        with(json!({ "kid": "https://evil.example/key" }), signature),
        with(json!({ "kid": "x".repeat(8_192) }), signature),
        with(json!({ "kid": public["kid"] }), &zeros),
        with(json!({ "jwk": public }), signature),
        with(json!({ "jku": "https://evil.example/jwks" }), signature),
        with(json!({ "crit": ["b64"], "b64": false }), signature),
        with(json!({ "crit": [] }), signature),
        with(json!({ "typ": "JWT" }), signature),
        with(json!({}), &zeros),
        with(json!({}), &signature[..signature.len() - 2]),
        with(json!({}), ""),
        format!("{}.", tokens.access_token),
        tokens.access_token.rsplit_once('.').unwrap().0.to_owned(),
        format!("{}.{}", tokens.access_token, tokens.access_token),
    ] {
        assert_eq!(introspected(&service, &house.forum, &token).await, inactive(), "{token}");
        assert_eq!(house.forum.userinfo(&service, &token).await.error(), invalid_token(), "{token}");
        assert_eq!(revoke(&service, &house.forum, &[("token", &token)]).await.status, StatusCode::OK);
    }
    let access_token = &tokens.access_token;
    assert_eq!(introspected(&service, &house.forum, access_token).await["active"], true, "none of them revoked it");
}

#[tokio::test]
async fn f13_no_kind_of_token_passes_for_another_at_any_endpoint() {
    let (service, house) = house().await;
    let (request, code): (Request, Answer) = house.answered(&service, SCOPE).await;
    let online = signed(&service, &house, SCOPE).await;
    let refresh_token = house.offline.refresh_token.clone().unwrap();
    let opaque = house.offline.access_token.clone();
    let pushed = house.forum.pushed(&service, &house.forum.request(SCOPE)).await;
    let uri = pushed.params.iter().find(|(name, _)| name == "request_uri").unwrap().1.clone();
    let sealed = uri.rsplit(':').next().unwrap().to_owned();
    let nonce = service.services.provider.dpop_nonce();
    let tokens = [code.code(), &refresh_token, &opaque, &online.access_token, &online.id_token, &uri, &sealed, &nonce];
    for (number, token) in tokens.into_iter().enumerate() {
        if number != 0 {
            let fields = request.redemption(token, house.forum.redirect());
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let reply = house.forum.ask_token(&service, &fields).await;
            assert_eq!(reply.error(), (400, "invalid_grant".to_owned()), "{number} as a code");
        }
        if number != 1 {
            let reply = house.forum.refresh(&service, token).await;
            assert_eq!(reply.error(), (400, "invalid_grant".to_owned()), "{number} as a refresh token");
        }
        if number != 2 {
            assert_eq!(house.forum.userinfo(&service, token).await.error(), invalid_token(), "{number} at UserInfo");
        }
        if number != 5 {
            let uri = format!("urn:ietf:params:oauth:request_uri:{token}");
            let request = pushed.clone().with_uri(house.forum.id(), &uri);
            let reply = house.browser(&service).get(&request.target()).await;
            if number == 6 {
                assert!(Answer::of(&reply).get("code").is_some(), "it is the pushed request itself");
            } else {
                reply.assert_error_page(&format!("{number} as a pushed request"));
            }
        }
        let active = introspected(&service, &house.forum, token).await["active"] == true;
        assert_eq!(active, [1, 2, 3].contains(&number), "{number} at introspection");
    }
    house.forum.tokens(&service, &request, &code).await;
}

#[tokio::test]
async fn the_opaque_token_of_one_person_cannot_be_turned_into_that_of_another() {
    let (service, house) = house().await;
    let neighbour = House::in_service(&service, "other.example").await;
    let (own, theirs) = (&house.offline.access_token, &neighbour.offline.access_token);
    assert_ne!(name_at(house.forum.redirect()), name_at(neighbour.forum.redirect()));
    let half = own.len() / 2;
    let spliced = format!("{}{}", &own[..half], &theirs[half.min(theirs.len())..]);
    let mut swapped = own.clone().into_bytes();
    swapped.swap(half, half + 1);
    let swapped = String::from_utf8(swapped).unwrap();
    for token in [spliced, format!("{own}="), format!("{own}A"), own.to_lowercase(), format!("{own}{theirs}")] {
        assert_eq!(house.forum.userinfo(&service, &token).await.error(), invalid_token());
        assert_eq!(introspected(&service, &house.forum, &token).await, inactive());
    }
    assert!(swapped == *own || house.forum.userinfo(&service, &swapped).await.error() == invalid_token());
}
