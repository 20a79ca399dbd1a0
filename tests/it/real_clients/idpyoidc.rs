//! idpyoidc, whose authors wrote the first certification suite: it verifies every message against its schema.

use heteronym::{
    clients::Draft,
    wire::{jose::Algorithm, oauth::AuthMethod},
};

use super::{
    script::{Forgery, Script, settings},
    told::{assert_told, choices},
    town::Town,
};

const SCRIPT: &str = "idpy_oidc.py";

#[tokio::test]
async fn idpyoidc_signs_in_reads_claims_refreshes_and_signs_out() {
    let mut town = Town::start().await;
    let forum = town.register(Draft::default()).await;
    let Some(mut client) = Script::python(SCRIPT, &settings(&town, &forum)) else { return };
    let told = client.accompany(&mut town, &choices(), Forgery::OfIssuer).await;
    assert_told(&told, &town, &forum);
}

#[tokio::test]
async fn idpyoidc_is_served_with_its_secret_in_the_body_and_es256() {
    let mut town = Town::start().await;
    let draft = Draft { auth_method: AuthMethod::ClientSecretPost, id_token_alg: Algorithm::ES256, ..Draft::default() };
    let forum = town.register(draft).await;
    let Some(mut client) = Script::python(SCRIPT, &settings(&town, &forum)) else { return };
    let told = client.accompany(&mut town, &choices(), Forgery::OfIssuer).await;
    assert_told(&told, &town, &forum);
}
