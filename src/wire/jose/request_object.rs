//! The parameters of an authorization request as a JWT that the client signed (RFC 9101; OpenID Connect Core §6).
//!
//! ```text
//! {"iss": client_id, "aud": issuer, "exp", "nbf"?, "client_id"?, "response_type", "redirect_uri", "scope", "claims": {…}, …}
//! ```
//!
//! `typ` is `oauth-authz-req+jwt` or missing, or `JWT` when that is allowed by name (OpenID Connect Core knows no `typ`),
//! never that of another kind. `exp` must be there and lie within an hour of now and of `nbf` (FAPI 2.0 Message Signing
//! §5.3.1). `iat` and `nbf` may lie 10 seconds ahead. A `client_id` inside must be the one outside (RFC 9101 §5), `request`
//! and `request_uri` may not be inside (§4), and a `sub` that is the client's own makes it look like an assertion (§10.8).
//! Limits: 16 KiB, 12 levels.
//!
//! Not verified here: the parameters themselves, and whether they agree with those outside.

use serde_json::{Map, Value};

use super::{Algorithm, KeySet, Refusal, Typ, Verified, Verifier};

/// The claims of a request object that holds: parameters, and those of the JWT itself.
pub type RequestObject = Map<String, Value>;

/// What a request object must say. What is not allowed by name is refused.
#[derive(Clone, Copy, Debug)]
pub struct RequestObjectVerifier<'a> {
    verifier: Verifier<'a>,
    client_id: &'a str,
}

impl<'a> RequestObjectVerifier<'a> {
    /// Of this client, for this issuer: `aud` is it, or a list of it alone.
    pub const fn new(client_id: &'a str, issuer: &'a str) -> Self {
        let verifier = Verifier::new(Typ::RequestObject, client_id, issuer)
            .audience_may_be_a_list()
            .typ_may_be_missing()
            .kid_may_be_missing()
            .require(&[])
            .clock_ahead(MAX_AHEAD)
            .max_lifetime(MAX_LIFETIME);
        Self { verifier, client_id }
    }

    /// Only these algorithms.
    #[must_use]
    pub const fn algorithms(mut self, algorithms: &'a [Algorithm]) -> Self {
        self.verifier = self.verifier.algorithms(algorithms);
        self
    }

    /// `typ` may be `JWT`.
    #[must_use]
    pub const fn typ_may_be_jwt(mut self) -> Self {
        self.verifier = self.verifier.or_typ(Typ::Jwt);
        self
    }

    /// `nbf` must be there (FAPI 2.0 Message Signing §5.3.1).
    #[must_use]
    pub const fn nbf_required(mut self) -> Self {
        self.verifier = self.verifier.require(&["nbf"]);
        self
    }

    /// `aud` may be a list in which others stand beside our issuer.
    #[must_use]
    pub const fn audience_list_may_name_others(mut self) -> Self {
        self.verifier = self.verifier.audience_list_may_name_others();
        self
    }

    /// At `now` in seconds since the epoch.
    pub fn verify(&self, token: &str, keys: &KeySet, now: i64) -> Result<Verified<RequestObject>, Refusal> {
        let verified = self.verifier.verify::<RequestObject>(token, keys, now)?;
        if let Some(name) = NOT_INSIDE.into_iter().find(|name| verified.claims.contains_key(*name)) {
            return Err(Refusal::Unwanted(name));
        }
        let own = |name| verified.claims.get(name).map(|value| value == self.client_id);
        if own("client_id") == Some(false) {
            return Err(Refusal::Differs("client_id"));
        }
        if own("sub") == Some(true) {
            return Err(Refusal::Unwanted("sub"));
        }
        Ok(verified)
    }
}

const NOT_INSIDE: [&str; 2] = ["request", "request_uri"];
/// Seconds.
const MAX_LIFETIME: i64 = 60 * 60;
const MAX_AHEAD: i64 = 10;

#[cfg(test)]
mod tests {
    use data_encoding::BASE64URL_NOPAD;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::wire::jose::{
        Jwk, JwkSet,
        keys::VerificationKey,
        segments::Segments,
        tests::{keys, signed_with, vectors},
    };

    const CLIENT: &str = "c_forum";
    const ISSUER: &str = "https://issuer.example";
    const NOW: i64 = 1_900_000_000;

    fn claims() -> Value {
        json!({
            "iss": CLIENT, "aud": ISSUER, "exp": NOW + 300, "nbf": NOW, "client_id": CLIENT, "response_type": "code",
            "max_age": 60, "claims": {"id_token": {"acr": null}},
        })
    }

    /// A good object with one claim changed, or taken out by `null`.
    fn with(name: &str, value: Value) -> String {
        let mut claims = claims();
        claims[name] = value;
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        signed_with(&json!({"alg": "EdDSA", "typ": "oauth-authz-req+jwt"}), &claims)
    }

    fn verifier() -> RequestObjectVerifier<'static> {
        RequestObjectVerifier::new(CLIENT, ISSUER)
    }

    fn verify(token: &str) -> Result<RequestObject, Refusal> {
        verifier().verify(token, &keys(), NOW).map(|verified| verified.claims)
    }

    #[test]
    fn the_parameters_come_back_as_they_were_signed() {
        assert_eq!(
            verify(&with("iat", json!(NOW))).map(|object| object["claims"].clone()),
            Ok(claims()["claims"].clone())
        );
        for name in ["client_id", "nbf"] {
            assert!(verify(&with(name, json!(null))).is_ok(), "{name} may be left out");
        }
    }

    #[test]
    fn the_example_of_openid_connect_core_is_signed_well_and_lacks_an_end() {
        let example = &vectors()["openid-core-6.1"];
        let set = JwkSet::parse(json!({"keys": [example["jwk"]]}).to_string().as_bytes()).unwrap();
        let (token, key): (_, &Jwk) = (example["request"].as_str().unwrap(), &set.keys[0]);
        let signed =
            VerificationKey::new(key, None).check_signature(Algorithm::RS256, &Segments::split(token).unwrap());
        assert_eq!(signed, Ok(()));
        let of = |client_id| RequestObjectVerifier::new(client_id, "https://server.example.com");
        let result = |client_id| of(client_id).verify(token, &KeySet::new(&set), NOW).err();
        assert_eq!(result("s6BhdRkqt3"), Some(Refusal::Missing("exp")));
        assert_eq!(result(CLIENT), Some(Refusal::Issuer));
    }

    #[test]
    fn a26_unsigned_or_signed_with_a_mac_of_the_public_key_is_refused() {
        for alg in ["none", "HS256"] {
            let token = signed_with(&json!({"alg": alg}), &claims());
            assert_eq!(verify(&token), Err(Refusal::Algorithm), "{alg}");
            let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
            assert_eq!(verify(&unsigned), Err(Refusal::Algorithm), "{alg}");
        }
        let strict = verifier().algorithms(&[Algorithm::PS256]).verify(&with("x", json!(1)), &keys(), NOW);
        assert_eq!(strict.err(), Some(Refusal::Algorithm));
        let other = BASE64URL_NOPAD.encode(&[7; 64]);
        let forged = format!("{}.{other}", with("x", json!(1)).rsplit_once('.').unwrap().0);
        assert_eq!(verify(&forged), Err(Refusal::Signature));
    }

    #[test]
    fn a26_a_wrong_audience_is_refused_and_a_list_is_ours_alone_unless_allowed() {
        assert!(verify(&with("aud", json!([ISSUER]))).is_ok());
        let both = json!(["https://other.example", ISSUER]);
        for aud in [json!(null), json!("https://issuer.example/"), json!([]), json!(["x"]), json!(1), both.clone()] {
            assert_eq!(verify(&with("aud", aud.clone())), Err(Refusal::Audience), "{aud}");
        }
        let lenient = verifier().audience_list_may_name_others();
        let check = |aud: Value| lenient.verify(&with("aud", aud), &keys(), NOW).map(|_| ());
        assert_eq!(check(both), Ok(()));
        for aud in [json!(["https://other.example"]), json!([]), json!([ISSUER, 1]), json!("https://other.example")] {
            assert_eq!(check(aud.clone()), Err(Refusal::Audience), "{aud}");
        }
    }

    #[test]
    fn a26_without_exp_or_living_longer_than_an_hour_it_is_refused() {
        assert_eq!(verify(&with("exp", json!(null))), Err(Refusal::Missing("exp")));
        assert_eq!(verify(&with("exp", json!(NOW))), Err(Refusal::Expired));
        assert!(verify(&with("exp", json!(NOW + 3_600))).is_ok());
        assert_eq!(verify(&with("exp", json!(NOW + 3_601))), Err(Refusal::Date("exp")), "an hour after nbf");
        assert_eq!(verify(&with("nbf", json!(NOW - 3_301))), Err(Refusal::Date("exp")), "nbf long past");
        let mut without = claims();
        without.as_object_mut().unwrap().remove("nbf");
        without["exp"] = json!(NOW + 3_611);
        assert_eq!(verify(&signed_with(&json!({"alg": "EdDSA"}), &without)), Err(Refusal::Date("exp")));
    }

    #[test]
    fn r22_nbf_may_lie_ten_seconds_ahead_and_must_be_there_when_asked() {
        assert!(verify(&with("nbf", json!(NOW + 10))).is_ok());
        assert_eq!(verify(&with("nbf", json!(NOW + 11))), Err(Refusal::NotYet("nbf")));
        assert_eq!(verify(&with("nbf", json!(NOW + 61))), Err(Refusal::NotYet("nbf")));
        let strict = verifier().nbf_required();
        assert!(strict.verify(&with("x", json!(1)), &keys(), NOW).is_ok());
        assert_eq!(strict.verify(&with("nbf", json!(null)), &keys(), NOW).err(), Some(Refusal::Missing("nbf")));
    }

    #[test]
    fn a26_another_client_inside_is_refused() {
        for iss in [json!(null), json!("c_other"), json!([CLIENT])] {
            assert_eq!(verify(&with("iss", iss)), Err(Refusal::Issuer));
        }
        for client_id in [json!("c_other"), json!(7), json!([CLIENT])] {
            assert_eq!(verify(&with("client_id", client_id)), Err(Refusal::Differs("client_id")));
        }
    }

    #[test]
    fn a_request_inside_a_request_and_an_assertion_are_refused() {
        for name in ["request", "request_uri"] {
            assert_eq!(verify(&with(name, json!("x"))), Err(Refusal::Unwanted(name)));
        }
        assert_eq!(verify(&with("sub", json!(CLIENT))), Err(Refusal::Unwanted("sub")));
    }

    #[test]
    fn f13_a_request_object_is_typed_as_one_or_not_at_all_and_as_jwt_only_when_allowed() {
        for typ in Typ::ALL {
            let token = signed_with(&json!({"alg": "EdDSA", "typ": typ.as_str()}), &claims());
            let own = typ == Typ::RequestObject;
            assert_eq!(verify(&token).err(), (!own).then_some(Refusal::Typ), "{typ:?}");
            let lenient = verifier().typ_may_be_jwt().verify(&token, &keys(), NOW).err();
            assert_eq!(lenient, (!own && typ != Typ::Jwt).then_some(Refusal::Typ), "{typ:?}");
        }
        assert!(verify(&signed_with(&json!({"alg": "EdDSA"}), &claims())).is_ok());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}", part in "[A-Za-z0-9_-]{0,80}") {
            let _ = (verify(&text), verify(&format!("{part}.{part}.{part}")));
        }
    }
}
