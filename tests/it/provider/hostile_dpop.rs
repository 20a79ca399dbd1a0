//! Rows D of the list of hostile inputs: proofs of possession (RFC 9449) as they come over HTTP. What a proof has to be is
//! held to more cases where it is read (`wire::jose::dpop`).

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderValue, Request as HttpRequest, StatusCode, header},
};
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::Signer as _;
use heteronym::{
    clients::Draft,
    tasks::Task,
    wire::jose::{Algorithm, Jwk, PublicKey},
};
use serde_json::{Value, json};

use crate::{
    harness::{Answer, Browser, Choices, ClientKey, Forum, ISSUER, Reply, Request, Service, Tokens, passes_alone},
    store::both::{Place, on_postgres},
};

const SCOPE: &str = "openid profile offline_access";

struct House {
    service: Service,
    forum: Forum,
    browser: Browser,
    tokens: Tokens,
}

/// A forum whose tokens are bound to its key, and somebody who has agreed before.
async fn house() -> House {
    let service = Service::start().await;
    let draft = Draft { dpop_bound_access_tokens: true, scope: SCOPE.to_owned(), ..Draft::default() };
    let forum = service.register("forum.example", draft).await;
    let citizen = service.arnaud().await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let request = forum.request(SCOPE);
    let answer = browser.authorize(&request, &Choices::all("Genêt")).await;
    let tokens = forum.tokens(&service, &request, &answer).await;
    House { service, forum, browser, tokens }
}

impl House {
    fn key(&self) -> &ClientKey {
        self.forum.dpop.as_ref().unwrap()
    }

    fn claims(&self) -> Value {
        ClientKey::proof(&self.service, "POST", "/par", None)
    }

    /// Pushes a request with these `DPoP` headers.
    async fn push(&self, proofs: &[HeaderValue]) -> Reply {
        let params = self.forum.request(SCOPE).without("client_id").params;
        let params: Vec<_> = params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut call = self.forum.call(&self.service, "/par", &params);
        for proof in proofs {
            call.headers_mut().append("dpop", proof.clone());
        }
        let before = self.service.one_time_rows().await;
        let reply = self.service.browser().send(call).await;
        if reply.status != StatusCode::CREATED {
            assert_eq!(self.service.one_time_rows().await, before, "a refusal writes nothing");
            assert!(reply.headers.contains_key("dpop-nonce"), "the nonce for the next one");
        }
        reply
    }

    async fn assert_refused(&self, proof: &HeaderValue, what: &str) {
        let reply = self.push(std::slice::from_ref(proof)).await;
        assert_eq!((reply.status, reply.error()), (StatusCode::BAD_REQUEST, invalid()), "{what}");
    }

    /// The claims with one of them changed, signed by the forum's own key.
    fn but(&self, name: &str, value: Value) -> HeaderValue {
        let mut claims = self.claims();
        let members = claims.as_object_mut().unwrap();
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.to_owned(), value);
        }
        self.key().header(&claims)
    }

    async fn userinfo(&self, scheme: &str, token: &str, proof: Option<HeaderValue>) -> Reply {
        let mut call = HttpRequest::get("/userinfo").header(header::AUTHORIZATION, format!("{scheme} {token}"));
        if let Some(proof) = proof {
            call = call.header("dpop", proof);
        }
        self.service.browser().send(call.body(Body::empty()).unwrap()).await
    }

    async fn answered(&mut self, request: &Request) -> Answer {
        Answer::of(&self.browser.get(&request.target()).await)
    }
}

fn invalid() -> (u16, String) {
    (400, "invalid_dpop_proof".to_owned())
}

/// A proof with exactly this header and these claims; its signature holds for the key of [`stranger`].
fn forged(header: &Value, claims: &Value) -> HeaderValue {
    let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = ed25519_dalek::SigningKey::from_bytes(&[5; 32]).sign(message.as_bytes());
    HeaderValue::from_str(&format!("{message}.{}", BASE64URL_NOPAD.encode(&signature.to_bytes()))).unwrap()
}

/// A key that signs what [`forged`] makes.
fn stranger() -> Value {
    let key = ed25519_dalek::SigningKey::from_bytes(&[5; 32]);
    let key = PublicKey::ed25519(key.verifying_key().as_bytes()).unwrap();
    serde_json::to_value(Jwk::new(key, Algorithm::EdDSA)).unwrap()
}

fn header_of() -> Value {
    json!({ "typ": "dpop+jwt", "alg": "EdDSA", "jwk": stranger() })
}

#[tokio::test]
async fn d1_one_proof_and_no_second_beside_it_or_behind_a_comma() {
    let house = house().await;
    let (one, two) = (house.key().header(&house.claims()), house.key().header(&house.claims()));
    assert_eq!(house.push(&[one.clone(), two.clone()]).await.error(), invalid(), "two headers");
    let joined = format!("{}, {}", one.to_str().unwrap(), two.to_str().unwrap());
    house.assert_refused(&HeaderValue::from_str(&joined).unwrap(), "joined").await;
    assert_eq!(house.push(&[one]).await.status, StatusCode::CREATED, "none of them was spent");
}

#[tokio::test]
async fn d2_another_typ_or_algorithm_is_refused_whoever_signed_it() {
    let house = house().await;
    let claims = house.claims();
    for (member, value) in [
        ("typ", Value::Null),
        ("typ", json!("JWT")),
        ("typ", json!("at+jwt")),
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("RS256")),
        ("alg", json!("ES256K")),
        ("alg", json!("ES256")),
        ("jwk", Value::Null),
        ("crit", json!(["b64"])),
        ("x5u", json!("https://evil.example")),
    ] {
        let mut header = header_of();
        if value.is_null() {
            header.as_object_mut().unwrap().remove(member);
        } else {
            header[member] = value.clone();
        }
        house.assert_refused(&forged(&header, &claims), &format!("{member} {value}")).await;
    }
    for text in ["", "x", "a.b.c", "not a token", "eyJhbGciOiJub25lIn0.e30."] {
        house.assert_refused(&HeaderValue::from_str(text).unwrap(), text).await;
    }
    assert_eq!(house.push(&[forged(&header_of(), &claims)]).await.status, StatusCode::CREATED, "it could have been");
}

#[tokio::test]
async fn d4_a_signature_of_another_key_of_zeros_or_with_a_bit_changed_is_refused() {
    let house = house().await;
    let proof = house.key().header(&house.claims());
    let (message, signature) = proof.to_str().unwrap().rsplit_once('.').unwrap();
    let mut flipped = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    *flipped.last_mut().unwrap() ^= 1;
    let with = |bytes: &[u8]| HeaderValue::from_str(&format!("{message}.{}", BASE64URL_NOPAD.encode(bytes))).unwrap();
    house.assert_refused(&with(&flipped), "the last bit").await;
    house.assert_refused(&with(&[0; 64]), "r = s = 0").await;
    house.assert_refused(&with(&[]), "none").await;
    let key: Value = ClientKey::new(Algorithm::EdDSA).jwks()["keys"][0].clone();
    let other = json!({ "typ": "dpop+jwt", "alg": "EdDSA", "jwk": key });
    house.assert_refused(&forged(&other, &house.claims()), "signed by another key").await;
    let mut private = header_of();
    private["jwk"]["d"] = BASE64URL_NOPAD.encode(&[5; 32]).into();
    house.assert_refused(&forged(&private, &house.claims()), "R20: a private key").await;
    assert_eq!(house.push(&[proof]).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn d5_a_proof_is_for_this_method_and_this_address_however_that_is_written() {
    let house = house().await;
    for method in ["GET", "post", "Post", ""] {
        house.assert_refused(&house.but("htm", method.into()), method).await;
    }
    let refused = [
        "https://other.example/par",
        "https://id.example/token",
        "https://id.example/PAR",
        "https://id.example/par/",
        "http://id.example/par",
        "https://id.example:8443/par",
        "https://user@id.example/par",
        "/par",
    ];
    for address in refused {
        house.assert_refused(&house.but("htu", address.into()), address).await;
    }
    let same = ["/par?x=y", "/par#f", "/./par"].map(|rest| format!("{ISSUER}{rest}"));
    let same = same.into_iter().chain(["https://id.example:443/par", "HTTPS://ID.example/par"].map(str::to_owned));
    for address in same {
        let reply = house.push(&[house.but("htu", address.as_str().into())]).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{address}: {}", reply.text());
    }
    house.assert_refused(&house.but("htm", Value::Null), "no htm").await;
    house.assert_refused(&house.but("htu", Value::Null), "no htu").await;
}

#[tokio::test]
async fn d6_r22_a_proof_is_of_the_last_minute() {
    let house = house().await;
    let now = house.service.services.ambient.now().seconds();
    for seconds in [now - 60, now - 11, now, now + 8, now + 10] {
        let reply = house.push(&[house.but("iat", seconds.into())]).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}: {}", seconds - now, reply.text());
    }
    for seconds in [now - 61, now + 11, now + 61, -1] {
        house.assert_refused(&house.but("iat", seconds.into()), &format!("{}", seconds - now)).await;
    }
    let numbers: [Value; 5] = [json!(now.to_string()), json!(1e30), json!([now]), json!(u64::MAX), Value::Null];
    for iat in numbers {
        house.assert_refused(&house.but("iat", iat.clone()), &iat.to_string()).await;
    }
    #[expect(clippy::cast_precision_loss, reason = "a fraction is what is tried")]
    house.assert_refused(&house.but("iat", json!(now as f64 + 0.5)), "a fraction").await;
}

#[tokio::test]
async fn d7_without_a_jti_or_with_one_that_came_before_it_is_refused() {
    let house = house().await;
    for jti in [Value::Null, json!(""), json!(7), json!("x".repeat(257)), json!("with a space"), json!("bidi \u{202e}")]
    {
        house.assert_refused(&house.but("jti", jti.clone()), &jti.to_string()).await;
    }
    let proof = house.key().header(&house.claims());
    assert_eq!(house.push(std::slice::from_ref(&proof)).await.status, StatusCode::CREATED);
    house.assert_refused(&proof, "again").await;
    house.service.wait(60);
    house.assert_refused(&proof, "as long as it could be believed").await;
    // The same name, of another key, is another proof.
    let mut claims = house.claims();
    claims["jti"] = "mine".into();
    assert_eq!(house.push(&[house.key().header(&claims)]).await.status, StatusCode::CREATED);
    assert_eq!(house.push(&[forged(&header_of(), &claims)]).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn d8_at_a_resource_the_proof_is_for_the_token_that_comes_with_it() {
    let house = house().await;
    let token = house.tokens.access_token.as_str();
    let proof = |ath: Option<&str>| house.key().header(&ClientKey::proof(&house.service, "GET", "/userinfo", ath));
    let mut wrong = ClientKey::proof(&house.service, "GET", "/userinfo", Some(token));
    wrong["ath"] = json!(7);
    for (proof, what) in [
        (proof(None), "missing"),
        (proof(Some("another token")), "of another token"),
        (house.key().header(&wrong), "no text"),
    ] {
        let reply = house.userinfo("DPoP", token, Some(proof)).await;
        assert_eq!(reply.error(), (401, "invalid_dpop_proof".to_owned()), "{what}");
        let challenge = reply.header(header::WWW_AUTHENTICATE).unwrap();
        assert!(challenge.starts_with("DPoP error=\"invalid_dpop_proof\", algs=\""), "{challenge}");
    }
    assert_eq!(house.userinfo("DPoP", token, Some(proof(Some(token)))).await.status, StatusCode::OK);
}

#[tokio::test]
async fn d9_a_token_is_shown_as_what_it_is() {
    let house = house().await;
    let token = house.tokens.access_token.as_str();
    assert_eq!(house.tokens.token_type, "DPoP");
    let proof = || Some(house.key().header(&ClientKey::proof(&house.service, "GET", "/userinfo", Some(token))));
    let refused = (401, "invalid_token".to_owned());
    assert_eq!(house.userinfo("Bearer", token, None).await.error(), refused, "bound, as a bearer token");
    assert_eq!(house.userinfo("Bearer", token, proof()).await.error(), refused, "with its proof even");
    assert_eq!(house.userinfo("DPoP", token, None).await.error(), (401, "invalid_dpop_proof".to_owned()), "no proof");
    let claims = ClientKey::proof(&house.service, "GET", "/userinfo", Some(token));
    let foreign = house.userinfo("DPoP", token, Some(forged(&header_of(), &claims))).await;
    assert_eq!(foreign.error(), refused, "the proof of another key");

    let plain = house.service.forum("plain.example", "openid").await;
    let citizen = house.service.arnaud().await;
    let bearer = house.service.sign_in(&plain, &citizen, "openid", &Choices::all("Bruyère")).await.access_token;
    let claims = ClientKey::proof(&house.service, "GET", "/userinfo", Some(&bearer));
    let reply = house.userinfo("DPoP", &bearer, Some(house.key().header(&claims))).await;
    assert_eq!(reply.error(), refused, "a bearer token, as a bound one");
    assert_eq!(house.userinfo("Bearer", &bearer, None).await.status, StatusCode::OK);
}

#[tokio::test]
async fn d10_r14_a_code_is_for_the_key_that_its_request_named() {
    let mut house = house().await;
    let forum = house.forum.clone();
    let other = Forum { dpop: Some(ClientKey::new(Algorithm::EdDSA)), ..forum.clone() };
    let refused = (400, "invalid_grant".to_owned());
    // By name in the address; by name in what was pushed; by a proof with what was pushed.
    let thumbprint = house.key().thumbprint();
    let named = || forum.request(SCOPE).and("dpop_jkt", &thumbprint);
    let unproven = Forum { dpop: None, ..forum.clone() };
    let requests = [
        named(),
        unproven.pushed(&house.service, &named()).await,
        forum.pushed(&house.service, &forum.request(SCOPE)).await,
    ];
    for request in requests {
        let answer = house.answered(&request).await;
        assert_eq!(other.redeem(&house.service, &request, &answer).await.error(), refused);
        let bare = unproven.redeem(&house.service, &request, &answer).await;
        assert_eq!(bare.error(), invalid(), "this forum has to prove a key in any case");
        house.forum.tokens(&house.service, &request, &answer).await;
    }
    let contradiction = other.push(&house.service, &named()).await;
    assert_eq!(contradiction.error(), invalid(), "a proof of another key than the named one");
    let malformed = house.forum.request(SCOPE).and("dpop_jkt", "short");
    assert_eq!(house.answered(&malformed).await.error(), "invalid_request");
}

#[tokio::test]
async fn d10_a_code_for_a_key_is_worth_nothing_without_it_to_a_client_that_need_not_have_one() {
    let mut house = house().await;
    let plain = house.service.forum("plain.example", SCOPE).await;
    let key = ClientKey::new(Algorithm::ES256);
    let request = plain.request(SCOPE).and("dpop_jkt", &key.thumbprint());
    let answer = house.browser.authorize(&request, &Choices::all("Bruyère")).await;
    let bare = plain.redeem(&house.service, &request, &answer).await;
    assert_eq!(bare.error(), (400, "invalid_grant".to_owned()));
    let proving = Forum { dpop: Some(key), ..plain };
    assert_eq!(proving.tokens(&house.service, &request, &answer).await.token_type, "DPoP");
}

#[tokio::test]
async fn d11_a_nonce_that_is_missing_stale_or_none_of_ours_brings_a_fresh_one_and_spends_nothing() {
    let mut house = house().await;
    let request = house.forum.request(SCOPE);
    let answer = house.answered(&request).await;
    let fields = request.redemption(answer.code(), house.forum.redirect());
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let old = house.service.services.provider.dpop_nonce();
    house.service.clock.advance(std::time::Duration::from_millis(299_999));
    let still_good = house.push(&[house.but("nonce", old.as_str().into())]).await;
    assert_eq!(still_good.status, StatusCode::CREATED);
    house.service.clock.advance(std::time::Duration::from_millis(1));
    let request = house.forum.request(SCOPE);
    let answer_now = house.answered(&request).await;
    let fields_now = request.redemption(answer_now.code(), house.forum.redirect());
    let fields_now: Vec<_> = fields_now.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_ne!(fields, fields_now);
    let claims = |nonce: Value| {
        let mut claims = ClientKey::proof(&house.service, "POST", "/token", None);
        claims["nonce"] = nonce;
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    };
    let nonces = [
        Value::Null,
        old.into(),
        "made-up".into(),
        house.tokens.access_token.chars().take(80).collect::<String>().into(),
    ];
    let mut fresh = String::new();
    for nonce in nonces {
        let mut call = house.forum.call(&house.service, "/token", &fields_now);
        call.headers_mut().insert("dpop", house.key().header(&claims(nonce.clone())));
        let before = house.service.one_time_rows().await;
        let reply = house.service.browser().send(call).await;
        assert_eq!(reply.error(), (400, "use_dpop_nonce".to_owned()), "{nonce}");
        assert_eq!(house.service.one_time_rows().await, before);
        reply.header("dpop-nonce").unwrap().clone_into(&mut fresh);
    }
    let mut call = house.forum.call(&house.service, "/token", &fields_now);
    call.headers_mut().insert("dpop", house.key().header(&claims(fresh.into())));
    let reply = house.service.browser().send(call).await;
    assert_eq!(reply.status, StatusCode::OK, "the code is still there: {}", reply.text());
    assert!(reply.headers.contains_key("dpop-nonce"), "and the answer brings the next one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn d11_the_nonce_of_one_node_is_good_on_the_other() {
    on_postgres(async |db| {
        let Place::Postgres(options) = &db.place else { panic!("PostgreSQL alone has several nodes") };
        let storage = format!("[storage]\nengine = \"postgres\"\nurl = \"{}\"\nallow_unprotected = true", options.url);
        let (one, two) = (Service::start_at(ISSUER, &storage, 1).await, Service::start_at(ISSUER, &storage, 2).await);
        let forum = one.forum("forum.example", SCOPE).await;
        let key = ClientKey::new(Algorithm::PS256);
        let mut claims = ClientKey::proof(&two, "POST", "/par", None);
        claims["nonce"] = one.services.provider.dpop_nonce().into();
        let params = forum.request(SCOPE).without("client_id").params;
        let params: Vec<_> = params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut call = forum.call(&two, "/par", &params);
        call.headers_mut().insert("dpop", key.header(&claims));
        let reply = two.browser().send(call).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text());
        one.services.store.close().await;
        two.services.store.close().await;
    })
    .await;
}

#[tokio::test]
async fn d12_a_proof_that_is_too_long_is_refused_before_it_is_read() {
    let house = house().await;
    house.assert_refused(&house.but("x", "x".repeat(64 * 1024).into()), "64 KiB").await;
    house.assert_refused(&house.but("x", "x".repeat(8 * 1024).into()), "8 KiB and a little").await;
}

#[test]
fn d12_ten_thousand_proofs_leave_a_tag_each_until_they_could_not_be_believed_any_more_and_nothing_in_memory() {
    passes_alone("provider::hostile_dpop::ten_thousand_proofs_and_the_memory_of_the_process");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the test above, in a process of its own, because it looks at its memory"]
async fn ten_thousand_proofs_and_the_memory_of_the_process() {
    let mut house = house().await;
    house.forum.dpop = Some(ClientKey::new(Algorithm::EdDSA));
    let house = Arc::new(house);
    let before = house.service.one_time_rows().await["spent"];
    proofs(&house, 2_000).await;
    let early = resident();
    proofs(&house, 8_000).await;
    let grown = resident().saturating_sub(early);
    assert!(grown < 6 << 20, "{grown} bytes more after 8,000 proofs");
    assert_eq!(house.service.one_time_rows().await["spent"], before + 10_000, "a tag of each");
    assert_eq!(house.service.services.tasks().once(Task::Spent).await.unwrap(), 0, "not while they could come again");
    house.service.wait(240);
    assert!(house.service.services.tasks().once(Task::Spent).await.unwrap() >= 10_000);
    assert_eq!(house.service.one_time_rows().await["spent"], 0);
}

/// Sends so many, each another one, many at once.
async fn proofs(house: &Arc<House>, count: usize) {
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..SENDERS {
        let house = Arc::clone(house);
        senders.spawn(async move {
            let params = house.forum.request(SCOPE).without("client_id").params;
            let params: Vec<_> = params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            for _ in 0..count / SENDERS {
                let mut call = house.forum.call(&house.service, "/par", &params);
                call.headers_mut().insert("dpop", house.key().header(&house.claims()));
                assert_eq!(house.service.browser().send(call).await.status, StatusCode::CREATED);
            }
        });
    }
    senders.join_all().await;
}

/// Bytes of this process that are in memory (proc(5), `statm`).
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4_096
}

const SENDERS: usize = 200;
