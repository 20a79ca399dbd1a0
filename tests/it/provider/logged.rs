//! Nothing leaves unlogged: each ID token is in the public log before its forum has it, and the log says nothing of whose it is.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use heteronym::{
    domain::log::LogName,
    store::{StoreError, log_secrets},
    transparency::Lookup,
    wire::tlog::{
        Algorithm, Bundle, Hash, NoteKey, TlogProof,
        commitment::Fields,
        leaf::{Issuance, IssuanceLeaf, NymAct, Registry, RegistryLeaf},
        owner::OwnerKey,
    },
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::harness::{Choices, Citizen, Service, Tokens};

#[tokio::test]
async fn a_token_comes_with_a_proof_that_the_log_has_it_under_the_key_that_signed_it() {
    let (service, citizen) = town().await;
    let forum = service.forum("forum.example", "openid profile age").await;
    let tokens = service.sign_in(&forum, &citizen, "openid profile age", &anything()).await;
    let leaf = proven(&service, &tokens).await;
    let Issuance::Issue(issue) = &leaf.facts else { panic!("a leaf of another kind: {}", leaf.kind()) };
    let header: Value = decoded(tokens.id_token.split('.').next().unwrap());
    assert_eq!(issue.kid.as_str(), header["kid"]);
    assert_eq!(issue.brackets.as_str(), service.services.attributes.brackets().version());
    assert_eq!(leaf.hour.millis(), service.services.ambient.now().0 / 3_600_000 * 3_600_000);
    assert_eq!(issue.owner, key_of(&tokens).tag(0));
    let keys = registry(&service).await.into_iter().filter_map(|leaf| match leaf.facts {
        Registry::Key(key) => Some(key),
        _ => None,
    });
    assert!(keys.into_iter().any(|key| key.kid == issue.kid && key.public.is_some()), "the key is in the registry");
}

#[tokio::test]
async fn the_tokens_of_one_pseudonym_are_counted_and_those_of_two_have_nothing_in_common() {
    let (service, citizen) = town().await;
    let scope = "openid offline_access";
    let [one, other] = [service.forum("one.example", scope).await, service.forum("other.example", scope).await];
    let first = service.sign_in(&one, &citizen, scope, &anything()).await;
    let refreshed = one.refresh(&service, first.refresh_token.as_deref().unwrap()).await;
    let refreshed: Tokens = serde_json::from_slice(&refreshed.body).unwrap();
    let elsewhere = service.sign_in(&other, &citizen, scope, &anything()).await;
    let tag = async |tokens: &Tokens| proven(&service, tokens).await.facts.owner();
    assert_eq!([first.tlog_owner.number, refreshed.tlog_owner.number, elsewhere.tlog_owner.number], [0, 1, 0]);
    assert_eq!(tag(&refreshed).await, key_of(&first).tag(1), "one key for one pseudonym");
    assert_ne!(elsewhere.tlog_owner.key, first.tlog_owner.key);
    assert_eq!(tag(&elsewhere).await, key_of(&elsewhere).tag(0));
}

#[tokio::test]
async fn a_proof_is_given_again_to_whoever_has_the_token() {
    let (service, citizen) = town().await;
    let forum = service.forum("forum.example", "openid").await;
    let tokens = service.sign_in(&forum, &citizen, "openid", &anything()).await;
    let hash = Sha256::digest(&tokens.id_token);
    let mut anybody = service.browser();
    for name in [HEXLOWER.encode(&hash), BASE64URL_NOPAD.encode(&hash)] {
        let reply = anybody.get(&format!("/log/proof/{name}")).await;
        assert_eq!(reply.status, 200);
        let proof = TlogProof::parse(&reply.body).unwrap();
        assert!(proof.verify(Hash::of_leaf(proof.extra().unwrap()), &origin(&service), &keys(&service).await).is_ok());
    }
    for unknown in [HEXLOWER.encode(&[7; 32]), "..".to_owned(), "zz".to_owned(), "0".repeat(64)] {
        assert_eq!(anybody.get(&format!("/log/proof/{unknown}")).await.status, 404, "{unknown}");
    }
}

#[tokio::test]
async fn p1_the_log_is_served_as_tiles_and_no_path_but_theirs_is_answered() {
    let (service, citizen) = town().await;
    let forum = service.forum("forum.example", "openid").await;
    let tokens = service.sign_in(&forum, &citizen, "openid", &anything()).await;
    let log = service.services.transparency.issuance_log().unwrap();
    let size = service.services.transparency.head(log).await.unwrap().unwrap().size;
    let mut mirror = service.browser();
    let bundle = Bundle::in_tree(0, size).unwrap();
    let reply = mirror.get(&format!("/log/{log}/{bundle}")).await;
    let entries = bundle.decode(&reply.body).unwrap();
    assert!(entries.iter().any(|entry| IssuanceLeaf::parse(entry).unwrap().facts.token() == Some(digest(&tokens))));
    assert!(reply.header(axum::http::header::CACHE_CONTROL).unwrap().ends_with("immutable"));
    let checkpoint = mirror.get(&format!("/log/{log}/checkpoint")).await;
    assert_eq!(checkpoint.header(axum::http::header::CACHE_CONTROL), Some("no-cache"));
    let wrong = [
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/0",
        "tile/00/000.p/1",
        "tile/0/x000/000.p/1",
        "tile/0/999.p/1",
        "tile/-1/000.p/1",
        "tile/64/000",
        "tile/entries/000.p/255",
        "tile/entries/001",
        "tile/0/18446744073709551616",
        "tile/0/%30%30%30.p/1",
        "tile/entries/000.p/%31",
        "checkpoint/",
        "",
    ];
    for path in wrong {
        assert_eq!(mirror.get(&format!("/log/{log}/{path}")).await.status, 404, "{path}");
    }
    for log in ["2025", "registri", "REGISTRY", "20260"] {
        assert_eq!(mirror.get(&format!("/log/{log}/checkpoint")).await.status, 404, "{log}");
    }
}

#[tokio::test]
async fn a_place_that_is_taken_given_up_and_taken_again_is_one_slot_in_the_log() {
    let (service, citizen) = town().await;
    let forum = service.forum("forum.example", "openid profile").await;
    service.sign_in(&forum, &citizen, "openid profile", &anything()).await;
    let heteronyms = service.services.pseudonyms.of_person(citizen.person).await.unwrap();
    assert!(service.services.pseudonyms.leave(heteronyms[0].id, citizen.person).await.unwrap());
    service.sign_in(&forum, &citizen, "openid profile", &anything()).await;
    let places: Vec<_> = issued(&service)
        .await
        .into_iter()
        .filter_map(|leaf| match leaf.facts {
            Issuance::Nym(nym) => Some((nym.act, nym.slot)),
            _ => None,
        })
        .collect();
    assert_eq!(
        places.iter().map(|(act, _)| *act).collect::<Vec<_>>(),
        [NymAct::Create, NymAct::Retire, NymAct::Create]
    );
    assert!(places.iter().all(|(_, slot)| *slot == places[0].1));
}

#[tokio::test]
async fn what_a_leaf_is_bound_to_opens_for_whoever_has_the_secret_and_says_what_the_forum_learns() {
    let (service, citizen) = town().await;
    let forum = service.forum("forum.example", "openid age").await;
    let tokens = service.sign_in(&forum, &citizen, "openid age", &anything()).await;
    let told = forum.userinfo(&service, &tokens.access_token).await.json();
    let Issuance::Issue(issue) = proven(&service, &tokens).await.facts else { panic!("a leaf of another kind") };
    let owners = service.services.owners.clone();
    let owner = service
        .services
        .store
        .read::<_, StoreError, _>(|tx| Box::pin(async move { owners.find(tx, citizen.person).await }));
    let owner = owner.await.unwrap().unwrap();
    let facts = service.services.attributes.facts(citizen.person).await.unwrap().unwrap();
    let fields = Fields::Issue {
        bracket: told["age_bracket"].as_str().unwrap(),
        birth_year: Some(facts.birth.year()),
        area: "",
        enrol: owner.enrolment(),
    };
    assert_eq!(owner.commit(fields, issue.owner).unwrap().root(), issue.commitment);
}

#[tokio::test]
async fn after_an_erasure_nobody_finds_the_leaves_nothing_is_issued_and_the_log_still_verifies() {
    let (service, citizen) = town().await;
    let scope = "openid offline_access";
    let forum = service.forum("forum.example", scope).await;
    let tokens = service.sign_in(&forum, &citizen, scope, &anything()).await;
    let person = citizen.person;
    let erase = service
        .services
        .store
        .write::<_, StoreError, _>(move |tx| Box::pin(async move { log_secrets::erase(tx, person).await }));
    assert!(erase.await.unwrap());
    let reply = forum.refresh(&service, tokens.refresh_token.as_deref().unwrap()).await;
    assert_eq!(reply.json()["error"], "invalid_grant");
    proven(&service, &tokens).await;
    let standing = service.services.transparency.verify().await.unwrap();
    assert_eq!(standing, heteronym::transparency::Standing::Open);
}

#[tokio::test]
async fn p10_when_the_clock_went_back_no_token_leaves_and_the_code_is_not_spent() {
    let (service, citizen) = town().await;
    let forum = service.forum("forum.example", "openid").await;
    let request = forum.request("openid");
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    service.wait(10);
    // The place that is taken here is in the log.
    let answer = browser.authorize(&request, &anything()).await;
    let now = service.services.ambient.now();
    service.clock.set(now.minus(std::time::Duration::from_secs(5)));
    let refused = forum.redeem(&service, &request, &answer).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    service.clock.set(now);
    forum.tokens(&service, &request, &answer).await;
}

fn anything() -> Choices {
    Choices::all("Marée Basse")
}

async fn town() -> (Service, Citizen) {
    let service = Service::start().await;
    let citizen = service.arnaud().await;
    (service, citizen)
}

/// The leaf of a token, after all that a forum checks of its proof.
async fn proven(service: &Service, tokens: &Tokens) -> IssuanceLeaf {
    let proof = TlogProof::parse(tokens.tlog_proof.as_bytes()).unwrap();
    let entry = proof.extra().unwrap();
    proof.verify(Hash::of_leaf(entry), &origin(service), &keys(service).await).unwrap();
    let leaf = IssuanceLeaf::parse(entry).unwrap();
    assert_eq!(leaf.facts.token(), Some(digest(tokens)), "the leaf is of another token");
    let found = service.services.transparency.proof(Lookup::Token(*digest(tokens).as_bytes())).await.unwrap().unwrap();
    assert_eq!(found.entry.leaf, entry);
    leaf
}

fn digest(tokens: &Tokens) -> Hash {
    Hash::from_bytes(Sha256::digest(&tokens.id_token).into())
}

fn key_of(tokens: &Tokens) -> OwnerKey {
    let bytes = BASE64URL_NOPAD.decode(tokens.tlog_owner.key.as_bytes()).unwrap();
    OwnerKey::from_bytes(Zeroizing::new(bytes.try_into().unwrap()))
}

fn origin(service: &Service) -> String {
    service.services.transparency.origin(service.services.transparency.issuance_log().unwrap())
}

/// As anybody finds them: in the description of the provider.
async fn keys(service: &Service) -> Vec<NoteKey> {
    let document = service.browser().get("/.well-known/openid-configuration").await.json();
    let keys = document["tlog"]["keys"].as_array().unwrap();
    let public = keys.iter().map(|key| BASE64.decode(key.as_str().unwrap().as_bytes()).unwrap().try_into().unwrap());
    public.map(|public| NoteKey::new(&origin(service), Algorithm::Ed25519, &public).unwrap()).collect()
}

async fn issued(service: &Service) -> Vec<IssuanceLeaf> {
    let log = service.services.transparency.issuance_log().unwrap();
    service.entries(log).await.iter().map(|entry| IssuanceLeaf::parse(entry).unwrap()).collect()
}

async fn registry(service: &Service) -> Vec<RegistryLeaf> {
    service.entries(LogName::Registry).await.iter().map(|entry| RegistryLeaf::parse(entry).unwrap()).collect()
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}
