//! Authlib in a Flask site. It does not know RFC 9207 and looks at no `iss` beside the code: what it was told rests on PKCE.

use heteronym::{
    clients::Draft,
    wire::{jose::Algorithm, oauth::AuthMethod},
};
use serde_json::json;

use super::{
    script::{Forgery, Script, settings},
    told::{assert_told, choices},
    town::Town,
};

const SCRIPT: &str = "authlib_flask.py";

#[tokio::test]
async fn authlib_signs_in_reads_claims_refreshes_and_signs_out() {
    let mut town = Town::start().await;
    let forum = town.register(Draft::default()).await;
    let Some(mut client) = Script::python(SCRIPT, &settings(&town, &forum)) else { return };
    let told = client.accompany(&mut town, &choices(), Forgery::None).await;
    assert_told(&told, &town, &forum);
}

#[tokio::test]
async fn authlib_takes_the_answer_by_form_with_its_secret_in_the_body_and_eddsa() {
    let mut town = Town::start().await;
    let draft = Draft { auth_method: AuthMethod::ClientSecretPost, id_token_alg: Algorithm::EdDSA, ..Draft::default() };
    let forum = town.register(draft).await;
    let mut settings = settings(&town, &forum);
    settings["response_mode"] = json!("form_post");
    let Some(mut client) = Script::python(SCRIPT, &settings) else { return };
    let told = client.accompany(&mut town, &choices(), Forgery::None).await;
    assert_told(&told, &town, &forum);
}
