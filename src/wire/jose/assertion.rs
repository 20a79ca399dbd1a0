//! A client's proof of who it is, signed with its own key: `private_key_jwt` (RFC 7523 §2.2, §3; OpenID Connect Core §9).
//!
//! ```text
//! {"iss": client_id, "sub": client_id, "aud": issuer, "jti", "exp", "iat"?, "nbf"?}
//! ```
//!
//! `typ` is missing, `JWT` or `client-authentication+jwt` (draft-ietf-oauth-rfc7523bis §4), never that of another kind.
//! The token ends at its `exp` to the second: its sender sets it, and knows how slow his clock may be. It lives an hour
//! at most, so that the memory of each `jti` is bounded. `iat` and `nbf` may lie 10 seconds ahead (FAPI 2.0 Security
//! Profile §5.3.2.1, clause 13, which asks for refusal beyond 60). Limits: 16 KiB, 12 levels.
//!
//! Not verified here: whether the `jti` was used before.

use serde::Deserialize;
use serde_json::Value;

use super::{
    Algorithm, KeySet, Refusal, Typ, Verified, Verifier, is_visible, json,
    segments::{Segments, decode},
};

/// An assertion that holds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ClientAssertion {
    #[serde(rename = "sub")]
    pub client_id: String,
    /// To be taken once (RFC 7523 §3, clause 7), and remembered until [`ClientAssertion::expires`].
    pub jti: String,
    /// Seconds since the epoch.
    #[serde(rename = "exp")]
    pub expires: i64,
}

impl ClientAssertion {
    /// The client that an assertion says it is of. Nothing is verified: it is for finding the keys to verify it with, of a
    /// client that does not send its `client_id` beside the assertion.
    pub fn claimed_client(assertion: &str) -> Option<String> {
        let short = Some(assertion).filter(|assertion| assertion.len() <= MAX_BYTES)?;
        let claims = json::object(&decode(Segments::split(short).ok()?.claims).ok()?).ok()?;
        claims.get("sub").and_then(Value::as_str).filter(|sub| is_visible(sub, 255)).map(str::to_owned)
    }
}

/// What an assertion must say. The audience is one string, our issuer, unless more is allowed by name.
#[derive(Clone, Copy, Debug)]
pub struct AssertionVerifier<'a> {
    verifier: Verifier<'a>,
    client_id: &'a str,
}

impl<'a> AssertionVerifier<'a> {
    pub const fn new(client_id: &'a str, issuer: &'a str) -> Self {
        let verifier = Verifier::new(Typ::ClientAssertion, client_id, issuer)
            .or_typ(Typ::Jwt)
            .typ_may_be_missing()
            .kid_may_be_missing()
            .require(&["sub", "jti"])
            .clock_ahead(MAX_AHEAD)
            .max_lifetime(MAX_LIFETIME)
            .max_bytes(MAX_BYTES);
        Self { verifier, client_id }
    }

    /// Only these algorithms.
    #[must_use]
    pub const fn algorithms(mut self, algorithms: &'a [Algorithm]) -> Self {
        self.verifier = self.verifier.algorithms(algorithms);
        self
    }

    /// Endpoints of ours that are as good an audience as the issuer (OpenID Connect Core §9; RFC 9126 §2). Not for FAPI:
    /// an assertion for one server's endpoint must not serve at another's (RFC 9700 §2.5).
    #[must_use]
    pub const fn or_audiences(mut self, endpoints: &'a [&'a str]) -> Self {
        self.verifier = self.verifier.or_audiences(endpoints);
        self
    }

    /// `aud` may be a list of audiences that are all expected here.
    #[must_use]
    pub const fn audience_may_be_a_list(mut self) -> Self {
        self.verifier = self.verifier.audience_may_be_a_list();
        self
    }

    /// At `now` in seconds since the epoch.
    pub fn verify(&self, assertion: &str, keys: &KeySet, now: i64) -> Result<Verified<ClientAssertion>, Refusal> {
        let verified = self.verifier.verify::<ClientAssertion>(assertion, keys, now)?;
        if verified.claims.client_id != self.client_id {
            return Err(Refusal::Differs("sub"));
        }
        if !is_visible(&verified.claims.jti, 256) {
            return Err(Refusal::Differs("jti"));
        }
        Ok(verified)
    }
}

/// Seconds.
const MAX_LIFETIME: i64 = 60 * 60;
const MAX_AHEAD: i64 = 10;
const MAX_BYTES: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::wire::jose::tests::{keys, signed_with};

    const CLIENT: &str = "c_forum";
    const ISSUER: &str = "https://issuer.example";
    const TOKEN_ENDPOINT: &str = "https://issuer.example/token";
    const NOW: i64 = 1_900_000_000;

    fn claims() -> Value {
        json!({"iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "jti": "j", "iat": NOW, "exp": NOW + 60})
    }

    /// A good assertion with one claim changed, or taken out by `null`.
    fn with(name: &str, value: Value) -> String {
        let mut claims = claims();
        claims[name] = value;
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        signed_with(&json!({"alg": "EdDSA"}), &claims)
    }

    fn verify(assertion: &str) -> Result<ClientAssertion, Refusal> {
        AssertionVerifier::new(CLIENT, ISSUER).verify(assertion, &keys(), NOW).map(|verified| verified.claims)
    }

    #[test]
    fn r27_an_assertion_for_our_issuer_holds() {
        let expected = ClientAssertion { client_id: CLIENT.to_owned(), jti: "j".to_owned(), expires: NOW + 60 };
        assert_eq!(verify(&with("iat", json!(null))), Ok(expected));
    }

    #[test]
    fn b1_an_assertion_of_another_client_is_refused() {
        assert_eq!(verify(&with("iss", json!("c_other"))), Err(Refusal::Issuer));
        assert_eq!(verify(&with("sub", json!("c_other"))), Err(Refusal::Differs("sub")));
        let other = AssertionVerifier::new("c_other", ISSUER).verify(&with("x", json!(1)), &keys(), NOW);
        assert_eq!(other.err(), Some(Refusal::Issuer));
    }

    #[test]
    fn b2_r27_the_audience_is_our_issuer_as_one_string() {
        let bad = [
            json!(null),
            json!(TOKEN_ENDPOINT),
            json!("https://issuer.example/par"),
            json!("https://issuer.example/"),
            json!([ISSUER]),
            json!([]),
            json!(1),
        ];
        for aud in bad {
            assert_eq!(verify(&with("aud", aud.clone())), Err(Refusal::Audience), "{aud}");
        }
    }

    #[test]
    fn endpoints_and_lists_are_an_audience_only_when_allowed_by_name() {
        let endpoints = [TOKEN_ENDPOINT];
        let lenient = AssertionVerifier::new(CLIENT, ISSUER).or_audiences(&endpoints).audience_may_be_a_list();
        let check = |aud: Value| lenient.verify(&with("aud", aud), &keys(), NOW).map(|_| ());
        for aud in [json!(ISSUER), json!(TOKEN_ENDPOINT), json!([TOKEN_ENDPOINT]), json!([ISSUER, TOKEN_ENDPOINT])] {
            assert_eq!(check(aud.clone()), Ok(()), "{aud}");
        }
        for aud in [json!([ISSUER, "https://other.example"]), json!([]), json!("https://issuer.example/par")] {
            assert_eq!(check(aud.clone()), Err(Refusal::Audience), "{aud}");
        }
    }

    #[test]
    fn b4_r22_times_are_kept_to_the_second_but_for_ten_ahead() {
        assert_eq!(verify(&with("exp", json!(NOW - 300))), Err(Refusal::Expired));
        assert_eq!(verify(&with("exp", json!(NOW))), Err(Refusal::Expired));
        assert_eq!(verify(&with("exp", json!(null))), Err(Refusal::Missing("exp")));
        for name in ["iat", "nbf"] {
            for ahead in [8, 10] {
                assert!(verify(&with(name, json!(NOW + ahead))).is_ok(), "{name} {ahead}");
            }
            assert_eq!(verify(&with(name, json!(NOW + 11))), Err(Refusal::NotYet(name)));
            assert_eq!(verify(&with(name, json!(NOW + 61))), Err(Refusal::NotYet(name)));
            assert_eq!(verify(&with(name, json!("1"))), Err(Refusal::Date(name)));
        }
        assert!(verify(&with("exp", json!(NOW + 3_600))).is_ok());
        assert_eq!(verify(&with("exp", json!(NOW + 3_611))), Err(Refusal::Date("exp")));
    }

    #[test]
    fn b4_without_sub_or_jti_it_is_refused() {
        assert_eq!(verify(&with("sub", json!(null))), Err(Refusal::Missing("sub")));
        assert_eq!(verify(&with("jti", json!(null))), Err(Refusal::Missing("jti")));
        assert!(verify(&with("jti", json!("j".repeat(256)))).is_ok());
        for jti in [json!(""), json!("j".repeat(257)), json!("a b"), json!("é")] {
            assert_eq!(verify(&with("jti", jti.clone())), Err(Refusal::Differs("jti")), "{jti}");
        }
        assert_eq!(verify(&with("jti", json!(7))), Err(Refusal::Claims));
    }

    #[test]
    fn f13_an_assertion_is_typed_as_one_or_not_at_all() {
        for typ in Typ::ALL {
            let token = signed_with(&json!({"alg": "EdDSA", "typ": typ.as_str()}), &claims());
            let own = [Typ::Jwt, Typ::ClientAssertion].contains(&typ);
            assert_eq!(verify(&token).err(), (!own).then_some(Refusal::Typ), "{typ:?}");
        }
    }

    #[test]
    fn only_the_algorithms_given_are_taken() {
        let strict = AssertionVerifier::new(CLIENT, ISSUER).algorithms(&[Algorithm::ES256]);
        assert_eq!(strict.verify(&with("x", json!(1)), &keys(), NOW).err(), Some(Refusal::Algorithm));
    }

    #[test]
    fn the_client_that_it_claims_is_read_without_believing_it() {
        let unsigned = with("sub", json!("c_other"));
        let unsigned = format!("{}.AA", unsigned.rsplit_once('.').unwrap().0);
        assert_eq!(ClientAssertion::claimed_client(&unsigned).as_deref(), Some("c_other"));
        for sub in [json!(null), json!(""), json!(7), json!("a b"), json!("s".repeat(256))] {
            assert_eq!(ClientAssertion::claimed_client(&with("sub", sub.clone())), None, "{sub}");
        }
        assert_eq!(ClientAssertion::claimed_client(&with("x", json!("x".repeat(MAX_BYTES)))), None);
        assert_eq!(ClientAssertion::claimed_client("a.b"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}", part in "[A-Za-z0-9_-]{0,80}") {
            for token in [text, format!("{part}.{part}.{part}")] {
                let _ = (verify(&token), ClientAssertion::claimed_client(&token));
            }
        }
    }
}
