//! `oauth4webapi`, which runs wherever there is the Web's own cryptography.

use heteronym::{
    clients::Draft,
    wire::{jose::Algorithm, oauth::AuthMethod},
};

use super::{
    script::{Forgery, Script, settings},
    told::{assert_told, choices},
    town::Town,
};

#[tokio::test]
async fn oauth4webapi_signs_in_reads_claims_refreshes_and_signs_out() {
    let mut town = Town::start().await;
    let forum = town.register(Draft { auth_method: AuthMethod::ClientSecretPost, ..Draft::default() }).await;
    let told = journey(&mut town, &forum).await;
    let Some(told) = told else { return };
    assert!(told["id_token"]["auth_time"].is_i64(), "max_age asks for it: {told}");
}

#[tokio::test]
async fn oauth4webapi_is_served_without_a_secret_and_with_es256() {
    let mut town = Town::start().await;
    let draft = Draft { auth_method: AuthMethod::None, id_token_alg: Algorithm::ES256, ..Draft::default() };
    let forum = town.register(draft).await;
    journey(&mut town, &forum).await;
}

async fn journey(town: &mut Town, forum: &crate::harness::Forum) -> Option<serde_json::Value> {
    let mut client = Script::node("oauth4webapi.mjs", &settings(town, forum))?;
    let told = client.accompany(town, &choices(), Forgery::OfIssuer).await;
    assert_told(&told, town, forum);
    Some(told)
}
