//! What may be asked of a person: scopes, claims by their scope and by their name, and what the counter verified.

use heteronym::{clients::Draft, domain::claim::scopes_of};
use serde_json::{Map, Value, json};

use super::house::{House, Visit, everything, texts};
use crate::harness::{Choices, Forum, Tokens};

#[tokio::test]
async fn every_advertised_scope_and_claim_is_told_when_it_is_asked_for() {
    House::visit(&VISITS).await;
}

pub(super) const VISITS: [(&str, Visit); 8] = [
    ("scopes_supported", |house, said| Box::pin(scopes(house, said))),
    ("claims_supported", |house, said| Box::pin(claims(house, said))),
    ("claim_types_supported", |house, said| Box::pin(claim_types(house, said))),
    ("subject_types_supported", |house, said| Box::pin(subject_types(house, said))),
    ("claims_parameter_supported", |house, said| Box::pin(claims_parameter(house, said))),
    ("verified_claims_supported", |house, said| Box::pin(verified_claims(house, said))),
    ("trust_frameworks_supported", |house, said| Box::pin(trust_frameworks(house, said))),
    ("claims_in_verified_claims_supported", |house, said| Box::pin(verifiable(house, said))),
];

async fn everything_asked(house: &House) -> Forum {
    house.forum(Draft { scope: EVERYTHING.to_owned(), ..Draft::default() }).await
}

/// Tokens of a request for this scope and, by name, these claims at both places.
async fn asked_by_name(house: &House, forum: &Forum, members: Map<String, Value>) -> Tokens {
    let claims = json!({ "id_token": members, "userinfo": members }).to_string();
    house.tokens(forum, &forum.request("openid").and("claims", &claims)).await
}

async fn scopes(house: &House, said: &Value) {
    let forum = everything_asked(house).await;
    for scope in texts(said) {
        let asked = if scope == "openid" { "openid".to_owned() } else { format!("openid {scope}") };
        let tokens = house.tokens(&forum, &forum.request(&asked)).await;
        assert_eq!(tokens.scope, asked);
        assert_eq!(tokens.refresh_token.is_some(), scope == "offline_access", "{scope}");
        let told = house.service.told(&tokens).await;
        let told = told.as_object().unwrap().keys().filter(|claim| *claim != "sub");
        let of_scope = |claim: &String| scopes_of(claim).is_some_and(|scopes| scopes.contains(&scope));
        let (of_scope, others): (Vec<_>, Vec<_>) = told.partition(|claim| of_scope(claim));
        assert_eq!(of_scope.is_empty(), ["openid", "offline_access"].contains(&scope), "{scope}");
        assert!(others.is_empty(), "{scope}: {others:?}");
    }
}

async fn claims(house: &House, said: &Value) {
    let forum = everything_asked(house).await;
    for claim in texts(said) {
        let mut members = Map::from_iter([(claim.to_owned(), Value::Null)]);
        if ["groups", "claims_as_of"].contains(&claim) {
            // They say something of what they go with.
            members.insert("age_bracket".to_owned(), Value::Null);
        }
        let tokens = asked_by_name(house, &forum, members).await;
        let id_token = house.service.verified(&forum, &tokens.id_token).await;
        assert!(id_token.contains_key(claim), "{claim} is not in the ID token, where it was asked for");
        let Some(scopes) = scopes_of(claim) else { continue };
        assert!(house.service.told(&tokens).await.get(claim).is_some(), "{claim} is not told by UserInfo, by its name");
        for scope in scopes {
            let tokens = house.tokens(&forum, &forum.request(&format!("openid {scope}"))).await;
            assert!(house.service.told(&tokens).await.get(claim).is_some(), "{claim} is not told for {scope}");
        }
    }
}

async fn claim_types(house: &House, said: &Value) {
    assert_eq!(texts(said), ["normal"]);
    let forum = everything_asked(house).await;
    let told = house.service.told(&house.tokens(&forum, &forum.request(EVERYTHING)).await).await;
    for elsewhere in ["_claim_names", "_claim_sources"] {
        assert!(told.get(elsewhere).is_none(), "{elsewhere}: OpenID Connect Core §5.6.2");
    }
}

async fn subject_types(house: &House, said: &Value) {
    assert_eq!(texts(said), ["pairwise"]);
    let mut subjects = Vec::new();
    for _ in 0..2 {
        let forum = everything_asked(house).await;
        let told = house.service.told(&house.tokens(&forum, &forum.request("openid")).await).await;
        subjects.push(told["sub"].as_str().unwrap().to_owned());
    }
    assert_ne!(subjects[0], subjects[1]);
}

async fn claims_parameter(house: &House, said: &Value) {
    assert_eq!(said, true);
    let forum = everything_asked(house).await;
    let asked = json!({ "userinfo": { "residence": null } }).to_string();
    let with = house.tokens(&forum, &forum.request("openid").and("claims", &asked)).await;
    assert_eq!(house.service.told(&with).await["residence"], "FR-38");
    let without = house.tokens(&forum, &forum.request("openid")).await;
    assert!(house.service.told(&without).await.get("residence").is_none());
}

/// What UserInfo says was verified of these claims under this framework.
async fn told_verified(house: &House, forum: &Forum, framework: &str, claim: &str) -> Value {
    let wanted = json!({
        "verification": { "trust_framework": { "value": framework } },
        "claims": { claim: null },
    });
    let asked = json!({ "userinfo": { "verified_claims": wanted } }).to_string();
    // Of names only the one that is taken from the verified one is true.
    let choices = Choices { name: None, ..everything() };
    let request = forum.request("openid profile").and("claims", &asked);
    let answer = house.browser().authorize(&request, &choices).await;
    let tokens = forum.tokens(&house.service, &request, &answer).await;
    house.service.told(&tokens).await["verified_claims"].clone()
}

async fn verified_claims(house: &House, said: &Value) {
    assert_eq!(said, true);
    let forum = everything_asked(house).await;
    let told = told_verified(house, &forum, "urn:heteronym:trust-framework:counter", "age_bracket").await;
    assert_eq!(told["claims"], json!({ "age_bracket": "Y30-39" }));
}

async fn trust_frameworks(house: &House, said: &Value) {
    let forum = everything_asked(house).await;
    for framework in texts(said) {
        let told = told_verified(house, &forum, framework, "age_bracket").await;
        assert_eq!(told["verification"]["trust_framework"], framework);
    }
    assert_eq!(told_verified(house, &forum, "de_aml", "age_bracket").await, Value::Null, "one that is not advertised");
}

async fn verifiable(house: &House, said: &Value) {
    let forum = everything_asked(house).await;
    for claim in texts(said) {
        let told = told_verified(house, &forum, "urn:heteronym:trust-framework:counter", claim).await;
        let told = told["claims"].as_object().unwrap_or_else(|| panic!("{claim} is not told as verified"));
        assert_eq!(told.keys().collect::<Vec<_>>(), [claim]);
    }
}

const EVERYTHING: &str = "openid profile age residence sex roles offline_access";
