//! Requests that a client signed (RFC 9101, OpenID Connect Core §6), and answers that we sign (JARM).

use heteronym::{
    clients::{Draft, Profile},
    wire::jose::{Algorithm, Signer, SigningKey, Typ},
};
use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Map, Value, json};

use crate::harness::{Answer, Choices, Citizen, Forum, ISSUER, Request, Service};

struct House {
    service: Service,
    forum: Forum,
    citizen: Citizen,
    signer: Signer,
}

async fn house(profile: Profile) -> House {
    let service = Service::start().await;
    let key = SigningKey::generate(Algorithm::EdDSA, &mut StdRng::seed_from_u64(7)).unwrap();
    let signer = Signer::new(key).unwrap();
    let draft = Draft {
        profile,
        scope: "openid profile age".to_owned(),
        jwks: Some(json!({ "keys": [signer.public()] })),
        request_object_signing_alg: Some(Algorithm::EdDSA),
        ..Draft::default()
    };
    let forum = service.register("forum.example", draft).await;
    let citizen = service.arnaud().await;
    House { service, forum, citizen, signer }
}

impl House {
    /// The claims of a request object for this request, with one changed, or taken out by `null`.
    fn object_with(&self, request: &Request, name: &str, value: Value) -> String {
        let now = self.service.services.ambient.now().seconds();
        let mut claims: Map<String, Value> =
            request.params.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        claims.extend([("iss", json!(self.forum.id())), ("aud", json!(ISSUER))].map(|(n, v)| (n.to_owned(), v)));
        claims.extend([("exp", json!(now + 300)), ("nbf", json!(now))].map(|(n, v)| (n.to_owned(), v)));
        claims.insert(name.to_owned(), value);
        claims.retain(|_, value| !value.is_null());
        self.signer.sign(Typ::RequestObject, &claims).unwrap()
    }

    /// A request of which the address holds nothing but the client and the object, and where errors go.
    fn outer(request: &Request, object: &str) -> Request {
        let mut outer = request.clone();
        outer.params.retain(|(name, _)| ["client_id", "redirect_uri"].contains(&name.as_str()));
        outer.and("request", object)
    }

    async fn answer(&self, request: &Request) -> Answer {
        let mut browser = self.service.browser();
        browser.sign_in(&self.service, &self.citizen).await;
        browser.authorize(request, &Choices::all("Genêt")).await
    }

    async fn error(&self, request: &Request) -> String {
        Answer::of(&self.service.browser().get(&request.target()).await).error().to_owned()
    }
}

#[tokio::test]
async fn what_a_client_signed_is_what_counts_and_the_rest_is_not_looked_at() {
    let house = house(Profile::Strict).await;
    let request = house.forum.request("openid age");
    let object = house.object_with(&request, "x", Value::Null);
    let tampered = House::outer(&request, &object).and("scope", "openid profile").and("state", "another");
    let answer = house.answer(&tampered).await;
    assert_eq!(answer.get("state"), Some(request.state.as_str()));
    let tokens = house.forum.tokens(&house.service, &request, &answer).await;
    assert_eq!(tokens.scope, "openid age");
}

#[tokio::test]
async fn where_the_profile_is_lenient_what_stands_beside_the_object_counts_too() {
    let house = house(Profile::Openid).await;
    let request = house.forum.request("openid age");
    let object = house.object_with(&request, "state", Value::Null);
    let outer = House::outer(&request, &object).and("state", "beside").and("scope", "openid profile");
    let answer = house.answer(&outer).await;
    assert_eq!(answer.get("state"), Some("beside"));
    assert_eq!(house.forum.tokens(&house.service, &request, &answer).await.scope, "openid age");
}

#[tokio::test]
async fn a26_an_object_that_does_not_hold_is_told_to_the_client_and_nothing_of_it_is_done() {
    let house = house(Profile::Strict).await;
    let request = house.forum.request("openid age");
    let now = house.service.services.ambient.now().seconds();
    let faults = [
        ("aud", json!("https://other.example")),
        ("aud", Value::Null),
        ("exp", Value::Null),
        ("exp", json!(now - 1)),
        ("exp", json!(now + 3_601)),
        ("iss", json!("c_other")),
        ("client_id", json!("c_other")),
        ("request", json!("x.y.z")),
        ("nbf", json!(now + 61)),
    ];
    for (name, value) in faults {
        let object = house.object_with(&request, name, value.clone());
        assert_eq!(house.error(&House::outer(&request, &object)).await, "invalid_request_object", "{name} {value}");
    }
    let good = house.object_with(&request, "x", Value::Null);
    let mut parts: Vec<&str> = good.split('.').collect();
    let none = data_encoding::BASE64URL_NOPAD.encode(br#"{"alg":"none"}"#);
    let hmac = data_encoding::BASE64URL_NOPAD.encode(br#"{"alg":"HS256"}"#);
    for header in [&none, &hmac] {
        parts[0] = header;
        for signature in ["", parts[2]] {
            let forged = format!("{}.{}.{signature}", parts[0], parts[1]);
            assert_eq!(house.error(&House::outer(&request, &forged)).await, "invalid_request_object");
        }
    }
    let other = SigningKey::generate(Algorithm::ES256, &mut StdRng::seed_from_u64(8)).unwrap();
    let claims: Value = json!({"iss": house.forum.id(), "aud": ISSUER, "exp": now + 60});
    let foreign = Signer::new(other).unwrap().sign(Typ::RequestObject, &claims).unwrap();
    assert_eq!(house.error(&House::outer(&request, &foreign)).await, "invalid_request_object");
}

#[tokio::test]
async fn a_signed_request_may_be_pushed_and_is_held_to_the_same_rules() {
    for profile in [Profile::Strict, Profile::Openid] {
        let house = house(profile).await;
        let request = house.forum.request("openid age");
        let object = house.object_with(&request, "x", Value::Null);
        // What stands beside it in the body counts no more than in an address (RFC 9126 §3).
        let beside = House::outer(&request, &object).and("scope", "openid profile");
        let brought = house.forum.pushed(&house.service, &beside).await;
        let answer = house.answer(&brought).await;
        assert_eq!(answer.get("state"), Some(request.state.as_str()));
        let tokens = house.forum.tokens(&house.service, &request, &answer).await;
        assert_eq!(tokens.scope, "openid age");
        let now = house.service.services.ambient.now().seconds();
        for (name, value, error) in [
            ("aud", json!("https://other.example"), "invalid_request_object"),
            ("iss", json!("c_other"), "invalid_request_object"),
            ("client_id", json!("c_other"), "invalid_request_object"),
            ("exp", json!(now - 1), "invalid_request_object"),
            ("redirect_uri", json!("https://evil.example/callback"), "invalid_request"),
            ("request_uri", json!("urn:ietf:params:oauth:request_uri:x"), "invalid_request_object"),
            ("response_type", json!("token"), "unsupported_response_type"),
        ] {
            let object = house.object_with(&request, name, value.clone());
            let reply = house.forum.push(&house.service, &House::outer(&request, &object)).await;
            assert_eq!(reply.error(), (400, error.to_owned()), "{name} {value}");
        }
        let unsigned = "eyJhbGciOiJub25lIn0.e30.";
        let reply = house.forum.push(&house.service, &House::outer(&request, unsigned)).await;
        assert_eq!(reply.error(), (400, "invalid_request_object".to_owned()));
    }
}

#[tokio::test]
async fn a_redirect_uri_inside_the_object_is_held_to_the_same_rule() {
    let house = house(Profile::Strict).await;
    let request = house.forum.request("openid age");
    let object = house.object_with(&request, "redirect_uri", json!("https://evil.example/callback"));
    let reply = house.service.browser().get(&House::outer(&request, &object).target()).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (400, None));
}

#[tokio::test]
async fn a_client_that_has_to_sign_cannot_do_without() {
    let service = Service::start().await;
    let signer = Signer::new(SigningKey::generate(Algorithm::EdDSA, &mut StdRng::seed_from_u64(7)).unwrap()).unwrap();
    let jwks = Some(json!({ "keys": [signer.public()] }));
    let draft = Draft { require_signed_request_object: true, jwks, ..Draft::default() };
    let forum = service.register("forum.example", draft).await;
    let reply = service.browser().get(&forum.request("openid").target()).await;
    assert_eq!(Answer::of(&reply).error(), "invalid_request");
}

#[tokio::test]
async fn an_answer_that_is_to_be_signed_is_one_token_for_that_client_in_every_way_it_travels() {
    for (mode, posted) in [("jwt", false), ("query.jwt", false), ("form_post.jwt", true)] {
        let house = house(Profile::Strict).await;
        let request = house.forum.request("openid age").and("response_mode", mode);
        let mut browser = house.service.browser();
        browser.sign_in(&house.service, &house.citizen).await;
        let reply = browser.walk(&request, &Choices::all("Genêt")).await;
        let token = if posted {
            reply.field("response").unwrap()
        } else {
            let answer = Answer::of(&reply);
            assert_eq!(answer.params.len(), 1, "nothing stands beside the token");
            answer.get("response").unwrap().to_owned()
        };
        let claims = house.service.signed_for(&house.forum, &token).await;
        assert_eq!(claims["state"], request.state);
        assert_eq!(claims.keys().collect::<Vec<_>>(), ["aud", "code", "exp", "iss", "state"]);
        let code = claims["code"].as_str().unwrap().to_owned();
        let answer = Answer { address: String::new(), params: vec![("code".to_owned(), code)] };
        house.forum.tokens(&house.service, &request, &answer).await;
    }
}

#[tokio::test]
async fn an_error_is_signed_too_where_that_was_asked_for() {
    let house = house(Profile::Strict).await;
    for request in [
        house.forum.request("openid").and("response_mode", "jwt").and("prompt", "none"),
        house.forum.request("openid").and("response_mode", "jwt").without("code_challenge"),
    ] {
        let answer = Answer::of(&house.service.browser().get(&request.target()).await);
        let claims = house.service.signed_for(&house.forum, answer.get("response").unwrap()).await;
        assert!(["login_required", "invalid_request"].contains(&claims["error"].as_str().unwrap()));
        assert_eq!((claims["state"].as_str(), answer.params.len()), (Some(request.state.as_str()), 1));
    }
}
