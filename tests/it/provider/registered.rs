//! What a client registered counts where its requests say nothing of it (OpenID Connect Dynamic Client Registration §2).

use heteronym::{clients::Draft, domain::authentication::Method, store::StoreError};
use serde_json::Value;

use crate::harness::{Answer, Browser, Choices, Citizen, Forum, Request, Service};

struct House {
    service: Service,
    forum: Forum,
    citizen: Citizen,
    browser: Browser,
}

/// Somebody who has agreed before.
async fn house(draft: Draft) -> House {
    let service = Service::start().await;
    let forum = service.register("forum.example", Draft { scope: "openid".to_owned(), ..draft }).await;
    let citizen = service.arnaud().await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    service.wait(1);
    browser.authorize(&forum.request("openid"), &Choices::all("Genêt")).await;
    House { service, forum, citizen, browser }
}

impl House {
    async fn has_to_sign_in(&mut self, request: &Request) -> bool {
        let reply = self.browser.get(&request.target()).await;
        reply.location().is_some_and(|address| address.starts_with("/sign-in?"))
    }

    async fn claim(&mut self, request: &Request, claim: &str) -> Option<Value> {
        let answer = Answer::of(&self.browser.get(&request.target()).await);
        let tokens = self.forum.tokens(&self.service, request, &answer).await;
        self.service.verified(&self.forum, &tokens.id_token).await.get(claim).cloned()
    }
}

#[tokio::test]
async fn a_registered_max_age_has_an_old_sign_in_repeated_and_its_time_told() {
    let mut house = house(Draft { default_max_age: Some(100), ..Draft::default() }).await;
    let request = || house.forum.request("openid");
    let (plain, lenient, strict) = (request(), request().with("max_age", "10000"), request().with("max_age", "5"));
    let began = house.service.services.ambient.now().seconds() - 1;
    assert_eq!(house.claim(&plain, "auth_time").await, Some(began.into()));
    house.service.wait(99);
    assert!(!house.has_to_sign_in(&plain).await);
    house.service.wait(1);
    assert!(house.has_to_sign_in(&plain).await);
    assert!(!house.has_to_sign_in(&lenient).await, "what the request says goes before");
    house.service.wait(1);
    assert!(house.has_to_sign_in(&strict).await);
}

#[tokio::test]
async fn a_registered_wish_for_the_time_of_the_sign_in_is_met_and_without_one_it_is_not_told() {
    for wished in [true, false] {
        let mut house = house(Draft { require_auth_time: wished, ..Draft::default() }).await;
        let request = house.forum.request("openid");
        assert_eq!(house.claim(&request, "auth_time").await.is_some(), wished);
        let request = house.forum.request("openid").with("max_age", "10000");
        assert!(house.claim(&request, "auth_time").await.is_some(), "asked for by the request");
    }
}

#[tokio::test]
async fn a_registered_level_of_authentication_is_asked_for_unless_the_request_names_another() {
    let passkey = "urn:heteronym:acr:passkey";
    let mut house = house(Draft { default_acr_values: vec![passkey.to_owned()], ..Draft::default() }).await;
    let request = house.forum.request("openid");
    assert_eq!(house.claim(&request, "acr").await, Some(passkey.into()));

    let (accounts, account) = (house.service.services.accounts.clone(), house.citizen.account.clone());
    let begin = accounts.begin(Method::Passphrase, "Firefox", None);
    let session = house.service.services.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move { accounts.begin_session(tx, &account, &begin).await })
    });
    house.browser.hold_session(session.await.unwrap().token.expose());
    house.service.wait(1);
    assert!(house.has_to_sign_in(&request).await, "a passphrase is less than what was registered");
    let passphrase = "urn:heteronym:acr:passphrase";
    let request = house.forum.request("openid").with("acr_values", passphrase);
    assert_eq!(house.claim(&request, "acr").await, Some(passphrase.into()));
}
