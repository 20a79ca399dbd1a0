//! `openid-client`, the library of most sites that run on Node.js.

use heteronym::{
    clients::{ClaimsIn, Draft},
    wire::{
        jose::Algorithm,
        oauth::{ApplicationType, AuthMethod},
    },
};
use serde_json::json;

use super::{
    script::{Forgery, Script, settings},
    told::{assert_told, choices},
    town::Town,
};

const SCRIPT: &str = "openid_client.mjs";

#[tokio::test]
async fn openid_client_signs_in_reads_claims_refreshes_and_signs_out() {
    let mut town = Town::start().await;
    let forum = town.register(Draft::default()).await;
    let Some(mut client) = Script::node(SCRIPT, &settings(&town, &forum)) else { return };
    let told = client.accompany(&mut town, &choices(), Forgery::OfIssuer).await;
    assert_told(&told, &town, &forum);
}

#[tokio::test]
async fn openid_client_takes_the_answer_by_form_and_eddsa_tokens_that_hold_the_claims() {
    let mut town = Town::start().await;
    let forum = town
        .register(Draft {
            auth_method: AuthMethod::ClientSecretPost,
            id_token_alg: Algorithm::EdDSA,
            id_token_claims: ClaimsIn::All,
            ..Draft::default()
        })
        .await;
    let mut settings = settings(&town, &forum);
    settings["response_mode"] = json!("form_post");
    let Some(mut client) = Script::node(SCRIPT, &settings) else { return };
    let told = client.accompany(&mut town, &choices(), Forgery::OfIssuer).await;
    assert_told(&told, &town, &forum);
    for claim in ["age_bracket", "residence", "name"] {
        assert_eq!(told["id_token"][claim], told["userinfo"][claim], "{claim}");
    }
}

#[tokio::test]
async fn openid_client_is_served_without_a_secret_on_a_port_that_the_system_chose() {
    let mut town = Town::start().await;
    let forum = town
        .register(Draft {
            auth_method: AuthMethod::None,
            id_token_alg: Algorithm::ES256,
            application_type: ApplicationType::Native,
            redirect_uris: vec!["http://127.0.0.1/callback".to_owned()],
            ..Draft::default()
        })
        .await;
    let mut settings = settings(&town, &forum);
    settings["redirect_uri"] = json!("http://127.0.0.1:53682/callback");
    let Some(mut client) = Script::node(SCRIPT, &settings) else { return };
    let told = client.accompany(&mut town, &choices(), Forgery::OfIssuer).await;
    assert_told(&told, &town, &forum);
}
