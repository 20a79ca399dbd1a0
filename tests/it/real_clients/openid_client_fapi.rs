//! `openid-client` as a bank's client: FAPI 2.0 with everything that the profile asks for.

use std::time::Duration;

use heteronym::clients::Profile;
use serde_json::json;

use super::{
    script::{Forgery, Script},
    told::{assert_claims, choices},
    town::{BYE, REDIRECT, SCOPE, Town},
};

#[tokio::test]
async fn openid_client_registers_itself_and_goes_through_fapi_2_with_bound_tokens_and_signed_answers() {
    let mut town = Town::start().await;
    let token = town.service.services.clients.initial_access_token(Duration::from_hours(1)).await.unwrap();
    let settings = json!({
        "issuer": town.issuer(),
        "redirect_uri": REDIRECT,
        "post_logout_redirect_uri": BYE,
        "scope": SCOPE,
        "initial_access_token": token.expose(),
    });
    let Some(mut client) = Script::node("openid_client_fapi.mjs", &settings) else { return };
    let told = client.accompany(&mut town, &choices(), Forgery::None).await;

    let id = told["client_id"].as_str().unwrap().parse().unwrap();
    let registered = town.service.services.clients.find(&id).await.unwrap().unwrap();
    assert_eq!(registered.metadata.profile, Profile::Fapi2);
    let asked: Vec<_> = told["asked"].as_object().unwrap().keys().collect();
    assert_eq!(asked, ["client_id", "request_uri"], "nothing of the request goes through the browser");

    let id_token = &told["id_token"];
    assert_eq!((id_token["iss"].as_str(), id_token["aud"].as_str()), (Some(town.issuer()), Some(id.as_str())));
    assert_eq!(id_token["nonce"], told["nonce"]);
    assert_claims(&told["userinfo"], id_token);
    assert_claims(&told["refreshed"]["userinfo"], id_token);
    assert_eq!((&told["token_type"], &told["rotated"]), (&json!("dpop"), &json!(false)), "FAPI 2.0 §5.3.2.1");

    assert_eq!(told["stolen"], 401, "without the key");
    assert_eq!((&told["active"]["active"], &told["active"]["sub"]), (&json!(true), &id_token["sub"]));
    assert!(told["active"]["cnf"]["jkt"].as_str().is_some_and(|key| key.len() == 43), "{told}");
    assert_eq!(told["revoked"], json!({ "active": false }));
    assert_eq!(told["state_survived"], true);
}
