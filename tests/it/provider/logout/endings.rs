//! Whatever ends a session, a consent or a pseudonym is told to the forums that it concerns; whatever ends nothing is not.

use heteronym::{
    accounts::{Account, Grounds, Purpose},
    clients::Draft,
    domain::{authentication::Method, ids::ConsentId},
    store::StoreError,
};
use serde_json::{Map, Value};

use super::{House, Told, eddsa};
use crate::harness::Choices;

const PHRASE: &str = "il pleut sur les volcans";

/// A forum that hears of the `sub` alone.
async fn house() -> (House, Told, Map<String, Value>) {
    house_with(eddsa()).await
}

async fn house_with(draft: Draft) -> (House, Told, Map<String, Value>) {
    let mut house = House::open().await;
    let told = house.forum("forum.example", draft).await;
    let id_token = house.id_token(&told).await;
    (house, told, id_token)
}

impl House {
    /// What the forum hears in the next round: `sub` and `sid` of its one token.
    async fn heard(&self, told: &Told) -> (Value, Value) {
        self.round().await;
        let claims = self.only_token(told).await;
        let claim = |name| claims.get(name).cloned().unwrap_or_default();
        (claim("sub"), claim("sid"))
    }

    /// Signs in to this account at the browser that holds the session.
    async fn begin_instead(&self, account: &Account) {
        let (accounts, account) = (self.service.services.accounts.clone(), account.clone());
        let begin = accounts.begin(Method::DeviceKey, "Firefox", Some(&self.session.signed_in));
        let session = self.service.services.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move { accounts.begin_session(tx, &account, &begin).await })
        });
        session.await.unwrap();
    }

    async fn consent(&self) -> ConsentId {
        self.service.services.consents.of_person(self.citizen.person).await.unwrap()[0].id
    }
}

#[tokio::test]
async fn a_session_ended_from_another_browser_is_told() {
    let (house, told, id_token) = house().await;
    let elsewhere = house.citizen.begin_session(&house.service).await;
    let accounts = &house.service.services.accounts;
    let named = house.session.signed_in.session.encode();
    assert!(accounts.end_session(&elsewhere.signed_in, &named).await.unwrap());
    assert_eq!(house.heard(&told).await, (id_token["sub"].clone(), id_token["sid"].clone()));
}

#[tokio::test]
async fn signing_out_everywhere_else_is_told() {
    let (house, told, id_token) = house().await;
    let elsewhere = house.citizen.begin_session(&house.service).await;
    house.service.services.accounts.end_other_sessions(&elsewhere.signed_in).await.unwrap();
    assert_eq!(house.heard(&told).await, (id_token["sub"].clone(), id_token["sid"].clone()));
}

#[tokio::test]
async fn a_recovery_that_begins_at_the_counter_is_told() {
    let (house, told, id_token) = house().await;
    let (accounts, account) = (house.service.services.accounts.clone(), house.citizen.account.id);
    let code = accounts.new_code();
    let issue = house.service.services.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move { accounts.issue_invite(tx, &code, account, Purpose::Recover).await })
    });
    issue.await.unwrap();
    assert_eq!(house.heard(&told).await, (id_token["sub"].clone(), id_token["sid"].clone()));
}

#[tokio::test]
async fn a_new_way_into_the_account_ends_what_the_old_ones_opened_and_is_told() {
    let (house, told, id_token) = house().await;
    let code = house.service.invite(&house.citizen, Purpose::Activate).await;
    let accounts = &house.service.services.accounts;
    let grounds = Grounds::Code(accounts.open_code(&code.grouped()).await.unwrap());
    accounts.set_passphrase(grounds, PHRASE, "", None).await.unwrap();
    assert_eq!(house.heard(&told).await, (id_token["sub"].clone(), id_token["sid"].clone()));
}

#[tokio::test]
async fn a_closed_account_is_told() {
    let (house, told, id_token) = house().await;
    let (accounts, account) = (house.service.services.accounts.clone(), house.citizen.account.id);
    let disable = house
        .service
        .services
        .store
        .write::<_, StoreError, _>(move |tx| Box::pin(async move { accounts.disable(tx, account).await }));
    assert!(disable.await.unwrap());
    assert_eq!(house.heard(&told).await, (id_token["sub"].clone(), id_token["sid"].clone()));
}

#[tokio::test]
async fn r91_a_withdrawn_consent_is_told_by_the_sub_alone() {
    let (house, told, id_token) = house().await;
    let consents = &house.service.services.consents;
    assert!(consents.withdraw(house.consent().await, house.citizen.person).await.unwrap());
    assert_eq!(house.heard(&told).await, (id_token["sub"].clone(), Value::Null));
}

#[tokio::test]
async fn r91_a_pseudonym_given_up_is_told_by_the_sub_alone_even_after_the_session() {
    let (house, told, id_token) = house().await;
    house.session_ends().await;
    house.round().await;
    super::super::endings::retire(&house.service, &house.citizen).await;
    house.round().await;
    let tokens = told.receiver.tokens();
    assert_eq!(tokens.len(), 2);
    let claims = house.verified(&told.forum.client.id, &tokens[1]).await;
    assert_eq!((&claims["sub"], claims.get("sid")), (&id_token["sub"], None));
}

#[tokio::test]
async fn r91_a_forum_that_knows_sessions_only_is_told_of_each_that_still_stands() {
    let (mut house, told, id_token) = house_with(Draft { backchannel_logout_session_required: true, ..eddsa() }).await;
    let over = house.citizen.begin_session(&house.service).await;
    house.browser.hold_session(over.token.expose());
    house.sign_in(&told.forum).await;
    house.service.services.accounts.sign_out(&over.signed_in).await.unwrap();
    house.round().await;
    assert_eq!(told.receiver.count(), 1, "of the one that is over");
    let consents = &house.service.services.consents;
    assert!(consents.withdraw(house.consent().await, house.citizen.person).await.unwrap());
    house.round().await;
    let tokens = told.receiver.tokens();
    assert_eq!(tokens.len(), 2);
    let claims = house.verified(&told.forum.client.id, &tokens[1]).await;
    assert_eq!((&claims["sub"], &claims["sid"]), (&id_token["sub"], &id_token["sid"]));
}

#[tokio::test]
async fn r91_whoever_agreed_anew_before_the_forum_heard_of_it_is_not_signed_out_there() {
    let (mut house, told, _) = house().await;
    told.receiver.now_says(super::Say::Status(503));
    let consents = house.service.services.consents.clone();
    assert!(consents.withdraw(house.consent().await, house.citizen.person).await.unwrap());
    house.round().await;
    let request = told.forum.request("openid");
    let answer = house.browser.authorize(&request, &Choices::all("Genêt des landes")).await;
    told.forum.tokens(&house.service, &request, &answer).await;
    house.service.wait(10);
    house.round().await;
    assert_eq!((told.receiver.count(), house.waiting().await.len()), (1, 0));
}

#[tokio::test]
async fn a_consent_that_is_not_ones_own_tells_nobody() {
    let (house, _told, _) = house().await;
    let stranger = house.service.arnaud().await;
    let consents = &house.service.services.consents;
    assert!(!consents.withdraw(house.consent().await, stranger.person).await.unwrap());
    assert!(house.waiting().await.is_empty());
}

#[tokio::test]
async fn a_new_sign_in_to_the_same_account_ends_nothing_and_one_to_another_does() {
    let (house, _told, _) = house().await;
    house.begin_instead(&house.citizen.account).await;
    assert!(house.waiting().await.is_empty(), "signed in still, under another cookie");
    let (house, told, id_token) = self::house().await;
    house.begin_instead(&house.service.arnaud().await.account).await;
    assert_eq!(house.heard(&told).await, (id_token["sub"].clone(), id_token["sid"].clone()));
}

#[tokio::test]
async fn a_session_that_ends_by_its_age_is_not_told() {
    let (house, told, _) = house().await;
    house.service.wait(25 * 3_600);
    assert!(house.service.services.accounts.session(house.session.token.expose()).await.unwrap().is_none());
    assert_eq!((house.round().await, told.receiver.count()), (0, 0), "the forum's own session has an end of its own");
}

#[tokio::test]
async fn c15_without_offline_access_nothing_is_there_to_refresh_and_with_it_signing_out_ends_nothing() {
    let (mut house, told, _) = house().await;
    assert!(told.tokens.refresh_token.is_none());
    let away = house.forum("away.example", Draft { scope: "openid offline_access".to_owned(), ..eddsa() }).await;
    house.sign_out().await;
    assert_eq!(away.receiver.count(), 1, "told all the same: nobody sits there any more");
    let refused = told.forum.refresh(&house.service, &told.tokens.access_token).await;
    assert_eq!(refused.status, 400);
    let refused = away.forum.refresh(&house.service, &told.tokens.access_token).await;
    assert_eq!(refused.error(), (400, "invalid_grant".to_owned()));
    let refreshed = away.forum.refresh(&house.service, away.tokens.refresh_token.as_deref().unwrap()).await;
    assert_eq!(refreshed.status, 200, "it was granted for when the citizen is away");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn n8_who_signs_out_while_a_code_is_redeemed_leaves_no_token_that_is_worth_anything() {
    for _ in 0..5 {
        let (mut house, told, _) = house().await;
        let request = told.forum.request("openid");
        let answer = house.browser.authorize(&request, &Choices::all("Genêt des landes")).await;
        let (redeemed, ()) = tokio::join!(told.forum.redeem(&house.service, &request, &answer), house.session_ends());
        if redeemed.status == 200 {
            let token = redeemed.json()["access_token"].as_str().unwrap().to_owned();
            assert_eq!(house.service.browser().userinfo(&token).await.status, 401);
        } else {
            assert_eq!(redeemed.error(), (400, "invalid_grant".to_owned()));
        }
        assert_eq!(house.service.browser().userinfo(&told.tokens.access_token).await.status, 401);
    }
}
