//! One test per way in which a token can lie; where `jsonwebtoken` by itself would believe it, the test shows that too.

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use jsonwebtoken::DecodingKey;
use proptest::prelude::*;
use rand::{SeedableRng, rngs::StdRng};
use serde_json::json;

use super::*;
use crate::wire::jose::{Jwk, JwkSet, PublicKey, Signer, SigningKey, keys::VerificationKey, tests::vectors};

const ISSUER: &str = "https://issuer.example";
const CLIENT: &str = "c_forum";
const NOW: i64 = 1_900_000_000;

fn verifier() -> Verifier<'static> {
    Verifier::new(Typ::Jwt, ISSUER, CLIENT)
}

fn ed_key(seed: u8) -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[seed; 32])
}

fn jwk(seed: u8) -> Jwk {
    Jwk::new(PublicKey::ed25519(ed_key(seed).verifying_key().as_bytes()).unwrap(), Algorithm::EdDSA)
}

fn keys() -> KeySet {
    KeySet::new(&JwkSet { keys: vec![jwk(1)] })
}

fn header() -> Value {
    json!({"alg": "EdDSA", "kid": jwk(1).kid, "typ": "JWT"})
}

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": CLIENT, "sub": "s", "iat": NOW, "exp": NOW + 300})
}

/// A correctly signed token with exactly these texts as header and claims.
fn token(header: &str, claims: &str) -> String {
    let message =
        format!("{}.{}", BASE64URL_NOPAD.encode(header.as_bytes()), BASE64URL_NOPAD.encode(claims.as_bytes()));
    let signature = ed_key(1).sign(message.as_bytes());
    format!("{message}.{}", BASE64URL_NOPAD.encode(&signature.to_bytes()))
}

fn verify(token: &str) -> Result<Value, Refusal> {
    verifier().verify(token, &keys(), NOW).map(|verified| verified.claims)
}

fn with_header(name: &str, value: Value) -> Result<Value, Refusal> {
    let mut header = header();
    header[name] = value;
    verify(&token(&header.to_string(), &claims().to_string()))
}

fn without_header(name: &str) -> Result<Value, Refusal> {
    let mut header = header();
    header.as_object_mut().unwrap().remove(name);
    verify(&token(&header.to_string(), &claims().to_string()))
}

fn claims_with(name: &str, value: Value) -> String {
    let mut claims = claims();
    claims[name] = value;
    claims.to_string()
}

fn with_claim(name: &str, value: Value) -> Result<Value, Refusal> {
    verify(&token(&header().to_string(), &claims_with(name, value)))
}

fn without_claim(name: &str) -> Result<Value, Refusal> {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    verify(&token(&header().to_string(), &claims.to_string()))
}

/// Whether `jsonwebtoken` with its defaults and this audience and issuer believes the token.
fn believed_by_default(token: &str) -> bool {
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
    validation.set_audience(&[CLIENT]);
    validation.set_issuer(&[ISSUER]);
    let key = DecodingKey::from_ed_der(ed_key(1).verifying_key().as_bytes());
    jsonwebtoken::decode::<Value>(token, &key, &validation).is_ok()
}

#[test]
fn a_plain_token_holds_with_every_algorithm() {
    assert_eq!(verify(&token(&header().to_string(), &claims().to_string())), Ok(claims()));
    for algorithm in Algorithm::ALL {
        let signer = Signer::new(SigningKey::generate(algorithm, &mut StdRng::seed_from_u64(3)).unwrap()).unwrap();
        let keys = KeySet::new(&JwkSet { keys: vec![signer.public().clone(), jwk(1)] });
        let token = signer.sign(Typ::Jwt, &claims()).unwrap();
        let verified = verifier().verify::<Value>(&token, &keys, NOW).unwrap();
        assert_eq!((verified.claims, verified.algorithm), (claims(), algorithm));
        assert_eq!(verified.kid.as_deref(), Some(signer.kid()));
        let broken = token.replacen('.', ".e", 1);
        assert_eq!(verifier().verify::<Value>(&broken, &keys, NOW).err(), Some(Refusal::Signature));
    }
}

#[test]
fn the_signatures_of_rfc_7515_and_rfc_8037_hold() {
    for name in ["rfc7515-a2", "rfc7515-a3", "rfc8037-a"] {
        let vector = &vectors()[name];
        let set = json!({"keys": [vector["jwk"]]}).to_string();
        let key = VerificationKey::new(&JwkSet::parse(set.as_bytes()).unwrap().keys[0], None);
        let algorithm = vector["algorithm"].as_str().unwrap().parse().unwrap();
        let parts = Segments::split(vector["signed"].as_str().unwrap()).unwrap();
        assert_eq!(key.check_signature(algorithm, &parts), Ok(()), "{name}");
        let other = Segments { message: "eyJhbGciOiJFUzI1NiJ9.e30", ..parts };
        assert_eq!(key.check_signature(algorithm, &other), Err(Refusal::Signature), "{name}");
    }
}

#[test]
fn f1_alg_none_in_any_spelling_a_mac_or_another_type_is_refused() {
    for alg in ["none", "None", "nOnE", "", "HS256", "HS512", "RS512", "ES256K", "eddsa"] {
        assert_eq!(with_header("alg", json!(alg)), Err(Refusal::Algorithm), "{alg}");
    }
    for alg in [json!(["EdDSA"]), json!(1), json!(null), json!({})] {
        assert_eq!(with_header("alg", alg), Err(Refusal::Algorithm));
    }
    assert_eq!(without_header("alg"), Err(Refusal::Algorithm));
    let unsigned = token(&json!({"alg": "none", "typ": "JWT"}).to_string(), &claims().to_string());
    assert_eq!(verify(unsigned.rsplit_once('.').unwrap().0), Err(Refusal::Form));
}

#[test]
fn f1_an_algorithm_other_than_the_keys_own_or_not_allowed_is_refused() {
    for alg in ["RS256", "PS256", "ES256"] {
        assert_eq!(with_header("alg", json!(alg)), Err(Refusal::Key), "{alg}");
    }
    let token = token(&header().to_string(), &claims().to_string());
    let only = verifier().algorithms(&[Algorithm::RS256]).verify::<Value>(&token, &keys(), NOW);
    assert_eq!(only.err(), Some(Refusal::Algorithm));
}

#[test]
fn f1_the_public_rsa_key_is_no_mac_key_and_an_rs256_key_verifies_no_ps256() {
    let key = SigningKey::generate(Algorithm::PS256, &mut StdRng::seed_from_u64(3)).unwrap();
    let as_rs256 = Jwk::new(key.public_key().unwrap(), Algorithm::RS256);
    let signed = Signer::new(key).unwrap().sign(Typ::Jwt, &claims()).unwrap();
    let keys = KeySet::new(&JwkSet { keys: vec![as_rs256.clone()] });
    assert_eq!(verifier().verify::<Value>(&signed, &keys, NOW).err(), Some(Refusal::Key));
    let unsaid = KeySet::new(&JwkSet { keys: vec![Jwk { algorithm: None, ..as_rs256 }] });
    assert!(verifier().verify::<Value>(&signed, &unsaid, NOW).is_ok());
}

#[test]
fn f3_a_strange_or_unknown_kid_finds_no_key() {
    for kid in ["../../etc/passwd", "' OR 1=1--", "https://evil.example/k", "a\0b", ""] {
        assert_eq!(with_header("kid", json!(kid)), Err(Refusal::Key), "{kid}");
    }
    assert_eq!(with_header("kid", json!("k".repeat(4096))), Err(Refusal::Header("kid")));
    assert_eq!(with_header("kid", json!(7)), Err(Refusal::Header("kid")));
    assert_eq!(without_header("kid"), Err(Refusal::Key));
}

#[test]
fn f3_a_missing_kid_is_forgiven_only_when_asked_and_one_key_alone_fits() {
    let mut header = header();
    header.as_object_mut().unwrap().remove("kid");
    let token = token(&header.to_string(), &claims().to_string());
    let lenient = verifier().kid_may_be_missing();
    assert!(lenient.verify::<Value>(&token, &keys(), NOW).is_ok());
    let two = KeySet::new(&JwkSet { keys: vec![jwk(1), jwk(2)] });
    assert_eq!(lenient.verify::<Value>(&token, &two, NOW).err(), Some(Refusal::Key));
}

#[test]
fn f4_f5_a_key_or_its_address_in_the_header_is_refused() {
    for name in ["jku", "x5u"] {
        assert_eq!(with_header(name, json!("https://evil.example/jwks")), Err(Refusal::Header(name)));
    }
    assert_eq!(with_header("jwk", serde_json::to_value(jwk(2)).unwrap()), Err(Refusal::Header("jwk")));
    assert_eq!(with_header("x5c", json!(["AA=="])), Err(Refusal::Header("x5c")));
}

#[test]
fn f5_no_kind_of_token_may_bring_its_key_where_a_key_set_is_expected() {
    for typ in Typ::ALL {
        let mut header = header();
        header["typ"] = json!(typ.as_str());
        let verifier = Verifier::new(typ, ISSUER, CLIENT);
        let plain = token(&header.to_string(), &claims().to_string());
        assert!(verifier.verify::<Value>(&plain, &keys(), NOW).is_ok());
        for jwk in [serde_json::to_value(jwk(1)).unwrap(), json!({}), json!(null)] {
            header["jwk"] = jwk;
            let token = token(&header.to_string(), &claims().to_string());
            assert_eq!(verifier.verify::<Value>(&token, &keys(), NOW).err(), Some(Refusal::Header("jwk")), "{typ:?}");
        }
    }
}

#[test]
fn f6_any_crit_and_b64_are_refused_though_the_library_believes_them() {
    for crit in [json!(["b64"]), json!(["unknown"]), json!([])] {
        let mut header = header();
        header["crit"] = crit.clone();
        let mut claims = claims();
        claims["exp"] = json!(u32::MAX);
        assert!(believed_by_default(&token(&header.to_string(), &claims.to_string())), "{crit}");
        assert_eq!(with_header("crit", crit), Err(Refusal::Header("crit")));
    }
    assert_eq!(with_header("crit", json!("b64")), Err(Refusal::Header("crit")));
    assert_eq!(with_header("crit", json!(null)), Err(Refusal::Header("crit")));
    assert_eq!(with_header("b64", json!(false)), Err(Refusal::Header("b64")));
}

#[test]
fn f7_a_member_name_twice_is_refused_also_by_escape() {
    let header = header().to_string();
    let again = |object: &str, member: &str| format!("{},{member}}}", &object[..object.len() - 1]);
    for member in [r#""sub":"t""#, r#""\u0073ub":"t""#, r#""x":{"y":1,"y":1}"#] {
        let claims = again(&claims().to_string(), member);
        assert_eq!(verify(&token(&header, &claims)), Err(Refusal::NotStrictJson), "{member}");
    }
    for member in [r#""alg":"EdDSA""#, r#""\u0061lg":"EdDSA""#, r#""a":1,"a":2"#] {
        let header = again(&header, member);
        assert_eq!(verify(&token(&header, &claims().to_string())), Err(Refusal::NotStrictJson), "{member}");
    }
}

#[test]
fn f8_exp_missing_ill_typed_negative_or_far_away_is_refused() {
    assert_eq!(without_claim("exp"), Err(Refusal::Missing("exp")));
    let bad = [
        json!("1900000300"),
        json!(-1),
        json!(1e30),
        json!(u64::MAX),
        json!(16_725_225_600_i64),
        json!(null),
        json!([NOW + 300]),
        json!(1_900_000_300.5),
        json!(NOW + 24 * 60 * 60 + 1),
    ];
    for exp in bad {
        assert_eq!(with_claim("exp", exp.clone()), Err(Refusal::Date("exp")), "{exp}");
    }
    assert!(believed_by_default(&token(&header().to_string(), &claims_with("exp", json!(u64::MAX)))));
}

#[test]
fn f9_nbf_and_iat_in_the_future_or_ill_typed_are_refused() {
    for name in ["nbf", "iat"] {
        assert_eq!(with_claim(name, json!(NOW + 1)), Err(Refusal::NotYet(name)));
        assert_eq!(with_claim(name, json!("1")), Err(Refusal::Date(name)));
        assert!(with_claim(name, json!(NOW)).is_ok());
    }
    let mut future = claims();
    (future["iat"], future["exp"]) = (json!(u32::MAX), json!(u32::MAX));
    assert!(believed_by_default(&token(&header().to_string(), &future.to_string())));
}

#[test]
fn f10_a_token_ends_at_its_exp_to_the_second_and_leeway_is_only_what_was_given() {
    assert!(with_claim("exp", json!(NOW + 1)).is_ok());
    assert_eq!(with_claim("exp", json!(NOW)), Err(Refusal::Expired));
    let mut past = claims();
    (past["iat"], past["exp"]) = (json!(NOW - 40), json!(NOW - 30));
    let token = token(&header().to_string(), &past.to_string());
    assert_eq!(verify(&token), Err(Refusal::Expired));
    assert!(verifier().leeway(31).verify::<Value>(&token, &keys(), NOW).is_ok());
    assert_eq!(verifier().leeway(30).verify::<Value>(&token, &keys(), NOW).err(), Some(Refusal::Expired));
    assert!(verifier().may_have_expired().verify::<Value>(&token, &keys(), NOW).is_ok());
    (past["iat"], past["exp"]) = (json!(NOW - 30), json!(NOW - 40));
    let backwards = self::token(&header().to_string(), &past.to_string());
    let refusal = verifier().may_have_expired().verify::<Value>(&backwards, &keys(), NOW).err();
    assert_eq!(refusal, Some(Refusal::NotYet("iat")));
}

#[test]
fn f11_aud_missing_ill_typed_or_another_is_refused() {
    assert_eq!(without_claim("aud"), Err(Refusal::Audience));
    let bad = [
        json!(1),
        json!({}),
        json!(null),
        json!([CLIENT, "stranger"]),
        json!([CLIENT]),
        json!([]),
        json!("c_foru"),
        json!("c_forum2"),
        json!("C_FORUM"),
        json!(""),
    ];
    for aud in bad {
        assert_eq!(with_claim("aud", aud.clone()), Err(Refusal::Audience), "{aud}");
    }
    let stranger = token(&header().to_string(), &{
        let mut claims = claims();
        (claims["aud"], claims["exp"]) = (json!([CLIENT, "stranger"]), json!(u32::MAX));
        claims.to_string()
    });
    assert!(believed_by_default(&stranger));
}

#[test]
fn f11_a_list_is_taken_when_allowed_and_nobody_else_is_in_it() {
    let lenient = verifier().audience_may_be_a_list().or_audiences(&["https://issuer.example/token"]);
    let check = |aud: Value| {
        let token = token(&header().to_string(), &claims_with("aud", aud));
        lenient.verify::<Value>(&token, &keys(), NOW).map(|_| ())
    };
    assert_eq!(check(json!([CLIENT])), Ok(()));
    assert_eq!(check(json!(["https://issuer.example/token", CLIENT])), Ok(()));
    assert_eq!(check(json!("https://issuer.example/token")), Ok(()));
    assert_eq!(check(json!([CLIENT, "stranger"])), Err(Refusal::Audience));
    assert_eq!(check(json!([])), Err(Refusal::Audience));
}

#[test]
fn f12_f22_iss_missing_ill_typed_or_nearly_ours_is_refused() {
    assert_eq!(without_claim("iss"), Err(Refusal::Issuer));
    let bad = [
        json!([ISSUER]),
        json!("https://issuer.example/"),
        json!("http://issuer.example"),
        json!("https://Issuer.example"),
        json!("https://staging.issuer.example"),
        json!(null),
        json!(1),
    ];
    for iss in bad {
        assert_eq!(with_claim("iss", iss.clone()), Err(Refusal::Issuer), "{iss}");
    }
    let mut list = claims();
    (list["iss"], list["exp"]) = (json!([ISSUER]), json!(u32::MAX));
    assert!(believed_by_default(&token(&header().to_string(), &list.to_string())));
}

#[test]
fn f13_every_kind_of_token_is_refused_where_another_is_expected() {
    for given in Typ::ALL {
        let mut header = header();
        header["typ"] = json!(given.as_str());
        let token = token(&header.to_string(), &claims().to_string());
        for expected in Typ::ALL {
            let verifier = Verifier::new(expected, ISSUER, CLIENT);
            assert_eq!(
                verifier.verify::<Value>(&token, &keys(), NOW).is_ok(),
                given == expected,
                "{given:?} {expected:?}"
            );
            let lenient = verifier.typ_may_be_missing();
            assert_eq!(lenient.verify::<Value>(&token, &keys(), NOW).is_ok(), given == expected);
        }
    }
    assert_eq!(without_header("typ"), Err(Refusal::Typ));
    assert_eq!(with_header("typ", json!(["JWT"])), Err(Refusal::Header("typ")));
}

#[test]
fn f14_a_signature_of_zeros_cut_or_of_another_form_is_refused() {
    let good = token(&header().to_string(), &claims().to_string());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let bytes = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    let bad = [vec![0; 64], vec![], bytes[..63].to_vec(), [bytes.as_slice(), &[0]].concat()];
    for signature in bad {
        assert_eq!(verify(&format!("{message}.{}", BASE64URL_NOPAD.encode(&signature))), Err(Refusal::Signature));
    }
    assert_eq!(verify(&format!("{message}.{signature}=")), Err(Refusal::Form));
    let p256 = Signer::new(SigningKey::generate(Algorithm::ES256, &mut StdRng::seed_from_u64(3)).unwrap()).unwrap();
    let keys = KeySet::new(&JwkSet { keys: vec![p256.public().clone()] });
    let token = p256.sign(Typ::Jwt, &claims()).unwrap();
    let message = token.rsplit_once('.').unwrap().0;
    // r = s = 0, nothing, one byte short, and a DER SEQUENCE of two INTEGERs.
    let der = [&[0x30, 0x44, 2, 0x20][..], &[1; 32], &[2, 0x20], &[1; 32]].concat();
    for signature in [vec![0; 64], vec![], vec![1; 63], der] {
        let token = format!("{message}.{}", BASE64URL_NOPAD.encode(&signature));
        assert_eq!(verifier().verify::<Value>(&token, &keys, NOW).err(), Some(Refusal::Signature));
    }
}

#[test]
fn f15_of_the_signatures_on_which_libraries_disagree_none_holds() {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../../../../tests/vectors/jose/ed25519-speccheck.json")).unwrap();
    let hex =
        |case: &Value, name: &str| data_encoding::HEXLOWER.decode(case[name].as_str().unwrap().as_bytes()).unwrap();
    let mut strict = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        // Keys with a part of small order are not taken into a key set at all; 9 and 10 have a good key and an S
        // beyond the order of the group.
        assert_eq!(PublicKey::ed25519(&hex(case, "pub_key")).is_ok(), [9, 10].contains(&number), "{number}");
        let Ok(key) = VerifyingKey::try_from(hex(case, "pub_key").as_slice()) else { continue };
        let signature = Signature::from_slice(&hex(case, "signature")).unwrap();
        if key.verify_strict(&hex(case, "message"), &signature).is_ok() {
            strict.push(number);
        }
    }
    // The one that strict verification alone takes has a key of mixed order: refused as a key.
    assert_eq!(strict, [6]);
}

#[test]
fn f15_a_signature_whose_r_is_of_small_order_is_refused_though_its_equation_holds() {
    /// A little-endian number, reduced by whatever order `S` has.
    fn reduced<S: From<u64> + std::ops::Add<Output = S> + std::ops::Mul<Output = S>>(_like: &S, bytes: &[u8]) -> S {
        bytes.iter().rev().fold(S::from(0), |sum, byte| sum * S::from(256) + S::from(u64::from(*byte)))
    }
    let (key, message) = (ed_key(1), b"message");
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let hash = [&neutral[..], key.verifying_key().as_bytes(), message].concat();
    let secret = key.to_scalar();
    let s = reduced(&secret, &<sha2::Sha512 as sha2::Digest>::digest(&hash)) * secret;
    let signature = Signature::from_components(neutral, s.to_bytes());
    assert!(ed25519_dalek::Verifier::verify(&key.verifying_key(), message, &signature).is_ok());
    let parts = Segments {
        message: "message",
        header: "",
        claims: "",
        signature: &BASE64URL_NOPAD.encode(&signature.to_bytes()),
    };
    assert_eq!(VerificationKey::new(&jwk(1), None).check_signature(Algorithm::EdDSA, &parts), Err(Refusal::Signature));
}

#[test]
fn f15_the_malleable_twin_of_a_signature_is_refused() {
    let good = token(&header().to_string(), &claims().to_string());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let mut bytes = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    // S + L, with L the order of the group, little-endian.
    let order =
        data_encoding::HEXLOWER.decode(b"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let mut carry = 0;
    for (byte, add) in bytes[32..].iter_mut().zip(order) {
        carry += u16::from(*byte) + u16::from(add);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    assert_eq!(verify(&format!("{message}.{}", BASE64URL_NOPAD.encode(&bytes))), Err(Refusal::Signature));
}

#[test]
fn f17_any_other_number_of_segments_and_encrypted_or_nested_tokens_are_refused() {
    let good = token(&header().to_string(), &claims().to_string());
    for bad in [good.rsplit_once('.').unwrap().0, &format!("{good}."), &format!("{good}.a.b"), "", "..", "a.b.c", "{}"]
    {
        assert!(matches!(verify(bad), Err(Refusal::Form | Refusal::NotStrictJson)), "{bad}");
    }
    for (name, value) in [("enc", json!("A256GCM")), ("zip", json!("DEF")), ("cty", json!("JWT"))] {
        assert_eq!(with_header(name, value), Err(Refusal::Header(name)));
    }
    let spaced = good.replacen('.', ".\n", 1);
    assert_eq!(verify(&spaced), Err(Refusal::Signature));
}

#[test]
fn f18_long_and_deep_tokens_are_refused_before_they_are_read() {
    assert_eq!(with_claim("x", json!("x".repeat(1 << 20))), Err(Refusal::TooLong));
    let deep = format!(
        "{},\"x\":{}{}}}",
        &claims().to_string()[..claims().to_string().len() - 1],
        "[".repeat(5000),
        "]".repeat(5000)
    );
    assert_eq!(verify(&token(&header().to_string(), &deep)), Err(Refusal::NotStrictJson));
    let small = verifier().max_bytes(100).verify::<Value>(&token(&header().to_string(), &deep), &keys(), NOW);
    assert_eq!(small.err(), Some(Refusal::TooLong));
    let digits = claims().to_string().replace(&(NOW + 300).to_string(), &"9".repeat(10_000));
    assert_eq!(verify(&token(&header().to_string(), &digits)), Err(Refusal::NotStrictJson));
}

#[test]
fn f19_a_header_that_is_no_object_or_not_utf_8_is_refused() {
    let claims = claims().to_string();
    for header in
        ["[]", "\"EdDSA\"", "null", "", "\u{feff}{\"alg\":\"EdDSA\"}", r#"{"alg":"EdDSA","x":"\ud800"}"#, "{} {}"]
    {
        assert_eq!(verify(&token(header, &claims)), Err(Refusal::NotStrictJson), "{header}");
    }
    let message = format!("{}.e30", BASE64URL_NOPAD.encode(b"{\"alg\":\"EdDSA\",\"x\":\"\xff\"}"));
    assert_eq!(verify(&format!("{message}.AA")), Err(Refusal::NotStrictJson));
    for claims in ["[]", "1", "", "{} x"] {
        assert_eq!(verify(&token(&header().to_string(), claims)), Err(Refusal::NotStrictJson), "{claims}");
    }
}

#[test]
fn f20_a_retired_key_verifies_until_its_time_and_not_after() {
    let mut keys = KeySet::default();
    keys.add_until(&jwk(1), Some(NOW));
    let token = token(&header().to_string(), &claims().to_string());
    let at = |now| verifier().leeway(5).verify::<Value>(&token, &keys, now).map(|_| ());
    assert_eq!(at(NOW - 1), Ok(()));
    assert_eq!(at(NOW), Err(Refusal::Key));
}

#[test]
fn f21_a_subject_that_is_empty_long_or_cannot_be_seen_is_refused() {
    for sub in [
        json!(""),
        json!("s".repeat(256)),
        json!("a\u{202e}b"),
        json!("a\u{200b}b"),
        json!("a b"),
        json!(7),
        json!(null),
    ] {
        assert_eq!(with_claim("sub", sub.clone()), Err(Refusal::Subject), "{sub}");
    }
    assert_eq!(without_claim("sub"), Err(Refusal::Missing("sub")));
}

#[test]
fn required_members_are_required_and_claims_of_another_type_are_refused() {
    #[derive(Debug, serde::Deserialize)]
    struct Wanted {
        #[expect(dead_code, reason = "only its type matters")]
        nonce: String,
    }
    let token = token(&header().to_string(), &claims_with("nonce", json!(7)));
    assert_eq!(verifier().verify::<Wanted>(&token, &keys(), NOW).err(), Some(Refusal::Claims));
    let strict = verifier().require(&["sub", "jti"]);
    assert_eq!(strict.verify::<Value>(&token, &keys(), NOW).err(), Some(Refusal::Missing("jti")));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,300}", part in "[A-Za-z0-9_-]{0,80}") {
        let _ = verify(&text);
        let _ = verify(&format!("{part}.{part}.{part}"));
        let _ = verify(&token(&header().to_string(), &text));
        let _ = verify(&token(&text, &text));
    }

    #[test]
    fn a_token_with_any_byte_changed_is_refused(at in any::<proptest::sample::Index>(), flip in 1_u8..64) {
        let good = token(&header().to_string(), &claims().to_string());
        let mut bytes = good.clone().into_bytes();
        bytes[at.index(good.len())] ^= flip;
        if let Ok(text) = String::from_utf8(bytes) {
            prop_assert!(verify(&text).is_err());
        }
    }
}
