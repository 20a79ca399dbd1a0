//! ID tokens that come back as `id_token_hint`: believed as long as their key is, and not longer.

use axum::http::StatusCode;
use data_encoding::BASE64URL_NOPAD;
use heteronym::{clients::Draft, wire::jose::Algorithm};

use crate::harness::{Choices, Service};

struct House {
    service: Service,
    id_token: String,
}

async fn house() -> House {
    let service = Service::start().await;
    let draft = Draft { scope: "openid".to_owned(), id_token_alg: Algorithm::EdDSA, ..Draft::default() };
    let forum = service.register("forum.example", draft).await;
    let citizen = service.arnaud().await;
    let tokens = service.sign_in(&forum, &citizen, "openid", &Choices::all("Genêt")).await;
    House { service, id_token: tokens.id_token }
}

impl House {
    /// Whether a browser in which nobody is signed in is sent back to the forum that shows this token.
    async fn believes(&self, token: &str) -> bool {
        let params = [("id_token_hint", token), ("post_logout_redirect_uri", "https://forum.example/bye")];
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
        let reply = self.service.browser().get(&format!("/end-session?{query}")).await;
        let back = reply.location().is_some_and(|address| address.starts_with("https://forum.example/bye"));
        assert!(back && reply.status == StatusCode::SEE_OTHER || reply.status == StatusCode::OK, "{}", reply.text());
        back
    }
}

/// The same token with another `kid` in its header.
fn with_kid(token: &str, kid: &str) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    let header = format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"JWT"}}"#);
    format!("{}.{rest}", BASE64URL_NOPAD.encode(header.as_bytes()))
}

#[tokio::test]
async fn f20_a_token_of_a_retired_key_is_believed_until_the_key_ends_and_under_no_other_kid() {
    let house = house().await;
    let (keyring, ambient) = (&house.service.services.keyring, &house.service.services.ambient);
    assert!(house.believes(&house.id_token).await);
    let made = keyring.retire("issuer-eddsa-1", &mut ambient.rng(), ambient.now()).unwrap();
    let other = with_kid(&house.id_token, &made[0].kid);
    house.service.wait(10);
    assert_eq!(keyring.signer(Algorithm::EdDSA, ambient.now()).unwrap().kid(), made[0].kid);
    assert!(house.believes(&house.id_token).await);
    assert!(!house.believes(&other).await);
    house.service.wait(30 * 86_400 - 1);
    assert!(house.believes(&house.id_token).await);
    house.service.wait(1);
    assert!(!house.believes(&house.id_token).await);
}

#[tokio::test]
async fn f24_a_token_of_a_revoked_key_is_refused_from_then_on() {
    let house = house().await;
    let (keyring, ambient) = (&house.service.services.keyring, &house.service.services.ambient);
    let stolen = keyring.signer(Algorithm::EdDSA, ambient.now()).unwrap();
    house.service.wait(60);
    assert!(house.believes(&house.id_token).await);
    let made = keyring.revoke(&[stolen.kid()], &mut ambient.rng(), ambient.now()).unwrap();
    assert!(!house.believes(&house.id_token).await, "signed before the revocation");
    assert!(!house.believes(&with_kid(&house.id_token, &made[0].kid)).await);
    let claims = house.id_token.split('.').nth(1).unwrap();
    let claims: serde_json::Value =
        serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap();
    let forged = stolen.sign(heteronym::wire::jose::Typ::Jwt, &claims).unwrap();
    assert!(!house.believes(&forged).await, "signed by the thief afterwards");
}
