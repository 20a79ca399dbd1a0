//! Rows F of the list of hostile inputs against whatever reads what a client signed: assertions, request objects, proofs
//! of possession; and against hints that our own key signed. A token is made of any bytes here, with a signature that holds.
//! The one reader behind them is held to more cases where it is (`wire::jose::verify`); access tokens in `hostile_tokens`.

use axum::http::{HeaderValue, StatusCode};
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::Signer as _;
use heteronym::{
    clients::Draft,
    wire::{
        jose::{Algorithm, Jwk, PublicKey, Typ},
        oauth::AuthMethod,
    },
};
use serde_json::{Value, json};

use crate::harness::{Answer, Browser, Choices, ClientKey, Forum, ISSUER, Request, Service, machine_post};

/// What reads a token of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    Assertion,
    RequestObject,
    Proof,
}

const READERS: [Reader; 3] = [Reader::Assertion, Reader::RequestObject, Reader::Proof];

struct House {
    service: Service,
    /// Signs its requests and itself.
    forum: Forum,
    /// Has its tokens bound to a key.
    bound: Forum,
    /// Listens where headers say that keys are.
    sink: std::net::TcpListener,
}

async fn house() -> House {
    let service = Service::start_at(ISSUER, "[outbound]\nallow = ['127.0.0.1']", 1).await;
    let draft = Draft {
        auth_method: AuthMethod::PrivateKeyJwt,
        jwks: Some(json!({ "keys": [public()] })),
        scope: "openid".to_owned(),
        ..Draft::default()
    };
    let forum = service.register("forum.example", draft).await;
    let bound = Draft { dpop_bound_access_tokens: true, scope: "openid".to_owned(), ..Draft::default() };
    let bound = service.register("bound.example", bound).await;
    let sink = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    sink.set_nonblocking(true).unwrap();
    House { service, forum, bound, sink }
}

impl House {
    /// Header and claims of a token that this reader believes, each time another one.
    fn good(&self, reader: Reader) -> (Value, Value) {
        let now = self.service.services.ambient.now().seconds();
        let kid = public()["kid"].clone();
        let header = |typ: &str| json!({ "alg": "EdDSA", "typ": typ, "kid": kid });
        match reader {
            Reader::Assertion => {
                (header("client-authentication+jwt"), ClientKey::assertion(&self.service, self.forum.id()))
            }
            Reader::RequestObject => {
                let params = self.forum.request("openid").params.into_iter();
                let mut claims: Value = params.map(|(name, value)| (name, json!(value))).collect();
                for (name, value) in [("iss", json!(self.forum.id())), ("aud", json!(ISSUER))] {
                    claims[name] = value;
                }
                claims["nbf"] = now.into();
                claims["exp"] = (now + 300).into();
                (header("oauth-authz-req+jwt"), claims)
            }
            Reader::Proof => {
                let header = json!({ "alg": "EdDSA", "typ": "dpop+jwt", "jwk": public() });
                (header, ClientKey::proof(&self.service, "POST", "/par", None))
            }
        }
    }

    /// Whether a token is believed. Who does not believe says so by the one error that there is for it.
    async fn believes(&self, reader: Reader, token: &str) -> bool {
        let request = self.forum.request("openid");
        let reply = match reader {
            Reader::Assertion => {
                let fields = request.params.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                let assertion = [("client_assertion_type", JWT_BEARER), ("client_assertion", token)];
                let body =
                    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields.chain(assertion)).finish();
                self.service.browser().send(machine_post("/par", None, body)).await
            }
            Reader::RequestObject => {
                let mut outer = request;
                outer.params.retain(|(name, _)| ["client_id", "redirect_uri"].contains(&name.as_str()));
                return self.takes(&outer.and("request", token)).await;
            }
            Reader::Proof => {
                // What no header can hold never gets here.
                let Ok(proof) = HeaderValue::from_str(token) else { return false };
                let params = self.bound.request("openid").without("client_id").params;
                let fields: Vec<_> = params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                let mut call = self.bound.call(&self.service, "/par", &fields);
                call.headers_mut().insert("dpop", proof);
                self.service.browser().send(call).await
            }
        };
        if reply.status == StatusCode::CREATED {
            return true;
        }
        let expected = match reader {
            Reader::Assertion => (401, "invalid_client"),
            _ => (400, "invalid_dpop_proof"),
        };
        let too_long = matches!(reply.status.as_u16(), 400 | 413 | 431) && token.len() > 8_192;
        assert!(too_long || reply.error() == (expected.0, expected.1.to_owned()), "{reader:?}: {}", reply.text());
        false
    }

    async fn takes(&self, request: &Request) -> bool {
        let reply = self.service.browser().get(&request.target()).await;
        if [StatusCode::BAD_REQUEST, StatusCode::URI_TOO_LONG].contains(&reply.status) {
            assert!(request.target().len() > 8_192, "{}", reply.text());
            return false;
        }
        let location = reply.location().unwrap();
        if location.starts_with("/sign-in") {
            return true;
        }
        assert_eq!(Answer::of(&reply).error(), "invalid_request_object");
        false
    }

    /// A token with one change in its header, or one in its claims; `null` takes a member out.
    fn changed(&self, reader: Reader, in_header: bool, member: &str, value: &Value) -> String {
        let (mut header, mut claims) = self.good(reader);
        let part = if in_header { &mut header } else { &mut claims };
        if value.is_null() {
            part.as_object_mut().unwrap().remove(member);
        } else {
            part[member] = value.clone();
        }
        signed(&header.to_string(), &claims.to_string())
    }

    async fn assert_refused(&self, readers: &[Reader], in_header: bool, changes: &[(&str, Value)]) {
        for reader in readers {
            for (member, value) in changes {
                let token = self.changed(*reader, in_header, member, value);
                let shown = value.to_string().chars().take(60).collect::<String>();
                assert!(!self.believes(*reader, &token).await, "{reader:?} believes {member} {shown}");
            }
            self.assert_believes_the_good(*reader).await;
        }
        assert!(self.sink.accept().is_err(), "nobody followed an address in a header");
    }

    async fn assert_believes_the_good(&self, reader: Reader) {
        let (header, claims) = self.good(reader);
        assert!(
            self.believes(reader, &signed(&header.to_string(), &claims.to_string())).await,
            "{reader:?}: as it was"
        );
    }
}

/// A compact token of exactly these texts, with a signature that holds.
fn signed(header: &str, claims: &str) -> String {
    signed_bytes(header.as_bytes(), claims.as_bytes())
}

fn signed_bytes(header: &[u8], claims: &[u8]) -> String {
    let message = format!("{}.{}", BASE64URL_NOPAD.encode(header), BASE64URL_NOPAD.encode(claims));
    let signature = key().sign(message.as_bytes());
    format!("{message}.{}", BASE64URL_NOPAD.encode(&signature.to_bytes()))
}

fn key() -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[9; 32])
}

fn public() -> Value {
    let public = PublicKey::ed25519(key().verifying_key().as_bytes()).unwrap();
    serde_json::to_value(Jwk::new(public, Algorithm::EdDSA)).unwrap()
}

#[tokio::test]
async fn f1_f3_f6_f13_a_header_of_another_kind_is_refused_by_every_reader() {
    let house = house().await;
    let algorithms = ["none", "None", "nOnE", "HS256", "eddsa", "ES256", ""].map(|alg| ("alg", json!(alg)));
    let ill_typed = [json!(["EdDSA"]), json!(7), Value::Null].map(|alg| ("alg", alg));
    let criticals = [json!(["b64"]), json!(["unknown"]), json!([]), json!("b64")].map(|crit| ("crit", crit));
    let kinds = ["at+jwt", "logout+jwt", "token-introspection+jwt", "jose"].map(|typ| ("typ", json!(typ)));
    let unencoded = [("b64", json!(false))];
    let changes: Vec<_> =
        algorithms.into_iter().chain(ill_typed).chain(criticals).chain(kinds).chain(unencoded).collect();
    house.assert_refused(&READERS, true, &changes).await;
    let strange = ["../../etc/passwd", "' OR 1=1--", "https://evil.example/key", "\0", "unknown"].map(|kid| json!(kid));
    let others = [json!("x".repeat(5_000)), json!(7)];
    let unknown: Vec<_> = strange.into_iter().chain(others).map(|kid| ("kid", kid)).collect();
    house.assert_refused(&[Reader::Assertion, Reader::RequestObject], true, &unknown).await;
    let as_another = [
        (Reader::Assertion, "dpop+jwt"),
        (Reader::Assertion, "oauth-authz-req+jwt"),
        (Reader::RequestObject, "client-authentication+jwt"),
        (Reader::RequestObject, "dpop+jwt"),
        (Reader::Proof, "client-authentication+jwt"),
        (Reader::Proof, "JWT"),
    ];
    for (reader, typ) in as_another {
        assert!(!house.believes(reader, &house.changed(reader, true, "typ", &json!(typ))).await, "{reader:?} {typ}");
    }
}

#[tokio::test]
async fn f4_f5_an_address_or_a_key_in_the_header_is_not_followed() {
    let house = house().await;
    let address = json!(format!("http://{}/keys", house.sink.local_addr().unwrap()));
    let addresses = [("jku", address.clone()), ("x5u", address), ("x5c", json!(["AA=="])), ("cty", json!("JWT"))];
    house.assert_refused(&READERS, true, &addresses).await;
    house.assert_refused(&[Reader::Assertion, Reader::RequestObject], true, &[("jwk", public())]).await;
}

#[tokio::test]
async fn f7_a_member_named_twice_is_refused_also_by_escape() {
    let house = house().await;
    for reader in READERS {
        let (header, claims) = house.good(reader);
        let with = |part: &Value, member: &str| part.to_string().replacen('{', &format!("{{{member},"), 1);
        let (twice, escaped) = (r#""alg":"EdDSA""#, r#""\u0061lg":"EdDSA""#);
        for member in [twice, escaped] {
            let token = signed(&with(&header, member), &claims.to_string());
            assert!(!house.believes(reader, &token).await, "{reader:?}: {member}");
        }
        for member in [r#""aud":"x","aud":"y""#, r#""jti":"a","\u006ati":"b""#] {
            let token = signed(&header.to_string(), &with(&claims, member));
            assert!(!house.believes(reader, &token).await, "{reader:?}: {member}");
        }
        house.assert_believes_the_good(reader).await;
    }
}

#[tokio::test]
async fn f8_f9_f10_dates_that_are_none_or_far_away_are_refused() {
    let house = house().await;
    let now = house.service.services.ambient.now().seconds();
    let ill_typed = [json!(now.to_string()), json!(-1), json!(1e30), json!([now]), json!({}), json!(0.5)];
    let each = |member: &'static str| ill_typed.iter().cloned().map(move |value| (member, value));
    let ends = [Value::Null, json!(u64::MAX), json!(16_725_225_600_i64), json!(now), json!(now - 1), json!(now - 30)];
    let begins = [json!(now + 61), json!(now + 10_000_000)];
    let later = |member: &'static str| begins.iter().cloned().map(move |value| (member, value));
    let dates: Vec<_> = each("exp")
        .chain(ends.into_iter().map(|end| ("exp", end)))
        .chain(each("nbf"))
        .chain(later("nbf"))
        .chain(each("iat"))
        .chain(later("iat"))
        .collect();
    house.assert_refused(&[Reader::Assertion, Reader::RequestObject], false, &dates).await;
    let of_proof: Vec<_> =
        each("iat").chain(later("iat")).chain([("iat", Value::Null), ("iat", json!(now - 61))]).collect();
    house.assert_refused(&[Reader::Proof], false, &of_proof).await;
}

#[tokio::test]
async fn f11_f12_f21_f22_another_sender_or_receiver_is_refused() {
    let house = house().await;
    let audiences = [
        Value::Null,
        json!(7),
        json!({}),
        json!([]),
        json!([ISSUER, "https://stranger.example"]),
        json!("https://id.exampl"),
        json!("https://ID.example"),
        json!(format!("{ISSUER}/")),
        json!("https://staging.example"),
    ]
    .map(|aud| ("aud", aud));
    let id = house.forum.id();
    let senders = [Value::Null, json!([id]), json!(format!("{id}/")), json!(id.to_uppercase()), json!("c_other")]
        .map(|iss| ("iss", iss));
    let changes: Vec<_> = audiences.into_iter().chain(senders).collect();
    house.assert_refused(&[Reader::Assertion, Reader::RequestObject], false, &changes).await;
    let subjects = [json!(""), json!("a".repeat(256)), json!(format!("{id}\u{200b}")), json!("\u{202e}x"), json!(7)];
    let subjects: Vec<_> = subjects.into_iter().map(|sub| ("sub", sub)).collect();
    house.assert_refused(&[Reader::Assertion, Reader::RequestObject], false, &subjects).await;
    let replays = [Value::Null, json!(""), json!("a".repeat(257)), json!("\u{200b}"), json!(7)].map(|jti| ("jti", jti));
    house.assert_refused(&[Reader::Assertion, Reader::Proof], false, &replays).await;
}

#[tokio::test]
async fn f14_f17_f19_what_is_not_three_parts_of_json_with_a_signature_is_refused() {
    let house = house().await;
    for reader in READERS {
        let (header, claims) = house.good(reader);
        let (header, claims) = (header.to_string(), claims.to_string());
        let good = signed(&header, &claims);
        let (message, signature) = good.rsplit_once('.').unwrap();
        let bytes = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
        let with = |signature: &[u8]| format!("{message}.{}", BASE64URL_NOPAD.encode(signature));
        let json_form = json!({ "payload": claims, "signatures": [] }).to_string();
        let surrogate = signed(&header.replacen('{', r#"{"x":"\ud800","#, 1), &claims);
        let tokens = [
            with(&[0; 64]),
            with(&bytes[..63]),
            with(&[&bytes[..], &[0]].concat()),
            with(&[]),
            message.to_owned(),
            format!("{good}."),
            format!("{good}.{signature}"),
            format!("{good}="),
            format!(" {good}"),
            json_form,
            format!("{}.{}.{}.{}.{}", "e30", "e30", "e30", "e30", "e30"),
            signed("[]", &claims),
            signed("\"x\"", &claims),
            signed(&format!("\u{feff}{header}"), &claims),
            signed(&header, "[]"),
            signed(&header, &format!("{claims}{claims}")),
            signed_bytes(&[header.as_bytes(), b"\xff"].concat(), claims.as_bytes()),
            signed_bytes(header.as_bytes(), &[b"{\"x\":\"\xff\"}" as &[u8]].concat()),
            surrogate,
        ];
        for token in tokens {
            assert!(!house.believes(reader, &token).await, "{reader:?} believes {token}");
        }
        assert!(house.believes(reader, &good).await, "{reader:?}: as it was, and none of them spent it");
    }
    for zipped in [("zip", json!("DEF")), ("enc", json!("A256GCM"))] {
        house.assert_refused(&READERS, true, &[zipped]).await;
    }
}

#[tokio::test]
async fn f18_long_deep_and_wide_tokens_are_refused_before_they_are_read() {
    let house = house().await;
    for reader in READERS {
        let (header, claims) = house.good(reader);
        let with = |value: &str| {
            signed(&header.to_string(), &claims.to_string().replacen('{', &format!("{{\"x\":{value},"), 1))
        };
        let deep = format!("{}{}", "[".repeat(2_000), "]".repeat(2_000));
        let wide = format!("{{{}}}", (0..2_000).map(|number| format!("\"{number}\":0")).collect::<Vec<_>>().join(","));
        for value in [format!("\"{}\"", "a".repeat(20_000)), deep, wide, "1".repeat(17_000)] {
            assert!(!house.believes(reader, &with(&value)).await, "{reader:?} {}", &value[..10]);
        }
        house.assert_believes_the_good(reader).await;
    }
}

/// Somebody at hand, and what a hint names: another one, whom the forum knows.
struct Hinted {
    service: Service,
    forum: Forum,
    browser: Browser,
    theirs: Value,
}

async fn hinted() -> Hinted {
    let service = Service::start().await;
    let draft = Draft { id_token_alg: Algorithm::EdDSA, scope: "openid".to_owned(), ..Draft::default() };
    let forum = service.register("forum.example", draft).await;
    let (here, there) = (service.arnaud().await, service.arnaud().await);
    let theirs = service.sign_in(&forum, &there, "openid", &Choices::all("Ajonc")).await;
    let theirs = Value::Object(service.verified(&forum, &theirs.id_token).await);
    let mut browser = service.browser();
    browser.sign_in(&service, &here).await;
    let answer = browser.authorize(&forum.request("openid"), &Choices::all("Genêt")).await;
    assert!(answer.get("code").is_some());
    Hinted { service, forum, browser, theirs }
}

#[tokio::test]
async fn f8_f11_f12_f13_f21_a_hint_that_our_own_key_signed_names_nobody_unless_it_is_an_id_token_of_that_forum() {
    let Hinted { service, forum, mut browser, theirs } = hinted().await;
    let now = service.services.ambient.now();
    let signer = service.services.keyring.signer(Algorithm::EdDSA, now).unwrap();
    let mut names_another = async |hint: &str| {
        let request = forum.request("openid").and("prompt", "none").and("id_token_hint", hint);
        let answer = Answer::of(&browser.get(&request.target()).await);
        assert!(answer.get("error").is_none_or(|error| error == "login_required"));
        answer.get("code").is_none()
    };
    for typ in Typ::ALL {
        let hint = signer.sign(typ, &theirs).unwrap();
        assert_eq!(names_another(&hint).await, typ == Typ::Jwt, "{typ:?}: only an ID token is a hint");
    }
    let (other, seconds) = (service.forum("other.example", "openid").await, now.seconds());
    for (member, value) in [
        ("aud", json!(other.id())),
        ("aud", json!([forum.id(), other.id()])),
        ("aud", Value::Null),
        ("aud", json!(7)),
        ("iss", json!("https://staging.example")),
        ("iss", json!(format!("{ISSUER}/"))),
        ("iss", Value::Null),
        ("exp", Value::Null),
        ("exp", json!("soon")),
        ("exp", json!(seconds + 10_000_000)),
        ("iat", json!(seconds + 61)),
        ("nbf", json!(seconds + 61)),
        ("sub", Value::Null),
        ("sub", json!("")),
        ("sub", json!("a".repeat(256))),
        ("sub", json!("\u{202e}")),
    ] {
        let mut claims = theirs.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(member);
        } else {
            claims[member] = value.clone();
        }
        let hint = signer.sign(Typ::Jwt, &claims).unwrap();
        assert!(!names_another(&hint).await, "a hint with {member} {value} is believed");
    }
}

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
