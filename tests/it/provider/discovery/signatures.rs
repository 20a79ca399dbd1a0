//! What is signed, by us and by clients: each advertised algorithm wherever it is advertised, and each way to authenticate
//! at each endpoint where clients do.

use std::sync::OnceLock;

use axum::{
    body::Body,
    http::{Request as HttpRequest, StatusCode, header},
};
use heteronym::{
    clients::Draft,
    wire::{
        jose::{Algorithm, Typ},
        oauth::AuthMethod,
    },
};
use serde_json::{Value, json};

use super::{
    house::{House, Visit, everything, header_of, texts, values},
    requests::signed_request,
};
use crate::harness::{Answer, ClientKey, Forum};

#[tokio::test]
async fn every_advertised_algorithm_signs_where_it_is_advertised() {
    House::visit(&OURS).await;
}

#[tokio::test]
async fn every_advertised_way_to_authenticate_opens_the_endpoint_where_it_is_advertised() {
    House::visit(&OF_CLIENTS).await;
}

pub(super) const OURS: [(&str, Visit); 7] = [
    ("id_token_signing_alg_values_supported", |house, said| Box::pin(id_token(house, said))),
    ("userinfo_signing_alg_values_supported", |house, said| Box::pin(userinfo(house, said))),
    ("authorization_signing_alg_values_supported", |house, said| Box::pin(authorization(house, said))),
    ("introspection_signing_alg_values_supported", |house, said| Box::pin(introspection(house, said))),
    ("request_object_signing_alg_values_supported", |house, said| Box::pin(request_object(house, said))),
    ("dpop_signing_alg_values_supported", |house, said| Box::pin(dpop(house, said))),
    ("tls_client_certificate_bound_access_tokens", |house, said| Box::pin(bound_to_certificate(house, said))),
];

pub(super) const OF_CLIENTS: [(&str, Visit); 6] = [
    ("token_endpoint_auth_methods_supported", |house, said| Box::pin(methods(house, said, Place::Token))),
    ("revocation_endpoint_auth_methods_supported", |house, said| Box::pin(methods(house, said, Place::Revocation))),
    ("introspection_endpoint_auth_methods_supported", |house, said| {
        Box::pin(methods(house, said, Place::Introspection))
    }),
    ("token_endpoint_auth_signing_alg_values_supported", |house, said| Box::pin(assertions(house, said, Place::Token))),
    ("revocation_endpoint_auth_signing_alg_values_supported", |house, said| {
        Box::pin(assertions(house, said, Place::Revocation))
    }),
    ("introspection_endpoint_auth_signing_alg_values_supported", |house, said| {
        Box::pin(assertions(house, said, Place::Introspection))
    }),
];

/// An endpoint at which clients authenticate; with the token endpoint goes that of pushed requests (RFC 9126 §2).
#[derive(Clone, Copy, Debug)]
enum Place {
    Token,
    Revocation,
    Introspection,
}

impl Place {
    /// Has the endpoint do its work for this forum.
    async fn works_for(self, house: &House, forum: &Forum) {
        let request = forum.pushed(&house.service, &forum.request("openid")).await;
        let answer = house.browser().authorize(&request, &everything()).await;
        let tokens = forum.tokens(&house.service, &request, &answer).await;
        let token = [("token", tokens.access_token.as_str())];
        match self {
            Self::Token => {}
            Self::Revocation => {
                assert_eq!(forum.ask(&house.service, "/revoke", &token).await.status, StatusCode::OK);
                let reply = forum.userinfo(&house.service, &tokens.access_token).await;
                assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "it was revoked");
            }
            Self::Introspection => {
                assert_eq!(forum.ask(&house.service, "/introspect", &token).await.json()["active"], true);
            }
        }
    }
}

/// A client's key of this algorithm; those of RSA take their time to make.
pub(super) fn key(algorithm: Algorithm) -> ClientKey {
    static KEYS: OnceLock<Vec<(Algorithm, ClientKey)>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| Algorithm::ALL.map(|algorithm| (algorithm, ClientKey::new(algorithm))).to_vec());
    keys.iter().find(|(of, _)| *of == algorithm).unwrap().1.clone()
}

fn openid() -> Draft {
    Draft { scope: "openid".to_owned(), ..Draft::default() }
}

async fn id_token(house: &House, said: &Value) {
    for algorithm in values(said) {
        let forum = house.forum(Draft { id_token_alg: algorithm, ..openid() }).await;
        let tokens = house.tokens(&forum, &forum.request("openid")).await;
        assert_eq!(header_of(&tokens.id_token)["alg"], algorithm.as_str());
        house.verified(&forum, Typ::Jwt, &tokens.id_token).await;
    }
}

async fn userinfo(house: &House, said: &Value) {
    for algorithm in values::<Algorithm>(said) {
        let forum = house.forum(Draft { userinfo_signed_response_alg: Some(algorithm), ..openid() }).await;
        let tokens = house.tokens(&forum, &forum.request("openid")).await;
        let reply = forum.userinfo(&house.service, &tokens.access_token).await;
        assert_eq!(reply.header(header::CONTENT_TYPE), Some("application/jwt"));
        assert_eq!(header_of(&reply.text())["alg"], algorithm.as_str());
        let told = house.verified(&forum, Typ::Jwt, &reply.text()).await;
        assert_eq!(told["sub"], house.service.verified(&forum, &tokens.id_token).await["sub"]);
    }
}

async fn authorization(house: &House, said: &Value) {
    for algorithm in values::<Algorithm>(said) {
        let forum = house.forum(Draft { authorization_signed_response_alg: Some(algorithm), ..openid() }).await;
        let request = forum.request("openid").and("response_mode", "jwt");
        let answer = house.browser().authorize(&request, &everything()).await;
        let token = answer.get("response").unwrap();
        assert_eq!(header_of(token)["alg"], algorithm.as_str());
        assert!(house.verified(&forum, Typ::Jwt, token).await.contains_key("code"));
    }
}

async fn introspection(house: &House, said: &Value) {
    for algorithm in values::<Algorithm>(said) {
        let forum = house.forum(Draft { introspection_signed_response_alg: Some(algorithm), ..openid() }).await;
        let tokens = house.tokens(&forum, &forum.request("openid")).await;
        let reply = forum.ask(&house.service, "/introspect", &[("token", &tokens.access_token)]).await;
        assert_eq!(header_of(&reply.text())["alg"], algorithm.as_str());
        let claims = house.verified(&forum, Typ::Introspection, &reply.text()).await;
        assert_eq!(claims["token_introspection"]["active"], true);
    }
}

async fn request_object(house: &House, said: &Value) {
    for algorithm in values(said) {
        let key = key(algorithm);
        let draft = Draft { jwks: Some(key.jwks()), request_object_signing_alg: Some(algorithm), ..openid() };
        let forum = house.forum(draft).await;
        let (request, object) = signed_request(house, &forum, &key);
        assert_eq!(header_of(&object)["alg"], algorithm.as_str());
        house.tokens(&forum, &request.and("request", &object)).await;
    }
}

async fn dpop(house: &House, said: &Value) {
    for algorithm in values(said) {
        let mut forum = house.forum(Draft { dpop_bound_access_tokens: true, ..openid() }).await;
        forum.dpop = Some(key(algorithm));
        let tokens = house.tokens(&forum, &forum.request("openid")).await;
        assert_eq!(tokens.token_type, "DPoP", "{algorithm}");
        assert_eq!(forum.userinfo(&house.service, &tokens.access_token).await.status, StatusCode::OK);
        let told = forum.ask(&house.service, "/introspect", &[("token", &tokens.access_token)]).await.json();
        assert_eq!(told["cnf"], json!({ "jkt": key(algorithm).thumbprint() }));
    }
}

async fn bound_to_certificate(house: &House, said: &Value) {
    assert_eq!(said, true);
    let forum = house.forum(Draft { tls_client_certificate_bound_access_tokens: true, ..openid() }).await;
    let tokens = house.tokens(&forum, &forum.request("openid")).await;
    assert_eq!(forum.userinfo(&house.service, &tokens.access_token).await.status, StatusCode::OK);
    let told = forum.ask(&house.service, "/introspect", &[("token", &tokens.access_token)]).await.json();
    assert_eq!(told["cnf"], json!({ "x5t#S256": forum.certificate.as_ref().unwrap().thumbprint }));
    let bare = HttpRequest::get("/userinfo").header(header::AUTHORIZATION, format!("Bearer {}", tokens.access_token));
    let reply = house.service.browser().send(bare.body(Body::empty()).unwrap()).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "without the certificate");
}

async fn methods(house: &House, said: &Value, place: Place) {
    for method in values::<AuthMethod>(said) {
        let forum = house.forum(Draft { auth_method: method, ..openid() }).await;
        place.works_for(house, &forum).await;
    }
    let public = texts(said).contains(&"none");
    assert_eq!(public, !matches!(place, Place::Introspection), "who keeps no secret asks nothing of tokens");
}

async fn assertions(house: &House, said: &Value, place: Place) {
    for algorithm in values(said) {
        let key = key(algorithm);
        let draft = Draft {
            auth_method: AuthMethod::PrivateKeyJwt,
            token_endpoint_auth_signing_alg: Some(algorithm),
            jwks: Some(key.jwks()),
            ..openid()
        };
        let forum = Forum { key: Some(key), ..house.forum(draft).await };
        place.works_for(house, &forum).await;
        let other = Algorithm::ALL.into_iter().find(|other| *other != algorithm).unwrap();
        let stranger = Forum { key: Some(self::key(other)), ..forum };
        let reply = stranger.push(&house.service, &stranger.request("openid")).await;
        assert_eq!(reply.error(), (401, "invalid_client".to_owned()), "another algorithm than the registered one");
    }
}

/// The answer of a signed response, as its code is redeemed.
pub(super) fn answer_of(claims: &serde_json::Map<String, Value>) -> Answer {
    let code = claims["code"].as_str().unwrap().to_owned();
    Answer { address: String::new(), params: vec![("code".to_owned(), code)] }
}
