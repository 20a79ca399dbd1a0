//! The `claims` parameter (OpenID Connect Core §5.5): claims asked for by name, where they are wanted, with the values that
//! are wanted; and `verified_claims` (OpenID Connect for Identity Assurance).

use heteronym::clients::Draft;
use serde_json::{Value, json};

use crate::harness::{Answer, Choices, Citizen, Forum, Service, Tokens};

struct House {
    service: Service,
    forum: Forum,
    citizen: Citizen,
}

async fn house() -> House {
    let service = Service::start().await;
    let draft = Draft { scope: "openid profile age residence".to_owned(), ..Draft::default() };
    let forum = service.register("forum.example", draft).await;
    let citizen = service.arnaud().await;
    House { service, forum, citizen }
}

impl House {
    async fn tokens(&self, scope: &str, claims: &Value) -> Tokens {
        let mut browser = self.service.browser();
        browser.sign_in(&self.service, &self.citizen).await;
        let request = self.forum.request(scope).and("claims", &claims.to_string());
        let answer = browser.authorize(&request, &Choices::all("Genêt").at("departement")).await;
        self.forum.tokens(&self.service, &request, &answer).await
    }

    /// What is told of the person in the ID token and by UserInfo.
    async fn told(&self, scope: &str, claims: &Value) -> (Value, Value) {
        let tokens = self.tokens(scope, claims).await;
        let mut id_token = self.service.verified(&self.forum, &tokens.id_token).await;
        for of_the_token in ["iss", "aud", "exp", "iat", "nonce", "acr", "amr", "at_hash", "sid", "sub"] {
            assert!(id_token.remove(of_the_token).is_some(), "{of_the_token}");
        }
        let mut userinfo = self.service.told(&tokens).await;
        userinfo.as_object_mut().unwrap().remove("sub");
        (Value::Object(id_token), userinfo)
    }
}

#[tokio::test]
async fn a_claim_stands_where_it_was_asked_for_and_nowhere_else() {
    let house = house().await;
    let asked =
        json!({"id_token": {"age_bracket": null, "unknown": {"essential": true}}, "userinfo": {"residence": null}});
    let (id_token, userinfo) = house.told("openid", &asked).await;
    assert_eq!(id_token, json!({"age_bracket": "Y30-39"}));
    assert_eq!(userinfo, json!({"residence": "FR-38"}));
}

#[tokio::test]
async fn a_scope_and_a_name_beside_it_are_both_answered() {
    let house = house().await;
    let (id_token, userinfo) = house.told("openid age", &json!({"userinfo": {"residence_label": null}})).await;
    assert_eq!(id_token, json!({}));
    assert_eq!(userinfo["residence_label"], "Isère");
    assert_eq!((userinfo["age_bracket"].as_str(), userinfo.get("residence")), (Some("Y30-39"), None));
}

#[tokio::test]
async fn a28_what_is_not_of_this_server_or_not_registered_is_never_released() {
    let house = house().await;
    let wanted = ["birthdate", "given_name", "family_name", "email", "address", "sex", "roles", "person", "login"];
    let members = || wanted.iter().map(|name| ((*name).to_owned(), json!({"essential": true}))).collect();
    let asked = json!({"id_token": Value::Object(members()), "userinfo": Value::Object(members())});
    assert_eq!(house.told("openid", &asked).await, (json!({}), json!({})));
}

#[tokio::test]
async fn a_value_that_the_client_does_not_take_is_left_out() {
    let house = house().await;
    let asked = json!({"userinfo": {
        "age_bracket": {"values": ["Y18-24", "Y25-29"]},
        "age_over_18": {"value": true},
        "residence": {"value": "FR-38"},
    }});
    let (_, userinfo) = house.told("openid", &asked).await;
    assert_eq!(userinfo, json!({"age_over_18": true, "residence": "FR-38"}));
}

#[tokio::test]
async fn what_was_declined_is_not_told_however_it_is_asked_for() {
    let house = house().await;
    let mut browser = house.service.browser();
    browser.sign_in(&house.service, &house.citizen).await;
    let asked = json!({"id_token": {"age_bracket": {"essential": true}}, "userinfo": {"residence": null}});
    let request = house.forum.request("openid").and("claims", &asked.to_string());
    let answer = browser.authorize(&request, &Choices::all("Genêt").at("departement").but("age_bracket")).await;
    let tokens = house.forum.tokens(&house.service, &request, &answer).await;
    let id_token = house.service.verified(&house.forum, &tokens.id_token).await;
    assert_eq!(id_token.get("age_bracket"), None);
    assert_eq!(house.service.told(&tokens).await["residence"], "FR-38");
}

#[tokio::test]
async fn the_subject_may_be_asked_for_and_another_one_is_not_let_in() {
    let house = house().await;
    let tokens = house.tokens("openid", &json!({})).await;
    let sub = house.service.verified(&house.forum, &tokens.id_token).await["sub"].clone();
    let again = house.tokens("openid", &json!({"id_token": {"sub": {"value": sub}}})).await;
    assert_eq!(house.service.verified(&house.forum, &again.id_token).await["sub"], sub);
    let mut browser = house.service.browser();
    browser.sign_in(&house.service, &house.citizen).await;
    let other = json!({"id_token": {"sub": {"value": "A".repeat(43)}}}).to_string();
    let request = house.forum.request("openid").and("claims", &other);
    assert_eq!(Answer::of(&browser.get(&request.target()).await).error(), "login_required");
}

#[tokio::test]
async fn a29_an_acr_that_cannot_be_had_is_an_error_only_where_it_is_essential() {
    let house = house().await;
    let acr = |essential: bool, value: &str| json!({"id_token": {"acr": {"essential": essential, "value": value}}});
    let mut browser = house.service.browser();
    browser.sign_in(&house.service, &house.citizen).await;
    house.service.wait(1);
    let request = house.forum.request("openid").and("claims", &acr(true, "urn:elsewhere:acr").to_string());
    let silent = request.clone().and("prompt", "none");
    assert_eq!(Answer::of(&browser.get(&silent.target()).await).error(), "login_required");
    let asked = browser.get(&request.target()).await;
    assert!(asked.location().unwrap().starts_with("/sign-in"), "a stronger sign-in is asked for");
    // Whoever has just done what they can is not asked once more.
    browser.sign_in(&house.service, &house.citizen).await;
    let (_, sealed) = asked.location().unwrap().split_once("?return=tx.").unwrap();
    let resumed = format!("/interaction?tx={sealed}");
    assert_eq!(Answer::of(&browser.get(&resumed).await).error(), "unmet_authentication_requirements");
    let request = house.forum.request("openid").and("claims", &acr(false, "urn:elsewhere:acr").to_string());
    let answer = browser.authorize(&request, &Choices::all("Genêt")).await;
    let tokens = house.forum.tokens(&house.service, &request, &answer).await;
    assert_eq!(house.service.verified(&house.forum, &tokens.id_token).await["acr"], "urn:heteronym:acr:passkey");
}

#[tokio::test]
async fn what_the_counter_verified_is_told_with_the_framework_and_nothing_that_marks_a_person() {
    let house = house().await;
    let element = |framework: Value| {
        json!({
            "verification": {"trust_framework": framework, "time": null, "evidence": [{"type": {"value": "document"}}]},
            "claims": {"age_bracket": null, "residence": {"value": "FR-69"}, "birthdate": null, "name": null},
        })
    };
    let held = "urn:heteronym:trust-framework:counter";
    let without_evidence = json!({"verification": {"trust_framework": {"value": held}, "time": null},
                                  "claims": {"age_bracket": null, "residence": {"value": "FR-69"}, "name": null}});
    let (id_token, userinfo) = house.told("openid", &json!({"userinfo": {"verified_claims": without_evidence}})).await;
    assert_eq!(id_token, json!({}));
    let told = json!({"verification": {"trust_framework": held}, "claims": {"age_bracket": "Y30-39"}});
    assert_eq!(userinfo, json!({ "verified_claims": told }), "neither the day, nor a chosen name, nor another value");
    for unmet in [element(json!({"value": "de_aml"})), element(json!(null))] {
        let (_, userinfo) = house.told("openid", &json!({"userinfo": {"verified_claims": unmet}})).await;
        assert_eq!(userinfo, json!({}), "what cannot be met is left out whole");
    }
}

#[tokio::test]
async fn a_parameter_that_cannot_be_read_is_refused_by_name() {
    let house = house().await;
    for bad in ["{", "[]", r#"{"userinfo":{"a":1}}"#, r#"{"id_token":{"verified_claims":{"claims":{"sex":null}}}}"#] {
        let request = house.forum.request("openid").and("claims", bad);
        let answer = Answer::of(&house.service.browser().get(&request.target()).await);
        assert_eq!(answer.error(), "invalid_request", "{bad}");
        assert!(answer.get("error_description").unwrap().starts_with("claims"), "{bad}");
    }
}
