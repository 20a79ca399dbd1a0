//! Discovery and keys: what is advertised is served, and nothing private is published. Each member of the document has
//! its visit in one of the tables of this directory.

mod claims;
mod endpoints;
mod house;
mod requests;
mod signatures;

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use self::house::{House, Visit};
use crate::harness::{ISSUER, Service};

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
async fn every_member_of_the_document_is_visited_and_nothing_else_is() {
    let tables: [&[(&str, Visit)]; 6] = [
        &endpoints::VISITS,
        &claims::VISITS,
        &requests::VISITS,
        &requests::LOGOUTS,
        &signatures::OURS,
        &signatures::OF_CLIENTS,
    ];
    let mut visited: Vec<&str> = tables.into_iter().flatten().map(|(member, _)| *member).collect();
    visited.sort_unstable();
    let document = House::open().await.document().await;
    let mut members: Vec<&str> = document.keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, visited);
}

#[tokio::test]
async fn where_no_listener_asks_for_certificates_nothing_says_that_one_does() {
    let document = Service::start().await.browser().get("/.well-known/openid-configuration").await.json();
    assert_eq!(document.get("mtls_endpoint_aliases"), None);
    assert_eq!(document["tls_client_certificate_bound_access_tokens"], false);
    assert!(!document.to_string().contains("tls_client_auth"));
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
    let mut kids = BTreeSet::new();
    for key in keys {
        let kid = key["kid"].as_str().unwrap();
        assert_eq!(kid, thumbprint(key));
        assert!(kids.insert(kid), "two keys of one name");
        assert_eq!(key["use"], "sig");
        if key["kty"] == "RSA" {
            let modulus = BASE64URL_NOPAD.decode(key["n"].as_str().unwrap().as_bytes()).unwrap();
            assert!(modulus.len() >= 256 && modulus[0] >= 0x80, "2,048 bits at the least");
        }
        for private in ["d", "p", "q", "dp", "dq", "qi", "k", "oth"] {
            assert!(key.get(private).is_none(), "{private}");
        }
    }
}

/// RFC 7638 §3: the members that are required, in lexicographic order, without white space.
fn thumbprint(key: &Value) -> String {
    let members: &[&str] = match key["kty"].as_str().unwrap() {
        "RSA" => &["e", "kty", "n"],
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        other => panic!("{other}"),
    };
    let members: Vec<_> = members.iter().map(|name| format!("\"{name}\":{}", key[name])).collect();
    BASE64URL_NOPAD.encode(&Sha256::digest(format!("{{{}}}", members.join(",")).as_bytes()))
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
