//! Rows of the list of hostile inputs about `/authorize`. "Page": an error page of our own, status 400, no `Location`.

use axum::{
    body::Body,
    http::{HeaderValue, Method, Request as HttpRequest, StatusCode, header},
};
use data_encoding::BASE64URL_NOPAD;
use heteronym::clients::Draft;
use serde_json::json;

use crate::harness::{Answer, Browser, Choices, Forum, Reply, Request, Service, Tokens};

struct House {
    service: Service,
    forum: Forum,
    browser: Browser,
}

/// A citizen who has been to the forum before: whatever is let through would be answered with a code at once.
async fn house() -> House {
    let service = Service::start().await;
    let forum = service.forum("forum.example", "openid profile age").await;
    let citizen = service.arnaud().await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let answer = browser.authorize(&forum.request("openid"), &Choices::all("Genêt")).await;
    assert!(answer.get("code").is_some());
    House { service, forum, browser }
}

impl House {
    fn request(&self) -> Request {
        self.forum.request("openid")
    }

    async fn assert_page(&mut self, request: &Request, what: &str) {
        self.asked(&request.target()).await.assert_error_page(what);
    }

    /// The answer to what is refused: it writes nothing, and is short.
    async fn asked(&mut self, target: &str) -> Reply {
        let before = self.service.one_time_rows().await;
        let reply = self.browser.get(target).await;
        assert_eq!(self.service.one_time_rows().await, before, "a refusal writes nothing");
        assert!(reply.body.len() < 16 * 1024, "{} bytes", reply.body.len());
        reply
    }

    /// The error that goes back to the client, which gets `state` and `iss` with it.
    async fn error(&mut self, request: &Request) -> String {
        let answer = Answer::of(&self.asked(&request.target()).await);
        assert_eq!(answer.address, self.forum.redirect());
        assert_eq!(answer.get("iss"), Some("https://id.example"));
        assert!(answer.get("code").is_none());
        answer.error().to_owned()
    }

    async fn assert_error(&mut self, request: &Request, expected: &str) {
        assert_eq!(self.error(request).await, expected, "{}", request.query());
    }

    async fn assert_silent_error(&mut self, hint: &str, expected: &str) {
        let request = self.request().with("prompt", "none").with("id_token_hint", hint);
        self.assert_error(&request, expected).await;
    }
}

#[tokio::test]
async fn a1_a_client_that_nobody_knows_gets_a_page() {
    let mut house = house().await;
    for id in ["c_unknown", "", "x", "../c_x", "C_ABC", "c_\u{e9}"] {
        let request = house.request().with("client_id", id);
        house.assert_page(&request, id).await;
    }
    let request = house.request().without("client_id");
    house.assert_page(&request, "none").await;
}

#[tokio::test]
async fn a2_to_a12_an_address_that_is_not_registered_byte_for_byte_gets_a_page() {
    let mut house = house().await;
    let hostile = [
        "https://evil.example/callback",
        "https://forum.example/callback/",
        "https://forum.example/callback?x=1",
        "https://forum.example/callback#f",
        "https://forum.example/callback#",
        "https://forum.example/Callback",
        "https://FORUM.example/callback",
        "HTTPS://forum.example/callback",
        "http://forum.example/callback",
        "https://forum.example:443/callback",
        "https://forum.example:8443/callback",
        "https://forum.example/x/../callback",
        "https://forum.example/%2e%2e/callback",
        "https://forum.example/./callback",
        "https://forum.example/..;/callback",
        "https://forum.example/callback/..%2f",
        "https://forum.example@evil.example/callback",
        "https://user@forum.example/callback",
        "https://a@b@forum.example/callback",
        "https://forum.example.evil.example/callback",
        "https://forum.example\\@evil.example/callback",
        "https:/\\forum.example/callback",
        "//forum.example/callback",
        "/callback",
        "https://forum.example/call\tback",
        "https://forum.example/callback\r\nSet-Cookie: a=b",
        "https://forum.example/callback ",
        " https://forum.example/callback",
        "https://f\u{043e}rum.example/callback",
        "https://xn--frum-1na.example/callback",
        "https://xn--/callback",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "blob:https://forum.example/x",
        "org.example.app:/callback",
        "null",
        "*",
    ];
    for address in hostile {
        let request = house.request().with("redirect_uri", address);
        house.assert_page(&request, address).await;
    }
    let nul = house.request().without("redirect_uri").query() + "&redirect_uri=https://forum.example/callback%00";
    house.asked(&format!("/authorize?{nul}")).await.assert_error_page("NUL");
}

#[tokio::test]
async fn a3_of_several_registered_addresses_one_has_to_be_named() {
    let mut house = house().await;
    let redirect_uris = ["https://two.example/a", "https://two.example/b"].map(str::to_owned).to_vec();
    let draft = Draft { redirect_uris, scope: "openid".to_owned(), ..Draft::default() };
    let two = house.service.register("two.example", draft).await;
    house.assert_page(&two.request("openid").without("redirect_uri"), "missing").await;
}

#[tokio::test]
async fn a14_a15_an_address_or_client_named_twice_gets_a_page() {
    let mut house = house().await;
    let good = house.forum.redirect().to_owned();
    for (first, second) in [(good.as_str(), "https://evil.example"), ("https://evil.example", &good), (&good, &good)] {
        let request = house.request().with("redirect_uri", first).and("redirect_uri", second);
        house.assert_page(&request, "A14").await;
    }
    let id = house.forum.id().to_owned();
    let request = house.request().and("client_id", &id);
    house.assert_page(&request, "A15").await;
}

#[tokio::test]
async fn a16_any_other_parameter_given_twice_is_an_invalid_request() {
    let mut house = house().await;
    for name in ["state", "scope", "code_challenge", "nonce", "response_type", "prompt", "unknown"] {
        let request = house.request().and(name, "a").and(name, "b");
        house.assert_error(&request, "invalid_request").await;
    }
}

#[tokio::test]
async fn a17_a18_pkce_is_asked_of_everybody_and_only_s256() {
    let mut house = house().await;
    let (short, long) = ("a".repeat(42), "a".repeat(129));
    for challenge in ["", &short, &long, "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!", &"=".repeat(43)] {
        let request = house.request().with("code_challenge", challenge);
        house.assert_error(&request, "invalid_request").await;
    }
    let request = house.request().without("code_challenge");
    house.assert_error(&request, "invalid_request").await;
    for method in ["plain", "", "s256", "S512"] {
        let request = house.request().with("code_challenge_method", method);
        house.assert_error(&request, "invalid_request").await;
    }
}

#[tokio::test]
async fn a19_only_the_code_is_answered() {
    let mut house = house().await;
    for kind in ["token", "id_token", "code id_token", "code token", "none", "CODE", "code code", "id_token token"] {
        let request = house.request().with("response_type", kind);
        house.assert_error(&request, "unsupported_response_type").await;
    }
    let request = house.request().without("response_type");
    house.assert_error(&request, "invalid_request").await;
}

#[tokio::test]
async fn a20_a_response_mode_that_is_not_served_is_refused() {
    let mut house = house().await;
    for mode in ["fragment", "fragment.jwt", "web_message", "JWT", "FORM_POST", "x"] {
        let request = house.request().with("response_mode", mode);
        house.assert_error(&request, "invalid_request").await;
    }
}

#[tokio::test]
async fn a22_prompts_that_contradict_and_ages_that_are_none_are_refused() {
    let mut house = house().await;
    for prompt in ["none login", "none consent", "login none", "none select_account", "none none", "none create"] {
        let request = house.request().with("prompt", prompt);
        house.assert_error(&request, "invalid_request").await;
    }
    for max_age in ["-1", "x", "1.5", "99999999999999999999"] {
        let request = house.request().with("max_age", max_age);
        house.assert_error(&request, "invalid_request").await;
    }
}

#[tokio::test]
async fn a24_a_hint_at_somebody_else_signs_nobody_in_and_names_nobody() {
    let mut house = house().await;
    let other = house.service.enrol(&other_facts(&house.service)).await;
    let theirs = house.service.sign_in(&house.forum, &other, "openid", &Choices::all("Ajonc")).await;
    house.assert_silent_error(&theirs.id_token, "login_required").await;
    let request = house.request().with("id_token_hint", &theirs.id_token);
    let reply = house.browser.get(&request.target()).await;
    assert!(!reply.text().contains("Ajonc"));
    assert_eq!(Answer::of(&reply).error(), "login_required");
}

#[tokio::test]
async fn a24_f_a_hint_that_does_not_hold_hints_at_nobody() {
    let mut house = house().await;
    let other_forum = house.service.forum("other.example", "openid").await;
    let citizen = house.service.enrol(&other_facts(&house.service)).await;
    let here = house.service.sign_in(&house.forum, &citizen, "openid", &Choices::all("Ajonc")).await;
    let there = house.service.sign_in(&other_forum, &citizen, "openid", &Choices::all("Ajonc")).await;
    let mut hints = forgeries(&here);
    hints.push(("of another forum".to_owned(), there.id_token));
    for (what, hint) in hints {
        // The hint is left out: the citizen at hand is answered for, not the one whom the forged hint names.
        let request = house.request().with("prompt", "none").with("id_token_hint", &hint);
        let answer = Answer::of(&house.browser.get(&request.target()).await);
        let claims = answer.get("code").map(|_| ());
        assert!(claims.is_some(), "{what}: {:?}", answer.get("error"));
        let tokens = house.forum.tokens(&house.service, &request, &answer).await;
        let own = house.service.told(&tokens).await;
        let theirs = house.service.told(&here).await;
        assert_ne!(own["sub"], theirs["sub"], "{what}");
    }
}

#[tokio::test]
async fn a24_an_expired_hint_that_we_signed_still_hints() {
    let mut house = house().await;
    let citizen = house.service.enrol(&other_facts(&house.service)).await;
    let theirs = house.service.sign_in(&house.forum, &citizen, "openid", &Choices::all("Ajonc")).await;
    house.service.wait(1_000);
    house.assert_silent_error(&theirs.id_token, "login_required").await;
}

#[tokio::test]
async fn a26_a27_request_objects_are_refused_and_none_is_fetched() {
    let mut house = house().await;
    let unsigned = token(&json!({"alg": "none"}), &json!({"client_id": house.forum.id(), "scope": "openid"}));
    let request = house.request().with("request", &unsigned);
    house.assert_error(&request, "invalid_request_object").await;
    let sink = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    sink.set_nonblocking(true).unwrap();
    for scheme in ["http", "https"] {
        let address = format!("{scheme}://{}/request", sink.local_addr().unwrap());
        let request = house.request().with("request_uri", &address);
        house.assert_error(&request, "request_uri_not_supported").await;
    }
    assert!(sink.accept().is_err(), "somebody called");
    let request = house.request().with("registration", "{}");
    house.assert_error(&request, "registration_not_supported").await;
}

#[tokio::test]
async fn a28_claims_that_the_service_does_not_have_are_never_told() {
    let house = house().await;
    let citizen = house.service.arnaud().await;
    let claims = r#"{"userinfo":{"birthdate":{"essential":true},"family_name":null,"email":null,"residence":null},"id_token":{"name":null}}"#;
    let mut browser = house.service.browser();
    browser.sign_in(&house.service, &citizen).await;
    let request = house.forum.request("openid age").with("claims", claims);
    let answer = browser.authorize(&request, &Choices::all("Ajonc")).await;
    let tokens = house.forum.tokens(&house.service, &request, &answer).await;
    let told = house.service.told(&tokens).await;
    for untold in ["birthdate", "family_name", "email", "name", "residence"] {
        assert!(told.get(untold).is_none(), "{untold}");
    }
    // By name it is the one that the citizen chose for this forum: there is no other here.
    assert_eq!(house.service.verified(&house.forum, &tokens.id_token).await["name"], "Ajonc");
}

#[tokio::test]
async fn a30_post_is_the_same_as_get_and_nothing_else_is() {
    let mut house = house().await;
    let request = house.request();
    let post = HttpRequest::post("/authorize")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ORIGIN, "https://forum.example")
        .body(Body::from(request.query()));
    let reply = house.service.browser().send(post.unwrap()).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "the same by GET, with our cookies");
    assert_eq!(reply.location(), Some(request.target().as_str()));
    assert!(Answer::of(&house.browser.get(reply.location().unwrap()).await).get("code").is_some());
    for method in [Method::HEAD, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE, Method::OPTIONS] {
        let asked = HttpRequest::builder().method(method.clone()).uri(request.target()).body(Body::empty()).unwrap();
        assert_eq!(house.browser.send(asked).await.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
}

#[tokio::test]
async fn a30_to_ask_for_the_head_alone_has_no_effect() {
    let mut house = house().await;
    for path in ["/interaction?tx=x", "/end-session"] {
        let asked = HttpRequest::head(path).body(Body::empty()).unwrap();
        let reply = house.browser.send(asked).await;
        assert_eq!((reply.status, reply.location()), (StatusCode::METHOD_NOT_ALLOWED, None), "{path}");
    }
    let known = HttpRequest::head("/.well-known/openid-configuration").body(Body::empty()).unwrap();
    assert_eq!(house.browser.send(known).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a31_a_request_that_is_too_long_gets_a_short_answer() {
    let mut house = house().await;
    for (length, is_page) in [(8 * 1024, false), (20 * 1024, true), (60 * 1024, true)] {
        let request = house.request().with("state", &"s".repeat(length));
        let reply = house.browser.get(&request.target()).await;
        assert!(reply.body.len() < 16 * 1024);
        if is_page {
            reply.assert_error_page("too long");
        } else {
            assert_eq!(Answer::of(&reply).error(), "invalid_request");
        }
    }
}

#[tokio::test]
async fn a32_no_other_origin_may_read_what_is_about_a_person() {
    let mut house = house().await;
    let request = house.request();
    let pages = [request.target(), "/interaction?tx=x".to_owned(), "/end-session".to_owned()];
    let of_clients = ["/token", "/userinfo", "/par", "/introspect", "/revoke"];
    // A forum's own script may call what software calls, and never a page, nor the authorization endpoint.
    let own = pages.iter().map(|page| (page.as_str(), "https://forum.example"));
    let others = ["https://forum.example.evil.example", "https://FORUM.example", "http://forum.example", "null"];
    let others = of_clients.into_iter().flat_map(|path| others.map(|origin| (path, origin)));
    for (path, origin) in own.chain(others) {
        for method in [Method::OPTIONS, Method::GET] {
            let asked = HttpRequest::builder()
                .method(method)
                .uri(path)
                .header(header::ORIGIN, origin)
                .header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET");
            let reply = house.browser.send(asked.body(Body::empty()).unwrap()).await;
            let allowed = reply.headers.keys().find(|name| name.as_str().starts_with("access-control-allow"));
            assert_eq!(allowed, None, "{path} {origin}");
        }
    }
    for path in of_clients {
        let asked = HttpRequest::options(path)
            .header(header::ORIGIN, "https://forum.example")
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST");
        let reply = house.browser.send(asked.body(Body::empty()).unwrap()).await;
        assert_eq!(reply.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), Some("https://forum.example"), "{path}");
        assert_eq!(reply.header(header::ACCESS_CONTROL_ALLOW_CREDENTIALS), None, "no cookie goes with it");
    }
}

#[tokio::test]
async fn a34_a_parameter_that_is_no_text_is_refused() {
    let mut house = house().await;
    for broken in ["%ff", "%c0%af", "%00", "%ed%a0%80", "%", "%4", "%zz"] {
        for name in PARAMETERS {
            let query = house.request().without(name).query();
            let reply = house.asked(&format!("/authorize?{query}&{name}={broken}")).await;
            let answer = Answer::of(&reply);
            assert_eq!(answer.error(), "invalid_request", "{name}={broken}");
            assert!(answer.get("state").is_none() || name != "state");
        }
        for name in ["client_id", "redirect_uri"] {
            let query = house.request().without(name).query();
            let reply = house.asked(&format!("/authorize?{query}&{name}={broken}")).await;
            reply.assert_error_page(&format!("{name}={broken}"));
        }
    }
}

/// All that the endpoint knows but for those that say where an answer would go, and one that nobody knows.
const PARAMETERS: [&str; 22] = [
    "state",
    "nonce",
    "scope",
    "prompt",
    "response_type",
    "response_mode",
    "code_challenge",
    "code_challenge_method",
    "max_age",
    "id_token_hint",
    "login_hint",
    "display",
    "ui_locales",
    "claims_locales",
    "acr_values",
    "claims",
    "resource",
    "dpop_jkt",
    "request",
    "request_uri",
    "registration",
    "x",
];

#[tokio::test]
async fn a_reflected_text_is_never_markup() {
    let mut house = house().await;
    let script = "\"><script>alert(1)</script>";
    let request = house.request().with("redirect_uri", script).with("state", script);
    let page = house.browser.get(&request.target()).await;
    assert!(!page.text().contains("<script>alert"));
    let request = house.request().with("response_mode", "form_post").with("state", script);
    let page = house.browser.get(&request.target()).await;
    assert!(!page.text().contains("<script>alert") && page.field("state").is_some());
}

#[tokio::test]
async fn r39_after_a_form_the_browser_is_sent_on_with_303_and_without_a_referrer() {
    let mut house = house().await;
    let request = house.request().with("prompt", "consent");
    let page = house.browser.get(&request.target()).await;
    let reply = house.browser.agree(&page, &Choices::all("Genêt")).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    assert_eq!(reply.headers.get(header::REFERRER_POLICY), Some(&HeaderValue::from_static("no-referrer")));
    assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"));
}

/// Tokens made of one that holds, each of them wrong in one way.
fn forgeries(tokens: &Tokens) -> Vec<(String, String)> {
    let parts: Vec<&str> = tokens.id_token.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("three parts") };
    let read = |part: &str| -> serde_json::Value {
        serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
    };
    let write = |value: &serde_json::Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let with_header = |name: &str, value: serde_json::Value| {
        let mut header = read(header);
        header[name] = value;
        format!("{}.{claims}.{signature}", write(&header))
    };
    let mut forged = vec![
        ("F17 two parts".to_owned(), format!("{header}.{claims}")),
        ("F17 four parts".to_owned(), format!("{}.x", tokens.id_token)),
        ("F14 no signature".to_owned(), format!("{header}.{claims}.")),
        ("F14 zero signature".to_owned(), format!("{header}.{claims}.{}", BASE64URL_NOPAD.encode(&[0; 256]))),
        ("F14 truncated".to_owned(), tokens.id_token[..tokens.id_token.len() - 2].to_owned()),
        ("an access token".to_owned(), tokens.access_token.clone()),
        ("F18 too long".to_owned(), format!("{header}.{}.{signature}", "A".repeat(13 * 1024))),
    ];
    for alg in [json!("none"), json!("None"), json!(["RS256"]), json!(1), json!("HS256"), json!("ES256")] {
        forged.push((format!("F1 alg {alg}"), with_header("alg", alg)));
    }
    for kid in ["../../etc/passwd", "' OR 1=1--", "https://evil.example/k", "unknown"] {
        forged.push((format!("F3 kid {kid}"), with_header("kid", json!(kid))));
    }
    for (name, value) in [
        ("jku", json!("https://evil.example/jwks")),
        ("x5u", json!("https://evil.example/x")),
        ("jwk", json!({"kty": "OKP"})),
        ("crit", json!(["b64"])),
        ("typ", json!("at+jwt")),
    ] {
        forged.push((format!("F4-F13 {name}"), with_header(name, value)));
    }
    let mut changed = read(claims);
    changed["sub"] = json!("A".repeat(43));
    forged.push(("another subject".to_owned(), format!("{header}.{}.{signature}", write(&changed))));
    forged
}

fn token(header: &serde_json::Value, claims: &serde_json::Value) -> String {
    let encode = |value: &serde_json::Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    format!("{}.{}.", encode(header), encode(claims))
}

fn other_facts(service: &Service) -> heteronym::domain::quality::Facts {
    crate::harness::facts_of(service, jiff::civil::Date::constant(1991, 7, 9), "cog:38185", "Brigitte S.")
}
