//! Discovery and keys: what is advertised is served, and nothing private is published.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};

use heteronym::clients::Draft;

use crate::harness::{Choices, ISSUER, Service};

#[tokio::test]
async fn discovery_advertises_what_is_served_and_nothing_else() {
    let service = Service::start().await;
    let mut browser = service.browser();
    let document = browser.get("/.well-known/openid-configuration").await;
    assert_eq!(document.header(header::CONTENT_TYPE), Some("application/json"));
    assert_eq!(document.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), Some("*"));
    let metadata = document.json();
    assert_eq!(metadata["issuer"], ISSUER);
    assert_eq!(metadata["response_types_supported"], serde_json::json!(["code"]));
    assert_eq!(metadata["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    assert_eq!(metadata["subject_types_supported"], serde_json::json!(["pairwise"]));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    assert_eq!(
        metadata["id_token_signing_alg_values_supported"],
        serde_json::json!(["EdDSA", "ES256", "PS256", "RS256"])
    );
    let levels = ["urn:heteronym:acr:passkey", "urn:heteronym:acr:passphrase"];
    assert_eq!(metadata["acr_values_supported"], serde_json::json!(levels));
    for said in ["request_parameter_supported", "request_uri_parameter_supported", "claims_parameter_supported"] {
        assert_eq!(metadata[said], true, "{said}");
    }
    let endpoints =
        metadata.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri");
    let mut count = 0;
    for (name, address) in endpoints {
        let address = address.as_str().unwrap();
        assert!(address.starts_with(&format!("{ISSUER}/")), "{name}");
        let path = address.strip_prefix(ISSUER).unwrap();
        assert_ne!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{name} leads nowhere");
        count += 1;
    }
    assert_eq!(count, 9, "authorize, token, userinfo, registration, end-session, keys, push, introspect, revoke");
    assert_eq!(browser.get("/.well-known/oauth-authorization-server").await.json(), metadata);
}

#[tokio::test]
async fn every_advertised_response_mode_prompt_and_way_to_authenticate_works() {
    let service = Service::start().await;
    let metadata = service.browser().get("/.well-known/openid-configuration").await.json();
    let forum = service.forum("forum.example", "openid").await;
    let mut browser = service.browser();
    for prompt in metadata["prompt_values_supported"].as_array().unwrap() {
        let reply = browser.get(&forum.request("openid").with("prompt", prompt.as_str().unwrap()).target()).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{prompt}");
        assert!(!reply.location().unwrap().contains("invalid_request"), "{prompt}");
    }
    for mode in metadata["response_modes_supported"].as_array().unwrap() {
        let request = forum.request("openid").with("prompt", "none").with("response_mode", mode.as_str().unwrap());
        let reply = browser.get(&request.target()).await;
        let said = [reply.location().unwrap_or_default(), &reply.text()].concat();
        let signed = mode.as_str().unwrap().ends_with("jwt");
        assert!(said.contains(if signed { "response" } else { "login_required" }), "{mode}");
        assert!(!signed || !said.contains("login_required"), "{mode} says nothing beside the token");
    }
    let methods = metadata["token_endpoint_auth_methods_supported"].as_array().unwrap();
    assert_eq!(methods.len(), 4, "none that takes a certificate, since no listener asks for one");
    let citizen = service.arnaud().await;
    for (number, method) in methods.iter().enumerate() {
        let auth_method = method.as_str().unwrap().parse().unwrap();
        let draft = Draft { scope: "openid".to_owned(), auth_method, ..Draft::default() };
        let forum = service.register(&format!("forum{number}.example"), draft).await;
        let tokens = service.sign_in(&forum, &citizen, "openid", &Choices::all("Genêt")).await;
        assert_eq!(tokens.token_type, "Bearer", "{method}");
    }
}

#[tokio::test]
async fn the_key_set_holds_one_public_key_of_each_algorithm_and_no_private_member() {
    let service = Service::start().await;
    let reply = service.browser().get("/jwks.json").await;
    assert_eq!(reply.header(header::CONTENT_TYPE), Some("application/jwk-set+json"));
    let set = reply.json();
    let keys = set["keys"].as_array().unwrap();
    let mut algorithms: Vec<_> = keys.iter().map(|key| key["alg"].as_str().unwrap()).collect();
    algorithms.sort_unstable();
    assert_eq!(algorithms, ["ES256", "EdDSA", "PS256", "RS256"]);
    for key in keys {
        assert!(key["kid"].as_str().is_some_and(|kid| kid.len() >= 16));
        assert_eq!(key["use"], "sig");
        for private in ["d", "p", "q", "dp", "dq", "qi", "k", "oth"] {
            assert!(key.get(private).is_none(), "{private}");
        }
    }
}

#[tokio::test]
async fn a_host_that_is_not_ours_is_sent_away_and_no_link_is_built_from_it() {
    let service = Service::start().await;
    for host in ["evil.example", "id.example.evil.example", "id.example:8443", ""] {
        let request = Request::get("/.well-known/openid-configuration").header(header::HOST, host);
        let reply = service.browser().send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(reply.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        assert!(!reply.text().contains("evil"), "{host}");
    }
    let request = Request::get("/.well-known/openid-configuration")
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example");
    let reply = service.browser().send(request.body(Body::empty()).unwrap()).await;
    assert!(reply.status == StatusCode::OK && !reply.text().contains("evil"));
}
