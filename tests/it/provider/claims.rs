//! What a forum is told (`specs/claims.md`): what it asked for and the citizen agreed to, and not a member more.

use std::collections::BTreeSet;

use heteronym::{
    clients::{ClaimsIn, Draft},
    domain::{
        area::Level,
        claim::Quality,
        quality::{Role, RoleKind, Sex},
    },
    wire::jose::Algorithm,
};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::harness::{Choices, Citizen, Forum, Service, facts_of};

/// Somebody of whom everything is known.
async fn known(service: &Service) -> Citizen {
    let mut facts = facts_of(service, Date::constant(1987, 3, 2), "cog:38563", "Arnaud R.");
    facts.sex = Sex::Male;
    let authority = heteronym::domain::ids::RegistrarId::from_bytes([7; 16]);
    facts.grant(Role { kind: RoleKind::Agent, authority, until: Date::constant(2027, 1, 1) });
    service.enrol(&facts).await
}

async fn open_forum(service: &Service) -> Forum {
    let draft = Draft {
        scope: EVERYTHING.to_owned(),
        residence_level: Level::Commune,
        id_token_alg: Algorithm::EdDSA,
        ..Draft::default()
    };
    service.register("forum.example", draft).await
}

/// What UserInfo tells, without the `sub`.
async fn told(service: &Service, forum: &Forum, citizen: &Citizen, scope: &str, choices: &Choices) -> Value {
    let tokens = service.sign_in(forum, citizen, scope, choices).await;
    let mut told = service.told(&tokens).await;
    let sub = told.as_object_mut().unwrap().remove("sub").unwrap();
    assert_eq!(sub, service.verified(forum, &tokens.id_token).await["sub"]);
    assert_eq!(sub.as_str().unwrap().len(), 43);
    told
}

#[tokio::test]
async fn each_scope_alone_brings_its_claims_and_no_others() {
    let service = Service::start().await;
    let (citizen, forum) = (known(&service).await, open_forum(&service).await);
    let names = json!({
        "name": "Genêt", "preferred_username": "Genêt", "nickname": "Genêt", "name_assurance": "chosen",
        "name_audience": "public", "indexable": false, "heteronyms_per_person": 1, "groups": ["one-voice"],
    });
    let cases = [
        ("openid", json!({})),
        ("openid profile", names),
        (
            "openid age",
            json!({"age_bracket": "Y30-39", "age_over_18": true, "groups": ["age:30-39"], "claims_as_of": 2026}),
        ),
        (
            "openid residence",
            json!({
                "residence": "cog:38563", "residence_label": "Voiron (Isère)", "claims_as_of": 2026,
                "groups": ["res:cog:38563", "res:epci:243800984", "res:FR-38", "res:FR-ARA", "res:FR"],
            }),
        ),
        ("openid sex", json!({"sex": 1, "claims_as_of": 2026})),
        ("openid roles", json!({"roles": ["agent"], "groups": ["role:agent"], "claims_as_of": 2026})),
    ];
    for (scope, expected) in cases {
        let told = told(&service, &forum, &citizen, scope, &Choices::all("Genêt").at("commune")).await;
        assert_eq!(told, expected, "{scope}");
    }
}

#[tokio::test]
async fn a_claim_that_has_no_value_is_absent_and_never_null_or_empty() {
    let service = Service::start().await;
    let (citizen, forum) = (service.arnaud().await, open_forum(&service).await);
    for scope in ["openid sex", "openid roles", "openid sex roles"] {
        let told = told(&service, &forum, &citizen, scope, &Choices::all("Genêt")).await;
        for (name, value) in told.as_object().unwrap() {
            let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
            assert!(!empty, "{scope}: {name} is {value}");
        }
        assert!(told.get("sex").is_none() && told.get("roles").is_none(), "{scope}");
    }
}

#[tokio::test]
async fn a_declined_quality_is_absent_from_everything_and_its_groups_with_it() {
    let service = Service::start().await;
    let (citizen, forum) = (known(&service).await, open_forum(&service).await);
    let choices = Choices::all("Genêt").but("age_over_18").but("sex").but("residence");
    let told = told(&service, &forum, &citizen, EVERYTHING_NOW, &choices).await;
    let members: BTreeSet<&str> = told.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "age_bracket",
        "claims_as_of",
        "groups",
        "heteronyms_per_person",
        "indexable",
        "name",
        "name_assurance",
        "name_audience",
        "nickname",
        "preferred_username",
        "roles",
    ];
    assert_eq!(members, BTreeSet::from(expected));
    assert_eq!(told["groups"], json!(["age:30-39", "role:agent", "one-voice"]));
}

#[tokio::test]
async fn a_coarser_area_than_asked_is_honoured_and_a_finer_one_than_registered_is_not() {
    let service = Service::start().await;
    let (citizen, forum) = (known(&service).await, open_forum(&service).await);
    let told_region = told(&service, &forum, &citizen, "openid residence", &Choices::all("Genêt").at("region")).await;
    assert_eq!(told_region["residence"], "FR-ARA");
    assert_eq!(told_region["groups"], json!(["res:FR-ARA", "res:FR"]));
    let coarse = Draft { scope: EVERYTHING.to_owned(), residence_level: Level::Department, ..Draft::default() };
    let coarse = service.register("coarse.example", coarse).await;
    let told = told(&service, &coarse, &citizen, "openid residence", &Choices::all("Ajonc").at("commune")).await;
    assert_eq!(told["residence"], "FR-38");
    assert_eq!(told["groups"], json!(["res:FR-38", "res:FR-ARA", "res:FR"]));
}

#[tokio::test]
async fn a_small_crowd_makes_the_page_propose_a_coarser_area() {
    let service = Service::start().await;
    let (citizen, forum) = (known(&service).await, open_forum(&service).await);
    let told = told(&service, &forum, &citizen, "openid residence", &Choices::all("Genêt")).await;
    assert_eq!(told["residence"], "FR", "one person alone shares everything with nobody");
}

#[tokio::test]
async fn coarser_brackets_of_the_registration_are_what_is_told() {
    let service = Service::start().await;
    let brackets = ["Y_LT18", "Y18-29", "Y30-59", "Y_GE60"].map(|bracket| bracket.parse().unwrap());
    let draft = Draft { scope: "openid age".to_owned(), age_brackets: Some(brackets.to_vec()), ..Draft::default() };
    let forum = service.register("forum.example", draft).await;
    let citizen = known(&service).await;
    let told = told(&service, &forum, &citizen, "openid age", &Choices::all("Genêt")).await;
    assert_eq!((&told["age_bracket"], &told["groups"]), (&json!("Y30-59"), &json!(["age:30-59"])));
}

#[tokio::test]
async fn a_required_quality_cannot_be_declined() {
    let service = Service::start().await;
    let required = BTreeSet::from([Quality::AgeOver18]);
    let draft = Draft { scope: "openid age".to_owned(), required, ..Draft::default() };
    let forum = service.register("forum.example", draft).await;
    let citizen = known(&service).await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let page = browser.get(&forum.request("openid age").target()).await;
    let page = browser.choose(&page, &Choices::all("Genêt")).await;
    let declined = Choices { agree: vec!["age_bracket"], ..Choices::all("Genêt") };
    let reply = browser.agree(&page, &declined).await;
    assert!(reply.status.is_client_error(), "{}", reply.status);
    assert!(reply.location().is_none(), "no code without what the forum requires");
}

#[tokio::test]
async fn the_id_token_holds_the_claims_of_a_person_only_for_those_registered_so() {
    let service = Service::start().await;
    let citizen = known(&service).await;
    let plain = open_forum(&service).await;
    let draft = Draft { scope: EVERYTHING.to_owned(), id_token_claims: ClaimsIn::All, ..Draft::default() };
    let all = service.register("all.example", draft).await;
    let tokens = service.sign_in(&plain, &citizen, "openid profile age", &Choices::all("Genêt")).await;
    let claims = service.verified(&plain, &tokens.id_token).await;
    let members: BTreeSet<&str> = claims.keys().map(String::as_str).collect();
    assert_eq!(members, BTreeSet::from(["acr", "amr", "at_hash", "aud", "exp", "iat", "iss", "nonce", "sid", "sub"]));
    let tokens = service.sign_in(&all, &citizen, "openid profile age", &Choices::all("Ajonc")).await;
    let claims = service.verified(&all, &tokens.id_token).await;
    assert_eq!((&claims["name"], &claims["age_bracket"]), (&json!("Ajonc"), &json!("Y30-39")));
    assert!(claims.get("residence").is_none() && claims.get("sex").is_none() && claims.get("roles").is_none());
}

#[tokio::test]
async fn the_id_token_is_signed_as_registered_and_says_who_when_for_whom() {
    let service = Service::start().await;
    let citizen = known(&service).await;
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256] {
        let host = format!("{}.example", algorithm.as_str().to_lowercase());
        let draft = Draft { scope: "openid".to_owned(), id_token_alg: algorithm, ..Draft::default() };
        let forum = service.register(&host, draft).await;
        let mut browser = service.browser();
        browser.sign_in(&service, &citizen).await;
        let request = forum.request("openid");
        let answer = browser.authorize(&request, &Choices::all("Genêt")).await;
        let tokens = forum.tokens(&service, &request, &answer).await;
        let claims = service.verified(&forum, &tokens.id_token).await;
        let now = service.services.ambient.now().seconds();
        assert_eq!(claims["aud"], forum.id());
        assert_eq!(claims["nonce"], request.nonce.as_str());
        assert_eq!((&claims["iat"], &claims["exp"]), (&json!(now), &json!(now + 300)));
        assert_eq!(claims["acr"], "urn:heteronym:acr:passkey");
        assert_eq!(claims["amr"], json!(["hwk", "user", "mfa"]));
        let half = heteronym::wire::jose::half_hash(algorithm, &tokens.access_token);
        assert_eq!(claims["at_hash"], half.as_str());
        assert!(claims.get("auth_time").is_none(), "not asked for");
    }
}

#[tokio::test]
async fn a_partial_name_is_the_verified_one_cut_short_and_is_told_as_such() {
    let service = Service::start().await;
    let (citizen, forum) = (known(&service).await, open_forum(&service).await);
    let choices = Choices { name: None, ..Choices::all("") };
    let told = told(&service, &forum, &citizen, "openid profile", &choices).await;
    assert_eq!((&told["name"], &told["name_assurance"]), (&json!("Arnaud R."), &json!("partial")));
    assert_eq!((&told["name_audience"], &told["indexable"]), (&json!("members"), &json!(false)));
}

#[tokio::test]
async fn a_scope_that_is_not_registered_is_not_granted_and_the_answer_says_so() {
    let service = Service::start().await;
    let citizen = known(&service).await;
    let forum = service.forum("forum.example", "openid age").await;
    let tokens = service.sign_in(&forum, &citizen, "openid age residence sex email", &Choices::all("Genêt")).await;
    assert_eq!(tokens.scope, "openid age");
    let told = service.told(&tokens).await;
    assert!(told.get("residence").is_none() && told.get("sex").is_none() && told.get("email").is_none());
}

const EVERYTHING: &str = "openid profile age residence sex roles offline_access";
const EVERYTHING_NOW: &str = "openid profile age residence sex roles";
