//! How a request comes and is answered, and how a session ends: modes, prompts, languages, objects, logouts.

use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use heteronym::{
    clients::Draft,
    domain::authentication::{Acr, Method},
    store::StoreError,
    wire::{
        jose::{Algorithm, Typ},
        oauth::ResponseMode,
    },
};
use serde_json::{Map, Value, json};

use super::{
    house::{Desk, House, Visit, everything, texts, values},
    signatures::{answer_of, key},
};
use crate::harness::{Answer, Browser, ClientKey, Forum, ISSUER, Request};

#[tokio::test]
async fn every_advertised_form_of_a_request_and_of_its_answer_works() {
    House::visit(&VISITS).await;
}

#[tokio::test]
async fn every_advertised_way_to_tell_forums_of_an_end_is_gone() {
    House::visit(&LOGOUTS).await;
}

pub(super) const VISITS: [(&str, Visit); 12] = [
    ("response_types_supported", |house, said| Box::pin(response_types(house, said))),
    ("response_modes_supported", |house, said| Box::pin(response_modes(house, said))),
    ("grant_types_supported", |house, said| Box::pin(grant_types(house, said))),
    ("acr_values_supported", |house, said| Box::pin(acr_values(house, said))),
    ("prompt_values_supported", |house, said| Box::pin(prompts(house, said))),
    ("code_challenge_methods_supported", |house, said| Box::pin(challenges(house, said))),
    ("ui_locales_supported", |house, said| Box::pin(locales(house, said))),
    ("request_parameter_supported", |house, said| Box::pin(request_parameter(house, said))),
    ("request_uri_parameter_supported", |house, said| Box::pin(request_uri(house, said))),
    ("require_request_uri_registration", |house, said| Box::pin(unregistered_request_uri(house, said))),
    ("require_pushed_authorization_requests", |house, said| Box::pin(unpushed(house, said))),
    ("authorization_response_iss_parameter_supported", |house, said| Box::pin(issuer_in_answer(house, said))),
];

pub(super) const LOGOUTS: [(&str, Visit); 4] = [
    ("backchannel_logout_supported", |house, said| Box::pin(back_channel(house, said))),
    ("backchannel_logout_session_supported", |house, said| Box::pin(back_channel(house, said))),
    ("frontchannel_logout_supported", |house, said| Box::pin(front_channel(house, said))),
    ("frontchannel_logout_session_supported", |house, said| Box::pin(front_channel(house, said))),
];

async fn forum(house: &House) -> Forum {
    house.forum(Draft { scope: "openid offline_access".to_owned(), ..Draft::default() }).await
}

/// What stands outside of a signed request, and the object with all the rest.
pub(super) fn signed_request(house: &House, forum: &Forum, key: &ClientKey) -> (Request, String) {
    let request = forum.request("openid");
    let now = house.service.services.ambient.now().seconds();
    let mut claims: Map<String, Value> =
        request.params.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let of_the_token = json!({ "iss": forum.id(), "aud": ISSUER, "nbf": now, "exp": now + 300 });
    claims.extend(of_the_token.as_object().unwrap().clone());
    let object = key.sign(Typ::RequestObject, &Value::Object(claims));
    let mut outer = request;
    outer.params.retain(|(name, _)| name == "client_id");
    (outer, object)
}

async fn response_types(house: &House, said: &Value) {
    let forum = forum(house).await;
    for kind in texts(said) {
        let request = forum.request("openid").with("response_type", kind);
        let answer = house.browser().authorize(&request, &everything()).await;
        let names: Vec<_> = answer.params.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["code", "state", "iss"], "{kind}");
    }
}

async fn response_modes(house: &House, said: &Value) {
    let forum = forum(house).await;
    for mode in values::<ResponseMode>(said) {
        let request = forum.request("openid").and("response_mode", mode.as_str());
        let reply = house.browser().walk(&request, &everything()).await;
        let name = if mode.is_signed() { "response" } else { "code" };
        let value = if mode.is_posted() {
            assert_eq!((reply.status, reply.location()), (StatusCode::OK, None), "{mode:?}");
            reply.field(name).unwrap()
        } else {
            Answer::of(&reply).get(name).unwrap().to_owned()
        };
        let answer = if mode.is_signed() {
            answer_of(&house.service.signed_for(&forum, &value).await)
        } else {
            Answer { address: String::new(), params: vec![("code".to_owned(), value)] }
        };
        forum.tokens(&house.service, &request, &answer).await;
    }
}

async fn grant_types(house: &House, said: &Value) {
    let forum = forum(house).await;
    let tokens = house.tokens(&forum, &forum.request("openid offline_access")).await;
    let refresh_token = tokens.refresh_token.unwrap();
    let request = forum.request("openid offline_access");
    let answer = house.browser().authorize(&request, &everything()).await;
    for grant in texts(said) {
        let [_, code, redirect, verifier] = request.redemption(answer.code(), forum.redirect());
        let refresh_token = ("refresh_token", refresh_token.clone());
        let fields = [("grant_type", grant.to_owned()), code, redirect, verifier, refresh_token];
        let of_grant: &[usize] = match grant {
            "authorization_code" => &[0, 1, 2, 3],
            "refresh_token" => &[0, 4],
            other => panic!("nobody visits {other}"),
        };
        let fields: Vec<_> = of_grant.iter().map(|&number| (fields[number].0, fields[number].1.as_str())).collect();
        let reply = forum.ask_token(&house.service, &fields).await;
        assert!(reply.status == StatusCode::OK && reply.json()["access_token"].is_string(), "{grant}");
    }
}

/// A browser in which the citizen is signed in as strongly as this and no more.
async fn signed_in_by(house: &House, acr: Acr) -> Browser {
    let method = [Method::DeviceKey, Method::Passphrase].into_iter().find(|method| method.acr() == acr).unwrap();
    let accounts = house.service.services.accounts.clone();
    let (begin, account) = (accounts.begin(method, "Firefox", None), house.citizen.account.clone());
    let session = house.service.services.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move { accounts.begin_session(tx, &account, &begin).await })
    });
    let mut browser = house.service.browser();
    browser.hold_session(session.await.unwrap().token.expose());
    house.service.wait(1);
    browser
}

async fn acr_values(house: &House, said: &Value) {
    let forum = forum(house).await;
    for acr in values::<Acr>(said) {
        let request = forum.request("openid").and("acr_values", acr.as_str());
        let answer = signed_in_by(house, acr).await.authorize(&request, &everything()).await;
        let tokens = forum.tokens(&house.service, &request, &answer).await;
        assert_eq!(house.service.verified(&forum, &tokens.id_token).await["acr"], acr.as_str());
        let mut weaker = signed_in_by(house, Acr::Passphrase).await;
        let asked = weaker.get(&request.target()).await;
        let steps_up = asked.location().is_some_and(|location| location.starts_with("/sign-in"));
        assert_eq!(steps_up, acr > Acr::Passphrase, "{acr:?}");
    }
}

async fn prompts(house: &House, said: &Value) {
    let forum = forum(house).await;
    house.tokens(&forum, &forum.request("openid")).await;
    let unasked = house.browser().get(&forum.request("openid").target()).await;
    assert!(Answer::of(&unasked).get("code").is_some(), "without a prompt nothing is asked");
    for prompt in texts(said) {
        let request = forum.request("openid").and("prompt", prompt);
        let reply = house.browser().get(&request.target()).await;
        let to_sign_in = reply.location().is_some_and(|location| location.starts_with("/sign-in"));
        match prompt {
            "none" => {
                assert!(Answer::of(&reply).get("code").is_some());
                let stranger = house.service.browser().get(&request.target()).await;
                assert_eq!(Answer::of(&stranger).error(), "login_required");
            }
            "consent" => assert!(reply.text().contains("id=\"consent\"")),
            "login" | "select_account" => assert!(to_sign_in, "{prompt}"),
            other => panic!("nobody visits {other}"),
        }
    }
}

async fn challenges(house: &House, said: &Value) {
    let forum = forum(house).await;
    for method in texts(said) {
        let request = forum.request("openid").with("code_challenge_method", method);
        let answer = house.browser().authorize(&request, &everything()).await;
        let other = Request { verifier: forum.request("openid").verifier, ..request.clone() };
        let refused = forum.redeem(&house.service, &other, &answer).await;
        assert_eq!(refused.error(), (400, "invalid_grant".to_owned()), "the verifier of another request");
        let answer = house.browser().authorize(&request, &everything()).await;
        forum.tokens(&house.service, &request, &answer).await;
    }
}

async fn locales(house: &House, said: &Value) {
    for locale in texts(said) {
        let forum = forum(house).await;
        let page = house.browser().get(&forum.request("openid").and("ui_locales", locale).target()).await;
        assert!(page.text().contains(&format!("<html lang=\"{locale}\"")), "{locale}: {}", page.text());
    }
}

/// A forum that may sign its requests, and serves them at this address.
async fn signing(house: &House, request_uris: Vec<String>) -> Forum {
    let jwks = Some(key(Algorithm::EdDSA).jwks());
    let draft = Draft { scope: "openid".to_owned(), jwks, request_uris, local: true, ..Draft::default() };
    house.forum(draft).await
}

async fn request_parameter(house: &House, said: &Value) {
    assert_eq!(said, true);
    let forum = signing(house, Vec::new()).await;
    let (outer, object) = signed_request(house, &forum, &key(Algorithm::EdDSA));
    let answer = house.browser().authorize(&outer.clone().and("request", &object), &everything()).await;
    assert_eq!(answer.get("state"), Some(outer.state.as_str()), "which stands in the object alone");
    forum.tokens(&house.service, &outer, &answer).await;
}

async fn request_uri(house: &House, said: &Value) {
    assert_eq!(said, true);
    let document = Arc::<Mutex<String>>::default();
    let desk = Desk::start(Arc::clone(&document)).await;
    let forum = signing(house, vec![desk.address.clone()]).await;
    let (outer, object) = signed_request(house, &forum, &key(Algorithm::EdDSA));
    *document.lock().unwrap() = object;
    let answer = house.browser().authorize(&outer.clone().and("request_uri", &desk.address), &everything()).await;
    assert_eq!(answer.get("state"), Some(outer.state.as_str()), "which stands in the object alone");
    forum.tokens(&house.service, &outer, &answer).await;
    assert!(!desk.asked.lock().unwrap().is_empty());
}

async fn unregistered_request_uri(house: &House, said: &Value) {
    assert_eq!(said, true);
    let desk = Desk::start(Arc::default()).await;
    let forum = signing(house, vec![format!("{}/registered", desk.address)]).await;
    let request = forum.request("openid").and("request_uri", &desk.address);
    let reply = house.browser().get(&request.target()).await;
    assert_eq!(Answer::of(&reply).error(), "request_uri_not_supported");
    assert!(desk.asked.lock().unwrap().is_empty(), "nobody went there");
}

async fn unpushed(house: &House, said: &Value) {
    assert_eq!(said, false);
    let forum = forum(house).await;
    let answer = house.browser().authorize(&forum.request("openid"), &everything()).await;
    assert!(answer.get("code").is_some());
}

async fn issuer_in_answer(house: &House, said: &Value) {
    assert_eq!(said, true);
    let forum = forum(house).await;
    let answer = house.browser().authorize(&forum.request("openid"), &everything()).await;
    assert_eq!(answer.get("iss"), Some(ISSUER), "RFC 9207 §2");
    let refused = house.service.browser().get(&forum.request("openid").and("prompt", "none").target()).await;
    assert_eq!(Answer::of(&refused).get("iss"), Some(ISSUER), "an error too");
}

/// Signs in to a forum in a browser of its own and out again: the `sid` that the forum knew, and the last page.
async fn in_and_out(house: &House, forum: &Forum) -> (String, String) {
    let mut browser = house.other_browser().await;
    let request = forum.request("openid");
    let answer = browser.authorize(&request, &everything()).await;
    let tokens = forum.tokens(&house.service, &request, &answer).await;
    let page = browser.get("/account/access").await;
    let last = browser.post_form(&page, "/sign-out", &[]).await;
    let sid = house.service.verified(forum, &tokens.id_token).await["sid"].as_str().unwrap().to_owned();
    (sid, last.text())
}

async fn back_channel(house: &House, said: &Value) {
    assert_eq!(said, true);
    let desk = Desk::start(Arc::default()).await;
    let backchannel_logout_uri = Some(desk.address.clone());
    let draft = Draft { scope: "openid".to_owned(), backchannel_logout_uri, local: true, ..Draft::default() };
    let forum = house.forum(draft).await;
    let (session, _) = in_and_out(house, &forum).await;
    let asked = desk.asked.lock().unwrap().clone();
    let [sent] = asked.as_slice() else { panic!("{asked:?}") };
    let token = sent.strip_prefix("logout_token=").unwrap();
    assert_eq!(house.verified(&forum, Typ::LogoutToken, token).await["sid"], session);
}

async fn front_channel(house: &House, said: &Value) {
    assert_eq!(said, true);
    let page = |host: &str| format!("https://{host}/gone");
    let draft = |host: &str| Draft {
        scope: "openid".to_owned(),
        redirect_uris: vec![format!("https://{host}/callback")],
        frontchannel_logout_uri: Some(page(host)),
        frontchannel_logout_session_required: true,
        ..Draft::default()
    };
    let forum = house.forum_at(draft).await;
    let page = page(forum.client.sector.as_str());
    let (session, last) = in_and_out(house, &forum).await;
    let frame = format!("src=\"{page}?iss=https%3A%2F%2Fid.example&#38;sid={session}\"");
    assert!(last.contains(&frame), "{frame} is not in {last}");
}
