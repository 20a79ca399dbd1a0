//! The running server against the page: every operation with its example, every method that is not there, and the
//! answers that software gets when all goes well.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Method, Request as HttpRequest, StatusCode, header},
};
use heteronym::{clients::Draft, telemetry, wire::jose::Algorithm};
use serde_json::{Value, json};

use super::{
    page::{METHODS, Operation, Page},
    schema,
};
use crate::harness::{Browser, Choices, ISSUER, Reply, Service};

/// What the page would not lead its reader to expect of an answer; nothing, where all is as it says.
fn surprises(page: &Page, operation: Operation<'_>, reply: &Reply) -> Vec<String> {
    let Some(documented) = operation.response(page, reply.status.as_u16()) else {
        return vec![format!("{} answers {}: {}", operation.name(), reply.status, reply.text())];
    };
    let mut surprises = Vec::new();
    for (name, described) in documented.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let described = page.resolve(described);
        match (reply.header(name.as_str()), described.get("required") == Some(&Value::Bool(true))) {
            (Some(value), _) => surprises.extend(schema::faults(page, &described["schema"], &json!(value))),
            (None, true) => surprises.push(format!("{name} is absent")),
            (None, false) => {}
        }
    }
    let described = documented.get("headers").and_then(Value::as_object);
    for name in ["www-authenticate", "retry-after", "location", "dpop-nonce"] {
        let is_described =
            described.is_some_and(|headers| headers.keys().any(|known| known.eq_ignore_ascii_case(name)));
        if reply.headers.contains_key(name) && !is_described {
            surprises.push(format!("{name} is not described"));
        }
    }
    let media_type = reply.header(header::CONTENT_TYPE).map(|value| value.split(';').next().unwrap());
    match (documented.get("content").and_then(Value::as_object), media_type) {
        (None, None) if reply.body.is_empty() => {}
        (Some(content), Some(media_type)) if content.contains_key(media_type) => {
            if media_type.ends_with("json")
                && let Some(schema) =
                    content[media_type].get("schema").filter(|schema| **schema != json!({ "type": "object" }))
            {
                surprises.extend(schema::faults(page, schema, &reply.json()));
            }
        }
        (_, other) => surprises.push(format!("the body is {other:?}")),
    }
    surprises.iter().map(|surprise| format!("{} {}: {surprise}", operation.name(), reply.status)).collect()
}

/// Asserts that an answer is the one that is expected, and as the page says.
fn assert_documented(page: &Page, method: &str, path: &str, status: u16, reply: &Reply) {
    assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
    assert_eq!(surprises(page, page.operation(method, path), reply), Vec::<String>::new());
}

/// The example of an operation, asked as a browser or a program would.
fn example(page: &Page, operation: Operation<'_>) -> HttpRequest<Body> {
    let mut request = HttpRequest::builder().method(operation.method).uri(operation.target(page));
    let is_media_type = |wanted: &str| {
        let contents = operation.responses(page).into_iter().filter_map(|(_, response)| response.get("content"));
        contents.filter_map(Value::as_object).any(|content| content.contains_key(wanted))
    };
    if is_media_type("text/html") || operation.response(page, 303).is_some() && !is_media_type("text/plain") {
        request = request.header(header::ACCEPT, "text/html");
    }
    match operation.body() {
        Some((media_type, body)) => request.header(header::CONTENT_TYPE, media_type).body(Body::from(body)),
        None => request.body(Body::empty()),
    }
    .unwrap()
}

async fn open() -> Service {
    Service::start_at(ISSUER, "\n[clients]\nregistration = \"open\"\n", 1).await
}

async fn call(service: &Service, method: Method, address: &str, token: &Value, body: Option<&Value>) -> Reply {
    let mut request = HttpRequest::builder().method(method).uri(address.strip_prefix(ISSUER).unwrap_or(address));
    if let Some(token) = token.as_str() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let body = match body {
        Some(body) => {
            request = request.header(header::CONTENT_TYPE, "application/json");
            Body::from(body.to_string())
        }
        None => Body::empty(),
    };
    service.browser().send(request.body(body).unwrap()).await
}

#[tokio::test]
async fn each_operation_answers_its_example_as_documented_whoever_asks() {
    let (service, page) = (open().await, Page::read());
    service.custodians().await;
    let citizen = service.arnaud().await;
    let counter = service.counter("Voiron", "FR-38").await;
    let mut holder = service.browser();
    holder.sign_in(&service, &citizen).await;
    let askers =
        [("a stranger", service.browser()), ("a citizen", holder), ("an officer", counter.browser(&service).await)];
    let (mut found, mut seen) = (Vec::new(), 0);
    for (who, mut browser) in askers {
        for operation in page.operations().into_iter().filter(|operation| !operation.is_for_operators) {
            let reply = browser.send(example(&page, operation)).await;
            found.extend(surprises(&page, operation, &reply).into_iter().map(|surprise| format!("{who}: {surprise}")));
            seen += usize::from(reply.status == StatusCode::OK);
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    assert!(seen > 30, "only {seen} of the answers were more than a refusal");
}

#[tokio::test]
async fn what_the_page_leaves_out_is_found_in_the_answer() {
    let (service, page) = (open().await, Page::read());
    let discovery = page.operation("GET", "/.well-known/openid-configuration");
    let mut reply = service.browser().get("/.well-known/openid-configuration").await;
    let mut told = reply.json();
    told["further"] = json!(true);
    told.as_object_mut().unwrap().remove("issuer");
    reply.body = told.to_string().into_bytes();
    reply.headers.insert(header::CACHE_CONTROL, "no-store".parse().unwrap());
    reply.headers.insert(header::RETRY_AFTER, "5".parse().unwrap());
    let name = "GET /.well-known/openid-configuration 200 OK: ";
    let found = surprises(&page, discovery, &reply);
    let expected = [
        ": \"no-store\" is not \"public, max-age=3600\"",
        "retry-after is not described",
        "/issuer is required and absent",
        "/further is not described",
    ];
    assert_eq!(found, expected.map(|text| format!("{name}{text}")));
    reply.status = StatusCode::ACCEPTED;
    assert_eq!(surprises(&page, discovery, &reply).len(), 1);
}

#[tokio::test]
async fn a_method_that_is_not_on_the_page_is_refused_with_those_that_are() {
    let (service, page) = (open().await, Page::read());
    let operations = page.operations();
    for operation in operations.iter().filter(|operation| !operation.is_for_operators) {
        let documented: Vec<_> =
            operations.iter().filter(|other| other.path == operation.path).map(|other| other.method).collect();
        let undocumented = METHODS.iter().filter(|method| **method != "HEAD" && !documented.contains(*method));
        for method in undocumented {
            let request = HttpRequest::builder().method(*method).uri(operation.target(&page));
            let reply = service.browser().send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {}", operation.path);
            let allowed = reply.header(header::ALLOW).unwrap_or_default();
            let mut allowed: Vec<_> = allowed.split(',').map(str::trim).filter(|method| *method != "HEAD").collect();
            allowed.sort_by_key(|method| METHODS.iter().position(|known| known == method));
            assert_eq!(allowed, documented, "{method} {}", operation.path);
        }
    }
}

#[tokio::test]
async fn the_public_documents_are_as_described_with_and_without_certificates() {
    let page = Page::read();
    let certificates = "tls_certificate = \"c.pem\"\ntls_key = \"k.pem\"\nmtls_listen = \"127.0.0.1:0\"\n\
                        mtls_url = \"https://mtls.id.example\"\n";
    for (configuration, aliases) in [("", false), (certificates, true)] {
        let service = Service::start_at(ISSUER, configuration, 1).await;
        for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks.json"] {
            assert_documented(&page, "GET", path, 200, &service.browser().get(path).await);
        }
        let told = service.browser().get("/.well-known/openid-configuration").await.json();
        assert_eq!(told.get("mtls_endpoint_aliases").is_some(), aliases);
    }
}

#[tokio::test]
async fn tokens_and_what_is_told_with_them_are_as_described() {
    let (service, page) = (open().await, Page::read());
    let citizen = service.arnaud().await;
    let scope = "openid profile age residence sex roles offline_access";
    for (host, bound) in [("plain.example", false), ("bound.example", true)] {
        let draft = Draft { scope: scope.to_owned(), dpop_bound_access_tokens: bound, ..Draft::default() };
        let forum = service.register(host, draft).await;
        let mut browser = service.browser();
        browser.sign_in(&service, &citizen).await;
        let claims = json!({ "userinfo": { "verified_claims": {
            "verification": { "trust_framework": null }, "claims": { "age_over_18": null } } } });
        let request = forum.request(scope).and("claims", &claims.to_string());
        let pushed = forum.push(&service, &request).await;
        assert_documented(&page, "POST", "/par", 201, &pushed);
        let sent = request.clone().with_uri(forum.id(), pushed.json()["request_uri"].as_str().unwrap());
        let answer = browser.authorize(&sent, &Choices::all("Genêt").at("commune")).await;
        let described = json!({ "$ref": "#/components/schemas/AuthorizationAnswer" });
        let members: Value = answer.params.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        assert_eq!(schema::faults(&page, &described, &members), Vec::<String>::new());

        let tokens = forum.redeem(&service, &request, &answer).await;
        assert_documented(&page, "POST", "/token", 200, &tokens);
        let tokens = tokens.json();
        assert!(tokens.get("refresh_token").is_some() && tokens.get("id_token").is_some());
        let [access, refresh] = ["access_token", "refresh_token"].map(|member| tokens[member].as_str().unwrap());

        let told = forum.userinfo(&service, access).await;
        assert_documented(&page, "GET", "/userinfo", 200, &told);
        let told = told.json();
        assert!(["name", "age_bracket", "residence", "verified_claims"].iter().all(|name| told.get(name).is_some()));

        for (token, member) in [(access, "token_type"), (refresh, "exp"), ("unheard-of", "active")] {
            let worth = forum.ask(&service, "/introspect", &[("token", token)]).await;
            assert_documented(&page, "POST", "/introspect", 200, &worth);
            assert!(worth.json().get(member).is_some(), "{}", worth.text());
        }
        let again = forum.redeem(&service, &request, &answer).await;
        assert_documented(&page, "POST", "/token", 400, &again);
        let ended = forum.ask(&service, "/revoke", &[("token", refresh)]).await;
        assert_documented(&page, "POST", "/revoke", 200, &ended);
        assert_documented(&page, "GET", "/userinfo", 401, &forum.userinfo(&service, access).await);
        for path in ["/introspect", "/revoke"] {
            assert_documented(&page, "POST", path, 400, &forum.ask(&service, path, &[]).await);
        }
        assert_documented(&page, "POST", "/par", 400, &forum.ask(&service, "/par", &[]).await);
    }
}

#[tokio::test]
async fn signed_answers_are_as_described() {
    let (service, page) = (open().await, Page::read());
    let citizen = service.arnaud().await;
    let draft = Draft {
        scope: "openid age".to_owned(),
        userinfo_signed_response_alg: Some(Algorithm::ES256),
        introspection_signed_response_alg: Some(Algorithm::ES256),
        ..Draft::default()
    };
    let forum = service.register("signed.example", draft).await;
    let tokens = service.sign_in(&forum, &citizen, "openid age", &Choices::all("Genêt")).await;
    assert_documented(&page, "GET", "/userinfo", 200, &forum.userinfo(&service, &tokens.access_token).await);
    let worth = forum.ask(&service, "/introspect", &[("token", &tokens.access_token)]).await;
    assert_documented(&page, "POST", "/introspect", 200, &worth);
    assert_eq!(worth.header(header::CONTENT_TYPE), Some("application/token-introspection+jwt"));
}

#[tokio::test]
async fn a_registration_is_as_described_from_its_beginning_to_its_end() {
    let (service, page) = (open().await, Page::read());
    let asked = json!({
        "client_name": "Forum",
        "redirect_uris": ["https://forum.example/cb"],
        "post_logout_redirect_uris": ["https://forum.example/bye"],
        "contacts": ["admin@forum.example"],
        "grant_types": ["authorization_code", "refresh_token"],
        "default_max_age": 3600,
        "require_auth_time": true,
        "default_acr_values": ["urn:heteronym:acr:passkey"],
        "userinfo_signed_response_alg": "ES256",
        "residence_level": "commune",
        "age_brackets": ["Y_LT18", "Y18-49", "Y_GE50"],
        "required": ["age_over_18"],
        "resources": ["https://forum.example/api"],
        "id_token_claims": "all",
    });
    let described = json!({ "$ref": "#/components/schemas/ClientMetadata" });
    assert_eq!(schema::faults(&page, &described, &asked), Vec::<String>::new());
    let registered = call(&service, Method::POST, "/register", &Value::Null, Some(&asked)).await;
    assert_documented(&page, "POST", "/register", 201, &registered);
    let told = registered.json();
    assert!(asked.as_object().unwrap().keys().all(|member| told.get(member).is_some()), "{told}");
    let (address, token) = (told["registration_client_uri"].as_str().unwrap(), &told["registration_access_token"]);

    let path = "/register/{client_id}";
    let read = call(&service, Method::GET, address, token, None).await;
    assert_documented(&page, "GET", path, 200, &read);
    let mut other = asked.clone();
    other["client_id"] = told["client_id"].clone();
    let replaced = call(&service, Method::PUT, address, token, Some(&other)).await;
    assert_documented(&page, "PUT", path, 200, &replaced);
    other["redirect_uris"] = json!(["http://forum.example/cb"]);
    let refused = call(&service, Method::PUT, address, token, Some(&other)).await;
    assert_documented(&page, "PUT", path, 400, &refused);
    assert_documented(&page, "DELETE", path, 204, &call(&service, Method::DELETE, address, token, None).await);
    assert_documented(&page, "GET", path, 401, &call(&service, Method::GET, address, token, None).await);
}

#[tokio::test]
async fn the_operators_listener_is_as_described() {
    let page = Page::read();
    for (ready, status) in [(Ok(()), 200), (Err("no database".to_owned()), 503)] {
        let check: telemetry::ReadyCheck = Arc::new(move || {
            let ready = ready.clone();
            Box::pin(async move { ready })
        });
        let routes = telemetry::routes(telemetry::Metrics::new(), check);
        for operation in page.operations().into_iter().filter(|operation| operation.is_for_operators) {
            let expected = if operation.path == "/readyz" { status } else { 200 };
            let reply = bare(&routes, operation).await;
            assert_documented(&page, "GET", operation.path, expected, &reply);
        }
    }
}

/// An answer of a listener that is not for browsers.
async fn bare(routes: &axum::Router, operation: Operation<'_>) -> Reply {
    let request = HttpRequest::get(operation.path).body(Body::empty()).unwrap();
    let response = tower::ServiceExt::oneshot(routes.clone(), request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Reply { status, headers, body: axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec() }
}

#[tokio::test]
async fn an_asset_of_the_home_page_is_as_described() {
    let (service, page) = (open().await, Page::read());
    let mut browser: Browser = service.browser();
    let home = browser.get("/").await.text();
    let addresses: Vec<_> = home.split('"').filter(|text| text.starts_with("/assets/")).collect();
    assert!(!addresses.is_empty());
    for address in addresses {
        assert_documented(&page, "GET", "/assets/{hash}/{name}", 200, &browser.get(address).await);
    }
}
