//! Rows F of the list of hostile inputs against the forum's reader of ID tokens: what the crate by itself would believe is
//! refused here as the provider would refuse it.

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signature, SigningKey};
use serde_json::json;

use super::{
    House, NOW,
    provider::{SUB, Script},
};

/// A sign-in with a token that was changed like this, which has to come to nothing.
async fn assert_refused(what: &str, change: impl FnOnce(&mut Script)) {
    let house = House::open().await;
    change(&mut house.provider.script());
    let mut browser = house.browser();
    let request = browser.get("/sign-in").await.leads_to();
    let answer = browser.get(&house.provider.agree(&request)).await;
    assert_eq!(answer.status, 400, "{what}: {}", answer.text);
    assert!(!browser.cookies.contains_key("place-session"), "{what}: no session");
    let stored = house.database().await;
    assert!(!stored.contains("members.") && !stored.contains("sessions."), "{what}: {stored}");
    assert_eq!(house.provider.script().userinfo_fetches, 0, "{what}: nothing more was asked");
}

type Texts = fn(String, String) -> (String, String);

async fn assert_all_refused(changes: &[(&str, Texts)]) {
    for (what, change) in changes {
        assert_refused(what, |script| script.texts = *change).await;
    }
}

fn with(object: &str, member: &str) -> String {
    object.replacen('{', &format!("{{{member},"), 1)
}

#[tokio::test]
async fn f7_a_member_named_twice_is_refused_also_by_escape() {
    assert_all_refused(&[
        ("alg twice", |header, claims| (with(&header, r#""alg":"EdDSA""#), claims)),
        ("alg by escape", |header, claims| (with(&header, r#""\u0061lg":"EdDSA""#), claims)),
        ("unknown twice", |header, claims| (with(&header, r#""x":1,"x":2"#), claims)),
        ("sub twice", |header, claims| (header, with(&claims, r#""sub":"somebody""#))),
        ("sub by escape", |header, claims| (header, with(&claims, r#""\u0073ub":"somebody""#))),
        ("unknown twice in the claims", |header, claims| (header, with(&claims, r#""x":1,"x":2"#))),
    ])
    .await;
}

#[tokio::test]
async fn f4_f5_f6_f13_f17_a_header_that_asks_for_more_is_refused() {
    for (member, value) in [
        ("jku", json!("http://127.0.0.1:9/keys")),
        ("x5u", json!("http://127.0.0.1:9/x")),
        ("x5c", json!(["AA=="])),
        ("jwk", super::provider::public(&SigningKey::from_bytes(&[7; 32]), "house")),
        ("crit", json!("b64")),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("typ", json!("at+jwt")),
        ("typ", json!("token-introspection+jwt")),
        ("kid", json!(7)),
        ("kid", json!("../../etc/passwd")),
    ] {
        assert_refused(member, |script| script.header[member] = value).await;
    }
}

#[tokio::test]
async fn f8_f9_dates_that_are_none_or_of_another_time_are_refused() {
    let now = NOW / 1_000;
    for claims in [
        json!({ "exp": 1_795_435_300.5 }),
        json!({ "exp": now + 3 * 86_400 }),
        json!({ "nbf": now + 3_600 }),
        json!({ "nbf": "now" }),
        json!({ "iat": "now" }),
        json!({ "iat": null }),
    ] {
        assert_refused(&claims.to_string(), |script| script.id_token = claims.clone()).await;
    }
}

#[tokio::test]
async fn f14_f15_a_signature_that_another_verifier_might_take_is_refused() {
    assert_refused("S + L", |script| script.spoil = |token| with_signature(&token, malleated)).await;
    assert_refused("R of small order", |script| script.spoil = |token| with_signature(&token, small)).await;
    assert_refused("zeros", |script| script.spoil = |token| with_signature(&token, |_, _| vec![0; 64])).await;
    assert_refused("one byte short", |script| {
        script.spoil = |token| with_signature(&token, |_, signature| signature[..63].to_vec());
    })
    .await;
    assert_refused("padded", |script| script.spoil = |token| format!("{token}==")).await;
}

#[tokio::test]
async fn f18_f19_what_is_long_deep_or_no_strict_json_is_refused() {
    assert_all_refused(&[
        ("a long claim", |header, claims| (header, with(&claims, &format!(r#""x":"{}""#, "x".repeat(20_000))))),
        ("deep lists", |header, claims| {
            (header, with(&claims, &format!(r#""x":{}{}"#, "[".repeat(100), "]".repeat(100))))
        }),
        ("a number of 10,000 digits", |header, claims| {
            (header, with(&claims, &format!(r#""x":{}"#, "9".repeat(10_000))))
        }),
        ("a byte order mark", |header, claims| (format!("\u{feff}{header}"), claims)),
        ("something behind it", |header, claims| (header, format!("{claims}{claims}"))),
        ("a lone surrogate", |header, claims| (header, with(&claims, r#""x":"\ud800""#))),
        ("a list", |_, claims| ("[]".to_owned(), claims)),
    ])
    .await;
}

/// The same header and claims with another signature, made of the signed text and the signature that was there.
fn with_signature(token: &str, other: fn(&[u8], &[u8]) -> Vec<u8>) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    format!("{message}.{}", BASE64URL_NOPAD.encode(&other(message.as_bytes(), &signature)))
}

/// S + L, with L the order of the group, little-endian.
fn malleated(_: &[u8], signature: &[u8]) -> Vec<u8> {
    let order = data_encoding::HEXLOWER.decode(b"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let (mut bytes, mut carry) = (signature.to_vec(), 0);
    for (byte, add) in bytes[32..].iter_mut().zip(order.unwrap()) {
        carry += u16::from(*byte) + u16::from(add);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    bytes
}

/// With the neutral element as R: the equation without a check of R holds.
fn small(message: &[u8], _: &[u8]) -> Vec<u8> {
    /// A little-endian number, reduced by whatever order `S` has.
    fn reduced<S: From<u64> + std::ops::Add<Output = S> + std::ops::Mul<Output = S>>(_like: &S, bytes: &[u8]) -> S {
        bytes.iter().rev().fold(S::from(0), |sum, byte| sum * S::from(256) + S::from(u64::from(*byte)))
    }
    let key = SigningKey::from_bytes(&[7; 32]);
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let hash = [&neutral[..], key.verifying_key().as_bytes(), message].concat();
    let secret = key.to_scalar();
    let s = reduced(&secret, &<sha2::Sha512 as sha2::Digest>::digest(&hash)) * secret;
    let signature = Signature::from_components(neutral, s.to_bytes());
    assert!(ed25519_dalek::Verifier::verify(&key.verifying_key(), message, &signature).is_ok());
    signature.to_bytes().to_vec()
}

#[tokio::test]
async fn a_token_that_nobody_changed_is_believed() {
    let house = House::open().await;
    let mut browser = house.browser();
    let request = browser.get("/sign-in").await.leads_to();
    let answer = browser.get(&house.provider.agree(&request)).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    assert!(house.database().await.contains(SUB));
}
