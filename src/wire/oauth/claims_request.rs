//! The `claims` parameter: which claims a client wants, where, and with which values (OpenID Connect Core §5.5).
//!
//! ```text
//! {"userinfo": {name: null | {"essential"?: bool, "value"?: any, "values"?: [any]}, …}, "id_token": {…}}
//! ```
//!
//! What is not understood is ignored, as §5.5 asks: other members at the top and of a claim. A member that is `null` is as
//! good as absent, and so is an empty `values`. Claims nobody here knows are kept by name until the caller drops them
//! ([`ClaimsRequest::retain`]). `verified_claims` has a form of its own: [`super::verified_claims`].
//!
//! Limits: 8 KiB, 12 levels, strict JSON, 100 claims and verification elements together. Not decided here: which claims
//! exist and who may have them. `essential` never makes a request fail (§5.5.1).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::verified_claims::VerifiedClaimsRequest;
use crate::wire::jose::json;

/// What a client asks for by name. Serialised, it is short, for it travels in sealed values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClaimsRequest {
    /// For the UserInfo response.
    #[serde(rename = "u", default, skip_serializing_if = "Vec::is_empty")]
    pub userinfo: Vec<ClaimRequest>,
    /// For the ID token.
    #[serde(rename = "i", default, skip_serializing_if = "Vec::is_empty")]
    pub id_token: Vec<ClaimRequest>,
    /// `verified_claims` of the UserInfo response: each element is answered by itself.
    #[serde(rename = "vu", default, skip_serializing_if = "Vec::is_empty")]
    pub userinfo_verified: Vec<VerifiedClaimsRequest>,
    /// `verified_claims` of the ID token.
    #[serde(rename = "vi", default, skip_serializing_if = "Vec::is_empty")]
    pub id_token_verified: Vec<VerifiedClaimsRequest>,
}

/// One claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClaimRequest {
    #[serde(rename = "n")]
    pub name: String,
    #[serde(rename = "e", default, skip_serializing_if = "is_false")]
    pub essential: bool,
    /// The one `value`, or the `values` in the order of the client's preference; empty when any will do.
    #[serde(rename = "v", default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
}

/// What is wrong with the parameter: words for `error_description` beside `invalid_request`.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ClaimsRequestError {
    #[error("claims is longer than 8 KiB: ask for fewer")]
    TooLong,
    #[error("claims is not one JSON object, at most 12 levels deep, with each member once")]
    NotStrict,
    #[error("claims has more than 100 members: ask for fewer")]
    TooMany,
    #[error("claims: {name} {problem}")]
    Member {
        /// Of the claim or member, or `?` when it cannot be shown.
        name: String,
        problem: &'static str,
    },
}

impl ClaimsRequest {
    pub fn parse(text: &str) -> Result<Self, ClaimsRequestError> {
        if text.len() > MAX_BYTES {
            return Err(ClaimsRequestError::TooLong);
        }
        let members = json::object(text.as_bytes()).map_err(|_| ClaimsRequestError::NotStrict)?;
        let mut budget = Budget::default();
        let (userinfo, userinfo_verified) = section(&members, "userinfo", &mut budget)?;
        let (id_token, id_token_verified) = section(&members, "id_token", &mut budget)?;
        Ok(Self { userinfo, id_token, userinfo_verified, id_token_verified })
    }

    /// Drops the claims whose name the caller does not know, inside `verified_claims` too.
    pub fn retain(&mut self, known: impl Fn(&str) -> bool) {
        let verified = self.userinfo_verified.iter_mut().chain(&mut self.id_token_verified);
        let lists = [&mut self.userinfo, &mut self.id_token].into_iter();
        for list in lists.chain(verified.map(|verified| &mut verified.claims)) {
            list.retain(|claim| known(&claim.name));
        }
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl ClaimRequest {
    /// Whether the client takes this value.
    pub fn accepts(&self, value: &Value) -> bool {
        self.values.is_empty() || self.values.contains(value)
    }

    pub(super) fn list(claims: &Map<String, Value>, budget: &mut Budget) -> Result<Vec<Self>, ClaimsRequestError> {
        claims.iter().map(|(name, wanted)| Self::read(name, wanted, budget)).collect()
    }

    fn read(name: &str, wanted: &Value, budget: &mut Budget) -> Result<Self, ClaimsRequestError> {
        budget.spend()?;
        let (essential, values) = match wanted {
            Value::Null => (false, Vec::new()),
            Value::Object(members) => (essential(name, members)?, values(name, members)?),
            _ => return Err(problem(name, "is neither null nor an object")),
        };
        Ok(Self { name: name.to_owned(), essential, values })
    }
}

/// How many members may still be read.
pub(super) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(MAX_MEMBERS)
    }
}

impl Budget {
    pub(super) fn spend(&mut self) -> Result<(), ClaimsRequestError> {
        self.0 = self.0.checked_sub(1).ok_or(ClaimsRequestError::TooMany)?;
        Ok(())
    }
}

type Section = (Vec<ClaimRequest>, Vec<VerifiedClaimsRequest>);

fn section(members: &Map<String, Value>, name: &str, budget: &mut Budget) -> Result<Section, ClaimsRequestError> {
    let mut claims = match members.get(name) {
        None | Some(Value::Null) => return Ok(Section::default()),
        Some(Value::Object(claims)) => claims.clone(),
        Some(_) => return Err(problem(name, "is not an object")),
    };
    let verified = match claims.remove(VERIFIED_CLAIMS) {
        None => Vec::new(),
        Some(wanted) => VerifiedClaimsRequest::list(&wanted, budget)?,
    };
    Ok((ClaimRequest::list(&claims, budget)?, verified))
}

fn essential(name: &str, members: &Map<String, Value>) -> Result<bool, ClaimsRequestError> {
    match members.get("essential") {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(essential)) => Ok(*essential),
        Some(_) => Err(problem(name, "has an essential that is neither true nor false")),
    }
}

/// The `value`, or the `values`.
pub(super) fn values(name: &str, members: &Map<String, Value>) -> Result<Vec<Value>, ClaimsRequestError> {
    let said = |member| members.get(member).filter(|value| !value.is_null());
    match (said("value"), said("values")) {
        (None, None) => Ok(Vec::new()),
        (Some(one), None) => Ok(vec![one.clone()]),
        (None, Some(Value::Array(values))) => Ok(values.clone()),
        (None, Some(_)) => Err(problem(name, "has values that are not a list")),
        (Some(_), Some(_)) => Err(problem(name, "has both value and values: send one of them")),
    }
}

pub(super) fn problem(name: &str, problem: &'static str) -> ClaimsRequestError {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:/#".contains(&byte);
    let shown = (1..=60).contains(&name.len()) && name.bytes().all(plain);
    ClaimsRequestError::Member { name: if shown { name } else { "?" }.to_owned(), problem }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

pub(super) const VERIFIED_CLAIMS: &str = "verified_claims";
const MAX_BYTES: usize = 8 * 1024;
const MAX_MEMBERS: usize = 100;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parse(claims: &Value) -> Result<ClaimsRequest, ClaimsRequestError> {
        ClaimsRequest::parse(&claims.to_string())
    }

    fn claim(name: &str, essential: bool, values: &[&str]) -> ClaimRequest {
        ClaimRequest { name: name.to_owned(), essential, values: values.iter().map(|value| json!(value)).collect() }
    }

    #[test]
    fn the_example_of_openid_connect_core_is_read() {
        let example = r#"{
           "userinfo": {
             "given_name": {"essential": true},
             "nickname": null,
             "email": {"essential": true},
             "email_verified": {"essential": true},
             "picture": null,
             "http://example.info/claims/groups": null
           },
           "id_token": {
             "auth_time": {"essential": true},
             "acr": {"values": ["urn:mace:incommon:iap:silver"]}
           }
        }"#;
        let request = ClaimsRequest::parse(example).unwrap();
        let named = |name: &str| request.userinfo.iter().find(|claim| claim.name == name);
        assert_eq!(request.userinfo.len(), 6);
        assert_eq!(named("given_name"), Some(&claim("given_name", true, &[])));
        assert_eq!(named("http://example.info/claims/groups").map(|claim| claim.essential), Some(false));
        let expected = [claim("acr", false, &["urn:mace:incommon:iap:silver"]), claim("auth_time", true, &[])];
        assert_eq!(request.id_token, expected);
    }

    #[test]
    fn one_value_several_and_none_are_told_apart() {
        let of = |wanted: Value| parse(&json!({"id_token": {"age_bracket": wanted}})).unwrap().id_token.remove(0);
        for any in [json!(null), json!({}), json!({"values": []}), json!({"value": null, "essential": null})] {
            assert_eq!(of(any.clone()), claim("age_bracket", false, &[]), "{any}");
            assert!(of(any).accepts(&json!("Y30-39")));
        }
        let one = of(json!({"value": "Y30-39", "purpose": "x"}));
        assert!(one.accepts(&json!("Y30-39")) && !one.accepts(&json!("Y40-49")) && !one.accepts(&json!(null)));
        let two = of(json!({"essential": true, "values": ["Y40-49", "Y30-39"]}));
        assert_eq!(two, claim("age_bracket", true, &["Y40-49", "Y30-39"]), "the order is the preference");
        assert!(two.accepts(&json!("Y30-39")) && !two.accepts(&json!(["Y30-39"])));
    }

    #[test]
    fn what_is_not_understood_is_ignored_and_what_is_malformed_is_named() {
        for empty in [json!({}), json!({"userinfo": null}), json!({"userinfo": {}, "other": [1]})] {
            assert!(parse(&empty).unwrap().is_empty(), "{empty}");
        }
        let message = |claims: Value| parse(&claims).unwrap_err().to_string();
        assert_eq!(message(json!({"userinfo": []})), "claims: userinfo is not an object");
        assert_eq!(message(json!({"id_token": {"acr": "1"}})), "claims: acr is neither null nor an object");
        assert_eq!(message(json!({"id_token": {"a\n": true}})), "claims: ? is neither null nor an object");
        let essential = "claims: sex has an essential that is neither true nor false";
        assert_eq!(message(json!({"userinfo": {"sex": {"essential": "yes"}}})), essential);
        assert_eq!(message(json!({"userinfo": {"sex": {"values": 1}}})), "claims: sex has values that are not a list");
        let both = "claims: sex has both value and values: send one of them";
        assert_eq!(message(json!({"userinfo": {"sex": {"value": 1, "values": [1]}}})), both);
    }

    #[test]
    fn a31_long_deep_repeated_and_many_are_refused() {
        let named = |count: usize| (0..count).map(|number| (format!("c{number}"), Value::Null)).collect::<Map<_, _>>();
        assert!(parse(&json!({"userinfo": named(60), "id_token": named(40)})).is_ok());
        assert_eq!(parse(&json!({"userinfo": named(60), "id_token": named(41)})), Err(ClaimsRequestError::TooMany));
        let long = json!({"userinfo": {"a": {"value": "x".repeat(MAX_BYTES)}}});
        assert_eq!(parse(&long), Err(ClaimsRequestError::TooLong));
        let deep = format!(r#"{{"userinfo":{{"a":{{"value":{}{}}}}}}}"#, "[".repeat(10), "]".repeat(10));
        for bad in
            [r#"{"userinfo":{"a":null,"a":null}}"#, r#"{"userinfo":{"a":null,"\u0061":null}}"#, "[]", "", "x", &deep]
        {
            assert_eq!(ClaimsRequest::parse(bad), Err(ClaimsRequestError::NotStrict), "{bad}");
        }
    }

    #[test]
    fn a28_claims_that_nobody_knows_are_dropped_everywhere() {
        let verified = json!({"verification": {"trust_framework": null}, "claims": {"name": null, "birthdate": null}});
        let mut request = parse(&json!({
            "userinfo": {"birthdate": {"essential": true}, "sex": null, "verified_claims": verified},
            "id_token": {"verified_claims": [verified]},
        }))
        .unwrap();
        request.retain(|name| name != "birthdate");
        assert_eq!(request.userinfo, [claim("sex", false, &[])]);
        assert_eq!(request.userinfo_verified[0].claims, [claim("name", false, &[])]);
        assert_eq!(request.id_token_verified[0].claims, [claim("name", false, &[])]);
    }

    #[test]
    fn it_survives_its_short_encoding() {
        let request = parse(&json!({
            "userinfo": {"sex": null},
            "id_token": {"acr": {"essential": true, "values": ["a", "b"]}},
        }))
        .unwrap();
        let text = serde_json::to_string(&request).unwrap();
        assert_eq!(text, r#"{"u":[{"n":"sex"}],"i":[{"n":"acr","e":true,"v":["a","b"]}]}"#);
        assert_eq!(serde_json::from_str::<ClaimsRequest>(&text).unwrap(), request);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_read_survives(text in ".{0,200}", name in ".{0,20}", value in any::<i64>()) {
            let _ = ClaimsRequest::parse(&text);
            let request = parse(&json!({"userinfo": {name: {"value": value}}})).unwrap();
            let again = serde_json::from_str::<ClaimsRequest>(&serde_json::to_string(&request).unwrap()).unwrap();
            prop_assert_eq!(again, request);
        }
    }
}
