//! The proofs of RFC 9449, and one test per way in which a proof can lie.

use ed25519_dalek::Signer as _;
use proptest::prelude::*;
use rand::{SeedableRng, rngs::StdRng};
use serde_json::json;

use super::*;
use crate::wire::jose::{Signer, SigningKey, tests::vectors};

const NOW: i64 = 1_900_000_000;
const URL: &str = "https://issuer.example/token";
const TOKEN: &str = "an-access-token";

fn expected() -> DpopExpectation<'static> {
    DpopExpectation { method: "POST", url: URL, now: NOW, access_token: None }
}

fn with_token() -> DpopExpectation<'static> {
    DpopExpectation { access_token: Some(TOKEN), ..expected() }
}

fn ed_key() -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[1; 32])
}

fn jwk() -> Value {
    let x = BASE64URL_NOPAD.encode(ed_key().verifying_key().as_bytes());
    json!({"kty": "OKP", "crv": "Ed25519", "x": x})
}

fn header() -> Value {
    json!({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk()})
}

fn claims() -> Value {
    json!({"jti": "a", "htm": "POST", "htu": URL, "iat": NOW})
}

/// A correctly signed proof with exactly these texts as header and claims.
fn proof(header: &str, claims: &str) -> String {
    let message =
        format!("{}.{}", BASE64URL_NOPAD.encode(header.as_bytes()), BASE64URL_NOPAD.encode(claims.as_bytes()));
    let signature = ed_key().sign(message.as_bytes());
    format!("{message}.{}", BASE64URL_NOPAD.encode(&signature.to_bytes()))
}

fn verify(proof: &str) -> Result<DpopProof, DpopError> {
    DpopProof::verify([proof.as_bytes()], &expected())
}

/// A good object with one member changed, or taken out by `null`.
fn changed(mut object: Value, name: &str, value: Value) -> String {
    object[name] = value;
    object.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    object.to_string()
}

fn with_header(name: &str, value: Value) -> Result<DpopProof, DpopError> {
    verify(&proof(&changed(header(), name, value), &claims().to_string()))
}

fn with_claim(name: &str, value: Value) -> Result<DpopProof, DpopError> {
    verify(&proof(&header().to_string(), &changed(claims(), name, value)))
}

fn rfc() -> Value {
    serde_json::from_str(include_str!("../../../../tests/vectors/dpop/rfc9449.json")).unwrap()
}

#[test]
fn the_proofs_of_rfc_9449_hold_at_their_time() {
    for (name, vector) in rfc().as_object().unwrap() {
        let text = |name: &str| vector[name].as_str();
        let expected = DpopExpectation {
            method: text("method").unwrap(),
            url: text("url").unwrap(),
            now: vector["iat"].as_i64().unwrap(),
            access_token: text("access_token"),
        };
        let headers = [text("proof").unwrap().as_bytes()];
        let found = DpopProof::verify(headers, &expected).unwrap();
        assert_eq!(found.thumbprint.as_str(), text("jkt").unwrap(), "{name}");
        assert_eq!((found.jti.as_str(), found.iat, found.nonce), (text("jti").unwrap(), expected.now, None));
        let later = DpopExpectation { now: expected.now + 3_600, ..expected };
        assert_eq!(DpopProof::verify(headers, &later), Err(DpopError::Stale));
    }
}

#[test]
fn r20_a_proof_of_each_algorithm_holds_but_none_of_rs256() {
    for algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm, &mut StdRng::seed_from_u64(3)).unwrap();
        let signer = Signer::new(key).unwrap();
        let result = verify(&signer.sign(Typ::DpopProof, &claims()).unwrap());
        match algorithm {
            Algorithm::RS256 => assert_eq!(result, Err(DpopError::Algorithm)),
            _ => assert_eq!(result.unwrap().thumbprint.as_str(), signer.kid()),
        }
    }
}

#[test]
fn d1_no_header_two_headers_and_two_proofs_in_one_are_refused() {
    let good = proof(&header().to_string(), &claims().to_string());
    let of = |headers: &[&str]| DpopProof::verify(headers.iter().map(|header| header.as_bytes()), &expected());
    assert!(of(&[&good]).is_ok());
    assert_eq!(of(&[]), Err(DpopError::Missing));
    assert_eq!(of(&[&good, &good]), Err(DpopError::Several));
    assert_eq!(of(&[&good, ""]), Err(DpopError::Several));
    for joined in [format!("{good},{good}"), format!("{good}, {good}"), format!("{good},"), format!(",{good}")] {
        assert_eq!(of(&[&joined]), Err(DpopError::Several));
    }
    for strange in ["", " ", "..", "a.b", "a.b.c", "a.b.c.d", &format!(" {good}"), "Bearer x"] {
        assert_eq!(of(&[strange]), Err(DpopError::Form), "{strange}");
    }
    assert_eq!(DpopProof::verify([b"\xff.\xff.\xff".as_slice()], &expected()), Err(DpopError::Form));
}

#[test]
fn d2_another_typ_or_algorithm_is_refused() {
    assert!(with_header("typ", json!("application/DPoP+JWT")).is_ok());
    for typ in Typ::ALL.into_iter().filter(|typ| *typ != Typ::DpopProof) {
        assert_eq!(with_header("typ", json!(typ.as_str())), Err(DpopError::Typ), "{typ:?}");
    }
    for typ in [json!(null), json!(""), json!("dpop"), json!("dpop+jwt;v=1")] {
        assert_eq!(with_header("typ", typ.clone()), Err(DpopError::Typ), "{typ}");
    }
    for alg in ["none", "HS256", "RS256", "RS512", "ES256K", "ES384", "eddsa", ""] {
        assert_eq!(with_header("alg", json!(alg)), Err(DpopError::Algorithm), "{alg}");
    }
    assert_eq!(with_header("alg", json!(["EdDSA"])), Err(DpopError::Algorithm));
    assert_eq!(with_header("alg", json!(null)), Err(DpopError::Algorithm));
}

#[test]
fn r20_a_key_that_is_missing_private_weak_or_of_another_kind_is_refused() {
    let mut private = jwk();
    private["d"] = json!(BASE64URL_NOPAD.encode(&[1; 32]));
    assert_eq!(with_header("jwk", private), Err(DpopError::PrivateKey));
    assert_eq!(with_header("jwk", json!({"kty": "oct", "k": "AA"})), Err(DpopError::PrivateKey));
    let mut for_encryption = jwk();
    for_encryption["use"] = json!("enc");
    let mut of_other_algorithm = jwk();
    of_other_algorithm["alg"] = json!("ES256");
    let weak = json!({"kty": "OKP", "crv": "Ed25519", "x": BASE64URL_NOPAD.encode(&[0; 32])});
    let bad = [
        json!(null),
        json!("key"),
        json!([jwk()]),
        json!({}),
        json!({"kty": "oct"}),
        json!({"kty": "OKP", "crv": "X25519", "x": "AA"}),
        vectors()["rfc7515-a3"]["jwk"].clone(),
        vectors()["rfc7515-a2"]["jwk"].clone(),
        for_encryption,
        of_other_algorithm,
        weak,
    ];
    for jwk in bad {
        assert_eq!(with_header("jwk", jwk.clone()), Err(DpopError::Key), "{jwk}");
    }
    let short_rsa = json!({"kty": "RSA", "e": "AQAB", "n": BASE64URL_NOPAD.encode(&[0xff; 128])});
    let header = json!({"typ": "dpop+jwt", "alg": "PS256", "jwk": short_rsa}).to_string();
    assert_eq!(verify(&proof(&header, &claims().to_string())), Err(DpopError::Key));
}

#[test]
fn r65_beside_the_key_nothing_of_the_header_is_followed() {
    for (name, value) in [("jku", json!("https://evil.example")), ("x5c", json!(["AA=="])), ("crit", json!([]))] {
        assert_eq!(with_header(name, value), Err(DpopError::Header(name)));
    }
    let header = header().to_string();
    let twice = format!(r#"{},"\u006awk":{{}}}}"#, &header[..header.len() - 1]);
    assert_eq!(verify(&proof(&twice, &claims().to_string())), Err(DpopError::Form));
}

#[test]
fn d4_a_signature_of_another_key_of_zeros_or_with_a_bit_changed_is_refused() {
    let good = proof(&header().to_string(), &claims().to_string());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let mut bytes = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    bytes[63] ^= 1;
    let other = ed25519_dalek::SigningKey::from_bytes(&[2; 32]).sign(message.as_bytes()).to_bytes();
    for signature in [bytes, vec![0; 64], vec![], other.to_vec()] {
        let proof = format!("{message}.{}", BASE64URL_NOPAD.encode(&signature));
        assert_eq!(verify(&proof), Err(DpopError::Signature));
    }
    assert_eq!(verify(&format!("{good}=")), Err(DpopError::Signature));
    let p256 = Signer::new(SigningKey::generate(Algorithm::ES256, &mut StdRng::seed_from_u64(3)).unwrap()).unwrap();
    let proof = p256.sign(Typ::DpopProof, &claims()).unwrap();
    let message = proof.rsplit_once('.').unwrap().0;
    assert_eq!(verify(&format!("{message}.{}", BASE64URL_NOPAD.encode(&[0; 64]))), Err(DpopError::Signature));
}

#[test]
fn d5_a_proof_for_another_method_or_address_is_refused() {
    for htm in ["post", "GET", "Post", "", "POST "] {
        assert_eq!(with_claim("htm", json!(htm)), Err(DpopError::Method), "{htm}");
    }
    let bad = [
        "https://other.example/token",
        "https://issuer.example/other",
        "https://issuer.example/token/",
        "https://issuer.example/Token",
        "https://issuer.example:444/token",
        "http://issuer.example/token",
        "http://issuer.example:443/token",
        "https://user@issuer.example/token",
        "https://issuer.example@evil.example/token",
        "https://issuer.example",
        "https:/issuer.example/token",
        "https:///issuer.example/token",
        "https:\\\\issuer.example\\token",
        "https://issuer.example/to\tken",
        " https://issuer.example/token",
        "//issuer.example/token",
        "/token",
        "issuer.example/token",
        "",
    ];
    for htu in bad {
        assert_eq!(with_claim("htu", json!(htu)), Err(DpopError::Url), "{htu}");
    }
    for name in ["htm", "htu"] {
        for value in [json!(null), json!(1), json!([URL])] {
            assert_eq!(with_claim(name, value), Err(DpopError::Member(name)));
        }
    }
}

#[test]
fn d5_query_fragment_default_port_and_case_of_the_host_do_not_count() {
    let good = [
        "https://issuer.example/token?x=1",
        "https://issuer.example/token#f",
        "https://issuer.example:443/token",
        "https://ISSUER.example/token",
        "HTTPS://issuer.example/token",
        "https://issuer.example/a/../token",
    ];
    for htu in good {
        assert!(with_claim("htu", json!(htu)).is_ok(), "{htu}");
    }
    let of_root = DpopExpectation { url: "https://issuer.example", ..expected() };
    let proof = proof(&header().to_string(), &changed(claims(), "htu", json!("https://issuer.example/")));
    assert!(DpopProof::verify([proof.as_bytes()], &of_root).is_ok());
}

#[test]
fn d6_r22_a_proof_is_good_for_a_minute_and_a_clock_may_be_ten_seconds_ahead() {
    for age in [-10, -8, 0, 11, 60] {
        assert_eq!(with_claim("iat", json!(NOW - age)).map(|proof| proof.iat), Ok(NOW - age));
    }
    for iat in [NOW - 61, NOW - 3_600, 0] {
        assert_eq!(with_claim("iat", json!(iat)), Err(DpopError::Stale), "{iat}");
    }
    for iat in [NOW + 11, NOW + 61, i64::MAX] {
        assert_eq!(with_claim("iat", json!(iat)), Err(DpopError::Future), "{iat}");
    }
    for iat in [json!(null), json!("1900000000"), json!(1_900_000_000.5), json!(1e30), json!(-1), json!(u64::MAX)] {
        assert_eq!(with_claim("iat", iat.clone()), Err(DpopError::Member("iat")), "{iat}");
    }
    let exponent = claims().to_string().replace(&NOW.to_string(), "19e8");
    assert_eq!(verify(&proof(&header().to_string(), &exponent)), Err(DpopError::Member("iat")));
}

#[test]
fn d7_the_jti_comes_back_and_must_be_one_to_256_visible_characters() {
    assert_eq!(with_claim("jti", json!("j".repeat(256))).map(|proof| proof.jti), Ok("j".repeat(256)));
    for jti in [json!(null), json!(""), json!("j".repeat(257)), json!(7), json!("a b"), json!("é"), json!("a\n")] {
        assert_eq!(with_claim("jti", jti.clone()), Err(DpopError::Member("jti")), "{jti}");
    }
}

#[test]
fn d8_ath_missing_wrong_or_of_another_token_is_refused() {
    let hash = |token: &str| json!(BASE64URL_NOPAD.encode(&Sha256::digest(token.as_bytes())));
    let with_ath = |ath: Value| {
        let proof = proof(&header().to_string(), &changed(claims(), "ath", ath));
        DpopProof::verify([proof.as_bytes()], &with_token()).map(|_| ())
    };
    assert_eq!(with_ath(hash(TOKEN)), Ok(()));
    assert_eq!(with_ath(json!(null)), Err(DpopError::Member("ath")));
    assert_eq!(with_ath(json!(1)), Err(DpopError::Member("ath")));
    for wrong in [hash("another-token"), json!(""), json!(TOKEN), json!(format!("{}=", hash(TOKEN).as_str().unwrap()))]
    {
        assert_eq!(with_ath(wrong.clone()), Err(DpopError::AccessToken), "{wrong}");
    }
    assert!(with_claim("ath", hash("another-token")).is_ok(), "nothing is shown that it could be the hash of");
}

#[test]
fn d11_the_nonce_comes_back_for_the_caller_to_judge() {
    assert_eq!(with_claim("nonce", json!("n-0S6_WzA2Mj")).unwrap().nonce.as_deref(), Some("n-0S6_WzA2Mj"));
    for nonce in [json!(""), json!(1), json!("n".repeat(257))] {
        assert_eq!(with_claim("nonce", nonce.clone()), Err(DpopError::Member("nonce")), "{nonce}");
    }
}

#[test]
fn d12_a_long_deep_or_ambiguous_proof_is_refused() {
    let of_length = |length: usize| {
        let header = header().to_string();
        let long = |padding: usize| proof(&header, &changed(claims(), "x", json!("x".repeat(padding))));
        (0..length).map(|less| long(length * 3 / 4 - less)).find(|proof| proof.len() <= length).unwrap()
    };
    assert!(verify(&of_length(8 * 1024)).is_ok());
    assert_eq!(verify(&of_length(8 * 1024 + 4)), Err(DpopError::TooLong));
    assert_eq!(verify(&"x".repeat(64 * 1024)), Err(DpopError::TooLong));
    let with_text = |member: &str| {
        let claims = claims().to_string();
        verify(&proof(&header().to_string(), &format!("{},{member}}}", &claims[..claims.len() - 1])))
    };
    for member in [r#""htm":"POST""#, r#""\u0068tm":"POST""#, &format!("\"x\":{}{}", "[".repeat(50), "]".repeat(50))] {
        assert_eq!(with_text(member), Err(DpopError::Form), "{member}");
    }
    for claims in ["[]", "", "null", "{} {}"] {
        assert_eq!(verify(&proof(&header().to_string(), claims)), Err(DpopError::Form), "{claims}");
    }
}

#[test]
fn every_error_may_be_sent_as_a_description() {
    let errors = [
        DpopError::Missing,
        DpopError::Several,
        DpopError::TooLong,
        DpopError::Form,
        DpopError::Typ,
        DpopError::Algorithm,
        DpopError::Header("crit"),
        DpopError::PrivateKey,
        DpopError::Key,
        DpopError::Signature,
        DpopError::Member("jti"),
        DpopError::Method,
        DpopError::Url,
        DpopError::Stale,
        DpopError::Future,
        DpopError::AccessToken,
    ];
    for error in errors {
        // RFC 6749 §5.2.
        let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(error.to_string().bytes().all(allowed) && error.to_string().len() <= 200, "{error}");
    }
}

#[test]
fn a_thumbprint_is_43_characters_and_prints_itself_only_when_asked() {
    let text = rfc()["token-request-4.1"]["jkt"].as_str().unwrap().to_owned();
    let thumbprint: Thumbprint = text.parse().unwrap();
    assert_eq!(serde_json::to_value(&thumbprint).unwrap(), json!(text));
    assert_eq!(serde_json::from_value::<Thumbprint>(json!(text)).unwrap(), thumbprint);
    assert_eq!(format!("{thumbprint:?}"), "Thumbprint(…)");
    for bad in
        ["", &text[1..], &format!("{text}="), &format!("{text}A"), &text.replace('Z', "+"), &text.replace("4I", "4J")]
    {
        assert_eq!(bad.parse::<Thumbprint>(), Err(InvalidThumbprint), "{bad}");
        assert!(serde_json::from_value::<Thumbprint>(json!(bad)).is_err());
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..300), text in ".{0,200}", part in "[A-Za-z0-9_-]{0,80}",
    ) {
        let _ = DpopProof::verify([bytes.as_slice()], &expected());
        let _ = verify(&format!("{part}.{part}.{part}"));
        let _ = verify(&proof(&text, &text));
        let _ = with_claim("htu", json!(text));
        let _ = with_header("jwk", json!({"kty": "OKP", "crv": "Ed25519", "x": part}));
    }

    #[test]
    fn a_proof_with_any_byte_changed_is_refused(at in any::<proptest::sample::Index>(), flip in 1_u8..64) {
        let good = proof(&header().to_string(), &claims().to_string());
        let mut bytes = good.clone().into_bytes();
        bytes[at.index(good.len())] ^= flip;
        prop_assert!(DpopProof::verify([bytes.as_slice()], &expected()).is_err());
    }
}
