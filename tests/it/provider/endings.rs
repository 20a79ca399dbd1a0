//! When what a grant rests on is gone, nothing more is issued: neither from a live code, nor a live token, nor anew.

use axum::http::StatusCode;
use heteronym::{
    custodian::ceremony::in_process,
    domain::claim::Quality,
    proofing::{By, OfficeKey, Text, Typed},
    store::{StoreError, accounts, persons},
};

use crate::harness::{Answer, Browser, Choices, Citizen, Forum, Request, Service, Tokens};

const SCOPE: &str = "openid profile age offline_access";

/// Somebody with tokens of one sign-in and an unspent code of another.
struct House {
    service: Service,
    forum: Forum,
    citizen: Citizen,
    browser: Browser,
    tokens: Tokens,
    request: Request,
    answer: Answer,
}

async fn house() -> House {
    let service = Service::start().await;
    let forum = service.forum("forum.example", SCOPE).await;
    let citizen = service.arnaud().await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let request = forum.request(SCOPE);
    let answer = browser.authorize(&request, &Choices::all("Genêt")).await;
    let tokens = forum.tokens(&service, &request, &answer).await;
    let request = forum.request(SCOPE);
    let answer = browser.authorize(&request, &Choices::all("Genêt")).await;
    House { service, forum, citizen, browser, tokens, request, answer }
}

impl House {
    /// Neither the code, nor the access token, nor the refresh token is worth anything.
    async fn assert_nothing_is_issued(&self, error: &str) {
        let reply = self.forum.redeem(&self.service, &self.request, &self.answer).await;
        assert_eq!(reply.error().1, error, "the code");
        let refresh = self.tokens.refresh_token.as_deref().unwrap();
        assert_eq!(self.forum.refresh(&self.service, refresh).await.error().1, error, "the refresh token");
        let told = self.service.browser().userinfo(&self.tokens.access_token).await;
        assert_eq!(told.error(), (401, "invalid_token".to_owned()), "the access token");
    }
}

/// Gives up every pseudonym of the person.
pub(super) async fn retire(service: &Service, citizen: &Citizen) {
    let pseudonyms = service.services.pseudonyms.clone();
    let now = service.services.ambient.now();
    for own in pseudonyms.of_person(citizen.person).await.unwrap() {
        let pseudonyms = pseudonyms.clone();
        let retired = service.services.store.write::<_, heteronym::pseudonym::PseudonymError, _>(move |tx| {
            Box::pin(async move { pseudonyms.retire(tx, &own, now).await })
        });
        retired.await.unwrap();
    }
}

#[tokio::test]
async fn j4_a_withdrawn_consent_ends_a_live_code_and_every_token() {
    let mut house = house().await;
    let consents = &house.service.services.consents;
    let given = consents.of_person(house.citizen.person).await.unwrap().remove(0);
    assert!(given.agreement.agreed.contains(&Quality::AgeBracket));
    assert!(consents.withdraw(given.id, house.citizen.person).await.unwrap());
    house.assert_nothing_is_issued("invalid_grant").await;
    let page = house.browser.get(&house.forum.request(SCOPE).target()).await;
    assert!(page.text().contains("id=\"consent\""), "asked again");
}

#[tokio::test]
async fn a_consent_can_be_withdrawn_only_by_its_person() {
    let house = house().await;
    let stranger = house.service.arnaud().await;
    let consents = &house.service.services.consents;
    let given = consents.of_person(house.citizen.person).await.unwrap().remove(0);
    assert!(!consents.withdraw(given.id, stranger.person).await.unwrap());
    house.forum.tokens(&house.service, &house.request, &house.answer).await;
}

#[tokio::test]
async fn a33_a_disabled_client_is_issued_nothing() {
    let house = house().await;
    assert!(house.service.services.clients.disable(&house.forum.client.id).await.unwrap());
    house.assert_nothing_is_issued("invalid_client").await;
}

#[tokio::test]
async fn c8_a_disabled_account_is_issued_nothing_and_is_signed_out() {
    let mut house = house().await;
    let (accounts, account) = (house.service.services.accounts.clone(), house.citizen.account.id);
    let disabled = house
        .service
        .services
        .store
        .write::<_, StoreError, _>(move |tx| Box::pin(async move { accounts.disable(tx, account).await }));
    assert!(disabled.await.unwrap());
    house.assert_nothing_is_issued("invalid_grant").await;
    let reply = house.browser.get(&house.forum.request("openid").with("prompt", "none").target()).await;
    assert_eq!(Answer::of(&reply).error(), "login_required");
}

#[tokio::test]
async fn a_code_does_not_outlive_the_session_that_it_was_issued_in() {
    let service = Service::start().await;
    let forum = service.forum("forum.example", SCOPE).await;
    let citizen = service.arnaud().await;
    let (here, elsewhere) = (citizen.begin_session(&service).await, citizen.begin_session(&service).await);
    let (mut browser, mut other) = (service.browser(), service.browser());
    browser.hold_session(here.token.expose());
    other.hold_session(elsewhere.token.expose());
    let answered = async |browser: &mut Browser, scope| {
        let request = forum.request(scope);
        let answer = browser.authorize(&request, &Choices::all("Genêt")).await;
        (request, answer)
    };
    let refused = async |(request, answer): &(Request, Answer)| {
        let reply = forum.redeem(&service, request, answer).await;
        assert_eq!(reply.error(), (400, "invalid_grant".to_owned()));
    };
    let away = answered(&mut browser, SCOPE).await;
    let online = answered(&mut browser, "openid").await;
    let theirs = answered(&mut other, "openid").await;
    service.services.accounts.sign_out(&here.signed_in).await.unwrap();
    refused(&online).await;
    refused(&away).await;
    let (request, answer) = theirs;
    forum.tokens(&service, &request, &answer).await;
    let last = answered(&mut other, "openid").await;
    let again = citizen.begin_session(&service).await;
    service.services.accounts.end_other_sessions(&again.signed_in).await.unwrap();
    refused(&last).await;
}

#[tokio::test]
async fn a_retired_pseudonym_is_issued_nothing() {
    let mut house = house().await;
    retire(&house.service, &house.citizen).await;
    house.assert_nothing_is_issued("invalid_grant").await;
    let reply = house.browser.get(&house.forum.request("openid").with("prompt", "none").target()).await;
    assert_eq!(Answer::of(&reply).error(), "consent_required");
}

#[tokio::test]
async fn a_person_who_departed_is_issued_nothing() {
    let mut house = house().await;
    let person = house.citizen.person;
    let now = house.service.services.ambient.now();
    let departed = house.service.services.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let mut row = persons::find(tx, person).await?.unwrap();
            row.departed_on = Some(now.day());
            persons::update(tx, &row).await
        })
    });
    assert!(departed.await.unwrap());
    house.service.services.attributes.forget(person);
    house.assert_nothing_is_issued("invalid_grant").await;
    let reply = house.browser.get(&house.forum.request("openid").target()).await;
    assert!(reply.location().is_none_or(|address| !address.contains("code=")));
    let reply = house.browser.get(&house.forum.request("openid").with("prompt", "none").target()).await;
    assert_eq!(Answer::of(&reply).error(), "login_required");
}

/// Somebody whom an office enrolled, with what the officer types from their document.
pub(super) async fn enrolled(service: &Service) -> (By, Typed, Citizen, OfficeKey) {
    let (key, _) = in_process(3, 5, &mut service.services.ambient.rng()).unwrap();
    let proofing = &service.services.proofing;
    proofing.take_custodians_key(&key).await.unwrap();
    let by = By::operator(proofing.add_office("Mairie de Grenoble", "cog:38185").await.unwrap().id);
    let key = OfficeKey::generate().unwrap();
    proofing.accredit(by.office, key.public()).await.unwrap();
    let text = |text: &str| Text::from(text.to_owned());
    let typed = Typed {
        family_name: text("Moreau"),
        given_names: text("Camille"),
        birth_date: text("14/05/1991"),
        sex: text("f"),
        commune: text("38185"),
        document_kind: text("identity_card"),
        document_number: text("880692310285"),
        ..Typed::default()
    };
    let person = proofing.enrol(by, &typed, &proofing.attempt(), &key).await.unwrap().person;
    let account = service
        .services
        .store
        .read::<_, StoreError, _>(move |tx| Box::pin(async move { accounts::find_by_person(tx, person).await }));
    let account = account.await.unwrap().unwrap();
    (by, typed, Citizen { person, account }, key)
}

#[tokio::test]
async fn what_ended_with_a_departure_does_not_come_back_with_the_person() {
    let service = Service::start().await;
    let forum = service.forum("forum.example", SCOPE).await;
    let (by, typed, citizen, key) = enrolled(&service).await;
    let tokens = service.sign_in(&forum, &citizen, SCOPE, &Choices::all("Genêt")).await;
    let proofing = &service.services.proofing;
    proofing.depart(by, &proofing.find(by, &typed).await.unwrap()).await.unwrap();
    service.wait(1);
    proofing.renew(by, &proofing.find(by, &typed).await.unwrap(), &typed, &key).await.unwrap();
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let reply = forum.refresh(&service, tokens.refresh_token.as_deref().unwrap()).await;
    assert_eq!(reply.error(), (400, "invalid_grant".to_owned()));
    assert_eq!(browser.userinfo(&tokens.access_token).await.error(), (401, "invalid_token".to_owned()));
    let page = browser.get(&forum.request(SCOPE).target()).await;
    assert!(page.text().contains("id=\"consent\""), "asked anew, for the same pseudonym: {}", page.text());
    let given = service.services.consents.of_person(citizen.person).await.unwrap();
    assert!(given.iter().all(|consent| consent.withdrawn_on.is_some()));
}

#[tokio::test]
async fn a_renewal_opens_no_account_that_was_closed_for_another_reason() {
    let service = Service::start().await;
    let (by, typed, citizen, key) = enrolled(&service).await;
    let (accounts, account) = (service.services.accounts.clone(), citizen.account.id);
    let disabled = service
        .services
        .store
        .write::<_, StoreError, _>(move |tx| Box::pin(async move { accounts.disable(tx, account).await }));
    assert!(disabled.await.unwrap());
    let proofing = &service.services.proofing;
    let is_open = async || {
        let begun = citizen.begin_session(&service).await;
        service.services.accounts.session(begun.token.expose()).await.unwrap().is_some()
    };
    proofing.renew(by, &proofing.find(by, &typed).await.unwrap(), &typed, &key).await.unwrap();
    assert!(!is_open().await);
    service.wait(86_400);
    proofing.depart(by, &proofing.find(by, &typed).await.unwrap()).await.unwrap();
    proofing.renew(by, &proofing.find(by, &typed).await.unwrap(), &typed, &key).await.unwrap();
    assert!(!is_open().await, "nor after a departure");
}

#[tokio::test]
async fn j2_consent_sent_twice_at_once_is_recorded_once() {
    let service = Service::start().await;
    let forum = service.forum("forum.example", SCOPE).await;
    let citizen = service.arnaud().await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let page = browser.get(&forum.request(SCOPE).target()).await;
    let page = browser.choose(&page, &Choices::all("Genêt")).await;
    assert!(page.text().contains("id=\"consent\""));
    let mut other = browser.clone();
    let choices = Choices::all("Genêt");
    let (one, two) = tokio::join!(browser.agree(&page, &choices), other.agree(&page, &choices));
    assert_eq!((one.status, two.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER));
    let given = service.services.consents.of_person(citizen.person).await.unwrap();
    assert_eq!(given.iter().filter(|consent| consent.withdrawn_on.is_none()).count(), 1);
    assert_eq!(service.services.pseudonyms.of_person(citizen.person).await.unwrap().len(), 1);
}

/// A device of somebody who allows the forum to renew what it knows: `prompt=consent` at every sign-in.
async fn device(house: &House, scope: &str, choices: &Choices) -> Tokens {
    let mut browser = house.service.browser();
    browser.sign_in(&house.service, &house.citizen).await;
    let request = house.forum.request(scope).with("prompt", "consent");
    let answer = browser.authorize(&request, choices).await;
    house.forum.tokens(&house.service, &request, &answer).await
}

#[tokio::test]
async fn consenting_on_a_second_device_to_the_same_or_more_leaves_the_first_signed_in() {
    let house = house().await;
    let refreshed = async |token: String| {
        let reply = house.forum.refresh(&house.service, &token).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        reply.json()["refresh_token"].as_str().unwrap().to_owned()
    };
    let narrow = Choices::all("Genêt").but("age_bracket");
    let ended = device(&house, SCOPE, &narrow).await.refresh_token.unwrap();
    let reply = house.forum.refresh(&house.service, house.tokens.refresh_token.as_deref().unwrap()).await;
    assert_eq!(reply.error(), (400, "invalid_grant".to_owned()), "what is no longer agreed to ends");
    let first = refreshed(ended).await;
    device(&house, SCOPE, &narrow).await;
    let first = refreshed(first).await;
    let wider = device(&house, SCOPE, &Choices::all("Genêt")).await;
    let first = refreshed(first).await;
    let told = house.service.told(&wider).await;
    assert!(told.get("age_bracket").is_some());
    let reply = house.forum.refresh(&house.service, &first).await;
    let access_token = reply.json()["access_token"].as_str().unwrap().to_owned();
    let told = house.service.browser().userinfo(&access_token).await.json();
    assert!(told.get("age_bracket").is_none(), "an older sign-in learns no more than it did: {told}");
    let given = house.service.services.consents.of_person(house.citizen.person).await.unwrap();
    assert_eq!(given.len(), 2, "one was narrowed, the other grew");
}
