//! `verified_claims`: claims together with how they were verified (OpenID Identity Assurance Schema Definition 1.0, OpenID
//! Connect for Identity Assurance 1.0).
//!
//! ```text
//! request   {"verification": {"trust_framework": null | {"value" | "values"}, "time": {"max_age"}, "evidence": [{…}], …},
//!            "claims": {name: null | {"essential", "value" | "values"}, …}}        or a list of these
//! response  {"verification": {"trust_framework": "…", …}, "claims": {name: value, …}}
//! ```
//!
//! An element of `verification` is asked for by `null`; limited by `value`, `values` or `max_age`; or, when it has other
//! members, asked for piece by piece. A list, as of `evidence`, holds templates of which one must fit. What was not asked
//! for is not answered, and what was cannot be answered is left out, never an error (§5.7): a limit inside `verification`
//! that is not met leaves out the whole element, a limit on a claim that claim; an element left without claims goes too.
//! None of this depends on `essential`.
//!
//! Refused: `verification` or `claims` missing or empty, and what is neither `null` nor an object or list. Limits: those of
//! [`super::claims_request`].

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::claims_request::{Budget, ClaimRequest, ClaimsRequestError, VERIFIED_CLAIMS, problem, values};

/// One element of a request for `verified_claims`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerifiedClaimsRequest {
    #[serde(rename = "v")]
    verification: Vec<(String, Wanted)>,
    #[serde(rename = "c")]
    pub claims: Vec<ClaimRequest>,
}

/// How much of an element is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Wanted {
    #[serde(rename = "a")]
    Any,
    #[serde(rename = "l")]
    Limited { values: Vec<Value>, max_age: Option<u32> },
    #[serde(rename = "m")]
    Members(Vec<(String, Wanted)>),
    #[serde(rename = "t")]
    Templates(Vec<Wanted>),
}

/// A limit is not met: the whole element is left out (§5.7.4).
struct Unmet;

impl VerifiedClaimsRequest {
    /// The answer to this element, made of what is held: all of the verification, and the claims that the person agreed
    /// to. `None` when the element is left out. `now` is in seconds since the epoch.
    pub fn answer(&self, verification: &Map<String, Value>, claims: &Map<String, Value>, now: i64) -> Option<Value> {
        let verification = self.fulfil(verification, now)?;
        let claims = self.matching(claims);
        let both = [("verification", verification), ("claims", claims)];
        let whole = both.iter().all(|(_, members)| !members.is_empty());
        whole.then(|| both.into_iter().map(|(name, members)| (name.to_owned(), Value::Object(members))).collect())
    }

    /// What was asked for of a verification; `None` when it does not meet the request. The trust framework is always in
    /// it, because no response is valid without (Schema Definition §5.4).
    pub fn fulfil(&self, held: &Map<String, Value>, now: i64) -> Option<Map<String, Value>> {
        let framework = held.get(TRUST_FRAMEWORK)?;
        let mut selected = members(&self.verification, Some(held), now).ok()?;
        selected.insert(TRUST_FRAMEWORK.to_owned(), framework.clone());
        Some(selected)
    }

    /// Of what is held, the claims that were asked for and have a value that the client takes.
    pub fn matching(&self, held: &Map<String, Value>) -> Map<String, Value> {
        let matching = self.claims.iter().filter_map(|claim| {
            let value = held.get(&claim.name).filter(|value| claim.accepts(value))?;
            Some((claim.name.clone(), value.clone()))
        });
        matching.collect()
    }

    pub(super) fn list(wanted: &Value, budget: &mut Budget) -> Result<Vec<Self>, ClaimsRequestError> {
        match wanted {
            Value::Array(elements) if !elements.is_empty() => {
                elements.iter().map(|element| Self::read(element, budget)).collect()
            }
            element => Ok(vec![Self::read(element, budget)?]),
        }
    }

    fn read(element: &Value, budget: &mut Budget) -> Result<Self, ClaimsRequestError> {
        budget.spend()?;
        let part = |name| element.get(name).and_then(Value::as_object).filter(|members| !members.is_empty());
        let missing = |what| problem(VERIFIED_CLAIMS, what);
        let verification = part("verification").ok_or_else(|| missing("has an element without verification"))?;
        let claims = part("claims").ok_or_else(|| missing("has an element without claims"))?;
        let verification = Wanted::members(verification, budget)?;
        Ok(Self { verification, claims: ClaimRequest::list(claims, budget)? })
    }
}

impl Wanted {
    fn members(wanted: &Map<String, Value>, budget: &mut Budget) -> Result<Vec<(String, Self)>, ClaimsRequestError> {
        wanted.iter().map(|(name, wanted)| Ok((name.clone(), Self::read(name, wanted, budget)?))).collect()
    }

    fn read(name: &str, wanted: &Value, budget: &mut Budget) -> Result<Self, ClaimsRequestError> {
        budget.spend()?;
        match wanted {
            Value::Null => Ok(Self::Any),
            Value::Object(members) if members.keys().all(|key| LIMITS.contains(&key.as_str())) => {
                let (values, max_age) = (values(name, members)?, max_age(name, members)?);
                let free = values.is_empty() && max_age.is_none();
                Ok(if free { Self::Any } else { Self::Limited { values, max_age } })
            }
            Value::Object(members) => Self::members(members, budget).map(Self::Members),
            Value::Array(templates) => {
                let templates = templates.iter().map(|template| Self::read(name, template, budget));
                let templates = templates.collect::<Result<Vec<_>, _>>()?;
                Ok(if templates.is_empty() { Self::Any } else { Self::Templates(templates) })
            }
            _ => Err(problem(name, "is neither null nor an object or list")),
        }
    }

    /// What was asked for of an element that is held or not; `None` where there is nothing to answer.
    fn select(&self, held: Option<&Value>, now: i64) -> Result<Option<Value>, Unmet> {
        match self {
            Self::Any => Ok(held.cloned()),
            Self::Limited { values, max_age } => {
                let held = held.ok_or(Unmet)?;
                let fits = values.is_empty() || values.contains(held);
                let fresh = max_age.is_none_or(|max_age| is_fresh(held, max_age, now));
                if fits && fresh { Ok(Some(held.clone())) } else { Err(Unmet) }
            }
            Self::Members(wanted) => {
                let selected = members(wanted, held.and_then(Value::as_object), now)?;
                Ok((!selected.is_empty()).then_some(Value::Object(selected)))
            }
            Self::Templates(templates) => one_of(templates, held.and_then(Value::as_array), now),
        }
    }
}

fn members(
    wanted: &[(String, Wanted)],
    held: Option<&Map<String, Value>>,
    now: i64,
) -> Result<Map<String, Value>, Unmet> {
    let mut selected = Map::new();
    for (name, wanted) in wanted {
        if let Some(value) = wanted.select(held.and_then(|held| held.get(name)), now)? {
            selected.insert(name.clone(), value);
        }
    }
    Ok(selected)
}

/// Of every entry of the list that fits a template, what the first such template asks for (§5.4). When there is none, a
/// template that would have been content with nothing decides that nothing is answered.
fn one_of(templates: &[Wanted], held: Option<&Vec<Value>>, now: i64) -> Result<Option<Value>, Unmet> {
    let fitting = |entry| templates.iter().find_map(|template| template.select(Some(entry), now).ok().flatten());
    let selected: Vec<_> = held.into_iter().flatten().filter_map(fitting).collect();
    if !selected.is_empty() {
        return Ok(Some(Value::Array(selected)));
    }
    let content = templates.iter().any(|template| template.select(None, now).is_ok());
    if content { Ok(None) } else { Err(Unmet) }
}

fn max_age(name: &str, members: &Map<String, Value>) -> Result<Option<u32>, ClaimsRequestError> {
    match members.get("max_age") {
        None | Some(Value::Null) => Ok(None),
        Some(seconds) => {
            let seconds =
                seconds.as_u64().ok_or_else(|| problem(name, "has a max_age that is no number of seconds"))?;
            Ok(Some(u32::try_from(seconds).unwrap_or(u32::MAX)))
        }
    }
}

/// Whether a time or date is at most `max_age` seconds old, counted from the last second of a date (§5.5.2).
fn is_fresh(held: &Value, max_age: u32, now: i64) -> bool {
    let moment = |text: &str| text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_second);
    let end_of_day = |text: &str| {
        let last = text.parse::<jiff::civil::Date>()?.at(23, 59, 59, 0);
        jiff::tz::Offset::UTC.to_timestamp(last).map(jiff::Timestamp::as_second)
    };
    let second = held.as_str().and_then(|text| moment(text).or_else(|_| end_of_day(text)).ok());
    second.is_some_and(|second| now.saturating_sub(second) <= i64::from(max_age))
}

const TRUST_FRAMEWORK: &str = "trust_framework";
/// The members of an element that is limited, not taken apart. `purpose` is of earlier drafts, and says nothing.
const LIMITS: [&str; 5] = ["essential", "value", "values", "max_age", "purpose"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::wire::oauth::ClaimsRequest;

    /// 2026-06-01T00:00:00Z.
    const NOW: i64 = 1_780_272_000;

    fn parse(wanted: &Value) -> Result<Vec<VerifiedClaimsRequest>, ClaimsRequestError> {
        let request = ClaimsRequest::parse(&json!({"id_token": {"verified_claims": wanted}}).to_string())?;
        Ok(request.id_token_verified)
    }

    fn verification() -> Value {
        json!({
            "trust_framework": "fr_town_hall",
            "assurance_level": "substantial",
            "time": "2026-05-31T10:00Z",
            "evidence": [
                {"type": "document", "check_details": [{"check_method": "vpip"}], "document_details": {"type": "idcard"}},
                {"type": "vouch", "attestation": {"type": "written"}},
            ],
        })
    }

    fn claims() -> Value {
        json!({"age_bracket": "Y30-39", "residence": "FR-38", "sex": 2})
    }

    /// The answer to one element, from all that is held.
    fn answer(wanted: &Value) -> Option<Value> {
        let [request] = parse(wanted).unwrap().try_into().unwrap();
        request.answer(verification().as_object().unwrap(), claims().as_object().unwrap(), NOW)
    }

    fn asking(verification: &Value) -> Option<Value> {
        let answer = answer(&json!({"verification": verification, "claims": {"sex": null}}))?;
        assert_eq!(answer["claims"], json!({"sex": 2}));
        Some(answer["verification"].clone())
    }

    fn of_claims(claims: &Value) -> Option<Value> {
        answer(&json!({"verification": {"trust_framework": null}, "claims": claims}))
            .map(|answer| answer["claims"].clone())
    }

    #[test]
    fn only_what_was_asked_for_is_answered() {
        let wanted = json!({"verification": {"trust_framework": null, "time": null}, "claims": {"residence": null}});
        let expected = json!({
            "verification": {"trust_framework": "fr_town_hall", "time": "2026-05-31T10:00Z"},
            "claims": {"residence": "FR-38"},
        });
        assert_eq!(answer(&wanted), Some(expected));
        assert_eq!(asking(&json!({"trust_framework": {"essential": true}})).unwrap().as_object().unwrap().len(), 1);
        assert_eq!(asking(&json!({"time": {}})).unwrap()["trust_framework"], "fr_town_hall", "no answer without it");
        assert_eq!(asking(&json!({"evidence": null})).unwrap()["evidence"], verification()["evidence"]);
    }

    #[test]
    fn claims_without_data_or_with_another_value_are_left_out() {
        let wanted =
            json!({"birthdate": {"essential": true}, "sex": {"value": 1}, "age_bracket": {"values": ["Y30-39"]}});
        assert_eq!(of_claims(&wanted), Some(json!({"age_bracket": "Y30-39"})));
        assert_eq!(of_claims(&json!({"residence": {}, "claim%1/a&,.b": null})), Some(json!({"residence": "FR-38"})));
    }

    #[test]
    fn an_element_left_without_claims_is_left_out() {
        assert_eq!(of_claims(&json!({"birthdate": null})), None);
        assert_eq!(of_claims(&json!({"sex": {"value": "9c1e"}})), None);
    }

    #[test]
    fn a_verification_that_does_not_match_leaves_the_whole_element_out() {
        for met in [json!({"value": "fr_town_hall"}), json!({"values": ["eidas", "fr_town_hall"]})] {
            assert!(asking(&json!({"trust_framework": met})).is_some(), "{met}");
        }
        for unmet in [json!({"value": "eidas"}), json!({"values": ["eidas", "gold"]}), json!({"value": 1})] {
            assert_eq!(asking(&json!({"trust_framework": unmet})), None, "{unmet}");
        }
        let level = |level: &str| json!({"trust_framework": null, "assurance_level": {"value": level}});
        assert!(asking(&level("substantial")).is_some());
        assert_eq!(asking(&level("high")), None);
        assert_eq!(asking(&json!({"trust_framework": null, "assurance_process": {"policy": {"value": "x"}}})), None);
        let unlimited = asking(&json!({"trust_framework": null, "assurance_process": {"policy": null}})).unwrap();
        assert_eq!(unlimited, json!({"trust_framework": "fr_town_hall"}), "not held, and nothing was required of it");
    }

    #[test]
    fn without_a_trust_framework_there_is_no_answer() {
        let [request] =
            parse(&json!({"verification": {"time": null}, "claims": {"sex": null}})).unwrap().try_into().unwrap();
        let held = json!({"time": "2026-05-31"});
        assert_eq!(request.fulfil(held.as_object().unwrap(), NOW), None);
    }

    #[test]
    fn max_age_counts_from_the_moment_or_from_the_end_of_the_day() {
        let asked = |max_age: u64| asking(&json!({"time": {"max_age": max_age}}));
        let age = 14 * 60 * 60;
        assert!(asked(age).is_some() && asked(u64::MAX).is_some());
        assert_eq!(asked(age - 1), None);
        let day = |text: &str, max_age| is_fresh(&json!(text), max_age, NOW);
        assert!(day("2026-05-31", 1) && !day("2026-05-31", 0) && !day("2026-05-30", 86_400));
        assert!(!day("yesterday", u32::MAX) && !is_fresh(&json!(NOW), u32::MAX, NOW));
        assert_eq!(asking(&json!({"assurance_level": {"max_age": 1_000}})), None, "it is no time");
    }

    #[test]
    fn evidence_is_filtered_by_templates_of_which_one_must_fit() {
        let document =
            json!({"type": {"value": "document"}, "document_details": {"type": {"values": ["idcard", "passport"]}}});
        let other = json!({"type": {"value": "electronic_record"}});
        let vouch = json!({"type": {"value": "vouch"}});
        let evidence =
            |templates: Value| asking(&json!({"evidence": templates})).map(|answer| answer["evidence"].clone());
        let id_card = json!({"type": "document", "document_details": {"type": "idcard"}});
        assert_eq!(evidence(json!([document])), Some(json!([id_card])));
        assert_eq!(evidence(json!([other, document, vouch])), Some(json!([id_card, {"type": "vouch"}])));
        assert_eq!(evidence(json!([other])), None);
        let nested = json!({"type": {"value": "document"}, "check_details": [{"check_method": {"value": "vri"}}]});
        assert_eq!(evidence(json!([nested])), None);
        assert_eq!(evidence(json!([])), Some(verification()["evidence"].clone()));
    }

    #[test]
    fn each_element_of_a_list_is_answered_by_itself() {
        let element = |framework: &str, claim: &str| json!({"verification": {"trust_framework": {"value": framework}}, "claims": {claim: null}});
        let requests = parse(&json!([element("eidas", "sex"), element("fr_town_hall", "sex")])).unwrap();
        let answers: Vec<_> = requests
            .iter()
            .map(|request| request.answer(verification().as_object().unwrap(), claims().as_object().unwrap(), NOW))
            .collect();
        assert!(answers[0].is_none() && answers[1].is_some());
    }

    #[test]
    fn an_element_without_verification_or_claims_is_refused() {
        let verification = json!({"trust_framework": null});
        let claims = json!({"sex": null});
        for wanted in [json!(null), json!([]), json!({}), json!("x"), json!([null]), json!({"claims": claims})] {
            let error = parse(&wanted).unwrap_err().to_string();
            assert_eq!(error, "claims: verified_claims has an element without verification", "{wanted}");
        }
        for none in [json!(null), json!({}), json!([])] {
            let error = parse(&json!({"verification": verification, "claims": none})).unwrap_err().to_string();
            assert_eq!(error, "claims: verified_claims has an element without claims", "{none}");
            let error = parse(&json!({"verification": none, "claims": claims})).unwrap_err().to_string();
            assert_eq!(error, "claims: verified_claims has an element without verification", "{none}");
        }
    }

    #[test]
    fn malformed_elements_are_named() {
        let message = |verification: Value| {
            parse(&json!({"verification": verification, "claims": {"sex": null}})).unwrap_err().to_string()
        };
        let neither = "claims: trust_framework is neither null nor an object or list";
        assert_eq!(message(json!({"trust_framework": "eidas"})), neither);
        let no_number = "claims: time has a max_age that is no number of seconds";
        for max_age in [json!("1"), json!(-1), json!(1.5)] {
            assert_eq!(message(json!({"time": {"max_age": max_age}})), no_number);
        }
        let many = json!({"verification": {"evidence": vec![json!({"type": null}); 60]}, "claims": {"sex": null}});
        assert_eq!(parse(&many), Err(ClaimsRequestError::TooMany));
    }

    #[test]
    fn it_survives_its_encoding() {
        let evidence = json!([{"type": {"value": "document"}, "time": {"max_age": 5}}]);
        let requests =
            parse(&json!({"verification": {"time": null, "evidence": evidence}, "claims": {"sex": null}})).unwrap();
        let text = serde_json::to_string(&requests).unwrap();
        assert_eq!(serde_json::from_str::<Vec<VerifiedClaimsRequest>>(&text).unwrap(), requests);
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf =
            prop_oneof![Just(Value::Null), any::<u32>().prop_map(Value::from), "[a-z]{0,3}".prop_map(Value::from),];
        leaf.prop_recursive(4, 16, 3, |inner| {
            let name = prop_oneof!["value", "values", "max_age", "verification", "claims", "evidence", "type", "time"];
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                proptest::collection::vec((name, inner), 0..3).prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn nothing_asked_makes_it_panic_or_answer_more_than_is_held(verification_wanted in json_value(), claims_wanted in json_value()) {
            let Ok(requests) = parse(&json!({"verification": verification_wanted, "claims": claims_wanted})) else {
                return Ok(());
            };
            for request in requests {
                let (held, held_claims) = (verification(), claims());
                let answer = request.answer(held.as_object().unwrap(), held_claims.as_object().unwrap(), NOW);
                for (name, value) in answer.iter().filter_map(|answer| answer["claims"].as_object()).flatten() {
                    prop_assert_eq!(Some(value), held_claims.get(name));
                }
            }
        }
    }
}
